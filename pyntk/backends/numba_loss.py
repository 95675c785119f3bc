"""The losses of a two-layer network and their gradients, by ``csrc/math/loss.hpp``, in NumPy."""

from typing import Any

import numpy as np

HALF_SQUARES, MEAN_SQUARES, LOGISTIC, SOFTMAX = range(4)  # enum loss_kind of csrc/core


def loss_of(F: Any, Y: Any, loss: int, n: int) -> tuple[float, Any]:
    """Return the loss of outputs F against targets Y, a part of n samples, and d loss / d F.

    In float64; no positive number is exponentiated.
    """
    Y = Y.astype(np.float64)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if loss == HALF_SQUARES:
            R = F - Y
            return float((R**2).sum() / 2), R
        if loss == MEAN_SQUARES:
            R = F - Y
            return float((R**2).sum() / n), 2 / n * R
        if loss == LOGISTIC:
            margin = Y * F
            e = np.exp(-np.abs(margin))
            value = (np.log1p(e) + np.maximum(-margin, 0)).sum() / n
            return float(value), -Y * np.where(margin < 0, 1, e) / (1 + e) / n
        log_p = F - F.max(axis=1, keepdims=True)
        log_p -= np.log(np.exp(log_p).sum(axis=1, keepdims=True))
        value = -np.where(Y == 0, 0, Y * log_p).sum() / n
        return float(value), (Y.sum(axis=1, keepdims=True) * np.exp(log_p) - Y) / n
