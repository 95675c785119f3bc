"""Nystrom features of the neural tangent kernel."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from pyntk import eigh, ntk_gram
from pyntk.sklearn.base import KernelEstimator, Matrix


class NTKTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, KernelEstimator):  # type: ignore[misc]
    """Features whose inner products approximate the kernel: K(X, L) K(L, L)^(-1/2), L of the rows.

    Args:
        n_components: landmark rows L, drawn without replacement; all rows where there are fewer.
        depth, trained, weight_variance, bias_variance, threads, backend: as of
            :class:`~pyntk.sklearn.NTKRidge`.
        random_state: of the draw.

    Attributes:
        components_: (m, d) the landmarks.
        normalization_: (m, r) K(L, L)^(-1/2) on the eigenvectors whose eigenvalues are above
            rounding, the leading first; r features come out.
        n_features_in_: d.

    References:
        C. Williams, M. Seeger, "Using the Nystrom method to speed up kernel machines", 2001.
    """

    def __init__(
        self,
        n_components: int = 100,
        *,
        depth: int = 1,
        trained: str = "all",
        weight_variance: float = 1.0,
        bias_variance: float = 0.1,
        random_state: Any = None,
        threads: int | None = None,
        backend: str | None = None,
    ):
        self.n_components = n_components
        self.depth = depth
        self.trained = trained
        self.weight_variance = weight_variance
        self.bias_variance = bias_variance
        self.random_state = random_state
        self.threads = threads
        self.backend = backend

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Draw the landmarks of rows X (n, d); y is not looked at.

        Raises:
            ValueError: n_components is below 1; as scikit-learn's estimators.
        """
        rows = validate_data(self, X, dtype=[np.float64, np.float32])
        if self.n_components < 1:
            raise ValueError(f"n_components must be at least 1, not {self.n_components}")
        order = check_random_state(self.random_state).permutation(len(rows))
        self.components_ = rows[order[: self.n_components]].astype(np.float64)
        eigenvalues, V = eigh(ntk_gram(self.components_, **self._kernel()))
        eigenvalues, V = eigenvalues[::-1], V[:, ::-1]
        kept = eigenvalues > len(eigenvalues) * np.finfo(np.float64).eps * eigenvalues[0]
        self.normalization_ = V[:, kept] / np.sqrt(eigenvalues[kept])
        self._n_features_out = self.normalization_.shape[1]
        return self

    def transform(self, X: ArrayLike) -> Matrix:
        """Return the features (p, r) of rows X."""
        check_is_fitted(self)
        rows = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        cross = ntk_gram(rows.astype(np.float64, copy=False), self.components_, **self._kernel())
        features: Matrix = cross @ self.normalization_
        return features
