"""Intervals that contain the exact value, by arithmetic that rounds to nearest.

**Positive semidefinite, proved.** If Cholesky's factorisation of a floating-point matrix A runs to
completion, L L' = A + F with |F_ij| <= B_ij sqrt(a_ii a_jj), B_ij = g_(min(i,j)+3) / (1 - g_(n+3)),
g_k = k u / (1 - k u), for every order of the sums, with and without FMA (Demmel 1989; Higham 2002,
Theorems 10.3 and 10.5; Rump 2006; two roundings more than theirs, since LAPACKs multiply by the
reciprocal of l_jj). Hence

    |x'F x| <= sum_ij B_ij sqrt(a_ii a_jj) |x_i x_j| <= sum_i (sum_j B_ij) a_ii x_i^2,

and sum_j B_ij <= u sum_j (j + 3) / (1 - 2 (n + 3) u). So H - mu I is positive semidefinite if A is
H but for its diagonal, and a_ii (1 + sum_j B_ij) <= h_ii - mu. (Rump takes the trace of it from
every entry; taken row by row, graded matrices keep their small eigenvalues.) An underflow costs at
most the smallest normal number, so that flushing to zero is covered. Entries of H off by
e sqrt(h_ii h_jj) cost n e h_ii, by the same inequality.

**Forms, enclosed.** x'H x and y - H x are summed in the longest type there is, with the sums of the
absolute values beside them: n products are off by at most g_n of these, in any order.

**On the host alone.** The first holds for a Cholesky factorisation that multiplies and adds in some
order, each operation rounded to nearest. The LAPACKs of the host do; of cuSOLVER and cuBLAS nobody
says so (they may emulate float64 by integers), so that nothing would be proved on a CUDA device.

References: S. Rump, "Verification of positive definiteness", BIT 46 (2006) 433-452; N. Higham,
"Accuracy and Stability of Numerical Algorithms", 2nd ed. 2002.
"""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.cholesky import NotPositiveDefiniteError, factorise
from pyntk.linalg.symmetric import UNIT, Symmetric, blocks

TINY: Final = float(np.finfo(np.float64).tiny)
SLACK: Final = 1 + 2.0**-40
"""Covers the roundings of a bound that is itself a product of a few factors."""

TRIES: Final = 24

L: Final = np.longdouble if np.finfo(np.longdouble).nmant in (63, 112) else np.float64
"""The longest type that rounds as IEEE 754 says (two doubles in one, on PowerPC, do not)."""


@dataclass(frozen=True)
class Interval:
    """Bounds between which the exact value lies; ``lower, upper = interval`` unpacks it.

    Attributes:
        lower: a float, or a (k,) array for k columns.
        upper: likewise.
        jitter: what was added to the diagonal: the argument.
    """

    lower: Any
    upper: Any
    jitter: float = 0.0

    def __iter__(self) -> Any:
        """Iterate over the lower and the upper bound."""
        return iter((self.lower, self.upper))

    def __contains__(self, value: Any) -> bool:
        """Tell whether a value lies within (mpmath's numbers too)."""
        return bool(np.all(self.lower <= value) and np.all(value <= self.upper))

    @property
    def width(self) -> Any:
        """upper - lower."""
        return self.upper - self.lower


class Sum(NamedTuple):
    """Sums as computed, and what they may be off by at most."""

    value: Array
    error: Array


def refuse_device(matrix: Symmetric) -> None:
    """Raise TypeError for a matrix on a CUDA device."""
    if matrix.place.on_device:
        raise TypeError(
            f"certified=True takes arrays on the host, and {matrix.argument} is on a CUDA device: "
            "the roundings of a Cholesky factorisation by cuSOLVER have no bound that could be "
            f"relied on; cupy.asnumpy({matrix.argument}) copies it"
        )


def lambda_min_interval(call: str, matrix: Symmetric, v: Array) -> Interval:
    """Return an interval around lambda_min(H), narrow if v (n,) is near its eigenvector.

    Raises:
        numpy.linalg.LinAlgError: no lower bound could be proved.
        MemoryError: as :func:`pyntk.linalg.cholesky.factorise`.
    """
    upper = _rayleigh(matrix, v)
    factorisation, entries = _shares(matrix)
    weight = float((matrix.diagonal * v**2).sum() / (v**2).sum())
    margin = 1.25 * (factorisation + entries) * abs(weight) + 2.0**-45 * abs(upper)
    for _ in range(TRIES):
        lower = upper - margin
        if is_at_least(call, matrix, lower):
            return Interval(lower, upper)
        margin = 4 * margin + TINY
    raise np.linalg.LinAlgError(f"no lower bound of the eigenvalues of {matrix.name} was proved")


def form_interval(
    call: str, matrix: Symmetric, Y: Array, X: Array, jitter: float, guess: float
) -> Interval:
    """Return intervals around y' (H + jitter I)^-1 y, narrow if X is near (H + jitter I)^-1 Y.

    Args:
        call: for messages.
        matrix: H.
        Y: (n, k).
        X: (n, k).
        jitter: at least 0.
        guess: of the smallest eigenvalue of H + jitter I.

    Raises:
        numpy.linalg.LinAlgError: H + jitter I could not be proved to be positive definite.
        MemoryError: as :func:`pyntk.linalg.cholesky.factorise`.
    """
    gamma = _gamma(matrix.n)
    x, y, added = X.astype(L), Y.astype(L), L(jitter)
    Hx = _product(matrix, X)
    forms, labels, squares = _dot(x, Hx.value), _dot(x, y), _dot(x, x)
    forms_error = forms.error + (np.abs(x) * Hx.error).sum(axis=0) * _slack(matrix.n)
    middle = 2 * labels.value - forms.value - added * squares.value
    rounding = gamma * (2 * np.abs(labels.value) + np.abs(forms.value) + added * squares.value)
    error = 2 * labels.error + forms_error + added * squares.error + 2 * rounding
    r = np.abs(y - Hx.value - added * x) + Hx.error
    r += gamma * (np.abs(y) + np.abs(Hx.value) + added * np.abs(x))
    smallest = L(_positive_lower_bound(call, matrix, jitter, guess))
    rest = (r**2).sum(axis=0) / smallest * _slack(matrix.n)
    return Interval(_down(middle - error), _up(middle + error + rest), jitter)


def is_at_least(call: str, matrix: Symmetric, mu: float, jitter: float = 0.0) -> bool:
    """Tell whether lambda_min(H + jitter I) >= mu is proved; False proves nothing."""
    try:
        factor = factorise(call, matrix, diagonal_below(matrix, mu, jitter), np.float64)
    except NotPositiveDefiniteError:
        return False
    return bool((np.diagonal(factor.L) < 2).all())  # what underflows were counted for


def _positive_lower_bound(call: str, matrix: Symmetric, jitter: float, guess: float) -> float:
    for share in (1 / 2, 1 / 16, 1 / 1024):
        if guess > 0 and is_at_least(call, matrix, share * guess, jitter):
            return share * guess
    raise np.linalg.LinAlgError(
        f"{matrix.name} could not be proved to be positive definite: its smallest eigenvalue is "
        f"about {guess:.2g}, and what float64 proves ends at about "
        f"{sum(_shares(matrix)) * float(matrix.diagonal.max()):.2g}"
    )


def _shares(matrix: Symmetric) -> tuple[float, float]:
    """Return what is to be taken from the diagonal, as shares of h_ii - mu and of h_ii."""
    n = matrix.n
    factorisation = (n * (n + 1) / 2 + 3 * n) * UNIT / (1 - 2 * (n + 3) * UNIT) * SLACK
    return factorisation, n * matrix.entry_error * SLACK


def diagonal_below(matrix: Symmetric, mu: float, jitter: float) -> Array:
    """Return the diagonal of A, each operation rounded down by a step to the next number."""
    n, h = matrix.n, matrix.diagonal
    factorisation, entries = _shares(matrix)
    left = h
    if jitter:
        left = np.nextafter(left + jitter, -np.inf)
    left = np.nextafter(left - mu, -np.inf)
    if entries:
        left = np.nextafter(left - np.nextafter(entries * h, np.inf), -np.inf)
    left = np.nextafter(left * np.nextafter(1 - factorisation, 0), -np.inf)
    # Underflows, of a matrix whose diagonal is scaled to at most 2: n products, a quotient and the
    # scaling in an entry, n entries in a row.
    lost = np.ldexp(2.0 * n * (n + 8) * TINY, np.frexp(left)[1] + 2)
    return np.nextafter(left - lost, -np.inf)


def _rayleigh(matrix: Symmetric, v: Array) -> float:
    """Return an upper bound of v'H v / v'v, hence of lambda_min."""
    V = v[:, None]
    x, Hv = V.astype(L), _product(matrix, V)
    form, square = _dot(x, Hv.value), _dot(x, x)
    above = form.value + form.error + (np.abs(x) * Hv.error).sum(axis=0) * _slack(matrix.n)
    below = square.value - square.error if above[0] > 0 else square.value + square.error
    return float(_up(above / below)[0])


def _product(matrix: Symmetric, V: Array) -> Sum:
    """H V for V (n, k), the errors of the entries of H included."""
    n, gamma = matrix.n, _gamma(matrix.n)
    value = np.zeros(V.shape, L)
    size = np.zeros(V.shape, L)
    V = V.astype(L)
    for begin, end in blocks(n, np.dtype(L).itemsize):
        left, corner = (part.astype(L) for part in matrix.rows(begin, end))
        _add_block(value, left, corner, V, begin, end)
        _add_block(size, np.abs(left), np.abs(corner), np.abs(V), begin, end)
    error = gamma * size + 2 * n * L(TINY)
    if matrix.entry_error:
        D = np.sqrt(matrix.diagonal.astype(L))[:, None]
        error += L(matrix.entry_error) * D * (D * np.abs(V)).sum(axis=0)
    return Sum(value, error * _slack(n))


def _add_block(total: Array, left: Array, corner: Array, V: Array, begin: int, end: int) -> None:
    """Add what rows [begin, end) of the lower triangle contribute to a product with V."""
    total[begin:end] += left @ V[:begin] + corner @ V[begin:end]
    total[:begin] += left.T @ V[begin:end]


def _dot(A: Array, B: Array) -> Sum:
    """Return the sums over the columns of A * B."""
    n = len(A)
    size = np.abs(A * B).sum(axis=0)
    return Sum((A * B).sum(axis=0), (_gamma(n) * size + 2 * n * L(TINY)) * _slack(n))


def _gamma(n: int) -> Any:
    """Return g_(n+8) of longdouble."""
    share = (n + 8) * np.finfo(L).eps / 2
    return share / (1 - share)


def _slack(n: int) -> Any:
    """Return a factor for bounds that are sums of n positive terms and a few products."""
    return SLACK * (1 + 4 * _gamma(n))


def _down(value: Array) -> Array:
    return -_up(-value)


def _up(value: Array) -> Array:
    """Round to float64, upwards: over the rounding of the conversion, and one operation before."""
    return np.nextafter(np.nextafter(value.astype(np.float64), np.inf), np.inf)
