"""Leave-one-out scores and residuals against leaving one out."""

import numpy as np
import pytest

import exact_matrices as exact
import pyntk

X = exact.sphere(25, 6)
H = pyntk.ntk_gram(X)
Y = np.random.default_rng(0).standard_normal((25, 2))


def without(k):
    return np.arange(25) != k


@pytest.mark.parametrize("given", [{"H": H}, {"X": X}], ids=["H", "X"])
@pytest.mark.parametrize("y", [Y[:, 0], Y], ids=["a vector", "columns"])
def test_complexity_is_what_is_missing_without_a_sample(given, y):
    scores = pyntk.leave_one_out_complexity(y=y, **given)
    assert scores.shape == y.shape
    whole = (y * np.linalg.solve(H, y)).sum(axis=0)
    for k in range(25):
        rest = without(k)
        part = (y[rest] * np.linalg.solve(H[np.ix_(rest, rest)], y[rest])).sum(axis=0)
        assert scores[k] == pytest.approx(whole - part, rel=1e-10, abs=1e-12 * whole.max())


@pytest.mark.parametrize("ridge", [0, 0.1])
@pytest.mark.parametrize("given", [{"H": H}, {"X": X}], ids=["H", "X"])
def test_residuals_are_those_of_refitting(ridge, given):
    residuals = pyntk.leave_one_out_residuals(y=Y, ridge=ridge, **given)
    assert residuals.shape == Y.shape
    assert pyntk.leave_one_out_residuals(y=Y[:, 1], ridge=ridge, **given) == pytest.approx(
        residuals[:, 1], rel=1e-12
    )
    for k in range(25):
        rest = without(k)
        weights = np.linalg.solve(H[np.ix_(rest, rest)] + ridge * np.eye(24), Y[rest])
        assert residuals[k] == pytest.approx(Y[k] - H[k, rest] @ weights, rel=1e-10, abs=1e-12)


def test_float32_is_computed_in_float64():
    single = H.astype(np.float32)
    scores = pyntk.leave_one_out_complexity(single, Y)
    assert scores.dtype == np.float64
    assert (scores == pyntk.leave_one_out_complexity(single.astype(np.float64), Y)).all()


def test_other_kernels():
    how = {"trained": "all", "depth": 2, "bias_variance": 0.2}
    K = pyntk.ntk_gram(X, **how)
    scores = pyntk.leave_one_out_complexity(X=X, y=Y, **how)
    assert scores == pytest.approx(pyntk.leave_one_out_complexity(K, Y), rel=1e-11)


def test_duplicates_are_refused_unless_there_is_a_ridge():
    twice = np.concatenate([X, X[3:4]])
    y = np.append(Y[:, 0], 1.0)
    with pytest.raises(np.linalg.LinAlgError, match="rows 3 and 25 of X are equal"):
        pyntk.leave_one_out_residuals(X=twice, y=y)
    assert np.isfinite(pyntk.leave_one_out_residuals(X=twice, y=y, ridge=1e-3)).all()


def test_small_sizes():
    assert pyntk.leave_one_out_complexity(np.zeros((0, 0)), []).shape == (0,)
    assert pyntk.leave_one_out_complexity([[4.0]], [6.0]) == pytest.approx([9.0])
    assert pyntk.leave_one_out_residuals([[4.0]], [6.0], ridge=5) == pytest.approx([6.0])
