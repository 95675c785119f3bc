"""The closed forms of the radial mean field, against quadrature, sampling and differences."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import gammaln
from scipy.stats import chi

from pyntk import activation
from pyntk.theory.mei.radial import (
    MONOTONE,
    NON_MONOTONE,
    Radial,
    gaussian_mean,
    gaussian_radii,
    sphere_mean,
    sphere_slope,
)
from pyntk.theory.mei.radial_table import RadialTable
from pyntk.theory.mei.sampled_risk import sampled_risk

ACTIVATIONS = {
    "monotone": MONOTONE,
    "dips": NON_MONOTONE,
    "leaky": activation.leaky_relu(0.1),
    "negative knots": activation.piecewise_linear([-1.0, -0.2, 0.3], [1, -1, 2], slopes=(-0.5, 3)),
}
LIMITS = {  # r: q_plus, q_minus, R_inf at delta = .8
    0.5: (-1.047695, -2.500000, 3.221528),
    0.8: (-0.019897, -2.499610, 1.644509),
    1.0: (0.416749, -2.495992, 1.289087),
    2.0: (1.409333, -2.297737, 0.925837),
    4.0: (1.948131, -1.298985, 0.494172),
}


def value(sigma, p):
    """sigma(p), from its knots and slopes."""
    knots, slopes, at_first, _ = sigma
    result = at_first + slopes[0] * np.minimum(p - knots[0], 0)
    for j, knot in enumerate(knots):
        after = knots[j + 1] if j + 1 < len(knots) else np.inf
        result = result + slopes[j + 1] * np.clip(p - knot, 0, after - knot)
    return result


def by_quadrature(sigma, d, u):
    """E sigma(u xi_1) by adaptive quadrature between the knots."""
    log_K = gammaln(d / 2) - gammaln((d - 1) / 2) - np.log(np.pi) / 2
    wide = 1 - 1e-15 if d < 3 else min(1.0, 12 / np.sqrt(d))
    ends = sorted({-wide, 0.0, wide, *(t / u for t in sigma.knots if abs(t / u) < wide)})

    def density(x):
        return np.exp(log_K + (d - 3) / 2 * np.log1p(-x * x)) if abs(x) < 1 else 0.0

    pieces = itertools.pairwise(ends)
    return sum(
        quad(lambda x: value(sigma, u * x) * density(x), a, b, epsabs=1e-12, epsrel=1e-12)[0]
        for a, b in pieces
    )


@pytest.mark.parametrize("sigma", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
@pytest.mark.parametrize("d", [3, 40, 5000])
def test_sphere_mean(sigma, d):
    u = np.array([0.3, 2.0, 7.0]) * np.sqrt(d) / 3
    expected = [by_quadrature(sigma, d, x) for x in u]
    np.testing.assert_allclose(sphere_mean(sigma, d, u), expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("sigma", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_sphere_slope(sigma):
    u, h = np.array([0.05, 0.4, 3.0, 20.0]), 1e-5
    change = (sphere_mean(sigma, 40, u + h) - sphere_mean(sigma, 40, u - h)) / (2 * h)
    np.testing.assert_allclose(sphere_slope(sigma, 40, u), change, atol=1e-7, rtol=0)


def test_at_zero():
    """The slope at 0 is that from above, which a knot at 0 makes different from 0."""
    zero = np.zeros(1)
    assert sphere_mean(NON_MONOTONE, 40, zero) == -2.5
    assert sphere_mean(ACTIVATIONS["negative knots"], 40, zero) == pytest.approx(0.2)
    h = 1e-7
    rise = (sphere_mean(NON_MONOTONE, 40, np.array([h])) + 2.5) / h
    assert sphere_slope(NON_MONOTONE, 40, zero) == pytest.approx(rise, rel=1e-6)
    assert sphere_slope(MONOTONE, 40, zero) == 0
    assert gaussian_mean(NON_MONOTONE, zero) == -2.5


def test_random_directions():
    generator = np.random.default_rng(0)
    xi = generator.standard_normal((200_000, 40))
    first = xi[:, 0] / np.linalg.norm(xi, axis=1)
    for u in (3.0, 8.0, 15.0):
        values = value(MONOTONE, u * first)
        error = 5 * values.std() / np.sqrt(len(values))
        assert sphere_mean(MONOTONE, 40, np.array([u])) == pytest.approx(values.mean(), abs=error)


@pytest.mark.parametrize("r", LIMITS)
def test_limits(r):
    problem = Radial(40, 0.8)
    q_plus, q_minus, risk = LIMITS[r]
    assert gaussian_mean(MONOTONE, np.array([1.8 * r])) == pytest.approx(q_plus, abs=1e-6)
    assert gaussian_mean(MONOTONE, np.array([0.2 * r])) == pytest.approx(q_minus, abs=1e-6)
    assert problem.limit_risk(r) == pytest.approx(risk, abs=1e-6)


@pytest.mark.parametrize("r", [0.2, 1.5])
def test_risk_by_quadrature(r):
    """R of one radius: an integral over |x| of the squares that the closed form of f leaves."""

    def loss(s, y):
        f = by_quadrature(NON_MONOTONE, 40, r * (1 + 0.5 * y) * s)
        return (y - f) ** 2 * chi.pdf(s, 40)

    ends = chi.ppf([1e-12, 1 - 1e-12], 40)
    expected = sum(quad(loss, *ends, args=(y,), epsabs=1e-9)[0] for y in (1, -1)) / 2
    assert Radial(40, 0.5, NON_MONOTONE).risk(r) == pytest.approx(expected, abs=1e-8)


def test_risk_of_random_networks():
    problem = Radial(10, 0.8)
    estimate, error = sampled_risk(problem, 2.0, 40, 0, None, None)
    assert error < 0.02
    assert estimate == pytest.approx(problem.risk(2.0), abs=4 * error)
    assert abs(estimate - problem.limit_risk(2.0)) > 2 * error  # d = 10 is not yet the limit


@pytest.mark.parametrize("sigma", [MONOTONE, NON_MONOTONE])
def test_force(sigma):
    """dR/dr_i = 2 psi'(r_i)/M."""
    problem = Radial(40, 0.5, sigma)
    radii = gaussian_radii(7, 40, 0.6)
    force, h = problem.force(radii, radii), 1e-5
    for i in range(7):
        step = h * (np.arange(7) == i)
        change = (problem.risk(radii + step) - problem.risk(radii - step)) / (2 * h)
        assert 2 * force[i] / 7 == pytest.approx(change, abs=1e-8)


@pytest.mark.parametrize("sigma", [MONOTONE, NON_MONOTONE])
def test_table(sigma):
    problem = Radial(40, 0.8, sigma)
    table = RadialTable(problem)
    for scale in (0.1, 1.0, 6.0):  # the last makes the table grow
        radii = gaussian_radii(200, 40, scale)
        risk, velocity = table.risk_and_velocity(radii)
        assert risk == pytest.approx(problem.risk(radii), abs=1e-7)
        np.testing.assert_allclose(velocity, -2 * problem.force(radii, radii), atol=2e-4, rtol=0)
    with pytest.raises(ArithmeticError, match="range"):
        table.risk_and_velocity(np.array([np.nan]))


def test_gaussian_radii():
    radii = gaussian_radii(4000, 40, 0.8)
    assert (radii**2).mean() == pytest.approx(0.64, rel=1e-3)
    assert np.quantile(radii, [0.1, 0.5, 0.9]) == pytest.approx([0.682, 0.793, 0.910], abs=1e-3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Radial(1, 0.5), "d must be"),
        (lambda: Radial(4.5, 0.5), "d must be"),
        (lambda: Radial(4, 1.0), "delta must be"),
        (lambda: Radial(4, np.nan), "delta must be"),
        (lambda: gaussian_radii(0, 4, 0.1), "particles must be"),
        (lambda: gaussian_radii(4, 4, np.nan), "kappa must be"),
        (lambda: sampled_risk(Radial(4, 0.5), 1.0, 1, 0, None, None), "batches must be"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()
