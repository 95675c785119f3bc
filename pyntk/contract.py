"""The kernels every backend provides: ``csrc/core/kernels.hpp`` in Python.

A kernel takes inputs, then outputs, and returns nothing. Arrays are C-contiguous, aligned and of
one dtype (float32 or float64); every entry of an output is written. Sizes: n samples, d inputs, m
neurons. What an argument must be is checked once, in :mod:`pyntk.arrays`, and nowhere below it.
"""

from typing import Any, Final, NamedTuple, Protocol

# A NumPy array on the backends cpu and numba, a CuPy array on the backend cuda.
Array = Any

TRAINED: Final = {"first": 0, "last": 1, "all": 2}
"""Which layers are trained: the kind of a recipe."""

DEGREE: Final = {0: 3, 1: 4}
"""The arc-cosine kernels of degree 0 and 1: the kind of a recipe."""


class Recipe(NamedTuple):
    """Which kernel function k the entries hold: ``csrc/core/recipe.hpp``, field by field.

    K_0 = weight_variance x.z + bias_variance, K_(l+1) = weight_variance E[relu relu] +
    bias_variance, over ``depth`` layers. With ``float64_sums`` float32 inputs are computed in
    float64 and rounded once.
    """

    kind: int = 0
    depth: int = 1
    weight_variance: float = 1.0
    bias_variance: float = 0.0
    float64_sums: bool = False


class Kernels(Protocol):
    """A backend module."""

    def ntk_gram(self, *, X: Array, recipe: Recipe, threads: int, K: Array) -> None:
        """K_ij = k(x_i, x_j): X (n, d), K (n, n)."""

    def ntk_gram_cross(self, *, X: Array, Z: Array, recipe: Recipe, threads: int, K: Array) -> None:
        """K_ij = k(x_i, z_j): X (n, d), Z (p, d), K (n, p)."""

    def ntk_diag(self, *, X: Array, recipe: Recipe, threads: int, k: Array) -> None:
        """k_i = k(x_i, x_i): X (n, d), k (n,)."""

    def ntk_matmul(self, *, X: Array, V: Array, recipe: Recipe, threads: int, Y: Array) -> None:
        """Y = ntk_gram(X) V: X (n, d), V (n, c), Y (n, c)."""

    def ntk_matmul_cross(
        self, *, X: Array, Z: Array, V: Array, recipe: Recipe, threads: int, Y: Array
    ) -> None:
        """Y = ntk_gram_cross(X, Z) V: X (n, d), Z (p, d), V (p, c), Y (n, c)."""

    def ntk_vjp(
        self, *, X: Array, Z: Array, G: Array, recipe: Recipe, threads: int, dX: Array
    ) -> None:
        """dX_i = sum_j G_ij d k(x_i, z_j) / d x_i: G (n, p), dX (n, d)."""

    def two_layer_forward(
        self, *, X: Array, W: Array, a: Array, scale: float, threads: int, f: Array
    ) -> None:
        """f_i = scale sum_r a_r relu(w_r.x_i): X (n, d), W (m, d), a (m,), f (n,)."""

    def two_layer_gradient(
        self, *, X: Array, W: Array, a: Array, g: Array, scale: float, threads: int, dW: Array
    ) -> None:
        """dW_r = scale a_r sum_i g_i 1{w_r.x_i > 0} x_i: g (n,), dW (m, d)."""

    def activation_patterns(self, *, X: Array, W: Array, threads: int, P: Array) -> None:
        """Bit r % 64 of P[i, r // 64] is 1{w_r.x_i > 0}: P (n, ceil(m / 64)) of uint64."""

    def finite_width_gram(self, *, X: Array, P: Array, m: int, threads: int, H: Array) -> None:
        """H_ij = x_i.x_j |active on x_i and x_j| / m: P from activation_patterns, H (n, n)."""

    def eigh(self, *, A: Array, w: Array, V: Array) -> None:
        """A = sum_k w_k v_k v_k': A (n, n), w (n,) ascending, row k of V (n, n) is v_k."""


NAMES: Final = tuple(name for name in vars(Kernels) if not name.startswith("_"))
"""The names of the kernels."""
