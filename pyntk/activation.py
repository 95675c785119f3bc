"""Activation functions of a two-layer network: continuous and piecewise linear."""

from itertools import pairwise
from typing import Any, Final

import numpy as np

from pyntk.arrays import admit, to_host
from pyntk.contract import Activation
from pyntk.scalars import admit_number

MOST_KNOTS: Final = 8
"""The kernels hold an activation in registers."""


def relu(*, derivative_at_zero: int = 0) -> Activation:
    """Return sigma(p) = max(p, 0).

    Args:
        derivative_at_zero: sigma'(0), 0 or 1; 1 is the indicator 1{w.x >= 0} of Arora et al. and
            Du et al.

    Raises:
        ValueError: a derivative at zero other than 0 and 1.
    """
    return leaky_relu(0.0, derivative_at_zero=derivative_at_zero)


def leaky_relu(slope: float, *, derivative_at_zero: int = 0) -> Activation:
    """Return sigma(p) = p for p > 0, slope p elsewhere.

    Args:
        slope: of the negative side, finite.
        derivative_at_zero: 0 for the slope on the left, 1 for that on the right (which is 1).

    Raises:
        ValueError: a slope that is not finite, a derivative at zero other than 0 and 1.
        TypeError: a slope that is no number.
    """
    right = admit_derivative_at_zero(derivative_at_zero)
    return Activation((0.0,), (admit_number("slope", slope), 1.0), 0.0, right)


def piecewise_linear(
    knots: Any,
    values: Any,
    *,
    slopes: tuple[float, float] = (0.0, 0.0),
    derivative_at_knots: str = "left",
) -> Activation:
    """Return the continuous function through the points (knots, values), linear between them.

    Args:
        knots: 1 to 8 numbers, strictly ascending.
        values: sigma at the knots.
        slopes: before the first knot and after the last.
        derivative_at_knots: "left" or "right", which side's slope sigma' takes at a knot.

    Raises:
        ValueError: numbers that are not finite or not ascending, lengths that differ.
        TypeError: something that is no array of numbers.

    References:
        S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561, examples 1 and 3.
    """
    if derivative_at_knots not in ("left", "right"):
        raise ValueError(
            f"derivative_at_knots must be 'left' or 'right', not {derivative_at_knots!r}"
        )
    points = admit(knots=(knots, "t"), values=(values, "t"))
    t, v = (to_host(array).astype(np.float64) for array in points)
    if not 1 <= t.size <= MOST_KNOTS:
        raise ValueError(f"knots must be 1 to {MOST_KNOTS} numbers, not {t.size}")
    (outer,) = admit(slopes=(slopes, "t"))
    if outer.size != 2:
        raise ValueError(f"slopes must be two numbers, not {outer.size}")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        inner = np.diff(v) / np.diff(t)
    all_slopes = (float(outer[0]), *inner.tolist(), float(outer[1]))
    right = derivative_at_knots == "right"
    return admit_activation(Activation(tuple(t.tolist()), all_slopes, float(v[0]), right))


def admit_activation(activation: Any) -> Activation:
    """Return an activation that kernels take; raise TypeError or ValueError for anything else."""
    if not isinstance(activation, Activation):
        raise TypeError(
            "activation must be pyntk.activation.relu(), leaky_relu(...) or piecewise_linear(...), "
            f"not {type(activation).__name__}"
        )
    knots, slopes, value, right = activation
    if not 1 <= len(knots) <= MOST_KNOTS or len(slopes) != len(knots) + 1:
        raise ValueError(
            f"activation must have 1 to {MOST_KNOTS} knots and one slope more, not {len(knots)} "
            f"and {len(slopes)}"
        )
    finite = tuple(admit_number("a knot", knot) for knot in knots)
    if any(left >= after for left, after in pairwise(finite)):
        raise ValueError(f"knots must be strictly ascending, not {finite}")
    return Activation(
        finite,
        tuple(admit_number("a slope", slope) for slope in slopes),
        admit_number("the value at the first knot", value),
        bool(right),
    )


def admit_derivative_at_zero(value: Any) -> bool:
    """Return whether sigma'(0) is the slope on the right; raise ValueError but for 0 and 1."""
    if not isinstance(value, (int, np.integer)) or value not in (0, 1):
        raise ValueError(f"derivative_at_zero must be 0 or 1, not {value!r}")
    return bool(value)


def is_homogeneous(activation: Activation) -> bool:
    """Tell whether sigma(c p) = c sigma(p) for c > 0: a ReLU or a leaky ReLU."""
    return activation.knots == (0.0,) and activation.value == 0


def largest_value(activation: Activation, largest: float) -> float:
    """Return a bound on |sigma(p)| for |p| <= largest."""
    steepest, first = max(map(abs, activation.slopes)), abs(activation.knots[0])
    return abs(activation.value) + steepest * (first + largest)
