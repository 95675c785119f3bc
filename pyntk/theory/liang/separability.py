"""Whether data are separated clusters in the sense of Li and Liang, and with which constants."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

NORM_ALLOWED: Final = 1e-6
"""How far a norm may be from 1: data in float32 count as normalised."""
FEWEST_ROWS: Final = 4
"""Rows of a component, on average, below which components that were found are no clusters."""
MOST_ROWS: Final = 8000
"""All pairs are looked at: so many rows take 0.5 GB."""


@dataclass(frozen=True)
class Separability:
    """How rows stand to the assumptions (A1) and (A2).

    Attributes:
        k: classes.
        l: most components in a class.
        delta: least distance between two rows of different classes; infinite for one class.
        diameter: largest distance between two rows of one component.
        ratio: lambda, ``diameter`` / ``delta``: 0 / 0 is 0.
        asked: 1 / (8 l), what lambda must not exceed.
        norm_error: largest distance of a row's norm from 1.
        components: (n,) the component of each row, 0, 1, ..., those given or those found.
        found: whether the components were found here.
    """

    k: int
    l: int
    delta: float
    diameter: float
    ratio: float
    asked: float
    norm_error: float
    components: Labels
    found: bool

    @property
    def separated(self) -> bool:
        """(A1): delta > 0 and lambda <= 1 / (8 l)."""
        return self.delta > 0 and self.ratio <= self.asked

    @property
    def normalised(self) -> bool:
        """(A2): rows of unit norm."""
        return self.norm_error <= NORM_ALLOWED

    @property
    def clustered(self) -> bool:
        """Whether the components are few: given, or found with several rows each."""
        count = int(self.components.max()) + 1
        return not self.found or len(self.components) >= FEWEST_ROWS * count

    def sentence(self) -> str:
        """Say how the rows stand to (A1)."""
        if not self.clustered:
            return f"(A1) is met by no clusters: it takes l = {self.l}, nearly one for each row"
        return (
            f"(A1) is {'met' if self.separated else 'not met'} on the rows drawn: lambda = "
            f"{self.ratio:.3g}, asked: at most 1/(8 l) = {self.asked:.3g}, l = {self.l}, "
            f"delta = {self.delta:.3g}"
        )


def separability(X: ArrayLike, classes: ArrayLike, components: Any = None) -> Separability:
    """Measure delta, lambda, k and l of (A1), and the norms of (A2).

    (A1): each class i is a mixture of l components, the supports of components of different classes
    are at least delta > 0 apart, and each support has a diameter of at most lambda delta with
    lambda <= 1 / (8 l). Components of one class may touch. Of a distribution that is known by its
    rows alone, the rows are the support: a Gaussian's own support is unbounded.

    Without ``components`` the least l is looked for with which (A1) holds: delta does not depend on
    the components, and complete linkage cuts each class into clusters of at most a given diameter.
    Complete linkage may miss a partition into fewer. With every row a component of its own (A1)
    always holds where delta > 0, so an l near the number of rows in a class means that there are no
    clusters.

    Args:
        X: (n, d) finite rows.
        classes: (n,) class of each row, anything that can be compared.
        components: (n,) component of each row, or None; equal names in two classes are two.

    Raises:
        ValueError: wrong shapes, no rows or more than :data:`MOST_ROWS`, NaN or infinity.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, section 3, assumptions (A1) and (A2).
    """
    rows = np.asarray(X, np.float64)
    if rows.ndim != 2 or not 1 <= len(rows) <= MOST_ROWS:
        raise ValueError(f"X must have shape (n, d) with 1 <= n <= {MOST_ROWS}, not {rows.shape}")
    if not np.isfinite(rows).all():
        raise ValueError("X must be finite")
    kind = _numbered("classes", classes, len(rows))
    distances = _distances(rows)
    other = kind[:, None] != kind
    delta = float(distances[other].min(initial=np.inf))
    given = components is not None
    parts = (
        _within(kind, _numbered("components", components, len(rows)))
        if given
        else _found(distances, kind, delta)
    )
    diameter = float(distances[parts[:, None] == parts].max())
    owners = np.unique(np.stack([kind, parts], 1), axis=0)[:, 0]
    l = int(np.bincount(owners).max())
    return Separability(
        k=int(kind.max()) + 1,
        l=l,
        delta=delta,
        diameter=diameter,
        ratio=diameter / delta if delta else (np.inf if diameter else 0.0),
        asked=1 / (8 * l),
        norm_error=float(np.abs(np.linalg.norm(rows, axis=1) - 1).max()),
        components=parts,
        found=not given,
    )


def _numbered(name: str, labels: Any, n: int) -> Labels:
    """Return labels as 0, 1, ..., in ascending order."""
    array = np.asarray(labels)
    if array.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), one for each row, not {array.shape}")
    numbers: Labels = np.unique(array, return_inverse=True)[1].astype(np.int64)
    return numbers


def _within(kind: Labels, parts: Labels) -> Labels:
    """Number the components of all classes, no number in two classes."""
    together = kind * (int(parts.max()) + 1) + parts
    return _numbered("components", together, len(kind))


def _distances(X: Matrix) -> Matrix:
    """Return all distances; those of close rows, where a difference cancels, from the rows."""
    squares = (X * X).sum(1)
    squared = squares[:, None] + squares - 2 * (X @ X.T)
    close = squared < 1e-6 * (squares[:, None] + squares)
    np.fill_diagonal(close, False)
    distances: Matrix = np.sqrt(np.maximum(squared, 0))
    i, j = np.nonzero(np.triu(close))
    for part in (slice(p, p + 8192) for p in range(0, len(i), 8192)):
        exact = np.linalg.norm(X[i[part]] - X[j[part]], axis=1)
        distances[i[part], j[part]] = distances[j[part], i[part]] = exact
    np.fill_diagonal(distances, 0)
    return distances


def _found(distances: Matrix, kind: Labels, delta: float) -> Labels:
    """Cut every class into the fewest clusters, the same most for all, that (A1) admits."""
    members = [np.flatnonzero(kind == k) for k in range(int(kind.max()) + 1)]
    trees = [
        linkage(squareform(distances[np.ix_(at, at)], checks=False), "complete")
        if len(at) > 1
        else None
        for at in members
    ]
    most = max(len(at) for at in members)
    l = next((l for l in range(1, most) if _height(trees, l) <= delta / (8 * l)), most)
    parts = np.empty(len(kind), np.int64)
    for k, (at, tree) in enumerate(zip(members, trees, strict=True)):
        cut = np.ones(1) if tree is None else fcluster(tree, min(l, len(at)), "maxclust")
        parts[at] = k * most + cut
    return _numbered("components", parts, len(parts))


def _height(trees: list[Any], l: int) -> float:
    """Return the largest diameter where every class is cut into l clusters."""
    heights = [float(tree[-l, 2]) for tree in trees if tree is not None and len(tree) >= l]
    return max(heights, default=0.0)
