"""The kernel of two unit rows in Numba, by the formula of ``csrc/math/arc_cosine.hpp``.

With t = 1 - |cos theta|: acos |c| = pi sqrt(t) Q(t) and sqrt(1 - c^2) - |c| acos |c| =
pi t^1.5 R(t), both polynomials fitted by ``csrc/math/fit_arc_cosine.py``. Everything is in float64,
and written out so that the compiler turns the loops into vectors.
"""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK

CHORD_BORDER = 0.96875


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def arc_cosine_q(t: float) -> float:
    """acos(1 - t) / (pi sqrt t) on [0, 1], relative error 1e-16."""
    s = 2.5267752497789812738e-6
    s = s * t - 0.000017517736856876125598
    s = s * t + 0.000057893653987985650477
    s = s * t - 0.00011716642317649246983
    s = s * t + 0.00016270769770602791328
    s = s * t - 0.00016080552306657418892
    s = s * t + 0.00012022293461037940251
    s = s * t - 0.000061493258356096675404
    s = s * t + 0.00003547516370831035133
    s = s * t + 0.000012023324009252713057
    s = s * t + 0.000050996769014738705801
    s = s * t + 0.00012174567244937528901
    s = s * t + 0.0003147543025339497928
    s = s * t + 0.00085478985438484725844
    s = s * t + 0.0025120434142931898991
    s = s * t + 0.0084404654610478564884
    s = s * t + 0.037513179839907307349
    return s * t + 0.45015815807855299063


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def arc_cosine_r(t: float) -> float:
    """(sqrt(1 - c^2) - c acos c) / (pi t^1.5) at c = 1 - t, relative error 4e-17."""
    s = 1.7171840426893361192e-7
    s = s * t - 1.086120152466005168e-6
    s = s * t + 3.3182593978940198924e-6
    s = s * t - 6.1426707926576757598e-6
    s = s * t + 7.8418671721735319257e-6
    s = s * t - 6.8835621158034690438e-6
    s = s * t + 4.9311181361001473682e-6
    s = s * t - 1.4195333447344278755e-6
    s = s * t + 2.9388460112792348709e-6
    s = s * t + 5.5686322092228339854e-6
    s = s * t + 0.000016313096293993466304
    s = s * t + 0.000048413243231633223579
    s = s * t + 0.00015541725204816112063
    s = s * t + 0.00055823182057203626468
    s = s * t + 0.0024115615617388914189
    s = s * t + 0.015005271935945298693
    return s * t + 0.30010543871903536802


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def unit_kernels(
    cosines: Any, near: Any, far: Any, trained: int, values: Any, scratch: Any
) -> None:
    """Write the kernels of a block of pairs, from cosines and, beyond the border, squared chords.

    ``near`` holds |u - v|^2, ``far`` |u + v|^2; ``scratch`` is (3, BLOCK). Duplicates give exactly
    1/2 (1 for both layers), opposite rows exactly 0.
    """
    t, size, S = scratch[0], scratch[1], scratch[2]
    for j in range(BLOCK):
        c = abs(np.float64(cosines[j]))
        s2 = np.float64(far[j]) if cosines[j] < 0 else np.float64(near[j])
        t[j] = s2 / 2 if c > CHORD_BORDER else 1 - c
        size[j] = 1 - t[j] if c > CHORD_BORDER else c
    if trained != 1:
        for j in range(BLOCK):
            share = math.sqrt(t[j]) * arc_cosine_q(t[j])
            H = -size[j] * share if cosines[j] < 0 else size[j] * (1 - share)
            values[j] = H / 2 + 0  # no negative zero from opposite rows
    if trained != 0:
        for j in range(BLOCK):
            bracket = t[j] * math.sqrt(t[j]) * arc_cosine_r(t[j])
            S[j] = (bracket + (0.0 if cosines[j] < 0 else size[j])) / 2
    if trained == 1:
        values[:] = S
    elif trained == 2:
        values += S


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def chords(row: Any, panel: Any, sign: int, total: Any) -> None:
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
