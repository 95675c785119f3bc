"""The passes that other frameworks embed: kernels on memory that somebody else owns.

A framework knows the shapes, allocates the results and asks for gradients one by one. Admission,
the choice of the backend, the column of ones of a bias and the exchanged roles of samples and
neurons are here, once for :mod:`pyntk.torch` and :mod:`pyntk.jax`.

Arrays are NumPy arrays, or CuPy arrays, all float32 or all float64; results are C-contiguous and
aligned.
"""

from typing import Any, NamedTuple

import numpy as np

from pyntk.activation import admit_activation, relu
from pyntk.arrays import admit
from pyntk.contract import Activation, Array, Recipe
from pyntk.dispatch import choose, kernel
from pyntk.memory import packed_bytes, require
from pyntk.overflow import warn_if_infinite
from pyntk.scalars import admit_number
from pyntk.threads import admit_threads


class Layer(NamedTuple):
    """What the two-layer passes take besides arrays; hashable."""

    activation: Activation
    scale: float | None
    threads: int | None
    check_finite: bool


def admit_layer(
    scale: Any, activation: Any, derivative_at_zero: Any, threads: Any, check_finite: Any
) -> Layer:
    """Return the layer that the arguments of a user describe, which TwoLayer explains."""
    if activation is None:
        sigma = relu(derivative_at_zero=0 if derivative_at_zero is None else derivative_at_zero)
    elif derivative_at_zero is None:
        sigma = admit_activation(activation)
    else:
        raise ValueError(
            "derivative_at_zero is that of the default ReLU; an activation brings its own"
        )
    if threads is not None:
        admit_threads(threads)
    factor = None if scale is None else admit_number("scale", scale)
    return Layer(sigma, factor, threads, bool(check_finite))


def check_shapes(X: Any, W: Any, b: Any, A: Any) -> None:
    """Raise ValueError unless the shapes are (n, d), (m, d), (m,) and (m, k), m and d >= 1.

    Looks at shapes alone, so that arrays without numbers, as a compiler traces them, will do.
    """
    lengths: dict[str, Any] = {}
    for name, (array, shape) in _named(X, W, b, A).items():
        letters = shape.split()
        if len(array.shape) != len(letters):
            raise ValueError(f"{name} must have shape ({shape}), not {tuple(array.shape)}")
        for letter, length in zip(letters, array.shape, strict=True):
            if lengths.setdefault(letter, length) != length:
                raise ValueError(
                    f"{name} must have {letter} = {lengths[letter]} in its shape ({shape}), "
                    f"not {tuple(array.shape)}"
                )
    if lengths["d"] == 0:
        raise ValueError("X must have at least one column")
    if lengths["m"] == 0:
        raise ValueError("W must have at least one row")


def outputs(layer: Layer, X: Array, W: Array, b: Array, A: Array, F: Array) -> None:
    """Write F_ik = scale sum_r A_rk sigma(w_r.x_i + b_r): b (m,) or None, A (m, k), F (n, k)."""
    check_shapes(X, W, b, A)
    if layer.check_finite:
        admit(**_named(X, W, b, A))
    X, W = _with_ones(X, W, b)
    _run("two_layer_forward", layer, W.shape[0], X=X, W=W, A=_ready(A), F=F)
    if layer.check_finite:
        warn_if_infinite(F, "an output of the network", stacklevel=3)


def data_gradient(
    layer: Layer, X: Array, W: Array, b: Array, A: Array, G: Array, dX: Array
) -> None:
    """Write dX (n, d), the gradient of sum_ik G_ik F_ik with respect to X.

    The other arrays were those of :func:`outputs`, which checked them; only G (n, k) is new.
    """
    _check_weights(layer, X, A, G)
    if not X.shape[0]:
        return  # kernels take one neuron at least, and the samples play the neurons here
    d, m = X.shape[1], W.shape[0]
    X, W = _with_ones(X, W, b)
    written = dX if b is None else _empty(X.shape, X)
    roles = {"X": W, "W": X, "A": _ready(G), "G": _ready(A)}
    _run("two_layer_gradient", layer, m, **roles, dW=written)
    if written is not dX:
        dX[...] = written[:, :d]


def weight_gradients(
    layer: Layer, X: Array, W: Array, b: Array, A: Array, G: Array,
    dW: Array = None, db: Array = None, dA: Array = None,
) -> None:  # fmt: skip
    """Write those of dW (m, d), db (m,) and dA (m, k) that are given, as data_gradient does."""
    _check_weights(layer, X, A, G)
    if not X.shape[0]:
        for gradient in (dW, db, dA):
            if gradient is not None:
                gradient[...] = 0
        return
    d, m = X.shape[1], W.shape[0]
    X, W = _with_ones(X, W, b)
    G = _ready(G)
    if dW is not None or db is not None:
        written = dW if b is None else _empty(W.shape, W)
        _run("two_layer_gradient", layer, m, X=X, W=W, A=_ready(A), G=G, dW=written)
        if dW is not None and written is not dW:
            dW[...] = written[:, :d]
        if db is not None:
            db[...] = written[:, d]
    if dA is not None:
        _run("two_layer_forward", layer, m, X=W, W=X, A=G, F=dA)


def gram_gradients(
    recipe: Recipe, threads: int | None, X: Array, Z: Array, G: Array,
    dX: Array = None, dZ: Array = None,
) -> None:  # fmt: skip
    """Write those of the gradients of sum_ij G_ij k(x_i, z_j) that are given.

    Z None is the symmetric matrix K(X, X), both of whose arguments move with X.
    """
    other = X if Z is None else Z
    sizes = X.shape[0], other.shape[0]
    if G.shape != sizes:
        raise ValueError(f"grad_output must have shape {sizes}, not {G.shape}")
    inputs = admit(grad_output=(G, "n p"))
    backend, width = choose(None, inputs.on_device), inputs.dtype.itemsize
    needed = inputs[0].size * width + packed_bytes(backend, recipe, 8, X.shape[1], *sizes)
    require("the gradient of ntk_gram", needed, on_device=inputs.on_device)
    how = {"recipe": recipe, "threads": admit_threads(threads)}
    run, x, z, g = kernel("ntk_vjp", backend), _ready(X), _ready(other), inputs[0]
    if dX is not None:
        run(X=x, Z=z, G=g + g.T if Z is None else g, dX=dX, **how)
        warn_if_infinite(dX, "an entry of the gradient", stacklevel=3)
    if dZ is not None:
        run(X=z, Z=x, G=inputs.contiguous(g.T), dX=dZ, **how)
        warn_if_infinite(dZ, "an entry of the gradient", stacklevel=3)


def _named(X: Any, W: Any, b: Any, A: Any) -> dict[str, tuple[Any, str]]:
    """Return the arguments of the layer and their shapes, as users know them."""
    given = {"X": (X, "n d"), "W": (W, "m d"), "b": (b, "m"), "a": (A, "m k")}
    return {name: pair for name, pair in given.items() if pair[0] is not None}


def _check_weights(layer: Layer, X: Array, A: Array, G: Array) -> None:
    """Raise ValueError unless G, the gradient of the outputs, is (n, k), and finite if asked."""
    if G.shape != (X.shape[0], A.shape[1]):
        raise ValueError(f"grad_output must have shape {(X.shape[0], A.shape[1])}, not {G.shape}")
    if layer.check_finite:
        admit(grad_output=(G, "n k"))


def _with_ones(X: Array, W: Array, b: Array) -> tuple[Array, Array]:
    """Return X with a column of ones beside it and (W, b); or X and W where there is no bias."""
    if b is None:
        return _ready(X), _ready(W)
    beside = []
    for array, column in ((X, 1), (W, b)):
        n, d = array.shape
        needed = n * (d + 1) * array.dtype.itemsize
        require("a column beside X or W", needed, on_device=_on_device(array))
        joined = _empty((n, d + 1), array)
        joined[:, :d], joined[:, d] = array, column
        beside.append(joined)
    return beside[0], beside[1]


def _run(name: str, layer: Layer, m: int, **arrays: Array) -> None:
    backend = choose(None, _on_device(arrays["X"]))
    kernel(name, backend)(
        **arrays,
        activation=layer.activation,
        scale=m**-0.5 if layer.scale is None else layer.scale,
        threads=admit_threads(layer.threads),
    )


def _on_device(array: Array) -> bool:
    return not isinstance(array, np.ndarray)


def _ready(array: Array) -> Array:
    """Return the array itself if a kernel can take it, else a copy in C order."""
    if _on_device(array):
        import cupy

        return cupy.ascontiguousarray(array)
    return np.require(array, requirements=["C", "A"])


def _empty(shape: tuple[int, ...], beside: Array) -> Array:
    if _on_device(beside):
        import cupy

        return cupy.empty(shape, beside.dtype)
    return np.empty(shape, beside.dtype)
