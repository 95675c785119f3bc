"""Linear systems with a kernel matrix that is never stored, by conjugate gradients."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.linalg.conjugate_gradients import Recurrence, run
from pyntk.linalg.operators import admit_seed, placed_by_operator, product_bytes
from pyntk.linalg.preconditioner import (
    Preconditioner,
    admit_rank,
    approximation,
    approximation_bytes,
    products_of_preconditioner,
)
from pyntk.linalg.steps import Steps
from pyntk.linalg.symmetric import admit_labels
from pyntk.linalg.system import System, admit_system
from pyntk.linalg.where import HOST, Place, refuse_other_place
from pyntk.memory import require
from pyntk.progress import Report
from pyntk.scalars import admit_count, admit_number


class CGSolution(NamedTuple):
    """An approximation of (K + ridge I)^-1 y, and how it was reached.

    Attributes:
        x: (n,) or (n, k) float64, as y.
        residuals: (steps + 1,) or (steps + 1, k): norms of the residual over that of y after each
            step, by the recurrence. A column that is done keeps its last one. A NumPy array,
            wherever y is.
        residual: the same of x, computed anew from a product; the largest of the columns.
        steps: of conjugate gradients, each of one product.
        converged: whether ``residual`` is at most the tolerance.
        reason: why it stopped.
        rank: of the preconditioner, 0 for none.
    """

    x: Array
    residuals: Array
    residual: float
    steps: int
    converged: bool
    reason: str
    rank: int


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during :func:`cg_solve`.

    Attributes:
        x: (n,) or (n, k) float64, what was reached; give it as ``start`` to go on.
    """

    def __init__(self, x: Array) -> None:
        super().__init__("cg_solve was interrupted; the exception's x is what was reached")
        self.x = x


def cg_solve(
    op_or_X: Any,
    y: Any,
    *,
    ridge: float = 0.0,
    preconditioner: Preconditioner | None = "nystrom",
    rank: int | None = None,
    tol: float = 1e-6,
    most_steps: int = 1000,
    start: Any = None,
    seed: int = 0,
    progress: bool | Report = False,
    **kernel: Any,
) -> CGSolution:
    r"""Solve (K(X, X) + ridge I) x = y without storing K.

    Conjugate gradients, preconditioned with a Nystrom approximation of K: "nystrom" makes it from
    products with random columns; "landmarks" from the columns of random rows, for a small share of
    the entries, which is as good unless few rows are unlike all others. Several right-hand sides
    share each product; each column has its own recurrence, and leaves the product
    when it is done. When all are done the residual is computed anew, and the recurrence is started
    again from it where it is larger than the tolerance, until that gains nothing.

    Everything is in float64: float32 rows are converted once, and the kernel is that of the
    converted rows, so there is no float32 floor to the residual. A residual can reach about
    2^-53 n lambda_max / (lambda_min + ridge), and no less.

    Memory is proportional to n (d + 2 rank + 20 k). On a CUDA device everything stays there but
    two numbers a step and column, for which the host waits; test vectors are drawn on the host, so
    that a seed means the same everywhere.

    Args:
        op_or_X: (n, d) rows, real numbers, finite; or a real symmetric LinearOperator in place of
            their kernel, of scipy.sparse.linalg for host arrays or cupyx.scipy.sparse.linalg for a
            device.
        y: (n,) or (n, k) right-hand sides.
        ridge: at least 0, added to the diagonal of K.
        preconditioner: "nystrom"; "landmarks", for rows alone; None for none.
        rank: of the preconditioner, 1 to n; None means 512, for landmarks 6 sqrt(n) between 512 and
            2048, or n / 2 where that is less.
        tol: the largest norm of a residual over that of its y.
        most_steps: steps before giving up.
        start: an approximation of x to start from, of the shape of y; it is not modified.
        seed: of the random test vectors of the preconditioner.
        progress: True shows a bar; a callable(done, total) is called after each product.
        **kernel: keywords of :func:`ntk_matmul`: ``trained``, ``depth``, ``weight_variance``,
            ``bias_variance``, ``threads``, ``backend``; for rows alone.

    Returns:
        A :class:`CGSolution`, a named tuple. Where the tolerance was not reached ``converged`` is
        False, and a warning says so.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range.
        TypeError: an argument that is no real array, or is not where the others are; a parameter of
            the wrong type.
        MemoryError: more memory is needed than is available; the message has both numbers.
        numpy.linalg.LinAlgError: without ridge, rows of X that make K singular (it names them).
        SolveInterrupted: a KeyboardInterrupt with what was reached; before the first step, while
            the preconditioner is made, Ctrl-C raises a plain one.

    Warns:
        RuntimeWarning: the tolerance was not reached.

    References:
        M. Hestenes, E. Stiefel, J. Res. Nat. Bur. Standards 49, 1952;
        Z. Frangella, J. Tropp, M. Udell, SIAM J. Matrix Anal. Appl. 44, 2023, arXiv 2110.02820.
    """
    solution = _solved(
        op_or_X, y, kernel, ridge=ridge, preconditioner=preconditioner, rank=rank, tol=tol,
        most_steps=most_steps, start=start, seed=seed, progress=progress,
        backend=kernel.get("backend"),
    )  # fmt: skip
    if not isinstance(solution, CGSolution):
        raise SolveInterrupted(solution)
    if not solution.converged:
        warnings.warn(
            f"cg_solve stopped at a residual of {solution.residual:.3g} of y, above tol = "
            f"{tol:.3g}: {solution.reason}",
            RuntimeWarning,
            stacklevel=2,
        )
    return solution


@placed_by_operator
def _solved(
    op_or_X: Any, /, y: Any, kernel: dict[str, Any], *, ridge: Any, start: Any,
    backend: str | None, **how: Any,
) -> CGSolution | Array:  # fmt: skip
    """Return the solution, or the x that was reached where Ctrl-C came."""
    added = admit_number("ridge", ridge, least=0)
    system = admit_system(op_or_X, kernel, definite=added == 0)
    try:
        return reached(system, y, ridge=added, start=start, **how)
    except SolveInterrupted as interrupted:
        return interrupted.x


def reached(
    system: System, y: Any, *, ridge: float, preconditioner: Any, rank: Any, tol: Any,
    most_steps: Any, start: Any, seed: Any, progress: Any, expected: int | None = None,
) -> CGSolution:  # fmt: skip
    """Return the solution of :func:`cg_solve`, converged or not, without a warning.

    A bar has room for the steps that are expected, or for the most that there can be.
    """
    tolerance = admit_number("tol", tol, least=0)
    most = admit_count("most_steps", most_steps)
    random = admit_seed(seed)
    Y, is_vector, _ = admit_labels(y, system)
    first = None if start is None else _admit_start(start, Y, is_vector, system)
    width = admit_rank(preconditioner, rank, system)
    require(
        "cg_solve", solve_bytes(system.n, Y.shape[1], preconditioner, width, system.place),
        on_device=system.place.on_device, hint="a smaller rank needs less" if width else "",
    )  # fmt: skip
    # K and ridge times a power of two, so that no square of their size overflows.
    scale = _power_of_two(system.size + ridge)
    products = (expected or most) + products_of_preconditioner(preconditioner, width)
    with Steps(progress, products) as counted:
        precondition = None
        if width:
            near = approximation(preconditioner, system, width, scale, random, counted.advance)
            width, precondition = len(near.eigenvalues), near.preconditioner(ridge * scale)
        state = Recurrence(Y, None if first is None else first / scale)
        try:
            reason = run(
                state, lambda V: system.product(V * scale), ridge * scale, precondition, tolerance,
                most, counted.advance,
            )  # fmt: skip
        except KeyboardInterrupt:
            raise SolveInterrupted(_shaped(state.solution() * scale, is_vector)) from None
    history = np.array(state.history)
    return CGSolution(
        _shaped(state.solution() * scale, is_vector), history[:, 0] if is_vector else history,
        float(state.true.max(initial=0)), state.steps, bool((state.true <= tolerance).all()),
        reason, width,
    )  # fmt: skip


def solve_bytes(n: int, k: int, preconditioner: Any, rank: int, place: Place = HOST) -> int:
    """Return what :func:`cg_solve` allocates at its highest point, its arguments apart."""
    making = approximation_bytes(preconditioner, n, rank, place) if rank else 0
    return max(making, 8 * n * (rank + 10 * k) + product_bytes(n, k, place))


def _admit_start(start: Any, Y: Array, is_vector: bool, system: System) -> Array:
    """Return ``start`` as (n, k) float64."""
    inputs = admit(start=(start, "n" if is_vector else "n k"))
    refuse_other_place("start", inputs.on_device, system.place, system.argument)
    expected = Y.shape[:1] if is_vector else Y.shape
    if inputs[0].shape != expected:
        raise ValueError(f"start must have the shape of y, {expected}, not {inputs[0].shape}")
    return inputs[0].astype(np.float64).reshape(Y.shape)


def _power_of_two(size: float) -> float:
    """Return the power of two that takes a size to between 1/2 and 1."""
    return float(np.ldexp(1.0, -int(np.frexp(size)[1]))) if 0 < size < np.inf else 1.0


def _shaped(columns: Array, is_vector: bool) -> Array:
    return columns[:, 0] if is_vector else columns
