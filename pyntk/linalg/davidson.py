"""Extreme eigenpairs of a symmetric operator, from products with blocks of columns.

Davidson's method in blocks, restarted thickly: the residuals of the Ritz vectors that are not there
yet, preconditioned, are orthonormalised into the basis, which is cut back to the best Ritz vectors
when it is full. Without a preconditioner the basis is that of block Lanczos with full
reorthogonalisation: every residual lies in the next Krylov block.

R. Morgan and D. Scott, SIAM J. Sci. Stat. Comput. 7, 1986 (generalised Davidson);
K. Wu and H. Simon, SIAM J. Matrix Anal. Appl. 22, 2000 (thick restart).

On a device the basis stays there; the projected matrix, of the basis's width, is the host's.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.operators import SymmetricOperator
from pyntk.linalg.where import Place

BLOCK: Final = 16
"""Columns of a product: one with 16 columns costs hardly more than one with a single column."""

NOISE: Final = 1e-14
"""Of the largest eigenvalue: about what residuals are computed to."""

ROWS: Final = 4096
"""Rows that a restart works on at a time, in place."""


class Ritz(NamedTuple):
    """The wanted Ritz pairs, wanted most first, of the scaled operator; numbers on the host."""

    values: Array
    vectors: Array
    """(n, k), where the operator is."""
    residuals: Array
    size: float
    """The largest absolute Ritz value that was seen."""


def davidson(
    multiply: SymmetricOperator,
    k: int,
    basis: int,
    *,
    largest: bool,
    share: float,
    random: np.random.Generator,
    precondition: Callable[[Array], Array] | None = None,
) -> Iterator[Ritz]:
    """Yield the best k pairs (fewer at first) after each product, for ever.

    Args:
        multiply: the operator.
        k: pairs.
        basis: columns of the basis, at most.
        largest: the largest eigenvalues are wanted, not the smallest.
        share: of ``size``, at which a residual is small enough.
        random: where the first block is taken from.
        precondition: takes residuals to corrections.
    """
    n, place, guarded = multiply.n, multiply.place, max(k, BLOCK)
    kept = guarded + (basis - guarded) // 2
    Q, AQ = (place.xp.empty((n, basis), order="F") for _ in range(2))
    T = np.zeros((basis, basis))
    width, size = 0, 0.0
    first = place.moved(random.standard_normal((n, BLOCK)))
    block = _orthonormalised(first, Q[:, :0], random, place)
    while True:
        begin, width = width, width + block.shape[1]
        Q[:, begin:width] = block
        AQ[:, begin:width] = multiply(block)
        T[:width, begin:width] = to_host(Q[:, :width].T @ AQ[:, begin:width])
        T[begin:width, :width] = T[:width, begin:width].T
        values, S = np.linalg.eigh(T[:width, :width])
        if largest:
            values, S = values[::-1], S[:, ::-1]
        size = max(size, float(np.abs(values).max()))
        rotation = place.moved(S)
        V = Q[:, :width] @ rotation[:, :guarded]
        R = AQ[:, :width] @ rotation[:, :guarded] - V * place.moved(values[:guarded])
        residuals = to_host(np.linalg.norm(R, axis=0))
        yield Ritz(values[:k], V[:, :k], residuals[:k], size)
        # A residual that is mere rounding would keep a better direction out of the block.
        enough = max(share, NOISE) * size
        chosen = np.flatnonzero(residuals > enough)[:BLOCK]
        block = R[:, chosen] if precondition is None else precondition(R[:, chosen])
        if width + BLOCK > basis:
            _rotate(Q, width, rotation[:, :kept])
            _rotate(AQ, width, rotation[:, :kept])
            T[:] = np.diag(np.concatenate([values[:kept], np.zeros(basis - kept)]))
            width = kept
        block = _orthonormalised(block, Q[:, :width], random, place)


def _rotate(Q: Array, width: int, S: Array) -> None:
    """Q[:, :kept] <- Q[:, :width] S, in place."""
    for begin in range(0, len(Q), ROWS):
        rows = slice(begin, begin + ROWS)
        Q[rows, : S.shape[1]] = Q[rows, :width] @ S


def _orthonormalised(W: Array, Q: Array, random: np.random.Generator, place: Place) -> Array:
    """Return orthonormal columns, orthogonal to Q, that span what W adds to it.

    Where W adds nothing (an invariant subspace was found) a random column takes its place, since
    it may not be the wanted one.
    """
    with place.checked():
        block = _added(W, Q, place)
        if not block.shape[1]:
            block = _added(place.moved(random.standard_normal((len(Q), 1))), Q, place)
    if not block.shape[1]:
        raise AssertionError("the basis is smaller than the space")
    return block


def _added(W: Array, Q: Array, place: Place) -> Array:
    """Return orthonormal columns, orthogonal to Q, that span what W adds to it; perhaps none."""
    sizes = np.linalg.norm(W, axis=0)
    there = np.flatnonzero(to_host(sizes) > 0)
    block = W[:, there] / sizes[there]
    for _ in range(2):
        block = block - Q @ (Q.T @ block)
    if not block.shape[1]:
        return block
    orthogonal, R = np.linalg.qr(block)
    left, kept, _ = np.linalg.svd(to_host(R))
    # Columns of norm 1 that Q holds to 1e-10 leave roundings of 1e-16 / 1e-10.
    block = orthogonal @ place.moved(left[:, kept > 1e-10])
    block = block - Q @ (Q.T @ block)
    return np.linalg.qr(block)[0] if block.shape[1] else block
