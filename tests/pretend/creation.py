"""The functions of CuPy that make arrays, and those that copy between host and device."""

import numpy as np

from . import namespace
from .array import ndarray, real_dtype
from .exchange import from_interface
from .machine import machine
from .run import check_device, lift, lower, run, to_device


def empty(shape, dtype=float, order="C"):
    return ndarray(shape, dtype, order=order)


def zeros(shape, dtype=float, order="C"):
    return full(shape, 0, dtype, order)


def ones(shape, dtype=float, order="C"):
    return full(shape, 1, dtype, order)


def full(shape, fill_value, dtype=None, order="C"):
    if dtype is None:
        dtype = fill_value.dtype if isinstance(fill_value, ndarray) else np.array(fill_value).dtype
    array = ndarray(shape, dtype, order=order)
    if isinstance(fill_value, ndarray):
        array[...] = fill_value
    else:
        array.fill(fill_value)
    return array


def empty_like(prototype, dtype=None, order="K", subok=None, shape=None):
    if not isinstance(prototype, ndarray):
        raise TypeError(f"Unsupported type {type(prototype)}")
    like = np.empty_like(prototype._host, dtype=dtype, order=order, shape=shape)
    return ndarray(like.shape, like.dtype, order="F" if like.flags.fnc else "C")


def zeros_like(a, dtype=None, order="K", subok=None, shape=None):
    return full_like(a, 0, dtype, order, subok, shape)


def ones_like(a, dtype=None, order="K", subok=None, shape=None):
    return full_like(a, 1, dtype, order, subok, shape)


def full_like(a, fill_value, dtype=None, order="K", subok=None, shape=None):
    array = empty_like(a, dtype, order, subok, shape)
    array.fill(fill_value)
    return array


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    if subok:
        raise NotImplementedError
    found = _as_device_array(obj)
    if found is None and isinstance(obj, (list, tuple)) and _device_items(obj):
        found, copy = run("cupy.stack", lambda items: np.array(items), obj), False
    if found is None:
        host = np.array(obj, dtype=dtype, copy=None, ndmin=ndmin)
        if order in ("C", "F"):
            host = np.asarray(host, order=order)
        result = to_device(host)
        if blocking:
            machine.synchronise(machine.stream, machine.device)
        return result
    if found._block.device != machine.device and found.size:
        found, copy = found.copy(), False  # to the current device
    wanted = found.dtype if dtype is None else real_dtype(dtype)
    result = found.astype(wanted, order=order or "K", copy=bool(copy))
    if ndmin > result.ndim:
        result = result.reshape((1,) * (ndmin - result.ndim) + result.shape)
    return result


def asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy, order or "K", blocking=blocking)


def ascontiguousarray(a, dtype=None):
    return _in_order(a, dtype, "C")


def asfortranarray(a, dtype=None):
    return _in_order(a, dtype, "F")


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    found = _as_device_array(a)
    if found is not None:
        return found.get(stream, order, out, blocking)
    host = np.asarray(a, order=order)
    if out is None:
        return host
    out[...] = host
    return out


def arange(start, stop=None, step=1, dtype=None):
    host = np.arange(start, dtype=dtype) if stop is None else np.arange(start, stop, step, dtype)
    return lift("cupy.arange", host)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if retstep:
        raise NotImplementedError("the pretended linspace has no retstep")
    return lift("cupy.linspace", np.linspace(start, stop, num, endpoint, False, dtype, axis))


def eye(N, M=None, k=0, dtype=float, order="C"):
    return lift("cupy.eye", np.eye(N, M, k, real_dtype(dtype), order))


def identity(n, dtype=float):
    return eye(n, dtype=dtype)


def diag(v, k=0):
    if v.ndim == 2:
        return v.diagonal(k)
    return run("cupy.diag", np.diag, v, k)


def copyto(dst, src, casting="same_kind", where=None):
    if not isinstance(dst, ndarray):
        raise TypeError("dst must be cupy.ndarray")
    reads = []
    check_device(dst)
    mask = True if where is None else lower(where, reads)
    np.copyto(dst._host, lower(src, reads), casting, mask)
    machine.run("cupy.copyto", reads, [dst._block])


def copy(a, order="K"):
    return a.copy(order)


def get_array_module(*args):
    """Return cupy if one of the arguments is a CuPy array, else NumPy."""
    on_device = any(isinstance(value, ndarray) for value in args)
    return namespace.cupy if on_device else np


def _as_device_array(value):
    if isinstance(value, ndarray):
        return value
    return from_interface(value) if hasattr(value, "__cuda_array_interface__") else None


def _device_items(values):
    return any(
        _device_items(value) if isinstance(value, (list, tuple)) else isinstance(value, ndarray)
        for value in values
    )


def _in_order(a, dtype, order):
    if not isinstance(a, ndarray):
        raise TypeError(f"Argument 'a' has incorrect type (expected ndarray, got {type(a)})")
    wanted = a.dtype if dtype is None else real_dtype(dtype)
    if wanted == a.dtype and getattr(a.flags, f"{order.lower()}_contiguous"):
        return a.ravel() if a.ndim == 0 else a
    return run("cupy.copy", lambda host: np.array(host, wanted, order=order, ndmin=1), a)
