"""pyntk.sklearn.NTK: a kernel object for Gaussian processes, SVMs and kernel PCA."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.decomposition import KernelPCA
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.svm import SVC

import pyntk
from pyntk.sklearn import NTK

X = np.random.default_rng(0).standard_normal((30, 4))
Z = np.random.default_rng(1).standard_normal((7, 4))


def test_it_is_ntk_gram():
    how = {"weight_variance": 2.0, "bias_variance": 0.3, "depth": 2, "trained": "last"}
    kernel = NTK(2.0, bias_variance=0.3, depth=2, trained="last")
    assert (kernel(X) == pyntk.ntk_gram(X, **how)).all()
    assert (kernel(Z, X) == pyntk.ntk_gram(Z, X, **how)).all()
    assert (kernel.diag(X) == np.diag(kernel(X))).all()
    assert not kernel.is_stationary()
    assert clone(kernel).get_params() == kernel.get_params()
    np.testing.assert_allclose(kernel.theta, np.log([0.3, 2.0]))
    assert kernel.clone_with_theta(np.log([0.5, 3.0])).bias_variance == pytest.approx(0.5)


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize("depth", [1, 3])
def test_the_gradient(trained, depth):
    """Without biases K is homogeneous in the weights' variance, of degree depth + 1."""
    kernel = NTK(1.7, bias_variance=0, bias_variance_bounds="fixed", depth=depth, trained=trained)
    K, gradient = kernel(X, eval_gradient=True)
    size = np.sqrt(np.outer(np.diag(K), np.diag(K)))
    assert gradient.shape == (30, 30, 1)
    assert (np.abs(gradient[:, :, 0] - (depth + 1) * K) <= 1e-9 * (depth + 1) * size).all()


@pytest.mark.parametrize("trained", ["first", "last", "all"])
def test_the_gradient_with_biases(trained):
    """A scaling by s of rows and biases multiplies K by s^2: the slope by the biases follows."""
    kernel = NTK(1.7, bias_variance=0.4, depth=2, trained=trained)
    K, gradient = kernel(X, eval_gradient=True)
    assert gradient.shape == (30, 30, 2)
    h = 1e-6
    by_rows = (kernel(X * np.exp(h)) - kernel(X * np.exp(-h))) / (2 * h)
    np.testing.assert_allclose(gradient[:, :, 0], K - by_rows / 2, atol=1e-8 * K.max())
    free = NTK(1.7, (1e-3, 1e3), 0.4, "fixed", depth=2, trained=trained)
    assert (free(X, eval_gradient=True)[1][:, :, 0] == gradient[:, :, 1]).all()
    fixed = NTK(1.7, "fixed", 0.4, "fixed")
    assert fixed(X, eval_gradient=True)[1].shape == (30, 30, 0)
    with pytest.raises(ValueError, match="Y = None alone"):
        kernel(X, Z, eval_gradient=True)


def test_a_gaussian_process_finds_its_hyper_parameters():
    y = np.abs(X[:, 0] - 1) + 0.1 * np.random.default_rng(2).standard_normal(30)
    kernel = NTK(weight_variance_bounds=(0.01, 100), bias_variance_bounds=(1e-3, 10))
    start = GaussianProcessRegressor(kernel, alpha=0.01, optimizer=None).fit(X, y)
    fitted = GaussianProcessRegressor(kernel, alpha=0.01).fit(X, y)
    assert fitted.log_marginal_likelihood_value_ > start.log_marginal_likelihood_value_ + 1
    mean, deviation = fitted.predict(Z, return_std=True)
    assert np.isfinite(mean).all()
    assert (deviation > 0).all()


def test_in_a_support_vector_machine_and_in_kernel_pca():
    labels = X[:, 0] > 0
    assert SVC(kernel=NTK()).fit(X, labels).score(X, labels) > 0.9
    scores = KernelPCA(3, kernel=NTK()).fit_transform(X)
    K = pyntk.ntk_gram(X, trained="all", bias_variance=0.1)
    centre = np.eye(30) - 1 / 30
    largest = np.linalg.eigvalsh(centre @ K @ centre)[-3:][::-1]
    np.testing.assert_allclose((scores**2).sum(axis=0), largest, rtol=1e-9)
