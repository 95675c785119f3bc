"""What a number argument must be: checked here, by name."""

import math
import numbers
import operator
from typing import Any


def admit_integer(name: str, value: Any) -> int:
    """Return an integer; raise TypeError for anything else."""
    if type(value) is int:
        return value
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, not bool")
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, not {type(value).__name__}") from None


def admit_real(name: str, value: Any) -> float:
    """Return a real number as a float; raise TypeError for anything else."""
    if type(value) is float:
        return value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    return float(value)


def admit_count(name: str, value: Any) -> int:
    """Return an integer of at least 1; raise TypeError or ValueError for anything else."""
    count = admit_integer(name, value)
    if count < 1:
        raise ValueError(f"{name} must be at least 1, not {count}")
    return count


def admit_number(name: str, value: Any, *, least: float = -math.inf) -> float:
    """Return a finite number of at least ``least``; raise TypeError or ValueError else."""
    number = admit_real(name, value)
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, not {number}")
    if number < least:
        raise ValueError(f"{name} must be at least {least:g}, not {number}")
    return number
