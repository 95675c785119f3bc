"""The kernel of two unit rows in Numba, by the formulas of ``csrc/math``: arc_cosine.hpp, deep.hpp.

With t = 1 - |cos theta|: acos |c| = pi sqrt(t) Q(t) and sqrt(1 - c^2) - |c| acos |c| =
pi t^1.5 R(t), both polynomials fitted by ``csrc/math/fit_arc_cosine.py``. Everything is in float64,
and written out so that the compiler turns the loops over a row of a tile into vectors. Python calls
these functions one after the other: a caller of all of them would be compiled once more with all
of them.
"""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, times_power_of_two
from pyntk.backends.numba_rows import ALL, DEGREE_0, LAST


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
def unit_values(c: Any, t: Any, kind: int) -> None:
    """Turn c into k / (scale s s') for one layer without bias: tiles (span, BLOCK, BLOCK).

    Duplicates give exactly the diagonal, 1 (2 for ALL), and opposite rows exactly 0.
    """
    for J in range(c.shape[0]):
        for j in range(BLOCK):
            if kind == LAST:
                for i in range(BLOCK):
                    bracket = t[J, j, i] * math.sqrt(t[J, j, i]) * arc_cosine_r(t[J, j, i])
                    c[J, j, i] = bracket + max(c[J, j, i], 0.0)
            elif kind == ALL:
                for i in range(BLOCK):
                    root = math.sqrt(t[J, j, i])
                    share = root * arc_cosine_q(t[J, j, i])
                    H = c[J, j, i] * (share if c[J, j, i] < 0 else 1 - share)
                    bracket = t[J, j, i] * root * arc_cosine_r(t[J, j, i])
                    c[J, j, i] = H + (bracket + max(c[J, j, i], 0.0))
            else:
                for i in range(BLOCK):
                    share = math.sqrt(t[J, j, i]) * arc_cosine_q(t[J, j, i])
                    kappa = share if c[J, j, i] < 0 else 1 - share
                    # + 0: no negative zero from opposite rows.
                    c[J, j, i] = kappa if kind == DEGREE_0 else c[J, j, i] * kappa + 0


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def add_input_bias(cosine: Any, t: Any, z_alpha: float, z_beta: float, x: Any) -> None:
    """Turn the angles between rows into those between (sqrt(a) x, sqrt(b)) and (sqrt(a) z, ...)."""
    for i in range(BLOCK):
        alpha, minus, plus = x[0, i] - z_alpha, x[1, i] - z_beta, x[1, i] + z_beta
        A = x[0, i] * z_alpha
        biased = A * cosine[i] + x[1, i] * z_beta
        v = 2 - t[i] if cosine[i] < 0 else t[i]
        near = (alpha * alpha + minus * minus) / 2 + A * v
        far = (alpha * alpha + plus * plus) / 2 + A * t[i]
        t[i] = far if biased < 0 else near
        cosine[i] = t[i] - 1 if biased < 0 else 1 - t[i]


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def meet(z_alpha: float, z_beta: float, x: Any, layer: int, A: Any, B: Any, D: Any) -> None:
    """How a row and a block meet in a layer: v+ = D + A w, A = alpha alpha', B = 1 - A."""
    for i in range(BLOCK):
        alpha, beta = x[2 * layer, i] - z_alpha, x[2 * layer + 1, i] - z_beta
        A[i] = x[2 * layer, i] * z_alpha
        D[i] = (alpha * alpha + beta * beta) / 2
        B[i] = D[i] + x[2 * layer + 1, i] * z_beta  # alpha^2 + beta^2 = 1


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def deep_values(c: Any, t: Any, z: Any, x: Any, kind: int, depth: int) -> None:
    """Turn c into k / (scale s s') for a deep recipe.

    ``z`` (span, shares, BLOCK) and ``x`` (shares, BLOCK) are the shares. kappa = 1 - theta / pi and
    w = v - (sin theta - theta cos theta) / pi, v = 1 - rho, are sums of terms of one sign or
    differences far from cancellation. Of the product of the kappa, and of T, the gap to its value
    at theta = 0 is carried: near-parallel rows have nearly the same kappa in every layer, and 200
    roundings that all went the same way were 100 u. For the same reason A T is taken as T - B T.
    """
    cosine, at, tau, gap, whole = (
        np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK),
    )  # fmt: skip
    A, B, D = np.ones(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    biased, every = x.shape[0] > 0, kind == ALL
    for J in range(c.shape[0]):
        for j in range(BLOCK):
            for i in range(BLOCK):
                cosine[i], at[i] = c[J, j, i], t[J, j, i]
            if biased:
                add_input_bias(cosine, at, z[J, 0, j], z[J, 1, j], x)
            for i in range(BLOCK):
                v = 2 - at[i] if cosine[i] < 0 else at[i]
                tau[i], gap[i], whole[i] = cosine[i], v if every else 0.0, 1.0
            for layer in range(1, depth + 1):
                if biased:
                    meet(z[J, 2 * layer, j], z[J, 2 * layer + 1, j], x, layer, A, B, D)
                for i in range(BLOCK):
                    obtuse = cosine[i] < 0  # in the first layer at most
                    root = math.sqrt(at[i])
                    share, bracket = root * arc_cosine_q(at[i]), root * arc_cosine_r(at[i])
                    w = 1 - at[i] * bracket if obtuse else at[i] * (1 - bracket)
                    at[i] = D[i] + A[i] * w
                    cosine[i] = 1 - at[i]
                    # kappa = 1 - lost, but where FIRST puts a small kappa into tau.
                    lost = (1 - share if every else 0.0) if obtuse else share
                    tau[i] = tau[i] * share if obtuse else tau[i]
                    wider = gap[i] + lost * (whole[i] - gap[i])
                    gap[i] = at[i] + (wider - B[i] * wider) if every else wider
                    whole[i] = 1 + (whole[i] - B[i] * whole[i]) if every else 1.0
            for i in range(BLOCK):
                deep = whole[i] - gap[i] if every else tau[i] * (1 - gap[i]) + 0
                c[J, j, i] = cosine[i] if kind == LAST else deep


@numba.njit(nogil=True, cache=True, error_model="numpy")
def times_factors(
    E: Any, scale: float, z_factors: Any, z_exponents: Any, x_factors: Any, x_exponents: Any
) -> None:
    """E scale s(z) s(x), rounded once more only where it is subnormal."""
    for J in range(E.shape[0]):
        extreme = 0
        for j in range(BLOCK):
            extreme += z_exponents[J, j] != 0 or x_exponents[j] != 0
            factor = z_factors[J, j]
            for i in range(BLOCK):
                E[J, j, i] = factor * x_factors[i] * (scale * E[J, j, i])
        if extreme:
            for j in range(BLOCK):
                for i in range(BLOCK):
                    exponent = z_exponents[J, j] + x_exponents[i]
                    E[J, j, i] = times_power_of_two(E[J, j, i], exponent)
