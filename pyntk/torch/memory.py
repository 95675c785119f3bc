"""Tensors as arrays of the same memory, and the order of what runs on a CUDA device."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pyntk.contract import Array
from pyntk.device_libraries import Library, library_of
from pyntk.dispatch import load


def check_tensors(**tensors: Tensor | None) -> None:
    """Raise TypeError unless all are dense tensors of float32 or of float64, in one place."""
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    for name, tensor in given.items():
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{name} must be a tensor, not {type(tensor).__name__}")
        if tensor.layout != torch.strided:
            raise TypeError(f"{name} must be a dense tensor, not of layout {tensor.layout}")
        if tensor.dtype not in (torch.float32, torch.float64):
            raise TypeError(
                f"{name} must be float32 or float64, not {tensor.dtype}; {name}.float() converts it"
            )
    (first, reference), *others = given.items()
    for name, tensor in others:
        if tensor.dtype != reference.dtype:
            raise TypeError(f"{name} is {tensor.dtype}, but {first} is {reference.dtype}")
        if tensor.device != reference.device:
            raise TypeError(f"{name} is on {tensor.device}, but {first} is on {reference.device}")


def run(function: Callable[..., None], *arguments: Any, **named: Any) -> None:
    """Call a function with arrays that share the memory of the tensors among its arguments.

    On a CUDA device the kernels run on PyTorch's current stream, and nobody waits.
    """
    tensors = [value for value in (*arguments, *named.values()) if isinstance(value, Tensor)]
    device = tensors[0].device
    if device.type == "cpu":
        function(*map(_on_host, arguments), **{k: _on_host(v) for k, v in named.items()})
        return
    if device.type != "cuda":
        raise NotImplementedError(f"pyntk runs on the CPU and on CUDA devices, not on {device}")
    load("cuda")  # says what is missing where the backend is absent
    library = library_of(tensors[0])
    with library.current(device.index):
        function(
            *(_on_device(library, value) for value in arguments),
            **{name: _on_device(library, value) for name, value in named.items()},
        )


def _on_host(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, Tensor) else value


def _on_device(library: Library, value: Any) -> Array:
    return library.taken(value.detach()) if isinstance(value, Tensor) else value
