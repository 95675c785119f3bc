"""Kernel ridge regression with the neural tangent kernel, as scikit-learn has regressors."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted, validate_data

from pyntk.sklearn.base import Matrix, RidgeEstimator
from pyntk.sklearn.path import AlphaPath, alpha_path


class NTKRidge(MultiOutputMixin, RegressorMixin, RidgeEstimator):  # type: ignore[misc]
    r"""Ridge regression with the neural tangent kernel of a ReLU network.

    It minimises \|y - b - f(X)\|^2 + alpha \|f\|^2 in the space of the kernel: what a wide network
    tends to, trained by gradient descent (alpha = 0), or stopped early and regularised (alpha > 0).
    Dense by Cholesky where the matrix fits in memory, else matrix-free by conjugate gradients:
    ``method_`` and ``reason_`` say which and why.

    Args:
        alpha: at least 0, added to the diagonal of the kernel matrix.
        depth: hidden layers.
        trained: "first", "last" or "all": which layers.
        weight_variance: of every layer's weights, divided by its inputs (half of He's is 1).
        bias_variance: of every layer's biases; 0 makes f homogeneous in x.
        fit_intercept: whether b is the mean of y, or 0.
        method: "dense" or "matrix_free"; None chooses by memory.
        rank: of the preconditioner; matrix-free alone.
        tol: relative residual; matrix-free alone.
        max_steps: of conjugate gradients; matrix-free alone.
        random_state: of the preconditioner; matrix-free alone.
        threads: at most so many CPU threads.
        backend: "cpu" or "numba"; None chooses.
        n_jobs: None, or a ``distributed.Client`` on whose workers the fit is made, matrix-free
            (:func:`pyntk.dask.operator`). Clones share it; a pickle has none.
        verbose: say on standard error which method is taken and, matrix-free, how long it will
            take, and show progress.

    Attributes:
        dual_coef_: (n,) or (n, targets).
        X_fit_: (n, d) float64.
        intercept_: b, a number or (targets,).
        method_, reason_: "dense" or "matrix_free", and why.
        n_features_in_: d.

    References:
        S. Arora et al., 1901.08584 (the limit of training); kernel ridge regression:
        C. Saunders, A. Gammerman, V. Vovk, ICML 1998.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit rows X (n, d) and targets y (n,) or (n, targets).

        Raises:
            ValueError, TypeError: as scikit-learn's estimators; a parameter out of its range.
            MemoryError: more is needed than there is; the message has both numbers.
            numpy.linalg.LinAlgError: alpha is 0 and rows are parallel.
        """
        rows, targets = self._admit(X, y)
        self._fit_numbers(rows, targets)
        return self

    def predict(self, X: ArrayLike) -> Matrix:
        """Return f(X) + b, (p,) or (p, targets)."""
        return self._numbers(X)

    def leave_one_out_score(self) -> float:
        """Return R^2 of the leave-one-out predictions of the training samples."""
        check_is_fitted(self)
        targets = self.regression_._y
        return float(r2_score(targets, targets - self.leave_one_out()))

    def cross_validate_alpha(self, X: ArrayLike, y: ArrayLike, alphas: ArrayLike) -> AlphaPath:
        """Leave one out for every alpha, after a single eigendecomposition.

        Args:
            X: (n, d).
            y: (n,) or (n, targets).
            alphas: positive numbers.

        Returns:
            ``alphas``, ``scores`` (R^2 of the leave-one-out predictions), ``best`` (its
            alpha); ``model.set_params(alpha=path.best).fit(X, y)`` takes it.

        Raises:
            MemoryError: the matrix and its eigenvectors do not fit.
        """
        rows, targets = self._admit(X, y)
        centred = targets - targets.mean(axis=0) if self.fit_intercept else targets
        return alpha_path(
            rows,
            centred,
            alphas,
            self._kernel(),
            lambda missed: r2_score(centred, centred - missed),
        )

    def _admit(self, X: ArrayLike, y: ArrayLike) -> tuple[Matrix, Matrix]:
        rows, targets = validate_data(
            self, X, y, multi_output=True, y_numeric=True, dtype=[np.float64, np.float32]
        )
        return rows, np.asarray(targets, np.float64)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn's checks want to know."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
