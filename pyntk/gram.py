"""Gram matrices of the infinite-width kernels, and their diagonals."""

from typing import Any

from pyntk.arrays import admit, admit_out
from pyntk.contract import Array, Recipe
from pyntk.dispatch import choose, kernel
from pyntk.memory import packed_bytes, require
from pyntk.overflow import warn_of_overflow
from pyntk.places import placed
from pyntk.progress import Report, watched
from pyntk.recipe import (
    Accumulate,
    Trained,
    admit_arc_cosine,
    admit_recipe,
    admit_rows,
)
from pyntk.threads import admit_threads


@placed
def ntk_gram(
    X: Any,
    Z: Any = None,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    rows: slice | None = None,
    out: Array = None,
    threads: int | None = None,
    backend: str | None = None,
    progress: bool | Report = False,
) -> Array:
    r"""Neural tangent kernel of an infinitely wide ReLU network, for all pairs of rows.

    With a = ``weight_variance``, b = ``bias_variance``, K_0 = a x.z + b, and (u, v) Gaussian with
    the covariance K_l on the two rows:

    - ``trained="last"``: K_L, L = ``depth``, by K_(l+1) = a E[relu(u) relu(v)] + b (the NNGP);
    - ``trained="all"``: T_L, by T_0 = K_0, T_(l+1) = K_(l+1) + a E[relu'(u) relu'(v)] T_l;
    - ``trained="first"``: K_0 times a E[relu'(u) relu'(v)] of every layer.

    For depth 1, a = 1, b = 0, and theta the angle between x and z, these are
    S = \|x\| \|z\| (sin theta + (pi - theta) cos theta) / (2 pi), H + S, and
    H = x.z (pi - theta) / (2 pi), H-infinity of Arora et al. He scaling is ``weight_variance=2``.

    Angles near 0 and pi come from differences of the rows, not from a rounded cosine. Without ``Z``
    and ``rows`` the result is exactly symmetric, duplicate rows give equal rows, and half of the
    work is done. Each entry depends on its two rows alone, to the bit.

    Args:
        X: (n, d) real numbers, finite; one row per sample.
        Z: (p, d), or None for Z = X.
        trained: which layers of the network are trained.
        depth: L from 1 to 1,000,000, the number of hidden ReLU layers.
        weight_variance: a > 0, of every layer.
        bias_variance: b >= 0, of every layer.
        accumulate: "float64" computes float32 inputs in float64 and rounds each entry once; None
            does so for depth > 1 and for b > 0 only.
        rows: a slice; the result is K(X[rows], Z), with the same bits as in the whole.
        out: C-contiguous array of the result's shape and dtype to write to; a memory map will do.
        threads: at most so many CPU threads; None means every CPU this process may use. The result
            does not depend on it.
        backend: "cpu", "numba" or "cuda"; None chooses by PYNTK_BACKEND, then by where X is.
        progress: True shows a bar with the time left on standard error (by tqdm, where it is
            installed); a callable(done, total) is called about every 50 ms.

    Returns:
        (n, n) or (n, p) array, float32 if all inputs are float32 (or shorter), else float64; with
        ``rows``, as many rows as the slice has.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, a parameter out of its range, an
            unusable ``out``.
        TypeError: an argument that is no real array; a parameter of the wrong type.
        MemoryError: more memory is needed than is available; the message has both numbers. Raised
            before anything large is allocated.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry is beyond the range of the dtype and was set to infinity.

    References:
        A. Jacot, F. Gabriel, C. Hongler, arXiv 1806.07572 (the recursion);
        S. Arora, S. Du, W. Hu, Z. Li, R. Wang, arXiv 1901.08584, equation (4) (H);
        Y. Cho, L. Saul, NIPS 2009 (the expectations).
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    return _gram("ntk_gram", X, Z, recipe, rows, out, threads, backend, progress)


@placed
def arc_cosine_gram(
    X: Any,
    Z: Any = None,
    *,
    degree: int,
    accumulate: Accumulate = None,
    rows: slice | None = None,
    out: Array = None,
    threads: int | None = None,
    backend: str | None = None,
) -> Array:
    r"""Arc-cosine kernel of Cho and Saul, for all pairs of rows.

    With theta the angle between the rows x and z:

    - ``degree=0``: 1 - theta / pi;
    - ``degree=1``: \|x\| \|z\| (sin theta + (pi - theta) cos theta) / pi.

    A row of zeros has no angle: in degree 0 it counts as orthogonal to every row, itself included,
    so its entries are 1/2.

    Args:
        X: (n, d) real numbers, finite; one row per sample.
        Z: (p, d), or None for Z = X.
        degree: 0 or 1.
        accumulate: as for :func:`ntk_gram`.
        rows: as for :func:`ntk_gram`.
        out: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.
        backend: as for :func:`ntk_gram`.

    Returns:
        (n, n) or (n, p) array, float32 if all inputs are float32 (or shorter), else float64.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, another degree, an unusable ``out``.
        TypeError: an argument that is no real array; a degree that is no integer.
        MemoryError: as for :func:`ntk_gram`.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry is beyond the range of the dtype and was set to infinity.

    References:
        Y. Cho, L. Saul, "Kernel methods for deep learning", NIPS 2009, equations (3), (5), (6).
    """
    recipe = admit_arc_cosine(degree, accumulate)
    return _gram("arc_cosine_gram", X, Z, recipe, rows, out, threads, backend, False)


@placed
def ntk_diag(
    X: Any,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    out: Array = None,
    threads: int | None = None,
    backend: str | None = None,
) -> Array:
    r"""Diagonal of :func:`ntk_gram`, k(x_i, x_i), to the bit, in time proportional to n.

    For depth 1, weight variance 1 and no bias: \|x\|^2 / 2 (H and S), and \|x\|^2 (H + S).

    Args:
        X: (n, d) real numbers, finite; one row per sample.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        out: (n,) array of the result's dtype to write to.
        threads: as for :func:`ntk_gram`.
        backend: as for :func:`ntk_gram`.

    Returns:
        (n,) array, float32 if X is float32 (or shorter), else float64.

    Raises:
        ValueError: a wrong shape, NaN or infinity in X, a parameter out of its range, an unusable
            ``out``.
        TypeError: an X that is no real array; a parameter of the wrong type.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry is beyond the range of the dtype and was set to infinity.
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    inputs = admit(X=(X, "n d"))
    run = kernel("ntk_diag", choose(backend, inputs.on_device))
    k = admit_out(out, (inputs[0].shape[0],), inputs, X=X)
    run(X=inputs[0], recipe=recipe, threads=admit_threads(threads), k=k)
    warn_of_overflow(k, recipe, inputs[0].shape[1], inputs.largest * 2, stacklevel=4)
    return k


def _gram(
    call: str, X: Any, Z: Any, recipe: Recipe, rows: Any, out: Any, threads: Any, backend: Any,
    progress: Any,
) -> Array:  # fmt: skip
    """Run ntk_gram or ntk_gram_cross for a public function called ``call``."""
    inputs = admit(X=(X, "n d")) if Z is None else admit(X=(X, "n d"), Z=(Z, "p d"))
    whole, right = inputs[0], inputs[-1]
    block = admit_rows(rows, whole.shape[0])
    left = whole if block is None else whole[block]
    (n, d), p = left.shape, right.shape[0]
    symmetric = Z is None and block is None
    output = 0 if out is not None else n * p * inputs.dtype.itemsize
    matrices = (n,) if symmetric else (n, p)
    chosen = choose(backend, inputs.on_device)
    require(
        call,
        output + packed_bytes(chosen, recipe, inputs.dtype.itemsize, d, *matrices),
        on_device=inputs.on_device,
        hint="ntk_matmul multiplies by K without storing it, rows= computes a block of its rows",
    )
    run = kernel("ntk_gram" if symmetric else "ntk_gram_cross", chosen)
    if progress is not False:
        run = watched(run, progress, chosen)
    K = admit_out(out, (n, p), inputs, X=X, Z=Z)
    if symmetric:
        run(X=left, recipe=recipe, threads=admit_threads(threads), K=K)
    else:
        left = inputs.contiguous(left)
        run(X=left, Z=right, recipe=recipe, threads=admit_threads(threads), K=K)
    warn_of_overflow(K, recipe, d, (inputs.largest[0], inputs.largest[-1]), stacklevel=5)
    return K
