"""The losses of a two-layer network: their names, and what targets each takes."""

from typing import Any, Final, Literal

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import LOSSES, Array

Loss = Literal["half_squares", "mean_squares", "logistic", "softmax"]

LARGEST_LABEL: Final = 2**24
"""Integers up to here are float32 numbers."""


def admit_loss(loss: Any) -> int:
    """Return the code of ``loss=`` that kernels take; raise ValueError for another name."""
    if not isinstance(loss, str) or loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}, not {loss!r}")
    return LOSSES[loss]


def dimensions(value: Any) -> int:
    """Return how many dimensions an argument has; 1 for what is no array, as admit() will say."""
    try:
        return int(getattr(value, "ndim", None) or np.ndim(value))
    except ValueError:  # rows of different lengths
        return 1


def admit_targets(loss: int, y: Any, outputs: int | None) -> tuple[Array, str]:
    """Return the targets, and their shape by letters, for admit() beside the data.

    Labels (integers, +-1 for the logistic loss, classes) are exact in both precisions: they are
    returned in float32, so that they do not make a float32 computation one in float64.

    Args:
        loss: its code.
        y: what the user passed.
        outputs: of the network; None where a is (m,).

    Raises:
        ValueError: a wrong shape, NaN or infinity, labels that the loss does not take.
        TypeError: no real array.
    """
    flat = dimensions(y) == 1
    (Y,) = admit(y=(y, "n" if flat else "n k"))
    if loss == LOSSES["softmax"]:
        if outputs is None or outputs < 2:
            raise ValueError("loss='softmax' needs a network with two outputs or more")
        if flat:
            return _one_hot(Y, outputs), "n k"
        if not bool(((Y >= 0) & (Y <= 1)).all()):
            raise ValueError("y must be classes (n,), or probabilities (n, outputs), for softmax")
    if loss == LOSSES["logistic"] and not bool((abs(Y) == 1).all()):
        raise ValueError("y must be -1 or 1 for the logistic loss")
    if loss == LOSSES["logistic"] or _are_labels(y, Y):
        Y = Y.astype(np.float32)
    if outputs is None:
        return (Y[:, 0] if Y.ndim == 2 and Y.shape[1] == 1 else Y), "n"
    return (Y[:, None] if flat and outputs == 1 else Y), "n k"


def _are_labels(y: Any, Y: Array) -> bool:
    """Tell whether these are integers that float32 holds."""
    given = y if hasattr(y, "__cuda_array_interface__") else np.asarray(y)
    integers = getattr(given.dtype, "kind", "f") in "iub"
    return integers and bool((abs(Y) <= LARGEST_LABEL).all())


def _one_hot(labels: Array, k: int) -> Array:
    """Return classes 0 ... k - 1 as rows of the unit matrix."""
    classes = labels.astype(np.int64)
    if not bool(((classes == labels) & (classes >= 0) & (classes < k)).all()):
        raise ValueError(f"y must hold classes 0 ... {k - 1} for softmax with {k} outputs")
    rows = (labels[:, None] * 0).astype(np.float32).repeat(k, 1)
    for j in range(k):
        rows[:, j] = classes == j
    return rows
