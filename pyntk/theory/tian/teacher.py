"""Teachers: two-layer networks whose neurons matter more or less by their fan-out."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pyntk import TwoLayer

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

CHOICES = np.arange(-4, 5) / 4
"""Entries of a teacher before they are scaled: -1, -.75, ..., 1."""
BIAS = -0.1
"""Of every neuron and of every output of a teacher."""
TRIES = 1000
"""Draws of a row before a teacher is given up."""


def draw_teacher(
    m: int,
    d: int,
    outputs: int,
    *,
    decay: float,
    generator: Generator,
    backend: str | None = None,
    threads: int | None = None,
) -> TwoLayer:
    """Draw a teacher f*(x) = sum_k v*_k relu(w*_k.x - .1) - .1 of m neurons.

    The entries of w*_k and v*_k are uniform on -1, -.75, ..., 1; then w*_k is scaled to norm 1
    (its bias is not), and v*_k by (k + 1)^-decay, k = 0, 1, ...: neuron 0 is the strongest.

    Args:
        m: neurons, no two with parallel weights.
        d: inputs.
        outputs: length of v*_k.
        decay: the exponent p of the strengths; 0 for equal ones.
        generator: of the entries.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :class:`pyntk.TwoLayer`.

    Raises:
        ValueError: m neurons in d dimensions could not be drawn apart; a decay that is no number.

    References:
        Y. Tian, arXiv 1909.13458, the experiments on two layers.
    """
    if not np.isfinite(decay):
        raise ValueError(f"decay must be finite, not {decay}")
    W = _rows_apart(m, d, generator)
    fan_out = np.stack([_row(outputs, generator) for _ in range(m)])
    return TwoLayer(
        W,
        fan_out * strengths(m, decay)[:, None],
        np.full(m, BIAS),
        np.full(outputs, BIAS),
        scale=1.0,
        backend=backend,
        threads=threads,
    )


def strengths(m: int, decay: float) -> Vector:
    """(m,) factors of the fan-out, (k + 1)^-decay."""
    return np.arange(1.0, m + 1) ** -decay


def _rows_apart(m: int, d: int, generator: Generator) -> Matrix:
    """Return (m, d) rows of norm 1, no two of them equal."""
    rows = np.empty((0, d))
    for _ in range(m + TRIES):
        row = _row(d, generator)
        row /= np.linalg.norm(row)
        if (rows @ row < 1 - 1e-12).all():
            rows = np.vstack([rows, row])
        if len(rows) == m:
            return rows
    raise ValueError(f"no {m} teachers with different directions were found in d = {d} dimensions")


def _row(length: int, generator: Generator) -> Vector:
    """Return a row of the choices that is not 0."""
    while not (row := generator.choice(CHOICES, length)).any():
        pass
    return row
