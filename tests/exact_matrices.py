"""Matrices and what is made of them in 60 digits, and rows whose kernel has a given condition."""

import mpmath
import numpy as np

import textbook

DIGITS = 60
TRAINED = {"first": 0, "last": 1, "all": 2}


def kernel(X, trained="first", depth=1, weight_variance=1.0, bias_variance=0.0):
    """K(X, X) of the rows as they are, by the textbook recursion."""
    with mpmath.workdps(DIGITS):
        rows, n = [textbook.numbers(x) for x in X], len(X)
        K = mpmath.matrix(n, n)
        for i in range(n):
            for j in range(i + 1):
                layers = textbook.pair(rows[i], rows[j], weight_variance, bias_variance, depth)
                K[i, j] = K[j, i] = layers[-1][TRAINED[trained]]
        return K


def matrix(H):
    """A NumPy matrix, to the bit."""
    return mpmath.matrix([[mpmath.mpf(float(h)) for h in row] for row in np.asarray(H)])


def solution(K, y):
    with mpmath.workdps(DIGITS):
        return mpmath.lu_solve(K, mpmath.matrix(textbook.numbers(y)))


def form(K, y):
    """y' K^-1 y."""
    with mpmath.workdps(DIGITS):
        return mpmath.fdot(textbook.numbers(y), solution(K, y))


def eigenvalues(K):
    """Ascending; 0 where 60 digits do not tell it from 0."""
    with mpmath.workdps(DIGITS):
        values = sorted(mpmath.eigsy(K, eigvals_only=True))
        floor = max(map(abs, values)) * mpmath.mpf(10) ** (10 - DIGITS)
        return [value if abs(value) > floor else mpmath.mpf(0) for value in values]


def relative_error(x, exact):
    """In the 2-norm, of an array against an mpmath vector."""
    with mpmath.workdps(DIGITS):
        difference = mpmath.matrix(textbook.numbers(x)) - exact
        return float(mpmath.norm(difference) / mpmath.norm(exact))


def sphere(n, d, seed=0):
    X = np.random.default_rng(seed).standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def close_pairs(n, d, angle, pairs=1, seed=0):
    """Rows on the sphere, the first in pairs at about this angle: lambda_min is angle / 2 pi."""
    X = sphere(n, d, seed)
    aside = sphere(pairs, d, seed + 1)
    X[1 : 2 * pairs : 2] = X[: 2 * pairs : 2] + angle * aside
    return X


def labels(n, seed=7):
    return np.random.default_rng(seed).standard_normal(n)
