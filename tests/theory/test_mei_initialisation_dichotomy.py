"""The non-monotone activation: a small start is stuck, a larger one learns, and SGD noise frees."""

from dataclasses import replace

import numpy as np
import pytest

from pyntk.theory.mei import initialisation_dichotomy
from pyntk.theory.mei.dynamics import follow
from pyntk.theory.mei.initialisation_dichotomy import (
    ends,
    free_checks,
    risk_at_zero,
    stuck_checks,
)
from pyntk.theory.mei.one_pass import balanced, one_pass
from pyntk.theory.mei.radial import NON_MONOTONE, Radial, gaussian_radii
from pyntk.theory.mei.sgd_noise import gain
from pyntk.theory.watch import Watch

EPSILON = 1e-6
PROBLEM = Radial(40, 0.5, NON_MONOTONE)


@pytest.fixture(scope="module")
def report():
    return initialisation_dichotomy()


@pytest.fixture(scope="module")
def flows():
    times = [0.001, 0.01, 0.05, 2.0]
    return [follow(PROBLEM, gaussian_radii(300, 40, kappa), times) for kappa in (0.1, 0.4)]


def run(kappa, step_size=None):
    return one_pass(
        PROBLEM, width=200, kappa=kappa, epsilon=EPSILON, times=[0.05], samples=10_000, between=2,
        step_size=step_size, watch=Watch(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def runs():
    return [run(0.1), run(0.4)]


def test_all_hold(report):
    assert [check.holds for check in report.checks] == [True] * 6
    stuck, free = report.series["risk"][:, -1]
    assert 7.2 <= stuck <= 7.4
    assert 2.4 <= free <= 3.0
    shrunk, grown = report.series["median"][:, -1]
    assert shrunk < 0.02
    assert 0.80 <= grown <= 0.88
    assert report.series["risk"][0, :2] == pytest.approx([7.875, 7.451], abs=0.03)
    assert report.series["risk"][1, :2] == pytest.approx([6.490, 5.369], abs=0.06)
    assert (report.series["noise"] < 0.5).all()


def test_swapped():
    """From kappa = .4 nothing is stuck, from .1 nothing is learnt."""
    report = initialisation_dichotomy(stuck=0.4, free=0.1, d=40, samples=4000, particles=300)
    assert [check.holds for check in report.checks[:2]] == [False, False]
    assert [check.holds for check in report.checks[4:]] == [False, False]


def test_noise_frees():
    """A singular xi with epsilon = 1e-5: the condition is not met, and SGD escapes."""
    report = initialisation_dichotomy(
        d=320, width=800, epsilon=1e-5, xi=-0.25, times=[0.001, 0.01], samples=4000, particles=300
    )
    assert [check.holds for check in report.checks] == [None] * 4 + [True] * 2
    assert report.checks[0].measured < 4
    assert report.series["noise"][0] > 1
    assert "not met" in report.checks[0].condition


def test_the_papers_step(runs, flows):
    assert all(check.holds for check in stuck_checks(PROBLEM, runs[0], flows[0], 0.1))
    assert all(check.holds for check in free_checks(runs[1], flows[1], 0.1))
    assert all(check.holds for check in ends(PROBLEM, *flows))


def test_no_factor_2(flows):
    """SGD is then where the dynamics are at half the time, r = .66 for .84."""
    sgd = run(0.4, lambda k: np.full(len(k), 200 * EPSILON / 2))
    assert sgd.quantiles([0.5])[0, 0] == pytest.approx(0.663, abs=0.01)
    assert [check.holds for check in free_checks(sgd, flows[1], 0.1)] == [False, False]


def test_one_over_n_in_the_step(flows):
    steps = [run(kappa, lambda k: np.full(len(k), EPSILON)) for kappa in (0.1, 0.4)]
    assert steps[1].quantiles([0.5])[0, 0] == pytest.approx(0.40, abs=0.01)
    assert [check.holds for check in free_checks(steps[1], flows[1], 0.1)] == [False, False]
    assert [c.holds for c in stuck_checks(PROBLEM, steps[0], flows[0], 0.1)] == [False, False]


def test_half_a_risk(runs, flows):
    halved = [replace(sgd, risk=sgd.risk / 2) for sgd in runs]
    assert stuck_checks(PROBLEM, halved[0], flows[0], 0.1)[0].holds is False
    assert free_checks(halved[1], flows[1], 0.1)[0].holds is False


def test_not_a_number(runs, flows):
    lost = [replace(sgd, risk=sgd.risk * np.nan, radii=sgd.radii * np.nan) for sgd in runs]
    assert [c.holds for c in stuck_checks(PROBLEM, lost[0], flows[0], 0.1)] == [False, False]
    assert [c.holds for c in free_checks(lost[1], flows[1], 0.1)] == [False, False]
    assert stuck_checks(PROBLEM, runs[0], flows[0], np.nan)[0].holds is None


def test_risk_at_zero():
    """(12.25 + 2.25) / 2, f = sigma(0) = -2.5."""
    assert risk_at_zero(PROBLEM) == pytest.approx(7.25, abs=1e-12)


def test_gain():
    """At the start f is about sbar, half of the neurons see the slope -3, |x|^2 = (1 +- .5)^2 d."""
    X, y = balanced(PROBLEM, 1000, 0)
    assert X.shape == (1000, 40)
    assert (y == 1).sum() == 500
    sizes, f = PROBLEM.sizes, PROBLEM.outputs(gaussian_radii(300, 40, 0.1))
    expected = PROBLEM.weights @ ((PROBLEM.labels - f) ** 2 * sizes**2) * 9 / 2
    assert gain(PROBLEM, 0.1, 0) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"stuck": 0.0}, "kappa must be"),
        ({"delta": 2.0}, "delta must be"),
        ({"epsilon": -1.0}, "epsilon must be"),
        ({"times": [0.0]}, "times must"),
        ({"end": np.nan}, "times must|end must"),
        ({"particles": 0}, "particles must be"),
    ],
)
def test_bad_input(options, words):
    given = {"epsilon": 1e-4, "times": [0.001], "samples": 100, "particles": 20, "width": 20}
    with pytest.raises(ValueError, match=words):
        initialisation_dichotomy(**(given | options))
