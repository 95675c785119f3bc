"""The pretended CuPy is a part of the real one: names, keywords, refusals, copies, order."""

import importlib
import importlib.util
import inspect
import re

import numpy as np
import pytest

from pretend import cupy as pretended
from pretend import recorded
from pretend.machine import machine

MODULES = pretended.modules()


@pytest.fixture
def cupy():
    """The pretended module, by itself."""
    machine.reset()
    return MODULES["cupy"]


def real(name):
    """Return a module of the real CuPy, or skip."""
    if importlib.util.find_spec("cupy") is None:
        pytest.skip("CuPy is not installed")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        pytest.skip(f"{name} of the installed CuPy cannot be imported here: {error}")


def public(thing):
    return [name for name in dir(thing) if not name.startswith("_")]


def parameters(function):
    """Return the names of the parameters, from the docstring of a compiled function."""
    try:
        found = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        text = re.match(r"[\w.]+\((.*)\)", (function.__doc__ or "").split("\n")[0])
        if text is None:
            return None
        parts = [part.partition("=")[0].split()[-1] for part in text[1].split(",") if part.strip()]
        found = [part.lstrip("*") for part in parts if part not in ("*", "/")]
    return [name for name in found if name != "self"]


def check_parameters(ours, theirs, what):
    """Ours are the first of theirs, in order, or keywords that they have."""
    own, known = parameters(ours), parameters(theirs)
    if known is None or "args" in known or "kwargs" in known:
        return
    assert set(own) <= set(known), f"{what}: {own}, but CuPy has {known}"
    assert own == [name for name in known if name in own], f"{what}: another order than {known}"


@pytest.mark.parametrize("name", MODULES)
def test_every_name_and_keyword_is_in_the_real_one(name):
    theirs = real(name)
    for attribute in public(MODULES[name]):
        if f"{name}.{attribute}" in MODULES:
            continue  # a module, which may have to be imported
        value = getattr(MODULES[name], attribute)
        what = f"{name}.{attribute}"
        assert hasattr(theirs, attribute), what
        if inspect.isfunction(value):
            check_parameters(value, getattr(theirs, attribute), what)


@pytest.mark.parametrize(
    "name",
    [
        "cupy.ndarray", "cupy.ufunc", "cupy.cuda.Device", "cupy.cuda.Stream",
        "cupy.cuda.ExternalStream", "cupy.cuda.Event", "cupy.cuda.MemoryPool",
        "cupy.cuda.MemoryPointer",
    ],
)  # fmt: skip
def test_every_method_is_in_the_real_one(name):
    module, _, kind = name.rpartition(".")
    ours, theirs = getattr(MODULES[module], kind), getattr(real(module), kind)
    special = {attribute for attribute in vars(ours) if attribute.startswith("__")}
    special -= {"__doc__", "__module__", "__slots__", "__weakref__", "__dict__", "__firstlineno__",
                "__static_attributes__", "__annotations__"}  # fmt: skip
    for attribute in [*public(ours), *special]:
        if attribute in ("ptr", "device_id", "mem"):
            continue  # of the instances
        value = getattr(ours, attribute)
        assert hasattr(theirs, attribute), f"{name}.{attribute}"
        if inspect.isfunction(value) and not attribute.startswith("__"):
            check_parameters(value, getattr(theirs, attribute), f"{name}.{attribute}")


def test_out_of_memory_is_a_memory_error():
    error = real("cupy.cuda.memory").OutOfMemoryError
    assert issubclass(error, MemoryError)
    assert str(error(1024, 512)) == str(MODULES["cupy.cuda.memory"].OutOfMemoryError(1024, 512))


# What it refuses


def test_host_arrays_are_refused(cupy):
    x, host = cupy.ones((2, 3)), np.ones((2, 3))
    for operation in (
        lambda: x + host, lambda: host + x, lambda: np.add(x, host), lambda: cupy.add(x, host),
        lambda: cupy.maximum(host, x), lambda: x @ host.T, lambda: cupy.sum(host),
        lambda: cupy.ascontiguousarray(host), lambda: np.asarray(x), lambda: np.array([x]),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=r"Unsupported type|Implicit conversion|incorrect type"):
            operation()
    with pytest.raises(ValueError, match="non-scalar"):
        x[...] = host
    with pytest.raises(TypeError, match="where"):
        np.sum(x, where=x > 0)
    with pytest.raises(TypeError, match="initial"):
        x.max(initial=0)
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cupy.empty(3, np.longdouble)
    with pytest.raises(TypeError, match="no implementation"):
        np.kron(x, x)


def test_an_index_or_a_condition_is_not_taken_silently(cupy):
    x = cupy.arange(3)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)
    with pytest.raises(TypeError):
        range(x[0])
    assert int(x[2]) == 2


def test_arrays_of_another_device_are_refused(cupy):
    x = cupy.ones(3)
    with cupy.cuda.Device(1):
        y = cupy.ones(3)
        for operation in (lambda: x + y, lambda: x.sum(), lambda: cupy.stack([x, y])):
            with pytest.raises(ValueError, match="Peer access is unavailable"):
                operation()
        assert (x.device.id, y.device.id, x.copy().device.id) == (0, 1, 1)
        assert cupy.asarray(x).device.id == 1
        assert (x.get() == y.get()).all()
    with pytest.raises(RuntimeError, match="invalid device ordinal"):
        cupy.cuda.Device(2).use()


# What it computes


def test_views_share_memory_and_results_do_not(cupy):
    x = cupy.zeros((3, 4))
    x.T[1, 2] = 5.0
    x[0][...] = cupy.arange(4)
    x.reshape(4, 3)[3, 2] = 7
    x.diagonal()[...] += 1
    assert (x.get() == [[1, 1, 2, 3], [0, 1, 0, 0], [0, 5, 1, 7]]).all()
    copy = x[[0, 2]]
    copy[...] = -1
    x[x == 7] = 8
    assert x.get().max() == 8
    assert x.get().min() == 0
    assert x[1:, ::2].flags.c_contiguous is False
    assert x.T.__cuda_array_interface__["strides"] == (8, 32)


def test_functions_of_numpy_give_device_arrays(cupy):
    x = cupy.asarray(np.arange(6.0).reshape(2, 3))
    host = x.get()
    for result, expected in (
        (np.sqrt(x), np.sqrt(host)), (np.linalg.norm(x), np.linalg.norm(host)),
        (2 - x / 3, 2 - host / 3), (np.float64(2) * x, 2 * host), (x @ x.T, host @ host.T),
        (abs(-x), host), (x.sum(0), host.sum(0)), (x.max(), host.max()),
        (np.concatenate([x, x]), np.concatenate([host, host])),
        (cupy.einsum("ij,ij->i", x, x), (host**2).sum(1)),
    ):  # fmt: skip
        assert isinstance(result, cupy.ndarray)
        assert result.dtype == expected.dtype
        np.testing.assert_array_equal(result.get(), expected)
    x += 1
    x *= x
    assert float(x[0, 1]) == 4
    assert (x.astype(np.float32) * 2.0).dtype == np.float32


def test_linear_algebra(cupy):
    A = np.array([[4.0, 1], [1, 3]])
    x = cupy.asarray(A)
    w, V = cupy.linalg.eigh(x, UPLO="L")
    np.testing.assert_allclose((V * w @ V.T).get(), A, atol=1e-14)
    solve_triangular = MODULES["cupyx.scipy.linalg"].solve_triangular
    L = cupy.linalg.cholesky(x)
    np.testing.assert_allclose((L @ solve_triangular(L, x, lower=True)).get(), A, atol=1e-14)
    b = cupy.asarray(np.asfortranarray(A))
    solution = solve_triangular(L, b, trans="T", lower=True, overwrite_b=True)
    assert solution is b
    np.testing.assert_allclose((L.T @ b).get(), A, atol=1e-14)
    assert not np.isnan(cupy.linalg.cholesky(cupy.asarray([[1.0, np.nan], [0, 1]])).get()).any()
    assert cupy.isnan(cupy.linalg.cholesky(-x)).all()  # nobody looked at the status
    with MODULES["cupyx"].errstate(linalg="raise"), recorded() as seen:
        with pytest.raises(np.linalg.LinAlgError):
            cupy.linalg.cholesky(-x)
        assert len(seen.synchronisations) == 1


# Other libraries


def test_a_foreign_array_is_taken_without_a_copy(cupy):
    class Foreign:
        def __init__(self, array, **more):
            self._array = array
            self.__cuda_array_interface__ = {**array.__cuda_array_interface__, **more}

    x = cupy.zeros((2, 3))
    with recorded() as seen:
        y = cupy.asarray(Foreign(x, stream=None))
        y[...] = 1
        assert x.sum() == 6
        assert y.data.ptr == x.data.ptr
        assert not (seen.to_device + seen.to_host[:-1])
    with recorded() as seen:
        cupy.asarray(Foreign(x))  # version 3 with a stream: CuPy waits for it
        assert len(seen.synchronisations) == 1
    with pytest.raises(RuntimeError, match="no memory of a pretended device"):
        cupy.asarray(Foreign(x, data=(np.ones(6).ctypes.data, False)))


def test_dlpack(cupy):
    x = cupy.arange(3.0)
    y = cupy.from_dlpack(x)
    assert y.data.ptr == x.data.ptr
    assert x.__dlpack_device__() == (2, 0)
    capsule = x.__dlpack__(stream=1)
    assert cupy.from_dlpack(capsule).data.ptr == x.data.ptr
    with pytest.raises(ValueError, match="multiple times"):
        cupy.from_dlpack(capsule)
    with pytest.raises(TypeError, match="CPU arrays cannot be directly imported"):
        cupy.from_dlpack(np.ones(3))
    with recorded() as seen:
        host = np.from_dlpack(x, device="cpu")
        assert seen.largest_to_host == 24
    assert (host == [0, 1, 2]).all()
