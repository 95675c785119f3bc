"""``pyntk._cuda``: the emulator's kernels on pretended device memory, refusing as the real one."""

import threading
import types

import numpy as np

from pyntk.contract import NAMES

from .machine import machine

WRITTEN = {
    "ntk_gram": "K", "ntk_gram_cross": "K", "ntk_diag": "k", "ntk_matmul": "Y",
    "ntk_matmul_cross": "Y", "ntk_vjp": "dX", "two_layer_forward": "F", "two_layer_gradient": "dW",
    "two_layer_step": "value G dW dA", "two_layer_descent": "W A c losses done",
    "random_uniforms": "U", "random_normals": "Z", "activation_patterns": "P",
    "pattern_flips": "flips", "finite_width_gram": "H",
}  # fmt: skip
"""The arguments that each kernel writes; a new kernel has to be named here."""

_here = threading.local()


def make(emulated):
    """Return the module ``pyntk._cuda`` over the module of the block emulator."""
    module = types.ModuleType("pyntk._cuda")
    module.device_problem = lambda: None
    module.device_name = lambda: f"pretended device {machine.device}"
    module.use_stream = use_stream
    _here.stream = 0
    for name in vars(emulated):
        function = getattr(emulated, name)
        if not name.startswith("_") and not hasattr(module, name):
            is_kernel = name in NAMES
            setattr(module, name, _kernel(name, function) if is_kernel else function)
    return module


def use_stream(stream, device):
    """The kernels of the calling thread run on this device and stream from now on."""
    machine.device = device
    _here.stream = stream


def _kernel(name, function):
    written = WRITTEN[name].split()

    def kernel(**arguments):
        reads, writes, plain = [], [], {}
        for key, value in arguments.items():
            plain[key] = value
            if isinstance(value, np.ndarray):
                raise TypeError(f"{name}(): incompatible function arguments: {key} is on the host")
            if hasattr(value, "__cuda_array_interface__"):
                plain[key], block = _borrow(name, key, value, key in written)
                if block is not None:
                    (writes if key in written else reads).append(block)
        function(**plain)
        machine.run(name, reads, writes, stream=getattr(_here, "stream", 0))

    kernel.__name__ = name
    return kernel


def _borrow(name, key, value, writable):
    """Return the memory of an argument as a NumPy array, and its allocation."""
    interface = value.__cuda_array_interface__
    shape, dtype = tuple(interface["shape"]), np.dtype(interface["typestr"])
    pointer, read_only = interface["data"]
    if interface.get("mask") is not None or (writable and read_only):
        raise TypeError(f"{name}(): incompatible function arguments: {key}")
    if 0 in shape:
        return np.empty(shape, dtype), None
    block = machine.find(pointer)
    if block is None:
        raise ValueError("an array claims to be on a CUDA device, but its memory is not")
    if block.device != machine.device:
        raise ValueError(
            f"an array is on CUDA device {block.device}, but the current device is {machine.device}"
        )
    strides = interface.get("strides")
    memory = np.ndarray(shape, dtype, block.bytes, pointer - block.ptr, strides)
    return memory, block
