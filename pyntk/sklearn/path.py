"""Leave-one-out errors of kernel ridge regression for many ridges, from one eigendecomposition."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import eigh, ntk_gram
from pyntk.sklearn.base import Matrix


class AlphaPath(NamedTuple):
    """Scores along a path of ridges."""

    alphas: NDArray[np.float64]
    """(k,) as given."""
    scores: NDArray[np.float64]
    """(k,) of the leave-one-out predictions: R^2, or the accuracy of a classifier."""
    best: float
    """The alpha of the best score, the largest of several."""


def alpha_path(
    X: Matrix,
    Y: Matrix,
    alphas: ArrayLike,
    kernel: dict[str, Any],
    score: Callable[[Matrix], float],
) -> AlphaPath:
    """Return the scores of leave-one-out residuals for every alpha.

    With K = V diag(l) V', G = K + alpha I and c = G^-1 y, the residual of sample i without itself
    is c_i / (G^-1)_ii, and both come from V and l in O(n^2).

    Args:
        X: (n, d).
        Y: (n,) or (n, k), centred if there is an intercept.
        alphas: positive numbers.
        kernel: keywords of ntk_gram.
        score: of residuals of the shape of Y.

    Raises:
        ValueError: an alpha is not a positive number, or there is none.
        MemoryError: the matrix does not fit.

    References:
        R. Rifkin, R. Lippert, "Notes on regularized least squares", MIT-CSAIL-TR-2007-025.
    """
    path = np.atleast_1d(np.asarray(alphas, np.float64))
    if path.ndim != 1 or not len(path) or not (np.isfinite(path) & (path > 0)).all():
        raise ValueError(f"alphas must be positive numbers, not {alphas!r}")
    eigenvalues, V = eigh(ntk_gram(X.astype(np.float64, copy=False), **kernel))
    projected, squares = V.T @ Y, V**2
    scores = np.array([score(_missed(V, squares, eigenvalues + a, projected)) for a in path])
    best = float(path[scores == scores.max()].max())
    return AlphaPath(path, scores, best)


def _missed(V: Matrix, squares: Matrix, shifted: Matrix, projected: Matrix) -> Matrix:
    """Return c_i / (G^-1)_ii for every sample."""
    inverse = 1 / shifted
    scaled = inverse * projected.T
    missed: Matrix = (V @ scaled.T).T / (squares @ inverse)
    return missed.T
