"""Networks trained on redrawn labels, beside the gradient descent of the kernel H."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.arora.noise import NoiseCurve, error_below_bound, held_out_losses
from pyntk.theory.check import Check
from pyntk.theory.sample import Sample
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ALLOWED: Final = 0.25
"""Declared here: the held-out outputs of a wide network differ less from those of H's gradient
descent, relative to these. Thousands of neurons are wide for a few hundred rows, dozens are not."""


@dataclass(frozen=True)
class NoisyNetworks:
    """One trained network for each portion of random labels.

    Attributes:
        error: (q,) 0-1 test error of the networks.
        loss: (q,) mean of min(|f - y|, 1).
        absolute: (q,) mean of |f - y|.
        descent_error: (q,) 0-1 test error of H's gradient descent after as many steps.
        distance: (q,) |f - f_H| / |f_H|, the norms over held-out rows, f_H that of H's descent.
        steps: k.
        enough: the k that the theorem asks for, without its constant: log(n)/(eta lambda_0).
        width: m.
    """

    error: Vector
    loss: Vector
    absolute: Vector
    descent_error: Vector
    distance: Vector
    steps: int
    enough: float
    width: int

    def checks(self, curve: NoiseCurve) -> tuple[Check, Check]:
        """Check the theorem for the networks, and that they do what H's gradient descent does."""
        own = NoiseCurve(
            curve.portions, curve.complexity[:, :1],
            self.error[:, None], self.loss[:, None], self.absolute[:, None],
        )  # fmt: skip
        distance = float(self.distance.max())
        like_descent = Check(
            claim="networks: held-out |f - f_H|/|f_H| <= bound, f_H of H's gradient descent",
            source="Arora Thm 4.1, sec. 5 (1901.08584)",
            condition=(
                f"m = {self.width}, k = {self.steps} steps; Thm 5.1 asks for k >= "
                f"Omega(log(n/delta)/(eta lambda_0)), log(n)/(eta lambda_0) = {self.enough:.3g}; "
                f"{ALLOWED:g} is declared here"
            ),
            predicted=None,
            measured=distance,
            bound=ALLOWED,
            holds=distance <= ALLOWED,
        )
        return error_below_bound(own, "networks: "), like_descent

    def series(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by the names that the routine gives them."""
        return {
            "network_error": self.error,
            "network_loss": self.loss,
            "network_absolute": self.absolute,
            "descent_error": self.descent_error,
            "network_distance": self.distance,
        }


def train_on_noise(
    sample: Sample,
    cross: Matrix,
    Y: Matrix,
    Y_test: Matrix,
    spectrum: tuple[Vector, Matrix],
    *,
    width: int,
    steps: int,
    seed: int,
    how: Mapping[str, Any],
    watch: Watch,
) -> NoisyNetworks:
    """Train a network from the antisymmetric start on each row of labels, and measure it.

    Args:
        sample: the rows.
        cross: (p, n) kernel between held-out and training rows.
        Y: (q, n) training labels.
        Y_test: (q, p) held-out labels.
        spectrum: eigenvalues, ascending, and eigenvectors of H.
        width: m, even.
        steps: k of gradient descent, eta = 1/lambda_max.
        seed: of the networks.
        how: ``backend`` and ``threads``.
        watch: the networks are equal parts of the work.
    """
    eigenvalues, vectors = spectrum
    n, d = sample.X.shape
    eta = 1 / float(eigenvalues[-1])
    outputs = np.full(Y_test.shape, np.nan)
    X, X_test = sample.X.astype(np.float32), sample.X_test.astype(np.float32)
    for k in watch.over(range(len(Y))):
        network = TwoLayer.antisymmetric(
            width, d, seed=seed + k, dtype=np.float32, derivative_at_zero=1, **how
        )
        try:
            run = watch.train(
                network, (X, Y[k].astype(np.float32)), step_size=eta, steps=steps,
                record={"outputs": [steps]}, evaluate=X_test,
            )  # fmt: skip
        except DivergenceError:
            continue  # the outputs stay unknown, and the checks fail
        outputs[k] = run.records["outputs"].values[-1]
    filters = (1 - (1 - eta * eigenvalues) ** steps) / eigenvalues
    descent = (Y @ vectors * filters) @ (cross @ vectors).T
    distance = np.linalg.norm(outputs - descent, axis=1) / np.linalg.norm(descent, axis=1)
    return NoisyNetworks(
        *held_out_losses(outputs, Y_test), held_out_losses(descent, Y_test)[0], distance,
        steps, np.log(n) / (eta * float(eigenvalues[0])), width,
    )  # fmt: skip
