"""Running a function of NumPy on arrays of the pretended device, as CuPy runs its kernels."""

import numpy as np

from .machine import machine

SCALARS = (bool, int, float, complex, np.generic)
PLAIN = (*SCALARS, str, slice, type, np.dtype, type(None), type(Ellipsis))


def run(name, function, *args, out=None, **options):
    """Call a function of NumPy on the memory of device arrays; return new device arrays, or out."""
    from .array import ndarray

    reads = []
    plain, keywords = lower(args, reads), {key: lower(v, reads) for key, v in options.items()}
    if out is not None and not isinstance(out, ndarray):
        raise TypeError("Output arguments type must be cupy.ndarray")
    with np.errstate(all="ignore"):  # a device has no floating-point warnings
        result = function(*plain, **keywords)
    if out is None:
        return lift(name, result, reads)
    check_device(out)
    np.copyto(out._host, result, casting="same_kind")
    machine.run(name, reads, [out._block])
    return out


def lower(value, reads):
    """Return the NumPy array beneath a device array, a scalar as it is; refuse host arrays."""
    from .array import ndarray

    if isinstance(value, ndarray):
        check_device(value)
        reads.append(value._block)
        return value._host
    if isinstance(value, (list, tuple)):
        return type(value)(lower(item, reads) for item in value)
    if isinstance(value, (np.longdouble, np.ndarray)):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, PLAIN):
        return value
    if hasattr(value, "__cuda_array_interface__"):
        from .exchange import from_interface

        return lower(from_interface(value), reads)
    raise TypeError(f"Unsupported type {type(value)}")


def lift(name, result, reads=()):
    """Return NumPy results as new arrays on the current device."""
    from .array import ndarray

    if isinstance(result, (tuple, list)):
        return tuple(lift(name, item, reads) for item in result)
    host = np.asarray(result)
    array = ndarray(host.shape, host.dtype, order="F" if host.flags.fnc else "C")
    array._host[...] = host
    machine.run(name, reads, [array._block])
    return array


def check_device(array):
    """Raise ValueError, as CuPy does where devices have no access to each other's memory."""
    if array._block.device != machine.device:
        raise ValueError(
            f"The device where the array resides ({array._block.device}) is different from the "
            f"current device ({machine.device}). Peer access is unavailable between these devices."
        )


def to_device(host):
    """Return a copy of a NumPy array on the current device."""
    from .array import ndarray, real_dtype

    array = ndarray(host.shape, real_dtype(host.dtype), order="F" if host.flags.fnc else "C")
    array._host[...] = host
    machine.run("cupy.fill" if host.ndim == 0 else "cupy.copy_from_host", [], [array._block])
    if host.ndim:  # the number of an array without dimensions is an argument of a kernel
        machine.copied("to_device", host.nbytes)
    return array


def to_host(array, order="C", out=None, blocking=True, stream=None):
    """Return a copy of a device array on the host; its stream, the current one, is waited for."""
    stream = machine.stream if stream is None else stream.ptr
    before, machine.device = machine.device, array._block.device
    try:
        host = np.empty(array.shape, array.dtype, order) if out is None else out
        host[...] = array._host
        if array.size:
            machine.run("cupy.copy_to_host", [array._block], [], stream=stream)
            machine.copied("to_host", array.nbytes)
            if blocking:
                machine.synchronise(stream, machine.device)
    finally:
        machine.device = before
    return host


def look(name, number):
    """Note that CuPy looks at a number on the device, as where it counts what a mask selects."""
    machine.run(name, [], [])
    machine.copied("to_host", 8)
    machine.synchronise(machine.stream, machine.device)
    return number
