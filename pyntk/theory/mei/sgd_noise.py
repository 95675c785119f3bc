"""How far the noise of one-pass SGD moves a neuron, against what the dynamics would do."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer
from pyntk.theory.mei.dynamics import Flow
from pyntk.theory.mei.one_pass import balanced, squared_steps
from pyntk.theory.mei.radial import Radial

Array = NDArray[np.float64]

SAMPLES: Final = 4000
NEURONS: Final = 200
"""That the gain is averaged over."""
COLLAPSED: Final = 0.1
"""The dynamics have collapsed where the median of |w| is so much of that at the start."""


def gain(problem: Radial, kappa: float, seed: int) -> float:
    """Return E (y - f)^2 sigma'(w.x)^2 |x|^2 at the start, w ~ N(0, kappa^2/d I)."""
    X, y = balanced(problem, SAMPLES, seed)
    network = TwoLayer.mean_field(
        NEURONS, problem.d, kappa=kappa, seed=seed, activation=problem.sigma, dtype=np.float32
    )
    knots, slopes, _, _ = problem.sigma
    slope = np.asarray(slopes)[np.searchsorted(knots, X @ network.W.T)]
    errors = (y - network.forward(X)) ** 2 * (X**2).sum(axis=1)
    return float((errors * (slope**2).mean(axis=1)).mean())


def noise_radius(
    problem: Radial, flow: Flow, kappa: float, epsilon: float, xi: float, until: float, seed: int
) -> float:
    """Return sqrt(4 g sum_k s_k^2): how far noise moves a neuron by the time ``until``.

    A step moves it by 2 s_k (y - f) sigma'(w.x) x, whose mean square is 4 s_k^2 g, g the gain at
    the start. The sum ends earlier where the dynamics have collapsed to w = 0.
    """
    median = flow.quantiles([0.5])[:, 0]
    collapsed = median <= COLLAPSED * kappa
    if collapsed.any():
        until = min(until, float(flow.times[collapsed][0]))
    squares = squared_steps(epsilon, xi, max(round(until / epsilon), 1))
    return float(np.sqrt(4 * gain(problem, kappa, seed) * squares))
