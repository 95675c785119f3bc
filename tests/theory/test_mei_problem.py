"""V, U, the risk and their derivatives, against quadrature, samples, networks and differences."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear, relu
from pyntk.theory.mei.curvature import interaction_hessian, potential_hessian
from pyntk.theory.mei.gaussian_hinges import as_hinges, expectation, product, quadrant
from pyntk.theory.mei.problem import MeanField

RAMP = piecewise_linear([0.5, 1.5], [-2.5, 7.5])
BENT = piecewise_linear([-1, 0.3, 2], [0.5, -1, 2], slopes=(-0.7, 1.3))
ACTIVATIONS = {"relu": relu(), "leaky": leaky_relu(0.3), "ramp": RAMP, "bent": BENT}
SHAPES = [(False, False), (True, False), (False, True), (True, True)]


def sigma(activation, p):
    """The activation itself, slope by slope."""
    knots, slopes = activation.knots, activation.slopes
    value = activation.value + slopes[0] * np.minimum(p - knots[0], 0)
    ends = [*knots[1:], np.inf]
    for low, high, slope in zip(knots, ends, slopes[1:], strict=True):
        value += slope * np.clip(p - low, 0, high - low)
    return value


def integral(f, activation, m, s):
    borders = [m - 12 * s, *(k for k in activation.knots if abs(k - m) < 12 * s), m + 12 * s]
    pieces = pairwise(borders)
    return sum(quad(f, a, b, epsabs=1e-12, epsrel=1e-12)[0] for a, b in pieces)


def mixture(activation, bias, scaled, seed=0):
    generator = np.random.default_rng(seed)
    problem = MeanField.of_mixture(
        generator.standard_normal((2, 3)), [[1, 0.5, 2], [0.3, 0.8, 0]], [1, -1], weights=[1, 2],
        activation=activation, bias=bias, scaled=scaled,
    )  # fmt: skip
    q = generator.random(5)
    return problem, generator.standard_normal((5, problem.parameters)), q / q.sum()


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_expectations_against_quadrature(activation):
    """E sigma(p), and E sigma(p) sigma(q) with the inner expectation over q given p."""
    hinges = as_hinges(activation)
    for m, s, n, t, rho in [(0.3, 1.2, -0.4, 0.7, 0.6), (1.0, 0.5, 0.5, 2.0, -0.9)]:
        one = integral(
            lambda p, m=m, s=s: sigma(activation, p) * norm.pdf(p, m, s), activation, m, s
        )
        assert expectation(hinges, np.array(m), np.array(s)).value == pytest.approx(one, abs=1e-10)

        def inner(p, m=m, s=s, n=n, t=t, rho=rho):
            at, left = n + rho * t * (p - m) / s, t * np.sqrt(1 - rho**2)
            q = expectation(hinges, np.array(at), np.array(left)).value
            return sigma(activation, p) * q * norm.pdf(p, m, s)

        both = integral(inner, activation, m, s)
        found = product(hinges, (np.array(m), np.array(s)), (np.array(n), np.array(t)),
                        np.array(rho * s * t)).value  # fmt: skip
        assert found == pytest.approx(both, abs=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_square_against_quadrature(activation):
    """Correlation 1, where the terms of the closed form cancel."""
    hinges = as_hinges(activation)
    for m, s in [(0.3, 1.2), (1.0, 0.5), (-0.7, 2.0)]:
        square = integral(
            lambda p, m=m, s=s: sigma(activation, p) ** 2 * norm.pdf(p, m, s), activation, m, s
        )
        p = (np.array(m), np.array(s))
        assert product(hinges, p, p, np.array(s * s)).value == pytest.approx(square, abs=1e-8)


def test_quadrant():
    """P(X < a, Y < b) at the corners of Owen's formula."""
    for a, b, rho in [(0, 0, 0.5), (0, 1, 0.5), (0, -1, -0.3), (-2, 1, 0.99), (40, -0.3, 0.0)]:
        exact = multivariate_normal.cdf([a, b], cov=[[1, rho], [rho, 1]])
        found = quadrant(np.array(float(a)), np.array(float(b)), np.array(rho))
        assert found == pytest.approx(exact, abs=1e-9)
    assert quadrant(np.array(1.0), np.array(1.0), np.array(1.0)) == pytest.approx(
        norm.cdf(1), abs=1e-5
    )


def test_arc_cosine():
    """A ReLU without biases on N(0, I): U is the arc-cosine kernel of the second layer."""
    W = np.random.default_rng(1).standard_normal((6, 4))
    problem = MeanField.of_mixture(0, 1, [1], d=4)
    assert problem.U(W, W) == pytest.approx(pyntk.arc_cosine_gram(W, degree=1) / 2, abs=1e-8)


@pytest.mark.parametrize(("bias", "scaled"), SHAPES)
@pytest.mark.parametrize("activation", [RAMP, BENT], ids=["ramp", "bent"])
def test_risk_against_samples(activation, bias, scaled):
    """V, U and R(rho) of a cloud, and R_N(theta) of a network, within 5 standard errors."""
    problem, theta, q = mixture(activation, bias, scaled)
    X, y = problem.distribution().sample(100_000, seed=3)
    S = np.stack([problem.network(theta[[i]]).forward(X) for i in range(len(theta))], axis=1)
    for exact, samples in [
        (problem.V(theta), -y[:, None] * S),
        (problem.U(theta, theta), S[:, :, None] * S[:, None]),
        (problem.risk(theta, q), (y - S @ q) ** 2),
        (problem.risk(theta), (y - problem.network(theta).forward(X)) ** 2),
    ]:
        error = samples.std(axis=0) / np.sqrt(len(y)) + 1e-9
        assert (np.abs(samples.mean(axis=0) - exact) <= 5 * error).all()


@pytest.mark.parametrize(("bias", "scaled"), SHAPES)
@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
def test_gradient_against_differences(activation, bias, scaled):
    """grad Psi is half the derivative of the risk by a particle, divided by its mass."""
    problem, theta, q = mixture(activation, bias, scaled)
    h, found = 1e-4, problem.field(theta, masses=q)
    for i, k in np.ndindex(*theta.shape):
        up, down = theta.copy(), theta.copy()
        up[i, k] += h
        down[i, k] -= h
        slope = (problem.risk(up, q) - problem.risk(down, q)) / (4 * h * q[i])
        assert found.gradient[i, k] == pytest.approx(slope, abs=2e-5)
        v = (problem.V(up) - problem.V(down))[i] / (2 * h)
        assert problem.grad_V(theta)[i, k] == pytest.approx(v, abs=2e-5)
    interaction = problem.U(theta, theta) @ q
    assert found.potential == pytest.approx(problem.V(theta) + interaction, abs=1e-12)


def test_finite_data_is_a_network():
    """A mixture of points: R_N(theta) = R(rho^(N)) and its gradient are those of the network."""
    generator = np.random.default_rng(2)
    X, y, theta = (generator.standard_normal(shape) for shape in [(7, 3), 7, (5, 4)])
    problem = MeanField.of_points(X, y, activation=RAMP, bias=True)
    loss, gradients = problem.network(theta).loss_and_gradient(X, y, loss="mean_squares")
    assert problem.risk(theta) == pytest.approx(loss, abs=1e-12)
    N, found = len(theta), problem.field(theta).gradient
    assert found[:, :3] == pytest.approx(N / 2 * gradients.dW, abs=1e-12)
    assert found[:, 3] == pytest.approx(N / 2 * gradients.db, abs=1e-12)


def test_conventions_matter():
    """1/2 in the risk, or 1/sqrt N in the output, is seen."""
    problem, theta, _ = mixture(RAMP, True, False)
    X, y = problem.distribution().sample(20_000, seed=4)
    f = problem.network(theta).forward(X)
    assert abs(np.mean((y - f) ** 2) / 2 - problem.risk(theta)) > 0.1
    assert abs(np.mean((y - np.sqrt(5) * f) ** 2) - problem.risk(theta)) > 0.1


def test_hessians_against_differences():
    problem, theta, _ = mixture(BENT, False, False)
    problem = MeanField.of_mixture(problem.means, [[1, 0.5, 2], [0.3, 0.8, 1]], [1, -1],
                                   activation=BENT)  # fmt: skip
    w, h = theta[0], 1e-3
    for moved, found in [
        (lambda step: (w + step, w), potential_hessian(problem, w)),
        (lambda step: (w, w + step), interaction_hessian(problem, w)),
    ]:

        def gradient(step, moved=moved):
            at, mass = moved(step)
            return problem.field(at[None], cloud=mass[None]).gradient[0]

        numeric = [(gradient(h * e) - gradient(-h * e)) / (2 * h) for e in np.eye(3)]
        # U has a kink in its third derivative where theta = theta', so the error is linear in h.
        assert found == pytest.approx(np.array(numeric), abs=20 * h)
    assert np.linalg.eigvalsh(interaction_hessian(problem, w)).min() >= 0


def test_bad_input():
    for message, arguments, options in [
        ("labels", (0, 1, [[1]]), {"d": 2}),
        ("labels must be finite", (0, 1, [np.nan]), {"d": 2}),
        ("means", ([[1, 2], [3, 4]], 1, [1]), {}),
        ("d must", (0, 1, [1]), {}),
        ("std", (0, [1, 2, 3], [1, -1]), {"d": 2}),
        ("std", (0, -1, [1, -1]), {"d": 2}),
        ("weights", (0, 1, [1, -1]), {"d": 2, "weights": [0, 0]}),
        ("weights", (0, 1, [1, -1]), {"d": 2, "weights": [1]}),
    ]:
        with pytest.raises(ValueError, match=message):
            MeanField.of_mixture(*arguments, **options)
    problem = MeanField.of_mixture(0, 1, [1, -1], d=2, scaled=True)
    with pytest.raises(ValueError, match="particles"):
        problem.V(np.ones((3, 2)))
    with pytest.raises(ValueError, match="particles must be finite"):
        problem.V(np.full((3, 3), np.nan))
    with pytest.raises(ValueError, match="masses"):
        problem.risk(np.ones((3, 3)), [0.5, 0.5])
    with pytest.raises(ValueError, match="output weights"):
        potential_hessian(problem, np.ones(3))
