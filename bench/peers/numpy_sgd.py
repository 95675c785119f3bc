"""Stochastic gradient descent of a two-layer network as one writes it in NumPy, with care.

Every array is allocated before the loop, each step is as few calls as possible, and they work in
place. Of the ways tried (weights of either layout, scipy.linalg.blas that adds in place, masks by
copyto, putmask, sign or multiplication by Booleans) these took the least time.
"""

import numpy as np
from threadpoolctl import ThreadpoolController

CHUNK = 1000  # samples drawn at once

one_thread = ThreadpoolController().wrap(limits=1, user_api="blas")  # of BLAS


@one_thread
def mini_batches(X, Y, W, A, c, order, step_size):
    """Train both layers on half squares averaged over each batch, the rows of ``order``.

    X has a last column of ones, and W the first biases in its last column.
    """
    batch, m, k = order.shape[1], *A.shape
    W, A1 = W.copy(), np.vstack([A, c])  # a neuron that is always 1 makes c one of the rows of A
    A = A1[:m]
    H1 = np.ones((m + 1, batch), X.dtype)
    H, H1T = H1[:m], H1.T
    x, y, E = (np.empty((batch, columns), X.dtype) for columns in (X.shape[1], k, k))
    active, G = np.empty((2, m, batch), X.dtype)
    xT, ET = x.T, E.T
    dW, dA1 = np.empty_like(W), np.empty_like(A1)
    zero, eta = X.dtype.type(0), X.dtype.type(-step_size / batch)
    for rows in order:
        X.take(rows, 0, x, "clip")  # the default mode goes through a buffer
        Y.take(rows, 0, y, "clip")
        np.matmul(W, xT, out=H)
        np.maximum(H, zero, out=H)
        np.matmul(H1T, A1, out=E)
        np.subtract(E, y, out=E)
        np.multiply(E, eta, out=E)
        np.matmul(A, ET, out=G)
        np.sign(H, out=active)
        np.multiply(G, active, out=G)
        np.matmul(H1, E, out=dA1)
        np.matmul(G, x, out=dW)
        np.add(A1, dA1, out=A1)
        np.add(W, dW, out=W)
    return W, A, A1[m]


def fresh_samples(rng, count, d, stds, dtype):
    """Return samples N(0, stds[i]^2 I), i = 0 with label 1, i = 1 with label -1, equally often."""
    component = rng.integers(0, 2, count)
    X = rng.standard_normal((count, d), dtype)
    X *= np.asarray(stds, dtype)[component, None]
    return X, 1 - 2 * component


@one_thread
def one_pass(W, step_sizes, stds, knots, values, seed):
    """Train w_r <- w_r + 2 s (y - f(x)) sigma'(w_r.x) x, f the mean of sigma(w_r.x), in one pass.

    sigma is linear between two knots and constant outside. The rows that move are gathered.
    """
    rng = np.random.default_rng(seed)
    W, m = W.copy(), len(W)
    slope = (values[1] - values[0]) / (knots[1] - knots[0])
    low, high = W.dtype.type(knots[0]), W.dtype.type(knots[1])
    p, clipped, active = np.empty(m, W.dtype), np.empty(m, W.dtype), np.empty(m, bool)
    for begin in range(0, len(step_sizes), CHUNK):
        sizes = 2 * slope * step_sizes[begin : begin + CHUNK]
        for x, y, size in zip(
            *fresh_samples(rng, len(sizes), W.shape[1], stds, W.dtype), sizes, strict=True
        ):
            np.matmul(W, x, out=p)
            np.maximum(p, low, out=clipped)
            np.minimum(clipped, high, out=clipped)
            f = values[0] + slope * (np.add.reduce(clipped) / m - knots[0])
            np.equal(p, clipped, out=active)
            (rows,) = active.nonzero()
            moved = W.take(rows, 0)
            moved += W.dtype.type(size * (y - f)) * x
            W[rows] = moved
    return W


@one_thread
def one_pass_of_all_rows(W, step_sizes, stds, knots, values, seed):
    """The same with an outer product for each step: the formula as it stands."""
    rng = np.random.default_rng(seed)
    W, m = np.ascontiguousarray(W.T), len(W)
    slope = (values[1] - values[0]) / (knots[1] - knots[0])
    low, high = W.dtype.type(knots[0]), W.dtype.type(knots[1])
    p, clipped, g = np.empty((3, m), W.dtype)
    dW = np.empty_like(W)
    for begin in range(0, len(step_sizes), CHUNK):
        sizes = 2 * slope * step_sizes[begin : begin + CHUNK]
        for x, y, size in zip(
            *fresh_samples(rng, len(sizes), len(W), stds, W.dtype), sizes, strict=True
        ):
            np.matmul(x, W, out=p)
            np.maximum(p, low, out=clipped)
            np.minimum(clipped, high, out=clipped)
            f = values[0] + slope * (np.add.reduce(clipped) / m - knots[0])
            np.equal(p, clipped, out=g, casting="unsafe")
            np.multiply(g, W.dtype.type(size * (y - f)), out=g)
            np.multiply(x[:, None], g, out=dW)
            np.add(W, dW, out=W)
    return W.T
