"""What the kernel predicts for labels of which a portion was redrawn: time to fit, test error."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import label_spectrum, ntk_gram, solve
from pyntk.data import redraw_labels
from pyntk.theory.cs839.fitting import LEVELS, expected_steps
from pyntk.theory.sample import Sample

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

PORTIONS: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
DRAWS: Final = 20


@dataclass(frozen=True)
class Corruption:
    """Predictions against the portion of redrawn labels.

    Attributes:
        portions: (q,).
        steps: (q, draws, 4) to each level of the residual, over those of true labels.
        error: (q, draws) share of held-out rows on the wrong side of the kernel's interpolant.
    """

    portions: Vector
    steps: Vector
    error: Matrix

    def at(self, level: float) -> Matrix:
        """Return the (q, draws) relative steps to a level."""
        steps: Matrix = self.steps[..., LEVELS.index(level)]
        return steps


def corruption_curve(
    sample: Sample, generator: np.random.Generator, how: dict[str, Any]
) -> Corruption:
    """Redraw portions of the training labels, several times each; predict.

    Args:
        sample: training and held-out rows.
        generator: source of the new labels.
        how: ``backend`` and ``threads``.

    Raises:
        numpy.linalg.LinAlgError: H is singular.
    """
    shape = (len(PORTIONS), DRAWS)
    drawn = [redraw_labels(sample.y, q, generator) for q in np.repeat(PORTIONS, DRAWS).tolist()]
    Y = np.stack([sample.y, *drawn], axis=1)
    H = ntk_gram(sample.X, **how)
    eigenvalues, projections = label_spectrum(H, Y, backend=how["backend"])
    eta = 1 / float(eigenvalues[-1])
    steps = np.array([expected_steps(eigenvalues, column, eta) for column in projections.T])
    interpolant = ntk_gram(sample.X_test, sample.X, **how) @ solve(H, Y[:, 1:]).x
    wrong = (interpolant * sample.y_test[:, None] <= 0).mean(axis=0)
    return Corruption(
        np.array(PORTIONS), (steps[1:] / steps[0]).reshape(*shape, -1), wrong.reshape(shape)
    )
