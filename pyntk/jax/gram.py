"""The kernel matrix as a JAX function."""

from functools import partial
from typing import Any, NamedTuple

import jax

from pyntk.gram import ntk_gram as gram_of_arrays
from pyntk.jax.callback import asked, call, chosen, completed, each, instantiated, on_host, promoted
from pyntk.passes import gram_gradients
from pyntk.recipe import Trained, admit_recipe
from pyntk.threads import admit_threads


def ntk_gram(
    X: Any,
    Z: Any = None,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    threads: int | None = None,
) -> Any:
    """Return the kernel matrix of :func:`pyntk.ntk_gram`, differentiable in X and Z.

    The gradients are those of :func:`pyntk.ntk_vjp`: computed in float64, never NaN, 0 for the term
    of the angle where it is 0 or pi. There are no second derivatives and no forward mode. Under
    ``vmap`` there is a call for each matrix.

    Args:
        X: (n, d).
        Z: (p, d), or None for Z = X.
        trained: as for :func:`pyntk.ntk_gram`, like the rest.
        depth: L from 1 to 1,000,000, the number of hidden ReLU layers.
        weight_variance: of every layer.
        bias_variance: of every layer.
        threads: at most so many CPU threads; None means every CPU this process may use.

    Returns:
        (n, n) or (n, p) array.

    Raises:
        ValueError: wrong shapes, a parameter out of its range.
        TypeError: as for :func:`two_layer`.
        jax.errors.JaxRuntimeError: as for :func:`two_layer`.
    """
    admit_recipe(trained, depth, weight_variance, bias_variance, None)
    admit_threads(threads)
    X, Z = promoted(X=X, Z=Z)
    other = X if Z is None else Z
    if X.ndim != 2 or other.ndim != 2 or X.shape[1] != other.shape[1]:
        raise ValueError(
            f"X and Z must have shapes (n, d) and (p, d), not {X.shape} and {other.shape}"
        )
    kernel = _Kernel(trained, int(depth), float(weight_variance), float(bias_variance), threads)
    return _ntk_gram(kernel, X, Z)


class _Kernel(NamedTuple):
    """The arguments of ntk_gram besides arrays; hashable."""

    trained: Trained
    depth: int
    weight_variance: float
    bias_variance: float
    threads: int | None


class _Gram(NamedTuple):
    """The callback that computes K."""

    kernel: _Kernel

    def __call__(self, context: Any, K: Any, X: Any, Z: Any) -> None:
        K, X, Z = on_host(K, X, Z)
        for k, x, z in each(K.shape[:-2], (K, 2), (X, 2), (Z, 2)):
            gram_of_arrays(x, z, **self.kernel._asdict(), out=k)


class _GramGradients(NamedTuple):
    """The callback that computes those of dX and dZ that are not None."""

    kernel: _Kernel

    def __call__(self, context: Any, gradients: Any, X: Any, Z: Any, G: Any) -> None:
        dX, dZ, X, Z, G = on_host(*gradients, X, Z, G)
        trained, depth, weight_variance, bias_variance, threads = self.kernel
        recipe = admit_recipe(trained, depth, weight_variance, bias_variance, None)
        leading = (dX if dZ is None else dZ).shape[:-2]
        for dx, dz, x, z, g in each(leading, (dX, 2), (dZ, 2), (X, 2), (Z, 2), (G, 2)):
            gram_gradients(recipe, threads, x, z, g, dX=dx, dZ=dz)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _ntk_gram(kernel: _Kernel, X: Any, Z: Any) -> Any:
    K = jax.ShapeDtypeStruct((X.shape[0], (X if Z is None else Z).shape[0]), X.dtype)
    return call(_Gram(kernel), K, X, Z)


def _ntk_gram_forward(kernel: _Kernel, *arguments: Any) -> tuple[Any, Any]:
    values, wanted = asked(arguments)
    return _ntk_gram(kernel, *values), (values, wanted)


def _ntk_gram_backward(kernel: _Kernel, kept: Any, G: Any) -> tuple[Any, ...]:
    values, wanted = kept
    arguments = (*values, instantiated(G))
    return completed(call(_GramGradients(kernel), chosen(wanted, values), *arguments), values)


_ntk_gram.defvjp(_ntk_gram_forward, _ntk_gram_backward, symbolic_zeros=True)
