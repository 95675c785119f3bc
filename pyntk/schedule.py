"""Step sizes: numbers, arrays, functions of the step, and the schedules of the sources.

A step size is that of ``theta <- theta - eta d loss / d theta``, so it goes with the loss's
convention: half_squares is a sum over the batch, the other losses are means.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.arrays import admit, to_host
from pyntk.loss import dimensions
from pyntk.memory import require
from pyntk.scalars import admit_number

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Constant:
    """eta_k = c: see :func:`constant`."""

    c: float

    def sizes(self, steps: int, m: int) -> Vector:
        """Return c for every step, without an array of them."""
        return np.broadcast_to(np.float64(self.c), (steps,))


@dataclass(frozen=True)
class InverseWidth:
    """eta_k = c / m: see :func:`inverse_width`."""

    c: float

    def sizes(self, steps: int, m: int) -> Vector:
        """Return c / m for every step, without an array of them."""
        return Constant(self.c / m).sizes(steps, m)


@dataclass(frozen=True)
class MeanField:
    """eta_k = m epsilon xi((k + 1) epsilon): see :func:`mean_field`."""

    epsilon: float
    xi: Callable[[Vector], Any] | float

    def sizes(self, steps: int, m: int) -> Vector:
        """Return the step sizes of steps 0 ... steps - 1."""

        def eta(k: NDArray[np.int64]) -> Any:
            times: Vector = (k + 1) * np.float64(self.epsilon)
            return m * self.epsilon * (self.xi(times) if callable(self.xi) else times**self.xi)

        return _of_numbers(eta, steps)


def constant(c: float) -> Constant:
    """Return eta_k = c; a number as ``step_size`` is the same."""
    return Constant(admit_number("c", c, least=0))


def inverse_width(c: float) -> InverseWidth:
    """Return eta_k = c / m, m neurons.

    The number of steps to a given error does not grow with m, for networks made by
    ``TwoLayer.clustered``.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, section 6: c = 10, losses averaged over batches of 16.
    """
    return InverseWidth(admit_number("c", c, least=0))


def mean_field(epsilon: float, xi: Callable[[Vector], Any] | float = 0.0) -> MeanField:
    """Return eta_k = m s_k, s_k = epsilon xi((k + 1) epsilon).

    With ``loss="mean_squares"``, ``batch=1`` and scale 1/m the gradient with respect to theta_i is
    -2 (y - f) grad sigma_* / m, so a step is the paper's theta_i <- theta_i + 2 s_k (y - f) grad
    sigma_*(x; theta_i): the factor m is what it absorbs. Its time after k steps is t = k epsilon;
    the first step takes xi at t = epsilon, since xi may be singular at 0.

    Its noisy SGD, theta_i <- (1 - 2 lambda s_k) theta_i + ... + noise, is ``weight_decay =
    2 lambda / m`` and ``temperature = 2 / (beta m)``. The variance of the noise is then 4 s_k /
    beta in each coordinate, the one whose limit is the Gibbs measure exp(-beta Psi_lambda).

    Args:
        epsilon: the step of time.
        xi: a function of an array of times, or the exponent of a power: -1/4 is t^(-1/4), 0 is 1.

    References:
        S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561, equations for SGD and noisy SGD.
    """
    return MeanField(
        admit_number("epsilon", epsilon, least=0), xi if callable(xi) else admit_number("xi", xi)
    )


def step_sizes(step_size: Any, steps: int, m: int) -> Vector:
    """Return ``step_size=`` as an array (steps,) of finite numbers of at least 0.

    Raises:
        ValueError: a negative size, NaN or infinity, another shape than (steps,).
        TypeError: no number, array, function or schedule.
    """
    if isinstance(step_size, (Constant, InverseWidth, MeanField)):
        return step_size.sizes(steps, m)
    if callable(step_size):
        return _of_numbers(step_size, steps)
    if dimensions(step_size) == 0:
        return Constant(admit_number("step_size", step_size, least=0)).sizes(steps, m)
    return _admitted(step_size, steps)


def _of_numbers(eta: Callable[[NDArray[np.int64]], Any], steps: int) -> Vector:
    """Return what a function makes of the step numbers 0 ... steps - 1."""
    require("step_size", 16 * steps)
    with np.errstate(all="ignore"):  # what is not finite is an error that names the step
        return _admitted(eta(np.arange(steps)), steps)


def _admitted(sizes: Any, steps: int) -> Vector:
    array: Vector = to_host(admit(step_size=(sizes, "steps"))[0]).astype(np.float64)
    if array.shape != (steps,):
        raise ValueError(f"step_size must have shape ({steps},), not {array.shape}")
    if (array < 0).any():
        place = int((array < 0).argmax())
        raise ValueError(f"step_size[{place}] is {array[place]}; it must be at least 0")
    return array
