"""A stable and an unstable point mass, and the rates of both."""

from dataclasses import replace

import numpy as np
import pytest

from pyntk.theory.mei import stability_of_a_point_mass
from pyntk.theory.mei.near_a_point import best_point, case, two_gaussians
from pyntk.theory.mei.stability_of_a_point_mass import checks


@pytest.fixture(scope="module")
def report():
    return stability_of_a_point_mass()


def test_holds(report):
    assert report.holds
    stable, unstable = report.series["potential"]
    assert stable.min() > 0
    assert unstable.max() < 0
    assert (report.series["whole"] > 0).all()  # the best of all point masses, in both


def test_rates(report):
    """Within 5 % of the linear ones, both signs."""
    series = report.series
    assert series["apart"] == pytest.approx(2 * series["potential"], rel=0.05)
    assert series["together"] == pytest.approx(2 * series["whole"], rel=0.05)


def test_flow(report):
    """One cloud returns, the other leaves and its risk falls below that of the point mass."""
    back, away = report.series["distance"]
    assert back[-1] < 0.1 * back[0]
    assert away[-1] > 10 * away[0]
    risk = report.series["risk"]
    assert (np.diff(risk, axis=1) <= 1e-15).all()
    assert risk[1, -1] < 0.7 * risk[1, 0]


@pytest.fixture(scope="module")
def stable():
    cloud = 0.01 * np.random.default_rng(0).standard_normal((4, 2))
    return case(0.5, cloud, 1e-3)


def test_wrong_derivatives_fail(stable):
    """Half the rate (no factor 2), Hess V alone, the wrong sign, a point off the minimum."""
    assert [check.holds for check in checks(stable)] == [True] * 3
    assert checks(replace(stable, potential=stable.potential / 2))[1].holds is False
    assert checks(replace(stable, whole=stable.potential))[1].holds is False
    unstable = checks(replace(stable, potential=-stable.potential))
    assert [check.holds for check in unstable] == [True, False, False]
    assert checks(replace(stable, gradient=1e-3))[0].holds is False
    assert checks(replace(stable, apart=np.full(2, np.nan)))[1].holds is False


def test_far_from_the_point_fails():
    """Perturbations that are not small do not grow at the linear rate."""
    report = stability_of_a_point_mass([-0.25], particles=2, amplitude=0.5)
    assert report.checks[1].holds is False


def test_best_point():
    """No other point mass (r, s) near theta* has a smaller risk."""
    problem = two_gaussians(-0.25)
    point = best_point(problem)
    least = problem.risk(point[None])
    for step in 0.02 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1], [1, 1]]):
        assert problem.risk((point + step)[None]) > least


def test_bad_input():
    for message, options in [
        ("margins", {"margins": []}),
        ("margins", {"margins": [np.inf]}),
        ("margins", {"margins": [-1.0]}),  # labels 1 and 0: the smaller w the better
        ("particles", {"particles": 1}),
        ("radius", {"radius": 0.0}),
        ("amplitude", {"amplitude": np.nan}),
    ]:
        with pytest.raises(ValueError, match=message):
            stability_of_a_point_mass(**options)
