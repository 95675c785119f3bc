"""How alike two neurons are: correlations of activations, and of ranks."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import TwoLayer

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FLAT = 1e-20
"""Variance over mean square below which a neuron counts as constant: its spread is rounding."""


def pearson(F: ArrayLike, G: ArrayLike) -> Matrix:
    r"""Correlation of every column of F with every column of G, each minus its mean.

    The means matter: two independent neurons relu(z), z ~ N(0, 1), have correlation 0, and
    1/pi = .318 if they are not subtracted. A column that is constant, a dead neuron, has 0.

    Args:
        F: (n, p) activations, a row for each input.
        G: (n, q) activations on the same inputs.

    Returns:
        (p, q) numbers from -1 to 1; NaN where a column has one.

    Raises:
        ValueError: not the same number of rows.
    """
    first, second = np.asarray(F, np.float64), np.asarray(G, np.float64)
    if first.ndim != 2 or second.ndim != 2 or len(first) != len(second):
        raise ValueError(f"F and G must have a row for each input, not {first.shape, second.shape}")
    correlation: Matrix = _standardised(first).T @ _standardised(second)
    return correlation


def activations(network: TwoLayer, X: Matrix) -> Matrix:
    """Return relu(W x + b) of every row of X, (n, m) float64."""
    return hidden(X, np.asarray(network.W), np.asarray(network.b))


def hidden(X: Matrix, W: Matrix, b: Vector) -> Matrix:
    """Return relu(W x + b) of every row of X, (n, m) float64."""
    H: Matrix = X @ np.asarray(W, np.float64).T
    H += b
    np.maximum(H, 0, out=H)
    return H


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float:
    """Return Spearman's correlation; equal values share a rank, infinity is the last one.

    Where x or y is constant there is no order to agree with: 0.

    Raises:
        ValueError: not two vectors of one length; NaN.
    """
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if first.ndim != 1 or first.shape != second.shape or np.isnan([first, second]).any():
        raise ValueError("x and y must be vectors of one length, without NaN")
    return float(pearson(ranks(first)[:, None], ranks(second)[:, None])[0, 0])


def ranks(values: Vector) -> Vector:
    """Return the rank of every value, 0 for the least; equal values share the mean of theirs."""
    below = (values[:, None] > values).sum(1)
    equal = (values[:, None] == values).sum(1)
    found: Vector = below + (equal - 1) / 2
    return found


def _standardised(F: Matrix) -> Matrix:
    """Return columns of mean 0 and norm 1; 0 for a constant one."""
    mean_square = np.einsum("ij,ij->j", F, F)
    centred: Matrix = F - F.mean(axis=0)
    square = np.einsum("ij,ij->j", centred, centred)
    flat = square <= FLAT * mean_square
    centred /= np.sqrt(np.where(flat, 1.0, square))
    centred[:, flat] = 0.0
    return centred
