"""The activation function in Numba: values and slopes on a tile, by ``csrc/math/activation.hpp``.

A tile holds the products of rows scaled by powers of two (numba_samples). A homogeneous activation
is taken of these, sigma(c p) = c sigma(p), and the powers belong to the weights; any other is taken
of the pre-activations themselves, in float64.
"""

from typing import Any, NamedTuple

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK

LARGEST = float(np.finfo(np.float64).max)


class Sigma(NamedTuple):
    """An activation ready for use."""

    knots: Any
    slopes: Any
    values: Any  # at the knots
    right: bool
    homogeneous: bool


def sigma_of(activation: Any) -> Sigma:
    """Return an activation of the contract, with its values at all knots, each rounded once."""
    knots, slopes, value, right = activation
    steps = np.diff(np.array(knots, np.longdouble)) * slopes[1:-1]
    values = np.longdouble(value) + np.concatenate([[np.longdouble(0)], np.cumsum(steps)])
    homogeneous = tuple(knots) == (0.0,) and value == 0
    return Sigma(
        np.array(knots, np.float64), np.array(slopes, np.float64), values.astype(np.float64),
        bool(right), homogeneous,
    )  # fmt: skip


@numba.njit(nogil=True, cache=True, error_model="numpy")
def unscaled(C: Any, rows: Any, columns: Any, P: Any) -> None:
    """P = C times the powers of two of its rows and columns, (2, BLOCK) each, at most LARGEST.

    A power is the product of two: halves stay in the range where the whole does not.
    """
    for r in range(BLOCK):
        for i in range(BLOCK):
            p = np.float64(C[r, i]) * (rows[0, r] * columns[1, i]) * (rows[1, r] * columns[0, i])
            p = LARGEST if p > LARGEST else p
            P[r, i] = -LARGEST if p < -LARGEST else p


@numba.njit(nogil=True, cache=True, error_model="numpy")
def take_values(sigma: Any, P: Any) -> None:
    """P = sigma(P): from the last knot passed, so that no two pieces cancel."""
    if sigma.homogeneous:
        below, above = sigma.slopes[0], sigma.slopes[1]
        for r in range(BLOCK):
            for i in range(BLOCK):
                P[r, i] *= above if P[r, i] > 0 else below
        return
    value, knot, slope = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for r in range(BLOCK):
        value[:] = sigma.values[0]
        knot[:] = sigma.knots[0]
        slope[:] = sigma.slopes[0]
        for j in range(sigma.knots.size):
            for i in range(BLOCK):
                past = P[r, i] > sigma.knots[j]
                value[i] = sigma.values[j] if past else value[i]
                knot[i] = sigma.knots[j] if past else knot[i]
                slope[i] = sigma.slopes[j + 1] if past else slope[i]
        for i in range(BLOCK):
            v = value[i] + slope[i] * (P[r, i] - knot[i])
            v = LARGEST if v > LARGEST else v  # beyond it a weight of 0 would be 0 inf
            P[r, i] = -LARGEST if v < -LARGEST else v


@numba.njit(nogil=True, cache=True, error_model="numpy")
def weigh_slopes(sigma: Any, P: Any, weights: Any, E: Any) -> None:
    """E = weights sigma'(P)."""
    slope = np.empty(BLOCK)
    for i in range(BLOCK):
        slope[:] = sigma.slopes[0]
        for j in range(sigma.knots.size):
            knot, after = sigma.knots[j], sigma.slopes[j + 1]
            if sigma.right:
                for r in range(BLOCK):
                    slope[r] = after if P[i, r] >= knot else slope[r]
            else:
                for r in range(BLOCK):
                    slope[r] = after if P[i, r] > knot else slope[r]
        for r in range(BLOCK):
            E[i, r] = weights[i, r] * slope[r]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def gates(C: Any, neurons: int, right: bool, words: Any) -> None:
    """Bit r of words[i] is C[r, i] > 0, or >= 0: those from ``neurons`` on are 0."""
    words[:] = 0
    for r in range(min(BLOCK, neurons)):
        shift = np.uint64(r)
        for i in range(BLOCK):
            past = C[r, i] >= 0 if right else C[r, i] > 0
            words[i] |= np.uint64(past) << shift


@numba.njit(nogil=True, cache=True, error_model="numpy")
def weigh_gates(sigma: Any, words: Any, weights: Any, E: Any) -> None:
    """E = weights sigma', from gates."""
    below, above = sigma.slopes[0], sigma.slopes[1]
    for i in range(BLOCK):
        for r in range(BLOCK):
            gate = (words[i] >> np.uint64(r)) & np.uint64(1)
            E[i, r] = weights[i, r] * (above if gate else below)
