"""The distributional dynamics of radii: known values, the energy they lose, and what stops them."""

import numpy as np
import pytest

from pyntk.theory.mei import dynamics
from pyntk.theory.mei.dynamics import follow
from pyntk.theory.mei.radial import NON_MONOTONE, Radial, gaussian_radii
from pyntk.theory.mei.sgd_follows_pde import falls

# Constant xi: (d, kappa), then R and the median radius at these times.
TIMES = [0.002, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0]
DIPS = {
    (40, 0.1): (
        [7.8698, 7.4348, 7.25, 7.25, 7.25, 7.25, 7.25],
        [0.0842, 0.0252, 0, 0, 0, 0, 0],
    ),
    (40, 0.4): (
        [6.5095, 5.4232, 3.9782, 2.7129, 1.5804, 0.1751, 0.0579],
        [0.421, 0.516, 0.664, 0.840, 1.076, 1.754, 2.073],
    ),
    (100, 0.1): (
        [7.8723, 7.4368, 7.25, 7.25, 7.25, 7.25, 7.25],
        [0.0847, 0.0257, 0, 0, 0, 0, 0],
    ),
    (100, 0.4): (
        [6.4852, 5.3700, 3.9240, 2.6729, 1.5486, 0.1437, 0.0280],
        [0.423, 0.518, 0.665, 0.841, 1.077, 1.754, 2.070],
    ),
}


@pytest.fixture(scope="module")
def isotropic():
    """Example 1 with the singular xi, to the time at which the radii have parted."""
    problem = Radial(40, 0.8)
    times = [0, 0.001, 0.01, 0.1, 1, 3, 10]
    return problem, follow(problem, gaussian_radii(1000, 40, 0.8), times, xi=-0.25)


def test_example_1(isotropic):
    _, flow = isotropic
    expected = [1.7044, 1.6482, 1.4778, 1.2094, 1.0483, 0.9468, 0.3309]
    assert flow.risk == pytest.approx(expected, abs=2e-3)
    medians = [0.79, 0.813, 0.889, 1.108, 1.501, 1.887, 3.392]
    assert flow.quantiles([0.5])[:, 0] == pytest.approx(medians, abs=5e-3)
    assert flow.quantiles([0.1, 0.9])[-1] == pytest.approx([0.111, 4.142], abs=3e-3)


def test_constant_xi():
    problem = Radial(40, 0.8)
    flow = follow(problem, gaussian_radii(1000, 40, 0.8), [0.01, 0.05, 0.1, 0.2, 0.5, 1, 2])
    expected = [1.6318, 1.4520, 1.3388, 1.2323, 1.1272, 1.0705, 1.0114]
    assert flow.risk == pytest.approx(expected, abs=5e-4)
    medians = [0.820, 0.903, 0.977, 1.079, 1.252, 1.418, 1.651]
    assert flow.quantiles([0.5])[:, 0] == pytest.approx(medians, abs=2e-3)


@pytest.mark.parametrize("case", DIPS, ids=str)
def test_example_3(case):
    d, kappa = case
    flow = follow(Radial(d, 0.5, NON_MONOTONE), gaussian_radii(1000, d, kappa), TIMES)
    risk, median = DIPS[case]
    assert flow.risk == pytest.approx(risk, abs=3e-3)
    assert flow.quantiles([0.5])[:, 0] == pytest.approx(median, abs=2e-3)
    assert (flow.radii >= 0).all()
    if kappa == 0.1:
        assert flow.risk[-1] == pytest.approx(7.25, abs=1e-9)
        assert (flow.radii[-1] == 0).all()


def test_clock_is_exact():
    """xi = t^p only changes the clock: int_0^t s^p ds = t^(1+p)/(1+p)."""
    problem, start = Radial(40, 0.8), gaussian_radii(100, 40, 0.8)
    t = np.array([0.001, 0.3])
    singular = follow(problem, start, t, xi=-0.25)
    constant = follow(problem, start, 4 / 3 * t**0.75)
    np.testing.assert_allclose(singular.radii, constant.radii, atol=1e-12)


def test_energy():
    """dR/dt = -4 int psi'^2 d rho where xi = 1: what a wrong factor of the velocity breaks."""
    problem = Radial(40, 0.8)
    times = np.linspace(0.1, 0.5, 41)
    flow = follow(problem, gaussian_radii(200, 40, 0.8), times, tolerance=1e-8)
    lost = [4 * (problem.force(r, r) ** 2).mean() for r in flow.radii]
    assert flow.risk[0] - flow.risk[-1] == pytest.approx(np.trapezoid(lost, times), rel=1e-3)


def test_tolerance(isotropic):
    problem, flow = isotropic
    finer = follow(problem, gaussian_radii(1000, 40, 0.8), [1, 3, 10], xi=-0.25, tolerance=1e-6)
    assert flow.risk[-3:] == pytest.approx(finer.risk, abs=2e-5)
    np.testing.assert_allclose(flow.radii[-3:], finer.radii, atol=1e-3)


def test_risk_falls(isotropic):
    problem, flow = isotropic
    assert (np.diff(flow.path) <= 1e-12).all()
    check = falls(problem, flow)
    assert check.holds
    assert check.measured < 0
    backwards = type(flow)(flow.times, flow.radii[::-1], flow.risk[::-1], flow.path)
    assert falls(problem, backwards).holds is False
    lost = type(flow)(flow.times, flow.radii * np.nan, flow.risk, flow.path)
    assert falls(problem, lost).holds is False


def test_no_rise_long_after():
    """A step that is too long once made this risk rise to .52 at t = 100."""
    flow = follow(Radial(40, 0.2), gaussian_radii(300, 40, 0.8), [1, 10, 100], xi=-0.25)
    assert flow.risk == pytest.approx([0.3953, 0.3951, 0.3951], abs=1e-3)
    assert (np.diff(flow.path) <= 1e-12).all()


def test_nearest_snapshots(isotropic):
    _, flow = isotropic
    part = flow.at([0.1, 9.9])
    assert part.times.tolist() == [0.1, 10.0]
    assert (part.radii[1] == flow.radii[-1]).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"times": [1.0, 0.5]}, "times must be"),
        ({"times": [np.nan]}, "times must be"),
        ({"times": [-1.0]}, "times must be"),
        ({"xi": -1.0}, "xi must be"),
        ({"xi": np.nan}, "xi must be"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"start": np.array([-1.0])}, "start must be"),
        ({"start": np.array([np.nan])}, "start must be"),
        ({"start": np.array([1e9])}, "start must be"),
    ],
)
def test_bad_input(options, words):
    given = {"start": np.ones(3), "times": [0.1]} | options
    with pytest.raises(ValueError, match=words):
        follow(Radial(10, 0.5), **given)


def test_lost(monkeypatch):
    monkeypatch.setattr(dynamics, "MOST_STEPS", 10)
    with pytest.raises(ArithmeticError, match="could not be followed"):
        follow(Radial(10, 0.8), gaussian_radii(20, 10, 0.8), [1.0])
