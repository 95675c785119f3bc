"""Powers of beta.x: the constants, the exact norms, what is learned, and wrong kernels."""

import sys

import mpmath
import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import learnable_functions
from pyntk.theory.arora.circle import fourier
from pyntk.theory.arora.harmonics import (
    monomial_norm,
    power_coefficient,
    printed_constant,
    proof_constant,
    sharp_constant,
)

MODULE = sys.modules["pyntk.theory.arora.learnable_functions"]


def failing(report):
    return {check.claim for check in report.checks if check.holds is False}


@pytest.mark.parametrize("seed", range(3))
def test_holds(seed):
    report = learnable_functions(sizes=(100, 1600), learning_sizes=(50, 800), seed=seed)
    assert {check.holds for check in report.checks} == {True}
    one, two, three, four, five, six = report.series["norms"][-1]
    assert 1.99 <= one <= 2.0001
    assert 2.31 <= two <= 2.33
    assert 2.75 <= four <= 2.85
    assert three > 9
    assert five > 15
    assert six < monomial_norm(6, 5)
    assert 5.5 <= report.series["random"][-1] <= 6.8
    assert report.series["examples"][-1, 1] == pytest.approx(1.106, abs=0.002)
    linear, quadratic, cubic = report.series["test_error"][-1]
    assert linear < 0.0045
    assert quadratic < 0.0045
    assert cubic > 0.09


def kernel(factor=1.0, **options):
    return lambda X, *Z, **how: factor * pyntk.ntk_gram(X, *Z, **options)


KERNELS = {
    "2H": (kernel(2), "(beta.x)^1: sqrt(y'H^-1 y) >="),
    "H/2": (kernel(0.5), "(beta.x)^1: sqrt(y'H^-1 y) <="),
    "H+S": (kernel(trained="all"), "(beta.x)^1: sqrt(y'H^-1 y) >="),
    "S": (kernel(trained="last"), "(beta.x)^2: sqrt(y'H^-1 y) <="),
    "bias": (kernel(bias_variance=1.0), "(beta.x)^3, not covered"),
}


@pytest.mark.parametrize("name", KERNELS)
def test_wrong_kernel(monkeypatch, name):
    wrong, claim = KERNELS[name]
    monkeypatch.setattr(MODULE, "ntk_gram", wrong)
    found = failing(learnable_functions(sizes=(1600,), learning_sizes=(800,)))
    assert any(text.startswith(claim) for text in found)
    if name == "bias":
        assert any(text.startswith("3 (b.x)^3: test error >=") for text in found)
        assert any(text.startswith("(b.x)^2: test error <=") for text in found)


def test_nothing_is_learned(monkeypatch):
    """A predictor that has nothing to do with the rows fails the bound of the learning curves."""
    true = MODULE.ntk_gram

    def shuffled(X, *Z, **how):
        return true(X, *Z, **how)[::-1] if Z else true(X, **how)

    monkeypatch.setattr(MODULE, "ntk_gram", shuffled)
    found = failing(learnable_functions(sizes=(100,), learning_sizes=(200, 800)))
    assert any("b.x, (b.x)^2" in text for text in found)
    assert any(text.startswith("b.x: test error <=") for text in found)


def test_other_settings():
    """What was declared for one setting is silent in others; what is proven is not."""
    report = learnable_functions(dimension=3, sizes=(50, 200), learning_sizes=(50,))
    silent = {check.claim.split(":")[0] for check in report.checks if check.holds is None}
    assert {"(beta.x)^1", "(beta.x)^3, not covered", "random labels", "b.x"} <= silent
    assert report.holds


def test_own_rows():
    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((80, 4)), generator.choice([-1.0, 1.0], 80)
    report = learnable_functions((X, y), sizes=(40, 500), learning_sizes=(50,))
    assert report.holds
    assert report.series["sizes"].tolist() == [40, 80]


def test_singular_rows():
    """More opposite pairs than dimensions: H cannot be inverted, and the error says so."""
    P = np.random.default_rng(0).standard_normal((6, 3))
    X = np.concatenate([P, -P])
    with pytest.raises(np.linalg.LinAlgError):
        learnable_functions((X, np.ones(12)), sizes=(12,), learning_sizes=(50,))


def test_power_coefficients():
    """Against the Taylor series of rho (pi - arccos rho) / (2 pi)."""
    with mpmath.workdps(30):
        series = mpmath.taylor(lambda r: r * (mpmath.pi - mpmath.acos(r)) / (2 * mpmath.pi), 0, 8)
    for p in range(9):
        assert power_coefficient(p) == pytest.approx(float(series[p]), rel=1e-12, abs=1e-15)


def test_constants():
    assert [round(sharp_constant(p), 4) for p in (1, 2, 4, 6)] == [2, 2.5066, 6.14, 9.1529]
    assert sharp_constant(3) == proof_constant(3) == np.inf
    for p in (1, 2, 4, 6, 40):
        assert sharp_constant(p) <= proof_constant(p) * (1 + 1e-12) <= printed_constant(p)


@pytest.mark.parametrize("p", [1, 2, 4, 6])
def test_norms_on_the_circle(p):
    """(cos t)^p = sum_k b_k exp(i k t) has the square norm sum_k b_k^2 / c_k."""
    binomials = [float(mpmath.binomial(p, j)) / 2**p for j in range(p + 1)]
    square = sum(b**2 / fourier(abs(2 * j - p)) for j, b in enumerate(binomials))
    assert monomial_norm(p, 2) == pytest.approx(np.sqrt(square), rel=1e-11)


@pytest.mark.parametrize(("p", "d"), [(2, 5), (4, 5), (6, 10), (4, 784)])
def test_norms_on_spheres(p, d):
    """Degree by degree with mpmath's quadrature and Gegenbauer polynomials."""
    alpha = mpmath.mpf(d - 2) / 2
    peak = mpmath.pi / 2

    def mean(f):
        nodes = [0, peak - 8 / mpmath.sqrt(d), peak, peak + 8 / mpmath.sqrt(d), mpmath.pi]
        nodes = sorted({min(max(node, 0), mpmath.pi) for node in nodes})
        weight = lambda s: mpmath.sin(s) ** (d - 2)  # noqa: E731
        return mpmath.quad(lambda s: f(s) * weight(s), nodes) / mpmath.quad(weight, nodes)

    def P(l, s):
        return mpmath.gegenbauer(l, alpha, mpmath.cos(s)) / mpmath.gegenbauer(l, alpha, 1)

    def h(s):
        return mpmath.cos(s) * (mpmath.pi - s) / (2 * mpmath.pi)

    square = 0
    for l in range(0, p + 1, 2):
        part = mean(lambda s: mpmath.cos(s) ** p * P(l, s))  # noqa: B023
        square += part**2 / mean(lambda s: P(l, s) ** 2) / mean(lambda s: h(s) * P(l, s))  # noqa: B023
    assert monomial_norm(p, d) == pytest.approx(float(mpmath.sqrt(square)), rel=1e-9)
    assert monomial_norm(3, d) == np.inf


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"dimension": 1}, ValueError, "dimension must be at least 2"),
        ({"sizes": ()}, ValueError, "sizes must not be empty"),
        ({"learning_sizes": "12"}, TypeError, "learning_sizes must be a sequence"),
        ({"held_out": 0}, ValueError, "held_out must be at least 1"),
    ],
)
def test_bad_input(options, error, words):
    with pytest.raises(error, match=words):
        learnable_functions(**options)
