"""What the estimators share: which kernel is meant, and how its regression is fitted."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from pyntk import KernelRegression, kernel_regression

Matrix = NDArray[np.float64]

KERNEL = ("depth", "trained", "weight_variance", "bias_variance", "threads", "backend")
"""The parameters of an estimator that are keywords of ntk_gram."""


@contextmanager
def products(client: Any, X: Matrix, kernel: dict[str, Any]) -> Iterator[Any]:
    """Give the kernel of X as an operator on the workers of a client; None for no client.

    Raises:
        TypeError: ``client`` is neither None nor a client of Dask.
    """
    if client is None:
        yield None
        return
    if not hasattr(client, "scatter"):
        raise TypeError(
            f"n_jobs must be None or a client of Dask, not {client!r}; threads= limits CPU threads"
        )
    from pyntk.dask import operator

    with operator(X, client, **kernel) as held:
        yield held


class KernelEstimator(BaseEstimator):  # type: ignore[misc]
    """An estimator with the parameters of a kernel."""

    def _kernel(self) -> dict[str, Any]:
        """Return the keywords of ntk_gram."""
        return {name: getattr(self, name) for name in KERNEL}


class RidgeEstimator(KernelEstimator):
    """Kernel ridge regression on numbers, under the regressor and the classifier.

    The parameters are those of :class:`NTKRidge`.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        depth: int = 1,
        trained: str = "all",
        weight_variance: float = 1.0,
        bias_variance: float = 0.1,
        fit_intercept: bool = True,
        method: str | None = None,
        rank: int | None = None,
        tol: float = 1e-8,
        max_steps: int = 1000,
        random_state: Any = 0,
        threads: int | None = None,
        backend: str | None = None,
        n_jobs: Any = None,
        verbose: bool = False,
    ):
        self.alpha = alpha
        self.depth = depth
        self.trained = trained
        self.weight_variance = weight_variance
        self.bias_variance = bias_variance
        self.fit_intercept = fit_intercept
        self.method: Any = method
        self.rank = rank
        self.tol = tol
        self.max_steps = max_steps
        self.random_state = random_state
        self.threads = threads
        self.backend = backend
        self.n_jobs = n_jobs
        self.verbose = verbose

    def _fit_numbers(self, X: Matrix, Y: Matrix) -> None:
        """Fit targets (n,) or (n, k)."""
        self.intercept_ = Y.mean(axis=0) if self.fit_intercept else np.zeros(Y.shape[1:])
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        kernel = self._kernel()
        with products(self.n_jobs, X, kernel) as operator:
            self.regression_: KernelRegression = kernel_regression(
                X, Y - self.intercept_, ridge=self.alpha, method=self.method, operator=operator,
                rank=self.rank, tol=self.tol, most_steps=self.max_steps, seed=seed,
                progress=bool(self.verbose), **kernel,
            )  # fmt: skip
        self.dual_coef_ = self.regression_.coefficients
        self.X_fit_ = self.regression_.X
        self.method_, self.reason_ = self.regression_.method, self.regression_.reason

    def __getstate__(self) -> Any:
        """Return what is pickled: all but the client, which is a connection."""
        return {**super().__getstate__(), "n_jobs": None}

    def __sklearn_clone__(self) -> Any:
        """Return a fresh estimator with the same parameters, and the same client."""
        fresh = BaseEstimator.__sklearn_clone__(copy(self))
        fresh.n_jobs = self.n_jobs
        return fresh

    def _numbers(self, X: Any) -> Matrix:
        """Return what the fit says of rows X."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        predicted: Matrix = self.regression_.predict(rows) + self.intercept_
        return predicted

    def leave_one_out(self) -> Matrix:
        """Return what the fit on the other samples misses each training target by.

        The intercept is that of all samples. It needs the matrix, 8 n^2 bytes, whatever the method
        of the fit was.

        Returns:
            y_i - f_-i(x_i), of the shape of the targets (for a classifier, of the numbers -1 and 1
            that stand for the classes).

        Raises:
            MemoryError: the matrix does not fit.
        """
        check_is_fitted(self)
        missed: Matrix = self.regression_.leave_one_out()
        return missed
