"""Gram matrices: the infinite-width kernels and the finite-width one."""

import warnings
from typing import Any, Literal

import numpy as np

from pyntk.arrays import admit, admit_out
from pyntk.contract import TRAINED, Array
from pyntk.dispatch import choose, kernel
from pyntk.threads import admit_threads

Trained = Literal["first", "last", "all"]


def ntk_gram(
    X: Any,
    Z: Any = None,
    *,
    trained: Trained = "first",
    backend: str | None = None,
    threads: int | None = None,
    out: Array = None,
) -> Array:
    r"""Neural tangent kernel of the infinitely wide two-layer ReLU network, for all pairs of rows.

    With theta the angle between the rows x and z, of any norm:

    - ``trained="first"``: H(x, z) = x.z (pi - theta) / (2 pi), H-infinity of Arora et al.;
    - ``trained="last"``: S(x, z) = \|x\| \|z\| (sin theta + (pi - theta) cos theta) / (2 pi);
    - ``trained="all"``: H + S.

    Angles near 0 and pi come from differences of the rows, not from a rounded cosine. Without ``Z``
    the result is exactly symmetric, duplicate rows give equal rows, and half of the work is done.

    Args:
        X: (n, d) real numbers, finite; one row per sample.
        Z: (p, d), or None for Z = X.
        trained: which layers of the network are trained.
        backend: "cpu", "numba" or "cuda"; None chooses by PYNTK_BACKEND, then by where X is.
        threads: at most so many CPU threads; None means every CPU this process may use. The result
            does not depend on it.
        out: C-contiguous (n, p) array of the result's dtype to write to.

    Returns:
        (n, n) or (n, p) array, float32 if all inputs are float32 (or shorter), else float64.

    Raises:
        ValueError: wrong shapes, NaN or infinity in an input, an unusable ``out``.
        TypeError: an argument that is no real array.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry is beyond the range of the dtype and was set to infinity.

    References:
        S. Arora, S. Du, W. Hu, Z. Li, R. Wang, arXiv 1901.08584, equation (4);
        A. Jacot, F. Gabriel, C. Hongler, arXiv 1806.07572; Y. Cho, L. Saul, NIPS 2009.
    """
    layers = admit_trained(trained)
    inputs = admit(X=(X, "n d")) if Z is None else admit(X=(X, "n d"), Z=(Z, "p d"))
    rows, columns = inputs[0].shape[0], inputs[-1].shape[0]
    K = admit_out(out, (rows, columns), inputs, X=X, Z=Z)
    chosen = choose(backend, inputs.on_device)
    options = {"trained": layers, "threads": admit_threads(threads), "K": K}
    if Z is None:
        kernel("ntk_gram", chosen)(X=inputs[0], **options)
    else:
        kernel("ntk_gram_cross", chosen)(X=inputs[0], Z=inputs[1], **options)
    _warn_of_overflow(K, *inputs)
    return K


def finite_width_gram(
    X: Any,
    W: Any,
    *,
    backend: str | None = None,
    threads: int | None = None,
    out: Array = None,
) -> Array:
    """Neural tangent kernel of a network of finite width whose first layer is trained.

    H_ij = x_i.x_j (1/m) sum_r 1{w_r.x_i > 0, w_r.x_j > 0}, for second-layer weights of +-1. With
    w_r ~ N(0, kappa^2 I) its expectation is ``ntk_gram(X)``. The derivative of the ReLU at 0 is 0.

    Args:
        X: (n, d) real numbers, finite.
        W: (m, d) first-layer weights, one row per neuron, m >= 1.
        backend: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.
        out: C-contiguous (n, n) array of the result's dtype to write to.

    Returns:
        (n, n) array, exactly symmetric, float32 if both are float32 (or shorter), else float64.

    Raises:
        ValueError: wrong shapes, m = 0, NaN or infinity in an input, an unusable ``out``.
        TypeError: an argument that is no real array.
        BackendError: the backend asked for cannot be used.

    References:
        S. Du, X. Zhai, B. Poczos, A. Singh, arXiv 1810.02054, H(0) in section 3.
    """
    inputs = admit(X=(X, "n d"), W=(W, "m d"))
    n, m = inputs.lengths["n"], inputs.lengths["m"]
    if m == 0:
        raise ValueError("W must have at least one row")
    H = admit_out(out, (n, n), inputs, X=X, W=W)
    chosen = choose(backend, inputs.on_device)
    count = admit_threads(threads)
    P = inputs.empty(n, -(-m // 64), dtype=np.uint64)
    kernel("activation_patterns", chosen)(X=inputs[0], W=inputs[1], threads=count, P=P)
    kernel("finite_width_gram", chosen)(X=inputs[0], P=P, m=m, threads=count, H=H)
    _warn_of_overflow(H, inputs[0])
    return H


def admit_trained(trained: str) -> int:
    """Return the code of ``trained=`` that kernels take; raise ValueError for another name."""
    if trained not in TRAINED:
        raise ValueError(f"trained must be one of {', '.join(TRAINED)}, not {trained!r}")
    return TRAINED[trained]


def _warn_of_overflow(K: Array, *inputs: Array) -> None:
    """Warn if an entry is infinite; only inputs large enough to make one are worth a look at K."""
    if not K.size:
        return
    bound = 1.0
    for array in (inputs[0], inputs[-1]):
        bound *= max(float(abs(array).max()), 1e-300) * float(array.shape[1])
    if bound > float(np.finfo(K.dtype).max) and not bool(np.isfinite(K).all()):
        warnings.warn(
            f"an entry of the Gram matrix exceeds the range of {K.dtype} and is infinite",
            RuntimeWarning,
            stacklevel=3,
        )
