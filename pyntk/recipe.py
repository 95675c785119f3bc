"""Which kernel function a call asks for: its arguments, checked once, as a contract.Recipe."""

import math
from typing import Any, Final, Literal

from pyntk.contract import DEGREE, TRAINED, Recipe
from pyntk.scalars import admit_integer, admit_real

Trained = Literal["first", "last", "all"]
Accumulate = Literal["float64"] | None

LARGEST_DEPTH: Final = 1_000_000
"""The kernels count layers, and the exponents of products over them, in 32 bits."""


def admit_recipe(
    trained: Any, depth: Any, weight_variance: Any, bias_variance: Any, accumulate: Any
) -> Recipe:
    """Return the recipe of a neural tangent kernel.

    Raises:
        ValueError: an unknown name, depth < 1, a variance out of its range or not finite.
        TypeError: a depth that is no integer, a variance that is no number.
    """
    kind = admit_trained(trained)
    layers = admit_integer("depth", depth)
    if not 1 <= layers <= LARGEST_DEPTH:
        raise ValueError(f"depth must be 1 to {LARGEST_DEPTH}, not {layers}")
    a = admit_real("weight_variance", weight_variance)
    if not 0 < a < math.inf:
        raise ValueError(f"weight_variance must be positive and finite, not {a}")
    b = admit_real("bias_variance", bias_variance)
    if not 0 <= b < math.inf:
        raise ValueError(f"bias_variance must be at least 0 and finite, not {b}")
    return Recipe(kind, layers, a, b, _admit_accumulate(accumulate))


def admit_arc_cosine(degree: Any, accumulate: Any) -> Recipe:
    """Return the recipe of an arc-cosine kernel; raise ValueError but for degree 0 and 1."""
    number = admit_integer("degree", degree)
    if number not in DEGREE:
        raise ValueError(f"degree must be one of {', '.join(map(str, DEGREE))}, not {number}")
    return Recipe(DEGREE[number], float64_sums=_admit_accumulate(accumulate))


def admit_trained(trained: Any) -> int:
    """Return the code of ``trained=`` that kernels take; raise ValueError for another name."""
    if not isinstance(trained, str) or trained not in TRAINED:
        raise ValueError(f"trained must be one of {', '.join(TRAINED)}, not {trained!r}")
    return TRAINED[trained]


def admit_rows(rows: Any, n: int) -> slice | None:
    """Return ``rows=`` as a slice of n rows, or None; raise TypeError for anything but a slice."""
    if rows is None:
        return None
    if not isinstance(rows, slice):
        raise TypeError(f"rows must be a slice, not {type(rows).__name__}")
    try:
        rows.indices(n)
    except (TypeError, ValueError) as error:
        raise type(error)(f"rows is no usable slice: {error}") from None
    return rows


def _admit_accumulate(accumulate: Any) -> bool:
    if accumulate is None:
        return False
    if isinstance(accumulate, str) and accumulate == "float64":
        return True
    raise ValueError(f"accumulate must be None or 'float64', not {accumulate!r}")
