"""Correlations of activations against closed forms; a cosine without the means is seen."""

import numpy as np
import pytest

from pyntk.theory.tian.correlation import pearson, rank_correlation, ranks

N = 1_000_000


def cosine(F, G):
    """What is wrong: the correlation without subtracting the means."""
    return float(F @ G / np.linalg.norm(F) / np.linalg.norm(G))


def test_independent_neurons_have_no_correlation():
    F, G = np.maximum(np.random.default_rng(0).standard_normal((2, N)), 0)
    assert abs(pearson(F[:, None], G[:, None])[0, 0]) < 0.01
    assert cosine(F, G) == pytest.approx(1 / np.pi, abs=0.003)


@pytest.mark.parametrize("rho", [-0.7, 0.3, 0.95])
def test_two_relus(rho):
    """E relu relu = (sin t + (pi - t) cos t) / (2 pi), t = arccos rho; E relu = 1 / sqrt(2 pi)."""
    t = np.arccos(rho)
    product = (np.sin(t) + (np.pi - t) * rho) / (2 * np.pi)
    expected = (product - 1 / (2 * np.pi)) / (1 / 2 - 1 / (2 * np.pi))
    Z = np.random.default_rng(1).standard_normal((2, N))
    F = np.maximum(Z[0], 0)
    G = np.maximum(rho * Z[0] + (1 - rho**2) ** 0.5 * Z[1], 0)
    assert pearson(F[:, None], 3 * G[:, None])[0, 0] == pytest.approx(expected, abs=0.004)


def test_columns():
    generator = np.random.default_rng(2)
    F, G = 5 + generator.standard_normal((200, 3)), generator.standard_normal((200, 4))
    expected = np.corrcoef(F.T, G.T)[:3, 3:]
    np.testing.assert_allclose(pearson(F, G), expected, atol=1e-14)
    np.testing.assert_allclose(pearson(1e-9 * F, -G), -expected, atol=1e-14)


def test_dead_neurons_and_nan():
    F = np.random.default_rng(3).standard_normal((50, 2))
    dead = np.stack([np.zeros(50), np.full(50, 0.1)], axis=1)
    assert (pearson(F, dead) == 0).all()
    F[7, 1] = np.nan
    found = pearson(F, F[:, :1])
    assert found[0, 0] == pytest.approx(1)
    assert np.isnan(found[1, 0])
    with pytest.raises(ValueError, match="a row for each input"):
        pearson(F, F[:10])


def test_ranks():
    assert ranks(np.array([3.0, 1.0, 3.0, np.inf])).tolist() == [1.5, 0, 1.5, 3]
    assert rank_correlation([1, 2, 3, 4], [2, 4, 9, np.inf]) == pytest.approx(1)
    assert rank_correlation([1, 2, 3, 4], [9, 8, 7, -1]) == pytest.approx(-1)
    assert rank_correlation([1, 2, 3], [5, 5, 5]) == 0
    assert rank_correlation([1, 2, 3, 4], [1, 3, 2, 4]) == pytest.approx(0.8)  # 1 - 6 * 2 / 60
    with pytest.raises(ValueError, match="without NaN"):
        rank_correlation([1, 2], [1, np.nan])
