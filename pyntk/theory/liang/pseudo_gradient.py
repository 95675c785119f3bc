"""The gradient of a network whose activation patterns are frozen: the pseudo-gradient."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import TwoLayer

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Coupled:
    """Which neurons' gradients agree with their pseudo-gradients, and which never flipped.

    Attributes:
        agrees: (m,) whether the two gradients of a neuron agree.
        unflipped: (m,) whether its pattern is the start's on all rows.
        flips: share of the pairs (neuron, row) whose pattern is not the start's.
        distance: of the two gradients, in the Frobenius norm, as a share of the true one's.
    """

    agrees: NDArray[np.bool_]
    unflipped: NDArray[np.bool_]
    flips: float
    distance: float

    @property
    def share(self) -> float:
        """Of neurons whose gradients agree."""
        return float(self.agrees.mean())

    @property
    def different(self) -> int:
        """Neurons that agree though they flipped, or disagree though they did not."""
        return int((self.agrees != self.unflipped).sum())


def pseudo_gradient(
    net: TwoLayer, X: ArrayLike, classes: ArrayLike, active: NDArray[np.bool_]
) -> Matrix:
    """Return dL/dW of the softmax loss with the activations given, the outputs the network's own.

    dL/dw_r = (1/n) sum_i sum_k a_rk (o_ik - 1{k = y_i}) active_ri x_i, o = softmax(f(x_i)).

    Args:
        net: of scale 1, float64.
        X: (n, d) rows.
        classes: (n,) y.
        active: (m, n) the activations to be used.

    Returns:
        (m, d) float64.
    """
    rows = np.asarray(X, np.float64)
    outputs = net.forward(rows)
    residual = np.exp(outputs - outputs.max(1, keepdims=True))
    residual /= residual.sum(1, keepdims=True)
    residual[np.arange(len(rows)), np.asarray(classes)] -= 1
    factor = active * (np.asarray(net.a) @ residual.T) * (net.scale / len(rows))
    gradient: Matrix = factor @ rows
    return gradient


def coupled(
    start: ArrayLike, net: TwoLayer, X: ArrayLike, classes: ArrayLike, tolerance: float
) -> Coupled:
    """Compare the true gradient on some rows with that of the patterns of the start.

    Args:
        start: (m, d) W(0).
        net: the network now, in any precision; both gradients are taken in float64.
        X: (n, d) rows.
        classes: (n,) their classes.
        tolerance: two gradients of a neuron agree where no entry differs by more than this times
            the largest entry of all.
    """
    rows = np.asarray(X, np.float64)
    exact = in_float64(net)
    then = activations(start, rows)
    flipped = activations(exact.W, rows) != then
    true = exact.loss_and_gradient(rows, classes, loss="softmax")[1].dW
    pseudo = pseudo_gradient(exact, rows, classes, then)
    apart = true - pseudo
    return Coupled(
        agrees=np.abs(apart).max(1) <= tolerance * np.abs(true).max(),
        unflipped=~flipped.any(1),
        flips=float(flipped.mean()),
        distance=float(np.linalg.norm(apart) / np.linalg.norm(true)),
    )


def activations(W: ArrayLike, X: Matrix) -> NDArray[np.bool_]:
    """Return (m, n) 1{w_r.x_i > 0}, in float64."""
    return np.asarray(W, np.float64) @ X.T > 0


def in_float64(net: TwoLayer) -> TwoLayer:
    """Return a network of float64 with the same parameters."""

    def exact(parameter: Any) -> Any:
        return None if parameter is None else np.asarray(parameter, np.float64)

    return TwoLayer(
        exact(net.W), exact(net.a), exact(net.b), exact(net.c), scale=net.scale,
        activation=net.activation,
    )  # fmt: skip
