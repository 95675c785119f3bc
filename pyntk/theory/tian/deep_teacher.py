"""Teachers of several hidden layers, every neuron of which is active on half of the inputs."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pyntk.theory.tian.deep import DeepNetwork
from pyntk.theory.tian.teacher import CHOICES

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

TUNED_ON: int = 10_000
"""Inputs on which the biases are tuned."""


def draw_deep_teacher(sizes: tuple[int, ...], std: float, generator: Generator) -> DeepNetwork:
    """Draw a ReLU teacher for inputs x ~ N(0, std^2 I).

    Entries are uniform on -1, -.75, ..., 1, rows are scaled to norm 1. Each hidden bias is then
    moved so that its neuron is active on half of the inputs, and the last layer is scaled so that
    every output has mean 0 and standard deviation 1.

    Args:
        sizes: n_0 ... n_L.
        std: of the inputs.
        generator: of weights and inputs.

    References:
        Y. Tian, arXiv 1909.13458, the experiments on several layers.
    """
    weights = [_rows(n, k, generator) for n, k in zip(sizes[1:], sizes[:-1], strict=True)]
    F = std * generator.standard_normal((TUNED_ON, sizes[0]))
    biases: list[Vector] = []
    for W in weights[:-1]:
        P = F @ W.T
        biases.append(-np.median(P, axis=0))
        F = np.maximum(P + biases[-1], 0)
    Y = F @ weights[-1].T
    spread = Y.std(axis=0)
    spread[spread == 0] = 1.0
    weights[-1] /= spread[:, None]
    biases.append(-Y.mean(axis=0) / spread)
    return DeepNetwork(weights, biases)


def _rows(n: int, k: int, generator: Generator) -> Matrix:
    """Return (n, k) rows of norm 1."""
    W = generator.choice(CHOICES, (n, k))
    while (zero := ~W.any(axis=1)).any():
        W[zero] = generator.choice(CHOICES, (int(zero.sum()), k))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    return W
