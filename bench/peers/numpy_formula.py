"""What people write today: the formulas in NumPy, a pass over memory for each operation."""

import numpy as np


def ntk_gram(X):
    norms = np.sqrt((X * X).sum(1))
    U = X / norms[:, None]
    rho = np.clip(U @ U.T, -1, 1)
    return np.outer(norms, norms) * rho * (np.pi - np.arccos(rho)) / (2 * np.pi)


def loss_and_gradient(X, W, a, y):
    scale = X.dtype.type(W.shape[0] ** -0.5)
    P = X @ W.T
    active = P > 0
    residual = scale * ((P * active) @ a) - y
    G = active * residual[:, None]
    return 0.5 * float(residual @ residual), (scale * a)[:, None] * (G.T @ X)


def finite_width_gram(X, W):
    active = (X @ W.T > 0).astype(X.dtype)
    return (X @ X.T) * (active @ active.T) / X.dtype.type(W.shape[0])
