"""Options that are refused, by name, before anything is trained."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def admit_counts(**named: Any) -> None:
    """Refuse what is no whole number of at least 1.

    Raises:
        TypeError: no integer; the message names the option.
        ValueError: below 1.
    """
    for name, value in named.items():
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{name} must be a whole number, not {value!r}")
        if value < 1:
            raise ValueError(f"{name} must be at least 1, not {value}")


def admit_positive(**named: Any) -> None:
    """Refuse what is no finite number above 0.

    Raises:
        TypeError: no real number; the message names the option.
        ValueError: 0, negative, infinite or NaN.
    """
    for name, value in named.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise TypeError(f"{name} must be a number, not {value!r}")
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be above 0 and finite, not {value}")


def admit_several(**named: Any) -> None:
    """Refuse what is no sequence of one number or more.

    Raises:
        TypeError: no sequence; the message names the option.
        ValueError: an empty one, or a number that is not finite.
    """
    for name, values in named.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
            raise TypeError(f"{name} must be a sequence of numbers, not {values!r}")
        if not len(values) or not np.isfinite(np.asarray(values, np.float64)).all():
            raise ValueError(f"{name} must be one finite number or more, not {values!r}")


def admit_ascending(**named: Any) -> None:
    """Refuse what is no sequence of two whole numbers or more, each larger than the one before.

    Raises:
        TypeError: no sequence, or no integers; the message names the option.
        ValueError: fewer than two, below 1, or not ascending.
    """
    for name, values in named.items():
        admit_several(**{name: values})
        for value in values:
            admit_counts(**{name: value})
        if len(values) < 2 or (np.diff(np.asarray(values)) <= 0).any():
            raise ValueError(f"{name} must be two numbers or more, ascending, not {values!r}")


def admit_seed(seed: Any) -> None:
    """Refuse what is no whole number of at least 0.

    Raises:
        TypeError: no integer.
        ValueError: negative.
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be a whole number, not {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, not {seed}")
