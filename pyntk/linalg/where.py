"""Where a solver works: on the host with NumPy, or on a CUDA device with CuPy.

NumPy's functions on CuPy's arrays are CuPy's. Here is what that leaves open: arrays that are made
from nothing or moved, and the few numbers that decide what is done next, which come to the host. On
a device each of these waits for the stream: once or a few times a step. Nothing as long as a vector
comes to the host. Random vectors are drawn on the host and moved, so that a seed means the same
numbers everywhere.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.interruptible import interruptible
from pyntk.memory import device_available
from pyntk.places import is_device_array


@dataclass(frozen=True)
class Place:
    """The host, or the current CUDA device and stream of CuPy."""

    on_device: bool

    @property
    def xp(self) -> Any:
        """The module that makes arrays here: numpy or cupy."""
        if not self.on_device:
            return np
        import cupy

        return cupy

    def moved(self, array: Array) -> Array:
        """Return a NumPy array here: itself, or a copy on the device."""
        return self.xp.asarray(array) if self.on_device else array

    def contiguous(self, array: Array, dtype: Any = np.float64) -> Array:
        """Return an array of this place in C order; a copy if it is not."""
        made: Array = self.xp.ascontiguousarray(array, dtype)
        return made

    def run(self, work: Callable[[], None]) -> None:
        """Run LAPACK on buffers of its own: Ctrl-C does not wait for it on the host."""
        if self.on_device:
            work()  # CuPy's current device and stream are this thread's
        else:
            interruptible(work)

    def checked(self) -> AbstractContextManager[Any]:
        """Raise numpy.linalg.LinAlgError where cuSOLVER fails, as NumPy does."""
        if not self.on_device:
            return nullcontext()
        import cupyx

        checked: AbstractContextManager[Any] = cupyx.errstate(linalg="raise")
        return checked

    def wait(self) -> None:
        """Wait for what was asked for, to know how long it takes."""
        if self.on_device:
            self.xp.cuda.get_current_stream().synchronize()

    def available(self, host: Callable[[], tuple[int, str]]) -> tuple[int, str]:
        """Return the bytes that are free here, and whose limit it is; ``host`` for the host's."""
        return device_available() if self.on_device else host()


HOST: Final = Place(on_device=False)
DEVICE: Final = Place(on_device=True)


def place_of(array: Array) -> Place:
    """Return where an admitted array is."""
    return DEVICE if is_device_array(array) else HOST


def refuse_other_place(name: str, on_device: bool, place: Place, argument: str) -> None:
    """Raise TypeError if an argument is not where another one is."""
    if on_device != place.on_device:
        there, here = (name, argument) if on_device else (argument, name)
        raise TypeError(
            f"{there} is on a CUDA device and {here} is on the host; "
            "pyntk never copies between them: cupy.asarray or cupy.asnumpy does"
        )


def largest(A: Array, least: float = 0.0) -> float:
    """Return the largest absolute value, but at least ``least``; NaN if there is a NaN."""
    if not A.size:
        return least
    if not is_device_array(A):  # without a temporary array
        return max(float(A.max()), -float(A.min()), least)
    return max(float(abs(A).max()), least)


def column_sizes(A: Array) -> Array:
    """Return the largest absolute value in each column of A (n, k), 0 if there are no rows."""
    if not A.size:
        return np.zeros_like(A, shape=A.shape[1:])
    sizes: Array = np.abs(A).max(axis=0)
    return sizes


def norms(R: Array) -> Array:
    """Return the norms of the columns of R (n, k)."""
    on_device = is_device_array(R)  # whose einsum may take cuBLAS for it, column by column
    squares = (R * R).sum(axis=0) if on_device else np.einsum("ij,ij->j", R, R)
    lengths: Array = np.sqrt(squares)
    return lengths
