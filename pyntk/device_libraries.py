"""The libraries whose arrays on a CUDA device are taken and returned.

Arrays are exchanged by DLPack, whose protocol orders the streams of both sides; nothing is copied.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from pyntk.contract import Array


class Library:
    """CuPy, and every library that is not named here: then results are CuPy arrays."""

    def device(self, value: Any) -> int:
        """Return the number of the device that an array is on."""
        if hasattr(value, "__dlpack_device__"):
            return int(value.__dlpack_device__()[1])
        return int(self.taken(value).device.id)

    @contextmanager
    def current(self, device: int) -> Iterator[None]:
        """Make a device the current one, and the caller's stream on it CuPy's current stream."""
        import cupy

        with cupy.cuda.Device(device):
            yield

    def taken(self, value: Any) -> Array:
        """Return an array as CuPy's, over the same memory."""
        import cupy

        return cupy.asarray(value)

    def given(self, array: Array) -> Any:
        """Return a CuPy array as the library's, over the same memory."""
        return array


class _Torch(Library):
    """PyTorch: its current stream is the caller's."""

    @contextmanager
    def current(self, device: int) -> Iterator[None]:
        import cupy

        stream = sys.modules["torch"].cuda.current_stream(device).cuda_stream
        with cupy.cuda.Device(device), _as_cupy_stream(stream, device):
            yield

    def taken(self, value: Any) -> Array:
        import cupy

        # A dtype that CuPy does not have.
        return cupy.from_dlpack(value.float() if "bfloat16" in str(value.dtype) else value)

    def given(self, array: Array) -> Any:
        return sys.modules["torch"].from_dlpack(array)


class _JAX(Library):
    """JAX: it orders its streams itself, and its arrays are in C order."""

    def taken(self, value: Any) -> Array:
        import cupy

        return cupy.from_dlpack(value)

    def given(self, array: Array) -> Any:
        import cupy
        import jax

        return jax.dlpack.from_dlpack(cupy.ascontiguousarray(array))


class _Stream:
    """A stream of another library, by the CUDA stream protocol."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._pointer


def _as_cupy_stream(pointer: int, device: int) -> Any:
    import cupy

    if hasattr(cupy.cuda.Stream, "from_external"):
        return cupy.cuda.Stream.from_external(_Stream(pointer))
    return cupy.cuda.ExternalStream(pointer, device)  # CuPy 13


_LIBRARIES: Final = {"torch": _Torch(), "jax": _JAX(), "jaxlib": _JAX()}
_CUPY: Final = Library()


def library_of(value: Any) -> Library:
    """Return the library of an array on a device."""
    return _LIBRARIES.get(type(value).__module__.partition(".")[0], _CUPY)
