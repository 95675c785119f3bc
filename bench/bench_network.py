"""The two-layer step and the finite-width Gram beside NumPy."""

import numpy as np
import numpy_formula
import pytest

import pyntk

SHAPES = [(1000, 784, 4096), (4096, 64, 4096)]


def close(result, expected):
    """Up to the few gates of w.x near 0 that float32 sets otherwise."""
    return np.linalg.norm(result - expected) < 1e-3 * np.linalg.norm(expected)


CONTENDERS = ("pyntk cpu", "pyntk numba", "numpy")


def network(n, d, m):
    rng = np.random.default_rng(0)
    X, W = (rng.standard_normal(shape).astype(np.float32) for shape in ((n, d), (m, d)))
    return X, W, rng.choice([-1, 1], m).astype(np.float32), np.sign(X[:, 0])


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize(("n", "d", "m"), SHAPES)
def test_loss_and_gradient(timed, n, d, m, contender):
    X, W, a, y = network(n, d, m)
    group = f"loss and gradient, float32, n={n} d={d} m={m}"
    if contender == "numpy":
        loss, dW = timed(lambda: numpy_formula.loss_and_gradient(X, W, a, y), group)
    else:
        net = pyntk.TwoLayer(W, a, backend=contender.split()[1])
        loss, (dW, *_) = timed(lambda: net.loss_and_gradient(X, y), group)
    expected, gradient = numpy_formula.loss_and_gradient(
        *(array.astype(np.float64) for array in (X, W, a, y))
    )
    assert loss == pytest.approx(expected, rel=1e-5)
    assert close(dW, gradient)


@pytest.mark.parametrize("contender", CONTENDERS)
def test_finite_width_gram(timed, contender):
    X, W, _, _ = network(1000, 64, 8192)
    group = "finite-width Gram, float32, n=1000 d=64 m=8192"
    if contender == "numpy":
        H = timed(lambda: numpy_formula.finite_width_gram(X, W), group)
    else:
        H = timed(lambda: pyntk.finite_width_gram(X, W, backend=contender.split()[1]), group)
    expected = numpy_formula.finite_width_gram(X.astype(np.float64), W.astype(np.float64))
    assert close(H, expected)
