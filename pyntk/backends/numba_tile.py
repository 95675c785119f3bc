"""Tiles of entries of a kernel in Numba: what the Gram, its diagonal and its products share."""

from typing import Any

import numpy as np

from pyntk.backends.numba_angle import angles
from pyntk.backends.numba_entry import deep_values, times_factors, unit_values
from pyntk.backends.numba_opposite import mend
from pyntk.backends.numba_product import BLOCK
from pyntk.backends.numba_rows import Formula, Rows

SPAN = 4  # tiles side by side in one call, which costs as much as a tenth of a tile at small d


def entries(Z: Rows, span: range, X: Rows, I: int, of: Formula) -> Any:
    """Return E[J - span.start, j, i] = k(z_j, x_i): the blocks J of Z against block I of X.

    In float64. An entry depends on its two rows alone, and not on which of them is in X.
    """
    c, t = np.empty((2, len(span), BLOCK, BLOCK))
    angles(Z.units[span.start : span.stop], X.panels[I], c, t)
    if len(X.given):
        norms = [(rows.lengths, rows.length_exponents) for rows in (Z, X)]
        mend(c, t, Z.given, norms[0], span.start, X.given, norms[1], I)
    return _entries(c, t, Z, span, X, I, of)


def diagonal(X: Rows, I: int, of: Formula) -> Any:
    """Return k(x, x) of block I, bit for bit the diagonal of its tile."""
    c = np.broadcast_to(X.lengths[I] > 0, (1, BLOCK, BLOCK)).astype(np.float64)
    # A zero row is orthogonal to itself.
    return _entries(c, 1 - c, X, range(I, I + 1), X, I, of)[0].diagonal()


def _entries(c: Any, t: Any, Z: Rows, span: range, X: Rows, I: int, of: Formula) -> Any:
    blocks = slice(span.start, span.stop)
    if of.deep:
        deep_values(c, t, Z.shares[blocks], X.shares[I], of.kind, of.depth)
    else:
        unit_values(c, t, of.kind)
    times_factors(c, of.scale, Z.factors[blocks], Z.exponents[blocks], X.factors[I], X.exponents[I])
    return c
