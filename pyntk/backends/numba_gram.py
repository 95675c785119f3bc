"""The Gram kernels in Numba: infinite width, finite width, and the patterns it is made from."""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_entry import CHORD_BORDER, chords, unit_kernels
from pyntk.backends.numba_product import (
    BLOCK,
    blocks,
    panels,
    product,
    scaled,
    times_power_of_two,
)
from pyntk.backends.tiles import over_tiles


def ntk_gram(*, X: Any, trained: int, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, P, mantissa, exponent = _normalised(X, threads)

    def tile(number: int) -> None:
        # The tiles of the lower triangle, counted row by row.
        I = (math.isqrt(8 * number + 1) - 1) // 2
        J = number - I * (I + 1) // 2
        _gram_tile(U, P[J], mantissa, exponent, mantissa, exponent, I, J, True, trained, K)

    over_tiles(tile, blocks(X.shape[0]) * (blocks(X.shape[0]) + 1) // 2, threads)


def ntk_gram_cross(*, X: Any, Z: Any, trained: int, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, _, x_mantissa, x_exponent = _normalised(X, threads)
    _, P, z_mantissa, z_exponent = _normalised(Z, threads)
    across = blocks(Z.shape[0])

    def tile(number: int) -> None:
        I, J = divmod(number, across)
        _gram_tile(U, P[J], x_mantissa, x_exponent, z_mantissa, z_exponent, I, J, False, trained, K)

    over_tiles(tile, blocks(X.shape[0]) * across, threads)


def activation_patterns(*, X: Any, W: Any, threads: int, P: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, Q = scaled(X)[0], panels(scaled(W)[0], X.shape[1])
    over_tiles(lambda I: _pattern_rows(R, Q, X.shape[1], I, P), blocks(X.shape[0]), threads)


def finite_width_gram(*, X: Any, P: Any, m: int, threads: int, H: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, exponents = scaled(X)
    Q = panels(R, X.shape[1])
    over_tiles(
        lambda I: _finite_width_rows(R, exponents, Q, X.shape[1], P, m, I, H),
        blocks(X.shape[0]),
        threads,
    )


def _normalised(X: Any, threads: int) -> tuple[Any, Any, Any, Any]:
    """Return the unit rows, padded and as panels, and the norms as mantissa 2^exponent."""
    held = blocks(X.shape[0])
    U = np.zeros((held * BLOCK, X.shape[1]), X.dtype)
    P = np.zeros((held, X.shape[1], BLOCK), X.dtype)
    mantissa = np.zeros(X.shape[0])
    exponent = np.zeros(X.shape[0], np.int64)
    over_tiles(lambda I: _normalise(X, I, U, P[I], mantissa, exponent), held, threads)
    return U, P, mantissa, exponent


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _sum_of_squares(x: Any, scale: int) -> float:
    """sum_k (x_k 2^-scale)^2: chains of 64 terms, eight side by side, then Kahan's sum."""
    total, rest = 0.0, 0.0
    chains = np.empty(8)
    for begin in range(0, x.size, 512):
        chains[:] = 0
        for k in range(begin, min(begin + 512, x.size)):
            v = times_power_of_two(np.float64(x[k]), -scale)
            chains[k % 8] += v * v
        rest += chains.sum()
        before = total
        total += rest
        rest -= total - before
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normalise(X: Any, I: int, U: Any, panel: Any, mantissa: Any, exponent: Any) -> None:
    """Block I of the rows."""
    d = X.shape[1]
    for row in range(min(BLOCK, X.shape[0] - I * BLOCK)):
        i = I * BLOCK + row
        largest = np.float64(0)
        for k in range(d):
            largest = max(largest, abs(np.float64(X[i, k])))
        if largest == 0:
            continue
        scale = math.frexp(largest)[1]
        length = math.sqrt(_sum_of_squares(X[i], scale))
        for k in range(d):
            U[i, k] = times_power_of_two(np.float64(X[i, k]), -scale) / length
            panel[k, row] = U[i, k]
        mantissa[i], shift = math.frexp(length)
        exponent[i] = shift + scale


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _gram_tile(
    U: Any, panel: Any, x_mantissa: Any, x_exponent: Any, z_mantissa: Any, z_exponent: Any,
    I: int, J: int, symmetric: bool, trained: int, K: Any,
) -> None:  # fmt: skip
    h = np.empty((BLOCK, BLOCK), U.dtype)
    c = np.empty((BLOCK, BLOCK), U.dtype)
    near, far = np.zeros(BLOCK, U.dtype), np.zeros(BLOCK, U.dtype)
    values, scratch = np.empty(BLOCK), np.empty((3, BLOCK))
    entries = np.empty((BLOCK, BLOCK), U.dtype)
    product(U[I * BLOCK : (I + 1) * BLOCK], panel, U.shape[1], h, c)
    diagonal = symmetric and I == J
    height = min(BLOCK, K.shape[0] - I * BLOCK)
    width = min(BLOCK, K.shape[1] - J * BLOCK)
    for row in range(height):
        i = I * BLOCK + row
        acute = obtuse = 0
        for column in range(BLOCK):
            acute += h[row, column] > CHORD_BORDER
            obtuse += h[row, column] < -CHORD_BORDER
        if acute:
            chords(U[i], panel, 1, near)
        if obtuse:
            chords(U[i], panel, -1, far)
        unit_kernels(h[row], near, far, trained, values, scratch)
        if diagonal:
            values[row] = 1.0 if trained == 2 else 0.5
        for column in range(width):
            j = J * BLOCK + column
            entries[row, column] = times_power_of_two(
                x_mantissa[i] * z_mantissa[j] * values[column], x_exponent[i] + z_exponent[j]
            )
    for row in range(height):
        for column in range(row + 1 if diagonal else width):
            K[I * BLOCK + row, J * BLOCK + column] = entries[row, column]
    if symmetric:
        for column in range(width):
            for row in range(column + 1 if diagonal else 0, height):
                K[J * BLOCK + column, I * BLOCK + row] = entries[row, column]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _pattern_rows(R: Any, Q: Any, d: int, I: int, P: Any) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    for word in range(P.shape[1]):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[word], d, h, c)
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
def _finite_width_rows(
    R: Any, exponents: Any, Q: Any, d: int, P: Any, m: int, I: int, H: Any
) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    for J in range(I + 1):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[J], d, h, c)
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
