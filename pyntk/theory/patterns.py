r"""Activation patterns 1{w_r.x_i > 0}: how many differ from the start's, and why they could."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.theory.rows import UNIT_ROUNDOFF

Vector = NDArray[np.float64]

PRODUCTS: Final = 2**21
"""Products w_r.x_i that are formed at a time."""


@dataclass(frozen=True)
class Movement:
    r"""How far the neurons moved, and what that did to the activation patterns.

    Attributes:
        largest: max_r \|w_r(k) - w_r(0)\|.
        flips: share of the pairs (r, i) with 1{w_r(k).x_i > 0} other than 1{w_r(0).x_i > 0}.
        violations: number of flipped pairs with \|w_r(0).x_i\| > \|w_r(k) - w_r(0)\| \|x_i\|.
    """

    largest: float
    flips: float
    violations: int


def movement(W0: ArrayLike, W: ArrayLike, X: ArrayLike, *, moved: Vector | None = None) -> Movement:
    r"""Compare activation patterns with those at the start, and test the rule for every flip.

    If w(0).x and w(k).x differ in sign then
    \|w(0).x\| <= \|(w(k) - w(0)).x\| <= \|w(k) - w(0)\| \|x\|. The weights are taken as the exact
    numbers they are; only the float64 products here are rounded, each by at most g \|w\| \|x\|,
    g = (d + 4) u, u = 2^-53 (N. Higham, Accuracy and Stability, section 3.1; the 4 covers the
    rounded norms). So the computed numbers obey the rule with g (\|w(0)\| + \|w(k)\|) \|x\| added
    to its right-hand side, and that is what is tested.

    Args:
        W0: (m, d) weights at the start.
        W: (m, d) weights now.
        X: (n, d) rows.
        moved: (m,) movement of every neuron, if another than \|w_r - w_r(0)\| is to be tested.

    Returns:
        The largest movement, the share of flips, and the number of violations of the rule.
    """
    rows = np.asarray(X, np.float64)
    size = np.linalg.norm(rows, axis=1)
    start, now = np.asarray(W0), np.asarray(W)
    rounding = (rows.shape[1] + 4) * UNIT_ROUNDOFF
    flips = violations = 0
    largest = 0.0
    size_of_block = max(1, PRODUCTS // len(rows))
    for begin in range(0, len(start), size_of_block):
        block = slice(begin, begin + size_of_block)
        a, b = start[block].astype(np.float64), now[block].astype(np.float64)
        step = np.linalg.norm(b - a, axis=1) if moved is None else moved[block]
        slack = rounding * (np.linalg.norm(a, axis=1) + np.linalg.norm(b, axis=1))
        before = a @ rows.T
        flipped = (before > 0) != (b @ rows.T > 0)
        flips += int(flipped.sum())
        violations += int((flipped & (np.abs(before) > np.outer(step + slack, size))).sum())
        largest = max(largest, float(step.max()))
    return Movement(largest, flips / (len(start) * len(rows)), violations)
