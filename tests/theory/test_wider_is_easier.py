"""Wider students train better at one step size, and not where the claim's conditions are left."""

import numpy as np
import pytest

from pyntk.theory.cs839 import wider_is_easier
from pyntk.theory.cs839.wider_is_easier import one_against_four, standard, task, wider_alike


@pytest.fixture(scope="module")
def report():
    return wider_is_easier()


def test_claims_hold(report):
    final = report.series["error"][..., -1].mean(axis=1)
    assert [check.holds for check in report.checks] == [True, True]
    assert final[0] > 1.3 * final[2]
    assert final[1:].max() <= 1.4 * final[1:].min()
    assert report.series["error"].shape == (4, 24, 21)
    assert (report.series["error"][..., -1] < 0.5 * report.series["error"][..., 1]).mean() > 0.9


def test_too_short_a_run():
    """After 1,000 steps all students are alike: nothing is easier yet."""
    short = wider_is_easier(steps=1000, draws=8)
    assert short.checks[0].holds is False


def test_step_divided_by_the_width():
    """Smaller steps for the wider students turn the order round."""
    divided = wider_is_easier(divided=True, draws=6)
    assert divided.checks[0].measured < 1
    assert [check.holds for check in divided.checks] == [False, False]


def test_divergence():
    wild = wider_is_easier(step_size=10.0, steps=100, draws=1)
    assert np.isnan(wild.series["error"][..., -1]).all()
    assert [check.holds for check in wild.checks] == [False, False]


def test_without_the_multiples():
    few = wider_is_easier(multiples=(2, 8), steps=50, draws=1)
    assert [check.holds for check in few.checks] == [None, None]


def test_checks():
    assert one_against_four([1, 4], np.array([1.31, 1.0]), 1).holds
    assert one_against_four([1, 4], np.array([1.29, 1.0]), 1).holds is False
    assert wider_alike([1, 2, 4, 8], np.array([9, 1.39, 1.2, 1.0]), 1).holds
    assert wider_alike([1, 2, 4, 8], np.array([1, 1.41, 1.2, 1.0]), 1).holds is False


def test_task():
    """Outputs have mean 0 and variance 1; starts have the standard scale."""
    X, y, X_test, y_test = task(30, 10, 5000, np.random.default_rng(0))
    assert (X.shape, X_test.shape, y_test.shape) == ((5000, 30), (5000, 30), (5000,))
    assert y.mean() == pytest.approx(0, abs=1e-12)
    assert y.std() == pytest.approx(1)
    assert y_test.std() == pytest.approx(1, abs=0.1)
    student = standard(2000, 30, np.random.default_rng(1), {})
    assert student.W.std() == pytest.approx((2 / 30) ** 0.5, rel=0.02)
    assert student.a.std() == pytest.approx(2000**-0.5, rel=0.1)
    assert student.scale == 1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"multiples": (2, 1)}, ValueError, "multiples must increase"),
        ({"teacher": 0}, ValueError, "teacher must be at least 1"),
        ({"step_size": -1}, ValueError, "step_size must be at least 0"),
        ({"batch": 1.5}, TypeError, "batch must be a whole number"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        wider_is_easier(**options)
