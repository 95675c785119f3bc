"""Where the arrays of a call live, settled once, before anything else happens.

A public function under ``@placed`` takes arrays on the host or on a CUDA device, and returns the
same kind: NumPy's, CuPy's, PyTorch's or JAX's. Below it arrays are NumPy's or CuPy's. On a device
the arrays' own is then the current one, and CuPy's current stream is the caller's, so what a call
does is done in the order of that stream.
"""

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, ParamSpec, TypeVar, cast

import numpy as np

from pyntk.contract import Array
from pyntk.device_libraries import Library, library_of
from pyntk.dispatch import load, named

P = ParamSpec("P")
R = TypeVar("R")


class Moved:
    """A call whose host arrays are moved to the device, and whose results come back."""

    def __init__(self) -> None:
        self._outputs: list[tuple[Array, Array]] = []

    def stands_for(self, on_device: Array, host: Array) -> Array:
        """Return the array on the device; what is in it at the end is copied to the host's."""
        self._outputs.append((on_device, host))
        return on_device

    def returned(self, array: Array) -> Array:
        """Return a result on the host: in the array that the caller gave for it, if any."""
        import cupy

        for on_device, host in self._outputs:
            if array is on_device:
                cupy.asnumpy(array, out=host)
                return host
        return cupy.asnumpy(array)


_moved: ContextVar[Moved | None] = ContextVar("pyntk_moved", default=None)


def moved() -> Moved | None:
    """Return the call that moves host arrays, if we are in one."""
    return _moved.get()


def is_device_array(value: Any) -> bool:
    """Tell whether a value is an array on a CUDA device."""
    if type(value) in _NO_DEVICE_ARRAYS:
        return False
    if getattr(value, "requires_grad", False):
        return False  # a tensor that refuses the interface; arrays.py says what to call
    return hasattr(value, "__cuda_array_interface__")


def goes_to_device(value: Any) -> bool:
    """Tell whether a value is on a device, or is moved there."""
    return _moved.get() is not None or is_device_array(value)


_NO_DEVICE_ARRAYS: Final = {np.ndarray, str, int, float, bool, slice, type(None), dict}
_FEW: Final = 4


def placed(function: Callable[P, R]) -> Callable[P, R]:
    """Let a public function take arrays of every kind; see the module.

    Host arrays are moved to the device where ``backend="cuda"``, or the network's own backend, or
    PYNTK_BACKEND asks for it.
    """
    names = tuple(inspect.signature(function).parameters)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        values = (*args, *kwargs.values())
        given: dict[str, Any] = {}
        if not all(type(value) in _NO_DEVICE_ARRAYS for value in values):
            given.update(_device_arrays(zip((*names[: len(args)], *kwargs), values, strict=True)))
        subject = args[0] if args else kwargs.get("net")
        network = subject if isinstance(subject, Placed) else None
        if given:
            if network is not None and network.on_device:
                given["the network"] = network.W
            return _on_their_device(function, given, args, kwargs)
        backend = kwargs.get("backend") or (network.named_backend if network else None)
        if named(cast("str | None", backend)) == "cuda":
            return _on_the_device(function, network, args, kwargs)
        if network is not None and network.on_device:
            return _on_their_device(function, {"the network": network.W}, args, kwargs)
        return function(*args, **kwargs)

    return call


class Placed:
    """A network whose parameters have a place: methods under ``@placed`` run there."""

    W: Any
    on_device = False
    named_backend: str | None = None
    """The backend that was asked for; if it is "cuda", host arrays are moved."""


def _device_arrays(arguments: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and value of each array on a device, those in tuples and short lists too."""
    for name, value in arguments:
        if _may_hold_arrays(value):
            yield from _device_arrays((f"{name}[{i}]", part) for i, part in enumerate(value))
        elif is_device_array(value):
            yield name, value


def _on_their_device(
    function: Callable[..., R], given: dict[str, Any], args: Any, kwargs: Any
) -> R:
    """Call a function with CuPy arrays in place of the given ones, on their device and stream."""
    load("cuda")  # says what is missing where the backend is absent
    libraries = {name: library_of(value) for name, value in given.items()}
    first, library = next(iter(libraries.items()))
    device = library.device(given[first])
    for name, other in libraries.items():
        if (where := other.device(given[name])) != device:
            raise ValueError(f"{name} is on CUDA device {where}, but {first} on device {device}")
    token = _moved.set(None)
    try:
        with library.current(device), _free_bytes_told():
            taken = {id(value): libraries[name].taken(value) for name, value in given.items()}
            original = {id(taken[id(value)]): value for value in given.values()}
            result = function(
                *(_replaced(value, taken) for value in args),
                **{name: _replaced(value, taken) for name, value in kwargs.items()},
            )
            return cast("R", _converted(result, _returns(library, original)))
    finally:
        _moved.reset(token)


def _returns(library: Library, original: dict[int, Any]) -> Callable[[Array], Any]:
    """Return what makes a result of a CuPy array: the caller's own array where it is one."""
    return lambda array: original[id(array)] if id(array) in original else library.given(array)


def _replaced(value: Any, taken: dict[int, Array]) -> Any:
    if _may_hold_arrays(value):
        return type(value)(_replaced(part, taken) for part in value)
    return taken.get(id(value), value)


def _may_hold_arrays(value: Any) -> bool:
    """Tell whether this is (X, y), say; long lists are matrices."""
    return type(value) in (tuple, list) and len(value) <= _FEW


def _on_the_device(function: Callable[..., R], network: Placed | None, args: Any, kwargs: Any) -> R:
    """Call a function whose host arrays are moved to the device by ``arrays.admit``."""
    load("cuda")
    import cupy

    call = Moved()
    device = network.W.device if network and network.on_device else cupy.cuda.Device()
    token = _moved.set(call)
    try:
        with device, _free_bytes_told():
            return cast("R", _converted(function(*args, **kwargs), call.returned))
    finally:
        _moved.reset(token)


@contextmanager
def _free_bytes_told() -> Iterator[None]:
    """Have CuPy's error where memory is short say how much is free, as ours do."""
    import cupy

    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError as error:
        free, _ = cupy.cuda.runtime.memGetInfo()
        raise MemoryError(f"{error}; the CUDA device has {free} bytes free") from error


def _converted(result: Any, convert: Callable[[Array], Any]) -> Any:
    """Return a result with its CuPy arrays converted, those in tuples too."""
    if isinstance(result, tuple):
        parts = [_converted(part, convert) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return convert(result) if is_device_array(result) else result
