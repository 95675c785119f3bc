"""A stand-in for JAX: arrays on CUDA devices, which cannot be written, and DLPack."""

import types

import numpy as np

from . import order
from .dlpack import CUDA, Capsule, Plain
from .exchange import from_interface
from .machine import machine

_streams = {}


class ArrayImpl:
    """``jax.Array``: in C order, computed on a stream of JAX's own."""

    __module__ = "jaxlib._jax"

    def __init__(self, host, block):
        self._host, self._block = host, block

    shape = property(lambda self: self._host.shape)
    ndim = property(lambda self: self._host.ndim)
    dtype = property(lambda self: self._host.dtype)
    size = property(lambda self: self._host.size)

    @property
    def __cuda_array_interface__(self):
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": (self._host.ctypes.data if self.size else 0, True),
            "version": 2,
        }

    def __dlpack_device__(self):
        return CUDA, self._block.device

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
        device = self._block.device
        consumer = order.canonical(1 if stream is None else stream)
        order.wait((device, consumer), order.clock((device, own_stream(device))))
        return Capsule(self)

    def __array__(self, dtype=None, copy=None):
        device = self._block.device
        before, machine.device = machine.device, device
        try:
            machine.run("jax.to_host", [self._block], [], stream=own_stream(device))
        finally:
            machine.device = before
        machine.copied("to_host", self._host.nbytes)
        machine.synchronise(own_stream(device), device)
        return self._host.astype(dtype or self.dtype)


def own_stream(device):
    """Return the stream that JAX computes on."""
    if device not in _streams:
        _streams[device] = machine.new_handle()
        order.be_non_blocking((device, _streams[device]))
    return _streams[device]


def device_put(x, device=0):
    """Return an array on a device (its number, here)."""
    host = np.ascontiguousarray(x)
    before, machine.device = machine.device, device
    try:
        block = machine.allocate(host.nbytes, own_stream(device))
        memory = np.ndarray(host.shape, host.dtype, block.bytes)
        memory[...] = host
        machine.run("jax.device_put", [], [block], stream=own_stream(device))
    finally:
        machine.device = before
    machine.copied("to_device", host.nbytes)
    return ArrayImpl(memory, block)


def from_dlpack(external_array, device=None, copy=None):
    """Return an array over the same memory; JAX's stream waits for the producer's."""
    _, index = external_array.__dlpack_device__()
    source = external_array.__dlpack__(stream=own_stream(index)).consume()
    before, machine.device = machine.device, index
    try:
        array = from_interface(Plain(source))
    finally:
        machine.device = before
    if not array.flags.c_contiguous:
        raise RuntimeError("Only arrays with trivial (compact) striding are supported")
    result = ArrayImpl(array._host, array._block)
    result._source = source
    return result


def modules():
    """Return new modules by their names in ``sys.modules``."""
    _streams.clear()
    jax, dlpack = types.ModuleType("jax"), types.ModuleType("jax.dlpack")
    jax.Array, jax.device_put, jax.dlpack = ArrayImpl, device_put, dlpack
    dlpack.from_dlpack = from_dlpack
    return {"jax": jax, "jax.dlpack": dlpack}
