"""eigh as the user sees it."""

import numpy as np
import pytest

import pyntk


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_eigenpairs(backend, dtype):
    X = np.random.default_rng(0).standard_normal((60, 8)).astype(dtype)
    H = pyntk.ntk_gram(X, backend=backend)
    before = H.copy()
    values, vectors = pyntk.eigh(H, backend=backend)
    assert (before == H).all()
    assert values.shape == (60,)
    assert values.dtype == vectors.dtype == dtype
    assert (np.diff(values) >= 0).all()
    scale = np.abs(values).max() * np.finfo(dtype).eps * 60
    assert np.abs(H @ vectors - vectors * values).max() < scale
    assert np.abs(vectors.T @ vectors - np.eye(60)).max() < 60 * np.finfo(dtype).eps


def test_only_the_lower_triangle_is_read(backend):
    H = np.array([[2.0, 777.0], [1.0, 2.0]])
    np.testing.assert_allclose(pyntk.eigh(H, backend=backend)[0], [1, 3], rtol=1e-15)


def test_small_matrices(backend):
    values, vectors = pyntk.eigh(np.zeros((0, 0)), backend=backend)
    assert values.shape == (0,)
    assert vectors.shape == (0, 0)
    values, vectors = pyntk.eigh([[5.0]], backend=backend)
    assert values == [5]
    assert abs(vectors) == [[1]]


def test_duplicate_rows_give_a_zero_eigenvalue(backend):
    X = np.random.default_rng(0).standard_normal((10, 4))
    H = pyntk.ntk_gram(np.concatenate([X, X[:1]]), backend=backend)
    assert abs(pyntk.eigh(H, backend=backend)[0][0]) < 1e-14
