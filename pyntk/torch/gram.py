"""The kernel matrix as a PyTorch operator, and its gradients as another."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pyntk.gram import ntk_gram as gram_of_arrays
from pyntk.passes import gram_gradients
from pyntk.recipe import Trained, admit_recipe
from pyntk.torch.memory import check_tensors, run


def ntk_gram(
    X: Tensor,
    Z: Tensor | None = None,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    threads: int | None = None,
) -> Tensor:
    """Return the kernel matrix of :func:`pyntk.ntk_gram`, differentiable in X and Z.

    The gradients are those of :func:`pyntk.ntk_vjp`: computed in float64, never NaN, 0 for the term
    of the angle where it is 0 or pi. There are no second derivatives.

    Args:
        X: (n, d).
        Z: (p, d), or None for Z = X.
        trained: as for :func:`pyntk.ntk_gram`, like the rest.
        depth: L from 1 to 1,000,000, the number of hidden ReLU layers.
        weight_variance: of every layer.
        bias_variance: of every layer.
        threads: at most so many CPU threads; None means every CPU this process may use.

    Returns:
        (n, n) or (n, p) tensor.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an argument (or, on the way back, in the
            gradient of the matrix), a parameter out of its range.
        TypeError: an argument that is no tensor of float32 or float64; dtypes or devices that
            differ.
        MemoryError: more memory is needed than is available.
        RuntimeError: on the way back, if second derivatives are asked for.

    Warns:
        RuntimeWarning: an entry is beyond the range of its dtype.
    """
    check_tensors(X=X, Z=Z)
    admit_recipe(trained, depth, weight_variance, bias_variance, None)
    variances = float(weight_variance), float(bias_variance)
    result: Tensor = _gram(X, Z, trained, int(depth), *variances, threads)
    return result


_RECIPE = "str trained, int depth, float weight_variance, float bias_variance, int? threads"


@torch.library.custom_op(
    "pyntk::ntk_gram", mutates_args=(), schema=f"(Tensor X, Tensor? Z, {_RECIPE}) -> Tensor"
)
def _gram(X: Tensor, Z: Tensor | None, *how: Any) -> Tensor:
    K = _like_gram(X, Z)
    run(_write_gram, X, Z, K, *how)
    return K


def _write_gram(
    X: Any, Z: Any, K: Any, trained: Trained, depth: int, weight_variance: float,
    bias_variance: float, threads: int | None,
) -> None:  # fmt: skip
    gram_of_arrays(
        X, Z, trained=trained, depth=depth, weight_variance=weight_variance,
        bias_variance=bias_variance, threads=threads, out=K,
    )  # fmt: skip


@_gram.register_fake
def _like_gram(X: Tensor, Z: Tensor | None, *how: Any) -> Tensor:
    other = X if Z is None else Z
    check_tensors(X=X, Z=Z)
    for name, tensor in (("X", X), ("Z", other)):
        if tensor.ndim != 2:
            raise ValueError(f"{name} must have two dimensions, not {tensor.ndim}")
    if X.shape[1] != other.shape[1]:
        raise ValueError(f"X has {X.shape[1]} columns and Z has {other.shape[1]}")
    return X.new_empty((X.shape[0], other.shape[0]))


@torch.library.custom_op(
    "pyntk::ntk_gram_gradients",
    mutates_args=(),
    schema=f"(Tensor X, Tensor? Z, Tensor G, bool[] wanted, {_RECIPE}) -> Tensor[]",
)
def _gradients(
    X: Tensor, Z: Tensor | None, G: Tensor, wanted: Sequence[bool], *how: Any
) -> list[Tensor]:
    """Return those of the gradients of sum_ij G_ij K_ij that are wanted: of X, Z."""
    gradients: list[Tensor] = _like_gradients(X, Z, G, wanted)
    found = iter(gradients)
    dX, dZ = (next(found) if asked else None for asked in wanted)
    trained, depth, weight_variance, bias_variance, threads = how
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, None)
    run(gram_gradients, recipe, threads, X, Z, G, dX=dX, dZ=dZ)
    return gradients


@_gradients.register_fake
def _like_gradients(
    X: Tensor, Z: Tensor | None, G: Tensor, wanted: Sequence[bool], *how: Any
) -> list[Tensor]:
    check_tensors(X=X, Z=Z, grad_output=G)
    return [
        tensor.new_empty(tensor.shape)
        for tensor, asked in zip((X, Z), wanted, strict=True)
        if asked and tensor is not None
    ]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    X, Z, *ctx.how = inputs
    ctx.save_for_backward(X, Z)


def _backward(ctx: Any, G: Tensor) -> tuple[Any, ...]:
    wanted = list(ctx.needs_input_grad[:2])
    found = iter(_gradients(*ctx.saved_tensors, G, wanted, *ctx.how))
    return *(next(found) if asked else None for asked in wanted), *(None for _ in ctx.how)


_gram.register_autograd(_backward, setup_context=_keep)


def _no_second_derivatives(ctx: Any, *unused: Any) -> None:
    raise RuntimeError(
        "pyntk.torch.ntk_gram has no second derivatives: its gradients cannot be differentiated"
    )


_gradients.register_autograd(_no_second_derivatives)
