"""Every public function on device arrays keeps its promises: on a GPU where there is one.

Elsewhere on the pretended machine, whose test_device_arrays.py asks for more.
"""

import numpy as np
import pytest

import pyntk
from device_calls import CALLS, arrays
from real_or_pretended import real_device, real_or_pretended_device  # noqa: F401

every_call = pytest.mark.parametrize("name", CALLS)
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)


def check(name, result, given, to_host):
    several = isinstance(result, tuple)
    found = tuple(to_host(part) for part in (result if several else (result,)))
    CALLS[name].check(found if several else found[0], *given)


@every_call
@both_dtypes
def test_cupy_arrays(device, name, dtype):
    host = arrays(dtype)
    given = [host[letter] for letter in CALLS[name].arrays]
    result = CALLS[name].function(*(device.asarray(array) for array in given))
    parts = result if isinstance(result, tuple) else (result,)
    assert all(type(part) is device.ndarray for part in parts)
    check(name, result, given, device.asnumpy)


@every_call
def test_on_a_stream_of_the_caller(device, name):
    host = arrays(np.float32)
    given = [host[letter] for letter in CALLS[name].arrays]
    with device.cuda.Stream(non_blocking=True):
        result = CALLS[name].function(*(device.asarray(array) for array in given))
        check(name, result, given, device.asnumpy)


@pytest.mark.parametrize("name", ["ntk_gram", "ntk_matmul"])
def test_within_assume_finite(device, name):
    host = arrays(np.float64)
    given = [host[letter] for letter in CALLS[name].arrays]
    with pyntk.assume_finite():
        result = CALLS[name].function(*(device.asarray(array) for array in given))
    check(name, result, given, device.asnumpy)


def test_host_arrays_come_back(device):
    host = arrays(np.float32)
    X, V = host["X"], host["V"]
    K, out = pyntk.ntk_gram(X, backend="cuda"), np.empty((len(X), len(X)), np.float32)
    assert type(K) is np.ndarray
    assert pyntk.ntk_gram(X, backend="cuda", out=out) is out
    assert (out == K).all()
    CALLS["ntk_gram"].check(K, X)
    CALLS["ntk_matmul"].check(pyntk.ntk_matmul(X, V, backend="cuda"), X, V)


def test_a_gram_on_all_devices(device, tmp_path):
    X = arrays(np.float32)["X"]
    K = pyntk.stream_gram(X, tmp_path / "K.npy", backend="cuda", rows_per_block=4, progress=False)
    expected = pyntk.ntk_gram(X, backend="cuda")
    assert (expected == K).all()


@every_call
def test_tensors_of_pytorch_itself(real, name):
    torch = pytest.importorskip("torch")
    host = arrays(np.float32)
    given = [host[letter] for letter in CALLS[name].arrays]
    with torch.cuda.stream(torch.cuda.Stream()):
        result = CALLS[name].function(*(torch.tensor(array, device="cuda") for array in given))
        parts = result if isinstance(result, tuple) else (result,)
        assert all(type(part) is torch.Tensor and part.is_cuda for part in parts)
        check(name, result, given, lambda part: part.cpu().numpy())


@every_call
def test_arrays_of_jax_itself(real, name):
    jax = pytest.importorskip("jax")
    host = arrays(np.float32)
    given = [host[letter] for letter in CALLS[name].arrays]
    result = CALLS[name].function(
        *(jax.device_put(array, jax.devices("gpu")[0]) for array in given)
    )
    parts = result if isinstance(result, tuple) else (result,)
    assert all(isinstance(part, jax.Array) for part in parts)
    check(name, result, given, np.asarray)
