"""One-pass stochastic gradient descent as one writes it in Numba: plain loops, fastmath.

It runs on one thread; NumPy's generator draws the samples inside the loop.
"""

import numba
import numpy as np


def one_pass(W, step_sizes, stds, knots, values, seed):
    """Train w_r <- w_r + 2 s (y - f(x)) sigma'(w_r.x) x, f the mean of sigma(w_r.x), in one pass.

    sigma is linear between two knots and constant outside. The weights of a neuron are a row, and
    only the rows that move are written.
    """
    W, rng = W.copy(), np.random.default_rng(seed)
    _by_rows(W, step_sizes, *_float32(stds), *_float32(knots), *_float32(values), rng)
    return W


def one_pass_transposed(W, step_sizes, stds, knots, values, seed):
    """The same with the neurons along the inner loops, which are longer: vectors pay."""
    W, rng = np.ascontiguousarray(W.T), np.random.default_rng(seed)
    _by_columns(W, step_sizes, *_float32(stds), *_float32(knots), *_float32(values), rng)
    return W.T


def _float32(pair):
    """Return numbers that do not turn the arithmetic of the loops into double."""
    return tuple(map(np.float32, pair))


@numba.njit(fastmath=True)
def _draw(rng, x, std_of_1, std_of_2):
    """Fill x and return its label."""
    first = rng.random() < 0.5
    std = std_of_1 if first else std_of_2
    for j in range(len(x)):
        x[j] = std * rng.standard_normal()
    return np.float32(1 if first else -1)


@numba.njit(fastmath=True)
def _by_rows(W, step_sizes, std_of_1, std_of_2, low, high, below, above, rng):
    m, d = W.shape
    x, p = np.empty(d, W.dtype), np.empty(m, W.dtype)
    slope = (above - below) / (high - low)
    for step in range(len(step_sizes)):
        y = _draw(rng, x, std_of_1, std_of_2)
        total = np.float32(0)
        for r in range(m):
            product = np.float32(0)
            for j in range(d):
                product += W[r, j] * x[j]
            p[r] = product
            total += min(max(product, low), high)
        f = below + slope * (total / np.float32(m) - low)
        g = np.float32(2 * step_sizes[step]) * slope * (y - f)
        for r in range(m):
            if low < p[r] <= high:
                for j in range(d):
                    W[r, j] += g * x[j]


@numba.njit(fastmath=True)
def _by_columns(W, step_sizes, std_of_1, std_of_2, low, high, below, above, rng):
    d, m = W.shape
    x, p, g = np.empty(d, W.dtype), np.empty(m, W.dtype), np.empty(m, W.dtype)
    slope = (above - below) / (high - low)
    for step in range(len(step_sizes)):
        y = _draw(rng, x, std_of_1, std_of_2)
        p[:] = 0
        for j in range(d):
            for r in range(m):
                p[r] += W[j, r] * x[j]
        total = np.float32(0)
        for r in range(m):
            total += min(max(p[r], low), high)
        f = below + slope * (total / np.float32(m) - low)
        move = np.float32(2 * step_sizes[step]) * slope * (y - f)
        for r in range(m):
            g[r] = move if low < p[r] <= high else np.float32(0)
        for j in range(d):
            for r in range(m):
                W[j, r] += g[r] * x[j]
