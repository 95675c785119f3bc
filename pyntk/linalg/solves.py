"""H^-1 y, y' H^-1 y and log det H, by Cholesky's factorisation and refinement."""

from typing import Any, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.certificate import Interval, form_interval, refuse_device
from pyntk.linalg.cholesky import factorise, refuse_singular
from pyntk.linalg.refined_solution import refined_solution
from pyntk.linalg.refinement import Refined
from pyntk.linalg.symmetric import admit_labels, admit_symmetric
from pyntk.places import placed
from pyntk.scalars import admit_number


class Solution(NamedTuple):
    """H^-1 y, and how it was reached.

    Attributes:
        x: (n,) or (n, k), as y, and where it is.
        residual: norm of y - H x over that of y, as computed; the largest of the columns.
        error: an estimate of the relative error in the 2-norm; the largest of the columns.
        jitter: what was added to the diagonal: the argument.
        steps: products with H in the refinement.
    """

    x: Array
    residual: float
    error: float
    jitter: float
    steps: int


class QuadraticForm(NamedTuple):
    """y' H^-1 y, and how it was reached.

    Attributes:
        value: a float, or (k,) float64 for k columns of y, where y is.
        residual: norm of y - H x over that of y, x the solution; the largest of the columns.
        error: an estimate of the relative error; the largest of the columns.
        jitter: what was added to the diagonal: the argument.
        steps: products with H in the refinement.
    """

    value: Any
    residual: float
    error: float
    jitter: float
    steps: int


@placed
def solve(
    H: Any = None, y: Any = None, *, X: Any = None, jitter: float = 0.0, **kernel: Any
) -> Solution:
    """H^-1 y for a positive definite H, or for the kernel matrix of rows X.

    With X the exact kernel matrix is meant. It is factored in float32, and the solution refined by
    conjugate gradients on residuals whose entries are computed anew, in float64; where float32 does
    not tell the matrix from a singular one, it is factored in float64. The result is right to 1e-9
    for condition numbers to about 1e7, or an error says what was reached.

    With H the answer is for that H, symmetric, of which only the lower triangle is read. It is
    factored in its dtype (float32 in float64 where that breaks down), with residuals in
    numpy.longdouble. No condition number is refused: ``error`` estimates what it costs.

    On a CUDA device the factor is cuSOLVER's and cuBLAS's, the matrix stays there, and what is
    longdouble on the host is a compensated sum in float64 there, to twice its digits. A step brings
    a few numbers per column to the host.

    Args:
        H: (n, n), or None if X is given.
        y: (n,) or (n, k) right-hand sides.
        X: (n, d) rows, or None if H is given.
        jitter: at least 0, added to the diagonal; nothing else ever is.
        **kernel: keywords of :func:`ntk_gram`: ``trained``, ``depth``, ``weight_variance``,
            ``bias_variance``, and ``threads``, ``backend``. With X alone. The kernel is computed
            in float64 for every X.

    Returns:
        A :class:`Solution`; x is float32 if H (or X) and y are float32 (or shorter), else float64.

    Raises:
        TypeError: not exactly one of H and X; an argument that is no real array, or is not where
            the others are; an unknown keyword.
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range.
        numpy.linalg.LinAlgError: the matrix is not positive definite, or not to working precision;
            rows of X that are parallel in the same direction (without bias) or equal are named. Or
            1e-9 is out of reach for X: the message has the residual reached.
        MemoryError: more memory is needed than is available; the message has both numbers. Raised
            before anything large is allocated.
        BackendError: the backend asked for cannot be used; H is on a device, and PYNTK_BACKEND
            names a backend of the host.

    References:
        E. Carson, N. Higham, SIAM J. Sci. Comput. 40 (2018) A817 (refinement in three precisions).
    """
    shift = admit_number("jitter", jitter, least=0)
    matrix = admit_symmetric("solve", H, X, kernel, definite=not shift)
    Y, is_vector, single = admit_labels(y, matrix)
    reached = refined_solution("solve", matrix, Y, shift, "solution")
    x = reached.X[:, 0] if is_vector else reached.X
    if single and matrix.from_single:
        x = x.astype(np.float32)
    return Solution(x, *_summary(reached, shift))


@placed
def quadratic_form_inverse(
    H: Any = None,
    y: Any = None,
    *,
    X: Any = None,
    certified: bool = False,
    jitter: float = 0.0,
    **kernel: Any,
) -> QuadraticForm | Interval:
    """y' H^-1 y for a positive definite H, or for the kernel matrix of rows X.

    As in :func:`solve`; the error of this number is about the square of that of H^-1 y, so that
    fewer steps reach the same digits.

    ``certified=True`` returns an interval that contains the exact value, roundings and, with X, the
    errors of the kernel's entries (promises 3 and 9) included: with any x and r = y - H x,
    y' H^-1 y = 2 x'y - x'H x + r' H^-1 r, and 0 <= r' H^-1 r <= |r|^2 / lambda_min(H), whose lower
    bound is certified as in :func:`lambda_min`. It costs a second factorisation, in float64. It
    takes arrays on the host, for the reason given there.

    Args:
        H: as for :func:`solve`.
        y: as for :func:`solve`.
        X: as for :func:`solve`.
        certified: return an :class:`Interval`.
        jitter: as for :func:`solve`.
        **kernel: as for :func:`solve`.

    Returns:
        A :class:`QuadraticForm`, or an :class:`Interval` whose bounds are floats, or (k,) arrays.

    Raises:
        TypeError: as for :func:`solve`; or ``certified``, and an array on a CUDA device.
        ValueError: as for :func:`solve`.
        numpy.linalg.LinAlgError: as for :func:`solve`; or ``certified``, and the matrix cannot be
            shown to be positive definite.
        MemoryError: as for :func:`solve`.

    References:
        S. Arora, S. Du, W. Hu, Z. Li, R. Wang, arXiv 1901.08584, Theorem 5.1 (what it is for).
    """
    call = "quadratic_form_inverse"
    shift = admit_number("jitter", jitter, least=0)
    matrix = admit_symmetric(call, H, X, kernel, definite=not shift)
    Y, is_vector, _ = admit_labels(y, matrix)
    if certified:
        refuse_device(matrix)
        solved = refined_solution(call, matrix, Y, shift, "solution", strict=False)
        interval = form_interval(call, matrix, Y, solved.X, shift, solved.smallest)
        if not is_vector:
            return interval
        return Interval(float(interval.lower[0]), float(interval.upper[0]), shift)
    reached = refined_solution(call, matrix, Y, shift, "form")
    value = float(reached.forms[0]) if is_vector else matrix.place.moved(reached.forms)
    return QuadraticForm(value, *_summary(reached, shift))


@placed
def logdet(H: Any = None, *, X: Any = None, **kernel: Any) -> float:
    """Log of the determinant of a positive definite H, or of the kernel matrix of rows X.

    2 sum_i log L_ii by Cholesky's factorisation in float64, whatever the dtype: a factor in float32
    cannot be refined for it. The error is about that of the entries times the trace of H^-1.

    Args:
        H: as for :func:`solve`.
        X: as for :func:`solve`.
        **kernel: as for :func:`solve`.

    Returns:
        The natural logarithm; 0 for n = 0.

    Raises:
        TypeError: as for :func:`solve`.
        ValueError: as for :func:`solve`.
        numpy.linalg.LinAlgError: the matrix is not positive definite.
        MemoryError: as for :func:`solve`.
    """
    matrix = admit_symmetric("logdet", H, X, kernel)
    factor = factorise("logdet", matrix, matrix.diagonal, np.float64)
    refuse_singular(matrix.name, factor)
    return factor.log_determinant()


def _summary(reached: Refined, jitter: float) -> tuple[float, float, float, int]:
    """Return residual, error, jitter and steps."""
    residual, error = (float(part.max(initial=0)) for part in (reached.residual, reached.errors))
    return residual, error, jitter, reached.steps
