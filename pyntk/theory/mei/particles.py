"""The distributional dynamics as a flow of particles in the space of all parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.theory.mei.problem import MeanField

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SAFETY: Final = 0.9
SMALLEST_STEP: Final = 1e-12
"""Share of the whole time below which a step means that the flow cannot be followed."""

Slope = Callable[[Matrix], tuple[Matrix, float]]


@dataclass(frozen=True)
class Flow:
    """A trajectory of the particle flow.

    Attributes:
        times: (k,) the times asked for.
        particles: (k, N, P) the particles there.
        risks: (k,) R(rho_t) there.
        step_times: (s,) the times after each step, from 0 on.
        step_risks: (s,) R(rho_t) there.
    """

    times: Vector
    particles: NDArray[np.float64]
    risks: Vector
    step_times: Vector
    step_risks: Vector


def flow(
    problem: MeanField,
    theta: ArrayLike,
    times: Sequence[float] | Vector,
    *,
    masses: ArrayLike | None = None,
    xi: float = 0.0,
    tolerance: float = 1e-3,
) -> Flow:
    """Follow d theta_i / dt = -2 xi(t) grad Psi(theta_i; rho_t), rho_t the particles with masses.

    It is the gradient flow of the risk, which never grows along it. xi is a power of t, so it only
    changes the clock: the flow is followed in int_0^t xi, which is known exactly.

    Args:
        problem: V and U.
        theta: (N, P) the start.
        times: ascending, from 0 on.
        masses: (N,) of the particles, of sum 1; None for equal ones.
        xi: exponent of t, above -1; 0 is xi = 1.
        tolerance: of a step of Heun's method, against 1 + |theta|, largest entry.

    Raises:
        ValueError: times that do not ascend from 0, an exponent of at most -1, wrong shapes.
        ArithmeticError: the flow cannot be followed: the steps become too small.
    """
    start = np.array(theta, np.float64)
    q = np.full(len(start), 1 / len(start)) if masses is None else np.asarray(masses, np.float64)

    def slope(particles: Matrix) -> tuple[Matrix, float]:
        here = problem.field(particles, masses=q)
        risk = problem.risk_of(here.potential - here.interaction, here.interaction, q)
        return -2 * here.gradient, risk

    return follow(slope, start, times, xi=xi, tolerance=tolerance)


def follow(
    slope: Slope,
    start: Matrix,
    times: Sequence[float] | Vector,
    *,
    xi: float = 0.0,
    tolerance: float = 1e-3,
) -> Flow:
    """Follow d theta / dt = xi(t) slope by Heun's method with steps chosen by its error.

    Args:
        slope: (N, P) particles to (their slopes for xi = 1, the risk).
        start: (N, P).
        times: ascending, from 0 on.
        xi: exponent of t, above -1.
        tolerance: of a step, against 1 + |theta|, largest entry.

    Raises:
        ValueError, ArithmeticError: as for :func:`flow`.
    """
    asked = _admit(times, xi, tolerance)
    clock = asked ** (1 + xi) / (1 + xi)
    theta, (velocity, risk) = start.copy(), slope(start)
    now, step = 0.0, _first_step(velocity, tolerance, float(clock[-1]))
    steps, kept, kept_risks = [(0.0, risk)], [], []
    for target in clock:
        while now < target:
            if step < SMALLEST_STEP * clock[-1]:
                raise ArithmeticError(f"the flow cannot be followed beyond the risk {risk:g}")
            h = min(step, target - now)
            ahead, error = _heun(slope, theta, velocity, h)
            if error <= tolerance:
                now = target if h == target - now else now + h
                theta, (velocity, risk) = ahead, slope(ahead)
                steps.append((now, risk))
            if h == step or not error <= tolerance:
                step = h * _change(error, tolerance)
        kept.append(theta)
        kept_risks.append(risk)
    moments, risks = np.array(steps).T
    return Flow(asked, np.array(kept), np.array(kept_risks), _time(moments, xi), risks)


def _heun(slope: Slope, theta: Matrix, velocity: Matrix, h: float) -> tuple[Matrix, float]:
    """Return the particles after a step, and its error: the distance from Euler's step."""
    there, _ = slope(theta + h * velocity)
    ahead = theta + 0.5 * h * (velocity + there)
    return ahead, float(0.5 * h * np.max(np.abs(there - velocity) / (1 + np.abs(ahead))))


def _change(error: float, tolerance: float) -> float:
    """Return the factor from a step to the next."""
    if not np.isfinite(error):
        return 0.2
    return float(np.clip(SAFETY * np.sqrt(tolerance / max(error, 1e-300)), 0.2, 5.0))


def _admit(times: Sequence[float] | Vector, xi: float, tolerance: float) -> Vector:
    asked = np.asarray(times, np.float64)
    if asked.ndim != 1 or not len(asked) or not (np.diff(asked, prepend=0) >= 0).all():
        raise ValueError("times must ascend, from 0 on")
    if not np.isfinite(asked).all():
        raise ValueError("times must be finite")
    if not xi > -1:
        raise ValueError(f"xi must be above -1, not {xi}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}")
    return asked


def _first_step(velocity: Matrix, tolerance: float, whole: float) -> float:
    """Return a step in which no entry moves by more than the root of the tolerance."""
    return min(whole, float(np.sqrt(tolerance) / max(np.abs(velocity).max(), 1e-300)))


def _time(clock: Vector, xi: float) -> Vector:
    """Return the times at which int_0^t xi has these values."""
    return np.asarray(((1 + xi) * clock) ** (1 / (1 + xi)))
