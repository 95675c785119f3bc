"""The second derivatives of the potential at a point mass, in closed form."""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from pyntk.theory.mei.problem import MeanField

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FAR: Final = 40.0
"""Standard deviations beyond which a Gaussian has no mass in double precision."""


def potential_hessian(problem: MeanField, theta: ArrayLike) -> Matrix:
    """Return Hess V + Hess_11 U at the point mass of theta: Hess Psi(.; delta_theta) at theta.

    It is E[(f(x) - y) Hess sigma(w.x)] with f(x) = sigma(w.x): a sum over the knots k of the change
    of slope there, times the density of w.x at k, times E[(sigma(k) - y) x x' | w.x = k].

    Args:
        problem: without output weights.
        theta: (P,) a particle.

    Returns:
        (P, P), symmetric.

    Raises:
        ValueError: a problem with output weights; w.x of deviation 0 in some component.
    """
    w = _weights(problem, theta)
    activation = problem.activation
    H = np.zeros((len(w), len(w)))
    values = _values_at_knots(problem)
    for j, (share, label) in enumerate(zip(problem.weights, problem.labels, strict=True)):
        mean, deviation, slope, left = _regression(problem, j, w)
        for knot, value, (before, after) in zip(
            activation.knots, values, pairwise(activation.slopes), strict=True
        ):
            z = (knot - mean) / deviation
            density = np.exp(-0.5 * z * z) / (np.sqrt(2 * np.pi) * deviation)
            x = problem.means[j] + z * slope
            weight = share * (after - before) * density * (value - label)
            H += weight * (np.outer(x, x) + left)
    return H


def interaction_hessian(problem: MeanField, theta: ArrayLike) -> Matrix:
    """Return Hess_12 U(theta, theta) = E[sigma'(w.x)^2 x x'], which is positive semidefinite.

    Args, Returns, Raises: as for :func:`potential_hessian`.
    """
    w = _weights(problem, theta)
    activation = problem.activation
    borders = [-np.inf, *activation.knots, np.inf]
    H = np.zeros((len(w), len(w)))
    for j, share in enumerate(problem.weights):
        mean, deviation, slope, left = _regression(problem, j, w)
        mu = problem.means[j]
        for (low, high), m in zip(pairwise(borders), activation.slopes, strict=True):
            mass, first, second = _moments((low - mean) / deviation, (high - mean) / deviation)
            H += share * m * m * (
                mass * (np.outer(mu, mu) + left)
                + first * (np.outer(mu, slope) + np.outer(slope, mu))
                + second * np.outer(slope, slope)
            )  # fmt: skip
    return H


def _weights(problem: MeanField, theta: ArrayLike) -> Vector:
    w = np.asarray(theta, np.float64)
    if problem.scaled:
        raise ValueError("problem must be one without output weights")
    if w.shape != (problem.parameters,):
        raise ValueError(f"theta must have shape ({problem.parameters},), not {w.shape}")
    return w


def _regression(problem: MeanField, j: int, w: Vector) -> tuple[float, float, Vector, Matrix]:
    """Return mean and deviation of p = w.x in component j, and x = mean + slope z + what is left.

    z is the standard form of p, and what is left is independent of it, with the covariance (P, P).
    """
    variance = problem.deviations[j] ** 2
    deviation = float(np.sqrt(variance @ (w * w)))
    if not deviation > 0:
        raise ValueError("theta must make w.x vary in every component")
    slope = variance * w / deviation
    return float(w @ problem.means[j]), deviation, slope, np.diag(variance) - np.outer(slope, slope)


def _values_at_knots(problem: MeanField) -> list[float]:
    activation = problem.activation
    values = [activation.value]
    inner = activation.slopes[1:-1]
    for (low, high), slope in zip(pairwise(activation.knots), inner, strict=True):
        values.append(values[-1] + slope * (high - low))
    return values


def _moments(low: float, high: float) -> tuple[float, float, float]:
    """Return E 1, E z, E z^2 of a standard Gaussian on the interval."""
    a, b = np.clip((low, high), -FAR, FAR)
    phi_a, phi_b = np.exp(-0.5 * np.array([a, b]) ** 2) / np.sqrt(2 * np.pi)
    mass = ndtr(b) - ndtr(a)
    return float(mass), float(phi_a - phi_b), float(mass + a * phi_a - b * phi_b)
