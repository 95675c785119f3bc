"""The methods and the indexing of ``cupy.ndarray``."""

import numpy as np

from . import namespace
from .machine import machine
from .run import check_device, lift, look, lower, run, to_device, to_host


def _reduction(name):
    def method(self, axis=None, out=None, keepdims=False):
        return getattr(namespace.cupy, name)(self, axis=axis, out=out, keepdims=keepdims)

    return method


def _sum(name):
    def method(self, axis=None, dtype=None, out=None, keepdims=False):
        function = getattr(np, name)
        return run(f"cupy.{name}", function, self, axis=axis, dtype=dtype, out=out,
                   keepdims=keepdims)  # fmt: skip

    return method


def _place(name):
    def method(self, axis=None, out=None, dtype=None, keepdims=False):
        function = getattr(np, name)
        return run(f"cupy.{name}", function, self, axis=axis, out=out, keepdims=keepdims)

    return method


class Methods:
    """What ``cupy.ndarray`` does beside operators."""

    __slots__ = ()

    max, min, any, all = (_reduction(name) for name in ("max", "min", "any", "all"))
    sum, mean, prod = (_sum(name) for name in ("sum", "mean", "prod"))
    argmax, argmin = _place("argmax"), _place("argmin")

    # Copies and conversions

    def get(self, stream=None, order="C", out=None, blocking=True):
        if out is not None:
            if not isinstance(out, np.ndarray) or out.dtype != self.dtype:
                raise TypeError("Only numpy.ndarray of the same dtype can be obtained")
            if out.shape != self.shape:
                raise ValueError("Shape mismatch")
            if not out.flags.forc:
                raise RuntimeError(
                    "`out` cannot be specified when copying to non-contiguous ndarray"
                )
        if order == "A":
            order = "F" if self._host.flags.fnc else "C"
        return to_host(self, order, out, blocking, stream)

    def set(self, arr, stream=None):
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError("Shape mismatch")
        if not self.flags.forc:
            raise RuntimeError("Cannot set to non-contiguous array")
        self._host[...] = arr
        machine.run("cupy.copy_from_host", [], [self._block])
        machine.copied("to_device", self.nbytes)

    def item(self):
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self):
        return self.get().tolist()

    def tobytes(self, order="C"):
        return self.get().tobytes(order)

    def astype(self, dtype, order="K", casting=None, subok=None, copy=True):
        from .array import real_dtype

        if casting is not None or subok is not None:
            raise TypeError("casting and subok are not supported yet")
        wanted = real_dtype(dtype)
        same_order = order in "KA" or self._host.flags[{"C": "C", "F": "F"}[order]]
        if not copy and wanted == self.dtype and same_order:
            return self
        return run("cupy.astype", lambda host: host.astype(wanted, order=order), self)

    def copy(self, order="C"):
        if self._block.device == machine.device or not self.size:
            return run("cupy.copy", lambda host: host.copy(order), self)
        if not self.flags.forc:
            raise NotImplementedError("CuPy cannot copy non-contiguous array between devices.")
        machine.copied("between_devices", self.nbytes)
        return lift("cupy.copy", self._host, [self._block])

    def fill(self, value):
        from .array import ndarray

        if isinstance(value, ndarray):
            if value.shape != ():
                raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
            run("cupy.fill", lambda number: number.astype(self.dtype), value, out=self)
            return
        number = np.asarray(value, dtype=self.dtype)
        if number.shape != ():
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        check_device(self)
        self._host[...] = number
        machine.run("cupy.fill", [], [self._block])

    # Shapes

    def view(self, dtype=None, type=None):
        if type is not None:
            raise ValueError("the pretended CuPy has no subclasses")
        return self._viewing(self, self._host.view() if dtype is None else self._host.view(dtype))

    def reshape(self, *shape, order="C", copy=None):
        wanted = shape[0] if len(shape) == 1 and not hasattr(shape[0], "__index__") else shape
        return self._view_or_copy(self._host.reshape(wanted, order=order, copy=copy), "reshape")

    def ravel(self, order="C"):
        return self._view_or_copy(self._host.ravel(order), "ravel")

    def flatten(self, order="C"):
        return run("cupy.flatten", lambda host: host.flatten(order), self)

    def transpose(self, *axes):
        return self._viewing(self, self._host.transpose(*axes))

    def swapaxes(self, axis1, axis2):
        return self._viewing(self, self._host.swapaxes(axis1, axis2))

    def squeeze(self, axis=None):
        return self._viewing(self, self._host.squeeze(axis))

    def diagonal(self, offset=0, axis1=0, axis2=1):
        return self._writable_view(lambda host: np.diagonal(host, offset, axis1, axis2))

    def _writable_view(self, choose):
        """Return a view by a function of NumPy that makes it read-only."""
        host = choose(self._host)
        start = host.ctypes.data - self._block.ptr if host.size else 0
        free = np.ndarray(host.shape, host.dtype, self._block.bytes, start, host.strides)
        return self._viewing(self, free)

    def _view_or_copy(self, host, name):
        if not host.size or np.may_share_memory(host, self._host):
            return self._viewing(self, host)
        check_device(self)
        return lift(f"cupy.{name}", host, [self._block])

    # More

    def dot(self, b, out=None):
        return namespace.cupy.dot(self, b, out)

    def repeat(self, repeats, axis=None):
        return run("cupy.repeat", np.repeat, self, repeats, axis)

    def take(self, indices, axis=None, out=None):
        return namespace.cupy.take(self, indices, axis, out)

    def cumsum(self, axis=None, dtype=None, out=None):
        return run("cupy.cumsum", np.cumsum, self, axis=axis, dtype=dtype, out=out)

    def clip(self, min=None, max=None, out=None):
        return run("cupy.clip", np.clip, self, min, max, out=out)

    def trace(self, offset=0, axis1=0, axis2=1, dtype=None, out=None):
        return run("cupy.trace", np.trace, self, offset, axis1, axis2, dtype, out=out)

    def nonzero(self):
        return namespace.cupy.nonzero(self)

    def argsort(self, axis=-1, kind=None):
        return namespace.cupy.argsort(self, axis, kind)

    def sort(self, axis=-1, kind=None):
        check_device(self)
        self._host.sort(axis, kind="stable")
        machine.run("cupy.sort", [self._block], [self._block])

    # Indexing

    def __getitem__(self, slices):
        if _is_basic(slices):
            wanted = slices if isinstance(slices, tuple) else (slices,)
            if not any(index is Ellipsis for index in wanted):
                wanted = (*wanted, Ellipsis)  # or NumPy would return a number, and no view
            return self._viewing(self, self._host[wanted])
        reads = [self._block]
        check_device(self)
        index = _lower_index(slices, reads)
        if _has_mask(index):
            look("cupy.nonzero", None)
        return lift("cupy.take", self._host[index], reads)

    def __setitem__(self, slices, value):
        from .array import ndarray

        if _is_basic(slices):
            if not isinstance(value, ndarray) and not hasattr(value, "__cuda_array_interface__"):
                self[slices].fill(value)
                return
            index, reads = slices, []
        else:
            reads = []
            index = _lower_index(slices, reads)
            if isinstance(value, (np.ndarray, list, tuple)):
                value = to_device(np.asarray(value, self.dtype))
        check_device(self)
        self._host[index] = lower(value, reads)
        machine.run("cupy.setitem", reads, [self._block])


def _is_basic(slices):
    parts = slices if isinstance(slices, tuple) else (slices,)
    return all(
        part is None or part is Ellipsis or isinstance(part, slice)
        or (hasattr(part, "__index__") and not isinstance(part, (bool, np.bool_, np.ndarray)))
        for part in parts
    )  # fmt: skip


def _lower_index(slices, reads):
    """Return an index for NumPy; host arrays among the indices are copied to the device."""
    if isinstance(slices, tuple):
        return tuple(_lower_index(part, reads) for part in slices)
    if isinstance(slices, (np.ndarray, list)):
        slices = to_device(np.asarray(slices))
    return lower(slices, reads)


def _has_mask(index):
    parts = index if isinstance(index, tuple) else (index,)
    return any(getattr(part, "dtype", None) == np.bool_ for part in parts)
