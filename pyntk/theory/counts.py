"""Options of routines that are numbers: admitted, or refused by name."""

import math
import operator
from collections.abc import Iterable
from typing import Any


def admit_count(name: str, value: Any, least: int = 1) -> int:
    """Return a whole number of at least ``least``.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is too small.
    """
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, not {value!r}") from None
    if number < least:
        raise ValueError(f"{name} must be at least {least}, not {number}")
    return number


def admit_counts(name: str, values: Any, least: int = 1) -> tuple[int, ...]:
    """Return one or more whole numbers of at least ``least``, ascending.

    Raises:
        TypeError: it is no sequence of whole numbers.
        ValueError: it is empty, or one of them is too small.
    """
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise TypeError(f"{name} must be a sequence of whole numbers, not {values!r}")
    found = tuple(sorted({admit_count(f"each of {name}", value, least) for value in values}))
    if not found:
        raise ValueError(f"{name} must not be empty")
    return found


def admit_positive(name: str, value: Any, below: float = math.inf) -> float:
    """Return a number between 0 and ``below``, both excluded.

    Raises:
        TypeError: it is no number.
        ValueError: it is out of that range.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, not {value!r}") from None
    if not 0 < number < below:
        limit = "positive and finite" if below == math.inf else f"between 0 and {below:g}"
        raise ValueError(f"{name} must be {limit}, not {number}")
    return number
