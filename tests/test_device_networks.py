"""Networks and their training on device arrays of a pretended machine (tests/pretend).

The host's way runs on the emulator's kernels too, so both must agree to the bit.
"""

import sys
import types

import numpy as np
import pytest

import pyntk
import pyntk.dispatch
from pretend import recorded
from pretended import emulated_module, pretended_device  # noqa: F401
from pyntk.contract import NAMES
from pyntk.distributions import gaussian, gaussian_mixture, sphere

N, D, M = 12, 4, 33
A_FEW_NUMBERS = 128
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)
KINDS = {
    "one output": {},
    "biases": {"b": True, "c": True},
    "two outputs": {"outputs": 2, "b": True, "c": True},
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def on_host(device, monkeypatch):
    """Put the emulator's kernels in the place of the backend cpu."""
    shim, emulated = types.ModuleType("emulated_cpu"), emulated_module()
    for name in NAMES:
        setattr(shim, name, getattr(emulated, name, None))
    shim.set_progress = lambda report: None
    monkeypatch.setitem(sys.modules, "emulated_cpu", shim)
    monkeypatch.setitem(pyntk.dispatch.BACKENDS, "cpu", "emulated_cpu")
    pyntk.dispatch.load.cache_clear()


def problem(dtype, outputs=None, b=False, c=False):
    """Return X, y and the arrays of a network."""
    rng = np.random.default_rng(5)
    k = () if outputs is None else (outputs,)
    shapes = {"X": (N, D), "y": (N, *k), "W": (M, D), "a": (M, *k)}
    shapes |= ({"b": (M,)} if b else {}) | ({"c": k} if c else {})
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def networks(device, kind, dtype):
    """Return the same network on the host and on the device, and X, y of both."""
    host = problem(dtype, **KINDS[kind])
    there = {name: device.asarray(array) for name, array in host.items()}
    return [
        (pyntk.TwoLayer(given["W"], given["a"], given.get("b"), given.get("c")), given)
        for given in (host, there)
    ]


def assert_same(on_host, on_device, device):
    """The same bits in every array, and every array of the device is CuPy's."""
    if isinstance(on_host, tuple):
        assert type(on_host) is type(on_device)
        for one, other in zip(on_host, on_device, strict=True):
            assert_same(one, other, device)
    elif isinstance(on_host, np.ndarray):
        assert type(on_device) is device.ndarray
        assert on_device.dtype == on_host.dtype
        np.testing.assert_array_equal(on_device.get(), on_host, strict=True)
    else:
        assert on_host == on_device


@every_kind
@both_dtypes
def test_forward_and_gradients(device, on_host, kind, dtype):
    (host, given), (net, there) = networks(device, kind, dtype)
    with recorded() as seen:
        F = net.forward(there["X"])
    assert seen.largest_to_host <= A_FEW_NUMBERS
    assert not seen.to_device
    assert_same(host.forward(given["X"]), F, device)
    for options in ({}, {"trained": "all", "data": True}, {"loss": "mean_squares"}):
        with recorded() as seen:
            found = net.loss_and_gradient(there["X"], there["y"], **options)
        assert seen.largest_to_host <= A_FEW_NUMBERS
        assert not seen.to_device
        assert not seen.races
        assert_same(host.loss_and_gradient(given["X"], given["y"], **options), found, device)
    assert_same(host.patterns(given["X"]), net.patterns(there["X"]), device)


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_labels(device, on_host, loss):
    (host, given), (net, there) = networks(device, "two outputs", np.float32)
    labels = np.arange(N) % 2 if loss == "softmax" else np.where(given["y"] > 0, 1, -1)
    expected = host.loss_and_gradient(given["X"], labels, loss=loss, trained="all")
    found = net.loss_and_gradient(there["X"], device.asarray(labels), loss=loss, trained="all")
    assert_same(expected, found, device)
    with pytest.raises(ValueError, match="y must"):
        net.loss_and_gradient(there["X"], device.asarray(labels + 5), loss=loss)


def test_parameters_are_assigned_in_place(device):
    _, (net, there) = networks(device, "biases", np.float64)
    address = net.W.data.ptr
    gradients = net.loss_and_gradient(there["X"], there["y"], trained="all")[1]
    before = net.W.get()
    with recorded() as seen:
        net.W -= 0.5 * gradients.dW
        net.b = net.b - gradients.db
        net.a = 2 * net.a
    assert net.W.data.ptr == address
    assert (net.W.get() == before - 0.5 * gradients.dW.get()).all()
    assert seen.largest_to_host <= A_FEW_NUMBERS
    with pytest.raises(TypeError, match=r"is on a CUDA device and .* is on the host"):
        net.W = np.zeros((M, D))


TRAINING = {
    "gradient descent": {},
    "all layers": {"trained": "all", "weight_decay": 0.01},
    "batches": {"batch": 3, "seed": 4, "trained": "all"},
    "epochs": {"batch": 5, "seed": 4, "replacement": False},
    "noise": {"batch": 1, "seed": 7, "temperature": 1e-3},
}


@every_kind
@pytest.mark.parametrize("how", TRAINING)
def test_train(device, on_host, kind, how):
    (host, given), (net, there) = networks(device, kind, np.float32)
    options = {"step_size": 0.01, "steps": 9, **TRAINING[how]}
    pyntk.train(host, (given["X"], given["y"]), **options)
    with recorded() as seen:
        run = pyntk.train(net, (there["X"], there["y"]), **options)
    assert run.steps == 9
    assert seen.largest_to_host <= A_FEW_NUMBERS
    assert not seen.races
    for name in ("W", "a", "b", "c"):
        assert_same(getattr(host, name), getattr(net, name), device)


def test_records(device, on_host):
    (host, given), (net, there) = networks(device, "two outputs", np.float64)
    names = ("loss", "residual", "distance", "flips", "weights", "norms")
    options = {"step_size": 0.01, "steps": 6, "loss": "half_squares"}
    options["record"] = dict.fromkeys(names, 2) | {"outputs": 3, "batch_loss": 1}
    expected = pyntk.train(host, (given["X"], given["y"]), evaluate=given["X"], **options)
    found = pyntk.train(net, (there["X"], there["y"]), evaluate=there["X"], **options)
    for name in options["record"]:
        one, other = expected.records[name], found.records[name]
        assert (one.steps == other.steps).all()
        assert_same_records(one.values, other.values)


def assert_same_records(one, other):
    if isinstance(one, tuple):
        for a, b in zip(one, other, strict=True):
            assert_same_records(a, b)
    elif one is not None:
        assert isinstance(other, np.ndarray)  # records are kept on the host
        np.testing.assert_array_equal(one, other, strict=True)


def test_divergence(device, on_host):
    (host, given), (net, there) = networks(device, "one output", np.float64)
    before = net.W.get()
    with pytest.raises(pyntk.DivergenceError) as expected:
        pyntk.train(host, (given["X"], given["y"]), step_size=1e4, steps=50)
    with pytest.raises(pyntk.DivergenceError) as found:
        pyntk.train(net, (there["X"], there["y"]), step_size=1e4, steps=50)
    assert found.value.step == expected.value.step
    assert found.value.stable_step_size == expected.value.stable_step_size
    assert (net.W.get() == before).all()


def test_train_on_the_device_and_the_stream_of_the_network(device):
    with device.cuda.Device(1):
        _, (net, there) = networks(device, "biases", np.float32)
        device.cuda.Device(1).synchronize()
        with device.cuda.Stream(non_blocking=True) as stream, recorded() as seen:
            pyntk.train(net, (there["X"], there["y"]), step_size=0.01, steps=3, batch=2)
        assert {(each.device, each.stream) for each in seen.kernels} == {(1, stream.ptr)}
        assert not seen.races
    with recorded() as seen:
        pyntk.train(net, (there["X"], there["y"]), step_size=0.01, steps=3)
    assert {each.device for each in seen.launches} == {1}


def test_a_network_made_for_the_device(device, on_host):
    """Drawn on the host, as ever, and put there; host data are moved, results come back."""
    host = pyntk.TwoLayer.ntk(M, D, seed=3)
    net = pyntk.TwoLayer.ntk(M, D, seed=3, backend="cuda")
    assert_same(host.W, net.W, device)
    X, y = problem(np.float64)["X"], problem(np.float64)["y"]
    F = net.forward(X)
    assert type(F) is np.ndarray
    assert (host.forward(X) == F).all()
    loss, gradients = net.loss_and_gradient(X, y)
    assert type(gradients.dW) is np.ndarray
    assert loss == host.loss_and_gradient(X, y)[0]
    pyntk.train(net, (X, y), step_size=0.01, steps=4)
    pyntk.train(host, (X, y), step_size=0.01, steps=4)
    assert_same(host.W, net.W, device)


DISTRIBUTIONS = {
    "mixture": gaussian_mixture(
        [[0.0, 1, -2, 1], [3, 0, 0, 0]], [1, 0.5], [1.0, -1], weights=[1, 3]
    ),
    "gaussian": gaussian(D, std=[1, 2, 3, 4], target=lambda X: X[:, 0] - X[:, 1]),
    "sphere": sphere(D, radius=2, target=lambda X: X[:, 0]),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@both_dtypes
def test_samples_of_a_distribution(device, on_host, name, dtype):
    data = DISTRIBUTIONS[name]
    expected = data.sample(20, seed=3, first=5, dtype=dtype)
    assert_same(expected, data.sample(20, seed=3, first=5, dtype=dtype, backend="cuda"), device)
    (host, _), (net, _) = networks(device, "one output", dtype)
    options = {"step_size": 0.01, "steps": 5, "batch": 2, "seed": 2}
    pyntk.train(host, data, **options)
    with recorded() as seen:
        pyntk.train(net, data, **options)
    assert not seen.races
    assert_same(host.W, net.W, device)


def test_a_teacher_on_the_device(device, on_host):
    (host, _), (net, _) = networks(device, "one output", np.float64)
    expected = gaussian(D, target=host).sample(9, seed=1)
    assert_same(expected, gaussian(D, target=net).sample(9, seed=1, backend="cuda"), device)


def test_save_and_load(device, tmp_path):
    (host, given), (net, _) = networks(device, "two outputs", np.float32)
    net.save(tmp_path / "net.npz")
    loaded = pyntk.TwoLayer.load(tmp_path / "net.npz")
    again = pyntk.TwoLayer.load(tmp_path / "net.npz", backend="cuda")
    assert (given["W"] == loaded.W).all()
    assert_same(loaded.W, again.W, device)
    assert_same(host.a, again.a, device)
