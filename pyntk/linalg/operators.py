"""A symmetric operator as the iterative methods see it: products with blocks of columns."""

import functools
import inspect
import sys
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final, ParamSpec, TypeVar

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.linalg.where import DEVICE, HOST, Place, largest
from pyntk.places import placed
from pyntk.products import PADDED, ntk_operator
from pyntk.scalars import admit_integer
from pyntk.threads import allowed

P = ParamSpec("P")
R = TypeVar("R")

STRIP: Final = 16384
"""Rows of a strip at most (csrc/cpu/gram_strips.hpp)."""


class SymmetricOperator:
    """A real symmetric (n, n) operator, times a power of two that keeps products near 1.

    The power is that of the first product, so that no square of an entry overflows or vanishes; it
    is exact, and ``scale`` undoes it.
    """

    def __init__(self, operator: Any, place: Place) -> None:
        self._operator, self.place = operator, place
        self.n: int = operator.shape[0]
        self.single = np.dtype(operator.dtype) == np.float32
        self.products = 0
        self.scale = 0.0

    def __call__(self, V: Array) -> Array:
        """Return the product with V (n, c) of float64, in float64; one of columns near 1."""
        V = self.place.contiguous(V, np.float32 if self.single else np.float64)
        Y = self.place.xp.asarray(self._operator.matmat(V), np.float64)
        self.products += 1
        size = largest(Y)
        if not size < np.inf:
            raise ValueError("a product with the operator is not finite")
        if not self.scale:
            self.scale = float(np.ldexp(1.0, int(np.frexp(size)[1]))) if size else 1.0
        scaled: Array = Y / self.scale
        return scaled


def place_of_operator(value: Any) -> Place | None:
    """Return where a LinearOperator multiplies: SciPy's on the host, cupyx's on a device."""
    from scipy.sparse.linalg import LinearOperator

    if isinstance(value, LinearOperator):
        return HOST
    cupyx = sys.modules.get("cupyx.scipy.sparse.linalg")  # else there can be none of its own
    if cupyx is not None and isinstance(value, cupyx.LinearOperator):
        return DEVICE
    return None


def placed_by_operator(function: Callable[P, R]) -> Callable[P, R]:
    """As :func:`pyntk.places.placed`, for what takes rows, or an operator, before all else.

    An operator of host arrays makes it a call on the host, whatever backend PYNTK_BACKEND names;
    that of :func:`ntk_operator` on a device makes that device the current one.
    """
    on_its_place = placed(function)
    name = next(iter(inspect.signature(function).parameters))

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        op_or_X = args[0] if args else kwargs.get(name)
        place = place_of_operator(op_or_X)
        if place == HOST:
            return function(*args, **kwargs)
        device = getattr(op_or_X, "device", None) if place == DEVICE else None
        with device or nullcontext():
            return on_its_place(*args, **kwargs)

    return call


def admit_operator(operator: Any, kernel: dict[str, Any]) -> SymmetricOperator:
    """Return the operator of an argument: a LinearOperator itself, or the kernel of rows X.

    Raises:
        TypeError: keywords beside an operator, an operator that is not real; what ntk_operator
            raises.
        ValueError: an operator that is not square; what ntk_operator raises.
    """
    place = place_of_operator(operator)
    if place is None:
        inputs = admit(X=(operator, "n d"))
        return SymmetricOperator(ntk_operator(inputs[0], **kernel), Place(inputs.on_device))
    refuse_operator(operator, kernel)
    return SymmetricOperator(operator, place)


def refuse_operator(operator: Any, kernel: dict[str, Any]) -> None:
    """Raise ValueError or TypeError for what is no square and real LinearOperator.

    And for keywords of a kernel beside it.
    """
    if place_of_operator(operator) is None:
        raise TypeError(
            "operator must be a scipy.sparse.linalg.LinearOperator (or cupyx's, for a device), "
            f"not {type(operator).__name__}"
        )
    if kernel:
        raise TypeError(f"{next(iter(kernel))}= describes the kernel of X, but an operator came")
    if operator.shape[0] != operator.shape[1]:
        raise ValueError(f"the operator must be square, not {operator.shape}")
    if operator.dtype is None or np.dtype(operator.dtype).char not in "fd":
        raise TypeError(f"the operator must be float32 or float64, not {operator.dtype}")


def admit_seed(seed: Any) -> np.random.Generator:
    """Return a generator; raise TypeError or ValueError for a seed that is no integer >= 0."""
    number = admit_integer("seed", seed)
    if number < 0:
        raise ValueError(f"seed must be at least 0, not {number}")
    return np.random.default_rng(number)


def product_bytes(n: int, columns: int, place: Place = HOST) -> int:
    """Return what a product with so many columns allocates, in the most usual case.

    Four blocks of columns: those given, the same in the kernel, its sums, what it returns. On the
    host the norms of the rows, a strip of them, for each thread the sums of a slice and the tiles,
    and the sums that wait for their turn; on a device the sums in parts.
    """
    padded = max(columns, PADDED)
    if place.on_device:
        return 8 * n * padded * (4 + 3)
    threads = allowed()
    own = n * (8 * 2 * (columns + padded) + 48)
    sums = (threads + 1) * 8 * min(n, STRIP) * padded
    return own + sums + (8 + 2 * threads) * 2**20
