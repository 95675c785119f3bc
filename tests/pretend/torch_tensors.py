"""A stand-in for PyTorch: tensors on CUDA devices and DLPack; no arithmetic."""

import types

import numpy as np

from . import order
from .dlpack import CPU, CUDA, Capsule, Plain
from .exchange import from_interface
from .machine import machine
from .torch_streams import Stream, current_stream, default_stream, forget, on_device, stream


class dtype:  # noqa: N801
    """``torch.dtype``."""

    __module__ = "torch"

    def __init__(self, name, held):
        self.name, self.held, self.itemsize = name, np.dtype(held), np.dtype(held).itemsize

    def __repr__(self):
        return f"torch.{self.name}"


NAMES = ("float32", "float64", "float16", "int32", "int64", "uint8", "uint64")
DTYPES = {name: dtype(name, name) for name in NAMES}
DTYPES |= {"bool": dtype("bool", "?"), "bfloat16": dtype("bfloat16", np.uint16)}


class device:  # noqa: N801
    """``torch.device``."""

    __module__ = "torch"

    def __init__(self, name):
        self.type, _, index = str(name).partition(":")
        self.index = int(index) if index else (None if self.type == "cpu" else machine.device)

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    __repr__ = __str__


class Tensor:
    """``torch.Tensor``: NumPy's memory, on the host or in an allocation of the machine."""

    __module__ = "torch"
    layout = "torch.strided"

    def __init__(self, host, block, kind, requires_grad=False):
        self._host, self._block, self.dtype = host, block, kind
        self.requires_grad = requires_grad

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    is_cuda = property(lambda self: self._block is not None)

    @property
    def device(self):
        return device("cpu" if self._block is None else f"cuda:{self._block.device}")

    def detach(self):
        return Tensor(self._host, self._block, self.dtype)

    def requires_grad_(self, requires_grad=True):
        self.requires_grad = requires_grad
        return self

    def stride(self):
        return tuple(step // self._host.itemsize for step in self._host.strides)

    def data_ptr(self):
        return self._host.ctypes.data if self._host.size else 0

    def is_contiguous(self):
        return self._host.flags.c_contiguous

    def __getitem__(self, index):
        return Tensor(self._host[index], self._block, self.dtype, self.requires_grad)

    @property
    def T(self):
        return Tensor(self._host.T, self._block, self.dtype, self.requires_grad)

    def float(self):
        """Return the tensor in float32."""
        if self.dtype is DTYPES["bfloat16"]:
            values = (self._host.astype(np.uint32) << 16).view(np.float32)
        else:
            values = self._host.astype(np.float32)
        if self._block is None:
            return Tensor(values, None, DTYPES["float32"])
        return _on_device(values, self.device.index, "torch.float", [self._block])

    def cpu(self):
        if self._block is None:
            return self
        stream = current_stream(self.device.index).cuda_stream
        with on_device(self.device):
            machine.run("torch.cpu", [self._block], [], stream=stream)
            machine.copied("to_host", self._host.nbytes)
            machine.synchronise(stream, self._block.device)
        return Tensor(self._host.copy(), None, self.dtype, self.requires_grad)

    def numpy(self):
        if self.requires_grad:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy()"
            )
        return self.__array__()

    def __array__(self, dtype=None, copy=None):
        if self._block is not None:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to "
                "copy the tensor to host memory first."
            )
        return self._host if dtype is None else self._host.astype(dtype)

    @property
    def __cuda_array_interface__(self):
        if self._block is None:
            raise AttributeError("Can't get __cuda_array_interface__ on non-CUDA tensor type")
        if self.requires_grad:
            raise RuntimeError(
                "Can't get __cuda_array_interface__ on Variable that requires grad. If gradients "
                "aren't required, use var.detach() to get Variable that doesn't require grad."
            )
        bits = self.dtype is DTYPES["bfloat16"]
        return {
            "typestr": "<V2" if bits else self._host.dtype.str,
            "shape": self.shape,
            "strides": None if self.is_contiguous() else self._host.strides,
            "data": (self.data_ptr(), False),
            "version": 2,
        }

    def __dlpack_device__(self):
        return (CPU, 0) if self._block is None else (CUDA, self._block.device)

    def __dlpack__(self, *, stream=-1, max_version=None, dl_device=None, copy=None):
        if self.requires_grad:
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        if self._block is None:
            return self._host.__dlpack__()
        index = self._block.device
        if index != machine.device:
            raise BufferError(
                "Can't export tensors on a different CUDA device index. "
                f"Expected: {index}. Current device: {machine.device}."
            )
        if stream is not None and type(stream) is not int:
            raise TypeError("stream must be ``int`` or ``none``")
        if stream != -1:
            consumer = order.canonical(1 if stream is None else stream)
            current = order.canonical(current_stream(index).cuda_stream)
            order.wait((index, consumer), order.clock((index, current)))
        return Capsule(self)


def tensor(data, *, dtype=None, device="cpu", requires_grad=False):
    """Return a new tensor of NumPy's numbers."""
    host = np.array(data, None if dtype is None else dtype.held)
    made = globals()["device"](device)
    kind = dtype or DTYPES[host.dtype.name]
    if made.type == "cpu":
        return Tensor(host, None, kind, requires_grad)
    machine.copied("to_device", host.nbytes)
    result = _on_device(host, made.index, "torch.tensor", [])
    result.dtype, result.requires_grad = kind, requires_grad
    return result


def from_dlpack(ext_tensor, *, device=None, copy=None):
    """Return a tensor over the same memory, which PyTorch's current stream may use."""
    kind, index = ext_tensor.__dlpack_device__()
    if kind == CPU:
        return Tensor(np.from_dlpack(ext_tensor), None, None)
    pointer = current_stream(index).cuda_stream or 1
    source = ext_tensor.__dlpack__(stream=pointer, max_version=(1, 0)).consume()
    with on_device(index):
        array = from_interface(Plain(source))
    result = Tensor(array._host, array._block, DTYPES[array.dtype.name])
    result._source = source
    return result


def modules():
    """Return new modules by their names in ``sys.modules``."""
    forget()
    torch, cuda = types.ModuleType("torch"), types.ModuleType("torch.cuda")
    for name, kind in DTYPES.items():
        setattr(torch, name, kind)
    torch.Tensor, torch.device, torch.dtype, torch.strided = Tensor, device, dtype, Tensor.layout
    torch.tensor, torch.from_dlpack, torch.cuda = tensor, from_dlpack, cuda
    cuda.Stream, cuda.stream, cuda.device = Stream, stream, on_device
    cuda.current_stream, cuda.default_stream = current_stream, default_stream
    cuda.current_device = lambda: machine.device
    cuda.is_available = lambda: True
    return {"torch": torch, "torch.cuda": cuda}


def _on_device(host, index, name, reads):
    """Return a tensor on a device, written there on PyTorch's current stream."""
    pointer = current_stream(index).cuda_stream
    with on_device(index):
        block = machine.allocate(host.nbytes, pointer)
        memory = np.ndarray(host.shape, host.dtype, block.bytes)
        memory[...] = host
        machine.run(name, reads, [block], stream=pointer)
    return Tensor(memory, block, DTYPES[host.dtype.name] if host.dtype != np.uint16 else None)
