"""Random numbers by counters in Numba: the bits of ``csrc/math/random.hpp``.

Float32 arithmetic without fastmath and without a library function but the square root, in the same
order. Numba takes a literal for a float64 and a sum of 32-bit integers for one of 64 bits, so each
constant and each result is given its type.
"""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.tiles import over_tiles

GROUPS = 256  # of columns that share a block: what a pass works on stays in the first cache
TASK = 1 << 16  # numbers per task

U, F = np.uint64, np.float32
LOW = U(0xFFFFFFFF)
MULTIPLIERS = U(0xD2511F53), U(0xCD9E8D57)
WEYL = U(0x9E3779B9), U(0xBB67AE85)
ONE, TWO, HALF_WORD, WORD = F(1), F(2), F(2.0**-33), F(2.0**-32)
LOG_2 = F(0.69314718)
ROOT_HALF = np.int64(0x3F3504F3)  # the bits of sqrt(1/2)
LOG_SERIES = F(0.66666667), F(0.4), F(0.28571429), F(0.22222222)
QUARTER_TURN = F(1.4629180e-9)  # pi/2 / 2^30
SIN_SERIES = F(0.16666667), F(8.3333333e-3), F(1.9841270e-4), F(2.7557319e-6)
COS_SERIES = F(0.5), F(4.1666667e-2), F(1.3888889e-3), F(2.4801587e-5)


def random_uniforms(*, seed: int, stream: int, first: int, threads: int, U: Any) -> None:
    """See :mod:`pyntk.contract`."""
    _by_rows(fill_uniforms, seed, stream, first, threads, U)


def random_normals(*, seed: int, stream: int, first: int, threads: int, Z: Any) -> None:
    """See :mod:`pyntk.contract`."""
    _by_rows(fill_normals, seed, stream, first, threads, Z)


def _by_rows(fill: Any, seed: int, stream: int, first: int, threads: int, to: Any) -> None:
    rows = max(1, TASK // max(1, to.shape[1]))

    def task(part: int) -> None:
        begin = part * rows
        fill(U(seed), U(stream), U(first + begin), to[begin : begin + rows])

    over_tiles(task, -(-len(to) // rows), threads, reported=False)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill_uniforms(seed: Any, stream: Any, first: Any, to: Any) -> None:
    """Write rows first, first + 1, ... of the uniform numbers of a stream."""
    words = np.empty((4, GROUPS), np.uint64)
    at = np.empty((2, GROUPS), np.uint64)
    across = (to.shape[1] + 1) // 2
    for begin in range(0, to.shape[0] * across, GROUPS):
        end = min(begin + GROUPS, to.shape[0] * across)
        _places(begin, end, across, at)
        _philox(end - begin, at, first, stream, seed, words)
        for g in range(end - begin):
            i, j = np.int64(at[0, g]), 2 * np.int64(at[1, g])
            to[i, j] = _uniform(words[0, g], words[1, g])
            if j + 1 < to.shape[1]:
                to[i, j + 1] = _uniform(words[2, g], words[3, g])


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill_normals(seed: Any, stream: Any, first: Any, to: Any) -> None:
    """Write rows first, first + 1, ... of the normal numbers of a stream."""
    words = np.empty((4, GROUPS), np.uint64)
    at = np.empty((2, GROUPS), np.uint64)
    numbers = np.empty((4, GROUPS), np.float32)
    across = (to.shape[1] + 3) // 4
    for begin in range(0, to.shape[0] * across, GROUPS):
        end = min(begin + GROUPS, to.shape[0] * across)
        _places(begin, end, across, at)
        _philox(end - begin, at, first, stream, seed, words)
        _normals(end - begin, words[0], words[1], numbers[0], numbers[1])
        _normals(end - begin, words[2], words[3], numbers[2], numbers[3])
        for g in range(end - begin):
            i, j = np.int64(at[0, g]), 4 * np.int64(at[1, g])
            for h in range(min(4, to.shape[1] - j)):
                to[i, j + h] = numbers[h, g]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _places(begin: int, end: int, across: int, at: Any) -> None:
    """Write the row and the block of columns of some groups."""
    i, q = begin // across, begin % across
    for g in range(end - begin):
        at[0, g], at[1, g] = i, q
        q += 1
        if q == across:
            i, q = i + 1, 0


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _philox(groups: int, at: Any, first: Any, stream: Any, seed: Any, words: Any) -> None:
    """Write four words of 32 bits for each place."""
    for g in range(groups):
        row = first + at[0, g]
        c0, c1, c2, c3 = at[1, g], row & LOW, row >> U(32), stream
        k0, k1 = seed & LOW, seed >> U(32)
        for _ in range(10):
            p, q = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
            c0, c1, c2, c3 = (q >> U(32)) ^ c1 ^ k0, q & LOW, (p >> U(32)) ^ c3 ^ k1, p & LOW
            k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
        words[0, g], words[1, g], words[2, g], words[3, g] = c0, c1, c2, c3


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _uniform(high: Any, low: Any) -> Any:
    return np.float64(((high << U(32)) | low) >> U(11)) * 2.0**-53


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _twice_minus_log(word: Any) -> Any:
    u = np.float32(F(np.uint32(word)) * WORD + HALF_WORD)
    bits = np.int64(u.view(np.int32))
    e = (bits - ROOT_HALF) >> 23
    f = np.int32(bits - (e << 23)).view(np.float32) - ONE
    s = f / (f + TWO)
    t = s * s
    a, b, c, d = LOG_SERIES
    series = TWO + t * (a + t * (b + t * (c + t * d)))
    return -TWO * (F(np.int32(e)) * LOG_2 + s * series)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normals(groups: int, radius_words: Any, angle_words: Any, first: Any, second: Any) -> None:
    for g in range(groups):
        radius = math.sqrt(_twice_minus_log(radius_words[g]))
        quarter = angle_words[g] >> U(30)
        part = np.int64(angle_words[g] & U(0x3FFFFFFF)) - (1 << 29)
        phi = F(np.int32(part)) * QUARTER_TURN
        t = phi * phi
        a, b, c, d = SIN_SERIES
        s = phi * (ONE - t * (a - t * (b - t * (c - t * d))))
        a, b, c, d = COS_SERIES
        co = ONE - t * (a - t * (b - t * (c - t * d)))
        turned = (quarter & U(1)) == U(1)
        x = s if turned else co
        y = co if turned else s
        first[g] = radius * (-x if quarter == U(1) or quarter == U(2) else x)
        second[g] = radius * (-y if quarter >= U(2) else y)
