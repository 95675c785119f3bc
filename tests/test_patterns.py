"""Activation patterns of a network, and how many of them flip."""

import numpy as np
import pytest

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear, relu


def bits(P, m):
    """Booleans (n, m)."""
    words = P[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)
    return words.reshape(len(P), -1)[:, :m] == 1


@pytest.mark.parametrize("biases", [False, True])
def test_patterns(backend, biases):
    rng = np.random.default_rng(0)
    X, W, b = rng.standard_normal((20, 5)), rng.standard_normal((130, 5)), rng.standard_normal(130)
    net = pyntk.TwoLayer(W, np.ones(130), b if biases else None, backend=backend)
    P = net.patterns(X)
    assert P.shape == (20, 3)
    assert P.dtype == np.uint64
    assert (bits(P, 130) == (X @ W.T + biases * b > 0)).all()


def test_patterns_on_the_kink(backend):
    W, X = [[1.0, 0], [0, 1]], [[1.0, 0]]
    for activation, active in (
        (None, [True, False]),
        (leaky_relu(0.1), [True, False]),
        (relu(derivative_at_zero=1), [True, True]),
    ):
        net = pyntk.TwoLayer(W, [1, 1], activation=activation, backend=backend)
        assert bits(net.patterns(X), 2).tolist() == [active]


def test_only_a_knot_at_zero_has_patterns():
    net = pyntk.TwoLayer([[1.0]], [1.0], activation=piecewise_linear([0, 1], [0, 1]))
    with pytest.raises(ValueError, match="patterns are those of a ReLU or a leaky ReLU"):
        net.patterns([[1.0]])


def test_flips(backend):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 6))
    net = pyntk.TwoLayer.ntk(1000, 6, backend=backend)
    P, before = net.patterns(X), X @ net.W.T > 0
    net.W += 0.3 * rng.standard_normal(net.W.shape)
    flips = pyntk.pattern_flips(P, net.patterns(X), backend=backend)
    assert flips.dtype == np.int64
    assert flips.tolist() == (before != (X @ net.W.T > 0)).sum(1).tolist()
    assert 0 < flips.mean() / 1000 < 0.5
    assert (pyntk.pattern_flips(P, P, backend=backend, threads=1) == 0).all()


def test_layouts_of_patterns(backend):
    rng = np.random.default_rng(2)
    P, Q = rng.integers(0, 2**64, (2, 9, 4), np.uint64)
    plain = pyntk.pattern_flips(P, Q, backend=backend)
    assert (pyntk.pattern_flips(np.asfortranarray(P), Q, backend=backend) == plain).all()
    assert (pyntk.pattern_flips(P[::-1], Q[::-1], backend=backend) == plain[::-1]).all()
    assert pyntk.pattern_flips(P[:0], Q[:0], backend=backend).shape == (0,)
    assert (pyntk.pattern_flips(P[:, :0], Q[:, :0], backend=backend) == 0).all()


@pytest.mark.parametrize(
    ("P", "Q", "error", "message"),
    [
        (np.ones((2, 1)), np.ones((2, 1), np.uint64), TypeError, "P .*not an array of float64"),
        (np.ones((2, 1), np.uint64), np.ones((2, 1), int), TypeError, "Q .*not an array of int64"),
        (np.ones((2, 1), ">u8"), np.ones((2, 1), np.uint64), TypeError, "P .*not an array of >u8"),
        ([[1]], [[1]], TypeError, "P must be an array of uint64, as patterns.*not list"),
        (None, None, TypeError, "P must be an array of uint64.*not NoneType"),
        (
            np.ones(2, np.uint64),
            np.ones(2, np.uint64),
            ValueError,
            r"P must have shape \(n, words\)",
        ),
        (
            np.ones((2, 1), np.uint64),
            np.ones((2, 3), np.uint64),
            ValueError,
            r"P and Q must have one shape, not \(2, 1\) and \(2, 3\)",
        ),
    ],
)
def test_what_is_no_pattern(P, Q, error, message):
    with pytest.raises(error, match=message):
        pyntk.pattern_flips(P, Q)


def test_derivative_at_zero_of_the_gram(backend):
    X, W = np.array([[1.0, 0], [1, 1]]), np.array([[0.0, 1], [1, 0]])
    left = pyntk.finite_width_gram(X, W, backend=backend)
    right = pyntk.finite_width_gram(X, W, derivative_at_zero=1, backend=backend)
    assert left.tolist() == [[0.5, 0.5], [0.5, 2]]
    assert right.tolist() == [[1, 1], [1, 2]]
    with pytest.raises(ValueError, match="derivative_at_zero must be 0 or 1, not 2"):
        pyntk.finite_width_gram(X, W, derivative_at_zero=2)
