"""Numbers that a caller passes to a routine."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pyntk.theory.counts import admit_count


def counts(name: str, values: Sequence[Any], least: int = 1) -> list[int]:
    """Return whole numbers in ascending order.

    Raises:
        TypeError: one of them is none.
        ValueError: one is below ``least`` or not above the one before; there are none.
    """
    numbers = [admit_count(f"{name}[{k}]", value, least) for k, value in enumerate(values)]
    if not numbers:
        raise ValueError(f"{name} must not be empty")
    if any(a >= b for a, b in pairwise(numbers)):
        raise ValueError(f"{name} must increase, unlike {numbers}")
    return numbers


def number(name: str, value: Any, least: float = 0.0, most: float = math.inf) -> float:
    """Return a finite number.

    Raises:
        TypeError: it is none.
        ValueError: it is NaN or infinite, or out of the range.
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, not {value!r}") from None
    if not (math.isfinite(found) and least <= found <= most):
        asked = f"at least {least:g}" if most == math.inf else f"in [{least:g}, {most:g}]"
        raise ValueError(f"{name} must be {asked} and finite, not {found}")
    return found
