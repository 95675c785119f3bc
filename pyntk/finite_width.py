"""The Gram matrix of a network of finite width."""

from typing import Any

import numpy as np

from pyntk.activation import admit_derivative_at_zero
from pyntk.arrays import admit, admit_out
from pyntk.contract import Array, Recipe
from pyntk.dispatch import choose, kernel
from pyntk.memory import packed_bytes, require
from pyntk.overflow import warn_of_overflow
from pyntk.places import placed
from pyntk.threads import admit_threads


@placed
def finite_width_gram(
    X: Any,
    W: Any,
    *,
    derivative_at_zero: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    out: Array = None,
) -> Array:
    """Neural tangent kernel of a network of finite width whose first layer is trained.

    H_ij = x_i.x_j (1/m) sum_r 1{w_r.x_i > 0, w_r.x_j > 0}, for second-layer weights of +-1. With
    w_r ~ N(0, kappa^2 I) its expectation is ``ntk_gram(X)``. With ``derivative_at_zero=1`` the
    indicators are 1{w_r.x_i >= 0}.

    Args:
        X: (n, d) real numbers, finite.
        W: (m, d) first-layer weights, one row per neuron, m >= 1.
        derivative_at_zero: of the ReLU, 0 or 1.
        backend: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.
        out: C-contiguous (n, n) array of the result's dtype to write to.

    Returns:
        (n, n) array, exactly symmetric, float32 if both are float32 (or shorter), else float64.

    Raises:
        ValueError: wrong shapes, m = 0, NaN or infinity in an input, an unusable ``out``.
        TypeError: an argument that is no real array.
        MemoryError: as for :func:`ntk_gram`.
        BackendError: the backend asked for cannot be used.

    References:
        S. Du, X. Zhai, B. Poczos, A. Singh, arXiv 1810.02054, H(0) in section 3.
    """
    right = admit_derivative_at_zero(derivative_at_zero)
    inputs = admit(X=(X, "n d"), W=(W, "m d"))
    n, m, d = (inputs.lengths[letter] for letter in "nmd")
    if m == 0:
        raise ValueError("W must have at least one row")
    words, width = -(-m // 64), inputs.dtype.itemsize
    output = 0 if out is not None else n * n * width
    chosen = choose(backend, inputs.on_device)
    require(
        "finite_width_gram",
        output + n * words * 8 + (n + m) * d * width + packed_bytes(chosen, Recipe(), width, d),
        on_device=inputs.on_device,
    )
    H = admit_out(out, (n, n), inputs, X=X, W=W)
    count = admit_threads(threads)
    P = inputs.empty(n, words, dtype=np.uint64)
    kernel("activation_patterns", chosen)(X=inputs[0], W=inputs[1], right=right, threads=count, P=P)
    kernel("finite_width_gram", chosen)(X=inputs[0], P=P, m=m, threads=count, H=H)
    # |H_ij| <= |x_i| |x_j|, half of k for this weight variance.
    warn_of_overflow(H, Recipe(weight_variance=2.0), d, inputs.largest[:1] * 2, stacklevel=4)
    return H
