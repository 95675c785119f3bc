"""Arrays of other libraries over the same pretended memory."""

import numpy as np

from .machine import machine


def from_interface(value):
    """Return a CuPy array over the memory of an object with ``__cuda_array_interface__``."""
    from .array import MemoryPointer, ndarray, real_dtype

    interface = value.__cuda_array_interface__
    if interface.get("mask") is not None:
        raise ValueError("CuPy currently does not support masked arrays.")
    dtype = real_dtype(interface["typestr"])
    shape, ptr = interface["shape"], interface["data"][0]
    if not np.prod(shape):
        return ndarray(shape, dtype)
    block = machine.find(ptr)
    if block is None:
        raise RuntimeError(f"{ptr:#x} is no memory of a pretended device")
    if interface.get("stream") is not None:  # what version 3 asks of a consumer
        machine.synchronise(interface["stream"], block.device)
    array = ndarray(shape, dtype, MemoryPointer(block, ptr - block.ptr), interface.get("strides"))
    array.base = value
    return array
