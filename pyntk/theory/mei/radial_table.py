"""sbar(r |x|) on a grid of radii, so that many particles cost two matrix-vector products."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.mei.radial import Radial, sphere_mean, sphere_slope

Array = NDArray[np.float64]

SPACING: Final = 0.005
"""Of the grid; sbar(r |x|) varies over lengths of about a tenth."""
FIRST_LENGTH: Final = 4.0
"""Of the grid; it grows as the particles do."""
LONGEST: Final = 200.0
"""A table of 60 MB; the radii of the examples stay below 10."""


class RadialTable:
    """R and its velocity field, with sbar interpolated by cubics that have its slopes as well.

    The velocity is the exact gradient of the interpolated risk, so that the risk falls along the
    flow as it does for the risk itself.
    """

    def __init__(self, problem: Radial):
        self._problem = problem
        self._values = self._slopes = np.empty((0, len(problem.sizes)))
        self._grow(FIRST_LENGTH)

    def risk_and_velocity(self, radii: Array) -> tuple[float, Array]:
        """Return R and -2 psi'(r), (M,), for particles at these radii, (M,).

        Raises:
            ArithmeticError: a radius is NaN, or larger than LONGEST.
        """
        if not (radii <= LONGEST).all():
            raise ArithmeticError(f"the radii have left the range from 0 to {LONGEST:g}")
        self._grow(float(radii.max()))
        cell = (radii / SPACING).astype(np.int64)
        t = radii / SPACING - cell
        outputs = self._outputs(cell, t)
        pull = self._problem.pull(outputs)
        return self._problem.risk_of(outputs), -2 * self._slope(pull, cell, t)

    def _outputs(self, cell: NDArray[np.int64], t: Array) -> Array:
        """Return f at each node: each particle is shared between the two ends of its cell."""
        size, count = len(self._values), len(cell)
        rise = t * t * (3 - 2 * t)
        of_values = np.bincount(cell, 1 - rise, size) + np.bincount(cell + 1, rise, size)
        of_slopes = np.bincount(cell, t * (1 - t) ** 2, size)
        of_slopes -= np.bincount(cell + 1, t * t * (1 - t), size)
        return np.asarray((of_values @ self._values + SPACING * (of_slopes @ self._slopes)) / count)

    def _slope(self, pull: Array, cell: NDArray[np.int64], t: Array) -> Array:
        """Return psi'(r) for each particle."""
        psi, slope = self._values @ pull, self._slopes @ pull
        between = 6 * t * (1 - t) * (psi[cell + 1] - psi[cell]) / SPACING
        ends = (1 - t) * (1 - 3 * t) * slope[cell] + t * (3 * t - 2) * slope[cell + 1]
        return np.asarray(between + ends)

    def _grow(self, radius: float) -> None:
        """Make the grid reach beyond a radius."""
        begin = len(self._values)
        if radius < (begin - 1) * SPACING:
            return
        end = max(2 * (begin - 1), int(max(radius, FIRST_LENGTH) / SPACING)) + 2
        sizes, sigma, d = self._problem.sizes, self._problem.sigma, self._problem.d
        u = np.multiply.outer(SPACING * np.arange(begin, end), sizes)
        self._values = np.concatenate([self._values, sphere_mean(sigma, d, u)])
        self._slopes = np.concatenate([self._slopes, sizes * sphere_slope(sigma, d, u)])
