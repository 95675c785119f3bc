"""The initialisations: their laws, scales and seeds."""

import numpy as np
import pytest

import pyntk

M, D, K = 40_000, 5, 3
INITIAL = {
    "ntk": lambda **how: pyntk.TwoLayer.ntk(M, D, kappa=0.5, **how),
    "antisymmetric": lambda **how: pyntk.TwoLayer.antisymmetric(M, D, kappa=0.5, **how),
    "clustered": lambda **how: pyntk.TwoLayer.clustered(M, D, K, **how),
    "small": lambda **how: pyntk.TwoLayer.small(M, D, K, std=0.01, biases=True, **how),
    "mean_field": lambda **how: pyntk.TwoLayer.mean_field(M, D, kappa=0.5, **how),
}
WIDTH = {
    "ntk": 0.5, "antisymmetric": 0.5, "clustered": M**-0.5, "small": 0.01,
    "mean_field": 0.5 / D**0.5,
}  # fmt: skip
SCALE = {"ntk": M**-0.5, "antisymmetric": M**-0.5, "clustered": 1, "small": 1, "mean_field": 1 / M}


def assert_normal(values, std):
    """Mean, variance and fourth moment of a normal law, each within five standard errors."""
    z = np.asarray(values, np.float64).ravel() / std
    error = 5 / np.sqrt(z.size)
    assert abs(z.mean()) < error
    assert abs((z**2).mean() - 1) < error * np.sqrt(2)
    assert abs((z**4).mean() - 3) < error * np.sqrt(96)


@pytest.mark.parametrize("name", INITIAL)
def test_first_layer_and_scale(name):
    net = INITIAL[name]()
    W = net.W[::2] if name == "antisymmetric" else net.W
    assert_normal(W, WIDTH[name])
    assert abs(np.corrcoef(W.T) - np.eye(D)).max() < 5 / len(W) ** 0.5
    assert net.scale == SCALE[name]


def test_second_layers():
    ntk, pairs = INITIAL["ntk"](), INITIAL["antisymmetric"]()
    assert set(ntk.a) == {-1.0, 1.0}
    assert abs(ntk.a.mean()) < 5 / M**0.5
    assert (pairs.W[::2] == pairs.W[1::2]).all()
    assert (pairs.a[::2] == -pairs.a[1::2]).all()
    assert abs(pairs.a[::2].mean()) < 5 / (M / 2) ** 0.5
    assert_normal(INITIAL["clustered"]().a, 1)
    assert INITIAL["clustered"]().a.shape == (M, K)
    assert (INITIAL["mean_field"]().a == 1).all()
    small = INITIAL["small"]()
    assert_normal(small.a, 0.01)
    assert_normal(small.b, 0.01)
    assert pyntk.TwoLayer.small(6, D, std=0.1).a.shape == (6,)
    assert pyntk.TwoLayer.small(6, D, std=0.1).b is None


def test_what_is_drawn_is_independent():
    """The second layer, the biases and the first layer of ``small``."""
    net = INITIAL["small"]()
    together = np.column_stack([net.W, net.a, net.b])
    assert abs(np.corrcoef(together.T) - np.eye(D + K + 1)).max() < 5 / M**0.5


@pytest.mark.parametrize("name", INITIAL)
def test_seed_and_dtype(name):
    one, again, other = INITIAL[name](seed=3), INITIAL[name](seed=3), INITIAL[name](seed=4)
    single = INITIAL[name](seed=3, dtype=np.float32)
    assert (one.W == again.W).all()
    assert (one.a == again.a).all()
    assert (one.W != other.W).mean() > 0.99
    assert one.W.dtype == one.a.dtype == np.float64
    assert single.W.dtype == single.a.dtype == np.float32
    assert (one.W.astype(np.float32) == single.W).all()
    assert (one.a.astype(np.float32) == single.a).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("m", [2, 130, 5000])
def test_antisymmetric_starts_at_zero(backend, dtype, m):
    X = np.random.default_rng(3).standard_normal((40, 6)).astype(dtype)
    net = pyntk.TwoLayer.antisymmetric(m, 6, seed=1, dtype=dtype, backend=backend)
    assert (net.forward(X) == 0).all()


def test_the_kernel_of_antisymmetric_is_that_of_half_of_the_neurons(backend):
    X = np.random.default_rng(3).standard_normal((10, 6))
    W = pyntk.TwoLayer.antisymmetric(64, 6, seed=1).W
    H, half = (pyntk.finite_width_gram(X, rows, backend=backend) for rows in (W, W[::2]))
    np.testing.assert_allclose(H, half, rtol=1e-15)


def test_arguments_of_the_class_are_passed_on():
    sigma = pyntk.activation.leaky_relu(0.1)
    net = pyntk.TwoLayer.clustered(4, 3, 2, scale=0.5, c=[1, 2], activation=sigma)
    assert net.scale == 0.5
    assert net.c.tolist() == [1, 2]
    assert net.activation == sigma
    assert pyntk.TwoLayer.ntk(4, 3, b=np.ones(4)).b.tolist() == [1] * 4
