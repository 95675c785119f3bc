"""Angles between unit rows in Numba, by ``csrc/math/angle.hpp``: cosines, chords at the poles."""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, product

CHORD_BORDER = 0.8125
"""Cosines beyond this take the chord: in an angle an error of a product grows at most 1.7 times."""


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def chords(row: Any, panel: Any, sign: int, total: Any) -> None:
    """total_i = |row - sign x_i|^2 over a block of unit rows, by differences."""
    part = np.empty_like(total)
    total[:] = 0
    other = -row if sign < 0 else row  # |row + x| = |-row - x|, to the bit
    for start in range(0, row.size, 64):
        part[:] = 0
        k, stop = start, min(row.size, start + 64)
        while k + 4 <= stop:
            u0, u1, u2, u3 = other[k], other[k + 1], other[k + 2], other[k + 3]
            q0, q1, q2, q3 = panel[k], panel[k + 1], panel[k + 2], panel[k + 3]
            for i in range(BLOCK):
                t0, t1, t2, t3 = u0 - q0[i], u1 - q1[i], u2 - q2[i], u3 - q3[i]
                part[i] = part[i] + t0 * t0 + t1 * t1 + t2 * t2 + t3 * t3
            k += 4
        while k < stop:
            u0, q0 = other[k], panel[k]
            for i in range(BLOCK):
                t0 = u0 - q0[i]
                part[i] += t0 * t0
            k += 1
        for i in range(BLOCK):
            total[i] += part[i]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def angles(units: Any, panel: Any, c: Any, t: Any) -> None:
    """Write c = cos theta and t = 1 - |cos theta| of a span of blocks z_j against a block x_i.

    ``units`` is (span, BLOCK, d), ``panel`` (d, BLOCK), c and t are (span, BLOCK, BLOCK). Beyond
    CHORD_BORDER they come from chords.
    """
    h = np.empty((BLOCK, BLOCK), panel.dtype)
    chains = np.empty((BLOCK, BLOCK), panel.dtype)
    near, far = np.zeros(BLOCK, panel.dtype), np.zeros(BLOCK, panel.dtype)
    for J in range(c.shape[0]):
        rows = units[J]
        product(rows, panel, panel.shape[0], h, chains)
        for j in range(BLOCK):
            acute = obtuse = 0
            for i in range(BLOCK):
                acute += h[j, i] > CHORD_BORDER
                obtuse += h[j, i] < -CHORD_BORDER
            if acute:
                chords(rows[j], panel, 1, near)
            if obtuse:
                chords(rows[j], panel, -1, far)
            for i in range(BLOCK):
                p = np.float64(h[j, i])
                s2 = np.float64(far[i]) if p < 0 else np.float64(near[i])
                t[J, j, i] = s2 / 2 if abs(p) > CHORD_BORDER else 1 - abs(p)
                size = 1 - t[J, j, i] if abs(p) > CHORD_BORDER else abs(p)
                c[J, j, i] = -size if p < 0 else size
