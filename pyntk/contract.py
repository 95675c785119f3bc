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


class Activation(NamedTuple):
    """sigma: continuous, piecewise linear: ``csrc/core/activation.hpp``, field by field.

    sigma(knots[0]) = value, with slope slopes[j] before knots[j] and slopes[-1] after the last. The
    derivative at a knot is the slope on its right, if ``right``, else that on its left. The default
    is the ReLU; :mod:`pyntk.activation` makes others.
    """

    knots: tuple[float, ...] = (0.0,)
    slopes: tuple[float, ...] = (0.0, 1.0)
    value: float = 0.0
    right: bool = False


LOSSES: Final = {"half_squares": 0, "mean_squares": 1, "logistic": 2, "softmax": 3}
"""The losses of two_layer_step, and the code that it takes."""


class Descent(NamedTuple):
    """How a network is trained: ``csrc/core/descent.hpp``, field by field.

    theta <- (1 - eta weight_decay) theta - eta d loss / d theta + sqrt(2 eta temperature) z for the
    parameters that ``trained`` names (a code of TRAINED), and c, if ``output_bias``, with the last
    layer. Training stops before the step whose loss is not at most ``limit``.
    """

    loss: int
    trained: int
    output_bias: bool
    scale: float
    weight_decay: float = 0.0
    temperature: float = 0.0
    seed: int = 0
    first_step: int = 0
    limit: float = float("inf")


STREAMS: Final = {"samples": 0, "components": 1, "batches": 2, "W": 3, "A": 4, "c": 5}
"""The streams of random numbers: those of data, and of the noise of a parameter."""


class Kernels(Protocol):
    """A backend module."""

    def ntk_gram(self, *, X: Array, recipe: Recipe, threads: int, K: Array) -> None:
        """K_ij = k(x_i, x_j): X (n, d), K (n, n)."""

    def ntk_gram_cross(self, *, X: Array, Z: Array, recipe: Recipe, threads: int, K: Array) -> None:
        """K_ij = k(x_i, z_j): X (n, d), Z (p, d), K (n, p)."""

    def ntk_diag(self, *, X: Array, recipe: Recipe, threads: int, k: Array) -> None:
        """k_i = k(x_i, x_i): X (n, d), k (n,)."""

    def ntk_matmul(
        self, *, X: Array, V: Array, recipe: Recipe, first: int, threads: int, Y: Array
    ) -> None:
        """Y = ntk_gram(X) V, K_ij = 0 where i, j < first: X (n, d), V (n, c), Y (n, c)."""

    def ntk_matmul_cross(
        self, *, X: Array, Z: Array, V: Array, recipe: Recipe, threads: int, Y: Array
    ) -> None:
        """Y = ntk_gram_cross(X, Z) V: X (n, d), Z (p, d), V (p, c), Y (n, c)."""

    def ntk_vjp(
        self, *, X: Array, Z: Array, G: Array, recipe: Recipe, threads: int, dX: Array
    ) -> None:
        """dX_i = sum_j G_ij d k(x_i, z_j) / d x_i: G (n, p), dX (n, d)."""

    def two_layer_forward(
        self,
        *,
        X: Array,
        W: Array,
        A: Array,
        activation: Activation,
        scale: float,
        threads: int,
        F: Array,
    ) -> None:
        """F_ik = scale sum_r A_rk sigma(w_r.x_i): X (n, d), W (m, d), A (m, k), F (n, k)."""

    def two_layer_gradient(
        self,
        *,
        X: Array,
        W: Array,
        A: Array,
        G: Array,
        activation: Activation,
        scale: float,
        threads: int,
        dW: Array,
    ) -> None:
        """dW_r = scale sum_i (sum_k G_ik A_rk) sigma'(w_r.x_i) x_i: G (n, k), dW (m, d)."""

    def two_layer_step(
        self,
        *,
        X: Array,
        W: Array,
        A: Array,
        c: Array,
        Y: Array,
        activation: Activation,
        loss: int,
        scale: float,
        threads: int,
        value: Array,
        G: Array,
        dW: Array,
        dA: Array,
    ) -> None:
        """The loss of F + c against Y (n, k), c (k,), in value (1,) of float64, and its gradients.

        G = d loss / d F (n, k), dW (m, d), dA (m, k); dW or dA of no rows is not computed.
        """

    def two_layer_descent(
        self,
        *,
        X: Array,
        Y: Array,
        order: Array,
        step_sizes: Array,
        activation: Activation,
        descent: Descent,
        threads: int,
        W: Array,
        A: Array,
        c: Array,
        losses: Array,
        done: Array,
    ) -> None:
        """Train W (m, d), A (m, k), c (k,) in place, one step per row of order and step_sizes.

        The batch of step t is the rows order[t] of X (n, d) and Y (n, k); an order (0, 0) of int64
        means that every step takes all samples. losses (steps,) of float64: the loss of the batch
        before step t, NaN after the last one seen; done (1,) of int64: the number of steps done.
        """

    def random_uniforms(
        self, *, seed: int, stream: int, first: int, threads: int, U: Array
    ) -> None:
        """U (n, p) of float64 in [0, 1): row i is row first + i of the stream."""

    def random_normals(self, *, seed: int, stream: int, first: int, threads: int, Z: Array) -> None:
        """Z (n, p), normal numbers: row i is row first + i of the stream."""

    def activation_patterns(
        self, *, X: Array, W: Array, right: bool, threads: int, P: Array
    ) -> None:
        """Bit r % 64 of P[i, r // 64] is 1{w_r.x_i > 0} (>= 0 if right): P (n, ceil(m / 64))."""

    def pattern_flips(self, *, P: Array, Q: Array, threads: int, flips: Array) -> None:
        """The number of bits in which the rows of P and Q differ: flips (n,) of int64."""

    def finite_width_gram(self, *, X: Array, P: Array, m: int, threads: int, H: Array) -> None:
        """H_ij = x_i.x_j |active on x_i and x_j| / m: P from activation_patterns, H (n, n)."""

    def eigh(self, *, A: Array, first: int, w: Array, V: Array) -> None:
        """Eigenpairs first, ..., first + k - 1 of A (n, n) in ascending order: w (k,), V (k, n).

        The rows of V are the eigenvectors. Reads the lower triangle of A and destroys A; where k =
        n, V may be A.
        """

    def eigvalsh(self, *, A: Array, w: Array) -> None:
        """All eigenvalues of A (n, n), w (n,) ascending; reads its lower triangle, destroys A."""

    def label_spectrum(self, *, A: Array, Y: Array, w: Array, P: Array) -> None:
        """All eigenvalues of A (n, n), w (n,) ascending, and P_jk = (y_j.v_k)^2: Y, P (labels, n).

        Reads the lower triangle of A and destroys A.
        """


NAMES: Final = tuple(name for name in vars(Kernels) if not name.startswith("_"))
"""The names of the kernels."""
