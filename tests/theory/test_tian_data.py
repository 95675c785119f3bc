"""Inputs beside the boundaries, and deep students: what must hold, and what must not."""

import sys

import numpy as np
import pytest

from pyntk.theory.tian import multi_layer, teacher_aware_data
from pyntk.theory.tian.students import Protocol, gaussian_inputs
from pyntk.theory.tian.teacher import draw_teacher
from pyntk.theory.tian.teacher_aware_data import beside_boundaries

MODULE = sys.modules["pyntk.theory.tian.teacher_aware_data"]
SMALL = {"sample_sizes": (30, 450), "seeds": 2}
DEEP = {"sample_sizes": (100, 20_000), "seeds": 1, "steps": 4000}


def verdicts(routine, **options):
    return [check.holds for check in routine(**options).checks]


def test_few_inputs_beside_the_boundaries_do():
    report = teacher_aware_data(**SMALL)
    assert [check.holds for check in report.checks] == [True] * 3
    random, aware = report.series["correlation_random"], report.series["correlation_aware"]
    assert random.shape == aware.shape == (1, 2, 2)
    assert (aware[0, 0] - random[0, 0] > 0.4).all()


def test_random_inputs_do_not(monkeypatch):
    monkeypatch.setattr(MODULE, "beside_boundaries", gaussian_inputs)
    assert verdicts(teacher_aware_data, **SMALL) == [True, False, True]


def test_too_few_steps():
    assert verdicts(teacher_aware_data, **SMALL, epoch_steps=1) == [True, False, False]


def test_other_sizes_are_not_the_figures():
    found = verdicts(teacher_aware_data, sample_sizes=(60, 120), seeds=1, epoch_steps=10)
    assert found == [None, None, None]


def test_beside_boundaries():
    """In threes: on the boundary, then 2 to 4 above and below it, all of one norm."""
    teacher = draw_teacher(4, 100, 5, decay=0.0, generator=np.random.default_rng(0))
    protocol = Protocol(4, 2, 0.0, 100, 1, 1)
    X = beside_boundaries(teacher, protocol, np.random.default_rng(1))
    assert X.shape == (100, 100)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 15)
    threes = X[:99].reshape(33, 3, 100)
    own = np.arange(33) % 4
    heights = np.einsum("tpd,td->tp", threes, teacher.W[own])
    np.testing.assert_allclose(heights[:, 0], 0.1, atol=0.05)  # w.x + b = 0, b = -.1
    assert ((heights[:, 1] > 1.5) & (heights[:, 1] < 5)).all()
    assert ((heights[:, 2] < -1.5) & (heights[:, 2] > -5)).all()
    on, up = threes[:, 0], threes[:, 1]
    beside = up - (heights[:, 1] - heights[:, 0])[:, None] * teacher.W[own]
    cosine = (on * beside).sum(1) / np.linalg.norm(on, axis=1) / np.linalg.norm(beside, axis=1)
    assert cosine.min() > 0.999  # moved along w alone


def test_deep_students():
    report = multi_layer(**DEEP)
    assert [check.holds for check in report.checks] == [True] * 4
    end = report.series["correlation"][:, 0, -1]
    assert end.shape == (2, 4)
    assert end[1, 0] >= 0.95
    assert end[1, 0] - end[0, 0] >= 0.1
    assert end[1, 0] > end[1, 1:].max()


def test_deep_students_that_do_not_learn():
    found = verdicts(multi_layer, **DEEP | {"steps": 50}, step_size=1e-6)
    assert found[:2] == [False, False]


def test_deep_students_with_few_inputs():
    assert verdicts(multi_layer, **DEEP | {"sample_sizes": (90, 100), "steps": 2000})[:2] == [
        False,
        False,
    ]


def test_deep_divergence():
    found = multi_layer(**DEEP | {"steps": 200}, step_size=1e4)
    assert [check.holds for check in found.checks] == [False] * 4
    assert found.summary()


def test_two_layers():
    """One hidden layer: there is nothing above the lowest."""
    assert len(verdicts(multi_layer, layers=(4,), sample_sizes=(10, 50), seeds=1, steps=10)) == 3


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"layers": ()}, ValueError, "layers must be one"),
        ({"layers": (3, 0)}, ValueError, "layers must be at least 1"),
        ({"multiple": 1.5}, TypeError, "multiple must be a whole number"),
        ({"step_size": -1.0}, ValueError, "step_size must be above 0"),
    ],
)
def test_refused(option, error, text):
    with pytest.raises(error, match=text):
        multi_layer(**option)
