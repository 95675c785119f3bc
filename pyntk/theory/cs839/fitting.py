r"""How long gradient descent takes to fit labels, measured and as the kernel predicts.

Phi = 1/2 \|u - y\|^2, eta = 1/lambda_max(H), first layer alone, from f = 0. The root mean square of
the residual after k steps is sqrt(sum_i (1 - eta lambda_i)^(2k) (v_i.y)^2 / n).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer, label_spectrum, ntk_gram
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEVELS: Final = (0.5, 0.2, 0.1, 0.01)
"""Of the root mean square residual: "fitted" means the last."""
SPARE: Final = 1.5
"""Steps are taken so many times as long as the kernel predicts for the last level."""


@dataclass(frozen=True)
class Task:
    """Rows and labels to fit, and held-out ones."""

    X: Matrix
    y: Vector
    X_test: Matrix
    y_test: Vector


@dataclass(frozen=True)
class Fit:
    """A task that was trained on.

    Attributes:
        rmse: (K + 1,) root mean square residual after 0 .. K steps.
        predicted: (K + 1,) as the kernel predicts.
        steps: (4,) steps to the :data:`LEVELS`, NaN where not reached.
        predicted_steps: (4,) as the kernel predicts, however many.
        train_error: share of training rows on the wrong side at the end.
        test_error: the same of held-out rows.
        complexity: sqrt(2 y' H^-1 y / n).
    """

    rmse: Vector
    predicted: Vector
    steps: Vector
    predicted_steps: Vector
    train_error: float
    test_error: float
    complexity: float


def fit(
    task: Task, *, width: int, most: int, seed: int, watch: Watch, how: Mapping[str, Any]
) -> Fit:
    """Train a network on a task until it is fitted, for ``most`` steps at most."""
    n, d = task.X.shape
    H = ntk_gram(task.X, **how)
    eigenvalues, projections = label_spectrum(H, task.y, backend=how["backend"])
    eta = 1 / float(eigenvalues[-1])
    predicted_steps = expected_steps(eigenvalues, projections, eta)
    enough = SPARE * predicted_steps[-1] + 10
    steps = int(min(most, enough)) if math.isfinite(enough) else most
    network = TwoLayer.antisymmetric(
        width, d, seed=seed, dtype=np.float32, derivative_at_zero=1, **how
    )
    try:
        run = watch.train(
            network, (task.X, task.y), step_size=eta, steps=steps, record={"residual": 1}
        )
        residual = run.records["residual"].values
    except DivergenceError as error:
        residual = np.full((steps + 1, n), np.nan)
        known = error.run.records["residual"].values
        residual[: len(known)] = known
    rmse = np.sqrt((np.asarray(residual, np.float64) ** 2).mean(axis=1))
    outputs = residual[-1] + task.y
    return Fit(
        rmse=rmse,
        predicted=expected_rmse(eigenvalues, projections, eta, np.arange(steps + 1)),
        steps=steps_to(rmse),
        predicted_steps=predicted_steps,
        train_error=wrong_side(outputs, task.y),
        test_error=wrong_side(network.forward(task.X_test), task.y_test),
        complexity=math.sqrt(2 * float((projections / eigenvalues).sum()) / n),
    )


def expected_rmse(
    eigenvalues: Vector, projections: Vector, eta: float, steps: NDArray[np.int64]
) -> Vector:
    """Return the predicted root mean square residual after each of ``steps`` (K,).

    Args:
        eigenvalues: (n,) of H.
        projections: (n,) squares (v_i.y)^2.
        eta: step size.
        steps: (K,) whole numbers >= 0.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a kernel for which eta is too large
        powers = (1 - eta * eigenvalues) ** (2 * np.asarray(steps))[:, None]
        predicted: Vector = np.sqrt(powers @ projections / len(eigenvalues))
    return predicted


def expected_steps(
    eigenvalues: Vector,
    projections: Vector,
    eta: float,
    levels: Sequence[float] = LEVELS,
    most: int = 2**40,
) -> Vector:
    """Return the fewest steps with a predicted root mean square below each level, by bisection.

    The prediction falls with the steps if eta lambda_max < 2, which is taken for granted. NaN where
    2^40 steps are not enough.
    """
    found = np.full(len(levels), np.nan)
    for place, level in enumerate(levels):
        low, high = -1, 1
        while high < most and not _below(eigenvalues, projections, eta, high, level):
            low, high = high, 2 * high
        if high >= most:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if _below(eigenvalues, projections, eta, middle, level):
                high = middle
            else:
                low = middle
        found[place] = high
    return found


def _below(eigenvalues: Vector, projections: Vector, eta: float, steps: int, level: float) -> bool:
    return bool(expected_rmse(eigenvalues, projections, eta, np.array([steps]))[0] < level)


def steps_to(rmse: Vector, levels: Sequence[float] = LEVELS) -> Vector:
    """Return the fewest steps with a root mean square below each level, NaN for no such step."""
    return np.array(
        [float(np.argmax(rmse < level)) if (rmse < level).any() else np.nan for level in levels]
    )


def wrong_side(outputs: Any, y: Vector) -> float:
    """Return the share of outputs without the sign of their label; an output of NaN is wrong."""
    return float(1 - (np.asarray(outputs) * y > 0).mean())
