"""The law that noisy SGD ends in, for particles of one parameter, and samples beside it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.mei.problem import MeanField

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MIXING: Final = 0.2
"""Share of the new law in each step of the iteration."""
STEPS: Final = 2000
SETTLED: Final = 1e-10


@dataclass(frozen=True)
class Law:
    """A law on the line.

    Attributes:
        theta: (g,) an even grid.
        density: (g,) of it.
        potential: (g,) Psi_lambda(theta; law).
    """

    theta: Vector
    density: Vector
    potential: Vector

    def distribution(self, theta: Vector) -> Vector:
        """Return P(theta_1 <= theta)."""
        step = self.theta[1] - self.theta[0]
        pieces = 0.5 * step * (self.density[1:] + self.density[:-1])
        whole = np.concatenate([[0.0], np.cumsum(pieces)])
        return np.asarray(np.interp(theta, self.theta, whole / whole[-1]))


def gibbs_law(
    problem: MeanField, beta: float, decay: float, *, reach: float, points: int = 301
) -> Law:
    """Return the law that is proportional to exp(-beta Psi_lambda(theta; law)).

    Psi_lambda(theta; rho) = V(theta) + int U(theta, .) d rho + decay theta^2 / 2. The free energy
    R / 2 + decay / 2 int theta^2 d rho - entropy / beta is convex, so there is one such law.

    Args:
        problem: with one parameter.
        beta: inverse temperature.
        decay: lambda.
        reach: the grid is [-reach, reach].
        points: of the grid.

    Raises:
        ValueError: a problem with several parameters.
        ArithmeticError: the iteration does not settle.
    """
    if problem.parameters != 1:
        raise ValueError(f"problem must have one parameter, not {problem.parameters}")
    theta = np.linspace(-reach, reach, points)
    particles = theta[:, None]
    step = theta[1] - theta[0]
    V = problem.V(particles) + 0.5 * decay * theta**2
    U = problem.U(particles, particles)

    def next_law(density: Vector) -> tuple[Vector, Vector]:
        potential = V + step * (U @ density)
        unscaled = np.exp(-beta * (potential - potential.min()))
        return unscaled / (step * unscaled.sum()), potential

    density = np.full(points, 1 / (2 * reach))
    share = MIXING
    last = np.inf
    for _ in range(STEPS):
        new, potential = next_law(density)
        change = step * np.abs(new - density).sum()
        if change <= SETTLED:
            return Law(theta, new, potential)
        share = min(share * (1.05 if change < last else 0.7), 1.0)
        density, last = density + share * (new - density), change
    raise ArithmeticError(f"the stationary law was not found: change {last:g} after {STEPS} steps")


def kolmogorov_smirnov(snapshots: Matrix, law: Law) -> float:
    """Return the largest distance of the empirical distribution function from the law's."""
    if not np.isfinite(snapshots).all():
        return math.nan
    x = np.sort(snapshots.ravel())
    F, steps = law.distribution(x), np.arange(len(x) + 1) / len(x)
    return float(max((steps[1:] - F).max(), (F - steps[:-1]).max()))


def effective_samples(snapshots: Matrix) -> float:
    """Return how many independent samples k snapshots (k, N) of N particles are worth.

    A particle's snapshots are correlated as those of an autoregressive process, r^j at distance j,
    r that of neighbouring snapshots of theta; different particles count as independent.
    """
    k, N = snapshots.shape
    if k < 2 or not np.isfinite(snapshots).all():
        return float(N)
    centred = snapshots - snapshots.mean()
    r = float((centred[1:] * centred[:-1]).mean() / (centred**2).mean())
    r = min(max(r, 0.0), 1.0)
    apart = np.arange(1, k)
    repeats = 1 + 2 * float(((1 - apart / k) * r**apart).sum())
    return float(N * k / repeats)
