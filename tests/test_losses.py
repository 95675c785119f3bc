"""The losses of a two-layer network: values and gradients against 50 digits, huge outputs, targets.

Derivatives are differences of the loss in 50 digits, inside the gate region of the point, where
they are exact to far below the last place.
"""

import warnings

import mpmath
import numpy as np
import pytest

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear

N, D, M, K = 5, 3, 7, 3
SCALE = 0.7
ACTIVATIONS = {
    "relu": None,
    "leaky": leaky_relu(0.1),
    "three knots": piecewise_linear([-0.5, 0.25, 1], [0.5, -1, 2], slopes=(-0.25, 0.5)),
}
LOSSES = ("half_squares", "mean_squares", "logistic", "softmax")


def problem(loss, outputs):
    """X, W, b, a, c and targets (n, outputs)."""
    rng = np.random.default_rng(1)
    X, W, b = (rng.standard_normal(shape) for shape in ((N, D), (M, D), (M,)))
    a, c = rng.standard_normal((M, outputs)), rng.standard_normal(outputs)
    Y = rng.standard_normal((N, outputs))
    if loss == "logistic":
        Y = np.sign(Y)
    if loss == "softmax":
        Y = np.abs(Y) / np.abs(Y).sum(1, keepdims=True)
    return {"X": X, "W": W, "b": b, "a": a, "c": c}, Y


def sigma(activation, p):
    """Between the knots, by the two points; beyond them, by the outer slopes."""
    if activation is None:
        return max(p, mpmath.mpf(0))
    knots, slopes = [mpmath.mpf(t) for t in activation.knots], activation.slopes
    if p <= knots[0]:
        return activation.value + slopes[0] * (p - knots[0])
    value = mpmath.mpf(activation.value)
    for left, right, slope in zip(knots, [*knots[1:], mpmath.inf], slopes[1:], strict=True):
        if p <= right:
            return value + slope * (p - left)
        value += slope * (right - left)
    raise AssertionError


def exact_loss(loss, parameters, Y, activation):
    """The formulas of the docstring of loss_and_gradient."""
    X, W, b, a, c = (mpmath.matrix(parameters[name].tolist()) for name in ("X", "W", "b", "a", "c"))
    total, n = mpmath.mpf(0), X.rows
    for i in range(n):
        h = [
            sigma(activation, mpmath.fsum(W[r, j] * X[i, j] for j in range(X.cols)) + b[r])
            for r in range(W.rows)
        ]
        f = [
            SCALE * mpmath.fsum(a[r, k] * h[r] for r in range(W.rows)) + c[k] for k in range(a.cols)
        ]
        y = [mpmath.mpf(value) for value in Y[i]]
        pairs = list(zip(f, y, strict=True))
        if loss == "half_squares":
            total += mpmath.fsum((p - q) ** 2 for p, q in pairs) / 2
        elif loss == "mean_squares":
            total += mpmath.fsum((p - q) ** 2 for p, q in pairs) / n
        elif loss == "logistic":
            total += mpmath.fsum(mpmath.log1p(mpmath.exp(-q * p)) for p, q in pairs) / n
        else:
            log_sum = mpmath.log(mpmath.fsum(mpmath.exp(p) for p in f))
            total -= mpmath.fsum(q * (p - log_sum) for p, q in pairs) / n
    return total


def difference(loss, parameters, Y, activation, name, place):
    """The derivative by one entry, from a central difference of width 2e-20 in 50 digits."""
    step = mpmath.mpf(10) ** -20
    values = []
    for sign in (1, -1):
        moved = {key: array.astype(object) for key, array in parameters.items()}
        moved[name][place] = mpmath.mpf(parameters[name][place]) + sign * step
        values.append(exact_loss(loss, moved, Y, activation))
    return (values[0] - values[1]) / (2 * step)


@pytest.mark.parametrize("outputs", [1, K])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_exact_differences(backend, loss, activation, outputs):
    if loss == "softmax" and outputs == 1:
        outputs = 2
    sigma_ = ACTIVATIONS[activation]
    parameters, Y = problem(loss, outputs)
    P = parameters["X"] @ parameters["W"].T + parameters["b"]
    for knot in (0.0,) if sigma_ is None else sigma_.knots:
        assert np.abs(P - knot).min() > 1e-6  # no gate within reach of the differences
    X, layers = parameters["X"], {name: parameters[name] for name in ("W", "a", "b", "c")}
    net = pyntk.TwoLayer(**layers, scale=SCALE, activation=sigma_, backend=backend)
    value, gradients = net.loss_and_gradient(X, Y, loss=loss, trained="all", data=True)
    with mpmath.workdps(50):
        exact = exact_loss(loss, parameters, Y, sigma_)
        assert abs(value - exact) <= 1e-14 * abs(exact)
        for name, array in parameters.items():
            given = getattr(gradients, f"d{name}")
            assert given.shape == array.shape
            for place in (tuple(0 for _ in array.shape), tuple(-1 for _ in array.shape)):
                exact = difference(loss, parameters, Y, sigma_, name, place)
                assert abs(given[place] - exact) <= 1e-14 * (1 + abs(exact)), (name, place)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("huge", [1e4, -1e4])
@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_huge_outputs_overflow_nowhere(backend, loss, huge, dtype):
    """f = (huge, -huge) on two samples: the mean loss is |huge| to the last place."""
    W, a = np.ones((1, 1), dtype), np.array([[1, -1]], dtype)
    net = pyntk.TwoLayer(W, huge * a, scale=1, backend=backend)
    X = np.ones((2, 1), dtype)
    y = np.array([[1, 1], [-1, -1]]) if loss == "logistic" else np.array([0, 1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value, gradients = net.loss_and_gradient(X, y, loss=loss, trained="all", data=True)
    assert value == abs(huge)
    assert all(np.isfinite(array).all() for array in gradients if array is not None)


def test_softmax_of_equal_outputs(backend):
    net = pyntk.TwoLayer(np.ones((1, 1)), np.zeros((1, 4)), backend=backend)
    value, gradients = net.loss_and_gradient([[1.0]], [2], loss="softmax", trained="last")
    assert value == pytest.approx(np.log(4), rel=1e-15)
    np.testing.assert_allclose(gradients.da, [[0.25, 0.25, -0.75, 0.25]], rtol=1e-15)


def test_classes_are_rows_of_the_unit_matrix(backend):
    rng = np.random.default_rng(2)
    X, y = rng.standard_normal((20, 3)), rng.integers(0, 4, 20)
    net = pyntk.TwoLayer.clustered(30, 3, 4, backend=backend)
    by_class = net.loss_and_gradient(X, y, loss="softmax", trained="all")
    for targets in (np.eye(4)[y], np.eye(4, dtype=int)[y], np.eye(4)[y].tolist(), y.astype(float)):
        by_rows = net.loss_and_gradient(X, targets, loss="softmax", trained="all")
        assert by_rows[0] == by_class[0]
        assert (by_rows[1].dW == by_class[1].dW).all()


@pytest.mark.parametrize(
    ("loss", "y", "dtype"),
    [
        ("half_squares", np.ones(4), np.float64),
        ("half_squares", np.ones(4, np.float32), np.float32),
        ("half_squares", np.ones(4, int), np.float32),
        ("half_squares", [1, -1, 1, -1], np.float32),
        ("half_squares", np.ones(4, bool), np.float32),
        ("half_squares", [0.5, 1, 1, 1], np.float64),
        ("half_squares", np.full(4, 2**24 + 1), np.float64),
        ("logistic", np.ones(4), np.float32),
        ("logistic", [1, -1, 1, -1], np.float32),
    ],
)
def test_labels_do_not_make_float32_float64(backend, loss, y, dtype):
    """Other targets do, as every array of float64 does."""
    X = np.ones((4, 2), np.float32)
    net = pyntk.TwoLayer.ntk(5, 2, dtype=np.float32, backend=backend)
    _, gradients = net.loss_and_gradient(X, y, loss=loss)
    assert gradients.dW.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_an_output_bias(backend, dtype):
    """The sum of 20,000 slopes: within (4 + log2 of the number of terms) u of their size."""
    rng = np.random.default_rng(3)
    y = rng.standard_normal((20_000, 2)).astype(dtype)
    net = pyntk.TwoLayer(
        np.ones((1, 1), dtype), np.zeros((1, 2), dtype), c=np.zeros(2, dtype), backend=backend
    )
    _, gradients = net.loss_and_gradient(np.ones((20_000, 1), dtype), y, trained="last")
    exact = -y.astype(np.longdouble).sum(0)
    u = np.finfo(dtype).eps / 2
    assert (np.abs(gradients.dc - exact) <= (4 + np.log2(20_000)) * u * np.abs(y).sum(0)).all()
    assert gradients.dc.dtype == dtype


def test_a_loss_beyond_the_range_warns(backend):
    net = pyntk.TwoLayer(np.full((1, 1), 1e200), np.full(1, 1e100), backend=backend)
    with pytest.warns(RuntimeWarning, match="the loss exceeds the range of float64"):
        loss, _ = net.loss_and_gradient([[1.0]], [0.0])
    assert loss == np.inf
    net = pyntk.TwoLayer(np.full((1, 1), 1e200), np.full(1, 1e200), backend=backend)
    with pytest.warns(RuntimeWarning, match="an output of the network exceeds the range"):
        assert net.forward([[1.0]]) == np.inf
