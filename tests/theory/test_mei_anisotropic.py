"""The dynamics of (a, b, r1, r2), against particles with directions, and SGD beside it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from pyntk.theory.mei import anisotropic
from pyntk.theory.mei.anisotropic import Seen, checks
from pyntk.theory.mei.particles import follow
from pyntk.theory.mei.problem import MeanField
from pyntk.theory.mei.two_radii import TwoGroups, gaussian_derivatives, sphere_moment

GROUPS = TwoGroups(12, 28, 0.5)


@pytest.fixture(scope="module")
def report():
    return anisotropic(epsilon=2e-5)


def particles(count, seed=0):
    generator = np.random.default_rng(seed)
    free = generator.standard_normal((count, 2)) * [1, 0.5]
    return np.c_[free, generator.random((count, 2)) + 0.2]


def test_holds(report):
    assert report.holds
    assert len(report.checks) == 5
    risk, reduced = report.series["risk"], report.series["reduced_risk"]
    assert np.abs(risk - reduced).max() <= 0.03
    assert risk[-1] < 0.2
    assert report.series["means"].shape == (13, 4)


def test_steps_too_large_fail():
    """epsilon d = .05 is not small: SGD's noise keeps r2 from falling."""
    report = anisotropic(epsilon=7e-4)
    assert report.checks[0].holds
    assert not all(check.holds for check in report.checks[1:])
    assert report.checks[2].holds is False


def test_divergence_does_not_hold():
    report = anisotropic(width=20, a=30.0, b=30.0, epsilon=7e-4, time=1.0, points=2)
    assert np.isnan(report.series["risk"]).all()
    assert [check.holds for check in report.checks[1:]] == [False] * 4


def test_mutants_fail():
    """A factor 2 of time, or a risk with 1/2, between SGD and the dynamics."""
    times = np.array([0.0, 3.0, 10.0, 20.0, 30.0])
    start = TwoGroups(15, 65, 0.5).start(1.0, 1.0, 0.8, 8)
    slope = TwoGroups(15, 65, 0.5).slope
    run, late = (follow(slope, start, times * factor, xi=-0.25) for factor in (1, 2))
    means = run.particles.mean(axis=1)
    good = Seen(run.risks, means)
    assert all(check.holds for check in checks(times, good, run, means, ""))
    wrong = checks(times, Seen(late.risks, late.particles.mean(axis=1)), run, means, "")
    assert wrong[1].holds is False
    assert wrong[2].holds is False
    assert checks(times, replace(good, risk=run.risks / 2), run, means, "")[1].holds is False
    risen = replace(run, step_risks=run.step_risks[::-1])
    assert checks(times, good, risen, means, "")[0].holds is False


def test_risk_against_directions():
    """The series against U averaged over 300 directions of each of 3 particles."""
    reduced = np.array([[1.0, 0.0, 1.0, 0.5], [2.0, -0.3, 1.2, 0.3], [1.5, 0.2, 0.8, 1.0]])
    std = np.ones((2, 40))
    std[:, :12] = [[1.5], [0.5]]
    problem = MeanField.of_mixture(0, std, [1, -1], d=40, bias=True, scaled=True)

    def cloud(seed):
        generator = np.random.default_rng(seed)
        parts = []
        for dimension, radius in ((12, reduced[:, 2]), (28, reduced[:, 3])):
            u = generator.standard_normal((3, 300, dimension))
            u /= np.linalg.norm(u, axis=2, keepdims=True)
            parts.append((radius[:, None, None] * u).reshape(900, dimension))
        return np.c_[np.repeat(reduced[:, 0], 300), *parts, np.repeat(reduced[:, 1], 300)]

    theta, other = cloud(1), cloud(2)
    U = problem.U(theta, other)
    risk = 1 + 2 * problem.V(theta).mean() + U.mean()
    g = [gaussian_derivatives(reduced[:, 1], np.hypot(v * reduced[:, 2], reduced[:, 3]), 0)[0]
         for v in (1.5, 0.5)]  # fmt: skip
    first = sum(
        0.5 * (y - (reduced[:, 0] * h).mean()) ** 2 for y, h in zip((1, -1), g, strict=True)
    )
    # The directions are sampled, to 1e-3; without their second order the risk is off by .017.
    assert GROUPS.slope(reduced)[1] == pytest.approx(risk, abs=3e-3)
    assert abs(first - risk) > 0.01


def test_gradient_against_differences():
    reduced, h = particles(4), 1e-5
    slopes, _ = GROUPS.slope(reduced)
    for i, k in np.ndindex(*reduced.shape):
        up, down = reduced.copy(), reduced.copy()
        up[i, k] += h
        down[i, k] -= h
        difference = (GROUPS.slope(up)[1] - GROUPS.slope(down)[1]) / (2 * h)
        assert slopes[i, k] == pytest.approx(-4 * difference, abs=1e-8)


def test_closed_forms():
    generator = np.random.default_rng(0)
    u = generator.standard_normal((200_000, 5))
    u = u[:, 0] / np.linalg.norm(u, axis=1)
    for k in (0, 2, 4, 6):
        assert sphere_moment(k, 5) == pytest.approx((u**k).mean(), rel=0.02)
    mean = quad(lambda p: max(p, 0) * norm.pdf(p, 0.3, 0.8), 0, 10)[0]
    g = gaussian_derivatives(0.3, 0.8, 5)
    assert g[0] == pytest.approx(mean, abs=1e-9)
    h = 1e-4
    up, down = gaussian_derivatives(0.3 + h, 0.8, 5), gaussian_derivatives(0.3 - h, 0.8, 5)
    for n in range(5):
        assert g[n + 1] == pytest.approx((up[n] - down[n]) / (2 * h), rel=1e-5)


def test_bad_input():
    for message, options in [
        ("width", {"width": 0}),
        ("informative", {"informative": 0}),
        ("points", {"points": 0}),
        ("separation", {"separation": 1.5}),
        ("kappa", {"kappa": 0.0}),
        ("epsilon", {"epsilon": 0.1}),
        ("xi", {"xi": -1.0}),
        ("time", {"time": np.nan}),
    ]:
        with pytest.raises(ValueError, match=message):
            anisotropic(**options)
