"""The finite-width Gram in Numba, and the activation patterns it is made from."""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, blocks, panels, product, scaled, times_power_of_two
from pyntk.backends.tiles import over_tiles


def activation_patterns(*, X: Any, W: Any, threads: int, P: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, Q = scaled(X)[0], panels(scaled(W)[0], X.shape[1])
    over_tiles(lambda I: _pattern_rows(R, Q, I, P), blocks(X.shape[0]), threads)


def finite_width_gram(*, X: Any, P: Any, m: int, threads: int, H: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, exponents = scaled(X)
    Q = panels(R, X.shape[1])
    over_tiles(
        lambda I: _finite_width_rows(R, exponents, Q, P, m, I, H), blocks(X.shape[0]), threads
    )


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _pattern_rows(R: Any, Q: Any, I: int, P: Any) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    for word in range(P.shape[1]):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[word], Q.shape[1], h, c)
        for row in range(min(BLOCK, P.shape[0] - I * BLOCK)):
            bits = np.uint64(0)
            for r in range(BLOCK):
                if h[row, r] > 0:
                    bits |= np.uint64(1) << np.uint64(r)
            P[I * BLOCK + row, word] = bits


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _common_bits(p: Any, q: Any) -> Any:
    total = np.int64(0)
    for word in range(p.size):
        v = p[word] & q[word]
        v = v - ((v >> np.uint64(1)) & np.uint64(0x5555555555555555))
        v = (v & np.uint64(0x3333333333333333)) + (
            (v >> np.uint64(2)) & np.uint64(0x3333333333333333)
        )
        v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        total += np.int64((v * np.uint64(0x0101010101010101)) >> np.uint64(56))
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _finite_width_rows(R: Any, exponents: Any, Q: Any, P: Any, m: int, I: int, H: Any) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    for J in range(I + 1):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[J], Q.shape[1], h, c)
        for row in range(min(BLOCK, H.shape[0] - I * BLOCK)):
            i = I * BLOCK + row
            for column in range(row + 1 if I == J else BLOCK):
                j = J * BLOCK + column
                share = _common_bits(P[i], P[j]) / m
                entry = times_power_of_two(
                    np.float64(h[row, column]) * share, exponents[i] + exponents[j]
                )
                H[i, j] = entry
                H[j, i] = entry
