"""What people write today: the formulas in NumPy, a pass over memory for each operation."""

import numpy as np


def ntk_gram(X, trained="first", depth=1, xp=np):
    """The kernel in the operations of a library that has NumPy's names."""
    norms = xp.sqrt((X * X).sum(1))
    U = X / norms[:, None]
    return from_cosines(xp.clip(U @ U.T, -1, 1), norms, trained, depth, xp)


def from_cosines(rho, norms, trained="first", depth=1, xp=np):
    scale = xp.outer(norms, norms)
    if (trained, depth) == ("first", 1):
        return scale * rho * (np.pi - xp.arccos(rho)) / (2 * np.pi)
    K = T = scale * rho
    for _ in range(depth):
        theta = xp.arccos(rho)
        gates = (np.pi - theta) / (2 * np.pi)
        rho = xp.clip((xp.sin(theta) + (np.pi - theta) * rho) / np.pi, -1, 1)
        scale = scale / 2
        K = scale * rho
        T = K + T * gates
    return {"last": K, "all": T}[trained]


def prepare(X, accumulate=None, **options):
    if accumulate == "float64":
        return lambda: ntk_gram(X.astype(np.float64), **options).astype(X.dtype)
    return lambda: ntk_gram(X, **options)


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
