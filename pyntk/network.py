"""The two-layer ReLU network: forward pass, loss and gradients."""

from typing import Any, NamedTuple, Self

import numpy as np

from pyntk.arrays import Admitted, admit
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel
from pyntk.recipe import Trained, admit_trained
from pyntk.threads import admit_threads


class Gradients(NamedTuple):
    """Gradients of a loss; None where not asked for, or where the network has no such parameter."""

    dW: Array
    """(m, d), with respect to the first layer."""
    db: Array
    """With respect to first-layer biases (this network has none)."""
    da: Array
    """(m,), with respect to the second layer."""
    dc: Array
    """With respect to the output bias (this network has none)."""
    dX: Array
    """(n, d), with respect to the data."""


class TwoLayer:
    """The network f(x) = scale sum_r a_r relu(w_r.x), scale = m^-1/2 unless given.

    Args:
        W: (m, d) first-layer weights, one row per neuron, m >= 1. Copied.
        a: (m,) second-layer weights. Copied.
        scale: factor of the output; None means m^-1/2 (Arora et al., Du et al.).
        backend: "cpu", "numba" or "cuda"; None chooses by PYNTK_BACKEND, then by where W is.
        threads: at most so many CPU threads; None means every CPU this process may use.

    Attributes:
        W: (m, d) array; write to it (``net.W -= eta * gradients.dW``) to train.
        a: (m,) array.
        scale: float.

    Raises:
        ValueError: wrong shapes, m = 0, NaN or infinity.
        TypeError: an argument that is no real array.

    References:
        S. Arora et al., arXiv 1901.08584, section 3; S. Du et al., arXiv 1810.02054, section 3.
    """

    def __init__(
        self,
        W: Any,
        a: Any,
        *,
        scale: float | None = None,
        backend: str | None = None,
        threads: int | None = None,
    ):
        weights = admit(W=(W, "m d"), a=(a, "m"))
        if weights.lengths["m"] == 0:
            raise ValueError("W must have at least one row")
        self.W, self.a = (array.copy() for array in weights)
        self.scale = weights.lengths["m"] ** -0.5 if scale is None else float(scale)
        if not np.isfinite(self.scale):
            raise ValueError(f"scale must be finite, not {self.scale}")
        self._backend = choose(backend, weights.on_device)
        self._threads = admit_threads(threads)

    @classmethod
    def ntk(
        cls,
        m: int,
        d: int,
        *,
        kappa: float = 1.0,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network with w_r ~ N(0, kappa^2 I), a_r = +-1, as in Arora et al. section 3.

        Args:
            m: neurons.
            d: inputs.
            kappa: standard deviation of the entries of W.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: ``scale``, ``backend``, ``threads`` as for the class.
        """
        generator = np.random.default_rng(seed)
        W = kappa * generator.standard_normal((m, d))
        a = generator.choice([-1.0, 1.0], m)
        return cls(W.astype(dtype), a.astype(dtype), **how)

    @classmethod
    def antisymmetric(
        cls,
        m: int,
        d: int,
        *,
        kappa: float = 1.0,
        seed: int = 0,
        dtype: Any = np.float64,
        **how: Any,
    ) -> Self:
        """Return a network of m/2 pairs of equal neurons with opposite a_r: f(x) = 0 at the start.

        Its kernel at the start is that of m/2 independent neurons.

        Args:
            m: neurons, even.
            d: inputs.
            kappa: standard deviation of the entries of W.
            seed: of NumPy's default generator.
            dtype: float32 or float64.
            **how: ``scale``, ``backend``, ``threads`` as for the class.
        """
        if m % 2:
            raise ValueError(f"m must be even, not {m}")
        generator = np.random.default_rng(seed)
        half = kappa * generator.standard_normal((m // 2, d))
        a = generator.choice([-1.0, 1.0], m // 2)
        # Neighbours, so that a block of neurons sums to 0 by itself.
        return cls(
            np.repeat(half, 2, axis=0).astype(dtype),
            np.stack([a, -a], 1).ravel().astype(dtype),
            **how,
        )

    def forward(self, X: Any) -> Array:
        """Return f(x_i) for the rows of X (n, d): an (n,) array of the wider dtype of X and W."""
        return self._forward(self._admit(X=(X, "n d")))

    def loss_and_gradient(
        self, X: Any, y: Any, *, trained: Trained = "first", data: bool = False
    ) -> tuple[float, Gradients]:
        """Return the loss 1/2 sum_i (f(x_i) - y_i)^2 and its gradients.

        The derivative of the ReLU at 0 is 0.

        Args:
            X: (n, d) data.
            y: (n,) targets.
            trained: "first" asks for dW, "last" for da, "all" for both.
            data: whether to ask for dX too.

        Returns:
            The loss, and the gradients with None where not asked for.

        Raises:
            ValueError: wrong shapes, NaN or infinity.
            TypeError: an argument that is no real array.
        """
        admit_trained(trained)
        inputs = self._admit(X=(X, "n d"), y=(y, "n"))
        g = self._forward(inputs) - inputs[3]
        loss = 0.5 * float((g.astype(np.float64) ** 2).sum())
        X, W, a, _ = inputs
        dW = self._gradient(inputs, X, W, a, g) if trained != "last" else None
        # With the roles of samples and neurons exchanged the same two kernels give da and dX.
        da = self._outputs(inputs, W, X, g) if trained != "first" else None
        dX = self._gradient(inputs, W, X, g, a) if data else None
        return loss, Gradients(dW, None, da, None, dX)

    def _admit(self, **data: tuple[Any, str]) -> Admitted:
        """Admit X, then W and a, then the rest of the data, to one dtype."""
        X = {"X": data.pop("X")}
        return admit(**X, W=(self.W, "m d"), a=(self.a, "m"), **data)

    def _forward(self, inputs: Admitted) -> Array:
        """Return f for admitted X, W, a."""
        X, W, a = inputs[:3]
        return self._outputs(inputs, X, W, a)

    def _outputs(self, inputs: Admitted, X: Array, W: Array, a: Array) -> Array:
        """Run two_layer_forward into a new array."""
        f = inputs.empty(X.shape[0])
        kernel("two_layer_forward", self._backend)(
            X=X, W=W, a=a, scale=self.scale, threads=self._threads, f=f
        )
        return f

    def _gradient(self, inputs: Admitted, X: Array, W: Array, a: Array, g: Array) -> Array:
        """Run two_layer_gradient into a new array."""
        dW = inputs.empty(*W.shape)
        kernel("two_layer_gradient", self._backend)(
            X=X, W=W, a=a, g=g, scale=self.scale, threads=self._threads, dW=dW
        )
        return dW
