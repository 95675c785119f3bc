"""The parameters of a network as attributes that keep their place."""

from collections.abc import Callable
from typing import Any

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.places import placed


class Parameter:
    """An array of a network. Assigning another writes its numbers into it, rounded to its dtype.

    So ``net.W -= step`` and ``net.W = net.W - step`` leave the same network, and what kernels take
    is the memory that users see.

    Args:
        letters: its shape; it may have fewer dimensions.
        view: finds the array in a network; None where the network has no such parameter.
    """

    def __init__(self, letters: str, view: Callable[[Any], Array]):
        self._letters, self._view = letters.split(), view

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, network: Any, owner: type | None = None) -> Array:
        return self if network is None else self._view(network)

    def __set__(self, network: Any, value: Any) -> None:
        name, target = self._name, self._view(network)
        if target is None:
            if value is None:
                return
            raise ValueError(f"{name} cannot be set: the network was made without it")
        if type(value) is type(target) and _place(value) == _place(target):
            return  # what net.W -= ... assigns after it has written
        _write(network, value, self)

    def write(self, network: Any, value: Any) -> None:
        """Write a value into the array of a network, where that is."""
        name, target = self._name, self._view(network)
        if not target.ndim:  # the one output bias; NumPy's -= makes a number of it
            target[...] = float(admit(**{name: (value, "")})[0])
            return
        letters = " ".join(self._letters[: target.ndim])
        # The slice without entries brings the place to compare with, and no numbers.
        _, given = admit(
            network=(target[:0], letters.translate(_OTHER)), **{name: (value, letters)}
        )
        if given.shape != target.shape:
            raise ValueError(f"{name} must have shape {target.shape}, not {given.shape}")
        target[...] = given


@placed
def _write(net: Any, value: Any, parameter: Parameter) -> None:
    """Write a value into a parameter; see :func:`placed`."""
    parameter.write(net, value)


_OTHER = str.maketrans("mkd", "xyz")


def _place(array: Array) -> tuple[Any, ...]:
    interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    return interface["data"][0], array.shape, array.strides
