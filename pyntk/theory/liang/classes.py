"""Training and held-out rows of several classes, and how they stand to the assumptions."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.data import split
from pyntk.theory.liang.clusters import unit_rows
from pyntk.theory.liang.separability import Separability, separability
from pyntk.theory.liang.sources import Source, source

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

LOOKED_AT: Final = 1000
"""Rows at most of which all pairs are looked at."""


@dataclass(frozen=True)
class ClassSample:
    """Rows of unit norm of several classes, some of them held out.

    Attributes:
        X: (n, d) training rows.
        classes: (n,) their classes, 0 .. k - 1.
        X_test: (p, d) held-out rows.
        classes_test: (p,) their classes.
        centres: (c, d) of unit norm: a centre for each component, or for each class where there are
            no clusters.
        centre_classes: (c,) the classes of the centres.
        rank: k l, the number of components; None where there are no clusters.
        separability: how the rows stand to (A1) and (A2).
        as_in_paper: whether these are the clusters of the paper's experiment.
        name: of the data.
        notes: what was dropped or chosen, a sentence each.
    """

    X: Matrix
    classes: Labels
    X_test: Matrix
    classes_test: Labels
    centres: Matrix
    centre_classes: Labels
    rank: int | None
    separability: Separability
    as_in_paper: bool
    name: str
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Classes."""
        return self.separability.k

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the data."""
        known = self.separability
        return {
            "name": self.name, "n": len(self.X), "held_out": len(self.X_test),
            "d": self.X.shape[1], "k": known.k, "l": known.l,
            "delta": known.delta, "lambda": known.ratio, "asked": known.asked,
        }  # fmt: skip

    def permuted(self, seed: int) -> "ClassSample":
        """Return the same rows with permuted labels, training and held-out rows apart."""
        generator = np.random.default_rng(seed)
        return replace(
            self,
            classes=generator.permutation(self.classes),
            classes_test=generator.permutation(self.classes_test),
        )


def draw_classes(data: Any, rows: int, held_out: int, *, seed: int = 0) -> ClassSample:
    """Draw rows of several classes and scale them to unit norm.

    Args:
        data: ``"clusters"`` (:func:`~pyntk.theory.liang.clusters.gaussian_clusters` with the
            paper's constants), ``"digits"``, ``"mnist:DIR"``, ``"cifar10:DIR"`` (all ten classes),
            another name of :func:`pyntk.datasets.find` (two classes),
            :class:`~pyntk.theory.liang.clusters.Clusters`, or (X, classes) with any labels.
        rows: n, training rows; fewer where there are not so many.
        held_out: p, further rows; fewer where there are not so many.
        seed: of the data, where they are drawn, and of the split.

    Raises:
        OSError: a file cannot be read.
        ValueError: no such data, wrong shapes, NaN, fewer than two classes or four rows.
        TypeError: X holds no real numbers, or data is none of the above.
        ModuleNotFoundError: a package that carries the data is absent.
    """
    for name, wanted in {"rows": rows, "held_out": held_out}.items():
        if wanted < 1:
            raise ValueError(f"{name} must be at least 1, not {wanted}")
    found = source(data, rows + held_out, seed)
    count, notes = len(found.classes), list(found.notes)
    if count < rows + held_out:
        rows = min(rows, max(2, round(count * rows / (rows + held_out))), count - 1)
        held_out = min(held_out, count - rows)
        notes.append(f"there are {count} rows: {rows} train, {held_out} are held out")
    training, others = split(count, rows, held_out, seed)
    every = np.concatenate([training, others])
    known, centres, owners = _clusters(found, every[:: -(-len(every) // LOOKED_AT)])
    if not known.clustered:
        notes.append("no clusters were found: the centres are the means of the classes")
    return ClassSample(
        found.X[training], found.classes[training], found.X[others], found.classes[others],
        centres, owners, len(centres) if known.clustered else None, known,
        found.clusters is not None and found.clusters.as_in_paper, found.name, tuple(notes),
    )  # fmt: skip


def _clusters(found: Source, rows: NDArray[np.int64]) -> tuple[Separability, Matrix, Labels]:
    """Return how some rows stand to (A1), the centres, and the classes of these."""
    X, classes = found.X[rows], found.classes[rows]
    if found.clusters is not None:
        clusters = found.clusters
        known = separability(X, classes, clusters.components[rows])
        return known, clusters.centres, clusters.centre_classes
    known = separability(X, classes)
    groups = np.unique(known.components if known.clustered else classes, return_inverse=True)[1]
    first = np.unique(groups, return_index=True)[1]
    sums = np.stack([X[groups == g].sum(0) for g in range(len(first))])
    return known, unit_rows(sums), classes[first]
