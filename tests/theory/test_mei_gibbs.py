"""Noisy SGD ends in the Gibbs measure with noise 4 s / beta, and not with 2 s / beta."""

import numpy as np
import pytest
from scipy.stats import norm

from pyntk.activation import leaky_relu, piecewise_linear
from pyntk.theory.mei import gibbs
from pyntk.theory.mei.problem import MeanField
from pyntk.theory.mei.stationary_law import effective_samples, gibbs_law, kolmogorov_smirnov


def test_holds():
    """var beta lambda = 1 +- .03, and the law of the other problem."""
    report = gibbs()
    variance, distance = report.checks
    assert report.holds
    assert variance.measured == pytest.approx(1, abs=0.03)
    assert distance.measured <= distance.bound
    assert report.series["nonlinear"].shape == (1000,)


def test_half_the_noise_fails():
    report = gibbs(noise=2.0, time=50.0)
    variance, distance = report.checks
    assert variance.holds is False
    assert variance.measured == pytest.approx(0.5, abs=0.02)
    assert distance.holds is False
    assert "not met" in variance.condition


def test_too_large_a_step_fails():
    """Steps that are no small ones: the variance is off by 1 / (1 - lambda s), or diverges."""
    coarse = gibbs(epsilon=0.2, time=400.0, particles=300)
    assert coarse.checks[0].holds is False
    wild = gibbs(epsilon=3.0, time=3000.0, particles=50)
    assert [check.holds for check in wild.checks] == [False, False]


def test_law_of_the_linear_problem():
    """N(0, 1 / (beta lambda)), and with y = 1 the mean 1 / (1 + lambda)."""
    for label, mean in [(0.0, 0.0), (1.0, 1 / 1.5)]:
        problem = MeanField.of_points([[1.0]], [label], activation=leaky_relu(1.0))
        law = gibbs_law(problem, 3.0, 0.5, reach=8.0)
        exact = norm.cdf(law.theta, mean, 1 / np.sqrt(1.5))
        assert law.distribution(law.theta) == pytest.approx(exact, abs=1e-3)


def test_law_is_a_fixed_point():
    problem = MeanField.of_mixture(
        0, [1.8, 0.2], [1, -1], d=1, activation=piecewise_linear([0.5, 1.5], [-2.5, 7.5])
    )
    law = gibbs_law(problem, 2.0, 0.5, reach=10.0, points=201)
    step = law.theta[1] - law.theta[0]
    theta = law.theta[:, None]
    field = problem.field(theta, masses=step * law.density)
    again = np.exp(-2 * (field.potential + 0.25 * law.theta**2))
    assert law.density == pytest.approx(again / (step * again.sum()), abs=1e-6)


def test_effective_samples():
    generator = np.random.default_rng(0)
    fresh = generator.standard_normal((20, 500))
    assert effective_samples(fresh) == pytest.approx(10_000, rel=0.03)
    assert effective_samples(np.tile(fresh[0], (20, 1))) == pytest.approx(500, rel=0.05)


def test_distance_sees_a_shift():
    problem = MeanField.of_points([[1.0]], [0.0], activation=leaky_relu(1.0))
    law = gibbs_law(problem, 2.0, 0.5, reach=8.0)
    samples = np.random.default_rng(1).standard_normal((1, 20_000))
    assert kolmogorov_smirnov(samples, law) < 1.63 / np.sqrt(samples.size)
    assert kolmogorov_smirnov(samples + 0.1, law) > 0.03
    assert np.isnan(kolmogorov_smirnov(samples * np.nan, law))


def test_bad_input():
    for message, options in [
        ("particles", {"particles": 1}),
        ("beta", {"beta": 0.0}),
        ("decay", {"decay": -1.0}),
        ("epsilon", {"epsilon": np.nan}),
        ("noise", {"noise": -1.0}),
        ("time", {"time": 1e-3}),
    ]:
        with pytest.raises(ValueError, match=message):
            gibbs(**options)
    with pytest.raises(ValueError, match="one parameter"):
        gibbs_law(MeanField.of_mixture(0, 1, [1], d=2), 1.0, 1.0, reach=5.0)
