"""A network of 2n + d weights that represents any labels of n points in d dimensions."""

from typing import Any, Final

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from pyntk import TwoLayer

Matrix = NDArray[np.float64]
DIRECTIONS: Final = 32


def memorise(X: ArrayLike, y: ArrayLike, *, seed: int = 0, dtype: Any = np.float64) -> TwoLayer:
    r"""Return the network c(x) = sum_j w_j max(<a, x> - b_j, 0) with c(x_i) = y_i for all i.

    Along a direction a the points have the places z_1 < ... < z_n, up to their order. With
    b_j < z_j and b_(j+1) >= z_j the matrix max(z_i - b_j, 0) is lower triangular with a positive
    diagonal, so forward substitution finds w for any y. Here b_(j+1) = z_j, which makes c linear
    between neighbouring points and the w_j as small as they get, and a is that of 32 random
    directions on which the nearest two points are the farthest apart.

    Args:
        X: (n, d) rows, no two equal.
        y: (n,) labels, any real numbers.
        seed: of the directions.
        dtype: of the arithmetic of the network and of the substitution. In float32 the labels are
            missed: the w_j are as large as the inverse of the smallest gap.

    Returns:
        A network with n neurons, all of them of the weights a, with biases -b_j: n + n + d numbers,
        w, b and a, make it.

    Raises:
        ValueError: two rows are equal, or shapes do not go together, or NaN or infinity.

    References:
        C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, arXiv 1611.03530, Theorem 1.
    """
    rows, labels = np.asarray(X, np.float64), np.asarray(y, np.float64)
    if rows.ndim != 2 or labels.shape != rows.shape[:1] or rows.size == 0:
        raise ValueError(f"X must be (n, d) and y (n,), not {rows.shape} and {labels.shape}")
    for name, array in (("X", rows), ("y", labels)):
        if not np.isfinite(array).all():
            raise ValueError(f"{name} must be finite")
    a = widest(rows, np.random.default_rng(seed))
    places = rows @ a
    order = np.argsort(places)
    z = places[order].astype(dtype)
    gaps = np.diff(z)
    if len(gaps) and not gaps.min() > 0:
        raise ValueError("X must not have equal rows: one of them cannot have two labels")
    first = z[0] - (gaps.mean() if len(gaps) else 1)
    b = np.concatenate([[first], z[:-1]]).astype(dtype)
    triangle = np.maximum(z[:, None] - b, 0)
    w = scipy.linalg.solve_triangular(triangle, labels[order].astype(dtype), lower=True)
    directions = np.broadcast_to(a.astype(dtype), (len(w), len(a)))
    return TwoLayer(directions, w, -b, scale=1.0)


def widest(X: Matrix, generator: np.random.Generator) -> Matrix:
    """Return the direction (d,), of 32 random ones, with the largest smallest gap of X a."""
    candidates = generator.standard_normal((X.shape[1], DIRECTIONS))
    candidates /= np.linalg.norm(candidates, axis=0)
    if len(X) < 2:
        return np.ascontiguousarray(candidates[:, 0])
    gaps = np.diff(np.sort(X @ candidates, axis=0), axis=0).min(axis=0)
    return np.ascontiguousarray(candidates[:, int(np.argmax(gaps))])
