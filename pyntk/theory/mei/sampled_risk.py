"""The risk of neurons of one norm from random networks: independent of any closed form."""

from typing import Any, Final

import numpy as np

from pyntk import TwoLayer
from pyntk.theory.mei.radial import Radial

SAMPLES: Final = 1000
NEURONS: Final = 500
"""Of a batch: samples, and neurons of each of its two networks."""


def sampled_risk(
    problem: Radial,
    radius: float,
    batches: int,
    seed: int,
    backend: str | None,
    threads: int | None,
) -> tuple[float, float]:
    """Return an unbiased estimate of R for w uniform on the sphere of this radius, and its error.

    With two independent networks f, f' of such neurons E (y - f) (y - f') = E (y - E f)^2 = R.
    Every batch draws its samples and networks anew, so that the batches' means are independent.

    Args:
        problem: data and activation.
        radius: |w|.
        batches: at least 2.
        seed: of samples and networks.
        backend: of the networks.
        threads: of the networks.

    Raises:
        ValueError: too few batches.
    """
    if batches < 2:
        raise ValueError(f"batches must be at least 2, not {batches}")
    generator = np.random.default_rng(seed)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    means = np.empty(batches)
    for k in range(batches):
        X, y = problem.mixture().sample(SAMPLES, seed=seed, first=k * SAMPLES)
        errors = np.ones(SAMPLES)
        for _ in range(2):
            W = generator.standard_normal((NEURONS, problem.d))
            W *= radius / np.linalg.norm(W, axis=1, keepdims=True)
            network = TwoLayer(
                W, np.ones(NEURONS), scale=1 / NEURONS, activation=problem.sigma, **how
            )
            errors *= y - network.forward(X)
        means[k] = errors.mean()
    return float(means.mean()), float(means.std(ddof=1) / np.sqrt(batches))
