"""Rows that make a kernel matrix exactly singular: zero rows, and rows in the same direction.

Without bias k(c x, z) = c k(x, z) for c > 0, so that two rows in the same direction give
proportional rows of K; with a bias only equal rows do.
"""

from fractions import Fraction
from typing import Final

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.where import place_of

CHUNK: Final = 2**20
"""Numbers that are hashed at a time."""

AT_ONCE: Final = 16
"""Rows that have the hash of an earlier one, and are looked at before more are asked for."""

MIXING: Final = np.uint64(0x9E3779B97F4A7C15)
"""Odd, and near 2^64 over the golden ratio (D. Knuth, volume 3, section 6.4)."""


def refuse_parallel_rows(X: Array, *, biased: bool) -> None:
    """Raise LinAlgError, naming the rows of X (n, d), if they make K(X) singular."""
    if not biased:
        zero = ~X.any(axis=1)
        if zero.any():
            raise np.linalg.LinAlgError(
                f"the kernel matrix is singular: row {int(zero.argmax())} of X is zero"
            )
    pair = parallel_pair(X, equal=biased)
    if pair is not None:
        i, j = pair
        how = "equal" if biased or (X[i] == X[j]).all() else "parallel, in the same direction"
        raise np.linalg.LinAlgError(
            f"the kernel matrix is singular: rows {i} and {j} of X are {how}"
        )


def parallel_pair(X: Array, *, equal: bool = False) -> tuple[int, int] | None:
    """Return the first row that is parallel (or equal) to an earlier one, after that one.

    Rows in the same direction, divided by their largest entry, are the same real numbers, hence
    the same correctly rounded ones: their hashes are equal. What else has the same hash is told
    apart by exact fractions, on the host, to which only such rows come.
    """
    if len(X) < 2:
        return None
    alike = _are_equal if equal else _are_parallel
    keys = _hashes(X, scaled=not equal)
    order = np.argsort(keys, kind="stable")
    again = keys[order[1:]] == keys[order[:-1]]
    if not again.any():
        return None
    later = np.sort(order[1:][again])
    for begin in range(0, len(later), AT_ONCE):
        for j in to_host(later[begin : begin + AT_ONCE]).tolist():
            row = to_host(X[j])
            for i in to_host(np.flatnonzero(keys[:j] == keys[j])).tolist():
                if alike(to_host(X[i]), row):
                    return i, j
    return None


def _hashes(X: Array, *, scaled: bool) -> Array:
    """Return an integer per row: the same for the same numbers; 0.0 and -0.0 are the same.

    The bits are mixed first, since those of small integers differ in a few places alone.
    """
    n, d = X.shape
    odd = np.random.default_rng(0).integers(2**63, size=d, dtype=np.uint64) * np.uint64(2)
    factors = place_of(X).moved(odd + np.uint64(1))
    keys = np.zeros_like(X, np.uint64, shape=n)
    height = max(1, CHUNK // d)
    for begin in range(0, n, height):
        rows = X[begin : begin + height]
        if scaled:
            sizes = np.abs(rows).max(axis=1)[:, None]
            rows = rows / np.where(sizes > 0, sizes, 1)
        bits = (rows + 0.0).view(np.uint64)
        bits = (bits ^ (bits >> np.uint64(32))) * MIXING
        bits ^= bits >> np.uint64(29)
        keys[begin : begin + height] = (bits * factors).sum(axis=1)
    return keys


def _are_equal(x: Array, z: Array) -> bool:
    return bool((x == z).all())


def _are_parallel(x: Array, z: Array) -> bool:
    if _are_equal(x, z):
        return True
    k = int(np.abs(x).argmax())
    p, q = Fraction(float(x[k])), Fraction(float(z[k]))
    return p * q > 0 and all(
        Fraction(float(s)) * q == Fraction(float(t)) * p for s, t in zip(x, z, strict=True)
    )
