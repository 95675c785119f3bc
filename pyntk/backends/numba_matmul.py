"""Products with the Gram of a recipe in Numba: Y = K V, K never stored, the sums in float64.

A sum over the rows z_j runs through their blocks in an order that no number of threads changes:
CHAIN terms one after the other, the chains in Kahan's sum.
"""

from collections.abc import Iterator
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, add_product, blocks
from pyntk.backends.numba_rows import formula, pack
from pyntk.backends.numba_tile import SPAN, entries
from pyntk.backends.tiles import over_rounds

CHAIN = 16  # n equal terms, every addition rounded the same way, are off by up to n/3 u
AT_ONCE = 16  # sums of a product with few rows: they are divided until there are so many


def ntk_matmul(*, X: Any, V: Any, recipe: Any, first: int, threads: int, Y: Any) -> None:
    """See :mod:`pyntk.contract`.

    Each tile is used twice. The blocks, in groups, meet like the teams of a tournament: in a round
    no group occurs twice, so nothing is added to a sum by two threads at once.
    """
    U, of, columns = pack(X, recipe, threads), formula(recipe), _columns(V)
    held = len(columns)
    group = min(SPAN, max(1, held // AT_ONCE))
    groups = blocks_of(held, group)
    h, c = np.zeros((2, held, columns.shape[2], BLOCK))

    def match(pair: tuple[int, int]) -> None:
        below, above = groups[max(pair)], groups[min(pair)]
        for I in below:
            if first >= (I + 1) * BLOCK:
                continue
            span = range(above.start, min(above.stop, I + 1))
            E = entries(U, span, U, I, of)
            for J in span:
                E[J - span.start, : max(0, first - J * BLOCK), : max(0, first - I * BLOCK)] = 0
            _add(E, columns, span.start, I, True, h, c)

    over_rounds(match, tournament(len(groups)), len(groups) * (len(groups) + 1) // 2, threads)
    _store(h, c, Y)


def ntk_matmul_cross(*, X: Any, Z: Any, V: Any, recipe: Any, threads: int, Y: Any) -> None:
    """See :mod:`pyntk.contract`."""
    U, W = pack(X, recipe, threads), pack(Z, recipe, threads)
    of, columns = formula(recipe), _columns(V)
    held, across = blocks(X.shape[0]), blocks(Z.shape[0])
    parts = blocks_of(across, -(-across // max(1, AT_ONCE // max(1, held))))
    h, c = np.zeros((2, max(1, len(parts)), held, columns.shape[2], BLOCK))

    def tiles(place: tuple[int, int, range]) -> None:
        part, I, span = place
        _add(entries(W, span, U, I, of), columns, span.start, I, False, h[part], c[part])

    steps = range(0, len(parts[0]) if parts else 0, SPAN)
    rounds = (
        [
            (part, I, J[step : step + SPAN])
            for part, J in enumerate(parts)
            for I in range(held)
            if step < len(J)
        ]
        for step in steps
    )
    over_rounds(tiles, rounds, held * sum(-(-len(J) // SPAN) for J in parts), threads)
    for part in range(1, len(parts)):
        c[0] += h[part]
        before = h[0].copy()
        h[0] += c[0]
        c[0] -= h[0] - before
        c[0] += c[part]
    _store(h[0], c[0], Y)


def blocks_of(count: int, size: int) -> list[range]:
    """Return 0, ..., count - 1 in ranges of this size; the last may be shorter."""
    return [range(start, min(count, start + size)) for start in range(0, count, max(1, size))]


def tournament(teams: int) -> Iterator[list[tuple[int, int]]]:
    """Yield rounds of disjoint pairs, every pair once; the first round has each team by itself.

    The circle method: one team stays, the others rotate; with an odd number one rests.
    """
    yield [(team, team) for team in range(teams)]
    circle = teams - 1 + teams % 2
    for turn in range(circle if teams > 1 else 0):
        pairs = [((turn + k) % circle, (turn - k) % circle) for k in range(1, circle // 2 + 1)]
        yield pairs if teams % 2 else [(turn, circle), *pairs]


def _columns(V: Any) -> Any:
    """Return V' in float64 as (blocks, chains, columns made even, CHAIN), zeros past the edges."""
    rows, count = V.shape
    result = np.zeros((blocks(rows) * BLOCK, count + count % 2))
    result[:rows, :count] = V
    chains = result.reshape(-1, BLOCK // CHAIN, CHAIN, count + count % 2)
    return np.ascontiguousarray(chains.transpose(0, 1, 3, 2))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add(E: Any, V: Any, J0: int, I: int, symmetric: bool, h: Any, c: Any) -> None:
    """Add E[J]' V_J to the sums of block I for the span from J0 on, and E[J] V_I to those of J."""
    mirror = np.empty((BLOCK, BLOCK))
    for J in range(J0, J0 + E.shape[0]):
        tile = E[J - J0]
        for k in range(V.shape[1]):
            add_product(V[J, k], tile[k * CHAIN : (k + 1) * CHAIN], CHAIN, h[I], c[I])
        if not symmetric or J == I:
            continue
        for j in range(BLOCK):
            for i in range(BLOCK):
                mirror[i, j] = tile[j, i]
        for k in range(V.shape[1]):
            add_product(V[I, k], mirror[k * CHAIN : (k + 1) * CHAIN], CHAIN, h[J], c[J])


def _store(h: Any, c: Any, Y: Any) -> None:
    rows = (h + c).transpose(0, 2, 1).reshape(-1, h.shape[1])
    with np.errstate(over="ignore"):
        Y[:] = rows[: Y.shape[0], : Y.shape[1]]
