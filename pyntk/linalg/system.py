"""What conjugate gradients work on: the kernel matrix of rows, or an operator in its place."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.gram import ntk_gram
from pyntk.linalg.operators import place_of_operator, refuse_operator
from pyntk.linalg.symmetric import KernelMatrix, admit_symmetric
from pyntk.linalg.where import Place, largest


class System(NamedTuple):
    """A symmetric (n, n) matrix K that is never stored."""

    n: int
    argument: str
    """Whose n it is, for messages."""
    place: Place
    size: float
    """Of its entries, about."""
    product: Callable[[Array], Array]
    """K V for V (n, k) of float64, in float64."""
    columns: Callable[[Array], Array] | None
    """K_nL for indices L, in Fortran's order; None where there are products alone."""


def admit_system(op_or_X: Any, kernel: dict[str, Any], *, definite: bool) -> System:
    """Return the system of an argument of cg_solve.

    Raises:
        TypeError, ValueError: as for admit_symmetric, and for an operator as for admit_operator.
        numpy.linalg.LinAlgError: ``definite``, and rows of X make K singular.
    """
    place = place_of_operator(op_or_X)
    if place is not None:
        refuse_operator(op_or_X, kernel)
        product = products_of(op_or_X, place)
        any_vector = np.random.default_rng(0).standard_normal((op_or_X.shape[0], 1))
        size = largest(product(place.moved(any_vector)))
        return System(op_or_X.shape[0], "op", place, size, product, None)
    matrix = admit_symmetric("cg_solve", None, op_or_X, kernel, definite=definite)
    assert isinstance(matrix, KernelMatrix)
    return system_of(matrix, None)


def system_of(matrix: KernelMatrix, operator: Any) -> System:
    """Return the system of a kernel matrix; products are an operator's, if there is one."""
    product = matrix.product if operator is None else products_of(operator, matrix.place)
    size = largest(matrix.diagonal)
    X, kernel = matrix.X, matrix.kernel

    def columns(chosen: Array) -> Array:
        return ntk_gram(X[chosen], X, **kernel).T

    return System(matrix.n, "X", matrix.place, size, product, columns)


def products_of(operator: Any, place: Place) -> Callable[[Array], Array]:
    """Return the products of a LinearOperator with float64 columns, in float64."""

    def product(V: Array) -> Array:
        Y: Array = place.xp.asarray(operator.matmat(V), np.float64)
        if not np.isfinite(Y).all():
            raise ValueError("a product with the operator is not finite")
        return Y

    return product
