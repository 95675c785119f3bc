"""The three parts of the error: closed forms, the identity, and what breaks it."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gamma

from pyntk.theory.cs839 import decomposition as claims
from pyntk.theory.cs839 import error_decomposition
from pyntk.theory.cs839.decomposition import Errors
from pyntk.theory.cs839.descent import least_squares
from pyntk.theory.cs839.error_decomposition import decompose, sample
from pyntk.theory.cs839.population import (
    Population,
    cosine_mean,
    first_moment,
    population,
    second_degree,
    target,
    unreachable,
)

TIMES = (100, 1000, 1_000_000)


def mean_on_sphere(f, d):
    """E f(x_1) by quadrature of the density of x_1."""
    density = gamma(d / 2) / (np.sqrt(np.pi) * gamma((d - 1) / 2))
    return quad(lambda t: density * (1 - t * t) ** ((d - 3) / 2) * f(t), -1, 1, points=[0])[0]


@pytest.fixture(scope="module")
def report():
    return error_decomposition(widths=(20, 50, 100), sizes=(200, 500, 2000), times=TIMES)


@pytest.fixture(scope="module")
def errors(report):
    return errors_of(report)


def errors_of(report):
    series = dict(report.series)
    return Errors(**{**series, "unreachable": float(series["unreachable"][0]), "noise": 0.1})


@pytest.mark.parametrize("d", [3, 4, 10, 25])
def test_moments(d):
    assert first_moment(d) == pytest.approx(
        mean_on_sphere(lambda t: t * np.sin(3 * t), d), abs=1e-10
    )
    assert cosine_mean(d, 6.0) == pytest.approx(
        mean_on_sphere(lambda t: np.cos(6 * t), d), abs=1e-10
    )
    expected = mean_on_sphere(lambda t: max(t, 0) * (d * t * t - 1) / (d - 1), d)
    assert second_degree(d) == pytest.approx(expected, abs=1e-10)


def test_population():
    """A pool of samples has the moments of the closed form, within five deviations."""
    generator = np.random.default_rng(0)
    V, X, _ = sample(8, 200_000, 5, 0.0, generator)
    features, truth = np.maximum(X @ V.T, 0), target(X)
    expected = population(V)
    for products, exact in (
        (features[:, :, None] * features[:, None, :], expected.gram),
        (features * truth[:, None], expected.cross),
        (truth**2, expected.energy),
    ):
        off = np.abs(products.mean(axis=0) - exact)
        assert (off <= 5 * products.std(axis=0) / np.sqrt(len(X))).all()


def test_unreachable():
    """Many features come near the floor, and none below."""
    V = np.random.default_rng(1).standard_normal((600, 4))
    truth = population(V)
    left = truth.excess(truth.best())
    assert unreachable(4) < left < 1.01 * unreachable(4)


@pytest.mark.parametrize("p", [10, 40])
def test_closed_form_of_descent(p):
    generator = np.random.default_rng(2)
    features, y = generator.standard_normal((25, p)), generator.standard_normal(25)
    fit = least_squares(features, y)
    covariance = features.T @ features / 25
    eta = 1 / np.linalg.eigvalsh(covariance)[-1]
    theta, found = np.zeros(p), []
    for _ in range(50):
        theta = theta - eta * (covariance @ theta - features.T @ y / 25)
        found.append(theta)
    np.testing.assert_allclose(fit.descent(range(1, 51)), found, atol=1e-12)
    np.testing.assert_allclose(fit.minimiser(), np.linalg.lstsq(features, y)[0], atol=1e-10)


def test_claims_hold(report):
    assert [check.holds for check in report.checks] == [True] * 9
    assert report.checks[0].measured < 1e-10


def test_numbers(report):
    """Means over draws, against those of another implementation."""
    a = {name: report.series[name].mean(axis=2) for name in ("approximation", "estimation")}
    optimisation = report.series["optimisation"].mean(axis=2)
    assert a["approximation"][0, 1] == pytest.approx(0.187, abs=0.015)
    assert a["approximation"][2, 1] == pytest.approx(0.0445, abs=0.002)
    assert a["estimation"][2] == pytest.approx([0.0554, 0.0149, 0.0031], rel=0.2)
    assert optimisation[2, 2, 0] == pytest.approx(0.0299, abs=0.004)
    assert optimisation[2, 0, 1] == pytest.approx(-0.0288, abs=0.006)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_signs(seed):
    """Under-trained above 0, stopped early below 0, for every seed."""
    found = error_decomposition(widths=(100,), sizes=(200, 2000), times=TIMES, draws=5, seed=seed)
    verdicts = [check.holds for check in found.checks]
    assert [verdicts[k] for k in (0, 1, 3, 4)] == [True] * 4
    assert verdicts[6:] == [True] * 3
    assert verdicts[2] is None  # one width
    assert verdicts[5] is None  # without p = 50


def test_risk_on_the_sample():
    """On the training sample the best fit beats the best predictor: a negative estimation error."""
    generator = np.random.default_rng(3)
    found = np.empty((1, 2, 1, 2))
    later = np.empty((1, 2, 1, 2, len(TIMES)))
    V, X, y = sample(50, 400, 10, 0.1, generator)
    best = population(V).best()
    for s, n in enumerate((200, 400)):
        features = np.maximum(X[:n] @ V.T, 0)
        own = Population(
            features.T @ features / n, features.T @ y[:n] / n, float((y[:n] ** 2).mean())
        )
        parts = decompose(own, best, least_squares(features, y[:n]), TIMES)
        found[0, s, 0], later[0, s, 0] = parts
    wrong = Errors(
        np.array([50]), np.array([200, 400]), np.array(TIMES),
        found[..., 0], found[..., 1], later[..., 0, :], later[..., 1, :], unreachable(10), 0.1,
    )  # fmt: skip
    assert claims.not_negative(wrong).holds is False
    assert claims.ignores_sample(wrong).holds is False
    assert claims.adds_up(wrong).holds is False


def test_swapped_parts(errors):
    e = errors
    swapped = replace(e, approximation=e.estimation, estimation=e.approximation)
    assert claims.adds_up(swapped).holds
    assert claims.falls_with_width(swapped).holds is False
    assert claims.ignores_sample(swapped).holds is False
    assert claims.above_floor(swapped).holds is False
    assert claims.like_p_over_n(swapped).holds is False
    ahead = np.broadcast_to(e.estimation[..., None], e.optimisation.shape)
    assert claims.vanishes(replace(e, optimisation=ahead)).holds is False
    assert claims.early_stopping(replace(e, optimisation=-e.optimisation)).holds is False
    assert claims.under_trained(replace(e, optimisation=-e.optimisation)).holds is False


def test_nan_holds_nothing(errors):
    broken = replace(
        errors,
        **{
            name: np.full_like(getattr(errors, name), np.nan)
            for name in ("approximation", "estimation", "optimisation", "total")
        },
    )
    assert [check.holds for check in claims.checks(broken)] == [False] * 9


def test_too_few_steps():
    short = error_decomposition(widths=(50, 100), sizes=(200, 2000), times=(1, 3), draws=1)
    assert short.checks[6].holds is False


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"d": 2}, ValueError, "d must be at least 3"),
        ({"widths": (20, 20)}, ValueError, "widths must increase"),
        ({"sizes": ()}, ValueError, "sizes must not be empty"),
        ({"times": (0, 1)}, ValueError, r"times\[0\] must be at least 1"),
        ({"times": (1.5,)}, TypeError, r"times\[0\] must be a whole number"),
        ({"noise": np.nan}, ValueError, "noise must be at least 0 and finite"),
        ({"noise": "loud"}, TypeError, "noise must be a number"),
        ({"draws": 0}, ValueError, "draws must be at least 1"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        error_decomposition(**options)
