"""Derivatives of the kernels with respect to the data."""

from typing import Any

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel
from pyntk.memory import packed_bytes, require
from pyntk.overflow import warn_if_infinite
from pyntk.places import placed
from pyntk.recipe import Trained, admit_recipe
from pyntk.threads import admit_threads


@placed
def ntk_vjp(
    X: Any,
    Z: Any,
    G: Any,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    threads: int | None = None,
    backend: str | None = None,
) -> Array | tuple[Array, Array]:
    r"""Gradient of sum_ij G_ij k(x_i, z_j), k as in :func:`ntk_gram`: a vector-Jacobian product.

    dX_i = sum_j G_ij d k(x_i, z_j) / d x_i and dZ_j = sum_i G_ij d k(x_i, z_j) / d z_j. Without Z
    the sum is over the symmetric matrix K(X, X), both of whose arguments move with X.

    The derivative of the angle has a factor 1 / sin theta, and no limit at theta = 0 and pi: there
    its term is 0, so nothing is NaN, duplicate rows and the diagonal included. Nearby, differences
    of rows keep its digits: the error is about 4 u / theta of the size of the terms. A row of zeros
    has gradient 0.

    Args:
        X: (n, d) real numbers, finite.
        Z: (p, d), or None for Z = X.
        G: (n, p) weights; (n, n) without Z.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.
        backend: as for :func:`ntk_gram`.

    Returns:
        (dX, dZ), (n, d) and (p, d); without Z, dX alone. Computed in float64; float32 if all inputs
        are float32 (or shorter), else float64.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range.
        TypeError: an argument that is no real array; a parameter of the wrong type.
        MemoryError: as for :func:`ntk_gram`.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry of the result is beyond the range of the dtype.
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, None)
    symmetric = Z is None
    if symmetric:
        inputs = admit(X=(X, "n d"), G=(G, "n n"))
    else:
        inputs = admit(X=(X, "n d"), Z=(Z, "p d"), G=(G, "n p"))
    x, z, g = inputs[0], inputs[-2], inputs[-1]
    (n, d), p, width = x.shape, z.shape[0], inputs.dtype.itemsize
    chosen = choose(backend, inputs.on_device)
    require(
        "ntk_vjp",
        (n * p + (n + p) * d) * width + packed_bytes(chosen, recipe, 8, d, n, p),
        on_device=inputs.on_device,
        hint="a block of the rows of X with its rows of G needs less",
    )
    run = kernel("ntk_vjp", chosen)
    count = admit_threads(threads)
    sides = [(x, x, g + g.T)] if symmetric else [(x, z, g), (z, x, inputs.contiguous(g.T))]
    gradients = []
    for moved, fixed, weights in sides:
        gradient = inputs.empty(*moved.shape)
        run(X=moved, Z=fixed, G=weights, recipe=recipe, threads=count, dX=gradient)
        gradients.append(gradient)
    for gradient in gradients:
        warn_if_infinite(gradient, "an entry of the gradient", stacklevel=4)
    return gradients[0] if symmetric else (gradients[0], gradients[1])
