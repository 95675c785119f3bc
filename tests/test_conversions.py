"""docs/conversions.md, line by line: each library's recursion, written out here from its source, at
angles where the arccosine of a rounded cosine is good enough, against the expression in pyntk.

None of these libraries is imported.
"""

from pathlib import Path

import numpy as np
import pytest

import pyntk

PAGE = (Path(__file__).parent.parent / "docs" / "conversions.md").read_text()
DEPTHS = (1, 2, 5)

N, D = 7, 6
X = np.random.default_rng(0).standard_normal((N, D))


def equal(expected, found):
    """To the error of the formulas written out here: arccosines of rounded cosines."""
    assert np.allclose(found, expected, rtol=1e-11, atol=1e-11)


def augmented(weight, bias):
    """The rows (sqrt(weight) x, sqrt(bias))."""
    return np.hstack([np.sqrt(weight) * X, np.full((N, 1), np.sqrt(bias))])


def kappa(K):
    """kappa_0 = 1 - theta / pi and kappa_1 = (sin + (pi - theta) cos) / pi of a covariance."""
    norms = np.sqrt(np.outer(np.diag(K), np.diag(K)))
    cosine = np.clip(K / norms, -1, 1)
    np.fill_diagonal(cosine, 1)
    theta = np.arccos(cosine)
    return 1 - theta / np.pi, (np.sin(theta) + (np.pi - theta) * cosine) / np.pi, norms


def neural_tangents(depth, W_std, b_std, standard_width=None):
    """stax.serial(Dense, Relu, ..., Dense) of `depth` Relus: (nngp, ntk).

    Inputs: nngp = x.z / d, ntk = 0. Dense: nngp' = W_std^2 nngp + b_std^2, and ntk' = nngp' +
    W_std^2 ntk; with parameterization="standard", ntk' = width nngp + W_std^2 ntk + 1 (the 1 with a
    bias only), width that of the layer's input. Relu: E[relu relu], and ntk E[relu' relu'].
    """
    nngp, ntk, width = X @ X.T / D, np.zeros((N, N)), D
    for layer in range(depth + 1):
        if standard_width is None:
            nngp = W_std**2 * nngp + b_std**2
            ntk = nngp + W_std**2 * ntk
        else:
            ntk = width * nngp + W_std**2 * ntk + (b_std > 0)
            nngp = W_std**2 * nngp + b_std**2
            width = standard_width
        if layer < depth:
            kappa_0, kappa_1, norms = kappa(nngp)
            nngp, ntk = norms * kappa_1 / 2, ntk * kappa_0 / 2
    return nngp, ntk


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize(("W_std", "b_std"), [(1.0, 0.0), (1.5, 0.0), (1.5, 0.2), (0.8, 1.0)])
def test_neural_tangents(depth, W_std, b_std):
    nngp, ntk = neural_tangents(depth, W_std, b_std)
    how = {"depth": depth, "weight_variance": W_std**2, "bias_variance": b_std**2}
    equal(nngp, pyntk.ntk_gram(X / np.sqrt(D), trained="last", **how))
    equal(ntk, pyntk.ntk_gram(X / np.sqrt(D), trained="all", **how))
    if b_std == 0:  # every kernel is then homogeneous of degree 2 in X
        equal(ntk, pyntk.ntk_gram(X, trained="all", **how) / D)
    if depth == 1:
        equal(ntk - nngp, pyntk.ntk_gram(X / np.sqrt(D), trained="first", **how))


@pytest.mark.parametrize(("W_std", "b_std"), [(1.0, 0.0), (1.5, 0.0), (1.5, 0.2)])
def test_neural_tangents_in_the_standard_parameterisation(W_std, b_std):
    width = 512
    _, ntk = neural_tangents(1, W_std, b_std, standard_width=width)
    a, b = W_std**2, b_std**2
    how = {"weight_variance": a, "bias_variance": b}
    last = pyntk.ntk_gram(X / np.sqrt(D), trained="last", **how)
    first = pyntk.ntk_gram(X / np.sqrt(D), trained="first", **how)
    if b == 0:
        equal(ntk, width / a * last + D / a * first)
    else:
        k0 = pyntk.arc_cosine_gram(augmented(a / D, b), degree=0)
        equal(ntk, width / a * (last - b) + D / a * first + (a - b * D) / 2 * k0 + 1)


def biased_tangent(depth, bias):
    """What scikit-ntk and EigenPro share: the bias is in the tangent kernel, not in the angles."""
    S = X @ X.T
    K = S + bias**2
    for _ in range(depth):
        kappa_0, kappa_1, norms = kappa(S)
        S = norms * kappa_1
        K = K * kappa_0 + S + bias**2
    return K


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("bias", [0.0, 0.1, 2.0])
def test_scikit_ntk(depth, bias):
    """NeuralTangentKernel(depth, bias)."""
    theirs = biased_tangent(depth, bias) / ((depth + 1) * (bias**2 + 1))
    tangent = pyntk.ntk_gram(X, trained="all", depth=depth, weight_variance=2.0) / 2
    if bias == 0:
        equal(theirs, tangent / (depth + 1))
        if depth == 1:
            equal(theirs, pyntk.ntk_gram(X, trained="all"))
    elif depth == 1:
        k0 = pyntk.arc_cosine_gram(X, degree=0)
        equal(theirs, (tangent + bias**2 * (1 + k0)) / (2 * (bias**2 + 1)))
    else:
        # No recipe of pyntk: with a bias in the covariances the angles are others.
        biased = pyntk.ntk_gram(
            X, trained="all", depth=depth, weight_variance=2.0, bias_variance=bias**2
        )
        assert not np.allclose(theirs, biased / ((depth + 1) * (bias**2 + 1)), rtol=1e-3)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("bias", [0.0, 0.1])
def test_eigenpro(depth, bias):
    """ntk_relu(X, Z, depth=L + 1, bias): its depth counts the layers of weights."""
    theirs = biased_tangent(depth, bias)
    tangent = pyntk.ntk_gram(X, trained="all", depth=depth, weight_variance=2.0) / 2
    if bias == 0:
        equal(theirs, tangent)
        if depth == 1:
            equal(theirs, 2 * pyntk.ntk_gram(X, trained="all"))
    elif depth == 1:
        equal(theirs, tangent + bias**2 * (1 + pyntk.arc_cosine_gram(X, degree=0)))


@pytest.mark.parametrize("depth", DEPTHS)
def test_leoyu(depth):
    """kernel_value_batch(X, d_max)[depth][fixed]: the first `fixed` layers are not trained."""

    def value(fixed):
        S, H = X @ X.T, np.zeros((N, N))
        for layer in range(depth + 1):
            H = H + S if fixed <= layer else H
            if layer < depth:
                kappa_0, kappa_1, norms = kappa(S)
                S, H = norms * kappa_1 / 2, H * kappa_0 / 2
        return H

    equal(value(0), pyntk.ntk_gram(X, trained="all", depth=depth))
    equal(value(depth), pyntk.ntk_gram(X, trained="last", depth=depth))
    equal(value(0) - value(1), pyntk.ntk_gram(X, trained="first", depth=depth))


@pytest.mark.parametrize(("weight", "bias"), [(1.0, 1e-12), (1.0, 1.0), (0.7, 0.3)])
def test_gpflow(weight, bias):
    """ArcCosine(order, variance, weight_variances=weight, bias_variance=bias)."""
    variance = 1.3
    kappa_0, kappa_1, norms = kappa(weight * X @ X.T + bias)
    rows = augmented(weight, bias)
    equal(variance * kappa_0, variance * pyntk.arc_cosine_gram(rows, degree=0))
    equal(variance * norms * kappa_1, variance * pyntk.arc_cosine_gram(rows, degree=1))
    last = pyntk.ntk_gram(X, trained="last", weight_variance=weight, bias_variance=bias)
    equal(norms * kappa_1, 2 * (last - bias) / weight)
    if weight == 1 and bias < 1e-9:
        equal(norms * kappa_1, 2 * pyntk.ntk_gram(X, trained="last"))


def test_the_page_names_them_all():
    for name in ("neural-tangents", "scikit-ntk", "EigenPro", "LeoYu", "GPflow"):
        assert name in PAGE
