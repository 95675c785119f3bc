"""What an array argument must be: checked once, here, and nowhere below.

``admit`` turns what a user passes into what a kernel takes: C-contiguous, aligned, native, finite
arrays of one dtype, all on one device. It never modifies its arguments and copies only where it
must.
"""

import math
from typing import Any, Final

import numpy as np

from pyntk.contract import Array
from pyntk.finite import largest_of
from pyntk.memory import require
from pyntk.places import is_device_array, moved

SINGLE: Final = np.dtype(np.float32)
DOUBLE: Final = np.dtype(np.float64)

LARGEST_INTEGER: Final = 2**53
"""Integers up to here are float64 numbers; beyond, a conversion would silently round."""


class Admitted(tuple[Array, ...]):
    """The admitted arrays, in the order of the arguments, and their common dtype and place."""

    dtype: np.dtype[Any]
    on_device: bool
    lengths: dict[str, int]
    largest: tuple[float, ...]
    """The largest absolute value in each array, 0 if it is empty; NaN if nobody looked."""

    def empty(self, *shape: int, dtype: Any = None) -> Array:
        """Return an uninitialised output where these arrays are, 64-byte aligned on the host."""
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        if self.on_device:
            import cupy

            return cupy.empty(shape, wanted)
        return _aligned_empty(shape, wanted)

    def contiguous(self, array: Array) -> Array:
        """Return a slice or transpose of one of these arrays in C order; a copy if it is not."""
        return _as_contiguous(array, self.dtype, self.on_device)


def admit(**arguments: tuple[Any, str]) -> Admitted:
    """Admit array arguments.

    Args:
        **arguments: name = (value, shape); shape names the dimensions by letters, as in "n d", and
            the same letter means the same length.

    Returns:
        The arrays: float32 if all are float32 (or float16, bfloat16), else float64.

    Raises:
        TypeError: a dtype that is no real number of at most 64 bits, or no array at all.
        ValueError: a wrong number of dimensions, lengths that differ, d = 0, NaN or infinity.
    """
    values = {name: value for name, (value, _) in arguments.items()}
    on_device = refuse_mixed_places(**values)
    reals = {
        name: (_device_real(name, value) if on_device else _host_real(name, value))
        for name, value in values.items()
    }
    lengths: dict[str, tuple[int, str]] = {}
    for name, (_, shape) in arguments.items():
        _check_shape(name, reals[name], shape.split(), lengths)
    dtype = SINGLE if all(array.dtype.char == "f" for array in reals.values()) else DOUBLE
    admitted = Admitted(_as_contiguous(array, dtype, on_device) for array in reals.values())
    admitted.dtype = dtype
    admitted.on_device = on_device
    admitted.lengths = {letter: length for letter, (length, _) in lengths.items()}
    admitted.largest = largest_of(tuple(arguments), admitted)
    return admitted


def refuse_mixed_places(**values: Any) -> bool:
    """Tell whether arguments are on the device, or are moved there.

    Raises:
        TypeError: one is on a CUDA device and another on the host, in a call that moves none.
    """
    for name, value in values.items():
        if getattr(value, "requires_grad", False):
            raise TypeError(f"{name} is a tensor that requires grad; pass {name}.detach()")
    device = [name for name, value in values.items() if is_device_array(value)]
    if moved() is None and 0 < len(device) < len(values):
        host = next(name for name in values if name not in device)
        raise TypeError(
            f"{device[0]} is on a CUDA device and {host} is on the host; "
            "pyntk never copies between them: cupy.asarray or cupy.asnumpy does"
        )
    return moved() is not None or bool(device)


def admit_out(out: Any, shape: tuple[int, ...], inputs: Admitted, **arguments: Any) -> Array:
    """Admit ``out=``, or allocate it if None; raise ValueError before anything is computed.

    Args:
        out: what the user passed.
        shape: of the result.
        inputs: the admitted arrays; ``out`` has their dtype and place.
        **arguments: the arrays as the user passed them; ``out`` may not share their memory.
    """
    if out is None:
        return inputs.empty(*shape)
    call = moved()
    on_device = inputs.on_device and call is None
    if on_device != is_device_array(out) or not (on_device or type(out) in _HOST_ARRAYS):
        raise TypeError(f"out must be an array beside the inputs, not {type(out).__name__}")
    if out.dtype != inputs.dtype or not out.dtype.isnative:
        raise ValueError(f"out must have dtype {inputs.dtype}, not {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out must have shape {shape}, not {out.shape}")
    if not out.flags.c_contiguous:
        raise ValueError("out must be C-contiguous")
    if not on_device and not out.flags.writeable:
        raise ValueError("out is read-only")
    if not on_device and not out.flags.aligned:
        raise ValueError("out is not aligned to its dtype")
    for name, value in arguments.items():
        if _may_share_memory(out, value):
            raise ValueError(f"out overlaps {name}")
    return out if call is None else call.stands_for(inputs.empty(*shape), out)


def _may_share_memory(out: Array, value: Any) -> bool:
    if isinstance(out, np.ndarray):
        return isinstance(value, np.ndarray) and np.may_share_memory(out, value)
    import cupy

    return isinstance(value, cupy.ndarray) and bool(cupy.may_share_memory(out, value))


_HOST_ARRAYS: Final = (np.ndarray, np.memmap)


def _device_real(name: str, value: Any) -> Array:
    """Return a CuPy array over the same device memory, or one that host memory was moved to."""
    from pyntk.dispatch import load

    load("cuda")
    import cupy

    if not is_device_array(value):
        host = _host_real(name, value)
        require(f"{name} on the device", host.nbytes, on_device=True)
        return cupy.asarray(host)
    array = cupy.asarray(value)
    if array.device.id != (current := cupy.cuda.runtime.getDevice()):
        raise ValueError(
            f"{name} is on CUDA device {array.device.id}, but another argument on {current}"
        )
    return _real(name, array)


def _host_real(name: str, value: Any) -> Any:
    """Return a NumPy array of float32 or float64 with the same values."""
    if type(value) is np.ndarray:
        return _real(name, value)
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array; pass {name}.filled(...) or drop the masked rows"
        )
    if value is None:
        raise TypeError(f"{name} must be an array, not None")
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} is no array: {error}") from None
    return _real(name, array)


def _real(name: str, array: Any) -> Any:
    """Convert to float32 or float64 where that changes no value; raise TypeError elsewhere."""
    dtype = array.dtype
    if dtype.char in "fd":
        return array
    if dtype == np.float16 or dtype.name == "bfloat16":
        require(f"{name} as float32", 4 * array.size, on_device=is_device_array(array))
        return array.astype(np.float32)
    if dtype.kind in "iub":
        if dtype.itemsize == 8 and array.size:
            low, high = int(array.min()), int(array.max())
            if low < -LARGEST_INTEGER or high > LARGEST_INTEGER:
                raise ValueError(f"{name} has an integer beyond 2^53, which float64 cannot hold")
        require(f"{name} as float64", 8 * array.size, on_device=is_device_array(array))
        return array.astype(np.float64)
    raise TypeError(f"{name} must hold real numbers of at most 64 bits, not dtype {dtype}")


def _check_shape(
    name: str, array: Any, letters: list[str], lengths: dict[str, tuple[int, str]]
) -> None:
    """Check the number of dimensions, and each length against its letter's."""
    shape = "(" + ", ".join(letters) + ("," if len(letters) == 1 else "") + ")"
    if array.ndim != len(letters):
        hint = ""
        if array.ndim == 1 and len(letters) == 2:
            hint = f"; a single row is {name}[None, :], a single column {name}[:, None]"
        raise ValueError(
            f"{name} must have shape {shape}, but has {array.ndim} dimension(s): "
            f"{array.shape}{hint}"
        )
    for letter, length in zip(letters, array.shape, strict=True):
        expected, where = lengths.setdefault(letter, (length, name))
        if length != expected:
            raise ValueError(
                f"{name} must have shape {shape} with {letter} = {expected} as in {where}, "
                f"but has {letter} = {length}: {array.shape}"
            )
        if letter == "d" and length == 0:
            raise ValueError(f"{name} must have shape {shape} with d >= 1, not {array.shape}")


def _as_contiguous(array: Any, dtype: np.dtype[Any], on_device: bool) -> Any:
    """Return the array itself if a kernel can take it, else a copy."""
    flags = array.flags
    if on_device:
        import cupy

        if array.dtype != dtype or not flags.c_contiguous:
            require("a contiguous copy", array.size * dtype.itemsize, on_device=True)
        return cupy.ascontiguousarray(array, dtype)
    if array.dtype == dtype and flags.c_contiguous and flags.aligned:
        return array if type(array) is np.ndarray else array.view(np.ndarray)
    require("a contiguous copy", array.size * dtype.itemsize)
    return np.require(array, dtype, ["C", "A"]).view(np.ndarray)


def _aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return ``np.empty(shape, dtype)`` that begins on a 64-byte boundary."""
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return np.ndarray(shape, dtype, raw, start)


def to_host(array: Array) -> Array:
    """Return an array of either place as a NumPy array; a copy where it is on a device."""
    if isinstance(array, np.ndarray):
        return array
    import cupy

    return cupy.asnumpy(array)
