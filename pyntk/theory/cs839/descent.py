"""Gradient descent for least squares at any number of steps, without taking one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import eigh

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class LeastSquares:
    r"""min (1/2n) \|Phi theta - y\|^2 in the eigenvectors of Phi' Phi / n.

    Attributes:
        eigenvalues: (k,) of Phi' Phi / n, those above rounding, descending.
        directions: (k, p) its eigenvectors, as rows, each of any norm.
        coordinates: (k,) of the minimiser of least norm in them.
    """

    eigenvalues: Vector
    directions: Matrix
    coordinates: Vector

    def minimiser(self) -> Vector:
        """Return the (p,) minimiser, the one of least norm."""
        theta: Vector = self.coordinates @ self.directions
        return theta

    def descent(self, steps: ArrayLike) -> Matrix:
        """Return gradient descent from 0 with eta = 1/lambda_max: (T, p) for (T,) steps t >= 1.

        In the direction of an eigenvalue lambda it has covered 1 - (1 - eta lambda)^t of the way.
        """
        t = np.asarray(steps, np.float64)[:, None]
        rate = self.eigenvalues / self.eigenvalues[0]
        with np.errstate(divide="ignore"):  # log1p(-1): all of the way in one step
            covered = -np.expm1(t * np.log1p(-rate))
        thetas: Matrix = (covered * self.coordinates) @ self.directions
        return thetas


def least_squares(features: Matrix, y: Vector, backend: str | None = None) -> LeastSquares:
    """Return the problem of features (n, p) and targets (n,) in its eigenvectors.

    Those of Phi' Phi / n, or where p > n of Phi Phi' / n, which has the same eigenvalues but 0.
    """
    n, p = features.shape
    if p <= n:
        eigenvalues, vectors = eigh(features.T @ features / n, backend=backend)
        directions, projections = vectors.T, vectors.T @ (features.T @ y) / n
    else:
        eigenvalues, vectors = eigh(features @ features.T / n, backend=backend)
        directions, projections = vectors.T @ features, vectors.T @ y / n
    kept = eigenvalues > eigenvalues[-1] * max(n, p) * np.finfo(np.float64).eps
    lambdas, rows = eigenvalues[kept][::-1], directions[kept][::-1]
    return LeastSquares(lambdas, rows, projections[kept][::-1] / lambdas)
