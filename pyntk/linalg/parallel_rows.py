"""Rows that make a kernel matrix exactly singular: zero rows, and rows in the same direction.

Without bias k(c x, z) = c k(x, z) for c > 0, so that two rows in the same direction give
proportional rows of K; with a bias only equal rows do.
"""

from fractions import Fraction

import numpy as np

from pyntk.contract import Array


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
    apart by exact fractions.
    """
    alike = _are_equal if equal else _are_parallel
    seen: dict[int, list[int]] = {}
    for i, row in enumerate(X):
        largest = np.abs(row).max()
        key = (row if equal or largest == 0 else row / largest) + 0.0  # -0.0 becomes 0.0
        like = seen.setdefault(hash(key.tobytes()), [])
        for j in like:
            if alike(row, X[j]):
                return j, i
        like.append(i)
    return None


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
