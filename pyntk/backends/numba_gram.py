"""The Gram kernels of a recipe in Numba."""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, blocks
from pyntk.backends.numba_rows import formula, pack
from pyntk.backends.numba_tile import SPAN, diagonal, entries
from pyntk.backends.tiles import over_rounds, over_tiles


def ntk_gram(*, X: Any, recipe: Any, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, of = pack(X, recipe, threads), formula(recipe)
    held = range(blocks(X.shape[0]))

    def tiles(place: tuple[int, int]) -> None:
        I, J = place
        _write(entries(U, range(J, min(I + 1, J + SPAN)), U, I, of), I, J, True, K)

    lower = ((I, J) for I in held for J in range(0, I + 1, SPAN))
    over_rounds(tiles, [lower], sum(I // SPAN + 1 for I in held), threads)


def ntk_gram_cross(*, X: Any, Z: Any, recipe: Any, threads: int, K: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, V, of = pack(X, recipe, threads), pack(Z, recipe, threads), formula(recipe)
    held, across = blocks(X.shape[0]), blocks(Z.shape[0])

    def tiles(place: tuple[int, int]) -> None:
        I, J = place
        _write(entries(V, range(J, min(across, J + SPAN)), U, I, of), I, J, False, K)

    places = ((I, J) for I in range(held) for J in range(0, across, SPAN))
    over_rounds(tiles, [places], held * -(-across // SPAN), threads)


def ntk_diag(*, X: Any, recipe: Any, threads: int, k: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, of = pack(X, recipe, threads, directions=False), formula(recipe)

    def block(I: int) -> None:
        part = k[I * BLOCK : (I + 1) * BLOCK]
        with np.errstate(over="ignore"):
            part[:] = diagonal(U, I, of)[: part.size]

    over_tiles(block, blocks(X.shape[0]), threads)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _write(E: Any, I: int, J0: int, symmetric: bool, K: Any) -> None:
    """Write E[J, j, i], the tiles of K from (I, J0) on; with symmetric, their mirrors too."""
    height = min(BLOCK, K.shape[0] - I * BLOCK)
    width = min(E.shape[0] * BLOCK, K.shape[1] - J0 * BLOCK)
    for i in range(height):  # from end to end of the span: fewer pages are open at once
        for j in range(width):
            K[I * BLOCK + i, J0 * BLOCK + j] = E[j // BLOCK, j % BLOCK, i]
    if not symmetric:
        return
    for j in range(min(width, (I - J0) * BLOCK)):
        for i in range(height):
            K[J0 * BLOCK + j, I * BLOCK + i] = E[j // BLOCK, j % BLOCK, i]
