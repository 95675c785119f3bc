"""Cholesky's factorisation of a symmetric matrix, scaled to a diagonal between 1/2 and 2.

With s_i the power of two nearest H_ii^(-1/2), S = diag(s) H diag(s) is exact, and its rounding to
float32 is relative to sqrt(H_ii H_jj): what a factor can tell apart does not depend on the scale
of rows (van der Sluis 1969: within a factor n no diagonal scaling has a smaller condition number).
"""

from typing import Any, Final

import numpy as np

from pyntk.backends import lapack
from pyntk.contract import Array
from pyntk.dispatch import load
from pyntk.linalg.long_sums import long_sum
from pyntk.linalg.symmetric import BLOCK_BYTES, UNIT, Symmetric, blocks
from pyntk.linalg.where import Place, column_sizes, largest, place_of
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
        self.L, self.scale, self.place = L, scale, place_of(L)

    def solve(self, B: Array) -> Array:
        """Return the columns H^-1 b of float64, for B (n, k) of float64, by the factor alone."""
        rows = self.place.contiguous((self.scale[:, None] * B).T)
        sizes = column_sizes(rows.T)[:, None]
        sizes = np.where(sizes == 0, 1, sizes)
        work = (rows / sizes).astype(self.L.dtype, copy=False)
        self.place.run(lambda: _library(self.place).potrs(self.L, work))
        return self.scale[:, None] * (work.astype(np.float64) * sizes).T

    def log_determinant(self) -> float:
        """Return log det H."""
        log_scale = float((np.frexp(self.scale)[1] - 1).sum())  # powers of two
        return 2 * long_sum(np.log(self.L.diagonal())) - 2 * log_scale * float(np.log(2.0))

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
        self.place.run(lambda: _library(self.place).potri(self.L))
        inverse: Array = self.L.diagonal().astype(np.float64) * self.scale**2
        return inverse


def _library(place: Place) -> Any:
    """Return who has potrf, potrs and potri."""
    return load("cuda") if place.on_device else lapack


def factorise(
    call: str, matrix: Symmetric, diagonal: Array, dtype: Any, *, hint: str = ""
) -> Factor:
    """Factor the matrix with another diagonal in place of its own.

    Raises:
        NotPositiveDefiniteError: see there.
        MemoryError: more memory is needed than is available, before anything large is allocated.
    """
    n, place = matrix.n, matrix.place
    dtype = np.dtype(dtype)
    needed = factor_bytes(n, dtype.itemsize, place) + WORKING
    require(call, needed, on_device=place.on_device, hint=hint)
    scale = _powers_of_two(matrix.name, diagonal)
    A = place.xp.empty((n, n), dtype)
    for begin, end in blocks(n, place=place):
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
    A.reshape(-1)[:: n + 1] = diagonal * scale * scale
    orders: list[int] = []
    place.run(lambda: orders.append(_library(place).potrf(A)))
    pivots = A.diagonal()
    if orders[0] or not (pivots > 0).all() or not np.isfinite(pivots).all():
        row = orders[0] - 1 if orders[0] else int((~(pivots > 0)).argmax())
        raise NotPositiveDefiniteError(
            f"{matrix.name} is not positive definite in {dtype}: Cholesky's factorisation breaks "
            f"down in row {row} of {n}; it is indefinite, singular, or nearly so",
            row,
        )
    return Factor(A, scale)


def factor_bytes(n: int, itemsize: int, place: Place) -> int:
    """Return what :func:`factorise` allocates at its highest point."""
    if not place.on_device:
        return n * n * itemsize + WORKING
    # A block of rows and what is made of it, and what potrf takes beside its tiles.
    block, tile = min(BLOCK_BYTES[True], 8 * n * n), min(n, int(load("cuda").TILE))
    return n * n * itemsize + 4 * block + 2 * tile * (tile + n) * itemsize


def refuse_singular(name: str, factor: Factor) -> None:
    """Raise where a factor in float64 has a pivot that may be rounding alone.

    Cholesky often runs through a singular matrix: what should be 0 is some sqrt(n) u, scaled.

    Raises:
        NotPositiveDefiniteError: see there.
    """
    pivots = factor.L.diagonal().astype(np.float64) ** 2
    n = len(pivots)
    if n and not pivots.min() > 4 * np.sqrt(n) * UNIT:
        row = int(pivots.argmin())
        raise NotPositiveDefiniteError(
            f"{name} is singular to working precision: pivot {row} of {n} is "
            f"{float(pivots[row]):.2g}, "
            "relative to the diagonal",
            row,
        )


def _powers_of_two(name: str, diagonal: Array) -> Array:
    if not (diagonal > 0).all():
        row = int((~(diagonal > 0)).argmax())
        raise NotPositiveDefiniteError(
            f"{name} is not positive definite: entry [{row}, {row}] of its diagonal is "
            f"{float(diagonal[row])}",
            row,
        )
    return np.ldexp(np.ones_like(diagonal), -(np.frexp(diagonal)[1] // 2))


def _refuse_large(name: str, scaled: Array, row: int, column: int) -> None:
    if largest(scaled) <= LARGEST_SCALED:
        return
    place = np.unravel_index(int(np.abs(scaled).argmax()), scaled.shape)
    j, i = sorted((int(place[0]) + row, int(place[1]) + column))
    raise NotPositiveDefiniteError(
        f"{name} is not positive definite: its entry [{i}, {j}] is larger than sqrt(H_ii H_jj) of "
        "its row and column",
        i,
    )
