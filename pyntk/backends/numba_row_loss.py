"""The losses in compiled code, by ``csrc/math/loss.hpp``, and their gradients."""

import math
from typing import Any

import numba

from pyntk.backends.numba_loss import HALF_SQUARES, LOGISTIC, SOFTMAX


@numba.njit(nogil=True, cache=True, error_model="numpy")
def loss_of_rows(F: Any, Y: Any, loss: int, G: Any) -> float:
    """Return the loss of outputs F against Y, both (batch, k) of float64; G = d loss / d F."""
    share, total, rest = 1.0 if loss == HALF_SQUARES else 1.0 / F.shape[0], 0.0, 0.0
    for i in range(F.shape[0]):
        if loss == SOFTMAX:
            of_sample = _softmax(F[i], Y[i], share, G[i])
        elif loss == LOGISTIC:
            of_sample = _logistic(F[i], Y[i], share, G[i])
        else:
            factor, squares = 1.0 if loss == HALF_SQUARES else 2.0, 0.0
            for j in range(F.shape[1]):
                residual = F[i, j] - Y[i, j]
                squares += residual * residual
                G[i, j] = share * factor * residual
            of_sample = factor / 2 * squares
        before, rest = total, rest + share * of_sample
        total += rest
        rest -= total - before
    return total + rest


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _softmax(f: Any, y: Any, share: float, g: Any) -> float:
    largest, exponentials, weight, total = f[0], 0.0, 0.0, 0.0
    for j in range(f.size):
        largest = f[j] if f[j] > largest else largest
    for j in range(f.size):
        exponentials += math.exp(f[j] - largest)
        weight += y[j]
    log_sum = math.log(exponentials)
    for j in range(f.size):
        log_p = f[j] - largest - log_sum
        if y[j] != 0:
            total -= y[j] * log_p
        g[j] = share * (weight * math.exp(log_p) - y[j])
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _logistic(f: Any, y: Any, share: float, g: Any) -> float:
    total = 0.0
    for j in range(f.size):
        margin = y[j] * f[j]
        e = math.exp(-abs(margin))
        total += math.log1p(e) + (-margin if margin < 0 else 0.0)
        g[j] = -share * y[j] * (1.0 if margin < 0 else e) / (1 + e)
    return total
