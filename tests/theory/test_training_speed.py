"""Theorem 4.1 and the distance to initialisation on a sphere; wrong kernels must miss."""

from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.data import redraw_labels, sphere
from pyntk.theory.arora.convergence import flip_rule, flip_share, linear_rate
from pyntk.theory.arora.noise import complexity
from pyntk.theory.arora.speed import (
    distance,
    distance_limit,
    predicted_distance,
    predicted_residual,
    training_speed,
)
from pyntk.theory.training import train

N, D, STEPS = 100, 50, 200
DATA = sphere(N, D, 0)
RANDOM = redraw_labels(DATA.y, 1.0, np.random.default_rng(1))


def lay_beside(H, y, m, backend):
    """Train with eta = 1/lambda_max(H); return eta, the spectrum, the run, the two predictions."""
    eigenvalues, V = pyntk.eigh(H, backend=backend)
    eta = 1 / eigenvalues[-1]
    network = pyntk.TwoLayer.antisymmetric(m, D, seed=2, dtype=np.float32, backend=backend)
    run = train(network, DATA.X, y, eta=eta, steps=STEPS)
    spectrum = (eigenvalues, V.T @ y, eta, run.steps)
    return eta, eigenvalues, run, predicted_residual(*spectrum), predicted_distance(*spectrum)


def worst(run, predicted, y):
    return np.abs(run.residual - predicted).max() / np.linalg.norm(y)


@pytest.fixture
def backend():
    """The default one: the contract holds the backends to one another."""


@pytest.fixture
def H(backend):
    return pyntk.ntk_gram(DATA.X, backend=backend)


def test_random_labels(H, backend):
    """Residual, distance, rate and flips on random labels: the ones a factor of two shows on."""
    eta, eigenvalues, run, residual, away = lay_beside(H, RANDOM, 4096, backend)
    assert worst(run, residual, RANDOM) <= 0.015
    assert np.abs(run.distance[1:] / away[1:] - 1).max() <= 0.02
    limit = complexity(H, RANDOM) * np.sqrt(N / 2)
    assert run.distance.max() <= limit * 1.02
    assert training_speed(run, residual, 0.015, "random", "").holds
    assert distance(run, away, 0.02, "random", "").holds
    assert distance_limit(run, limit, 0.02, "random", "").holds
    assert linear_rate(run, eta, eigenvalues[0], "random").holds
    assert flip_share(run, 1.0, N, 2048, 0.01, "random").holds
    assert flip_rule(run, "random").measured == 0


def test_linear_labels(H, backend):
    _, _, run, residual, away = lay_beside(H, DATA.y, 4096, backend)
    assert worst(run, residual, DATA.y) <= 0.006
    assert np.abs(run.distance[1:] / away[1:] - 1).max() <= 0.02


def test_the_error_falls_with_the_width(H, backend):
    errors = []
    for m in (1024, 16384):
        _, _, run, residual, _ = lay_beside(H, RANDOM, m, backend)
        errors.append(worst(run, residual, RANDOM))
    assert errors[0] / errors[1] >= 2


@pytest.mark.parametrize("mutant", ["2H", "H/2", "H + S"])
def test_a_wrong_kernel_is_seen(H, backend, mutant):
    """A library with a wrong kernel chooses its step and predicts by that kernel."""
    S = pyntk.ntk_gram(DATA.X, trained="last", backend=backend)
    wrong = {"2H": 2 * H, "H/2": H / 2, "H + S": H + S}[mutant]
    _, _, run, residual, away = lay_beside(wrong, RANDOM, 4096, backend)
    check = training_speed(run, residual, 0.015, "random", "")
    assert check.holds is False
    assert worst(run, residual, RANDOM) > 0.05
    assert distance(run, away, 0.02, "random", "").holds is False


def test_the_distance_formula_by_its_definition():
    """The closed form is the norm of the sum of the linearised network's steps."""
    generator = np.random.default_rng(3)
    Z = generator.standard_normal((40, 8))  # H = Z' Z
    y = generator.standard_normal(8)
    eigenvalues, V = np.linalg.eigh(Z.T @ Z)
    eta = 1 / eigenvalues[-1]
    w, expected = np.zeros(40), [0.0]
    for _ in range(50):
        w -= eta * Z @ (Z.T @ w - y)
        expected.append(np.linalg.norm(w))
    found = predicted_distance(eigenvalues, V.T @ y, eta, np.arange(51))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    residual = predicted_residual(eigenvalues, V.T @ y, eta, [0, 50])
    np.testing.assert_allclose(residual, [np.linalg.norm(y), np.linalg.norm(Z.T @ w - y)])


def test_the_distance_formula_where_it_cancels():
    """k eta lambda -> 0: k eta sqrt(lambda) |v.y|; an eigenvalue <= 0 adds nothing."""
    tiny = 1e-14
    found = predicted_distance([-1e-17, tiny, 1.0], [1.0, 1.0, 0.0], 1.0, [3])
    np.testing.assert_allclose(found, [3 * np.sqrt(tiny)], rtol=1e-12)


def test_a_run_that_blows_up_does_not_hold():
    _, _, run, residual, away = lay_beside(pyntk.ntk_gram(DATA.X), RANDOM, 64, None)
    broken = replace(
        run,
        residual=np.where(run.steps == 7, np.nan, run.residual),
        distance=np.where(run.steps == 7, np.nan, run.distance),
    )
    for check in (
        training_speed(broken, residual, 0.9, "random", ""),
        distance(broken, away, 0.9, "random", ""),
        distance_limit(broken, 1e9, 0.9, "random", ""),
        linear_rate(broken, 0.1, 0.1, "random"),
    ):
        assert check.holds is False
        assert check.to_dict()["holds"] is False
