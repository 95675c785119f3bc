"""The public functions on device arrays, on a pretended machine (tests/pretend).

Device arrays in, the same kind out, on the same device and on the caller's stream; no copy of an
array to the host and no hidden wait. The kernels are the emulator's; nothing here ran on a GPU.
"""

import importlib
import sys
import threading
import types

import numpy as np
import pytest

import pyntk
from device_calls import CALLS, arrays
from pretend import recorded
from pretend.machine import machine
from pretended import FRAMEWORKS, emulated_module, installed, pretended_device, pretended_frameworks  # noqa: F401
from pyntk.memory import device_available

both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)
every_call = pytest.mark.parametrize("name", CALLS)
every_call_of_several = pytest.mark.parametrize(
    "name", [name for name, call in CALLS.items() if len(call.arrays) > 1]
)
A_FEW_NUMBERS = 128
"""Bytes that may come to the host at once: the extremes of a call's arguments, a loss."""


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def prepared(name, dtype, put):
    """Return the call, its arguments on the host, and where ``put`` puts them."""
    call = CALLS[name]
    host = arrays(dtype)
    given = [host[letter] for letter in call.arrays]
    return call, given, [put(array) for array in given]


def check(call, result, given, to_host):
    found = tuple(to_host(part) for part in parts(result))
    call.check(found if isinstance(result, tuple) else found[0], *given)


@every_call
@both_dtypes
def test_cupy_arrays_in_cupy_arrays_out(device, name, dtype):
    call, given, on_device = prepared(name, dtype, device.asarray)
    with recorded() as seen:
        result = call.function(*on_device)
    assert all(type(part) is device.ndarray and part.device.id == 0 for part in parts(result))
    assert seen.largest_to_host <= A_FEW_NUMBERS
    assert not seen.to_device
    assert not seen.between_devices
    assert not seen.races
    check(call, result, given, device.asnumpy)
    for array, before in zip(on_device, given, strict=True):
        assert (array.get() == before).all()


@every_call
def test_the_device_and_the_stream_of_the_caller(device, name):
    with device.cuda.Device(1), device.cuda.Stream(non_blocking=True) as stream:
        call, given, on_device = prepared(name, np.float32, device.asarray)
        with recorded() as seen:
            result = call.function(*on_device)
        assert seen.streams == {(1, stream.ptr)}
        assert all(wait.stream == stream.ptr for wait in seen.synchronisations)
        check(call, result, given, device.asnumpy)
    assert all(part.device.id == 1 for part in parts(result))


@every_call
def test_arrays_of_a_device_that_is_not_current(device, name):
    """The arrays decide."""
    with device.cuda.Device(1):
        call, given, on_device = prepared(name, np.float64, device.asarray)
    with recorded() as seen:
        result = call.function(*on_device)
    assert all(part.device.id == 1 for part in parts(result))
    assert {launch.device for launch in seen.launches} == {1}
    assert not seen.races
    assert device.cuda.runtime.getDevice() == 0
    check(call, result, given, device.asnumpy)


@every_call
@pytest.mark.parametrize("on", [0, 1])
def test_tensors_of_pytorch(frameworks, name, on):
    torch = frameworks["torch"]
    stream = torch.cuda.Stream(on)
    with torch.cuda.stream(stream):
        call, given, tensors = prepared(
            name, np.float32, lambda array: torch.tensor(array, device=f"cuda:{on}")
        )
        with recorded() as seen:
            result = call.function(*tensors)
            host = [part.cpu().numpy() for part in parts(result)]
    assert not seen.races
    assert all(type(part) is torch.Tensor for part in parts(result))
    assert all(part.device == torch.device(f"cuda:{on}") for part in parts(result))
    assert {(launch.device, launch.stream) for launch in seen.kernels} <= {(on, stream.cuda_stream)}
    call.check(tuple(host) if isinstance(result, tuple) else host[0], *given)


@every_call
def test_arrays_of_jax(frameworks, name):
    jax = frameworks["jax"]
    call, given, on_device = prepared(name, np.float64, lambda array: jax.device_put(array, 1))
    with recorded() as seen:
        result = call.function(*on_device)
        host = [np.asarray(part) for part in parts(result)]
    assert not seen.races
    assert all(isinstance(part, jax.Array) for part in parts(result))
    assert all(part.__dlpack_device__() == (2, 1) for part in parts(result))
    call.check(tuple(host) if isinstance(result, tuple) else host[0], *given)


@every_call_of_several
def test_host_and_device_do_not_mix(device, name):
    call, given, on_device = prepared(name, np.float64, device.asarray)
    for i in range(len(given)):
        mixed = [*on_device[:i], given[i], *on_device[i + 1 :]]
        with pytest.raises(TypeError, match=r"is on a CUDA device and .* is on the host"):
            call.function(*mixed)


@every_call_of_several
def test_two_devices_do_not_mix(device, name):
    call, given, on_device = prepared(name, np.float64, device.asarray)
    for i in range(len(given)):
        with device.cuda.Device(1):
            mixed = [*on_device[:i], device.asarray(given[i]), *on_device[i + 1 :]]
        with pytest.raises(ValueError, match=r"on CUDA device [01], but .* [01]$"):
            call.function(*mixed)


@pytest.mark.parametrize(
    ("function", "letters"),
    [
        (pyntk.ntk_gram, "X"), (pyntk.ntk_gram, "XZ"), (pyntk.ntk_diag, "X"),
        (pyntk.ntk_matmul, "XV"), (pyntk.finite_width_gram, "XW"), (pyntk.eigh, "H"),
        (pyntk.eigvalsh, "H"), (pyntk.label_spectrum, "Hy"),
    ],
)  # fmt: skip
def test_host_arrays_are_moved_once(device, function, letters):
    host = arrays(np.float64)
    given = [host[letter] for letter in letters]
    with recorded() as seen:
        result = function(*given, backend="cuda")
    assert all(type(part) is np.ndarray for part in parts(result))
    assert sorted(copy.nbytes for copy in seen.to_device) == sorted(x.nbytes for x in given)
    large = sorted(copy.nbytes for copy in seen.to_host if copy.nbytes > A_FEW_NUMBERS)
    assert large == sorted(part.nbytes for part in parts(result) if part.nbytes > A_FEW_NUMBERS)
    with recorded() as seen:
        function(*map(device.asarray, given))
    assert seen.largest_to_host <= A_FEW_NUMBERS


def test_nobody_waits_where_numbers_are_assumed_finite(device):
    host = arrays(np.float32)
    X, V = device.asarray(host["X"]), device.asarray(host["V"])
    with recorded() as seen, pyntk.assume_finite():
        pyntk.ntk_gram(X)
        pyntk.ntk_matmul(X, V)
        pyntk.ntk_diag(X)
        pyntk.finite_width_gram(X, X)
    assert not seen.synchronisations
    assert not seen.to_host
    with recorded() as seen:
        pyntk.ntk_gram(X)
    assert len(seen.synchronisations) == 1


def test_out_is_filled(device):
    X = device.asarray(arrays(np.float64)["X"])
    out = device.empty((len(X), len(X)))
    with recorded() as seen:
        assert pyntk.ntk_gram(X, out=out) is out
    assert seen.largest_to_host <= A_FEW_NUMBERS
    assert (out.get() == pyntk.ntk_gram(X).get()).all()
    with pytest.raises(ValueError, match="out overlaps X"):
        pyntk.ntk_gram(out, out=out)
    with pytest.raises(TypeError, match="out"):
        pyntk.ntk_gram(X, out=np.empty((len(X), len(X))))


def test_bad_numbers_are_named(device):
    X = device.asarray(arrays(np.float64)["X"])
    X[3, 2] = np.nan
    for call in (pyntk.ntk_gram, pyntk.ntk_diag):
        with pytest.raises(ValueError, match=r"X\[3, 2\] is nan"):
            call(X)


def test_strided_and_integer_arrays(device):
    X = arrays(np.float64)["X"]
    wide = device.asarray(np.repeat(X, 2, axis=1))[:, ::2]
    expected = pyntk.ntk_gram(device.asarray(X)).get()
    assert (pyntk.ntk_gram(wide).get() == expected).all()
    assert (pyntk.ntk_gram(device.asarray(X.T.copy()).T).get() == expected).all()
    integers = np.arange(12).reshape(4, 3)
    of_integers = pyntk.ntk_gram(device.asarray(integers))
    assert (of_integers.get() == pyntk.ntk_gram(device.asarray(integers * 1.0)).get()).all()


def test_too_little_memory_is_said_before_and_after(device):
    """Before anything is allocated where it is foreseen; the arrays stay usable."""
    X = device.asarray(arrays(np.float32)["X"])
    big = device.zeros((4000, 2), np.float32)
    machine.limit[0] = 2**25
    with pytest.raises(
        MemoryError, match=r"ntk_gram needs \d+ bytes .* and \d+ bytes .* available"
    ):
        pyntk.ntk_gram(big)
    machine.limit[0] = 2**12  # too small a need to be looked at
    with pytest.raises(
        MemoryError, match=r"Out of memory allocating .* the CUDA device has \d+ bytes free"
    ):
        pyntk.ntk_gram(X)
    machine.limit[0] = 2**30
    assert pyntk.ntk_gram(X).shape == (len(X), len(X))


def test_what_the_pool_keeps_is_available(device):
    machine.limit[0] = 2**25
    block = device.empty(2**24, np.uint8)
    del block  # CuPy keeps it: the driver has as little free as before
    free = device.cuda.runtime.memGetInfo()[0]
    assert free == 2**24 == device.get_default_memory_pool().free_bytes()
    assert device_available()[0] == 2**25


def test_threads_have_streams_of_their_own(device):
    """Two Python threads, each with its stream: the kernels of each run on its own."""
    host = arrays(np.float32)
    used = {}

    def work(number):
        with device.cuda.Stream(non_blocking=True) as stream:
            X = device.asarray(host["X"])
            for _ in range(5):
                result = pyntk.ntk_gram(X)
            used[number] = stream.ptr
            stream.synchronize()
            CALLS["ntk_gram"].check(result.get(), host["X"])

    with recorded() as seen:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not seen.races
    for pointer in used.values():
        assert len([each for each in seen.kernels if each.stream == pointer]) == 5


def test_nothing_is_left(monkeypatch):
    """What the fixture installs is gone afterwards."""
    monkeypatch.setitem(sys.modules, "torch", types.ModuleType("torch"))
    before, absence = dict(sys.modules), pyntk.dispatch.available()["cuda"]
    with installed(emulated_module(), FRAMEWORKS):
        assert pyntk.dispatch.available()["cuda"] is None
        assert sys.modules["torch"] is not before["torch"]
    assert pyntk.dispatch.available()["cuda"] == absence
    assert sys.modules["torch"] is before["torch"]
    assert not {name for name in set(sys.modules) - set(before) if name.startswith("cupy")}


def test_parts_of_cupyx_have_to_be_imported(device):
    cupyx = importlib.import_module("cupyx")
    assert not hasattr(cupyx.scipy, "linalg")
    assert importlib.import_module("cupyx.scipy.linalg") is cupyx.scipy.linalg
