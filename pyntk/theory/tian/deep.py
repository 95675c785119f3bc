"""Networks of any depth, in NumPy: outputs, gradients, and steps of SGD.

pyntk's native loops train two layers. What the paper says of deeper ones is checked on this small
vectorised module: every operation is on a whole batch.
"""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class DeepNetwork:
    """f_l = sigma(W_l f_(l-1) + b_l) for l = 1 ... L - 1, and f_L = W_L f_(L-1) + b_L.

    Attributes:
        weights: W_1 ... W_L, (n_l, n_(l-1)) each.
        biases: b_1 ... b_L, (n_l,) each.
        slope: of sigma below 0; 0 for the ReLU.
    """

    weights: list[Matrix]
    biases: list[Vector]
    slope: float = 0.0

    @property
    def depth(self) -> int:
        """L, layers with weights."""
        return len(self.weights)


@dataclass(frozen=True)
class Pass:
    """A batch on its way through a network.

    Attributes:
        outputs: f_0 = X, f_1, ..., f_L, (n, n_l) each.
        gates: D_1 ... D_L, (n, n_l) each: sigma' of the pre-activations, 1 in the last layer.
    """

    outputs: list[Matrix]
    gates: list[Matrix]


def draw_network(
    sizes: tuple[int, ...], slope: float, generator: Generator, *, spread: float = 1.0
) -> DeepNetwork:
    """Draw weights and biases uniform on +-spread / sqrt(n_(l-1)).

    Args:
        sizes: n_0 ... n_L.
        slope: of the activation below 0.
        generator: of the entries.
        spread: 1 for the start that PyTorch gives a linear layer.
    """
    shapes = list(zip(sizes[1:], sizes[:-1], strict=True))
    weights = [spread * k**-0.5 * generator.uniform(-1, 1, (n, k)) for n, k in shapes]
    biases = [spread * k**-0.5 * generator.uniform(-1, 1, n) for n, k in shapes]
    return DeepNetwork(weights, biases, slope)


def forward(network: DeepNetwork, X: Matrix) -> Pass:
    """Return every layer's outputs and gates on the rows of X (n, n_0)."""
    outputs, gates = [X], []
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        P = outputs[-1] @ W.T + b
        gates.append(np.where(P > 0, 1.0, network.slope))
        outputs.append(gates[-1] * P)
    outputs.append(outputs[-1] @ network.weights[-1].T + network.biases[-1])
    gates.append(np.ones_like(outputs[-1]))
    return Pass(outputs, gates)


def backward(network: DeepNetwork, through: Pass, residual: Matrix) -> list[Matrix]:
    r"""Return g_1 ... g_L, (n, n_l) each: g_L = residual, g_(l-1) = D_(l-1) W_l' g_l.

    g_l is minus the gradient of 1/2 \|f* - f\|^2 with respect to the pre-activations of layer l,
    for a residual f* - f.
    """
    found = [residual]
    for W, D in zip(network.weights[:0:-1], through.gates[-2::-1], strict=True):
        found.append(D * (found[-1] @ W))
    return found[::-1]


def descend(network: DeepNetwork, X: Matrix, target: Matrix, step_size: float) -> float:
    r"""Take one step of gradient descent in place, on the mean over rows of 1/2 \|f* - f\|^2.

    Returns:
        That loss before the step.
    """
    through = forward(network, X)
    residual = target - through.outputs[-1]
    for W, b, g, below in zip(
        network.weights, network.biases, backward(network, through, residual),
        through.outputs[:-1], strict=True,
    ):  # fmt: skip
        W += (step_size / len(X)) * (g.T @ below)
        b += step_size * g.mean(axis=0)
    return float(0.5 * (residual**2).sum() / len(X))
