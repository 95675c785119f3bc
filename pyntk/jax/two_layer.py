"""The two-layer network as a JAX function."""

from functools import partial
from typing import Any, NamedTuple

import jax

from pyntk.contract import Activation, Array
from pyntk.jax.callback import asked, call, chosen, completed, each, instantiated, on_host, promoted
from pyntk.passes import (
    Layer,
    admit_layer,
    check_shapes,
    data_gradient,
    outputs,
    weight_gradients,
)


def two_layer(
    X: Any,
    W: Any,
    a: Any,
    b: Any = None,
    c: Any = None,
    *,
    scale: float | None = None,
    activation: Activation | None = None,
    derivative_at_zero: int | None = None,
    threads: int | None = None,
    check_finite: bool = True,
) -> Any:
    """Return f_k(x) = scale sum_r a_rk sigma(w_r.x + b_r) + c_k for the rows x of X.

    The pre-activations are never stored, neither for the outputs nor for the gradients, so memory
    does not grow with n times m. Only the gradients that are asked for are computed. There are no
    second derivatives and no forward mode.

    Under ``vmap`` over X alone the rows of all batches are one call, for the outputs and for the
    gradient with respect to X; where the weights are mapped, or weights get a gradient for each
    batch, there is a call for each, one after the other.

    Args:
        X: (..., d) data.
        W: (m, d) first-layer weights, m >= 1.
        a: (m,) second-layer weights, or (m, outputs).
        b: (m,) biases of the first layer, or None.
        c: output bias, () or (outputs,), or None.
        scale: factor of the outputs, a constant; None means m^-1/2.
        activation: sigma: ``pyntk.activation.relu()`` (the default), ``leaky_relu(slope)``, or
            ``piecewise_linear(knots, values)``.
        derivative_at_zero: of the default ReLU, 0 (the default) or 1.
        threads: at most so many CPU threads; None means every CPU this process may use. No bit
            depends on it.
        check_finite: False leaves out the search for NaN and infinity: one pass over every
            argument, which is felt where X has few rows.

    Returns:
        (...) array, or (..., outputs) if a has two dimensions. The dtype is that which JAX promotes
        the arguments to: float32, or float64 where it is enabled.

    Raises:
        ValueError: wrong shapes.
        TypeError: arguments that promote to another dtype than float32 and float64.
        jax.errors.JaxRuntimeError: when it runs, with the ValueError that says which entry of which
            argument is NaN or infinite (without jit JAX may make a ValueError of it again); where
            the arrays are not on the CPU.
    """
    layer = admit_layer(scale, activation, derivative_at_zero, threads, check_finite)
    X, W, a, b, c = promoted(X=X, W=W, a=a, b=b, c=c)
    if a.ndim not in (1, 2):
        raise ValueError(f"a must have shape (m) or (m k), not {a.shape}")
    if X.ndim == 0 or X.shape[-1] == 0:
        raise ValueError("X must have at least one dimension and one column")
    if c is not None and c.shape != a.shape[1:]:
        raise ValueError(f"c must have shape {a.shape[1:]}, not {c.shape}")
    A = a if a.ndim == 2 else a[:, None]
    rows = X.reshape(-1, X.shape[-1])
    check_shapes(rows, W, b, A)
    F = _two_layer(layer, rows, W, b, A).reshape(*X.shape[:-1], *a.shape[1:])
    return F if c is None else F + c


class _Outputs(NamedTuple):
    """The callback that computes F; callbacks compare by value, so that JAX compiles them once."""

    layer: Layer

    def __call__(self, context: Any, F: Any, X: Any, W: Any, b: Any, A: Any) -> None:
        F, X, W, b, A = on_host(F, X, W, b, A)
        if _are_one(W, b, A) and X.shape[:-2] == F.shape[:-2]:
            F, X, W, b, A = _rows(F), _rows(X), *_single(W, b, A)
        for arrays in each(F.shape[:-2], (X, 2), (W, 2), (b, 1), (A, 2), (F, 2)):
            outputs(self.layer, *arrays)


class _DataGradient(NamedTuple):
    """The callback that computes dX."""

    layer: Layer

    def __call__(self, context: Any, dX: Any, X: Any, W: Any, b: Any, A: Any, G: Any) -> None:
        dX, X, W, b, A, G = on_host(dX, X, W, b, A, G)
        if _are_one(W, b, A) and X.shape[:-2] == G.shape[:-2] == dX.shape[:-2]:
            dX, X, G, W, b, A = _rows(dX), _rows(X), _rows(G), *_single(W, b, A)
        given = (X, 2), (W, 2), (b, 1), (A, 2), (G, 2)
        for arrays in each(dX.shape[:-2], *given, (dX, 2)):
            data_gradient(self.layer, *arrays)


class _WeightGradients(NamedTuple):
    """The callback that computes those of dW, db and dA that are not None."""

    layer: Layer

    def __call__(
        self, context: Any, gradients: Any, X: Any, W: Any, b: Any, A: Any, G: Any
    ) -> None:
        dW, db, dA, X, W, b, A, G = on_host(*gradients, X, W, b, A, G)
        leading = next(
            g.shape[: g.ndim - k] for g, k in ((dW, 2), (db, 1), (dA, 2)) if g is not None
        )
        given, results = ((X, 2), (W, 2), (b, 1), (A, 2), (G, 2)), ((dW, 2), (db, 1), (dA, 2))
        for arrays in each(leading, *given, *results):
            weight_gradients(self.layer, *arrays)


def _are_one(W: Array, b: Array, A: Array) -> bool:
    """Tell whether there is one set of weights for all batches."""
    axes = [W.shape[:-2], A.shape[:-2], () if b is None else b.shape[:-1]]
    return all(length == 1 for shape in axes for length in shape)


def _single(W: Array, b: Array, A: Array) -> tuple[Array, Array, Array]:
    return W.reshape(W.shape[-2:]), None if b is None else b.reshape(-1), A.reshape(A.shape[-2:])


def _rows(array: Array) -> Array:
    """Return all batches of rows as one."""
    return array.reshape(-1, array.shape[-1])


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _two_layer(layer: Layer, X: Any, W: Any, b: Any, A: Any) -> Any:
    F = jax.ShapeDtypeStruct((X.shape[0], A.shape[1]), X.dtype)
    return call(_Outputs(layer), F, X, W, b, A)


def _two_layer_forward(layer: Layer, *arguments: Any) -> tuple[Any, Any]:
    values, wanted = asked(arguments)
    return _two_layer(layer, *values), (values, wanted)


def _two_layer_backward(layer: Layer, kept: Any, G: Any) -> tuple[Any, ...]:
    values, wanted = kept
    arguments = (*values, instantiated(G))
    dX, *weights = chosen(wanted, values)
    if dX is not None:
        dX = call(_DataGradient(layer), dX, *arguments)
    if any(weight is not None for weight in weights):
        weights = call(_WeightGradients(layer), tuple(weights), *arguments)
    return completed((dX, *weights), values)


_two_layer.defvjp(_two_layer_forward, _two_layer_backward, symbolic_zeros=True)
