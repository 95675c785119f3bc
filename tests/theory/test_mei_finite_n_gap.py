"""N (E R_N - R) is the coefficient, and every other convention is seen."""

import numpy as np
import pytest

from pyntk.activation import piecewise_linear
from pyntk.theory.mei import finite_n_gap
from pyntk.theory.mei.finite_n_gap import gap_is_exact, limit
from pyntk.theory.mei.gaussian_hinges import as_hinges
from pyntk.theory.mei.problem import MeanField

RAMP = piecewise_linear([0.5, 1.5], [-2.5, 7.5])


@pytest.fixture(scope="module")
def report():
    return finite_n_gap()


def test_gap_is_exact(report):
    """Within 3 % at N = 10, 20, 40, 80, over 2000 networks each."""
    (check,) = report.checks
    assert check.holds
    assert report.series["widths"].tolist() == [10, 20, 40, 80]
    assert report.series["risks"].shape == (4, 2000)
    ratio = report.series["scaled_gap"] / report.data["C"]
    assert ratio == pytest.approx(np.ones(4), abs=0.03)
    assert (report.series["standard_error"] / report.data["C"] < 0.012).all()


def test_mutants_fail(report):
    """1/2 in the risk, no diagonal term, and a risk over other rows than R and C."""
    N, C = report.series["widths"], report.data["C"]
    gap, error = report.series["scaled_gap"], report.series["standard_error"]
    halved = N * (report.series["risks"].mean(axis=1) / 2 - report.data["R"])
    diagonal = C + 9.0  # int U(theta, theta) d rho, which is above C by E f^2
    other_pool = gap + 0.03 * N
    for wrong in (halved, gap - diagonal, other_pool, gap / 2, gap * np.nan):
        assert gap_is_exact(N, wrong, C, error, 1.0).holds is False


def test_square_root_fails():
    """Output N^(-1/2) sum."""
    report = finite_n_gap(widths=[10, 40], draws=200, power=0.5)
    (check,) = report.checks
    assert check.holds is False
    assert "not met" in check.condition


def test_limit_against_potentials():
    """C = int U(theta, theta) - int int U, and R, by particles of a problem on the same rows."""
    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((20, 3)), generator.choice([-1.0, 1.0], 20)
    risk, coefficient = limit(as_hinges(RAMP), X, y, 1.5)
    problem = MeanField.of_points(X, y, activation=RAMP)
    W = 1.5 / np.sqrt(3) * generator.standard_normal((4000, 3))
    f = np.stack([problem.network(w[None]).forward(X) for w in W])
    exact = (f.var(axis=0).mean(), np.square(y - f.mean(axis=0)).mean())
    assert (coefficient, risk) == pytest.approx(exact, rel=0.05)


def test_data():
    X, y = np.random.default_rng(1).standard_normal((60, 10)), np.tile([1.0, -1.0], 30)
    report = finite_n_gap((X, y), rows=50, widths=[3], draws=4000, kappa=2.0)
    assert report.checks[0].holds
    assert report.data["d"] == 10
    assert report.data["n"] == 50


def test_too_few_draws_say_nothing():
    """Rows that are much alike: their risks vary together, and 100 draws show nothing to 3 %."""
    report = finite_n_gap("digits", rows=50, widths=[20], draws=100)
    assert report.checks[0].holds is None
    assert "too few" in report.checks[0].condition


def test_bad_input():
    for message, options in [
        ("widths", {"widths": [0]}),
        ("widths", {"widths": [1.5]}),
        ("widths", {"widths": []}),
        ("draws", {"draws": 1}),
        ("kappa", {"kappa": 0.0}),
        ("separation", {"separation": 2.0}),
        ("no data set|data", {"data": "nothing"}),
    ]:
        with pytest.raises(ValueError, match=message):
            finite_n_gap(**options)
