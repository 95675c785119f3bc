"""Training and held-out rows of unit norm, drawn from whatever a caller names."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.data import DataSet, split
from pyntk.datasets import find
from pyntk.theory.rows import clean

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Two labelled classes, rows of unit norm, no two of them equal.

    Attributes:
        X: (n, d) training rows.
        y: (n,) their labels, +1 or -1.
        X_test: (p, d) held-out rows.
        y_test: (p,) their labels.
        name: of the data set.
        notes: what was dropped or chosen, a sentence each.
        classes: names of the classes labelled +1 and -1.
    """

    X: Matrix
    y: Vector
    X_test: Matrix
    y_test: Vector
    name: str
    notes: tuple[str, ...]
    classes: tuple[str, str] = ("+1", "-1")

    @property
    def full_name(self) -> str:
        """The name with the classes, for titles."""
        return f"{self.name} ({self.classes[0]} against {self.classes[1]})"


def draw(data: Any, rows: int, held_out: int = 0, *, seed: int = 0) -> Sample:
    """Draw rows of two classes, normalised and made distinct.

    Args:
        data: a name (:func:`pyntk.datasets.find`), a :class:`~pyntk.data.DataSet`, or (X, y) with
            labels +1 and -1.
        rows: n, training rows; fewer where there are not so many.
        held_out: p, further rows; fewer where there are not so many.
        seed: of the data, where they are drawn, and of the split.

    Raises:
        ValueError: no such data, wrong shapes, NaN, labels other than +1 and -1, fewer than four
            distinct rows, or rows < 2 or held_out < 0.
        TypeError: ``data`` is none of these, or X or y holds no real numbers.
    """
    if rows < 2 or held_out < 0:
        raise ValueError(f"rows must be >= 2 and held_out >= 0, not {rows} and {held_out}")
    found = find(data, rows=rows + held_out, seed=seed) if isinstance(data, str) else data
    if not isinstance(found, DataSet):
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise TypeError(f"data must be a name, a DataSet or (X, y), not {type(found).__name__}")
        found = DataSet(found[0], found[1], "your data", ("+1", "-1"))
    X, y, name, notes = found.X, found.y, found.name, list(found.notes)
    cleaned = clean(X, y, 2 * (rows + held_out) + 1000, seed)
    count = len(cleaned.y)
    if count < 4:
        raise ValueError(f"X has {count} distinct rows that are not zero; at least 4 are needed")
    if cleaned.zero or cleaned.duplicates:
        notes.append(
            f"dropped: {cleaned.zero} zero rows, {cleaned.duplicates} rows with the direction of "
            f"an earlier row ({cleaned.conflicting} of them with another label)"
        )
    if count < rows + held_out:
        share = rows / (rows + held_out)
        rows = min(rows, max(2, round(count * share)))
        held_out = min(held_out, count - rows)
        notes.append(f"there are {count} distinct rows: {rows} train, {held_out} are held out")
    training, others = (
        split(count, rows, max(held_out, 1), seed)
        if held_out
        else (
            np.random.default_rng(seed).permutation(count)[:rows],
            np.empty(0, np.int64),
        )
    )
    return Sample(
        cleaned.X[training], cleaned.y[training], cleaned.X[others], cleaned.y[others],
        name, tuple(notes), found.classes,
    )  # fmt: skip
