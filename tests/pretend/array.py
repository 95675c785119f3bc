"""``cupy.ndarray``: it holds a NumPy array over pretended device memory, and never lends it."""

import functools

import numpy as np

from . import namespace
from .machine import machine
from .methods import Methods
from .operators import Operators

SUPPORTED = frozenset("?bhilqBHILQefdFD")


def real_dtype(dtype):
    """Return a dtype that CuPy has; raise ValueError for longdouble, objects and big-endian."""
    found = np.dtype(dtype)
    if found.char not in SUPPORTED or not found.isnative:
        raise ValueError(f"Unsupported dtype {found}")
    return found


class MemoryPointer:
    """``cupy.cuda.MemoryPointer``."""

    __module__ = "cupy.cuda.memory"

    def __init__(self, mem, offset):
        self.mem, self.ptr, self.device_id = mem, mem.ptr + offset, mem.device

    @property
    def device(self):
        return namespace.cupy.cuda.Device(self.device_id)


class Flags:
    """``ndarray.flags``."""

    def __init__(self, c_contiguous, f_contiguous, owndata):
        self.c_contiguous, self.f_contiguous, self.owndata = c_contiguous, f_contiguous, owndata
        self.fnc, self.forc = f_contiguous and not c_contiguous, f_contiguous or c_contiguous

    def __getitem__(self, name):
        return getattr(self, name.lower())


class ndarray(Operators, Methods):  # noqa: N801
    """See the CuPy reference; this one has a part of it."""

    __module__ = "cupy"
    __slots__ = ("__weakref__", "_block", "_host", "base")
    __array_priority__ = 100
    __hash__ = None

    def __init__(self, shape, dtype=float, memptr=None, strides=None, order="C"):
        dtype = real_dtype(dtype)
        self.base = None
        if memptr is not None:
            self._block, offset = memptr.mem, memptr.ptr - memptr.mem.ptr
            self._host = np.ndarray(shape, dtype, self._block.bytes, offset, strides)
            return
        if order not in ("C", "F"):
            raise TypeError(f"order not understood. order={order!r}")
        size = int(np.prod(shape, dtype=object)) * dtype.itemsize
        self._block = machine.allocate(size)
        self._host = np.ndarray(shape, dtype, self._block.bytes, order=order)

    @classmethod
    def _viewing(cls, source, host):
        """Return a view of another array's memory: ``host`` is one of its NumPy array's."""
        view = cls.__new__(cls)
        view._block, view._host = source._block, host
        view.base = source if source.base is None else source.base
        return view

    @property
    def shape(self):
        return self._host.shape

    @shape.setter
    def shape(self, shape):
        view = self._host.reshape(shape)
        if view.size and not np.shares_memory(view, self._host):
            raise AttributeError("incompatible shape")
        self._host = view

    @property
    def dtype(self):
        return self._host.dtype

    @property
    def strides(self):
        return self._host.strides

    @property
    def ndim(self):
        return self._host.ndim

    @property
    def size(self):
        return self._host.size

    @property
    def itemsize(self):
        return self._host.itemsize

    @property
    def nbytes(self):
        return self._host.nbytes

    @property
    def flags(self):
        flags = self._host.flags
        return Flags(flags.c_contiguous, flags.f_contiguous, self.base is None)

    @property
    def data(self):
        return MemoryPointer(self._block, self._host.ctypes.data - self._block.ptr)

    @property
    def device(self):
        return self.data.device

    @property
    def T(self):
        return self._viewing(self, self._host.T)

    @property
    def mT(self):
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return self._viewing(self, self._host.swapaxes(-1, -2))

    @property
    def real(self):
        return self._viewing(self, self._host.real)

    @property
    def __cuda_array_interface__(self):
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "descr": self.dtype.descr,
            "stream": machine.stream or 1,
            "version": 3,
            "strides": None if self._host.flags.c_contiguous else self.strides,
            "data": (self.data.ptr if self.size else 0, False),
        }

    def __dlpack_device__(self):
        return 2, self._block.device

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        from .dlpack import export

        return export(self, stream, dl_device, copy)

    def __array__(self, dtype=None):
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        function = getattr(namespace.cupy, ufunc.__name__, None)
        if method != "__call__":
            function = getattr(function, method, None)
        if function is None:
            return NotImplemented
        return function(*inputs, **kwargs)

    def __array_function__(self, func, types, args, kwargs):
        try:
            names = func.__module__.split(".")[1:]
            module = functools.reduce(getattr, names, namespace.cupy)
            found = getattr(module, func.__name__)
        except AttributeError:
            return NotImplemented
        if not all(issubclass(kind, (ndarray, np.ndarray)) for kind in types):
            return NotImplemented
        return found(*args, **kwargs)
