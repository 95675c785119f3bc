"""What the kernels of the two-layer network must compute, in NumPy's longdouble.

Beside each result: the sum of the absolute values of its terms, and, for gradients, of those terms
whose gate may fall either way (promise 13).
"""

from typing import NamedTuple

import numpy as np

from pyntk.contract import LOSSES
from reference import preactivations

L = np.longdouble


class Terms(NamedTuple):
    """A result, the size of its terms, and the size of those whose gate is unsure."""

    exact: np.ndarray
    size: np.ndarray
    doubt: np.ndarray | float = 0.0


def sigma(activation, P):
    """The value by its definition: piece by piece from the first knot on."""
    P, knots = np.asarray(P, L), [L(knot) for knot in activation.knots]
    value = L(activation.value) + L(activation.slopes[0]) * np.minimum(P - knots[0], 0)
    ends = [*knots[1:], np.inf]
    for knot, end, slope in zip(knots, ends, activation.slopes[1:], strict=True):
        value = value + L(slope) * np.clip(P - knot, 0, end - knot)
    return value


def slope(activation, P):
    knots = np.array(activation.knots, L)
    passed = np.searchsorted(knots, P, side="right" if activation.right else "left")
    return np.array(activation.slopes, L)[passed]


def largest_slope(activation):
    return max(abs(L(s)) for s in activation.slopes)


def value_size(activation, size):
    """The size of the terms that sigma(w.x) is made of."""
    knots = max(abs(L(knot)) for knot in activation.knots)
    return largest_slope(activation) * (size + knots) + abs(L(activation.value))


def forward(X, W, A, activation, scale):
    P, size = preactivations(X, W)
    A, scale = np.asarray(A, L), L(scale)
    terms = value_size(activation, size) @ np.abs(A)
    return Terms(scale * (sigma(activation, P) @ A), abs(scale) * terms)


def unsure_gates(X, W, activation, u):
    """Pairs whose pre-activation is too near a knot for its side to be certain."""
    P, size = preactivations(X, W)
    near = np.zeros(P.shape, bool)
    for knot in activation.knots:
        reach = (4 + np.log2(X.shape[1])) * u * (size + abs(L(knot)))
        near |= (np.abs(P - L(knot)) <= reach) & (reach > 0)
    return near


def gradient(X, W, A, G, activation, scale, unsure):
    """dW."""
    P, _ = preactivations(X, W)
    X, A, G, scale = np.asarray(X, L), np.asarray(A, L), np.asarray(G, L), L(scale)
    weights = np.abs(G) @ np.abs(A).T
    D = slope(activation, P)
    jump = 2 * largest_slope(activation)
    return Terms(
        scale * (((G @ A.T) * D).T @ X),
        abs(scale) * ((weights * np.abs(D)).T @ np.abs(X)),
        abs(scale) * (np.where(unsure, jump * weights, 0).T @ np.abs(X)),
    )


def second_gradient(X, W, G, activation, scale):
    """dA."""
    P, size = preactivations(X, W)
    G, scale = np.asarray(G, L), L(scale)
    terms = value_size(activation, size).T @ np.abs(G)
    return Terms(scale * (sigma(activation, P).T @ G), abs(scale) * terms)


def loss(F, Y, kind):
    """The loss, d loss / d F, and the largest change of d loss / d F_ik for one of F."""
    F, Y, n = np.asarray(F, L), np.asarray(Y, L), L(max(len(F), 1))
    if kind == LOSSES["half_squares"]:
        return ((F - Y) ** 2).sum() / 2, F - Y, L(1)
    if kind == LOSSES["mean_squares"]:
        return ((F - Y) ** 2).sum() / n, 2 * (F - Y) / n, 2 / n
    if kind == LOSSES["logistic"]:
        return np.logaddexp(0, -Y * F).sum() / n, -Y / (1 + np.exp(Y * F)) / n, 1 / (4 * n)
    shifted = F - F.max(1, keepdims=True, initial=-np.inf)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    weight = Y.sum(1, keepdims=True)
    return -(Y * log_p).sum() / n, (weight * np.exp(log_p) - Y) / n, 1 / n
