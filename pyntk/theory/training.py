"""One recorded training run: full-batch gradient descent on the first layer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import TwoLayer
from pyntk.theory.patterns import Movement, movement

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class TrainingRun:
    r"""What a run left behind.

    Attributes:
        steps: (K + 1,) the steps k = 0 .. K.
        residual: (K + 1,) \|u(k) - y\|.
        distance: (K + 1,) \|W(k) - W(0)\|_F.
        recorded: (T,) the steps at which patterns and movements were looked at; the last is K.
        movements: T records, one for each of those steps.
    """

    steps: NDArray[np.int64]
    residual: Vector
    distance: Vector
    recorded: NDArray[np.int64]
    movements: tuple[Movement, ...]

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
    records: int = 16,
    on_step: Callable[[], None] = lambda: None,
) -> TrainingRun:
    """Train the first layer by W <- W - eta dPhi/dW, Phi = 1/2 sum_i (f(x_i) - y_i)^2, and record.

    Args:
        network: trained in place; its dtype is that of the arithmetic.
        X: (n, d) rows.
        y: (n,) targets.
        eta: step.
        steps: K >= 1 steps.
        records: at most so many steps, spread geometrically over 1 .. K, at which activation
            patterns are compared with the start's (in float64: exact weights, rounded products).
        on_step: called after every step.

    Returns:
        The residual and the distance to the start at every step, the patterns at some.
    """
    dtype = network.W.dtype
    data, targets = np.asarray(X, dtype), np.asarray(y, dtype)
    start = network.W.copy()
    residual, distance = np.empty(steps + 1), np.zeros(steps + 1)
    recorded = np.unique(np.geomspace(1, steps, min(records, steps)).round().astype(np.int64))
    movements = []
    for k in range(steps + 1):
        loss, gradients = network.loss_and_gradient(data, targets)
        residual[k] = np.sqrt(2 * loss)
        if k:
            distance[k] = np.linalg.norm(network.W - start)
        if k in recorded:
            movements.append(movement(start, network.W, X))
        if k < steps:
            network.W -= dtype.type(eta) * gradients.dW
            on_step()
    return TrainingRun(np.arange(steps + 1), residual, distance, recorded, tuple(movements))
