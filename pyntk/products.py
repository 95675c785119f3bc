"""Products with a kernel matrix that is never stored."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pyntk.arrays import Admitted, admit, admit_out, to_host
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel
from pyntk.memory import packed_bytes, require
from pyntk.overflow import largest_of_gram, warn_if_infinite
from pyntk.places import moved, placed
from pyntk.progress import Report, watched
from pyntk.recipe import Accumulate, Trained, admit_recipe
from pyntk.scalars import admit_integer
from pyntk.threads import admit_threads

PADDED: Final = 8
"""Columns that V and the sums have at least."""


@placed
def ntk_matmul(
    X: Any,
    V: Any,
    Z: Any = None,
    *,
    first: int = 0,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    out: Array = None,
    threads: int | None = None,
    backend: str | None = None,
    progress: bool | Report = False,
) -> Array:
    """K(X, Z) V, K the matrix of :func:`ntk_gram`, in memory proportional to the arguments.

    Y_i = sum_j k(x_i, z_j) V_j, summed in float64 and rounded once; each k is computed as in
    :func:`ntk_gram` (and not rounded to float32 where it is computed in float64). The result does
    not depend on the number of threads, to the bit.

    Args:
        X: (n, d) real numbers, finite.
        V: (p,) or (p, c) real numbers, finite; (n,) or (n, c) without Z.
        Z: (p, d), or None for Z = X, which costs half.
        first: from 0 to n, without Z: k(x_i, x_j) counts as 0 where i and j are both less. So a
            product is shared among processes, each pair computed once: with 0 = n_0 < n_1 < ... =
            n, the parts ``ntk_matmul(X[:n_k], V[:n_k], first=n_(k-1))`` add up to it.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        out: C-contiguous array of the result's shape and dtype to write to.
        threads: as for :func:`ntk_gram`.
        backend: as for :func:`ntk_gram`.
        progress: as for :func:`ntk_gram`.

    Returns:
        (n,) or (n, c) array, float32 if all inputs are float32 (or shorter), else float64; then K
        too is that of float64 inputs.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range, an
            unusable ``out``.
        TypeError: an argument that is no real array; a parameter of the wrong type.
        MemoryError: as for :func:`ntk_gram`.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry of the result is not finite: it, or one of K, is beyond the range.
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    letter = "n" if Z is None else "p"
    is_vector = _is_vector(V)
    least = admit_integer("first", first)
    right = {} if Z is None else {"Z": (Z, "p d")}
    inputs = admit(X=(X, "n d"), **right, V=(V, letter if is_vector else f"{letter} c"))
    rows, columns = inputs[0], inputs[-2]
    (n, d), p, width = rows.shape, columns.shape[0], inputs.dtype.itemsize
    if not 0 <= least <= (n if Z is None else 0):
        raise ValueError(
            f"first must be 0 to n = {n}, not {least}" if Z is None else "first is for Z = None"
        )
    c = 1 if is_vector else inputs[-1].shape[1]
    chosen = choose(backend, inputs.on_device)
    require(
        "ntk_matmul",
        (0 if out is not None else n * c * width)
        + (n + p) * max(3 * c, PADDED) * 8  # V and the sums in float64, the latter in parts
        + packed_bytes(chosen, recipe, width, d, *((n,) if Z is None else (n, p))),
        on_device=inputs.on_device,
        hint="fewer columns of V at once need less",
    )
    run = kernel("ntk_matmul" if Z is None else "ntk_matmul_cross", chosen)
    run = watched(run, progress, chosen)
    Y = admit_out(out, (n,) if is_vector else (n, c), inputs, X=X, V=V, Z=Z)
    count = admit_threads(threads)
    if Y.size:
        matrices = {"X": rows, "first": least} if Z is None else {"X": rows, "Z": columns}
        V = inputs[-1].reshape(p, c)
        run(**matrices, V=V, recipe=recipe, threads=count, Y=Y.reshape(n, c))
    largest = largest_of_gram(recipe, d, inputs.largest[0], inputs.largest[-2])
    warn_if_infinite(
        Y, "an entry of K or of its product with V",
        bound=max(2 * p * inputs.largest[-1], 1.0) * largest, stacklevel=4,
    )  # fmt: skip
    return Y


@placed
def ntk_operator(
    X: Any,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    threads: int | None = None,
    backend: str | None = None,
) -> Any:
    """K(X, X) as a LinearOperator, for the iterative solvers of SciPy, or of CuPy.

    Its products are those of :func:`ntk_matmul`; K is never stored. A float64 vector on float32
    rows is multiplied by the matrix of these rows in float64.

    Args:
        X: (n, d) real numbers, finite; not copied if it is contiguous, so do not change it.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.
        backend: as for :func:`ntk_gram`. With "cuda" and X on the host, X is moved to the device
            once; each vector is moved there, and its product back.

    Returns:
        A symmetric (n, n) operator of the dtype that :func:`ntk_gram` would return: a
        scipy.sparse.linalg.LinearOperator of host arrays; for X on a CUDA device a
        cupyx.scipy.sparse.linalg.LinearOperator of CuPy arrays, with an attribute ``device``.

    Raises:
        ValueError: a wrong shape, NaN or infinity in X, a parameter out of its range.
        TypeError: an X that is no real array; a parameter of the wrong type.
        MemoryError: X does not fit on the device that it is to be moved to.
        BackendError: the backend asked for cannot be used.
    """
    admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    admit_threads(threads)
    inputs = admit(X=(X, "n d"))
    rows, chosen = inputs[0], choose(backend, inputs.on_device)

    def multiply(V: Array) -> Array:
        return ntk_matmul(
            rows, V, trained=trained, depth=depth, weight_variance=weight_variance,
            bias_variance=bias_variance, accumulate=accumulate, threads=threads, backend=chosen,
        )  # fmt: skip

    return _operator(inputs, multiply)


def _operator(inputs: Admitted, multiply: Callable[[Array], Array]) -> Any:
    """Return the LinearOperator of the vectors that there are where X is, or came from."""
    rows = inputs[0]

    def multiply_moved(V: Array) -> Array:
        import cupy

        with rows.device:
            return to_host(multiply(cupy.asarray(V)))

    if inputs.on_device and moved() is None:
        from cupyx.scipy.sparse.linalg import LinearOperator
    else:
        from scipy.sparse.linalg import LinearOperator
    product = multiply if moved() is None else multiply_moved
    operator = LinearOperator(
        (len(rows), len(rows)), dtype=inputs.dtype,
        matvec=product, rmatvec=product, matmat=product, rmatmat=product,
    )  # fmt: skip
    if inputs.on_device and moved() is None:
        operator.device = rows.device
    return operator


def _is_vector(V: Any) -> bool:
    try:
        return np.ndim(V) == 1
    except ValueError:
        return False  # a ragged list: admit says so
