"""The Gram kernels in Numba: infinite width, finite width, and the patterns it is made from."""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import (
    BLOCK,
    blocks,
    panels,
    product,
    scaled,
    times_power_of_two,
)
from pyntk.backends.tiles import over_tiles

# The formulas and their sources are in csrc/math; here the same, one expression each.
CHORD_BORDER = 0.96875
SERIES = (16 / math.factorial(17), 14 / math.factorial(15), 12 / math.factorial(13),
          10 / math.factorial(11), 8 / math.factorial(9), 6 / math.factorial(7),
          4 / math.factorial(5), 2 / math.factorial(3))  # fmt: skip


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
def _unit_kernel(cosine: float, sine: float, supplement: float, trained: int) -> float:
    H = cosine * supplement / (2 * math.pi)
    if trained == 0:
        return H + 0  # no negative zero from opposite rows
    if supplement >= 0.7:
        bracket = sine + supplement * cosine
    else:
        p = supplement * supplement
        tail = 0.0
        for coefficient in SERIES:
            tail = coefficient - p * tail
        bracket = supplement * p * tail
    S = bracket / (2 * math.pi)
    return S if trained == 1 else H + S


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _entry(cosine: float, near: float, far: float, trained: int) -> float:
    """The kernel of two unit rows from their cosine, or near a pole from their squared chord."""
    if cosine > CHORD_BORDER:
        s = math.sqrt(near)
        sine = s * math.sqrt(1 - near / 4)
        return _unit_kernel(1 - near / 2, sine, math.pi - 2 * math.asin(s / 2), trained)
    if cosine < -CHORD_BORDER:
        s = math.sqrt(far)
        sine = s * math.sqrt(1 - far / 4)
        return _unit_kernel(far / 2 - 1, sine, 2 * math.asin(s / 2), trained)
    return _unit_kernel(cosine, math.sqrt((1 - cosine) * (1 + cosine)), math.acos(-cosine), trained)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _chords(row: Any, panel: Any, sign: int, total: Any) -> None:
    """total_j = |row - sign z_j|^2 over a block of unit rows, by differences."""
    part = np.empty_like(total)
    total[:] = 0
    for start in range(0, row.size, 64):
        part[:] = 0
        for k in range(start, min(row.size, start + 64)):
            for j in range(BLOCK):
                t = row[k] - panel[k, j] if sign > 0 else row[k] + panel[k, j]
                part[j] += t * t
        for j in range(BLOCK):
            total[j] += part[j]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _gram_tile(
    U: Any, panel: Any, x_mantissa: Any, x_exponent: Any, z_mantissa: Any, z_exponent: Any,
    I: int, J: int, symmetric: bool, trained: int, K: Any,
) -> None:  # fmt: skip
    h = np.empty((BLOCK, BLOCK), U.dtype)
    c = np.empty((BLOCK, BLOCK), U.dtype)
    near, far = np.empty(BLOCK, U.dtype), np.empty(BLOCK, U.dtype)
    product(U[I * BLOCK : (I + 1) * BLOCK], panel, U.shape[1], h, c)
    for row in range(min(BLOCK, K.shape[0] - I * BLOCK)):
        i = I * BLOCK + row
        width = min(BLOCK, K.shape[1] - J * BLOCK)
        if symmetric and I == J:
            width = row
            value = 1.0 if trained == 2 else 0.5
            K[i, i] = _scaled(value, x_mantissa[i], x_exponent[i], x_mantissa[i], x_exponent[i])
        if width == 0:
            continue
        if h[row, :width].max() > CHORD_BORDER:
            _chords(U[i], panel, 1, near)
        if h[row, :width].min() < -CHORD_BORDER:
            _chords(U[i], panel, -1, far)
        for column in range(width):
            j = J * BLOCK + column
            value = _entry(
                np.float64(h[row, column]),
                np.float64(near[column]),
                np.float64(far[column]),
                trained,
            )
            entry = _scaled(value, x_mantissa[i], x_exponent[i], z_mantissa[j], z_exponent[j])
            K[i, j] = entry
            if symmetric:
                K[j, i] = entry


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _scaled(
    value: Any, x_mantissa: float, x_exponent: int, z_mantissa: float, z_exponent: int
) -> Any:
    return times_power_of_two(x_mantissa * z_mantissa * value, x_exponent + z_exponent)


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
