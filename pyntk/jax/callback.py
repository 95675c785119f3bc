"""Kernels inside JAX programs: callbacks on JAX's own buffers, and what vmap makes of them.

Not by ``pure_callback``: it hands over copies that are made by the very threads which wait for the
callback, and on one CPU it never returns.
"""

from collections.abc import Iterator
from typing import Any, NoReturn

import jax
import numpy as np
from jax.experimental.buffer_callback import buffer_callback

from pyntk.contract import Array


def promoted(**arguments: Any) -> Iterator[Any]:
    """Return the arguments as JAX arrays of one dtype, float32 or float64; None stays."""
    arrays = {name: None if v is None else jax.numpy.asarray(v) for name, v in arguments.items()}
    dtype = jax.numpy.result_type(*(array for array in arrays.values() if array is not None))
    if dtype not in (np.float32, np.float64):
        raise TypeError(f"{', '.join(arrays)} must be float32 or float64, but promote to {dtype}")
    return (None if array is None else array.astype(dtype) for array in arrays.values())


def call(callback: Any, like: Any, *arguments: Any) -> Any:
    """Return what callback(context, results, *arguments) writes into results, which are ``like``.

    Under vmap arrays get leading axes, of length 1 where they are not mapped. Callbacks that
    compare equal are compiled once.
    """
    shapes = jax.tree.map(lambda array: jax.ShapeDtypeStruct(array.shape, array.dtype), like)
    run = jax.custom_jvp(buffer_callback(callback, shapes, vmap_method="expand_dims"))
    run.defjvp(_no_derivatives)
    return run(*arguments)


def _no_derivatives(*unused: Any) -> NoReturn:
    raise NotImplementedError("the functions of pyntk.jax have first derivatives alone, in reverse")


def on_host(*buffers: Any) -> tuple[Array, ...]:
    """Return the memory of buffers, None for None; JAX refuses buffers of other devices."""
    return tuple(None if buffer is None else np.asarray(buffer) for buffer in buffers)


def each(leading: tuple[int, ...], *arrays: tuple[Array, int]) -> Iterator[list[Array]]:
    """Yield the arrays at each index of the leading axes; an axis of length 1 stays at 0.

    Args:
        leading: their lengths.
        *arrays: each with the number of its own axes; None stays None.
    """
    for index in np.ndindex(leading):
        yield [
            array
            if array is None
            else array[
                tuple(
                    i if length > 1 else 0
                    for i, length in zip(index, array.shape[: array.ndim - own], strict=True)
                )
            ]
            for array, own in arrays
        ]


def asked(arguments: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the values, and for each an array whose length is 1 if a gradient is wanted, else 0.

    A length is known while JAX traces, and leaves the tree of what is kept for the way back as it
    is: JAX 0.6 and 0.7 fail where they meet a function again with another tree.
    """
    values = tuple(None if argument is None else argument.value for argument in arguments)
    wanted = (argument is not None and argument.perturbed for argument in arguments)
    return values, tuple(np.zeros(int(each), np.float32) for each in wanted)


def chosen(wanted: tuple[Any, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values whose gradients are wanted, and None for the others."""
    return tuple(v if flag.shape[-1] else None for flag, v in zip(wanted, values, strict=True))


def completed(gradients: tuple[Any, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the gradients with zeros, which nobody reads, for those that are not wanted."""
    return tuple(
        jax.numpy.zeros_like(value) if gradient is None and value is not None else gradient
        for gradient, value in zip(gradients, values, strict=True)
    )


def instantiated(G: Any) -> Any:
    """Return a gradient of zeros as an array."""
    if isinstance(G, jax.custom_derivatives.SymbolicZero):
        return jax.numpy.zeros(G.shape, G.dtype)
    return G
