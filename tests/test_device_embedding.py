"""Tensors and arrays of other libraries on pretended devices: what is taken and given back."""

import importlib
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import pyntk
import pyntk.passes
from layers import ACTIVATIONS, SCALE, assert_gradients, assert_outputs, layer
from pretend import recorded
from pretended import pretended_frameworks  # noqa: F401


@pytest.fixture
def memory(frameworks, monkeypatch):
    """pyntk.torch.memory on the stand-in for PyTorch, without the operators beside it."""
    package = types.ModuleType("pyntk.torch")
    package.__path__ = [str(Path(pyntk.__file__).parent / "torch")]
    monkeypatch.setitem(sys.modules, "pyntk.torch", package)
    yield importlib.import_module("pyntk.torch.memory")
    sys.modules.pop("pyntk.torch.memory")


@pytest.mark.parametrize("on", [0, 1])
def test_passes_run_on_the_current_stream_of_pytorch(frameworks, memory, on):
    torch = frameworks["torch"]
    X, W, a, b, _, G = layer(np.float32)
    sigma = ACTIVATIONS["relu"]
    how = pyntk.passes.Layer(sigma, SCALE, None, check_finite=False)
    stream = torch.cuda.Stream(on)
    with torch.cuda.stream(stream):
        x, w, A, beside, g = (torch.tensor(t, device=f"cuda:{on}") for t in (X, W, a, b, G))
        F, dX, dW, db, dA = (
            torch.tensor(np.zeros_like(t), device=f"cuda:{on}") for t in (G, X, W, b, a)
        )
        with recorded() as seen:
            memory.run(pyntk.passes.outputs, how, x, w, beside, A, F)
            memory.run(pyntk.passes.data_gradient, how, x, w, beside, A, g, dX)
            memory.run(pyntk.passes.weight_gradients, how, x, w, beside, A, g, dW=dW, db=db, dA=dA)
        found = [t.cpu().numpy() for t in (F, dX, dW, db, dA)]
    assert not seen.synchronisations
    assert not seen.to_host
    assert not seen.races
    assert seen.streams == {(on, stream.cuda_stream)}
    assert_outputs(found[0], X, W, a, b, None, sigma)
    names = ("X", "W", "b", "a")
    assert_gradients(dict(zip(names, found[1:], strict=True)), X, W, a, b, G, sigma)


def test_tensors_that_do_not_go_together(frameworks, memory):
    torch = frameworks["torch"]
    x, y = (torch.tensor(np.ones((2, 2)), device=f"cuda:{i}") for i in (0, 1))
    with pytest.raises(TypeError, match=r"W is on cuda:1, but X is on cuda:0"):
        memory.check_tensors(X=x, W=y)
    with pytest.raises(TypeError, match=r"W is on cpu, but X is on cuda:0"):
        memory.check_tensors(X=x, W=torch.tensor(np.ones((2, 2))))


def test_what_comes_back_is_the_memory_that_was_written(frameworks):
    """Without a copy: CuPy's array lives as long as the tensor."""
    torch = frameworks["torch"]
    X = np.random.default_rng(0).standard_normal((5, 3))
    tensor = torch.tensor(X, device="cuda:0")
    with recorded() as seen:
        K = pyntk.ntk_gram(tensor)
    assert not seen.between_devices
    assert not [
        launch for launch in seen.launches if "copy" in launch.name and "host" not in launch.name
    ]
    frameworks["cupy"].ones(1000)  # memory that is handed out anew
    np.testing.assert_array_equal(K.cpu().numpy(), pyntk.ntk_gram(tensor).cpu().numpy())


def test_a_tensor_that_requires_grad(frameworks):
    torch = frameworks["torch"]
    tensor = torch.tensor(np.ones((3, 2)), device="cuda:0", requires_grad=True)
    with pytest.raises(TypeError, match=r"requires grad; pass X.detach\(\)"):
        pyntk.ntk_gram(tensor)
    assert pyntk.ntk_gram(tensor.detach()).is_cuda


def test_bfloat16(frameworks):
    torch = frameworks["torch"]
    bits = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32).view(np.uint32) >> 16
    short = torch.tensor(bits.astype(np.uint16), dtype=torch.bfloat16, device="cuda:0")
    K = pyntk.ntk_gram(short)
    assert K.dtype is torch.float32
    values = (bits << 16).astype(np.uint32).view(np.float32)
    expected = pyntk.ntk_gram(torch.tensor(values, device="cuda:0"))
    assert (K.cpu().numpy() == expected.cpu().numpy()).all()


def test_strided_tensors(frameworks):
    torch = frameworks["torch"]
    X = np.random.default_rng(0).standard_normal((5, 6))
    expected = pyntk.ntk_gram(torch.tensor(X[:, ::2].copy(), device="cuda:0")).cpu().numpy()
    strided = torch.tensor(X, device="cuda:0")[:, ::2]
    transposed = torch.tensor(X[:, ::2].T.copy(), device="cuda:0").T
    for tensor in (strided, transposed):
        assert (pyntk.ntk_gram(tensor).cpu().numpy() == expected).all()


def test_libraries_may_be_mixed_on_one_device(frameworks):
    """Results are of the first argument's library."""
    torch, jax, cupy = (frameworks[name] for name in ("torch", "jax", "cupy"))
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    with recorded() as seen:
        K = pyntk.ntk_gram(torch.tensor(X, device="cuda:0"), jax.device_put(Z, 0))
        L = pyntk.ntk_gram(cupy.asarray(X), torch.tensor(Z, device="cuda:0"))
    assert type(K) is torch.Tensor
    assert type(L) is cupy.ndarray
    assert not seen.races
    assert (K.cpu().numpy() == L.get()).all()


def test_an_output_of_pytorch(frameworks):
    torch = frameworks["torch"]
    X = torch.tensor(np.random.default_rng(0).standard_normal((5, 3)), device="cuda:1")
    out = torch.tensor(np.zeros((5, 5)), device="cuda:1")
    assert pyntk.ntk_gram(X, out=out) is out
    assert (out.cpu().numpy() == pyntk.ntk_gram(X).cpu().numpy()).all()


def network_of_tensors(torch, on):
    """Return a network of tensors, and (X, y), all of PyTorch."""
    X, W, a, _, _, G = layer(np.float32, n=9, m=12, outputs=None)
    X, W, a, y = (torch.tensor(array, device=f"cuda:{on}") for array in (X, W, a, G))
    return pyntk.TwoLayer(W, a), (X, y)


@pytest.mark.parametrize("on", [0, 1])
def test_training_on_tensors(frameworks, on):
    torch = frameworks["torch"]
    stream = torch.cuda.Stream(on)
    with torch.cuda.stream(stream), recorded() as seen:
        net, data = network_of_tensors(torch, on)
        pyntk.train(net, data, step_size=0.01, steps=3, evaluate=data[0], record={"outputs": 1})
    assert seen.streams == {(on, stream.cuda_stream)}
    assert seen.kernels


def test_training_on_a_list_of_tensors(frameworks):
    torch = frameworks["torch"]
    stream = torch.cuda.Stream(1)
    with torch.cuda.stream(stream), recorded() as seen:
        net, data = network_of_tensors(torch, 1)
        pyntk.train(net, list(data), step_size=0.01, steps=3)
    assert seen.streams == {(1, stream.cuda_stream)}


def test_a_tensor_assigned_to_a_parameter(frameworks):
    torch = frameworks["torch"]
    stream = torch.cuda.Stream(1)
    with torch.cuda.stream(stream), recorded() as seen:
        net, _ = network_of_tensors(torch, 1)
        net.a = torch.tensor(np.ones(12), device="cuda:1")
    assert seen.streams == {(1, stream.cuda_stream)}
    stream.synchronize()
    assert (net.a.get() == 1).all()
