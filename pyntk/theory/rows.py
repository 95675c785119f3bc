"""Rows of unit norm, no two of them equal: what the theorems take as data."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

UNIT_ROUNDOFF: Final = 2.0**-53
"""Of float64."""

CELLS: Final = 2**22
"""Cosines that are looked at at a time: 32 MiB."""

NEAR: Final = 1e-3
"""Rows whose lines meet at a smaller angle (radian) are counted as near-parallel."""


@dataclass(frozen=True)
class Rows:
    """Admitted data.

    Attributes:
        X: (n, d) rows of unit norm, no two equal.
        y: (n,) labels, +1 or -1.
        zero: rows dropped because they were zero and have no direction.
        duplicates: rows dropped because an earlier row has the same direction; two of them would
            make H singular.
        conflicting: how many of those carried another label than the row that was kept.
        sampled_from: number of rows there were before a sample was drawn; 0 if all were used.
    """

    X: Matrix
    y: Vector
    zero: int
    duplicates: int
    conflicting: int
    sampled_from: int


@dataclass(frozen=True)
class Angles:
    """How close rows come to being parallel.

    Attributes:
        near_parallel: pairs whose lines meet at less than :data:`NEAR`, antipodal pairs excluded.
        antipodal: pairs x_j = -x_i up to rounding.
        least: smallest angle between two rows' lines, in radian; pi/2 for a single row.
    """

    near_parallel: int
    antipodal: int
    least: float


def clean(X: Any, y: Any, most: int | None = None, seed: int = 0) -> Rows:
    """Normalise rows, drop zero rows, and keep the first of each group of equal ones.

    Two rows count as equal where their normalised forms differ by at most (d + 8) u in norm: that
    is what rounding alone can make of two multiples of one row.

    Args:
        X: (n, d) finite real numbers.
        y: (n,) labels, +1 or -1.
        most: draw so many rows at random first, where there are more (all pairs are looked at).
        seed: of that draw.

    Raises:
        TypeError: X or y holds no real numbers.
        ValueError: wrong shape, NaN or infinity, or a label other than +1 and -1.
    """
    rows, labels = _real("X", X, 2), _real("y", y, 1)
    if len(rows) != len(labels):
        raise ValueError(f"y must have one label per row of X: {len(labels)} against {len(rows)}")
    if rows.shape[1] == 0:
        raise ValueError(f"X must have shape (n, d) with d >= 1, not {rows.shape}")
    strange = labels[np.abs(labels) != 1]
    if len(strange):
        raise ValueError(f"y must hold +1 and -1 only, not {strange[0]:g}")
    sampled_from = len(rows) if most is not None and len(rows) > most else 0
    if sampled_from:
        chosen = np.sort(np.random.default_rng([seed, 2]).permutation(len(rows))[:most])
        rows, labels = rows[chosen], labels[chosen]
    largest = np.abs(rows).max(axis=1, initial=0.0)
    kept = largest > 0
    # Dividing by the largest entry first keeps the squares in range.
    scaled = rows[kept] / largest[kept, None]
    unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    labels = labels[kept]
    first = _first_of_equals(unit)
    own = first == np.arange(len(unit))
    return Rows(
        X=np.ascontiguousarray(unit[own]),
        y=labels[own],
        zero=int((~kept).sum()),
        duplicates=int((~own).sum()),
        conflicting=int((labels != labels[first]).sum()),
        sampled_from=sampled_from,
    )


def angles(X: Matrix) -> Angles:
    """Count near-parallel and antipodal pairs of rows of unit norm, by differences of the rows."""
    i, _, same, chord = _close_pairs(X)
    angle = 2 * np.arcsin(np.minimum(chord / 2, 1.0))
    equal = chord <= _equality(X.shape[1])
    antipodal = equal & ~same
    near = (angle < NEAR) & ~antipodal
    return Angles(
        int(near.sum()), int(antipodal.sum()), float(angle.min()) if len(i) else np.pi / 2
    )


def _first_of_equals(X: Matrix) -> NDArray[np.int64]:
    """Return, for every row, the index of the first row equal to it."""
    first = np.arange(len(X))
    i, j, same, chord = _close_pairs(X)
    equal = same & (chord <= _equality(X.shape[1]))
    np.minimum.at(first, j[equal], i[equal])
    return first


def _equality(d: int) -> float:
    """Return the norm of a difference that rounding can give two normalised multiples of a row."""
    return (d + 8) * UNIT_ROUNDOFF


def _close_pairs(
    X: Matrix,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], Vector]:
    """Find the pairs i < j whose lines are close, and the closest pair in any case.

    A cosine says which pairs to look at (2e-5 covers angles up to 6e-3); the difference of the rows
    says how close they are, to full accuracy.

    Returns:
        i, j, whether the rows point the same way, and the norm of x_i - x_j (or x_i + x_j).
    """
    if len(X) < 2:
        nothing = np.empty(0, np.int64)
        return nothing, nothing, np.empty(0, np.bool_), np.empty(0)
    found, columns, step = [], np.arange(len(X)), max(CELLS // len(X), 1)
    for begin in range(0, len(X), step):
        cosines = X[begin : begin + step] @ X.T
        cosines[columns <= columns[begin : begin + step, None]] = 0  # pairs i < j alone
        size = np.abs(cosines)
        p, q = np.nonzero(size > min(1.0, float(size.max())) * (1 - 2e-5))
        found.append((begin + p, q, cosines[p, q]))
    i, j, cosine = (np.concatenate(parts) for parts in zip(*found, strict=True))
    close = np.abs(cosine) > min(1.0, float(np.abs(cosine).max(initial=0.0))) * (1 - 2e-5)
    i, j, same = i[close], j[close], cosine[close] > 0
    chord = np.empty(len(i))
    for part in (slice(p, p + 8192) for p in range(0, len(i), 8192)):
        sign = np.where(same[part], 1.0, -1.0)[:, None]
        chord[part] = np.linalg.norm(X[i[part]] - sign * X[j[part]], axis=1)
    return i, j, same, chord


def _real(name: str, value: Any, dimensions: int) -> Vector:
    """Return a float64 array of the given number of dimensions without NaN or infinity."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise TypeError(
            f"{name} must hold real numbers of at most 64 bits, not dtype {array.dtype}"
        )
    if array.ndim != dimensions:
        raise ValueError(f"{name} must have {dimensions} dimension(s), not shape {array.shape}")
    numbers = array.astype(np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        place = tuple(int(k) for k in np.unravel_index(int((~finite).argmax()), numbers.shape))
        raise ValueError(f"{name}{list(place)} is {numbers[place]}")
    return numbers
