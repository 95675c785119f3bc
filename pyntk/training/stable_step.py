"""The largest stable step size at a point: 2 / lambda_max of the Gauss-Newton matrix.

The matrix is J' H J with J the derivative of the outputs with respect to what is trained and H the
second derivative of the loss with respect to the outputs, for the expected loss of a batch (for
half_squares a sum over the batch: f = f_0 + J theta makes it the Hessian of the loss). It is never
formed: Lanczos's recursion needs products with J and J', in NumPy and float64, some neurons at a
time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.arrays import to_host
from pyntk.contract import LOSSES, Activation
from pyntk.training.trainee import Samples, Trainee

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

MOST_ROWS: Final = 1000
MOST_PRODUCTS: Final = 5 * 10**8
"""Of samples, neurons and inputs: an iteration is some tenths of a second."""
SIGMA: Final = 20
"""Inputs that take as long as sigma does."""
FEWEST_NEURONS: Final = 256
BLOCK: Final = 2**20
"""Pre-activations that are held at a time."""
ITERATIONS: Final = 40
CONVERGED: Final = 1e-4


@dataclass(frozen=True)
class Linearised:
    """The outputs as a linear function of the parameters that are trained, near a point.

    A direction of parameters is one vector: W, A and c, each row by row.
    """

    X: Matrix
    W: Matrix
    A: Matrix
    scale: float
    activation: Activation
    first: bool
    last: bool
    output_bias: bool

    def blocks(self) -> Iterator[tuple[slice, Matrix, Matrix]]:
        """Yield some neurons, with sigma and sigma' of their pre-activations (n, neurons)."""
        size = max(1, BLOCK // len(self.X))
        for begin in range(0, len(self.W), size):
            part = slice(begin, begin + size)
            yield part, *sigma(self.activation, self.X @ self.W[part].T)

    def product(self, direction: Vector) -> Matrix:
        """Return J times a direction, (n, k)."""
        VW, VA, Vc = self._parts(direction)
        F = np.zeros((len(self.X), self.A.shape[1]))
        for part, S, D in self.blocks():
            if self.first:
                D *= self.X @ VW[part].T
                F += self.scale * D @ self.A[part]
            if self.last:
                F += self.scale * S @ VA[part]
        return F + Vc if self.last and self.output_bias else F

    def transposed(self, G: Matrix) -> Vector:
        """Return J' G for G (n, k), 0 for what is not trained."""
        direction = np.zeros(self.W.size + self.A.size + G.shape[1])
        VW, VA, Vc = self._parts(direction)
        for part, S, D in self.blocks():
            if self.first:
                D *= G @ self.A[part].T
                VW[part] = self.scale * D.T @ self.X
            if self.last:
                VA[part] = self.scale * S.T @ G
        if self.last and self.output_bias:
            Vc[:] = G.sum(0)
        return direction

    def _parts(self, direction: Vector) -> tuple[Matrix, Matrix, Vector]:
        VW, VA, Vc = np.split(direction, [self.W.size, self.W.size + self.A.size])
        return VW.reshape(self.W.shape), VA.reshape(self.A.shape), Vc


def sigma(activation: Activation, P: Matrix) -> tuple[Matrix, Matrix]:
    """Return sigma(P) and sigma'(P): a line, and a hinge for each knot."""
    knots, slopes, value, right = activation
    S = value + slopes[0] * (P - knots[0])
    D = np.full_like(P, slopes[0])
    for knot, jump in zip(knots, np.diff(slopes), strict=True):
        S += jump * np.maximum(P - knot, 0)
        D += jump * (knot <= P if right else knot < P)
    return S, D


def curvature(loss: int, F: Matrix, G: Matrix) -> Matrix:
    """Return H G, H the second derivative of a sample's loss at its outputs F (n, k)."""
    if loss == LOSSES["half_squares"]:
        return G
    if loss == LOSSES["mean_squares"]:
        return 2 * G
    if loss == LOSSES["logistic"]:
        p = np.exp(-np.abs(F))
        return np.asarray(G * p / (1 + p) ** 2)
    O = np.exp(F - F.max(1, keepdims=True))
    O /= O.sum(1, keepdims=True)
    return np.asarray(O * (G - (O * G).sum(1, keepdims=True)))


def largest_eigenvalue(times: Callable[[Vector], Vector], direction: Vector) -> float:
    """Return that of a symmetric matrix without negative ones, by Lanczos's recursion.

    Its Ritz values grow towards the largest eigenvalue from below; lost orthogonality repeats
    values and adds none beyond.
    """
    diagonal: list[float] = []
    beside: list[float] = []
    top, size, before = 0.0, float(np.linalg.norm(direction)), np.zeros_like(direction)
    for _ in range(ITERATIONS):
        if not 0 < size < np.inf:
            break
        direction /= size
        image = times(direction)
        diagonal.append(float(image @ direction))
        T = np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1)
        last, top = top, float(np.linalg.eigvalsh(T)[-1])
        if top - last <= CONVERGED * top:
            break
        image -= diagonal[-1] * direction + (beside[-1] if beside else 0) * before
        before, direction, size = direction, image, float(np.linalg.norm(image))
        beside.append(size)
    return top


def stable_step_size(trainee: Trainee, samples: Samples, batch: int, weight_decay: float) -> float:
    """Return 2 / (lambda_max + weight_decay) for the expected loss of a batch of so many samples.

    Infinite where nothing depends on what is trained. Of many samples and neurons some are taken:
    J' J is an average over neurons, whose number it converges in, so wide networks lose little.
    """
    n, (m, d) = samples.X.shape[0], trainee.layers.W.shape
    neurons = min(m, max(FEWEST_NEURONS, MOST_PRODUCTS // (min(n, MOST_ROWS) * (d + SIGMA))))
    fewer = spread(samples, min(MOST_ROWS, max(16, MOST_PRODUCTS // (neurons * (d + SIGMA)))))
    every = slice(None, None, -(-m // neurons))
    W, A = (to_host(array[every]).astype(np.float64) for array in trainee.layers[:2])
    X, net = to_host(fewer.X).astype(np.float64), trainee.net
    f = Linearised(
        X, W, A, net.scale * (m / len(W)) ** 0.5, net.activation, trainee.trains_first,
        trainee.trains_last, trainee.has_output_bias,
    )  # fmt: skip
    F = to_host(trainee.outputs_of(fewer)).astype(np.float64)
    share = (batch if trainee.loss == LOSSES["half_squares"] else 1) / len(X)

    def times(direction: Vector) -> Vector:
        return f.transposed(share * curvature(trainee.loss, F, f.product(direction)))

    start = f.transposed(np.random.default_rng(0).standard_normal(F.shape))
    top = largest_eigenvalue(times, start) + weight_decay
    return 2 / top if top > 0 else np.inf


def spread(samples: Samples, most: int) -> Samples:
    """Return at most so many of the samples, evenly spread over them."""
    n = samples.X.shape[0]
    if n <= most:
        return samples
    rows = slice(0, n, -(-n // most))
    return Samples(samples.X[rows].copy(), samples.Y[rows].copy())
