"""The implicit QL iteration that carries a few rows: ``csrc/cpu/tridiagonal_spectrum.cpp``."""

import math
from typing import Any, Final

import numpy as np
from numba import njit

UNIT_ROUNDOFF: Final = 2.0**-53
SMALLEST: Final = np.finfo(np.float64).tiny
SWEEPS_PER_EIGENVALUE: Final = 30
NO_SQUARE_UNDERFLOWS: Final = 2.0**-480


def tridiagonal_spectrum(*, d: Any, e: Any, Y: Any, w: Any, Z: Any) -> None:
    """See ``csrc/core/kernels.hpp``: w = eigenvalues, Z = Y V; NaN where it does not converge."""
    largest = max(np.abs(d).max(initial=0.0), np.abs(e).max(initial=0.0))
    exponent = math.frexp(largest)[1]
    entries, couplings = np.ldexp(d, -exponent), np.zeros_like(d)
    couplings[: len(e)] = np.ldexp(e, -exponent)
    rows = Y.T.copy(order="C")
    if not _diagonalise(entries, couplings, rows):
        w[:] = Z[:] = np.nan
        return
    order = np.argsort(entries, kind="stable")
    w[:] = np.ldexp(entries[order], exponent)
    Z[:] = rows[order].T


@njit(nogil=True, cache=True)
def _diagonalise(d: Any, e: Any, rows: Any) -> bool:
    n = len(d)
    sweeps = 0
    begin = 0
    while begin < n:
        end = _end_of(d, e, begin, n - 1)
        if abs(d[end]) < abs(d[begin]):
            d[begin : end + 1] = d[begin : end + 1][::-1].copy()
            e[begin:end] = e[begin:end][::-1].copy()
            rows[begin : end + 1] = rows[begin : end + 1][::-1].copy()
        first = begin
        while first <= end:
            last = _end_of(d, e, first, end)
            if last == first:
                first += 1
                continue
            sweeps += 1
            if sweeps > SWEEPS_PER_EIGENVALUE * n:
                return False
            _sweep(d, e, rows, first, last)
        begin = end + 1
    return True


@njit(nogil=True, cache=True)
def _end_of(d: Any, e: Any, begin: int, last: int) -> int:
    """The end of the coupled entries that begin at ``begin``, and do not pass ``last``."""
    while begin < last:
        negligible = UNIT_ROUNDOFF * UNIT_ROUNDOFF * abs(d[begin]) * abs(d[begin + 1])
        if e[begin] * e[begin] <= negligible + SMALLEST:
            break
        begin += 1
    return begin


@njit(nogil=True, cache=True)
def _sweep(d: Any, e: Any, rows: Any, first: int, last: int) -> None:
    """One implicit QL sweep with Wilkinson's shift over the entries first ... last."""
    half = (d[first + 1] - d[first]) / (2 * e[first])
    shift = e[first] / (half + math.copysign(math.hypot(half, 1.0), half))
    g = d[last] - d[first] + shift
    c, s, p = 1.0, 1.0, 0.0
    for i in range(last - 1, first - 1, -1):
        f, b = s * e[i], c * e[i]
        r = math.sqrt(f * f + g * g)
        if not r > NO_SQUARE_UNDERFLOWS:
            r = math.hypot(f, g)
        if r == 0:
            c, s = 1.0, 0.0
        else:
            c, s = g / r, f / r
        if i + 1 < last:
            e[i + 1] = r
        moved = d[i + 1] - p
        t = (d[i] - moved) * s + 2 * c * b
        p = s * t
        d[i + 1] = moved + p
        g = c * t - b
        for j in range(rows.shape[1]):
            below = rows[i + 1, j]
            rows[i + 1, j] = s * rows[i, j] + c * below
            rows[i, j] = c * rows[i, j] - s * below
    d[first] -= p
    e[first] = g
