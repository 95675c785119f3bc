"""What each bad argument of a two-layer network gets: a clear error that names it."""

import numpy as np
import pytest

import pyntk
from pyntk import TwoLayer

rng = np.random.default_rng(0)
X, W, A = rng.standard_normal((6, 4)), rng.standard_normal((5, 4)), rng.standard_normal((5, 3))
B, C, Y = np.ones(5), np.ones(3), rng.standard_normal((6, 3))
WITH_NAN = {"W": (W, "2, 3"), "a": (A, "4, 1"), "b": (B, "4"), "c": (C, "2")}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", WITH_NAN)
def test_parameters_that_are_not_finite(name, bad):
    array, place = WITH_NAN[name]
    layers = {"W": W, "a": A, "b": B, "c": C, name: array.copy()}
    layers[name][tuple(map(int, place.split(",")))] = bad
    with pytest.raises(ValueError, match=rf"{name}\[{place}\] is {bad}"):
        TwoLayer(**layers)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"W": W[:0], "a": A[:0]}, "W must have at least one row"),
        ({"W": W[0], "a": A}, r"W must have shape \(m, d\), but has 1"),
        ({"W": W[:, :0], "a": A}, r"W must have shape \(m, d\) with d >= 1"),
        ({"W": W, "a": A[:4]}, r"a must have shape \(m, k\) with m = 5 as in W, but has m = 4"),
        ({"W": W, "a": np.ones(4)}, r"a must have shape \(m,\) with m = 5 as in W"),
        ({"W": W, "a": A[None]}, r"a must have shape \(m,\), but has 3"),
        ({"W": W, "a": 1.0}, r"a must have shape \(m,\), but has 0"),
        ({"W": W, "a": [[1.0], [1, 2]]}, "a is no array"),
        ({"W": W, "a": A, "b": B[:4]}, r"b must have shape \(m,\) with m = 5 as in W"),
        ({"W": W, "a": A, "b": 1.0}, r"b must have shape \(m,\), but has 0"),
        ({"W": W, "a": A, "c": C[:2]}, r"c must have shape \(k,\) with k = 3 as in a"),
        ({"W": W, "a": A, "c": 1.0}, r"c must have shape \(k,\), but has 0"),
        ({"W": W, "a": A[:, 0], "c": C}, r"c must be one number where a is \(m,\), not of shape"),
        ({"W": W, "a": A[:, 0], "c": np.nan}, "c.* is nan"),
        ({"W": W, "a": A, "scale": np.inf}, "scale must be finite, not inf"),
    ],
)
def test_shapes_of_parameters(layers, message):
    with pytest.raises(ValueError, match=message):
        TwoLayer(**layers)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"W": None, "a": A}, "W must be an array, not None"),
        ({"W": W, "a": None}, "a must be an array, not None"),
        ({"W": W, "a": "text"}, "a must hold real numbers"),
        ({"W": W, "a": A, "b": B.astype(complex)}, "b must hold real numbers"),
        ({"W": W, "a": A[:, 0], "c": "1"}, "c must hold real numbers"),
        ({"W": W, "a": A, "scale": "1"}, "scale must be a number, not str"),
        ({"W": W, "a": A, "activation": "relu"}, "activation must be"),
        ({"W": W, "a": A, "threads": 1.5}, "threads must be an integer"),
        ({"W": W, "a": A, "bias": B}, "unexpected keyword"),
    ],
)
def test_types_of_parameters(layers, message):
    with pytest.raises(TypeError, match=message):
        TwoLayer(**layers)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (X[:, :3], ValueError, r"X must have shape \(n, d\) with d = 4 as in W, but has d = 3"),
        (X[0], ValueError, r"X must have shape \(n, d\), but has 1 .*X\[None, :\]"),
        (np.where(np.eye(6, 4) > 0, np.nan, X), ValueError, r"X\[0, 0\] is nan"),
        (X.astype(complex), TypeError, "X must hold real numbers"),
        (None, TypeError, "X must be an array, not None"),
    ],
)
def test_rows(backend, biases, rows, error, message):
    net = TwoLayer(W, A, B if biases else None, backend=backend)
    for call in (net.forward, net.patterns, lambda rows: net.loss_and_gradient(rows, Y)):
        with pytest.raises(error, match=message):
            call(rows)


def test_parameters_that_became_nan(backend):
    """After a step that was too long: named with the column of b beside W."""
    net = TwoLayer(W, A, B, backend=backend)
    net.b[2] = np.nan
    with pytest.raises(ValueError, match=r"\(W, b\)\[2, 4\] is nan"):
        net.forward(X)
    net = TwoLayer(W, A, backend=backend)
    net.a[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"a\[3, 1\] is nan"):
        net.forward(X)


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("squares", Y, "loss must be one of half_squares, .*softmax, not 'squares'"),
        (None, Y, "loss must be one of"),
        ("half_squares", Y[:5], r"y must have shape \(n, k\) with n = 6 as in X, but has n = 5"),
        ("half_squares", Y[:, :2], r"y must have shape \(n, k\) with k = 3 as in a, but has k = 2"),
        ("half_squares", Y[:, 0], r"y must have shape \(n, k\), but has 1"),
        ("half_squares", np.where(Y[2, 1] == Y, np.nan, Y), r"y\[2, 1\] is nan"),
        ("logistic", Y, "y must be -1 or 1 for the logistic loss"),
        ("logistic", np.sign(Y) > 0, "y must be -1 or 1 for the logistic loss"),
        ("softmax", np.array([0, 1, 2, 3, 0, 1]), r"y must hold classes 0 ... 2 for softmax"),
        ("softmax", np.array([0, 1, 2, -1, 0, 1]), r"y must hold classes 0 ... 2 for softmax"),
        ("softmax", np.array([0, 1, 2, 0.5, 0, 1]), r"y must hold classes 0 ... 2 for softmax"),
        ("softmax", np.array([0, 1, 2]), r"y must have shape \(n, k\) with n = 6 as in X"),
        ("softmax", Y, r"y must be classes \(n,\), or probabilities"),
        ("softmax", [[1.0], [0, 1]], "y is no array"),
    ],
)
def test_targets(backend, biases, loss, y, message):
    net = TwoLayer(W, A, B if biases else None, backend=backend)
    with pytest.raises(ValueError, match=message):
        net.loss_and_gradient(X, y, loss=loss)


def test_targets_of_one_output(backend):
    net = TwoLayer(W, A[:, 0], backend=backend)
    column = net.loss_and_gradient(X, Y[:, :1])[0]
    assert column == net.loss_and_gradient(X, Y[:, 0])[0]
    assert column == TwoLayer(W, A[:, :1], backend=backend).loss_and_gradient(X, Y[:, 0])[0]
    with pytest.raises(ValueError, match=r"y must have shape \(n,\) with n = 6 as in X"):
        net.loss_and_gradient(X, Y[:5, 0])
    with pytest.raises(ValueError, match=r"y must have shape \(n,\), but has 2"):
        net.loss_and_gradient(X, Y)
    for one in (net, TwoLayer(W, A[:, :1], backend=backend)):
        with pytest.raises(ValueError, match="loss='softmax' needs a network with two outputs"):
            one.loss_and_gradient(X, np.zeros(6), loss="softmax")
    with pytest.raises(ValueError, match="trained must be one of first, last, all"):
        net.loss_and_gradient(X, Y[:, 0], trained="second")
    with pytest.raises(TypeError, match="y must be an array, not None"):
        net.loss_and_gradient(X, None)


INITIAL = {
    "ntk": lambda *size, **how: TwoLayer.ntk(*size, **how),
    "antisymmetric": lambda *size, **how: TwoLayer.antisymmetric(*size, **how),
    "clustered": lambda *size, **how: TwoLayer.clustered(*size, 2, **how),
    "small": lambda *size, **how: TwoLayer.small(*size, **{"std": 0.1, **how}),
    "mean_field": lambda *size, **how: TwoLayer.mean_field(*size, **how),
}


@pytest.mark.parametrize("name", INITIAL)
def test_sizes_of_initial_networks(name):
    make = INITIAL[name]
    for size, error, message in (
        ((0, 3), ValueError, "m must be at least 1, not 0"),
        ((4, 0), ValueError, "d must be at least 1, not 0"),
        ((-2, 3), ValueError, "m must be at least 1, not -2"),
        ((4.0, 3), TypeError, "m must be an integer, not float"),
        ((4, "3"), TypeError, "d must be an integer, not str"),
        ((True, 3), TypeError, "m must be an integer, not bool"),
    ):
        with pytest.raises(error, match=message):
            make(*size)
    for dtype, error in ((int, ValueError), (np.float16, ValueError), ("single?", TypeError)):
        with pytest.raises(error, match="dtype must be float32 or float64, not"):
            make(4, 3, dtype=dtype)


@pytest.mark.parametrize(
    ("name", "width"),
    [("ntk", "kappa"), ("antisymmetric", "kappa"), ("mean_field", "kappa"), ("small", "std")],
)
def test_widths_of_initial_networks(name, width):
    for value, error, message in (
        (-1, ValueError, f"{width} must be at least 0, not -1"),
        (np.nan, ValueError, f"{width} must be finite, not nan"),
        (np.inf, ValueError, f"{width} must be finite, not inf"),
        ("1", TypeError, f"{width} must be a number, not str"),
    ):
        with pytest.raises(error, match=message):
            INITIAL[name](4, 3, **{width: value})


def test_other_arguments_of_initial_networks():
    with pytest.raises(ValueError, match="m must be even, not 5"):
        TwoLayer.antisymmetric(5, 3)
    with pytest.raises(ValueError, match="outputs must be at least 1, not 0"):
        TwoLayer.clustered(4, 3, 0)
    with pytest.raises(TypeError, match="outputs must be an integer, not float"):
        TwoLayer.small(4, 3, 2.0, std=0.1)
    with pytest.raises(TypeError, match="unexpected keyword"):
        TwoLayer.ntk(4, 3, std=0.1)


def test_a_device_network_without_cuda():
    if pyntk.dispatch.available()["cuda"] is None:
        pytest.skip("there is a CUDA device")
    with pytest.raises(pyntk.BackendError, match="backend 'cuda' "):
        TwoLayer.ntk(4, 3, backend="cuda")
