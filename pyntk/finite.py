"""Whether numbers are finite, and how large they are."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np


@contextmanager
def assume_finite() -> Iterator[None]:
    """Within it, nobody looks for NaN and infinity, neither in arguments nor in results.

    For loops over arrays that are known to be finite. A call then reads its arguments once less;
    on a CUDA device it does not wait for what the stream has still to do, where otherwise one
    number per argument is awaited. What a kernel makes of NaN is not specified. The setting is that
    of the running thread or task.
    """
    token = _finite.set(True)
    try:
        yield
    finally:
        _finite.reset(token)


def is_assumed_finite() -> bool:
    """Tell whether we are within :func:`assume_finite`."""
    return _finite.get()


_finite: ContextVar[bool] = ContextVar("pyntk_assume_finite", default=False)


def largest_of(names: Sequence[str], arrays: Sequence[Any]) -> tuple[float, ...]:
    """Return the largest absolute value of each array, 0 of an empty one; NaN if nobody looks.

    Raises:
        ValueError: an entry is not finite; the message has its name and place.
    """
    if _finite.get():
        return (math.nan,) * len(names)
    largest = _sizes(arrays)
    for name, array, size in zip(names, arrays, largest, strict=True):
        if not size < math.inf:
            finite = np.isfinite(array)
            place = np.unravel_index(int((~finite).argmax()), array.shape)
            raise ValueError(f"{name}{[int(i) for i in place]} is {float(array[place])}")
    return largest


def are_finite(array: Any) -> bool:
    """Tell whether all entries are finite."""
    return math.isfinite(*_sizes([array]))


def _sizes(arrays: Sequence[Any]) -> tuple[float, ...]:
    """Return the largest absolute values without temporary arrays; from a device in one copy."""
    if not arrays or isinstance(arrays[0], np.ndarray):
        return tuple(
            max(float(array.max()), -float(array.min())) if array.size else 0.0 for array in arrays
        )
    import cupy

    extremes = cupy.zeros((2, len(arrays)))
    for i, array in enumerate(arrays):
        if array.size:
            extremes[0, i], extremes[1, i] = array.max(), array.min()
    highest, lowest = cupy.asnumpy(extremes)
    return tuple(map(float, np.maximum(highest, -lowest)))
