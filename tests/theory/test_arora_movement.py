"""Neurons move as 1/sqrt(m), far below the bound; wrong scales and narrow networks are seen."""

import importlib

import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import movement
from pyntk.theory.arora.lazy_run import pose

claims = importlib.import_module("pyntk.theory.arora.movement")
WIDTHS = np.array([1024, 4096, 16384])


@pytest.fixture(scope="module")
def report():
    return movement()


def test_it_holds(report):
    assert report.holds, report.summary()
    assert [check.holds for check in report.checks] == [True] * 3


def test_the_law(report):
    """sqrt(m) max |w_r(K) - w_r(0)| = 17.7 .. 17.9 in an implementation in NumPy; here 17.4."""
    scaled = np.sqrt(WIDTHS) * report.series["moved"][:, -1]
    assert np.ptp(scaled) / scaled.mean() <= 0.08
    assert scaled.mean() == pytest.approx(17.8, rel=0.08)


def test_far_below_the_bound(report):
    moved, bound = report.series["moved"].max(axis=1), report.series["bound"]
    assert (moved < bound / 20).all()
    lambda_0 = report.data["lambda_0"]
    expected = 4 * np.sqrt(100) * 10 / (np.sqrt(WIDTHS) * lambda_0)  # |y| = 10
    np.testing.assert_allclose(bound, expected)
    assert bound[1] == pytest.approx(34.3, abs=0.1)


def test_every_step_is_within_the_path(report):
    moved, path = report.series["moved"], report.series["path"]
    assert (moved <= path * (1 + 1e-6)).all()
    # The first step alone, by the gradient at the start.
    problem = pose("sphere", 100, seed=0, how={"backend": None, "threads": None})
    network = pyntk.TwoLayer.antisymmetric(1024, 50, seed=1, derivative_at_zero=1)
    _, gradients = network.loss_and_gradient(problem.X, problem.y)
    first = report.settings["eta"] * np.linalg.norm(gradients.dW, axis=1).max()
    assert moved[0, 1] == pytest.approx(first, rel=1e-4)
    assert path[0, 1] == pytest.approx(report.settings["eta"] * np.sqrt(100 / 1024) * 10, rel=1e-5)


def test_a_plain_start():
    assert movement(start="plain", labels="random", widths=(1024, 4096)).holds


def test_wrong_scales_are_seen(report):
    """Outputs divided by m, or not at all, in place of sqrt(m)."""
    moved, initial = report.series["moved"], np.full(3, 10.0)
    assert claims.one_over_root(WIDTHS, moved, initial).holds
    for power in (-0.5, 0.5):
        wrong = moved * WIDTHS[:, None] ** power
        assert claims.one_over_root(WIDTHS, wrong, initial).holds is False


def test_moves_beyond_the_path_or_the_bound(report):
    s = report.series
    problem = pose("sphere", 100, seed=0, how={"backend": None, "threads": None})
    assert claims.within_path(WIDTHS, 10 * s["moved"], s["path"]).holds is False
    assert claims.within_path(WIDTHS, s["moved"], s["path"] / 100).holds is False  # eta/n
    assert claims.within_bound(problem, WIDTHS, s["moved"], s["bound"]).holds
    assert claims.within_bound(problem, WIDTHS, s["moved"], s["bound"] / 1000).holds is False


def test_too_narrow():
    """Networks of 8 to 128 neurons: the law is not there yet."""
    found = movement(widths=(8, 32, 128), labels="random")
    assert found.checks[-1].holds is False


def test_too_large_a_step():
    found = movement(step=8.0, widths=(256, 512), steps=40)
    assert [check.holds for check in found.checks] == [False] * 3
    found.plot()
    found.to_dict()


def test_a_singular_kernel():
    angle = 2 * np.pi * np.arange(40) / 40
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = movement((X, np.where(X[:, 0] > 0.1, 1, -1)), rows=40, widths=(512,), steps=20)
    assert found.checks[0].holds is None
    assert found.checks[1].holds is True
    found.plot()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"widths": ()}, ValueError, "widths must not be empty"),
        ({"widths": (16, 15)}, ValueError, "widths must be even"),
        ({"widths": 16}, TypeError, "widths must be a sequence"),
        ({"labels": "all"}, ValueError, "labels must be one of"),
        ({"steps": 1.5}, TypeError, "steps must be a whole number"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        movement(**{"rows": 10, "widths": (16,), "steps": 1, **options})
