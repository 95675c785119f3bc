"""The finite-width Gram in Numba, and the activation patterns it is made from."""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_forward import forward, room_for
from pyntk.backends.numba_prepared import network
from pyntk.backends.numba_product import BLOCK, blocks, panels, product, scaled, times_power_of_two
from pyntk.backends.numba_samples import pack_samples, samples_at_once
from pyntk.backends.tiles import over_tiles

PATTERNS = 8 << 20  # bytes of patterns on their way to P
WORDS = 1 << 18  # per task


def activation_patterns(*, X: Any, W: Any, right: bool, threads: int, P: Any) -> None:
    """See :mod:`pyntk.contract`."""
    net = network(X, W, W[:, :0], ((0.0,), (0.0, 1.0), 0.0, right), 1.0, threads)
    words = max(1, PATTERNS // (8 * BLOCK * max(1, P.shape[1]))) * BLOCK
    rows = min(samples_at_once(X.shape[1], X.itemsize), words)
    for begin in range(0, len(X), rows):
        samples = pack_samples(X, begin, min(len(X), begin + rows), threads, plain=False)
        kept = room_for(net, samples.end - begin, gates=True, products=False)
        forward(net, samples, kept)
        P[begin : samples.end] = kept.gates.reshape(P.shape[1], -1).T[: samples.end - begin]


def pattern_flips(*, P: Any, Q: Any, threads: int, flips: Any) -> None:
    """See :mod:`pyntk.contract`."""
    rows = max(1, WORDS // max(1, P.shape[1]))

    def count(part: int) -> None:
        these = slice(part * rows, (part + 1) * rows)
        _different_bits(P[these], Q[these], flips[these])

    over_tiles(count, -(-len(P) // rows), threads, reported=False)


def finite_width_gram(*, X: Any, P: Any, m: int, threads: int, H: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, exponents = scaled(X)
    Q = panels(R, X.shape[1])
    over_tiles(
        lambda I: _finite_width_rows(R, exponents, Q, P, m, I, H), blocks(X.shape[0]), threads
    )


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _bits(v: Any) -> Any:
    """The number of bits of a word: sums of two bits, of four, of eight, of all."""
    v = v - ((v >> np.uint64(1)) & np.uint64(0x5555555555555555))
    v = (v & np.uint64(0x3333333333333333)) + ((v >> np.uint64(2)) & np.uint64(0x3333333333333333))
    v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((v * np.uint64(0x0101010101010101)) >> np.uint64(56))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _different_bits(P: Any, Q: Any, flips: Any) -> None:
    for i in range(P.shape[0]):
        total = np.int64(0)
        for word in range(P.shape[1]):
            total += _bits(P[i, word] ^ Q[i, word])
        flips[i] = total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _common_bits(p: Any, q: Any) -> Any:
    total = np.int64(0)
    for word in range(p.size):
        total += _bits(p[word] & q[word])
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
