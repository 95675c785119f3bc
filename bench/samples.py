"""Exact entries of a kernel for a sample of pairs, in long double, and the check of an answer.

It shares no code with pyntk or a peer. Angles are W. Kahan's 2 atan2(|u - v|, |u + v|), which are
accurate everywhere; from the second layer on they come from an arccosine, which costs half of the
digits of a long double near the poles: still nothing for float32, and the float64 problems with
several layers have generic rows.
"""

import numpy as np

OFF_DIAGONAL, DIAGONAL = 1000, 50


def sample(n):
    """Return rows and columns of entries, OFF_DIAGONAL ones first (as many as there are)."""
    generator = np.random.default_rng(1)
    i = generator.integers(0, n, OFF_DIAGONAL)
    j = (i + generator.integers(1, n, OFF_DIAGONAL)) % n
    same = generator.integers(0, n, DIAGONAL)
    return np.concatenate([i, same]), np.concatenate([j, same])


def kernel(x, z, trained="first", depth=1):
    """Return k(x, z), row by row, and sqrt(k(x, x) k(z, z)), both in long double."""
    x, z = x.astype(np.longdouble), z.astype(np.longdouble)
    norms = [np.sqrt((rows**2).sum(1, keepdims=True)) for rows in (x, z)]
    u, v = x / norms[0], z / norms[1]
    angle = 2 * np.arctan2(np.linalg.norm(u - v, axis=1), np.linalg.norm(u + v, axis=1))
    scale = (norms[0] * norms[1])[:, 0]
    return _recursion(scale, angle, trained, depth), _recursion(scale, 0 * angle, trained, depth)


def _recursion(scale, angle, trained, depth):
    """K_(l+1) = E[relu relu], T_(l+1) = K_(l+1) + T_l E[relu' relu'] (Jacot et al. 2018)."""
    pi = np.arctan2(np.longdouble(0), np.longdouble(-1))
    first = K = T = scale * np.cos(angle)
    for _ in range(depth):
        gates = (pi - angle) / (2 * pi)
        scale = scale / 2
        cosine = (np.sin(angle) + (pi - angle) * np.cos(angle)) / pi
        K = scale * cosine
        T = K + T * gates
        first = first * gates
        angle = np.arccos(np.clip(cosine, -1, 1))
    return {"first": first, "last": K, "all": T}[trained]


def promise(dtype, trained="first", depth=1, accumulate=None):
    """Return the largest normwise error that pyntk promises, in units in roundoff of the dtype."""
    if np.dtype(dtype) == np.float32 and (accumulate == "float64" or depth > 1):
        return 1.02  # computed in double, rounded once
    return 8 if depth == 1 else 8 + 0.4 * depth


def check_gram(X, runner, by_pyntk, **options):
    """Return the largest normwise error of the runner's answer over a sample, in u; or raise.

    A peer takes the arccosine of a rounded cosine: the angle of two rows near a pole is wrong by
    sqrt(2 d u) at most, in each layer; that much is allowed to it.
    """
    i, j = sample(len(X))
    exact, size = kernel(X[i], X[j], options.get("trained", "first"), options.get("depth", 1))
    u = float(np.finfo(X.dtype).eps) / 2
    errors = np.abs(runner.entries(i, j) - exact) / (u * size)
    worst = float(errors.max())
    depth, d = options.get("depth", 1), X.shape[1]
    allowed = promise(X.dtype, **options) if by_pyntk else depth * float(np.sqrt(2 * d * u)) / u
    if not worst <= allowed:
        raise AssertionError(f"wrong by {worst:.3g} u, {allowed:.3g} u are allowed")
    return worst


def check_product(X, runner):
    """Return the largest error of the lower triangle of X X' over a sample, in u; or raise."""
    i, j = sample(len(X))
    i, j = np.maximum(i, j), np.minimum(i, j)
    x, z = X[i].astype(np.longdouble), X[j].astype(np.longdouble)
    u = float(np.finfo(X.dtype).eps) / 2
    errors = np.abs(runner.entries(i, j) - (x * z).sum(1)) / (u * np.abs(x * z).sum(1))
    worst = float(errors.max())
    if not worst <= X.shape[1]:  # Higham 2002, section 3.1: gamma_d
        raise AssertionError(f"X X' is wrong by {worst:.3g} u")
    return worst
