"""The eigenvalues of A and the projections of labels on its eigenvectors, without these.

A = Q T Q', T tridiagonal. With T = V diag(w) V', the projections of a label y are (V' Q' y)^2: Q' y
by the reflections that Q is made of, V' by the rotations of the QL iteration.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pyntk.backends import lapack_two_stage
from pyntk.backends.lapack import BLOCK
from pyntk.backends.lapack_library import call

SAFE: Final = {np.dtype(np.float32): 40, np.dtype(np.float64): 400}
"""Entries up to two to this power, and down to its reciprocal, are not scaled."""


def label_spectrum(ql: Callable[..., None], *, A: Any, Y: Any, w: Any, P: Any) -> None:
    """See :mod:`pyntk.contract`; ``ql`` is a backend's tridiagonal_spectrum, in float64 always."""
    if len(A) == 0:
        return
    exponent = scale(A)
    if len(Y) == 1 and lapack_two_stage.is_faster(len(A), A.dtype):
        length = lapack_two_stage.map_to_first(A, Y[0])
        d, e = lapack_two_stage.reduce(A)
        rotated = np.zeros(Y.shape)
        rotated[0, 0] = length
    else:
        d, e, reflections = tridiagonalise(A)
        rotated = Y.copy()
        rotate(A, reflections, rotated)
    values, products = np.empty(len(A)), np.empty(Y.shape)
    ql(d=_double(d), e=_double(e), Y=_double(rotated), w=values, Z=products)
    if np.isnan(values).any():
        raise np.linalg.LinAlgError("the QL iteration did not converge")
    w[:], P[:] = np.ldexp(values, exponent), products**2


def tridiagonalise(A: Any) -> tuple[Any, Any, Any]:
    """Return d, e and reflections: T = Q' A Q has the diagonal d, and e beside it.

    By Householder's reflections in one stage (sytrd, 4 n^3 / 3 operations), which A holds then.
    """
    n, dtype = len(A), A.dtype
    d, e, reflections = np.empty(n, dtype), np.empty(n - 1, dtype), np.empty(max(1, n - 1), dtype)
    size = BLOCK * n
    call("sytrd", dtype, b"U", n, A, n, d, e, reflections, np.empty(size, dtype), size)
    return d, e, reflections


def rotate(A: Any, reflections: Any, Y: Any, *, back: bool = False) -> None:
    """Y <- Y Q, or Y Q' (``back``), for the rows of Y (k, n): ormtr, 4 n^2 operations for a row."""
    (k, n), dtype = Y.shape, A.dtype
    if k == 0:
        return
    size = (BLOCK + 1) * BLOCK + BLOCK * k  # ormtr keeps a triangular factor of a block as well
    call(
        "ormtr", dtype, b"L", b"U", b"N" if back else b"T", n, k, A, n, reflections, Y, n,
        np.empty(size, dtype), size,
    )  # fmt: skip


def scale(A: Any) -> int:
    """Divide A by a power of two if its entries are huge or tiny; return the exponent.

    LAPACK's drivers do so themselves, its reductions do not: products of entries would leave the
    range.
    """
    lower = (row[: i + 1] for i, row in enumerate(A))
    largest = max(max(float(row.max()), -float(row.min())) for row in lower)
    exponent = int(np.frexp(largest)[1])
    if largest == 0 or abs(exponent) <= SAFE[A.dtype]:
        return 0
    np.ldexp(A, -exponent, out=A)
    return exponent


def _double(array: Any) -> Any:
    return np.asarray(array, np.float64)
