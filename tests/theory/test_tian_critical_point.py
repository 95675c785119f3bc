"""Aligned students and idle ones are critical; anything else is not."""

import numpy as np
import pytest

from pyntk.theory.tian import critical_point_alignment


def verdicts(**options):
    return [check.holds for check in critical_point_alignment(**options).checks]


@pytest.mark.parametrize("seed", range(8))
def test_holds(seed):
    report = critical_point_alignment(seed=seed)
    assert [check.holds for check in report.checks] == [True] * 5
    zero, native, woken, orphaned, exponent = (check.measured for check in report.checks)
    assert max(zero, native) < 1e-12
    assert min(woken, orphaned) > 0.1
    assert exponent == pytest.approx(1, abs=0.05)
    assert report.series["gradient"].shape == (13,)


@pytest.mark.parametrize(
    "copies",
    [((1.0, 1.0),), ((0.5, 2.0),), ((3.0, 0.2), (0.1, 1.0), (2.0, 0.15))],
)
def test_any_positive_multiples(copies):
    """Many to one, and by any factor above 0: the sum of gamma s is 1."""
    assert verdicts(copies=copies) == [True] * 5


@pytest.mark.parametrize(
    "copies",
    [((1.0, 0.3), (2.0, 0.34)), ((1.0, 0.3), (-2.0, -0.35)), ((-1.0, -1.0),)],
    ids=["sum 0.98", "negative multiple", "opposite side"],
)
def test_not_the_teacher(copies):
    assert verdicts(copies=copies)[:2] == [False, False]


def test_idle_students_without_fan_out_break_nothing():
    assert verdicts(idle_fan_out=0.0) == [True, True, False, True, True]


def test_too_large_an_angle_is_not_linear():
    assert verdicts(angles=(0.3, 1.0, 3.0))[4] is False


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"idle": 0}, ValueError, "idle must be at least 1"),
        ({"teachers": 2.5}, TypeError, "teachers must be a whole number"),
        ({"d": 1}, ValueError, "d must be at least 2"),
        ({"angles": (0.0, 1.0)}, ValueError, "angles at least two numbers above 0"),
        ({"copies": ()}, ValueError, "copies must be one"),
        ({"copies": ((np.nan, 1.0),)}, ValueError, "copies must be one finite"),
    ],
)
def test_refused(option, error, text):
    with pytest.raises(error, match=text):
        critical_point_alignment(**option)
