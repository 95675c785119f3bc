"""The two-layer network: its parameters as attributes, shapes, dtypes, and descent by hand."""

import copy

import numpy as np
import pytest

import pyntk


def data(n=40, d=6, dtype=np.float64):
    rng = np.random.default_rng(3)
    return rng.standard_normal((n, d)).astype(dtype), rng.standard_normal(n).astype(dtype)


def full_network(backend, m=30, d=6, outputs=2, dtype=np.float64, **how):
    """With biases and several outputs."""
    rng = np.random.default_rng(4)
    layers = {"W": (m, d), "a": (m, outputs), "b": (m,), "c": (outputs,)}
    drawn = {name: rng.standard_normal(shape).astype(dtype) for name, shape in layers.items()}
    return pyntk.TwoLayer(**drawn, backend=backend, **how)


def outputs_by_hand(net, X):
    b = 0 if net.b is None else net.b
    c = 0 if net.c is None else net.c
    return net.scale * (np.maximum(X @ net.W.T + b, 0) @ net.a) + c


def test_the_parameters_are_copies():
    given = {"W": np.ones((3, 2)), "a": np.ones((3, 2)), "b": np.ones(3), "c": np.ones(2)}
    net = pyntk.TwoLayer(**given)
    net.W -= 1
    net.a -= 1
    net.b -= 1
    net.c -= 1
    assert all((array == 1).all() for array in given.values())
    assert (net.W == 0).all()
    assert (net.c == 0).all()


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("outputs", [None, 1, 3])
def test_outputs(backend, outputs, biases):
    X, _ = data()
    rng = np.random.default_rng(5)
    shape = (30,) if outputs is None else (30, outputs)
    net = pyntk.TwoLayer(
        rng.standard_normal((30, 6)),
        rng.standard_normal(shape),
        rng.standard_normal(30) if biases else None,
        (0.5 if outputs is None else np.arange(outputs)) if biases else None,
        backend=backend,
    )
    F = net.forward(X)
    assert F.shape == (40, *shape[1:])
    assert F.flags.c_contiguous
    np.testing.assert_allclose(F, outputs_by_hand(net, X), rtol=1e-13, atol=1e-13)


def test_what_is_changed_in_place_or_assigned_is_used(backend):
    """W and b are views of one array; any way of writing to them reaches the kernels."""
    X, _ = data()
    net = full_network(backend)
    W, views = net.W, (net.W.copy(), net.b.copy())
    changes = [
        lambda: net.W.__setitem__((3, 2), 5.0),
        lambda: net.b.__setitem__(slice(None), 0.25),
        lambda: setattr(net, "W", net.W[::-1]),
        lambda: setattr(net, "W", views[0].astype(np.float32)),
        lambda: setattr(net, "b", views[1].tolist()),
        lambda: setattr(net, "b", net.b - 1),
        lambda: setattr(net, "a", 2 * net.a),
        lambda: setattr(net, "c", np.array([7.0, 8.0])),
        lambda: net.W.__imul__(3),
    ]
    for change in changes:
        before = net.forward(X)
        change()
        assert (net.forward(X) != before).any()
        np.testing.assert_allclose(net.forward(X), outputs_by_hand(net, X), rtol=1e-12, atol=1e-12)
    assert np.shares_memory(net.W, W)
    assert net.W.dtype == np.float64


def test_the_one_output_bias(backend):
    X, y = data()
    net = pyntk.TwoLayer(np.ones((2, 6)), np.ones(2), c=0.5, backend=backend)
    assert net.c.shape == ()
    _, gradients = net.loss_and_gradient(X, y, trained="last")
    assert gradients.dc.shape == ()
    net.c -= 0.1 * gradients.dc
    assert net.c == pytest.approx(0.5 - 0.1 * (outputs_by_hand(net, X) - net.c + 0.5 - y).sum())
    for given in (0.25, np.float32(0.25), np.array(0.25), np.array([0.25]), [0.25]):
        assert pyntk.TwoLayer(np.ones((2, 6)), np.ones(2), c=given).c == 0.25


@pytest.mark.parametrize(
    ("assign", "message"),
    [
        (lambda net: setattr(net, "W", np.ones((30, 5))), r"W must have shape \(30, 6\), not"),
        (lambda net: setattr(net, "W", np.ones(6)), r"W must have shape \(m, d\), but has 1"),
        (lambda net: setattr(net, "a", np.ones(30)), r"a must have shape \(m, k\), but has 1"),
        (lambda net: setattr(net, "b", np.ones(29)), r"b must have shape \(30,\), not \(29,\)"),
        (lambda net: setattr(net, "c", 1.0), r"c must have shape \(k,\), but has 0"),
        (lambda net: setattr(net, "W", net.W * np.nan), r"W\[0, 0\] is nan"),
        (lambda net: setattr(net, "b", None), "b must be an array, not None"),
    ],
)
def test_what_cannot_be_assigned(assign, message):
    with pytest.raises((ValueError, TypeError), match=message):
        assign(full_network("cpu"))


def test_a_network_without_biases_gets_none_later():
    net = pyntk.TwoLayer(np.ones((2, 3)), np.ones(2))
    net.b = net.c = None
    with pytest.raises(ValueError, match="b cannot be set: the network was made without it"):
        net.b = np.ones(2)


def test_a_deep_copy_is_a_network_of_its_own(backend):
    X, _ = data()
    net = full_network(backend)
    before, twin = net.forward(X), copy.deepcopy(net)
    twin.W -= 1
    twin.b += 1
    assert (net.forward(X) == before).all()
    np.testing.assert_allclose(twin.forward(X), outputs_by_hand(twin, X), rtol=1e-12, atol=1e-12)


def test_dtypes(backend):
    """float32 if the network and the data are, else float64, and the network stays what it is."""
    X, y = data(dtype=np.float32)
    net = full_network(backend, outputs=1, dtype=np.float32)
    for rows, dtype in ((X, np.float32), (X.astype(float), np.float64)):
        assert net.forward(rows).dtype == dtype
        _, gradients = net.loss_and_gradient(rows, y, trained="all", data=True)
        assert {array.dtype for array in gradients} == {np.dtype(dtype)}
    net.W -= 0.1 * gradients.dW
    assert net.W.dtype == np.float32


@pytest.mark.parametrize("trained", ["first", "last", "all"])
def test_a_step_without_copies(backend, trained):
    """With and without biases: kernels get the stored first layer itself."""
    X, y = data()
    for net in (full_network(backend, outputs=1), pyntk.TwoLayer.ntk(30, 6, backend=backend)):
        W = net._admit(X)[0]
        assert np.shares_memory(W, net.W)
        _, gradients = net.loss_and_gradient(X, y, trained=trained)
        if gradients.dW is not None:
            assert gradients.dW.shape == net.W.shape
            assert gradients.dW.flags.c_contiguous == (net.b is None)
        if gradients.da is not None:
            assert gradients.da.shape == net.a.shape
            assert gradients.da.flags.c_contiguous


def test_what_is_not_asked_for_is_none(backend):
    X, y = data()
    net = pyntk.TwoLayer.ntk(30, 6, backend=backend)
    full = full_network(backend, outputs=1)
    _, gradients = full.loss_and_gradient(X, y)
    assert [array is None for array in gradients] == [False, False, True, True, True]
    _, gradients = full.loss_and_gradient(X, y, trained="last")
    assert [array is None for array in gradients] == [True, True, False, False, True]
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


@pytest.mark.parametrize("loss", ["half_squares", "mean_squares", "logistic", "softmax"])
def test_empty_data(backend, loss):
    net = full_network(backend, d=3)
    y = np.zeros(0) if loss == "softmax" else np.zeros((0, 2))
    value, gradients = net.loss_and_gradient(
        np.zeros((0, 3)), y, loss=loss, trained="all", data=True
    )
    assert value == 0
    assert all((array == 0).all() for array in gradients)
    assert gradients.dX.shape == (0, 3)
    assert net.forward(np.zeros((0, 3))).shape == (0, 2)
    assert net.patterns(np.zeros((0, 3))).shape == (0, 1)
