"""A result beyond the range of its dtype is infinite, and never silently so."""

import math
import warnings
from typing import Final

import numpy as np

from pyntk.contract import DEGREE, TRAINED, Array, Recipe
from pyntk.finite import are_finite, is_assumed_finite


def warn_of_overflow(
    K: Array, recipe: Recipe, d: int, largest: tuple[float, ...], *, stacklevel: int
) -> None:
    """Warn if an entry of a Gram matrix is infinite.

    Only inputs large enough to make one are worth a look at K: by Cauchy and Schwarz an entry is at
    most sqrt(k(x, x) k(z, z)).

    Args:
        K: the matrix, or its diagonal.
        recipe: of its entries.
        d: columns of the inputs.
        largest: absolute value in the rows x and in the rows z.
        stacklevel: of the caller of the public function, seen from here.
    """
    warn_if_infinite(
        K, "an entry of the Gram matrix", bound=largest_of_gram(recipe, d, *largest),
        stacklevel=stacklevel + 1,
    )  # fmt: skip


def warn_if_infinite(result: Array, what: str, *, bound: float = math.inf, stacklevel: int) -> None:
    """Warn if an entry is not finite; only a bound beyond the dtype's range is worth a look."""
    if is_assumed_finite() or bound <= _LARGEST_NUMBER[result.dtype.char] or are_finite(result):
        return
    warnings.warn(
        f"{what} exceeds the range of {result.dtype} and is infinite",
        RuntimeWarning,
        stacklevel=stacklevel,
    )


def largest_of_gram(recipe: Recipe, d: int, largest_x: float, largest_z: float) -> float:
    """Return a bound on |k(x, z)|, roundings included, for rows of d numbers up to these."""
    bound = 4.0
    for size in (largest_x, largest_z):
        bound *= math.sqrt(largest_entry(recipe, d * size * size))
    return bound


def largest_entry(recipe: Recipe, squares: float) -> float:
    """Return a bound on k(x, x) for rows with |x|^2 <= squares; infinite where it overflows.

    With q_l = K_l(x, x), E[relu relu] <= q_l / 2 and E[relu' relu'] <= 1/2 give it layer by layer.
    """
    if recipe.kind == DEGREE[0]:
        return 1.0
    if recipe.kind == DEGREE[1]:
        return squares
    half = recipe.weight_variance / 2
    q = recipe.weight_variance * squares + recipe.bias_variance
    if recipe.kind == TRAINED["first"]:
        exponent = recipe.depth * (math.log(recipe.weight_variance) - math.log(2))
        return q * math.exp(exponent) if exponent < 700 else math.inf
    tangent = q
    for _ in range(recipe.depth):
        q = half * q + recipe.bias_variance
        tangent = half * tangent + q
    return q if recipe.kind == TRAINED["last"] else tangent


_LARGEST_NUMBER: Final = {"f": float(np.finfo(np.float32).max), "d": float(np.finfo(float).max)}
