"""One recorded training run: full-batch gradient descent on half the sum of squares."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.patterns import Movement, movement
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Steps = NDArray[np.int64]

KEPT_BYTES: Final = 2**28
"""Copies of W that a run may hold at a time; fewer steps are looked at where W is large."""


@dataclass(frozen=True)
class TrainingRun:
    r"""What a run left behind. After a divergence what was not reached is NaN, or missing.

    Attributes:
        steps: (K + 1,) the steps k = 0 .. K.
        residual: (K + 1,) \|u(k) - y\|.
        distance: (K + 1,) \|W(k) - W(0)\|_F.
        recorded: (T,) the steps at which patterns and movements were looked at; the last is K.
        movements: T records, one for each of those steps.
        moved: (K + 1,) max_r \|w_r(k) - w_r(0)\|.
        sampled: (S,) the steps at which the errors of all rows were kept.
        errors: (S, n) u(k) - y.
        weights: (T, m, d) W at the recorded steps, if they were asked for.
        diverged: the step at which the loss left all bounds; None if it did not.
    """

    steps: Steps
    residual: Vector
    distance: Vector
    recorded: Steps
    movements: tuple[Movement, ...]
    moved: Vector = field(default_factory=lambda: np.empty(0))
    sampled: Steps = field(default_factory=lambda: np.empty(0, np.int64))
    errors: Vector = field(default_factory=lambda: np.empty((0, 0)))
    weights: NDArray[Any] | None = None
    diverged: int | None = None

    @property
    def flips(self) -> Vector:
        """(T,) share of the pairs (neuron, row) whose activation differs from the start's."""
        return np.array([record.flips for record in self.movements])

    @property
    def largest(self) -> Vector:
        r"""(T,) max_r \|w_r(k) - w_r(0)\|."""
        return np.array([record.largest for record in self.movements])


def train(
    network: TwoLayer,
    X: ArrayLike,
    y: ArrayLike,
    *,
    eta: float,
    steps: int,
    trained: Any = "first",
    records: int | Sequence[int] = 16,
    samples: int = 0,
    distances: bool = True,
    keep_weights: bool = False,
    watch: Watch | None = None,
) -> TrainingRun:
    """Train by W <- W - eta dPhi/dW, Phi = 1/2 sum_i (f(x_i) - y_i)^2, natively, and record.

    Args:
        network: trained in place; its dtype is that of the arithmetic.
        X: (n, d) rows.
        y: (n,) targets.
        eta: step.
        steps: K >= 1 steps.
        trained: "first", or "all" for both layers.
        records: the steps at which activation patterns are compared with the start's (in float64:
            exact weights, rounded products), or how many, spread geometrically over 1 .. K. They
            are thinned out where the copies of W exceed :data:`KEPT_BYTES`.
        samples: at most so many steps, spread geometrically, and the start, at which the errors of
            all rows are kept; 0 for none.
        distances: whether distances to the start are measured, at every step.
        keep_weights: whether the copies of W are kept.
        watch: how far the training is; Ctrl-C is a KeyboardInterrupt.

    Returns:
        The residual and the distance to the start at every step, the patterns at some. A run that
        diverges is returned too, up to there, with ``diverged``.
    """
    recorded = _recorded(records, steps, network.W.nbytes)
    sampled = np.append(0, _spread(samples, steps)) if samples else np.empty(0, np.int64)
    start = network.W.copy() if len(recorded) else network.W
    record: dict[str, Any] = {"batch_loss": 1, "loss": [steps]}
    record |= {"distance": 1} if distances else {}
    record |= {"weights": recorded} if len(recorded) else {}
    record |= {"residual": sampled} if samples else {}
    diverged = None
    try:
        run = (watch or Watch()).train(
            network, (X, y), step_size=eta, steps=steps, trained=trained, record=record
        )
    except DivergenceError as error:
        run, diverged = error.run, error.step
    found = run.records
    loss = np.append(found["batch_loss"].values[:steps], found["loss"].values)
    away = found["distance"].values if distances else None
    weights = found["weights"].values.W if len(recorded) else np.empty((0, *start.shape))
    return TrainingRun(
        steps=np.arange(steps + 1),
        residual=_filled(np.sqrt(2 * loss), steps),
        distance=_filled([] if away is None else away.frobenius, steps),
        recorded=recorded[: len(weights)],
        movements=tuple(movement(start, W, X) for W in weights),
        moved=_filled([] if away is None else away.largest, steps),
        sampled=found["residual"].steps if samples else sampled,
        errors=np.asarray(found["residual"].values, np.float64) if samples else np.empty((0, 0)),
        weights=weights if keep_weights else None,
        diverged=diverged,
    )


def _recorded(records: int | Sequence[int], steps: int, nbytes: int) -> Steps:
    """Return the steps to look at, fewer where copies of W would take too much memory."""
    wanted = _spread(records, steps) if isinstance(records, int) else np.array(records, np.int64)
    most = max(1, KEPT_BYTES // max(nbytes, 1))
    if len(wanted) <= most:
        return wanted
    if isinstance(records, int):
        return _spread(most, steps)
    every = -(-len(wanted) // most)
    return wanted[::-1][::every][::-1]


def _spread(count: int, steps: int) -> Steps:
    """Return at most so many step numbers, geometrically from 1 to the last."""
    if count == 0:
        return np.empty(0, np.int64)
    if count == 1:
        return np.array([steps])
    return np.unique(np.geomspace(1, steps, min(count, steps)).round().astype(np.int64))


def _filled(values: ArrayLike, steps: int) -> Vector:
    """Return (steps + 1,) values, NaN where there are none."""
    known = np.asarray(values, np.float64)
    return np.append(known, np.full(steps + 1 - len(known), np.nan))
