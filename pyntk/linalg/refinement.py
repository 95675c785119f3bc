"""Solutions of H X = Y from a factor that may be coarse, refined until they are not.

Conjugate gradients, preconditioned by the factor (of a matrix M near H), run to the accuracy that
their recurrence can have; then the residual of the sum is computed anew and they run on it:
iterative refinement (Carson and Higham 2018, with conjugate gradients in place of GMRES, since H is
positive definite). The factor decides how many steps are needed, never what the result is.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.long_sums import long_dot

MOST_STEPS: Final = 60
"""Steps of conjugate gradients in one cycle."""

MOST_CYCLES: Final = 6

Wanted = Literal["solution", "form"]


class Refined(NamedTuple):
    """What refinement reached, per column of Y; on the host, but for X."""

    X: Array
    """(n, k), where Y is."""
    residual: Array
    """(k,): the norm of Y - H X, as computed, over that of Y."""
    forms: Array
    """(k,): y' H^-1 y."""
    errors: Array
    """(k,): estimates of the relative error of the solution, or of the form."""
    steps: int
    """Products with H in the conjugate gradients."""
    spread: float
    """An estimate of the largest eigenvalue of M H^-1, M as the preconditioner says."""
    smallest: float
    """An estimate of the smallest eigenvalue of H."""


def refine(
    product: Callable[[Array], Array],
    residual: Callable[[Array], Array],
    precondition: Callable[[Array], Array],
    Y: Array,
    wanted: Wanted,
    target: float,
) -> Refined:
    """Return H^-1 Y.

    Args:
        product: returns H P.
        residual: returns Y - H X, at least as exactly.
        precondition: returns M^-1 B, M a matrix near H.
        Y: (n, k) float64.
        wanted: whose error decides: that of X, or that of y' H^-1 y, which is about the square.
        target: the estimated relative error at which to end; or earlier, when nothing is gained.

    Raises:
        numpy.linalg.LinAlgError: H is not positive definite.
    """
    X, R, total = np.zeros_like(Y), Y, 0
    size = to_host(np.sqrt((Y**2).sum(axis=0)))
    size = np.where(size > 0, size, 1)
    k = Y.shape[1]
    best = Refined(X, np.ones(k), np.zeros(k), np.full(k, np.inf), 0, 1.0, np.nan)
    for _ in range(MOST_CYCLES):
        change, spread, steps = _conjugate_gradients(product, precondition, R, X, Y, wanted, target)
        X, total = X + change, total + steps
        R = residual(X)
        Z = precondition(R)
        # y'H^-1 y = x'y + x'r + r'H^-1 r
        forms = to_host(long_dot(X, Y) + (long_dot(X, R) + (R * Z).sum(axis=0)))
        errors = _errors(X, R, Z, forms, spread, wanted)
        norms = to_host(np.sqrt((R**2).sum(axis=0))) / size
        reached = Refined(X, norms, forms, errors, total, spread, np.nan)
        worst, before = errors.max(initial=0), best.errors.max(initial=0)
        best = reached if worst <= before else best
        if worst <= target or not worst <= before / 2:
            break
    return best


def _errors(X: Array, R: Array, Z: Array, forms: Array, spread: float, wanted: Wanted) -> Array:
    """Estimate the relative errors from Z = M^-1 R: the error is H^-1 R, at most spread times."""
    if wanted == "form":
        errors, sizes = np.abs(to_host((R * Z).sum(axis=0))), np.abs(forms)
    else:
        errors, sizes = to_host(np.sqrt(np.stack([(Z**2).sum(axis=0), (X**2).sum(axis=0)])))
    relative: Array = spread * errors / np.where(sizes > 0, sizes, 1)
    return relative


def _conjugate_gradients(
    product: Callable[[Array], Array],
    precondition: Callable[[Array], Array],
    R: Array,
    X: Array,
    Y: Array,
    wanted: Wanted,
    target: float,
) -> tuple[Array, float, int]:
    """Return an approximation of H^-1 R, the spread, and the number of steps.

    Each column has its own recurrence; they share the products. The spread is 1 / (smallest
    eigenvalue of M^-1 H), from the tridiagonal matrix that the coefficients make up (Golub and Van
    Loan, section 11.3.4): an estimate from below, good once the recurrence has converged.
    """
    D = np.zeros_like(R)
    Z = precondition(R)
    P, rz = Z, (R * Z).sum(axis=0)
    first = to_host(rz)
    alphas: list[Array] = []
    betas: list[Array] = []
    spread, steps = 1.0, 0
    for steps in range(1, MOST_STEPS + 1):  # noqa: B007
        Q = product(P)
        pq = (P * Q).sum(axis=0)
        active = rz > 0
        _refuse_indefinite(P, *to_host(np.stack([rz, pq])))
        alpha = np.where(active, rz / np.where(active, pq, 1), 0)
        D = D + alpha * P
        R = R - alpha * Q
        Z = precondition(R)
        new = np.maximum((R * Z).sum(axis=0), 0)
        beta = np.where(active, new / np.where(active, rz, 1), 0)
        rz = new
        so_far = ((X + D) * (Y + R)).sum(axis=0)
        told = to_host(np.stack([alpha, beta, rz, so_far]))
        alphas.append(told[0])
        betas.append(told[1])
        spread = _spread(np.array(alphas), np.array(betas))
        # Below 1e-12 of the first residual (1e-24 of its energy) the recurrence is rounding.
        done = _errors(X + D, R, Z, told[3], spread, wanted) <= target / 4
        if (done | (told[2] <= 1e-24 * first)).all():
            break
        P = Z + beta * P
    return D, spread, steps


def _refuse_indefinite(P: Array, rz: Array, pq: Array) -> None:
    """Raise LinAlgError if a column p of P, which is still iterated, has no p'Hp > 0."""
    wrong = (rz > 0) & ~(pq > 0)
    if wrong.any():
        column = int(wrong.argmax())
        size = float((P[:, column] ** 2).sum())
        raise np.linalg.LinAlgError(
            "the matrix is not positive definite to working precision: there is a p with "
            f"p'Hp / p'p = {pq[column] / size:.3g}"
        )


def _spread(alphas: Array, betas: Array) -> float:
    """Return 1 / the smallest eigenvalue of the Lanczos matrices of the columns."""
    steps, columns = alphas.shape
    spread = 1.0
    for k in range(columns):
        if not (alphas[:, k] > 0).all():
            continue  # an exact solution came before
        diagonal = 1 / alphas[:, k]
        diagonal[1:] += betas[: steps - 1, k] / alphas[: steps - 1, k]
        beside = np.sqrt(betas[: steps - 1, k]) / alphas[: steps - 1, k]
        smallest = np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, -1))[0]
        spread = max(spread, 1 / smallest) if smallest > 0 else np.inf
    return spread
