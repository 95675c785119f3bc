"""Cholesky's factorisation of a symmetric matrix, scaled to a diagonal between 1/2 and 2.

With s_i the power of two nearest H_ii^(-1/2), S = diag(s) H diag(s) is exact, and its rounding to
float32 is relative to sqrt(H_ii H_jj): what a factor can tell apart does not depend on the scale
of rows (van der Sluis 1969: within a factor n no diagonal scaling has a smaller condition number).
"""

from typing import Any, Final

import numpy as np

from pyntk.backends import lapack
from pyntk.contract import Array
from pyntk.linalg.interruptible import interruptible
from pyntk.linalg.symmetric import UNIT, Symmetric, blocks
from pyntk.memory import WORKING, require

LARGEST_SCALED: Final = 2.0
"""No entry of a positive semidefinite matrix with this largest diagonal is larger."""


class NotPositiveDefiniteError(np.linalg.LinAlgError):
    """A matrix is not positive definite, to the precision it was factored in.

    Attributes:
        row: where that was found out.
    """

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


class Factor:
    """diag(s) H diag(s) = L L' of a matrix H, in float32 or float64."""

    def __init__(self, L: Array, scale: Array) -> None:
        self.L, self.scale = L, scale

    def solve(self, B: Array) -> Array:
        """Return the columns H^-1 b of float64, for B (n, k) of float64, by the factor alone."""
        rows = np.ascontiguousarray((self.scale[:, None] * B).T)
        sizes = np.abs(rows).max(axis=1, initial=0)[:, None]
        sizes[sizes == 0] = 1
        work = (rows / sizes).astype(self.L.dtype, copy=False)
        interruptible(lambda: lapack.potrs(self.L, work))
        return self.scale[:, None] * (work.astype(np.float64) * sizes).T

    def log_determinant(self) -> float:
        """Return log det H."""
        log_scale = np.log2(self.scale).sum()  # integers: exact
        return float(2 * np.log(np.diagonal(self.L)).sum(dtype=np.longdouble)) - float(
            2 * log_scale * np.log(2.0)
        )

    def smallest_eigenvalue(self) -> float:
        """Estimate lambda_min(H) from above, by inverse iteration: to a factor, not to digits."""
        if not len(self.L):
            return np.inf
        V = np.random.default_rng(0).standard_normal((len(self.L), 4))
        growth = np.ones(4)
        for _ in range(6):
            V = self.solve(V / np.abs(V).max(axis=0))
            growth = np.abs(V).max(axis=0)
        return float(1 / growth.max())

    def inverse_diagonal(self) -> Array:
        """Return the diagonal of H^-1; the factor is gone after it."""
        interruptible(lambda: lapack.potri(self.L))
        return np.diagonal(self.L).astype(np.float64) * self.scale**2


def factorise(
    call: str, matrix: Symmetric, diagonal: Array, dtype: Any, *, hint: str = ""
) -> Factor:
    """Factor the matrix with another diagonal in place of its own.

    Raises:
        NotPositiveDefiniteError: see there.
        MemoryError: more memory is needed than is available, before anything large is allocated.
    """
    n = matrix.n
    dtype = np.dtype(dtype)
    require(call, n * n * dtype.itemsize + 2 * WORKING, hint=hint)
    scale = _powers_of_two(matrix.name, diagonal)
    A = np.empty((n, n), dtype)
    for begin, end in blocks(n):
        left, corner = matrix.rows(begin, end)
        for part, target, columns in (
            (left, A[begin:end, :begin], slice(begin)),
            (corner, A[begin:end, begin:end], slice(begin, end)),
        ):
            scaled = part * scale[begin:end, None]
            scaled *= scale[columns]
            if part is corner:
                np.fill_diagonal(scaled, 0)  # written below
            if not matrix.entry_error:  # no kernel of rows has such entries
                _refuse_large(matrix.name, scaled, begin, columns.start or 0)
            target[...] = scaled
    np.fill_diagonal(A, diagonal * scale * scale)
    orders: list[int] = []
    interruptible(lambda: orders.append(lapack.potrf(A)))
    pivots = np.diagonal(A)
    if orders[0] or not (pivots > 0).all() or not np.isfinite(pivots).all():
        row = orders[0] - 1 if orders[0] else int((~(pivots > 0)).argmax())
        raise NotPositiveDefiniteError(
            f"{matrix.name} is not positive definite in {dtype}: Cholesky's factorisation breaks "
            f"down in row {row} of {n}; it is indefinite, singular, or nearly so",
            row,
        )
    return Factor(A, scale)


def refuse_singular(name: str, factor: Factor) -> None:
    """Raise where a factor in float64 has a pivot that may be rounding alone.

    Cholesky often runs through a singular matrix: what should be 0 is some sqrt(n) u, scaled.

    Raises:
        NotPositiveDefiniteError: see there.
    """
    pivots = np.diagonal(factor.L).astype(np.float64) ** 2
    n = len(pivots)
    if n and not pivots.min() > 4 * np.sqrt(n) * UNIT:
        row = int(pivots.argmin())
        raise NotPositiveDefiniteError(
            f"{name} is singular to working precision: pivot {row} of {n} is {pivots[row]:.2g}, "
            "relative to the diagonal",
            row,
        )


def _powers_of_two(name: str, diagonal: Array) -> Array:
    if not (diagonal > 0).all():
        row = int((~(diagonal > 0)).argmax())
        raise NotPositiveDefiniteError(
            f"{name} is not positive definite: entry [{row}, {row}] of its diagonal is "
            f"{diagonal[row]}",
            row,
        )
    return np.ldexp(1.0, -(np.frexp(diagonal)[1] // 2))


def _refuse_large(name: str, scaled: Array, row: int, column: int) -> None:
    largest = max(scaled.max(initial=0), -scaled.min(initial=0))
    if largest <= LARGEST_SCALED:
        return
    place = np.unravel_index(int(np.abs(scaled).argmax()), scaled.shape)
    j, i = sorted((int(place[0]) + row, int(place[1]) + column))
    raise NotPositiveDefiniteError(
        f"{name} is not positive definite: its entry [{i}, {j}] is larger than sqrt(H_ii H_jj) of "
        "its row and column",
        i,
    )
