"""Set splitting and the training of three nodes agree, and do not with another reduction."""

from itertools import product

import numpy as np
import pytest

from pyntk.theory.cs839 import three_node_hardness
from pyntk.theory.cs839.set_splitting import (
    Instance,
    Points,
    fits,
    random_instance,
    reduction,
    separating,
    splits,
    splitting,
    train_three_nodes,
    triangle,
    units_of,
)
from pyntk.theory.cs839.three_node_hardness import Verdicts, agreement, checks, decide

FANO = [(0, 1, 2), (0, 3, 4), (0, 5, 6), (1, 3, 5), (1, 4, 6), (2, 3, 6), (2, 4, 5)]


def instance(size, clauses):
    members = np.zeros((len(clauses), size), np.bool_)
    for row, clause in zip(members, clauses, strict=True):
        row[list(clause)] = True
    return Instance(size, members)


@pytest.fixture(scope="module")
def report():
    return three_node_hardness(sizes=(3, 4, 5), most=8)


def test_claims_hold(report):
    assert [check.holds for check in report.checks] == [True] * 3
    yes = report.series["can_split"]
    assert len(yes) == 60
    assert 10 < yes.sum() < 50
    np.testing.assert_array_equal(yes, report.series["can_train"])
    assert (report.series["problems"] >= 2 ** (report.series["sizes"] - 1)).all()


def test_fano_plane():
    """The smallest set of triples that cannot be split; without any one of its lines it can."""
    whole = instance(7, FANO)
    assert splitting(whole) is None
    assert train_three_nodes(reduction(whole)).units is None
    part = splitting(instance(7, FANO[1:]))
    assert splits(instance(7, FANO[1:]), part)
    assert not splits(whole, part)


@pytest.mark.parametrize("seed", range(5))
def test_splitting(seed):
    """The search finds what looking at all functions S -> {0, 1} finds."""
    generator = np.random.default_rng(seed)
    one = random_instance(6, 12, generator)
    possible = any(
        all(0 < sum(part[i] for i in np.flatnonzero(c)) < c.sum() for c in one.clauses)
        for part in product((0, 1), repeat=6)
    )
    found = splitting(one)
    assert (found is not None) == possible
    assert found is None or splits(one, found)


def test_large_sets_are_searched_in_blocks():
    """The only way to split pairs (0, i) is 0 against all others."""
    star = instance(15, [(0, i) for i in range(1, 15)])
    assert splitting(star).tolist() == [True] + 14 * [False]
    assert splitting(triangle(15)) is None


def without_origin(one):
    points = reduction(one)
    return Points(points.positive[1:], points.negative)


def without_clauses(one):
    points = reduction(one)
    return Points(points.positive[:1], points.negative)


def negative_clauses(one):
    points = reduction(one)
    return Points(points.positive[:1], np.concatenate([points.negative, points.positive[1:3]]))


@pytest.mark.parametrize("wrong", [without_origin, without_clauses, negative_clauses])
def test_wrong_reduction(wrong):
    """Instances that cannot be split are fitted where points are missing."""
    generator = np.random.default_rng(0)
    drawn = [random_instance(4, 8, generator) for _ in range(12)]
    assert agreement([decide(one) for one in drawn]).holds
    verdicts = [decide(one, wrong) for one in drawn]
    assert agreement(verdicts).holds is False
    assert agreement(verdicts).measured > 0


def test_construction():
    """A part that does not split makes a network that does not fit."""
    one = instance(4, [(0, 1), (2, 3)])
    assert fits(units_of(np.array([True, False, True, False])), reduction(one))
    assert not fits(units_of(np.array([True, True, False, False])), reduction(one))


def test_separating():
    assert separating(np.zeros((1, 2)), np.eye(2)) is not None
    assert separating(np.array([[0.0, 0.0], [1.0, 1.0]]), np.eye(2)) is None  # XOR
    half = separating(np.array([[2.0, 0.0]]), np.array([[1.0, 0.0]]))
    assert half.contains(np.array([[2.0, 0.0], [1.0, 0.0]])).tolist() == [True, False]


def test_checks():
    good = Verdicts(True, True, True, True)
    bad = Verdicts(False, False, None, None)
    assert [check.holds for check in checks([good, bad])] == [True] * 3
    assert [check.holds for check in checks([good])] == [None, True, True]  # one answer alone
    assert [check.holds for check in checks([bad])] == [None] * 3
    assert checks([good, good._replace(network_of_splitting=False)])[1].holds is False
    assert checks([good, good._replace(splitting_of_network=False)])[2].holds is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 2}, "size must be at least 3"),
        ({"instances": 0}, "instances must be at least 1"),
        ({"sizes": (2, 3)}, r"sizes\[0\] must be at least 3"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ValueError, match=words):
        three_node_hardness(**options)
