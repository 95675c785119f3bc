"""What every kernel must compute, sharing no code with any backend.

Written for clarity in NumPy's longdouble: 64 bits of mantissa and 15 of exponent on x86, so neither
its rounding nor its range is felt beside float64. ``test_reference.py`` holds it against mpmath.
"""

import numpy as np

L = np.longdouble
PI = np.arccos(L(-1))


def ntk(X, Z, trained):
    """The kernels of Arora et al. (arXiv 1901.08584, equation 4) and Cho and Saul (2009).

    The angle is Kahan's: theta = 2 atan2(| x|z| - z|x| |, | x|z| + z|x| |).
    """
    X, Z = np.asarray(X, L), np.asarray(Z, L)
    x, z = np.sqrt((X**2).sum(1)), np.sqrt((Z**2).sum(1))
    U = X / np.where(x == 0, 1, x)[:, None]
    V = Z / np.where(z == 0, 1, z)[:, None]
    K = np.zeros((len(X), len(Z)), L)
    for i in range(len(X)):
        half = np.arctan2(np.sqrt(((U[i] - V) ** 2).sum(1)), np.sqrt(((U[i] + V) ** 2).sum(1)))
        theta = 2 * half
        first = np.cos(theta) * (PI - theta) / (2 * PI)
        last = (np.sin(theta) + (PI - theta) * np.cos(theta)) / (2 * PI)
        K[i] = x[i] * z * {"first": first, "last": last, "all": first + last}[trained]
    return K


def row_norms(X):
    return np.sqrt((np.asarray(X, L) ** 2).sum(1))


def preactivations(X, W):
    """w_r.x_i, and how far from 0 it must be for its sign to be certain (promise 13)."""
    X, W = np.asarray(X, L), np.asarray(W, L)
    return X @ W.T, np.abs(X) @ np.abs(W).T


def forward(X, W, a, scale):
    """f, and the sum of the absolute values of its terms scale a_r w_rk x_ik."""
    P, size = preactivations(X, W)
    a = np.asarray(a, L)
    return scale * (np.maximum(P, 0) @ a), abs(scale) * (size @ np.abs(a))


def gradient(X, W, a, g, scale, unsure):
    """dW, the sum of the absolute values of its terms, and of those whose gate is unsure."""
    P, _ = preactivations(X, W)
    X, a, g = np.asarray(X, L), np.asarray(a, L), np.asarray(g, L)
    factor = scale * a[:, None]
    dW = factor * (np.where(P > 0, g[:, None], 0).T @ X)
    size = np.abs(factor) * (np.where(P > 0, np.abs(g)[:, None], 0).T @ np.abs(X))
    doubt = np.abs(factor) * (np.where(unsure, np.abs(g)[:, None], 0).T @ np.abs(X))
    return dW, size, doubt


def patterns(X, W):
    """The bits 1{w_r.x_i > 0} as Booleans (n, m)."""
    return preactivations(X, W)[0] > 0


def finite_width(X, active):
    """x_i.x_j times the share of neurons active on both, and the size of its terms."""
    X = np.asarray(X, L)
    share = active.astype(L) @ active.T.astype(L) / active.shape[1]
    return (X @ X.T) * share, (np.abs(X) @ np.abs(X).T) * share
