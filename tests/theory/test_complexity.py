"""The complexity measure on the bundled digits, and label noise that is redrawn."""

import numpy as np
import pytest

import pyntk
from pyntk.data import digits, split
from pyntk.theory.arora.noise import (
    complexity,
    interpolant,
    noise_curve,
    rank_correlation,
    solve,
)

PORTIONS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


def digits_split(seed, backend=None):
    """H of 250 training rows, the cross kernel of the other 110, and the labels."""
    pytest.importorskip("sklearn")
    data = digits()
    X = data.X / np.linalg.norm(data.X, axis=1, keepdims=True)
    a, b = split(len(X), 250, 110, seed)
    H = pyntk.ntk_gram(X[a], backend=backend)
    return H, pyntk.ntk_gram(X[b], X[a], backend=backend), data.y[a], data.y[b]


@pytest.mark.parametrize("seed", range(10))
def test_true_labels(seed):
    H, cross, y, y_test = digits_split(seed)
    assert 0.74 <= complexity(H, y) <= 0.84
    assert np.mean(interpolant(H, cross, y) * y_test <= 0) <= 0.02


@pytest.mark.parametrize("seed", range(3))
def test_noise(backend, seed):
    """Complexity and error rise together; redrawing, not flipping, makes portion 1 pure noise."""
    H, cross, y, y_test = digits_split(seed, backend)
    generator = np.random.default_rng(seed)
    curve = noise_curve(H, cross, y, y_test, portions=PORTIONS, draws=10, generator=generator)
    mean, error = curve.complexity.mean(axis=1), curve.error.mean(axis=1)
    assert 6.7 <= mean[-1] <= 7.6
    assert np.all(np.diff(mean) > 0)
    assert rank_correlation(mean, error) == pytest.approx(1)
    assert 0.42 <= error[-1] <= 0.58


def test_singular_is_named():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(np.linalg.LinAlgError, match="duplicate rows"):
        complexity(pyntk.ntk_gram(X), [1, -1, 1])


def test_singular_to_working_precision_is_named():
    """A Cholesky that runs to completion on a matrix without a right digit is no solve."""
    H = np.diag([1.0, 1.0, 1e-17])
    with pytest.raises(np.linalg.LinAlgError, match="condition"):
        solve(H, np.ones(3))


def test_no_jitter():
    """A solve that is hard but possible is as good as its condition allows."""
    H = np.diag([1.0, 1e-10])
    np.testing.assert_allclose(solve(H, [1.0, 1.0]), [1.0, 1e10], rtol=1e-14)


def test_rank_correlation():
    assert rank_correlation([1, 2, 3], [1, 10, 11]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert rank_correlation([1, 2, 3], [5, 5, 5]) == 0
