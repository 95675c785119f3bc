"""The gradient of sum_ij G_ij k(x_i, z_j) with respect to X in Numba, in float64.

dX_i = 1/|x_i| [ sum_j G_ij Kn_ij u_i + sum_j G_ij Kc_ij (u_j - c_ij u_i) ] with unit rows u, Kn the
derivative of k by log |x_i| and Kc that by the cosine c_ij. The second sum is a product of matrices
less a sum over rows; beyond the chord border, where the two cancel, u_j - c u_i is formed from the
difference (acute) or the sum (obtuse) of the rows.
"""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_angle import CHORD_BORDER, angles
from pyntk.backends.numba_product import BLOCK, add_product, blocks, flush, times_power_of_two
from pyntk.backends.numba_rows import DEGREE_0, Formula, Rows, formula, gradient_factors, pack
from pyntk.backends.numba_slope import kinks, slopes
from pyntk.backends.numba_tile import SPAN
from pyntk.backends.tiles import over_rounds


def ntk_vjp(*, X: Any, Z: Any, G: Any, recipe: Any, threads: int, dX: Any) -> None:
    """See :mod:`pyntk.contract`."""
    of, recipe = formula(recipe), (*recipe[:4], True)
    U = pack(X, recipe, threads)
    V = U if Z is X else pack(Z, recipe, threads)
    factors, exponents = gradient_factors(U)
    held, across = blocks(X.shape[0]), blocks(Z.shape[0])
    # The blocks of X take turns at these sums, so that they need not be as large as X.
    slots = max(1, min(held, threads))
    h, c = np.zeros((2, slots, U.panels.shape[1], BLOCK))
    along = np.zeros((slots, 2, 1, BLOCK))  # the coefficient of u_i, in two parts

    def tiles(place: tuple[int, int]) -> None:
        I, J = place
        slot = I % slots
        span = slice(J, min(across, J + SPAN))
        if J == 0:
            h[slot], c[slot], along[slot] = 0, 0, 0
        cosine, t = np.empty((2, span.stop - J, BLOCK, BLOCK))
        angles(V.units[span], U.panels[I], cosine, t)
        by_cosine, by_log_norm = _slopes(cosine, t, V, span, U, I, of)
        _weigh(
            by_cosine, by_log_norm, _tiles_of(G, I, span), of.scale,
            V.factors[span], V.exponents[span], factors[I], exponents[I],
        )  # fmt: skip
        _add(
            by_cosine, by_log_norm, cosine, t, V.units[span], V.panels[span],
            U.panels[I], h[slot], c[slot], along[slot],
        )  # fmt: skip
        if span.stop == across:
            part = dX[I * BLOCK : (I + 1) * BLOCK]
            rows = h[slot] + (c[slot] + along[slot].sum(0) * U.panels[I])
            with np.errstate(over="ignore"):
                part[:] = rows.T[: len(part), : dX.shape[1]]

    turns = (
        [(I, J) for I in range(first, min(held, first + slots))]
        for first in range(0, held, slots)
        for J in range(0, across, SPAN)
    )
    if across == 0:
        dX[:] = 0
    over_rounds(tiles, turns, held * -(-across // SPAN), threads)


def _slopes(c: Any, t: Any, Z: Rows, span: slice, X: Rows, I: int, of: Formula) -> tuple[Any, Any]:
    by_cosine, by_log_norm = np.zeros_like(c), np.zeros_like(c)
    if of.kind == DEGREE_0:
        kinks(c, t, by_cosine)
    else:
        slopes(c, t, Z.shares[span], X.shares[I], of.kind, of.depth, by_cosine, by_log_norm)
    return by_cosine, by_log_norm


def _tiles_of(G: Any, I: int, span: slice) -> Any:
    """Return G[i, j] as (span, BLOCK of j, BLOCK of i), in float64, zeros past the edges."""
    part = G[I * BLOCK : (I + 1) * BLOCK, span.start * BLOCK : span.stop * BLOCK]
    result = np.zeros(((span.stop - span.start) * BLOCK, BLOCK))
    result[: part.shape[1], : part.shape[0]] = part.T
    return result.reshape(-1, BLOCK, BLOCK)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _weigh(
    W: Any, N: Any, G: Any, scale: float,
    z_factors: Any, z_exponents: Any, x_factors: Any, x_exponents: Any,
) -> None:  # fmt: skip
    """W and N times G scale s(z) s(x) / |x|, where that is in the range."""
    for J in range(W.shape[0]):
        extreme = 0
        for j in range(BLOCK):
            factor = scale * z_factors[J, j]
            for i in range(BLOCK):
                extreme += z_exponents[J, j] != 0 or x_exponents[i] != 0
                weight = G[J, j, i] * (factor * x_factors[i])
                W[J, j, i] *= weight
                N[J, j, i] *= weight
        if extreme:
            for j in range(BLOCK):
                for i in range(BLOCK):
                    exponent = z_exponents[J, j] + x_exponents[i]
                    W[J, j, i] = times_power_of_two(W[J, j, i], exponent)
                    N[J, j, i] = times_power_of_two(N[J, j, i], exponent)


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _add_differences(z: Any, panel: Any, sign: float, weights: Any, t: Any, c: Any) -> None:
    """c[:, i] += weights_i (z - cos theta u_i), where cos theta = -sign (1 - t_i)."""
    for k in range(panel.shape[0]):
        for i in range(BLOCK):
            u = sign * panel[k, i]
            c[k, i] += weights[i] * ((z[k] + u) - t[i] * u)


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def _add(
    W: Any, N: Any, cosine: Any, t: Any, z_units: Any, z_panels: Any, panel: Any,
    h: Any, c: Any, along: Any,
) -> None:  # fmt: skip
    """Add a span of blocks z_j to the sums h + c over (u_j - c_ij u_i), and to those along u_i."""
    near, far = np.empty(BLOCK), np.empty(BLOCK)
    for J in range(W.shape[0]):
        for j in range(BLOCK):
            acute = obtuse = False
            for i in range(BLOCK):
                size = cosine[J, j, i]
                near[i] = W[J, j, i] if size > CHORD_BORDER else 0.0
                far[i] = W[J, j, i] if size < -CHORD_BORDER else 0.0
                acute |= near[i] != 0
                obtuse |= far[i] != 0
                if abs(size) > CHORD_BORDER:
                    W[J, j, i] = 0
                along[1, 0, i] += N[J, j, i] - W[J, j, i] * size
            if acute:
                _add_differences(z_units[J, j], panel, -1.0, near, t[J, j], c)
            if obtuse:
                _add_differences(z_units[J, j], panel, 1.0, far, t[J, j], c)
        add_product(z_panels[J], W[J], BLOCK, h, c)
        flush(along[0], along[1])
