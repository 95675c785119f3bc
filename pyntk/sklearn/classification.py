"""Classification by kernel ridge regression on labels -1 and 1."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from pyntk.sklearn.base import Matrix, RidgeEstimator
from pyntk.sklearn.path import AlphaPath, alpha_path


class NTKRidgeClassifier(ClassifierMixin, RidgeEstimator):  # type: ignore[misc]
    """A classifier: :class:`NTKRidge` on -1 and 1, one target a class (one in all for two classes).

    The parameters are those of :class:`NTKRidge`.

    Attributes:
        classes_: the labels, ascending.
        dual_coef_, X_fit_, intercept_, method_, reason_, n_features_in_: as of :class:`NTKRidge`.
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Fit rows X (n, d) and labels y (n,).

        Raises:
            ValueError: a single class; as :meth:`NTKRidge.fit`.
        """
        rows, numbers = self._admit(X, y)
        self._fit_numbers(rows, numbers)
        return self

    def decision_function(self, X: ArrayLike) -> Matrix:
        """Return f(X): (p,) for two classes, positive for the second; else (p, classes)."""
        return self._numbers(X)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the label (p,) of the largest decision."""
        check_is_fitted(self)
        chosen = self._chosen(self.decision_function(X))
        labels: NDArray[Any] = self.classes_[chosen]
        return labels

    def leave_one_out_score(self) -> float:
        """Return the accuracy of the leave-one-out predictions of the training samples."""
        check_is_fitted(self)
        targets = self.regression_._y
        return self._accuracy(targets + self.intercept_, self.leave_one_out())

    def cross_validate_alpha(self, X: ArrayLike, y: ArrayLike, alphas: ArrayLike) -> AlphaPath:
        """Leave one out for every alpha, after a single eigendecomposition; scores are accuracies.

        See :meth:`NTKRidge.cross_validate_alpha`.
        """
        rows, numbers = self._admit(X, y)
        mean = numbers.mean(axis=0) if self.fit_intercept else 0.0
        return alpha_path(
            rows, numbers - mean, alphas, self._kernel(),
            lambda missed: self._accuracy(numbers, missed),
        )  # fmt: skip

    def _admit(self, X: ArrayLike, y: ArrayLike) -> tuple[Matrix, Matrix]:
        """Return rows and the numbers of their labels: (n,), or (n, classes) from three on."""
        rows, labels = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(labels)
        binarizer = LabelBinarizer(neg_label=-1, pos_label=1)
        numbers = np.asarray(binarizer.fit_transform(labels), np.float64)
        self.classes_ = binarizer.classes_
        if len(self.classes_) < 2:
            raise ValueError(
                f"a classifier needs two classes, but every label is of one class: {self.classes_}"
            )
        return rows, numbers[:, 0] if numbers.shape[1] == 1 else numbers

    @staticmethod
    def _chosen(decision: Matrix) -> NDArray[np.intp]:
        """Return the index of each row's class."""
        chosen = decision > 0 if decision.ndim == 1 else decision.argmax(axis=1)
        return np.asarray(chosen, np.intp)

    def _accuracy(self, numbers: Matrix, missed: Matrix) -> float:
        """Return how often the class of numbers - missed is that of numbers."""
        return float((self._chosen(numbers - missed) == self._chosen(numbers)).mean())
