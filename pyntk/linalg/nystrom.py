"""Nystrom approximations of a positive semidefinite operator, and their preconditioner.

From products with random columns: Z. Frangella, J. Tropp, M. Udell, "Randomized Nystrom
preconditioning", SIAM J. Matrix Anal. Appl. 44, 2023, arXiv 2110.02820: algorithm 2.1, and equation
(1.3) for the preconditioner. From columns of random rows: C. Williams, M. Seeger, "Using the
Nystrom method to speed up kernel machines", NIPS 2000; with the same preconditioner.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.where import HOST, Place, place_of

COLUMNS: Final = 64
"""Of a product: 64 columns cost about twice as much as one."""
ROWS: Final = 4096
"""That are rotated at a time."""
SQUARES: Final = 8
"""Matrices of the order of the rank: the core, its eigenvectors, and what LAPACK's SVD takes."""
BUFFERS: Final = 6 * 2**20
"""Bytes of LAPACK's and BLAS's own, as measured."""


class Nystrom(NamedTuple):
    """U diag(eigenvalues) U', near an operator K from below.

    Attributes:
        U: (n, rank), orthonormal columns.
        eigenvalues: (rank,), positive, descending.
    """

    U: Array
    eigenvalues: Array

    def preconditioner(self, ridge: float) -> Callable[[Array], Array]:
        """Return R -> P^-1 R for K + ridge I.

        P^-1 = (lambda_l + ridge) U (Lambda + ridge)^-1 U' + (I - U U'), lambda_l the last one.
        """
        if not len(self.eigenvalues):
            return lambda R: R.copy()
        last = self.eigenvalues[-1] + ridge
        removed = (1 - last / (self.eigenvalues + ridge))[:, None]
        return lambda R: R - self.U @ (removed * (self.U.T @ R))


def nystrom(
    multiply: Callable[[Array], Array],
    n: int,
    rank: int,
    random: np.random.Generator,
    advance: Callable[[], None] = lambda: None,
    place: Place = HOST,
) -> Nystrom:
    """Return the approximation from products with ``rank`` random columns.

    The columns are made into a factor B with B B' = Y (Omega' Y)^+ Y' by the eigenvectors of
    Omega' Y: a Cholesky factor of it, as in the paper, does not exist where K has a lower rank.

    Args:
        multiply: returns K V for V (n, c).
        n: order of K.
        rank: from 1 to n; directions that K does not have are left out.
        random: where the test columns are taken from.
        advance: called after each product.
        place: where the products are.
    """
    drawn = place.moved(random.standard_normal((n, rank)))
    drawn = place.xp.asfortranarray(drawn)
    Omega = _orthonormal(drawn, place)
    del drawn
    Y = place.xp.empty((n, rank), order="F")
    for begin in range(0, rank, COLUMNS):
        columns = slice(begin, begin + COLUMNS)
        Y[:, columns] = multiply(place.contiguous(Omega[:, columns]))
        advance()
    shift = float(np.sqrt(n) * np.finfo(float).eps * np.linalg.norm(Y))
    if shift == 0:
        return Nystrom(Y[:, :0], Y[0, :0])
    for begin in range(0, rank, COLUMNS):  # with no third array of this size
        columns = slice(begin, begin + COLUMNS)
        Y[:, columns] += shift * Omega[:, columns]
    core = Omega.T @ Y
    del Omega
    approximation: Nystrom = _without(place, lambda: _compressed(Y, core, shift))
    return approximation


def from_landmarks(
    columns: Callable[[Array], Array], n: int, rank: int, random: np.random.Generator
) -> Nystrom:
    """Return the approximation K_nL K_LL^+ K_Ln from ``rank`` random rows L.

    It takes n rank entries of K, where random columns take all of them for each 64 of the rank.

    Args:
        columns: returns K_nL for indices L, ascending; Fortran's order saves a copy.
        n: order of K.
        rank: from 1 to n; directions that K does not have are left out.
        random: where the rows are taken from.
    """
    chosen = np.sort(random.permutation(n)[:rank])
    Y = columns(chosen)
    place = place_of(Y)
    Y = place.xp.asfortranarray(Y)
    shift = float(np.sqrt(n) * np.finfo(float).eps * np.linalg.norm(Y))
    if shift == 0:
        return Nystrom(Y[:, :0], Y[0, :0])
    Y[chosen, np.arange(rank)] += shift
    approximation: Nystrom = _without(place, lambda: _compressed(Y, Y[chosen], shift))
    return approximation


def nystrom_bytes(n: int, rank: int, place: Place = HOST) -> int:
    """Return what :func:`nystrom` allocates at its highest point, its products apart.

    CuPy's QR factorisation has two more arrays of the size of the factors.
    """
    return 8 * ((4 if place.on_device else 2) * n * rank + SQUARES * rank * rank)


def landmarks_bytes(n: int, rank: int, place: Place = HOST) -> int:
    """Return what :func:`from_landmarks` allocates at its highest point, its columns included."""
    turned = min(n, ROWS) * rank
    factors = (3 if place.on_device else 1) * n * rank
    return 8 * (factors + turned + SQUARES * rank * rank) + BUFFERS


def count_products(rank: int) -> int:
    """Return how many products :func:`nystrom` asks for."""
    return -(-rank // COLUMNS)


def _compressed(Y: Array, core: Array, shift: float) -> Nystrom:
    """Return U, Lambda of B = Y core^(-1/2): its left singular vectors, and squares less shift."""
    values, V = np.linalg.eigh((core + core.T) / 2)
    present = values > len(values) * np.finfo(float).eps * values[-1]
    absent = len(values) - int(present.sum())  # the values ascend
    _rotate(Y, V[:, absent:] / np.sqrt(values[absent:]))
    B, R = _factors(Y[:, : len(values) - absent])
    left, sizes, _ = np.linalg.svd(R)
    eigenvalues = sizes**2 - shift
    kept = int((eigenvalues > shift).sum())  # and these descend
    _rotate(B, left[:, :kept])
    return Nystrom(B[:, :kept], eigenvalues[:kept])


def _orthonormal(A: Array, place: Place) -> Array:
    Q: Array = _without(place, lambda: _factors(A)[0])
    return Q


def _factors(A: Array) -> tuple[Array, Array]:
    """Return Q (on the host in the memory of A, if it is in Fortran's order) and R of A."""
    if place_of(A).on_device:
        Q, R = np.linalg.qr(A)  # CuPy's
        return Q, R
    from scipy.linalg import qr

    Q, R = qr(A, mode="economic", overwrite_a=True, check_finite=False)
    return Q, R


def _rotate(Q: Array, S: Array) -> None:
    """Q[:, :kept] <- Q S in place, by blocks of rows."""
    for begin in range(0, len(Q), ROWS):
        rows = slice(begin, begin + ROWS)
        Q[rows, : S.shape[1]] = Q[rows] @ S


def _without(place: Place, work: Callable[[], Any]) -> Any:
    """Return what a call of LAPACK on own buffers returns; Ctrl-C does not wait for it."""
    result: list[Any] = []
    with place.checked():
        place.run(lambda: result.append(work()))
    return result[0]
