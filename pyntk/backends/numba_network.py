"""The two-layer network in Numba: forward pass and gradient, one block of 64 rows at a time."""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, blocks, padded, panels, product, scaled
from pyntk.backends.tiles import over_tiles


def two_layer_forward(*, X: Any, W: Any, a: Any, scale: float, threads: int, f: Any) -> None:
    """See :mod:`pyntk.contract`."""
    R, exponents = scaled(X)
    V, neuron_exponents = scaled(W)
    Q = panels(V, X.shape[1])
    weights = np.ldexp(a.astype(np.float64), neuron_exponents[: a.size])
    over_tiles(
        lambda I: _forward_rows(R, exponents, Q, weights, scale, I, f),
        blocks(X.shape[0]),
        threads,
    )


def two_layer_gradient(
    *, X: Any, W: Any, a: Any, g: Any, scale: float, threads: int, dW: Any
) -> None:
    """See :mod:`pyntk.contract`."""
    d = X.shape[1]
    R, S, Q = padded(X), scaled(X)[0], panels(scaled(W)[0], d)
    columns = np.ascontiguousarray(R.reshape(len(R), -(-d // BLOCK), BLOCK).transpose(1, 0, 2))
    over_tiles(
        lambda J: _gradient_neurons(columns, S, Q[J], a, g, scale, J, dW),
        blocks(W.shape[0]),
        threads,
    )


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _forward_rows(R: Any, exponents: Any, Q: Any, a: Any, scale: float, I: int, f: Any) -> None:
    h = np.empty((BLOCK, BLOCK), R.dtype)
    c = np.empty((BLOCK, BLOCK), R.dtype)
    total = np.zeros(BLOCK)
    for J in range(Q.shape[0]):
        product(R[I * BLOCK : (I + 1) * BLOCK], Q[J], Q.shape[1], h, c)
        for row in range(BLOCK):
            part = 0.0
            for r in range(min(BLOCK, a.size - J * BLOCK)):
                if h[row, r] > 0:
                    part += a[J * BLOCK + r] * np.float64(h[row, r])
            total[row] += part
    for row in range(min(BLOCK, f.size - I * BLOCK)):
        f[I * BLOCK + row] = scale * math.ldexp(total[row], exponents[I * BLOCK + row])


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _gradient_neurons(
    columns: Any, S: Any, panel: Any, a: Any, g: Any, scale: float, J: int, dW: Any
) -> None:
    h = np.empty((BLOCK, BLOCK), panel.dtype)
    c = np.empty((BLOCK, BLOCK), panel.dtype)
    G = np.zeros((BLOCK, S.shape[0]), panel.dtype)  # G[r, i] = g_i 1{w_r.x_i > 0}
    for I in range(S.shape[0] // BLOCK):
        product(S[I * BLOCK : (I + 1) * BLOCK], panel, panel.shape[0], h, c)
        for i in range(min(BLOCK, g.size - I * BLOCK)):
            for r in range(BLOCK):
                G[r, I * BLOCK + i] = g[I * BLOCK + i] if h[i, r] > 0 else 0
    for block in range(columns.shape[0]):
        product(G, columns[block], g.size, h, c)
        for r in range(min(BLOCK, dW.shape[0] - J * BLOCK)):
            factor = scale * np.float64(a[J * BLOCK + r])
            for k in range(min(BLOCK, dW.shape[1] - block * BLOCK)):
                dW[J * BLOCK + r, block * BLOCK + k] = factor * np.float64(h[r, k])
