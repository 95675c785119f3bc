"""Set splitting, and how it becomes the training of a network with three nodes.

An instance is a set S = {0, ..., k - 1} and subsets ("clauses") of it. A splitting divides S in two
such that no clause lies in one part. As points of R^k: the origin is positive, the unit vector e_i
of each element negative, and the sum of the unit vectors of each clause positive. A network of two
threshold units and an AND fits them if and only if there is a splitting.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Members = NDArray[np.bool_]

BLOCK: Final = 4096
"""Parts that are looked at at a time."""


@dataclass(frozen=True)
class Instance:
    """A set of ``size`` elements and its clauses, (c, size) Boolean: who is a member of which."""

    size: int
    clauses: Members


class Points(NamedTuple):
    """What a network is to be trained on."""

    positive: Matrix
    negative: Matrix


class Halfspace(NamedTuple):
    """The points with w.x + b > 0."""

    w: Vector
    b: float

    def contains(self, X: Matrix) -> Members:
        """Return which rows of X lie in it."""
        inside: Members = X @ self.w + self.b > 0
        return inside


class Trained(NamedTuple):
    """The two threshold units of a network that fits, or None; and how many problems that took."""

    units: tuple[Halfspace, Halfspace] | None
    problems: int


def random_instance(size: int, clauses: int, generator: np.random.Generator) -> Instance:
    """Draw clauses of two or three elements each, all equally likely."""
    members = np.zeros((clauses, size), np.bool_)
    for row in members:
        row[generator.choice(size, generator.integers(2, 4), replace=False)] = True
    return Instance(size, members)


def triangle(size: int) -> Instance:
    """Return three elements of which each pair is a clause: it cannot be split."""
    members = np.zeros((3, size), np.bool_)
    for row, missing in zip(members, range(3), strict=True):
        row[:3] = True
        row[missing] = False
    return Instance(size, members)


def splitting(instance: Instance) -> Members | None:
    """Return a part of S (size,) that splits all clauses, or None, after a look at all 2^(k-1).

    The last element is in the other part, which loses nothing.
    """
    weights = 1 << np.arange(instance.size)
    clauses, parts = instance.clauses @ weights, 1 << (instance.size - 1)
    for first in range(0, parts, BLOCK):
        block = np.arange(first, min(first + BLOCK, parts))
        good = np.ones(len(block), np.bool_)
        for clause in clauses:
            common = block & clause
            good &= (common != 0) & (common != clause)
        if good.any():
            found: Members = (block[int(np.argmax(good))] & weights) != 0
            return found
    return None


def reduction(instance: Instance) -> Points:
    """Return the points of an instance: (1 + c, k) positive ones and (k, k) negative ones."""
    origin = np.zeros((1, instance.size))
    return Points(np.concatenate([origin, instance.clauses]), np.eye(instance.size))


def units_of(part: Members) -> tuple[Halfspace, Halfspace]:
    """Return the network of a splitting: each unit cuts off the unit vectors of one part.

    With weight -1 on its part, k on the other, and the threshold 1/2, it cuts off its part's unit
    vectors and keeps the origin and every clause that has an element in the other part.
    """
    k = float(len(part))
    first, second = (Halfspace(np.where(own, -1.0, k), 0.5) for own in (part, ~part))
    return first, second


def part_of(units: tuple[Halfspace, Halfspace], size: int) -> Members:
    """Return the splitting of a network that fits: the elements that its first unit cuts off."""
    return ~units[0].contains(np.eye(size))


def splits(instance: Instance, part: Members) -> bool:
    """Return whether a part of S has an element of each clause, and never all of them."""
    inside = (instance.clauses & part).sum(axis=1)
    return bool(((inside > 0) & (inside < instance.clauses.sum(axis=1))).all())


def fits(units: tuple[Halfspace, Halfspace], points: Points) -> bool:
    """Return whether the AND of two units is right on all points."""

    def output(X: Matrix) -> Members:
        return units[0].contains(X) & units[1].contains(X)

    return bool(output(points.positive).all() and not output(points.negative).any())


def separating(positive: Matrix, cut_off: Matrix) -> Halfspace | None:
    """Return a halfspace with all of ``positive`` and none of ``cut_off``, or None.

    A linear programme decides: w.x + b >= 1 on the one, <= -1 on the other.
    """
    rows = np.concatenate([-positive, cut_off])
    constant = np.concatenate([-np.ones(len(positive)), np.ones(len(cut_off))])
    k = rows.shape[1]
    found = linprog(
        np.zeros(k + 1),
        A_ub=np.column_stack([rows, constant]),
        b_ub=-np.ones(len(rows)),
        bounds=(None, None),
        method="highs",
    )
    if found.status not in (0, 2):
        raise ArithmeticError(f"the linear programme was not decided: {found.message}")
    return Halfspace(found.x[:k], float(found.x[k])) if found.status == 0 else None


def train_three_nodes(
    points: Points, on_part: Callable[[float, float], Any] = lambda done, total: None
) -> Trained:
    """Look for two halfspaces whose AND is right on all points, at every way to share the work.

    Each negative point must be cut off by one of the two, so all 2^(k-1) divisions of them are
    tried, up to the order of the two units.
    """
    positive, negative = points
    k, problems = len(negative), 0
    divisions = 1 << (k - 1)
    for division in range(divisions):
        on_part(division, divisions)
        part = (division >> np.arange(k)) & 1 == 1
        problems += 1
        first = separating(positive, negative[part])
        if first is None:
            continue
        problems += 1
        second = separating(positive, negative[~part])
        if second is not None:
            return Trained((first, second), problems)
    return Trained(None, problems)
