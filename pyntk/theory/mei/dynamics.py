"""The distributional dynamics of radii, as a flow of particles that the risk falls along."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.theory.mei.radial import Radial
from pyntk.theory.mei.radial_table import LONGEST, RadialTable
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

TOLERANCE: Final = 1e-5
"""Largest error of a radius in one step, estimated."""
FIRST: Final = 1e-4
"""The first step, in the time int xi dt."""
ROUNDING: Final = 1e-12
"""A rise of the risk that is rounding."""
MOST_STEPS: Final = 200_000
"""A flow of more steps has lost its way."""


@dataclass(frozen=True)
class Flow:
    """Radii that follow dr/dt = -2 xi(t) psi'(r; rho_t).

    Attributes:
        times: (k,) of the snapshots.
        radii: (k, M), in increasing order at the start.
        risk: (k,) R(rho_t).
        path: (steps + 1,) R after each step of the solver.
    """

    times: Array
    radii: Array
    risk: Array
    path: Array

    def quantiles(self, shares: ArrayLike) -> Array:
        """Return the quantiles of the radii, (k, len(shares))."""
        return np.asarray(np.quantile(self.radii, np.asarray(shares), axis=1).T)

    def at(self, times: ArrayLike) -> "Flow":
        """Return the flow with those of its snapshots alone that are nearest to the times."""
        wanted = np.atleast_1d(np.asarray(times, np.float64))
        nearest = np.abs(self.times[:, None] - wanted).argmin(axis=0)
        return Flow(self.times[nearest], self.radii[nearest], self.risk[nearest], self.path)


def follow(
    problem: Radial,
    start: Array,
    times: ArrayLike,
    *,
    xi: float = 0.0,
    tolerance: float = TOLERANCE,
    watch: Watch | None = None,
) -> Flow:
    """Follow the distributional dynamics from radii at time 0.

    The time enters through int_0^t xi alone, which is exact for a power: t^(1 + p) / (1 + p). The
    solver is Bogacki and Shampine's pair of orders 3 and 2; a step is halved where its error is too
    large or the risk would rise. A radius stays at 0 once it is there and the force keeps it.

    Args:
        problem: data and activation.
        start: (M,) radii at time 0.
        times: (k,) increasing, of the snapshots; the first may be 0.
        xi: the exponent p of xi(t) = t^p, above -1.
        tolerance: of the radii, in one step.
        watch: told how far the flow is.

    Raises:
        ValueError: times that do not increase, an exponent of at most -1, radii out of
            their range, no tolerance.
        ArithmeticError: the flow cannot be followed.

    References:
        Mei, Montanari, Nguyen, arXiv 1804.06561, the distributional dynamics; P. Bogacki, L.
        Shampine, Appl. Math. Lett. 2 (1989).
    """
    t = np.atleast_1d(np.asarray(times, np.float64))
    r = np.array(start, np.float64)
    if not (t[0] >= 0 and (np.diff(t) > 0).all() and np.isfinite(t).all()):
        raise ValueError("times must be finite, at least 0 and increasing")
    if not xi > -1:
        raise ValueError(f"xi must be the exponent of a power that can be integrated, not {xi}")
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}")
    if not ((r >= 0) & (r <= LONGEST)).all():
        raise ValueError(f"start must be radii from 0 to {LONGEST:g}")
    solver = _Solver(RadialTable(problem), r, tolerance)
    radii, risk = [], []
    clock = t ** (1 + xi) / (1 + xi)
    for goal in (watch or Watch()).over(clock.tolist()):
        solver.advance(goal)
        radii.append(solver.radii)
        risk.append(solver.risk)
    return Flow(t, np.array(radii), np.array(risk), np.array(solver.path))


class _Solver:
    """Radii at a time of the clock int xi dt, and how they move on."""

    def __init__(self, table: RadialTable, radii: Array, tolerance: float):
        self._table, self._tolerance = table, tolerance
        self.radii, self._now, self._step = radii, 0.0, FIRST
        self.risk, self._velocity = table.risk_and_velocity(radii)
        self.path = [self.risk]

    def advance(self, goal: float) -> None:
        """Go on to the time ``goal``."""
        while self._now < goal:
            step = min(self._step, goal - self._now)
            self._try(step)
            if goal - self._now < 1e-14 * goal:
                self._now = goal
            if len(self.path) > MOST_STEPS or self._step < 1e-14 * max(goal, 1e-300):
                raise ArithmeticError(
                    f"the flow could not be followed beyond int xi dt = {self._now:g}"
                )

    def _try(self, step: float) -> None:
        """Take the step if it is good; choose the next."""
        r, k1 = self.radii, self._velocity
        _, k2 = self._table.risk_and_velocity(_inside(r + step / 2 * k1))
        _, k3 = self._table.risk_and_velocity(_inside(r + 3 * step / 4 * k2))
        after = _inside(r + step * (2 * k1 + 3 * k2 + 4 * k3) / 9)
        risk, k4 = self._table.risk_and_velocity(after)
        lower = _inside(r + step * (7 * k1 / 24 + k2 / 4 + k3 / 3 + k4 / 8))
        error = float(np.abs(after - lower).max()) / self._tolerance
        if error > 1 or risk > self.risk + ROUNDING:
            self._step = step * (0.5 if error <= 1 else max(0.2, 0.9 * error ** (-1 / 3)))
            return
        self.radii, self.risk, self._velocity = after, risk, k4
        self._now += step
        self.path.append(risk)
        growth = min(5.0, 0.9 * max(error, 1e-6) ** (-1 / 3))
        self._step = max(self._step, step * growth) if growth > 1 else step * growth


def _inside(radii: Array) -> Array:
    """Return radii that are at least 0."""
    return np.maximum(radii, 0.0)
