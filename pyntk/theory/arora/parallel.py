"""Rows as they were found, and which of them are parallel: what makes H singular, and what not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.data import DataSet
from pyntk.datasets import find
from pyntk.theory.rows import UNIT_ROUNDOFF, clean

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Pair = tuple[int, int]

BLOCK = 1024
"""Rows whose cosines with all others are held at a time."""


@dataclass(frozen=True)
class Found:
    """Rows of unit norm, equal ones among them.

    Attributes:
        X: (n, d) rows.
        index: (n,) their numbers in the data.
        name: of the data.
        notes: what was dropped or chosen, a sentence each.
    """

    X: Matrix
    index: NDArray[np.int64]
    name: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Parallel:
    """Parallel rows.

    Attributes:
        equal: (i, j), j > i: row j points where row i does, which is the first to do so.
        opposite: (i, j): row j points against row i; neither is a later one of equal rows.
        distinct: indices of the rows but the later ones of equal rows.
    """

    equal: tuple[Pair, ...]
    opposite: tuple[Pair, ...]
    distinct: NDArray[np.int64]

    @property
    def apart(self) -> NDArray[np.int64]:
        """Indices of rows of which no two are parallel: one of every group."""
        return np.setdiff1d(self.distinct, [j for _, j in self.opposite])

    def null_dimension(self, X: Matrix) -> int:
        """Return the dimension of the null space of H on rows X.

        On distinct rows v'Hv is a sum over the even powers and |X'v|^2 / 4, because the odd part of
        H is x.z / 4. The even part vanishes where v takes opposite values on antipodal rows and 0
        elsewhere, and there alone; X'v = 0 is then as many equations as those rows have rank.
        """
        first = X[[i for i, _ in self.opposite]]
        free = len(first) - int(np.linalg.matrix_rank(first)) if len(first) else 0
        return len(self.equal) + free


def as_found(data: Any, rows: int, seed: int) -> Found:
    """Draw rows at random, normalised, zero rows dropped, equal ones kept.

    Args:
        data: a name (:func:`pyntk.datasets.find`), a :class:`~pyntk.data.DataSet`, or (X, y).
        rows: n; fewer where there are not so many.
        seed: of the data, where they are drawn, and of the choice.

    Raises:
        ValueError: no such data, wrong shapes, NaN, labels other than +1 and -1, or fewer than two
            rows that are not zero.
        TypeError: X or y holds no real numbers.
    """
    found = find(data, rows=rows, seed=seed) if isinstance(data, str) else data
    name, notes = "your data", list[str]()
    if isinstance(found, DataSet):
        name, notes = found.name, list(found.notes)
        found = found.X, found.y
    given, y = found
    clean(given, y, most=2, seed=seed)  # refuses what is no labelled data; its result is not needed
    X = np.asarray(given, np.float64)
    largest = np.abs(X).max(axis=1)
    index = np.flatnonzero(largest > 0)
    if len(index) < len(X):
        notes.append(f"dropped: {len(X) - len(index)} zero rows")
    if len(index) > rows:
        index = np.sort(np.random.default_rng(seed).permutation(index)[:rows])
    if len(index) < 2:
        raise ValueError(f"X has {len(index)} rows that are not zero; at least 2 are needed")
    scaled = X[index] / largest[index, None]
    unit = scaled / np.linalg.norm(scaled, axis=1, keepdims=True)
    return Found(unit, index, name, tuple(notes))


def parallel(X: Matrix) -> Parallel:
    """Find the rows of unit norm that are parallel up to rounding, (d + 8) u in norm."""
    first = np.arange(len(X))
    for i, j in _close(X, 1.0):
        np.minimum.at(first, j, i)
    distinct = np.flatnonzero(first == np.arange(len(X)))
    equal = [(int(first[j]), int(j)) for j in np.flatnonzero(first < np.arange(len(X)))]
    opposite = [
        (int(distinct[p]), int(distinct[q]))
        for i, j in _close(X[distinct], -1.0)
        for p, q in zip(i, j, strict=True)
    ]
    return Parallel(tuple(equal), tuple(opposite), distinct)


def _close(X: Matrix, sign: float) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return, block by block, the i < j with |x_i - sign x_j| at rounding level."""
    tolerance = (X.shape[1] + 8) * UNIT_ROUNDOFF
    found = []
    for begin in range(0, len(X), BLOCK):
        cosines = sign * (X[begin : begin + BLOCK] @ X.T)
        i, j = np.nonzero(cosines > 1 - 1e-9)
        i += begin
        i, j = i[i < j], j[i < j]
        parts = [slice(p, p + 8192) for p in range(0, len(i), 8192)]
        chord = [np.linalg.norm(X[i[s]] - sign * X[j[s]], axis=1) for s in parts]
        near = np.concatenate([*chord, np.empty(0)]) <= tolerance
        found.append((i[near], j[near]))
    return found
