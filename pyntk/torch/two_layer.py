"""The two-layer network as a PyTorch operator, and its gradients as another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pyntk.contract import Activation
from pyntk.passes import (
    Layer,
    admit_layer,
    check_shapes,
    data_gradient,
    outputs,
    weight_gradients,
)
from pyntk.torch.memory import check_tensors, run


def two_layer(
    X: Tensor,
    W: Tensor,
    a: Tensor,
    b: Tensor | None = None,
    c: Tensor | None = None,
    *,
    scale: float | None = None,
    activation: Activation | None = None,
    derivative_at_zero: int | None = None,
    threads: int | None = None,
    check_finite: bool = True,
) -> Tensor:
    """Return f_k(x) = scale sum_r a_rk sigma(w_r.x + b_r) + c_k for the rows x of X.

    The pre-activations are never stored, neither for the outputs nor for the gradients, so memory
    does not grow with n times m. Only the gradients that autograd asks for are computed; there are
    no second derivatives. A gradient at a knot of sigma is that of ``derivative_at_zero``.

    Args:
        X: (..., d) data.
        W: (m, d) first-layer weights, m >= 1.
        a: (m,) second-layer weights, or (m, outputs).
        b: (m,) biases of the first layer, or None.
        c: output bias, () or (outputs,), or None.
        scale: factor of the outputs; None means m^-1/2.
        activation: sigma: ``pyntk.activation.relu()`` (the default), ``leaky_relu(slope)``, or
            ``piecewise_linear(knots, values)``.
        derivative_at_zero: of the default ReLU, 0 (the default) or 1.
        threads: at most so many CPU threads; None means every CPU this process may use. No bit
            depends on it.
        check_finite: False leaves out the search for NaN and infinity: one pass over every
            argument, which is felt where X has few rows.

    Returns:
        (...) tensor, or (..., outputs) if a has two dimensions.

    Raises:
        ValueError: wrong shapes; NaN or infinity in an argument, or in the gradient of the outputs
            on the way back.
        TypeError: an argument that is no tensor of float32 or float64; dtypes or devices that
            differ.
        RuntimeError: on the way back, if second derivatives are asked for.

    Warns:
        RuntimeWarning: an output is beyond the range of its dtype.
    """
    check_tensors(X=X, W=W, a=a, b=b, c=c)
    layer = admit_layer(scale, activation, derivative_at_zero, threads, check_finite)
    if a.ndim not in (1, 2):
        raise ValueError(f"a must have shape (m) or (m k), not {tuple(a.shape)}")
    if X.ndim == 0 or X.shape[-1] == 0:
        raise ValueError("X must have at least one dimension and one column")
    if c is not None and c.shape != a.shape[1:]:
        raise ValueError(f"c must have shape {tuple(a.shape[1:])}, not {tuple(c.shape)}")
    A = a if a.ndim == 2 else a[:, None]
    F = _two_layer(X.reshape(-1, X.shape[-1]), W, b, A, *_flat(layer))
    F = F.reshape(X.shape[:-1] + a.shape[1:])
    return F if c is None else F + c


_LAYER = (
    "float? scale, float[] knots, float[] slopes, float value, bool right, "
    "int? threads, bool check_finite"
)
"""A Layer in the types that operators take."""


def _flat(layer: Layer) -> tuple[Any, ...]:
    sigma = layer.activation
    knots, slopes = list(sigma.knots), list(sigma.slopes)
    return (
        layer.scale, knots, slopes, sigma.value, sigma.right, layer.threads, layer.check_finite,
    )  # fmt: skip


def _layer(
    scale: float | None, knots: Sequence[float], slopes: Sequence[float], value: float,
    right: bool, threads: int | None, check_finite: bool,
) -> Layer:  # fmt: skip
    sigma = Activation(tuple(knots), tuple(slopes), value, right)
    return Layer(sigma, scale, threads, check_finite)


@torch.library.custom_op(
    "pyntk::two_layer",
    mutates_args=(),
    schema=f"(Tensor X, Tensor W, Tensor? b, Tensor A, {_LAYER}) -> Tensor",
)
def _two_layer(X: Tensor, W: Tensor, b: Tensor | None, A: Tensor, *how: Any) -> Tensor:
    F = _like_outputs(X, W, b, A)
    run(outputs, _layer(*how), X, W, b, A, F)
    return F


@_two_layer.register_fake
def _like_outputs(X: Tensor, W: Tensor, b: Tensor | None, A: Tensor, *how: Any) -> Tensor:
    check_tensors(X=X, W=W, b=b, a=A)
    check_shapes(X, W, b, A)
    return X.new_empty((X.shape[0], A.shape[1]))


@torch.library.custom_op(
    "pyntk::two_layer_gradients",
    mutates_args=(),
    schema=f"(Tensor X, Tensor W, Tensor? b, Tensor A, Tensor G, bool[] wanted, {_LAYER}) "
    "-> Tensor[]",
)
def _gradients(
    X: Tensor, W: Tensor, b: Tensor | None, A: Tensor, G: Tensor, wanted: Sequence[bool], *how: Any
) -> list[Tensor]:
    """Return those of the gradients of sum_ik G_ik F_ik that are wanted: of X, W, b, A."""
    gradients: list[Tensor] = _like_gradients(X, W, b, A, G, wanted)
    found = iter(gradients)
    dX, dW, db, dA = (next(found) if asked else None for asked in wanted)
    if dX is not None:
        run(data_gradient, _layer(*how), X, W, b, A, G, dX)
    if dW is not None or db is not None or dA is not None:
        run(weight_gradients, _layer(*how), X, W, b, A, G, dW=dW, db=db, dA=dA)
    return gradients


@_gradients.register_fake
def _like_gradients(
    X: Tensor, W: Tensor, b: Tensor | None, A: Tensor, G: Tensor, wanted: Sequence[bool], *how: Any
) -> list[Tensor]:
    check_tensors(X=X, W=W, b=b, a=A, grad_output=G)
    check_shapes(X, W, b, A)
    return [
        tensor.new_empty(tensor.shape)
        for tensor, asked in zip((X, W, b, A), wanted, strict=True)
        if asked and tensor is not None
    ]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    X, W, b, A, *ctx.how = inputs
    ctx.save_for_backward(X, W, b, A)


def _backward(ctx: Any, G: Tensor) -> tuple[Any, ...]:
    wanted = list(ctx.needs_input_grad[:4])
    found = iter(_gradients(*ctx.saved_tensors, G, wanted, *ctx.how))
    return *(next(found) if asked else None for asked in wanted), *(None for _ in ctx.how)


_two_layer.register_autograd(_backward, setup_context=_keep)


def _no_second_derivatives(ctx: Any, *unused: Any) -> None:
    raise RuntimeError(
        "pyntk.torch.two_layer has no second derivatives: its gradients cannot be differentiated"
    )


_gradients.register_autograd(_no_second_derivatives)
