"""pyntk.torch.TwoLayer: parameters, state, training, and there and back to pyntk.TwoLayer."""

import copy
import io

import numpy as np
import pytest

from frameworks import framework

torch = framework("torch")

import pyntk  # noqa: E402
from layers import ACTIVATIONS, layer  # noqa: E402
from pyntk.torch import TwoLayer, two_layer  # noqa: E402


def module(dtype=np.float32, **how):
    _, *parameters = layer(dtype)[:5]
    return TwoLayer(*parameters, **how)


def test_the_parameters():
    net = module()
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert shapes == {"W": (70, 6), "b": (70,), "a": (70, 2), "c": (2,)}
    assert list(net.state_dict()) == ["W", "b", "a", "c"]
    assert net.scale == 70**-0.5
    without = TwoLayer(np.ones((3, 2)), np.ones(3))
    assert without.b is None
    assert without.c is None
    assert [name for name, _ in without.named_parameters()] == ["W", "a"]
    assert repr(without).startswith("TwoLayer(m=3, d=2, scale=0.5774, Activation(")


def test_the_parameters_are_copies():
    W, a = np.ones((3, 2)), torch.ones(3, dtype=torch.float64)
    net = TwoLayer(W, a, c=0.5)
    with torch.no_grad():
        net.W += 1
        net.a += 1
    assert (W == 1).all()
    assert (a == 1).all()
    assert net.c.dtype == torch.float64


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_from_a_network_and_back(dtype, activation):
    X, W, a, b, c, _ = layer(dtype)
    for biases in ((b, c), (None, None)):
        net = pyntk.TwoLayer(W, a, *biases, scale=0.7, activation=ACTIVATIONS[activation])
        embedded = TwoLayer.from_network(net)
        F = embedded(torch.from_numpy(X))
        assert (F.detach().numpy() == net.forward(X)).all()
        back = embedded.to_network()
        assert (back.forward(X) == net.forward(X)).all()
        back.W += 1
        assert (embedded(torch.from_numpy(X)) == F).all()


def test_state():
    X = torch.from_numpy(layer(np.float32)[0])
    trained, fresh = module(), module()
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter += 0.5
    expected = trained(X)
    file = io.BytesIO()
    torch.save(trained.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert (fresh(X) == expected).all()
    assert (copy.deepcopy(trained)(X) == expected).all()
    assert module().double()(X.double()).dtype == torch.float64


@pytest.mark.parametrize("compiled", [False, True])
def test_training(compiled):
    """Adam on all parameters, in float64: the losses of the same network in PyTorch's operators."""
    X, W, a, b, c, _ = [torch.from_numpy(array) for array in layer(np.float64)]
    y = torch.stack([X[:, 0].sign(), X[:, 1].sign()], 1)

    def losses(function, parameters):
        optimiser = torch.optim.Adam(parameters, lr=0.01)
        values = []
        for _ in range(30):
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(function(X), y)
            loss.backward()
            optimiser.step()
            values.append(loss.item())
        return values

    net = TwoLayer(W, a, b, c)
    run = torch.compile(net, fullgraph=True, backend="aot_eager") if compiled else net
    w, s, v, t = [p.clone().requires_grad_() for p in (W, a, b, c)]
    expected = losses(lambda X: 70**-0.5 * (torch.relu(X @ w.T + v) @ s) + t, [w, v, s, t])
    np.testing.assert_allclose(losses(run, net.parameters()), expected, rtol=1e-9)
    assert expected[-1] < expected[0] / 2


def test_frozen_parameters_get_no_gradient():
    net = module()
    net.a.requires_grad_(False)
    net(torch.ones(3, 6)).sum().backward()
    assert net.a.grad is None
    assert net.W.grad is not None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"W": torch.ones(70, 6).double()}, TypeError, "W is torch.float64, but X is torch.float"),
        ({"X": torch.ones(5, 6).half()}, TypeError, r"X must be float32 or float64, not torch.fl"),
        ({"X": torch.ones(5, 6).int()}, TypeError, r"not torch.int32; X.float\(\) converts it"),
        ({"X": torch.ones(5, 6).to_sparse()}, TypeError, "X must be a dense tensor"),
        ({"X": np.ones((5, 6))}, TypeError, "X must be a tensor, not ndarray"),
        ({"X": torch.ones(5, 6, device="meta")}, TypeError, "W is on cpu, but X is on meta"),
        ({"X": torch.tensor(1.0)}, ValueError, "at least one dim"),
        ({"W": torch.ones(70, 5)}, ValueError, r"W must have d = 6 in its shape \(m d\)"),
        ({"a": torch.ones(69, 2)}, ValueError, "a must have m = 70"),
        ({"a": torch.ones(70, 2, 2)}, ValueError, r"a must have shape \(m\) or \(m k\)"),
        ({"b": torch.ones(69)}, ValueError, "b must have m = 70"),
        ({"c": torch.ones(3)}, ValueError, r"c must have shape \(2,\), not \(3,\)"),
        (
            {"X": torch.ones(5, 0), "W": torch.ones(70, 0)},
            ValueError,
            "at least one dim",
        ),
        ({"scale": float("nan")}, ValueError, "scale must be finite"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"activation": "relu"}, TypeError, "activation"),
        ({"derivative_at_zero": 2}, ValueError, "derivative_at_zero must be 0 or 1"),
    ],
)
def test_bad_input(change, error, message):
    arrays = [torch.from_numpy(array) for array in layer(np.float32)[:5]]
    arguments = dict(zip(("X", "W", "a", "b", "c"), arrays, strict=True)) | change
    with pytest.raises(error, match=message):
        two_layer(**arguments)
    if "X" not in change:
        del arguments["X"]
        with pytest.raises(error):
            TwoLayer(**arguments)(arrays[0])


def test_no_neurons():
    with pytest.raises(ValueError, match="W must have at least one row"):
        two_layer(torch.ones(2, 3), torch.ones(0, 3), torch.ones(0))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["X", "W", "a", "b"])
def test_numbers_that_are_not_finite(name, value):
    """Named by argument and place; check_finite=False leaves the search out."""
    arguments = dict(zip(("X", "W", "a", "b"), layer(np.float32)[:4], strict=True))
    arguments[name][(1,) * arguments[name].ndim] = value
    given = {key: torch.from_numpy(array) for key, array in arguments.items()}
    place = r"\[1, 1\]" if arguments[name].ndim == 2 else r"\[1\]"
    with pytest.raises(ValueError, match=f"^{name}{place} is {value}$"):
        two_layer(**given)
    assert two_layer(**given, check_finite=False).shape == (23, 2)


def test_a_gradient_that_is_not_finite():
    net = module()
    with pytest.raises(ValueError, match=r"^grad_output\[0, 0\] is nan$"):
        (np.nan * net(torch.ones(2, 6)).sum()).backward()
    unchecked = module(check_finite=False)
    (np.nan * unchecked(torch.ones(2, 6)).sum()).backward()
    assert unchecked.W.grad.isnan().any()


def test_an_output_beyond_the_range_warns():
    with pytest.warns(RuntimeWarning, match="an output of the network exceeds the range"):
        two_layer(torch.full((1, 2), 1e30), torch.full((3, 2), 1e30), torch.ones(3))
