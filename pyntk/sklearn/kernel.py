"""The neural tangent kernel as a kernel object of scikit-learn's Gaussian processes."""

from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.gaussian_process.kernels import Hyperparameter, Kernel

from pyntk import ntk_diag, ntk_gram

Matrix = NDArray[np.float64]

STEP: Final = 2.0**-17
"""Of the central differences in the logarithm of a hyper-parameter: their error is about 1e-10."""


class NTK(Kernel):  # type: ignore[misc]
    """The kernel of :func:`pyntk.ntk_gram` for Gaussian processes, SVMs and kernel PCA.

    ``GaussianProcessRegressor(kernel=NTK())`` fits weight_variance and bias_variance by marginal
    likelihood; ``SVC(kernel=NTK())`` and ``KernelPCA(kernel=NTK())`` call it.

    Args:
        weight_variance: positive.
        weight_variance_bounds: (low, high), or "fixed".
        bias_variance: at least 0; 0 only with bounds "fixed".
        bias_variance_bounds: (low, high), or "fixed".
        depth: hidden layers.
        trained: "first", "last" (the Gaussian process of the network at its start) or "all".
        threads: at most so many CPU threads.
        backend: "cpu" or "numba"; None chooses.
    """

    def __init__(
        self,
        weight_variance: float = 1.0,
        weight_variance_bounds: Any = (1e-3, 1e3),
        bias_variance: float = 0.1,
        bias_variance_bounds: Any = (1e-5, 1e3),
        *,
        depth: int = 1,
        trained: str = "all",
        threads: int | None = None,
        backend: str | None = None,
    ):
        self.weight_variance = weight_variance
        self.weight_variance_bounds = weight_variance_bounds
        self.bias_variance = bias_variance
        self.bias_variance_bounds = bias_variance_bounds
        self.depth = depth
        self.trained = trained
        self.threads = threads
        self.backend = backend

    @property
    def hyperparameter_weight_variance(self) -> Hyperparameter:
        """The variance of weights."""
        return Hyperparameter("weight_variance", "numeric", self.weight_variance_bounds)

    @property
    def hyperparameter_bias_variance(self) -> Hyperparameter:
        """The variance of biases."""
        return Hyperparameter("bias_variance", "numeric", self.bias_variance_bounds)

    def __call__(
        self, X: ArrayLike, Y: ArrayLike | None = None, eval_gradient: bool = False
    ) -> Any:
        """Return K(X, Y), and the derivative by the logarithms of the free hyper-parameters.

        Args:
            X: (n, d).
            Y: (p, d); X if None.
            eval_gradient: also return (n, n, h), for Y = None alone: central differences of entries
                that are right to 8 u, so to about 1e-10 relative to sqrt(K_ii K_jj).

        Raises:
            ValueError: a gradient for Y that is not None; as :func:`pyntk.ntk_gram`.
        """
        K = self._gram(X, Y, {})
        if not eval_gradient:
            return K
        if Y is not None:
            raise ValueError("a gradient is given for Y = None alone")
        slopes = [self._slope(X, h.name) for h in self.hyperparameters if not h.fixed]
        return K, np.stack(slopes, axis=2) if slopes else np.empty((*K.shape, 0))

    def diag(self, X: ArrayLike) -> Matrix:
        """Return the diagonal of K(X, X), (n,)."""
        diagonal: Matrix = ntk_diag(_rows(X), **self._how({}))
        return diagonal

    def is_stationary(self) -> bool:
        """Return False: it is a kernel of angles and norms."""
        return False

    def __repr__(self) -> str:
        return (
            f"NTK({self.weight_variance:.3g}, bias_variance={self.bias_variance:.3g}, "
            f"depth={self.depth}, trained={self.trained!r})"
        )

    def _slope(self, X: ArrayLike, name: str) -> Matrix:
        """Return the derivative of K(X, X) by the logarithm of a hyper-parameter."""
        above, below = (
            self._gram(X, None, {name: getattr(self, name) * np.exp(step)})
            for step in (STEP, -STEP)
        )
        return (above - below) / (2 * STEP)

    def _gram(self, X: ArrayLike, Y: ArrayLike | None, changed: dict[str, float]) -> Matrix:
        K: Matrix = ntk_gram(_rows(X), None if Y is None else _rows(Y), **self._how(changed))
        return K

    def _how(self, changed: dict[str, float]) -> dict[str, Any]:
        """Return the keywords of ntk_gram."""
        return {
            "depth": self.depth, "trained": self.trained, "threads": self.threads,
            "backend": self.backend, "weight_variance": float(self.weight_variance),
            "bias_variance": float(self.bias_variance), **changed,
        }  # fmt: skip


def _rows(X: ArrayLike) -> Matrix:
    return np.atleast_2d(np.asarray(X, np.float64))
