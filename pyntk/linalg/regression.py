"""Kernel ridge regression, with the matrix or without."""

import sys
from typing import Any, Final, Literal

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.cg import reached, solve_bytes
from pyntk.linalg.cholesky import factor_bytes, factorise
from pyntk.linalg.leave_one_out import leave_one_out_residuals
from pyntk.linalg.operators import (
    admit_seed,
    place_of_operator,
    placed_by_operator,
    refuse_operator,
)
from pyntk.linalg.pilot import FEWEST, Forecast, forecast
from pyntk.linalg.preconditioner import Preconditioner, admit_rank
from pyntk.linalg.symmetric import KernelMatrix, Symmetric, admit_labels, admit_symmetric
from pyntk.linalg.system import System, system_of
from pyntk.linalg.where import DEVICE, Place, refuse_other_place
from pyntk.memory import host_available, require
from pyntk.products import ntk_matmul
from pyntk.progress import Report, admit_progress
from pyntk.scalars import admit_count, admit_number

Method = Literal["dense", "matrix_free"]

SHARE: Final = 0.9
"""Of the available memory that a dense fit may take; the rest is for what else happens."""


class KernelRegression:
    r"""f(z) = sum_j k(z, x_j) c_j, (K(X, X) + ridge I) c = y: of :func:`kernel_regression`.

    It minimises \|f(X) - y\|^2 + ridge \|f\|^2 in the space of the kernel. There is no intercept:
    subtract the mean of y where that is meant.

    Attributes:
        X: (n, d) float64 rows, as they were fitted, where they were given.
        coefficients: (n,) or (n, k) float64, beside X.
        ridge: as it was given.
        method: "dense" or "matrix_free".
        reason: why that method.
        announced_bytes: what the fit was expected to allocate at its highest point.
        residual: norm of y - (K + ridge I) c over that of y, computed anew; largest of the columns.
        steps: of conjugate gradients; 0 for a dense fit.
        forecast: what a matrix-free fit with ``progress=True`` was expected to take, else None.
    """

    def __init__(
        self, X: Array, y: Array, coefficients: Array, ridge: float, kernel: dict[str, Any],
        method: Method, reason: str, announced_bytes: int, residual: float, steps: int,
        forecast: Forecast | None,
    ) -> None:  # fmt: skip
        self.X, self._y, self.coefficients = X, y, coefficients
        self.ridge, self._kernel = ridge, kernel
        self.method, self.reason = method, reason
        self.announced_bytes, self.residual, self.steps = announced_bytes, residual, steps
        self.forecast = forecast

    def predict(self, Z: Any, *, progress: bool | Report = False) -> Array:
        """Return f(Z), (p,) or (p, k) float64, from products alone: K(Z, X) is never stored.

        Args:
            Z: (p, d) real numbers, finite, beside X.
            progress: as for :func:`ntk_matmul`.

        Raises:
            ValueError, TypeError, MemoryError: as for :func:`ntk_matmul`.
        """
        return ntk_matmul(Z, self.coefficients, self.X, progress=progress, **self._kernel)

    def leave_one_out(self) -> Array:
        """Return y_i - f_-i(x_i), f_-i the fit without sample i: exact, of the shape of y.

        The formula needs the diagonal of an inverse, hence the matrix, whatever the method of the
        fit was: it is factored anew, 8 n^2 bytes.

        Raises:
            MemoryError: they are not there; the message has both numbers.
            numpy.linalg.LinAlgError: K + ridge I is not positive definite.
        """
        return leave_one_out_residuals(X=self.X, y=self._y, ridge=self.ridge, **self._kernel)

    def __repr__(self) -> str:
        n, d = self.X.shape
        return (
            f"KernelRegression(n={n}, d={d}, ridge={self.ridge:g}, method={self.method!r}, "
            f"residual={self.residual:.2g}; {self.reason})"
        )


def kernel_regression(
    X: Any,
    y: Any,
    *,
    ridge: float = 0.0,
    method: Method | None = None,
    operator: Any = None,
    preconditioner: Preconditioner | None = "landmarks",
    rank: int | None = None,
    tol: float = 1e-8,
    most_steps: int = 1000,
    seed: int = 0,
    progress: bool | Report = False,
    **kernel: Any,
) -> KernelRegression:
    """Fit a kernel ridge regression; without ridge, the interpolant.

    Dense: the matrix in float64 and its Cholesky factorisation in place, 8 n^2 bytes. Matrix-free:
    :func:`cg_solve`, in memory proportional to n. Which one, why, and the bytes it needs are
    attributes of the result; ``progress=True`` also says so on standard error before the work, and
    how long a matrix-free fit will take, from one of a twelfth of the rows.

    Args:
        X: (n, d) real numbers, finite; float32 rows are converted to float64. On a CUDA device the
            fit stays there, as :func:`cg_solve` and :func:`solve` do.
        y: (n,) or (n, k) targets.
        ridge: at least 0, added to the diagonal of K.
        method: "dense" or "matrix_free"; None takes dense if that fits in nine tenths of the
            memory that is available where X is.
        operator: a scipy.sparse.linalg.LinearOperator (for a device, cupyx's) in whose products
            those with K(X, X) are made, such as :func:`pyntk.dask.operator` of the same X and
            keywords; matrix-free alone.
        preconditioner: as for :func:`cg_solve`; matrix-free alone.
        rank: as for :func:`cg_solve`; matrix-free alone.
        tol: as for :func:`cg_solve`; matrix-free alone.
        most_steps: as for :func:`cg_solve`; matrix-free alone.
        seed: as for :func:`cg_solve`; matrix-free alone.
        progress: True says what is done, and shows a bar of the steps of a matrix-free fit; a
            callable(done, total) is called for these steps.
        **kernel: keywords of :func:`ntk_gram`: ``trained``, ``depth``, ``weight_variance``,
            ``bias_variance``, ``threads``, ``backend``.

    Returns:
        A :class:`KernelRegression`, with ``predict(Z)`` and ``leave_one_out()``.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range.
        TypeError: an argument that is no real array, or is not where the others are; a parameter of
            the wrong type.
        MemoryError: more memory is needed than is available; the message has both numbers.
        numpy.linalg.LinAlgError: K + ridge I is not positive definite; without ridge, rows of X
            that make K singular (it names them); a matrix-free fit that did not reach ``tol``.

    References:
        C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, sections 2.2
        and 5.4.2.
    """
    fitted = _fitted(
        operator, X, y, kernel, ridge=ridge, method=method, preconditioner=preconditioner,
        rank=rank, tol=tol, most_steps=most_steps, seed=seed, progress=progress,
        backend=kernel.get("backend"),
    )  # fmt: skip
    return KernelRegression(*fitted)


@placed_by_operator
def _fitted(
    operator: Any, /, X: Any, y: Any, kernel: dict[str, Any], *, ridge: Any, method: Any,
    preconditioner: Any, rank: Any, tol: Any, most_steps: Any, seed: Any, progress: Any,
    backend: str | None,
) -> tuple[Any, ...]:  # fmt: skip
    """Return the arguments of :class:`KernelRegression`."""
    added = admit_number("ridge", ridge, least=0)
    if method not in (None, "dense", "matrix_free"):
        raise ValueError(f"method must be None, 'dense' or 'matrix_free', not {method!r}")
    if method == "dense" and operator is not None:
        raise ValueError("operator= is for method='matrix_free'")
    admit_number("tol", tol, least=0)
    admit_count("most_steps", most_steps)
    admit_seed(seed)
    admit_progress(progress)
    matrix = admit_symmetric("kernel_regression", None, X, kernel, definite=added == 0)
    assert isinstance(matrix, KernelMatrix)
    Y, is_vector, _ = admit_labels(y, matrix)
    targets = Y[:, 0] if is_vector else Y
    system = _system(matrix, operator)
    width = admit_rank(preconditioner, rank, system)
    needs = {
        "dense": factor_bytes(matrix.n, 8, matrix.place),
        "matrix_free": solve_bytes(matrix.n, Y.shape[1], preconditioner, width, matrix.place),
    }
    wanted: Method | None = method if operator is None else "matrix_free"
    chosen, reason = _choose(wanted, needs, matrix.place)
    require(
        "kernel_regression", needs[chosen], on_device=matrix.place.on_device, hint=_HINTS[chosen]
    )
    if progress is True:
        print(f"kernel_regression: {reason}", file=sys.stderr)
    foretold = None
    if chosen == "dense":
        coefficients, residual = _dense(matrix, Y, added)
        coefficients, steps = coefficients[:, 0] if is_vector else coefficients, 0
    else:
        how: dict[str, Any] = {"tol": tol, "most_steps": most_steps, "seed": seed}
        if progress is True and matrix.n >= FEWEST:
            foretold = forecast(matrix, system, targets, added, preconditioner, width, **how)
            print(f"kernel_regression: {foretold}", file=sys.stderr)
        coefficients, residual, steps = _matrix_free(
            system, targets, ridge=added, preconditioner=preconditioner, rank=rank,
            progress=progress, expected=foretold and foretold.steps_at_most, **how,
        )  # fmt: skip
    return (
        matrix.X, targets, coefficients, added, kernel, chosen, reason, needs[chosen], residual,
        steps, foretold,
    )  # fmt: skip


_HINTS: Final = {"dense": 'method="matrix_free" needs less', "matrix_free": "a smaller rank does"}


def _choose(method: Method | None, needs: dict[str, int], place: Place) -> tuple[Method, str]:
    """Return the method, and why in a sentence with the numbers."""
    if method is not None:
        return method, f"{method} was asked for, needs {_gib(needs[method])}"
    available, limit = place.available(host_available)
    fits = needs["dense"] <= SHARE * available
    comparison = "fits" if fits else "does not fit"
    chosen: Method = "dense" if fits else "matrix_free"
    return chosen, (
        f"dense needs {_gib(needs['dense'])} and {comparison} in {SHARE:.0%} of the "
        f"{_gib(available)} available ({limit})"
        + ("" if fits else f"; matrix_free needs {_gib(needs['matrix_free'])}")
    )


def _dense(matrix: Symmetric, Y: Array, ridge: float) -> tuple[Array, float]:
    """Return the coefficients by Cholesky and one step of refinement, and their residual."""
    diagonal = matrix.diagonal + ridge
    factor = factorise("kernel_regression", matrix, diagonal, np.float64)
    C = factor.solve(Y)
    C = C + factor.solve(Y - matrix.product(C) - ridge * C)
    R = Y - matrix.product(C) - ridge * C
    size, length = to_host(np.stack([np.linalg.norm(Y, axis=0), np.linalg.norm(R, axis=0)]))
    shares = length / np.where(size > 0, size, 1)
    return C, float(shares.max(initial=0))


def _system(matrix: KernelMatrix, operator: Any) -> System:
    """Return what products are made in."""
    if operator is not None:
        refuse_operator(operator, {})
        on_device = bool(place_of_operator(operator) == DEVICE)
        refuse_other_place("operator", on_device, matrix.place, matrix.argument)
        if operator.shape[0] != matrix.n:
            raise ValueError(
                f"the operator must have shape ({matrix.n}, {matrix.n}) as X has {matrix.n} rows, "
                f"not {operator.shape}"
            )
    return system_of(matrix, operator)


def _matrix_free(system: System, y: Array, **how: Any) -> tuple[Array, float, int]:
    solution = reached(system, y, start=None, **how)
    if not solution.converged:
        raise np.linalg.LinAlgError(
            f"conjugate gradients stopped at a residual of {solution.residual:.3g} of y, above "
            f"tol = {how['tol']:g}: {solution.reason}; a ridge, a larger rank or method='dense' "
            "may help"
        )
    return solution.x, solution.residual, solution.steps


def _gib(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"
