"""The Gram kernels in Numba: infinite width, finite width, and the patterns it is made from."""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, blocks, padded, panels, product
from pyntk.backends.tiles import over_tiles

# The formulas and their sources are in csrc/math; here the same, one expression each.
CHORD_BORDER = 0.96875
SERIES = (16 / math.factorial(17), 14 / math.factorial(15), 12 / math.factorial(13),
          10 / math.factorial(11), 8 / math.factorial(9), 6 / math.factorial(7),
          4 / math.factorial(5), 2 / math.factorial(3))  # fmt: skip


def ntk_gram(*, X: Any, trained: int, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, mantissa, exponent = _normalised(X)
    P = panels(U, X.shape[1])

    def tile(number: int) -> None:
        # The tiles of the lower triangle, counted row by row.
        I = (math.isqrt(8 * number + 1) - 1) // 2
        J = number - I * (I + 1) // 2
        _gram_tile(U, P[J], mantissa, exponent, mantissa, exponent, I, J, True, trained, K)

    over_tiles(tile, blocks(X.shape[0]) * (blocks(X.shape[0]) + 1) // 2, threads)


def ntk_gram_cross(*, X: Any, Z: Any, trained: int, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, x_mantissa, x_exponent = _normalised(X)
    V, z_mantissa, z_exponent = _normalised(Z)
    P = panels(V, X.shape[1])
    across = blocks(Z.shape[0])

    def tile(number: int) -> None:
        I, J = divmod(number, across)
        _gram_tile(U, P[J], x_mantissa, x_exponent, z_mantissa, z_exponent, I, J, False, trained, K)

    over_tiles(tile, blocks(X.shape[0]) * across, threads)


def activation_patterns(*, X: Any, W: Any, threads: int, P: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, Q = padded(X), panels(padded(W), X.shape[1])
    over_tiles(lambda I: _pattern_rows(R, Q, X.shape[1], I, P), blocks(X.shape[0]), threads)


def finite_width_gram(*, X: Any, P: Any, m: int, threads: int, H: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R = padded(X)
    Q = panels(R, X.shape[1])
    over_tiles(
        lambda I: _finite_width_rows(R, Q, X.shape[1], P, m, I, H), blocks(X.shape[0]), threads
    )


def _normalised(X: Any) -> tuple[Any, Any, Any]:
    """Return the padded unit rows, and the norms as mantissa 2^exponent."""
    U = np.zeros((blocks(X.shape[0]) * BLOCK, X.shape[1]), X.dtype)
    mantissa = np.zeros(X.shape[0])
    exponent = np.zeros(X.shape[0], np.int64)
    _normalise(X, U, mantissa, exponent)
    return U, mantissa, exponent


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _sum_of_squares(x: Any, scale: int) -> float:
    """sum_k (x_k 2^-scale)^2: chains of 64 terms, eight side by side, then Kahan's sum."""
    total, rest = 0.0, 0.0
    chains = np.empty(8)
    for begin in range(0, x.size, 512):
        chains[:] = 0
        for k in range(begin, min(begin + 512, x.size)):
            v = math.ldexp(np.float64(x[k]), -scale)
            chains[k % 8] += v * v
        rest += chains.sum()
        before = total
        total += rest
        rest -= total - before
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normalise(X: Any, U: Any, mantissa: Any, exponent: Any) -> None:
    for i in range(X.shape[0]):
        largest = np.float64(0)
        for k in range(X.shape[1]):
            largest = max(largest, abs(np.float64(X[i, k])))
        if largest == 0:
            continue
        scale = math.frexp(largest)[1]
        length = math.sqrt(_sum_of_squares(X[i], scale))
        for k in range(X.shape[1]):
            U[i, k] = math.ldexp(np.float64(X[i, k]), -scale) / length
        mantissa[i], shift = math.frexp(length)
        exponent[i] = shift + scale


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _unit_kernel(cosine: Any, sine: Any, supplement: Any, trained: int) -> Any:
    pi = type(cosine)(math.pi)
    H = cosine * supplement / (2 * pi)
    if trained == 0:
        return H + 0
    if supplement >= 0.7:
        bracket = sine + supplement * cosine
    else:
        p = supplement * supplement
        tail = type(cosine)(0)
        for coefficient in SERIES:
            tail = type(cosine)(coefficient) - p * tail
        bracket = supplement * p * tail
    S = bracket / (2 * pi)
    return S if trained == 1 else H + S


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
    one, pi = U.dtype.type(1), U.dtype.type(math.pi)
    border = U.dtype.type(CHORD_BORDER)
    product(U[I * BLOCK : (I + 1) * BLOCK], panel, U.shape[1], h, c)
    for row in range(min(BLOCK, K.shape[0] - I * BLOCK)):
        i = I * BLOCK + row
        width = min(BLOCK, K.shape[1] - J * BLOCK)
        if symmetric and I == J:
            width = row
            K[i, i] = _scaled(
                1.0 if trained == 2 else 0.5, x_mantissa[i], x_exponent[i], x_mantissa[i],
                x_exponent[i],
            )  # fmt: skip
        if h[row, :width].size and h[row, :width].max() > border:
            _chords(U[i], panel, 1, near)
        if h[row, :width].size and h[row, :width].min() < -border:
            _chords(U[i], panel, -1, far)
        for column in range(width):
            j = J * BLOCK + column
            cosine = h[row, column]
            if cosine > border:
                s = math.sqrt(near[column])
                value = _unit_kernel(
                    one - near[column] / 2, s * math.sqrt(one - near[column] / 4),
                    pi - 2 * math.asin(s / 2), trained,
                )  # fmt: skip
            elif cosine < -border:
                s = math.sqrt(far[column])
                value = _unit_kernel(
                    far[column] / 2 - one, s * math.sqrt(one - far[column] / 4),
                    2 * math.asin(s / 2), trained,
                )  # fmt: skip
            else:
                value = _unit_kernel(
                    cosine, math.sqrt((one - cosine) * (one + cosine)), math.acos(-cosine), trained
                )
            entry = _scaled(value, x_mantissa[i], x_exponent[i], z_mantissa[j], z_exponent[j])
            K[i, j] = entry
            if symmetric:
                K[j, i] = entry


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _scaled(
    value: Any, x_mantissa: float, x_exponent: int, z_mantissa: float, z_exponent: int
) -> Any:
    return math.ldexp(x_mantissa * z_mantissa * value, x_exponent + z_exponent)


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
def _finite_width_rows(R: Any, Q: Any, d: int, P: Any, m: int, I: int, H: Any) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    for J in range(I + 1):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[J], d, h, c)
        for row in range(min(BLOCK, H.shape[0] - I * BLOCK)):
            i = I * BLOCK + row
            for column in range(row + 1 if I == J else BLOCK):
                j = J * BLOCK + column
                entry = h[row, column] * (_common_bits(P[i], P[j]) / m)
                H[i, j] = entry
                H[j, i] = entry
