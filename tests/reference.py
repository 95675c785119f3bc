"""What every kernel must compute, sharing no code with any backend.

Written for clarity in NumPy's longdouble: 64 bits of mantissa and 15 of exponent on x86, so neither
its rounding nor its range is felt beside float64. ``test_reference.py`` holds it against mpmath.
"""

import functools

import numpy as np

import textbook
from textbook import DEGREE_0, DEGREE_1

L = np.longdouble
PI = np.arccos(L(-1))


def ntk(X, Z, trained):
    """The kernels of Arora et al. (arXiv 1901.08584, equation 4) and Cho and Saul (2009)."""
    first, last = _first_and_last(X.tobytes(), X.dtype.str, X.shape, Z.tobytes(), Z.shape)
    return {"first": first, "last": last, "all": first + last}[trained]


@functools.lru_cache(maxsize=256)
def _first_and_last(X, dtype, X_shape, Z, Z_shape):
    """The angle is Kahan's: theta = 2 atan2(| x|z| - z|x| |, | x|z| + z|x| |)."""
    X = np.frombuffer(X, dtype).reshape(X_shape).astype(L)
    Z = np.frombuffer(Z, dtype).reshape(Z_shape).astype(L)
    x, z = row_norms(X), row_norms(Z)
    U = X / np.where(x == 0, 1, x)[:, None]
    V = Z / np.where(z == 0, 1, z)[:, None]
    theta = np.zeros((len(X), len(Z)), L)
    for i in range(len(X)):
        near, far = (np.sqrt(((U[i] - sign * V) ** 2).sum(1)) for sign in (1, -1))
        theta[i] = 2 * np.arctan2(near, far)
    kappa = (PI - theta) / (2 * PI)
    size = np.outer(x, z)
    return size * np.cos(theta) * kappa, size * (np.sin(theta) / (2 * PI) + kappa * np.cos(theta))


def gram(X, Z, recipe):
    """k(x_i, z_j) of a recipe: one layer without bias by the formulas above, others by mpmath.

    The covariances of a deep kernel lose the angle in longdouble: 1 - rho of a pair at 1e-8 keeps
    three digits. With one layer the angle comes from the rows themselves.
    """
    if recipe.kind >= DEGREE_0:
        if recipe.kind == DEGREE_1:
            return 2 * ntk(X, Z, "last")
        return textbook.gram(X, Z, recipe)
    if recipe.depth == 1 and recipe.bias_variance == 0:
        return L(recipe.weight_variance) ** 2 * ntk(X, Z, ("first", "last", "all")[recipe.kind])
    return textbook.gram(X, Z, recipe)


def diagonal(X, recipe):
    """k(x_i, x_i), by the recursion of the variances."""
    if recipe.kind == DEGREE_0:
        return np.where(row_norms(X) == 0, L(0.5), L(1))
    a, b = L(recipe.weight_variance), L(recipe.bias_variance)
    q = row_norms(X) ** 2
    if recipe.kind == DEGREE_1:
        return q
    q = first = every = a * q + b
    for _ in range(recipe.depth):
        q = a / 2 * q + b
        first, every = a / 2 * first, a / 2 * every + q
    return (first, q, every)[recipe.kind]


def angles_and_turns(X, Z, recipe):
    """The angle of each pair from the nearer pole, and how fast it turns as x_i moves.

    Of the rows (sqrt(a) x, sqrt(b)), whose product is K_0.
    """
    a, b = (L(recipe.weight_variance), L(recipe.bias_variance)) if recipe.kind < 3 else (L(1), L(0))
    rows, columns = (
        np.hstack([np.sqrt(a) * np.asarray(S, L), np.full((len(S), 1), np.sqrt(b))]) for S in (X, Z)
    )
    x, z = row_norms(rows), row_norms(columns)
    turn = np.outer(np.sqrt(a) / np.where(x == 0, 1, x), z > 0)
    rows, columns = (S / np.where(r == 0, 1, r)[:, None] for S, r in ((rows, x), (columns, z)))
    near, far = (np.sqrt(((rows[:, None] - sign * columns[None]) ** 2).sum(2)) for sign in (1, -1))
    return 2 * np.arctan2(np.minimum(near, far), np.maximum(near, far)), turn


def gradients(X, Z, where, recipe):
    """d k(x_i, z_j) / d x_i, (n, p, d), where a Boolean (n, p) says so."""
    return textbook.gradients(X, Z, where, recipe)


def row_norms(X):
    return np.sqrt((np.asarray(X, L) ** 2).sum(1))


def preactivations(X, W):
    """w_r.x_i, and how far from 0 it must be for its sign to be certain (promise 13)."""
    X, W = np.asarray(X, L), np.asarray(W, L)
    return X @ W.T, np.abs(X) @ np.abs(W).T


def patterns(X, W):
    """The bits 1{w_r.x_i > 0} as Booleans (n, m)."""
    return preactivations(X, W)[0] > 0


def finite_width(X, active):
    """x_i.x_j times the share of neurons active on both, and the size of its terms."""
    X = np.asarray(X, L)
    share = active.astype(L) @ active.T.astype(L) / active.shape[1]
    return (X @ X.T) * share, (np.abs(X) @ np.abs(X).T) * share
