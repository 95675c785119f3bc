"""Rows of several classes: clusters that are drawn, images of ten classes, a caller's own."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.datasets import find
from pyntk.theory.liang.clusters import Clusters, gaussian_clusters, unit_rows

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

OF_TEN: Final = ("digits", "mnist", "cifar10")
"""Data sets with the classes 0 .. 9, of which :func:`pyntk.datasets.find` returns two."""


@dataclass(frozen=True)
class Source:
    """Rows of unit norm, their classes, and what is known of their clusters.

    Attributes:
        X: (n, d) rows of unit norm.
        classes: (n,) 0 .. k - 1.
        name: for titles.
        clusters: the components, where they are known.
        notes: what was dropped, a sentence each.
    """

    X: Matrix
    classes: Labels
    name: str
    clusters: Clusters | None = None
    notes: tuple[str, ...] = ()


def source(data: Any, rows: int, seed: int) -> Source:
    """Return what a caller means by ``data``; see :func:`pyntk.theory.liang.classes.draw_classes`.

    Args:
        data: a name, :class:`Clusters`, or (X, classes).
        rows: how many rows are needed, where they are drawn.
        seed: of the draw.
    """
    if isinstance(data, str):
        if data != "clusters":
            return _labelled(data, rows, seed)
        data = gaussian_clusters(rows, seed=seed)
    if isinstance(data, Clusters):
        return Source(data.X, data.classes, data.name, data)
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"data must be a name, Clusters or (X, classes), not {type(data).__name__}")
    return _admitted("your data", *data)


def _labelled(name: str, rows: int, seed: int) -> Source:
    """Return a data set by its name: all classes of those of ten, else two."""
    if name.partition(":")[0] not in OF_TEN:
        two = find(name, rows=rows, seed=seed)
        return _admitted(two.name, two.X, two.y < 0, two.notes)
    parts = []
    for first in range(0, 10, 2):
        pair = find(name, rows=rows, seed=seed, classes=(first, first + 1))
        some = np.random.default_rng([seed, first]).permutation(len(pair.y))[:rows]
        parts.append((pair.X[some], first + (pair.y[some] < 0)))
    X, classes = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _admitted(pair.name, X, classes)


def _admitted(name: str, X: ArrayLike, classes: ArrayLike, notes: tuple[str, ...] = ()) -> Source:
    """Check rows and labels, drop rows of zeros, scale the rest, and number the classes."""
    rows, labels = np.asarray(X), np.asarray(classes)
    if rows.dtype.kind not in "fiub":
        raise TypeError(f"X must hold real numbers, not dtype {rows.dtype}")
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"X must have shape (n, d) with n, d >= 1, not {rows.shape}")
    if labels.shape != (len(rows),):
        raise ValueError(f"classes must have shape ({len(rows)},), not {labels.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("X must be finite")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError("classes must be finite")
    kept = (rows != 0).any(axis=1)
    numbers = np.unique(labels[kept], return_inverse=True)[1].astype(np.int64)
    if len(numbers) < 4 or numbers.max() < 1:
        raise ValueError("X and classes must have four rows that are not zero, of two classes")
    dropped = int((~kept).sum())
    if dropped:
        notes = (*notes, f"dropped: {dropped} rows of zeros")
    return Source(unit_rows(rows[kept]), numbers, name, None, notes)
