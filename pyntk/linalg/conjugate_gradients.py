"""Preconditioned conjugate gradients for several right-hand sides, and their restarts.

Vectors stay where they are. What decides is on the host: per step the norms of the residuals and
the curvatures, one copy of two numbers per column.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.where import column_sizes, norms, place_of

PATIENCE: Final = 500
"""Steps without a new smallest residual after which a column has stagnated."""

CYCLE: Final = 1e-9
"""What the recurrence takes a residual to before it is computed anew."""

GAIN: Final = 0.5
"""What a restart must take the residual to, at most, to be followed by another."""


class Recurrence:
    """What is known of the columns of X in A X = Y, Y scaled to columns of norm 1.

    Attributes:
        steps: of conjugate gradients.
        history: per step the relative norms of the residuals, by the recurrence; on the host.
        true: (k,) the same of the best X, computed from a product; on the host.
    """

    def __init__(self, Y: Array, start: Array | None) -> None:
        largest = column_sizes(Y)
        unit = np.where(largest > 0, largest, 1.0)
        lengths = np.linalg.norm(Y / unit, axis=0)
        self._unit, self._norm = unit, np.where(lengths > 0, lengths, 1.0)
        self.Y = Y / unit / self._norm
        # The solution for a column of zeros is zero, wherever one starts.
        self.X = np.zeros_like(Y) if start is None else start / unit / self._norm * (largest > 0)
        self.steps = 0
        self.history: list[Array] = []
        self.true = np.full(Y.shape[1], np.inf)

    def solution(self) -> Array:
        """Return X for the columns of Y as they were given."""
        return self.X * self._norm * self._unit


def run(
    state: Recurrence,
    multiply: Callable[[Array], Array],
    ridge: float,
    precondition: Callable[[Array], Array] | None,
    tolerance: float,
    most: int,
    advance: Callable[[], None],
) -> str:
    """Take ``state`` to the tolerance, or as far as it gets; return why it stopped.

    Args:
        state: where to start, and what was reached.
        multiply: returns K V.
        ridge: added to K's diagonal.
        precondition: returns P^-1 R, P symmetric positive definite.
        tolerance: for each column's relative residual.
        most: steps.
        advance: called after each step.

    Returns:
        "converged", or what kept it from that.
    """

    contiguous = place_of(state.Y).contiguous

    def residual() -> Array:
        return state.Y - multiply(contiguous(state.X)) - ridge * state.X

    R = residual() if state.X.any() else state.Y.copy()
    state.true = to_host(norms(R))
    state.history.append(state.true)
    while True:
        open_columns = np.flatnonzero(state.true > tolerance)
        if not len(open_columns):
            return "converged"
        if state.steps >= most:
            return f"most_steps = {most} were taken"
        before, reached, first = state.true, state.X.copy(), state.steps == 0
        stuck = _cycle(state, R, open_columns, multiply, ridge, precondition, tolerance, most,
                       advance)  # fmt: skip
        R = residual()
        state.true = to_host(norms(R))
        # A residual may rise at first while the error falls in the norm of A; else it is rounding.
        risen = ~(state.true <= before)
        worse = np.flatnonzero(~np.isfinite(state.true) if first and not stuck else risen)
        if len(worse):
            state.X[:, worse] = reached[:, worse]
            state.true[worse] = before[worse]
        if (state.true <= tolerance).all() or state.steps >= most:
            continue
        gained = state.true <= np.maximum(GAIN * before, tolerance)
        if stuck or not gained[open_columns].all():
            return stuck or "the residual does not fall any further in float64"


def _cycle(
    state: Recurrence, R: Array, columns: Array, multiply: Callable[[Array], Array], ridge: float,
    precondition: Callable[[Array], Array] | None, tolerance: float, most: int,
    advance: Callable[[], None],
) -> str:  # fmt: skip
    """Run the recurrence on some columns until each is done; return what stopped one, or ""."""
    R = place_of(R).contiguous(R[:, columns])
    best = to_host(norms(R))
    # Below the tolerance, so that the roundings between recurrence and residual cost no restart;
    # but not where the recurrence has parted from the residual.
    target = np.maximum(0.9 * tolerance, CYCLE * best)
    Z = R if precondition is None else precondition(R)
    P, energy = Z.copy(), (R * Z).sum(axis=0)
    since = np.zeros(len(columns), int)
    patience, stuck = min(PATIENCE, 20 + 2 * len(R)), ""
    while len(columns) and state.steps < most:
        Q = multiply(P) + ridge * P
        curvature = (P * Q).sum(axis=0)
        positive = curvature > 0
        alpha = np.where(positive, energy / np.where(positive, curvature, 1), 0)
        state.X[:, columns] += alpha * P
        R -= alpha * Q
        state.steps += 1
        advance()
        lengths, curved = to_host(np.stack([norms(R), curvature]))
        usable = curved > 0
        if not usable.all():
            stuck = "the matrix is not positive definite to working precision"
        state.history.append(state.history[-1].copy())
        state.history[-1][columns] = lengths
        since = np.where(lengths < best, 0, since + 1)
        best = np.minimum(best, lengths)
        if (since >= patience).any():
            stuck = f"the residual did not fall in {patience} steps"
        going = np.flatnonzero(usable & (lengths > target) & (since < patience))
        if len(going) < len(columns):
            columns, R, P, energy = columns[going], R[:, going], P[:, going], energy[going]
            best, since, target = best[going], since[going], target[going]
        Z = R if precondition is None else precondition(R)
        renewed = (R * Z).sum(axis=0)
        P = Z + renewed / np.where(energy > 0, energy, 1) * P
        energy = renewed
    return stuck
