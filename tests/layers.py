"""Layers to embed, and what they must compute: promise 13, by tests/network_reference.py."""

import numpy as np

import network_reference as reference
from bounds import assert_sum, unit_roundoff
from pyntk.activation import leaky_relu, piecewise_linear, relu

SCALE = 0.3
ACTIVATIONS = {
    "relu": relu(),
    "indicator at zero": relu(derivative_at_zero=1),
    "leaky": leaky_relu(0.1),
    "two knots": piecewise_linear([0.5, 1.5], [-2.5, 7.5]),
}


def layer(dtype, n=23, d=6, m=70, outputs=2, seed=1):
    """X, W, a, b, c, and the gradient G of the outputs; outputs None for a of one dimension."""
    rng = np.random.default_rng(seed)
    k = () if outputs is None else (outputs,)
    shapes = (n, d), (m, d), (m, *k), (m,), k, (n, *k)
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _with_ones(X, W, b):
    if b is None:
        return X, W
    return np.hstack([X, np.ones_like(X[:, :1])]), np.hstack([W, b[:, None]])


def assert_outputs(F, X, W, a, b, c, activation):
    dtype, A = X.dtype, a.reshape(len(a), -1)
    exact, size, _ = reference.forward(*_with_ones(X, W, b), A, activation, SCALE)
    if c is not None:
        exact, size = exact + c, size + np.abs(c)
    assert F.dtype == dtype
    assert F.shape == (len(X), *a.shape[1:])
    assert_sum(F.reshape(exact.shape), exact, size, W.size, dtype)


def assert_gradients(gradients, X, W, a, b, G, activation):
    """Those of "X", "W", "a", "b", "c" that are given, as NumPy arrays."""
    dtype, (n, d), m = X.dtype, X.shape, len(W)
    A, G = a.reshape(m, -1), G.reshape(n, -1)
    x, w = _with_ones(X, W, b)
    unsure = reference.unsure_gates(x, w, activation, unit_roundoff(dtype))
    of_weights = reference.gradient(x, w, A, G, activation, SCALE, unsure)
    of_data = reference.gradient(w, x, G, A, activation, SCALE, unsure.T)
    expected = {
        "X": ([term[:, :d] for term in of_data], m * A.shape[1]),
        "W": ([term[:, :d] for term in of_weights], n * A.shape[1]),
        "b": ([term[:, -1] for term in of_weights], n * A.shape[1]),
        "a": (reference.second_gradient(x, w, G, activation, SCALE), n * d),
        "c": ((G.sum(0, dtype=np.longdouble), np.abs(G).sum(0, dtype=np.longdouble), 0), n),
    }
    for name, gradient in gradients.items():
        (exact, size, doubt), terms = expected[name]
        assert gradient.dtype == dtype
        assert_sum(gradient.reshape(exact.shape), exact, size, terms, dtype, doubt)
