"""Rows for the two-layer network in Numba, packed a bounded number at a time.

Rows are scaled by powers of two, so that no product overflows or vanishes on the way.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, blocks
from pyntk.backends.tiles import over_tiles

PACKED = 8 << 20  # bytes of packed samples, of each kind
MOST = 1 << 14  # samples
ZERO_ROW = -1074
"""The exponent of a row of zeros: that of the smallest number."""


class Samples(NamedTuple):
    """Samples [begin, end), in blocks; the rows past the last are 0."""

    begin: int
    end: int
    scaled: Any  # (blocks, d made even, BLOCK): rows 2^-exponent, transposed block by block
    plain: Any  # the rows themselves, or no blocks of them
    exponents: Any  # (blocks, BLOCK)


def samples_at_once(d: int, itemsize: int) -> int:
    """Return how many samples are packed at a time, whole blocks."""
    return max(1, min(MOST, PACKED // (d * itemsize)) // BLOCK) * BLOCK


def pack_samples(X: Any, begin: int, end: int, threads: int, *, plain: bool) -> Samples:
    """Return the rows [begin, end) of X, those without scale too if ``plain``."""
    d, held = X.shape[1], blocks(end - begin)
    panels = np.zeros((1 + plain, held, d + d % 2, BLOCK), X.dtype)
    exponents = np.full((held, BLOCK), ZERO_ROW)

    def pack(I: int) -> None:
        first = begin + I * BLOCK
        rows = X[first : min(end, first + BLOCK)]
        row_exponents(rows, exponents[I])
        panels[0, I, :d] = scaled_rows(rows, exponents[I]).T
        if plain:
            panels[1, I, :d, : len(rows)] = rows.T

    over_tiles(pack, held, threads, reported=False)
    return Samples(begin, end, panels[0], panels[1] if plain else panels[0, :0], exponents)


def exponents_of(W: Any, threads: int) -> Any:
    """Return the exponents of all rows, (blocks, BLOCK)."""
    exponents = np.full((blocks(W.shape[0]), BLOCK), ZERO_ROW)
    over_tiles(
        lambda J: row_exponents(W[J * BLOCK : (J + 1) * BLOCK], exponents[J]),
        len(exponents),
        threads,
        reported=False,
    )
    return exponents


def scaled_rows(rows: Any, exponents: Any) -> Any:
    """Return up to BLOCK rows times 2^-exponent, and zero rows up to BLOCK."""
    result = np.zeros((BLOCK, rows.shape[1]), rows.dtype)
    _scale(rows, exponents, result)
    return result


def halves(exponents: Any) -> Any:
    """Return 2^exponents of (blocks, BLOCK) as two factors, (blocks, 2, BLOCK)."""
    lower = exponents // 2
    return np.ldexp(1.0, np.stack([lower, exponents - lower], axis=1))


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz"})
def row_exponents(X: Any, exponents: Any) -> None:
    """2^exponent is the power of two at or below the largest entry of a row."""
    for i in range(X.shape[0]):
        largest = np.abs(X[i, 0])
        for k in range(X.shape[1]):
            largest = max(largest, np.abs(X[i, k]))
        exponents[i] = math.frexp(np.float64(largest))[1] - 1 if largest > 0 else ZERO_ROW


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _scale(X: Any, exponents: Any, R: Any) -> None:
    for i in range(X.shape[0]):
        lower = -exponents[i] // 2  # 2^1074 is beyond the range of one factor
        first, second = math.ldexp(1.0, lower), math.ldexp(1.0, -exponents[i] - lower)
        for k in range(X.shape[1]):
            R[i, k] = X[i, k] * first * second
