"""The two-layer network: initialisation, loss, and gradients against exact differences."""

import numpy as np
import pytest

import pyntk


def data(n=40, d=6, dtype=np.float64):
    rng = np.random.default_rng(3)
    return rng.standard_normal((n, d)).astype(dtype), rng.standard_normal(n).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_antisymmetric_starts_at_zero(backend, dtype):
    X, _ = data(dtype=dtype)
    net = pyntk.TwoLayer.antisymmetric(600, 6, seed=1, dtype=dtype, backend=backend)
    assert net.W.dtype == dtype
    assert (net.forward(X) == 0).all()


def test_ntk_initialisation():
    net = pyntk.TwoLayer.ntk(20_000, 5, kappa=0.5, seed=2)
    assert net.W.std() == pytest.approx(0.5, rel=0.02)
    assert set(net.a) == {-1.0, 1.0}
    assert net.scale == 20_000**-0.5
    again = pyntk.TwoLayer.ntk(20_000, 5, kappa=0.5, seed=2)
    assert (again.W == net.W).all()


def test_the_weights_are_copies():
    W, a = np.ones((3, 2)), np.ones(3)
    net = pyntk.TwoLayer(W, a)
    net.W -= 1
    assert (W == 1).all()


def test_what_is_not_asked_for_is_none(backend):
    X, y = data()
    net = pyntk.TwoLayer.ntk(30, 6, backend=backend)
    asked = {
        ("first", False): {"dW"},
        ("last", False): {"da"},
        ("all", False): {"dW", "da"},
        ("first", True): {"dW", "dX"},
    }
    for (trained, with_data), names in asked.items():
        _, gradients = net.loss_and_gradient(X, y, trained=trained, data=with_data)
        given = {name for name, value in gradients._asdict().items() if value is not None}
        assert given == names


def test_gradients_are_those_of_the_loss(backend):
    """Inside a region of fixed gates the loss is quadratic, so central differences are exact."""
    X, y = data()
    net = pyntk.TwoLayer.ntk(30, 6, seed=5, backend=backend)
    loss, gradients = net.loss_and_gradient(X, y, trained="all", data=True)
    residual = net.forward(X) - y
    assert loss == pytest.approx(residual @ residual / 2, rel=1e-14)
    step = 1e-5
    places = {"dW": (net.W, (4, 2)), "da": (net.a, (7,)), "dX": (X, (11, 3))}
    for name, (array, place) in places.items():
        before = array[place]
        array[place] = before + step
        above = net.loss_and_gradient(X, y)[0]
        array[place] = before - step
        below = net.loss_and_gradient(X, y)[0]
        array[place] = before
        slope = (above - below) / (2 * step)
        assert getattr(gradients, name)[place] == pytest.approx(slope, rel=1e-7)


def test_gradient_descent_by_hand(backend):
    """W(k+1) = W(k) - eta dW, ten steps, against the formulas of Arora et al., section 3."""
    X, y = data()
    net = pyntk.TwoLayer.ntk(50, 6, seed=9, backend=backend)
    W, a = net.W.copy(), net.a.copy()
    for _ in range(10):
        net.W -= 0.1 * net.loss_and_gradient(X, y)[1].dW
        P = X @ W.T
        u = np.maximum(P, 0) @ a / np.sqrt(50)
        W = W - 0.1 * (a[:, None] / np.sqrt(50)) * (((P > 0) * (u - y)[:, None]).T @ X)
    np.testing.assert_allclose(net.W, W, rtol=0, atol=1e-12)


def test_empty_data(backend):
    net = pyntk.TwoLayer.ntk(4, 3, backend=backend)
    loss, gradients = net.loss_and_gradient(np.zeros((0, 3)), np.zeros(0), trained="all", data=True)
    assert loss == 0
    assert (gradients.dW == 0).all()
    assert (gradients.da == 0).all()
    assert gradients.dX.shape == (0, 3)
