"""A line of a page: what was measured, the promise, and the largest figure of each backend."""

import math
from typing import NamedTuple


class Line(NamedTuple):
    """``measured`` has None for what is no number; it holds where none is above the promise."""

    what: str
    dtype: str
    promised: float
    measured: dict


def worst_of(values):
    """Return the largest of some figures, or None if one of them is no finite number."""
    values = [float(value) for value in values]
    return max(values, default=0.0) if all(map(math.isfinite, values)) else None
