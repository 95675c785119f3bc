"""Clusters are learnt in a number of steps that the width does not raise, at eta = c / m alone."""

import sys

import numpy as np
import pytest

import pyntk
from pyntk.theory.liang import gaussian_clusters, learns_clusters
from pyntk.theory.liang.classes import draw_classes
from pyntk.theory.liang.descent import IN_PAPER, Descent, accuracy
from pyntk.theory.liang.steps_needed import steps_needed
from pyntk.theory.watch import Watch

SMALL = gaussian_clusters(1500, d=100)
checks = sys.modules["pyntk.theory.liang.learns_clusters"]
FEW = {"rows": 1000, "held_out": 500, "widths": (500,), "steps": 200}


def test_paper():
    """d = 1000 and the second data set, which (A1) admits."""
    report = learns_clusters(widths=(500, 2000), races=1, race=(250, 1000))
    assert [check.holds for check in report.checks] == [True, True, True]
    assert report.checks[0].measured >= 0.99
    assert "met on the rows drawn" in report.checks[1].condition
    assert report.data["lambda"] > report.data["asked"]
    assert report.series["accuracy"].shape == (2, 1, len(report.series["steps"]))
    assert (report.series["accuracy"][:, 0, 0] < 0.3).all()


@pytest.mark.parametrize(
    ("step_size", "low", "high", "holds"),
    [
        (IN_PAPER, 0.65, 1.7, True),
        (lambda m: 0.4 / m**0.5, 1.9, 4.5, False),
        (0.02, 3.5, 8.1, False),
    ],
    ids=["10/m", ".4/sqrt m", ".02"],
)
def test_scalings(step_size, low, high, holds):
    """Seven pairs, as in the bootstrap."""
    report = learns_clusters(SMALL, **FEW, races=7, step_size=step_size, judged=200)
    check = report.checks[-1]
    assert check.holds is holds
    assert low < check.measured < high
    assert report.series["needed"].shape == (7, 2)


def test_start_too_large():
    """w ~ N(0, I): the outputs are so large that T steps do not undo them."""

    def network(m, d, outputs, **how):
        net = pyntk.TwoLayer.clustered(m, d, outputs, **how)
        net.W *= m**0.5
        return net

    # The experiment's own clusters, so that its check applies.
    report = learns_clusters(widths=(500,), races=1, race=(50, 100), network=network)
    assert report.checks[0].holds is False
    assert report.checks[0].measured < 0.99


def test_random_labels():
    """Nothing is to be learnt: neither accuracy, nor steps that could be compared."""
    generator = np.random.default_rng(0)
    data = type(SMALL)(
        SMALL.X, generator.permutation(SMALL.classes), SMALL.components, SMALL.centres,
        SMALL.centre_classes, "shuffled",
    )  # fmt: skip
    report = learns_clusters(data, **FEW, races=1, race=(50, 100))
    assert report.series["accuracy"].max() < 0.3
    assert report.checks[-1].holds is False  # 150 / 150 is no answer
    assert "never" in report.checks[-1].condition


def test_accuracy():
    outputs = np.array([[1.0, 2, 0], [3, 1, 1], [0, 0, 1], [np.nan, 0, 0]])
    assert accuracy(outputs, np.array([1, 1, 2, 0])) == 0.5
    assert accuracy(outputs[None, :3], np.array([1, 0, 2])) == np.ones(1)


def test_steps_needed():
    sample = draw_classes(SMALL, 1000, 500)
    how = Descent(1, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
    assert 5 < steps_needed(sample, how, 500, 500, Watch()) < 30
    slow = Descent(1, 16, 1e-9, pyntk.TwoLayer.clustered, 0, {})
    assert steps_needed(sample, slow, 50, 100, Watch()) == 150


def test_own_data_that_meets_a1():
    """(A1) found by linkage in plain arrays: the theorem speaks of these."""
    tight = gaussian_clusters(1500, d=100, sigma=0.15)
    report = learns_clusters((tight.X, tight.classes), **FEW, races=1, race=(50, 100))
    assert [check.holds for check in report.checks] == [None, True, True]
    digits = learns_clusters(
        "digits", rows=500, held_out=200, widths=(100,), steps=50, races=1, race=(20, 40)
    )
    assert [check.holds for check in digits.checks] == [None, None, None]


def test_checks_fail_on_nan():
    sample = draw_classes("clusters", 100, 100)
    how = Descent(400, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
    right = np.array([[0.995], [np.nan]])
    assert checks.learns(np.array([1, 2]), right, sample, how).holds is False
    tight = checks.theorem_sample(sample, 100, 100, 0)
    assert checks.theorem(1, float("nan"), tight).holds is False


def test_repeats_and_bad_input():
    report = learns_clusters(
        SMALL, rows=300, held_out=100, widths=(50, 60), steps=20, repeats=3, records=4, races=2,
        race=(20, 40), judged=50,
    )  # fmt: skip
    assert report.series["accuracy"].shape == (2, 3, len(report.series["steps"]))
    assert report.series["accuracy"][0].std(axis=0).max() > 0
    assert len(report.panels) == 2
    for wrong in ("repeats", "races", "judged", "records", "steps"):
        with pytest.raises(ValueError, match=wrong):
            learns_clusters(SMALL, **{wrong: 0})


def test_too_large_a_step():
    assert not learns_clusters(SMALL, widths=(50,), step_size=1e12).holds
