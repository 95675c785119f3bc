"""Sums and products in Numba with what their rounding lost: csrc/math/exact.hpp."""

from typing import Any

import numba
from numba.core import types
from numba.extending import intrinsic


def _fused(typing: Any, a: Any, b: Any, c: Any) -> Any:
    """A b + c rounded once."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.fma(*arguments)

    return types.float64(types.float64, types.float64, types.float64), generate


fused: Any = intrinsic(_fused)


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def exact_product(a: float, b: float) -> Any:
    """A b as a value and a rest."""
    product = a * b
    return product, fused(a, b, -product)


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def exact_sum(a: float, b: float) -> Any:
    """A + b as a value and a rest."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)
