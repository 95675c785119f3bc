"""The smallest eigenvalue: as LAPACK finds it, or between proved bounds."""

from typing import Any, Final

import numpy as np

from pyntk.contract import Array
from pyntk.dispatch import choose
from pyntk.dispatch import kernel as backend_kernel
from pyntk.linalg.certificate import Interval, lambda_min_interval, refuse_device
from pyntk.linalg.cholesky import NotPositiveDefiniteError, factorise
from pyntk.linalg.symmetric import KernelMatrix, Symmetric, admit_symmetric, blocks
from pyntk.memory import WORKING, require
from pyntk.places import placed

SMALLEST_FOR_LANCZOS: Final = 200


@placed
def lambda_min(
    H: Any = None, *, X: Any = None, certified: bool = False, **kernel: Any
) -> float | Interval:
    """The smallest eigenvalue of a symmetric H, or of the kernel matrix of rows X.

    By LAPACK in float64, whatever the dtype: off by a few u times the largest eigenvalue. On a CUDA
    device by cuSOLVER; then it is the one number that comes to the host.

    ``certified=True`` returns an interval that contains the exact value. Its lower bound mu is
    proved by a Cholesky factorisation of H - mu I, less what rounding may be worth, that runs to
    completion (:mod:`pyntk.linalg.certificate`); its upper bound is a Rayleigh quotient, enclosed.
    The width is about n^2 u / 2 times the mean of h_ii weighted by the squares of the eigenvector,
    so n^2 u / 4 for unit rows. With X, which means the exact kernel, 8 n u of the same more: the
    promised error of an entry (promises 3 and 9); and the lower bound is at least 0, as it is for
    every kernel. The proof takes for granted that LAPACK's Cholesky sums products in some order,
    and that no library has changed the rounding mode. Of cuSOLVER the first cannot be: an interval
    takes arrays on the host.

    Args:
        H: (n, n), n >= 1, of which only the lower triangle is read; or None if X is given.
        X: (n, d) rows, or None if H is given.
        certified: return an :class:`Interval`.
        **kernel: keywords of :func:`ntk_gram`, with X alone; the kernel is computed in float64.

    Returns:
        A float, or an :class:`Interval` of floats, ``lower, upper = ...``.

    Raises:
        TypeError: not exactly one of H and X; an argument that is no real array; an unknown
            keyword; ``certified``, and an array on a CUDA device.
        ValueError: wrong shapes, n = 0, NaN or infinity in an input, a parameter out of its range.
        numpy.linalg.LinAlgError: no lower bound could be proved; LAPACK did not converge.
        MemoryError: more memory is needed than is available; the message has both numbers. Raised
            before anything large is allocated.

    References:
        S. Rump, "Verification of positive definiteness", BIT 46 (2006) 433-452;
        S. Du, X. Zhai, B. Poczos, A. Singh, arXiv 1810.02054, Theorem 3.1 (lambda_0).
    """
    matrix = admit_symmetric("lambda_min", H, X, kernel, definite=False)
    if not matrix.n:
        raise ValueError(f"{matrix.argument} must have at least one row: no eigenvalues, no least")
    if not certified:
        return _by_lapack(matrix, vector=False)[0]
    refuse_device(matrix)
    interval = lambda_min_interval("lambda_min", matrix, _eigenvector(matrix))
    if isinstance(matrix, KernelMatrix):
        return Interval(max(interval.lower, 0.0), max(interval.upper, 0.0))
    return interval


def _by_lapack(matrix: Symmetric, *, vector: bool) -> tuple[float, Array]:
    """Return the smallest eigenvalue, and its eigenvector if wanted, in float64."""
    n, place = matrix.n, matrix.place
    # CuPy works in a copy of the matrix, and in as much again.
    copies = 3 if place.on_device else 1
    require("lambda_min", 8 * copies * n * n + WORKING, on_device=place.on_device)
    A = place.xp.zeros((n, n))
    for begin, end in blocks(n, place=place):
        A[begin:end, :begin], A[begin:end, begin:end] = matrix.rows(begin, end)
    w, V = place.xp.empty(1 if vector else n), place.xp.empty((1, n))
    backend = choose(None, place.on_device)
    if vector:
        run = backend_kernel("eigh", backend)
        place.run(lambda: run(A=A, first=0, w=w, V=V))
    else:
        run = backend_kernel("eigvalsh", backend)
        place.run(lambda: run(A=A, w=w))
    return float(w[0]), V[0]


def _eigenvector(matrix: Symmetric) -> Array:
    """Return an eigenvector of the smallest eigenvalue.

    Of a positive definite matrix by Lanczos on its inverse: at n = 4096 a third of the price of
    LAPACK's, which is off by u times the largest eigenvalue, where a factor knows the small ones of
    a graded matrix to u times the condition number of the scaled one (Demmel and Veselic 1992).
    """
    n = matrix.n
    try:
        factor = factorise("lambda_min", matrix, matrix.diagonal, np.float64)
    except NotPositiveDefiniteError:
        return _by_lapack(matrix, vector=True)[1]
    size = matrix.diagonal.max()

    def multiply_inverse(v: Array) -> Array:
        return factor.solve(v.reshape(n, 1) * size)[:, 0]

    if n >= SMALLEST_FOR_LANCZOS:
        from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

        inverse = LinearOperator((n, n), matvec=multiply_inverse, dtype=np.float64)
        start = np.random.default_rng(0).standard_normal(n)
        try:
            # An eigenvalue's error is the square of this.
            return eigsh(inverse, k=1, which="LA", v0=start, tol=1e-7, ncv=40, maxiter=10)[1][:, 0]
        except ArpackNoConvergence:
            pass
    v = _by_lapack(matrix, vector=True)[1]
    for _ in range(4):
        v = multiply_inverse(v / np.abs(v).max())
    return v / np.abs(v).max()
