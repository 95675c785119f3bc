"""DLPack among the pretended libraries: the capsule is a Python object."""

import warnings

import numpy as np

from . import order
from .machine import machine

CPU, CUDA = 1, 2


class Capsule:
    """What ``__dlpack__`` returns; it can be consumed once."""

    def __init__(self, source):
        self.source, self.used = source, False

    def consume(self):
        """Return the array that was exported."""
        if self.used:
            raise ValueError("A DLPack tensor object cannot be consumed multiple times")
        self.used = True
        return self.source


def export(array, stream, dl_device, copy):
    """Return a capsule of a CuPy array; the consumer's stream waits for the current one."""
    if dl_device == (CPU, 0):
        if copy is False:
            raise ValueError("GPU memory cannot be exported to CPU without copy.")
        return array.get().__dlpack__()
    if dl_device not in (None, array.__dlpack_device__()):
        raise BufferError("unsupported device requested.")
    if copy is True:
        raise BufferError("copy=True only supported for copy to CPU.")
    order_stream(stream, array._block.device)
    return Capsule(array)


def order_stream(stream, device):
    """Let a consumer's stream wait for the current one; -1 asks for no order."""
    stream = 1 if stream is None else stream
    if stream < -1:
        raise ValueError(f"On CUDA, the valid stream is -1, 1, 2, or larger, not {stream}")
    if stream == 0:
        warnings.warn("Stream 0 is passed from a library that you are converting to", stacklevel=4)
    if stream >= 0:
        order.wait((device, order.canonical(stream)), order.clock(machine.queue))


def from_dlpack(array, *, device=None, copy=None):
    """``cupy.from_dlpack``: an array over the same memory, safe to use on the current stream."""
    from .exchange import from_interface

    if isinstance(array, Capsule):
        return from_interface(Plain(array.consume()))
    kind, index = array.__dlpack_device__()
    if device is not None:
        raise NotImplementedError("from_dlpack() does not support device yet.")
    if kind == CPU:
        raise TypeError(
            "CPU arrays cannot be directly imported to CuPy. "
            "Use `cupy.array(numpy.from_dlpack(input))` instead."
        )
    before, machine.device = machine.device, index
    try:
        try:
            capsule = array.__dlpack__(stream=machine.stream or 1, max_version=(1, 3), copy=copy)
        except TypeError:
            if copy is not None:
                raise
            capsule = array.__dlpack__(stream=machine.stream or 1)
        return from_interface(Plain(capsule.consume()))
    finally:
        machine.device = before


class Plain:
    """The interface of an array without its stream: the order is given already."""

    def __init__(self, source):
        self._source = source

    @property
    def __cuda_array_interface__(self):
        interface = dict(self._source.__cuda_array_interface__)
        interface["stream"] = None
        if interface["data"][0] == 0 and np.prod(interface["shape"]):
            raise BufferError("an array without memory")
        return interface
