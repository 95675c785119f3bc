"""The two-layer network in Numba, the way forward: outputs, and what the way back needs.

A task is some blocks of neurons against some blocks of samples, one tile of products at a time. The
sums over neurons run in parts that only their number determines: no output depends on the number of
threads, or on the other samples.
"""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_matmul import blocks_of
from pyntk.backends.numba_prepared import PARTS, Network
from pyntk.backends.numba_product import BLOCK, add_product, blocks, product
from pyntk.backends.numba_samples import Samples
from pyntk.backends.numba_sigma import gates, take_values, unscaled
from pyntk.backends.tiles import over_rounds

SPAN = 8  # blocks of samples that share a packed block of neurons
STEP = 16  # blocks of neurons per task: it ends soon enough to serve Ctrl-C


@dataclass(frozen=True)
class Kept:
    """The tiles of some samples: gates[J, I] (BLOCK,) or products[J, I] (BLOCK, BLOCK), or none."""

    gates: Any
    products: Any


def room_for(net: Network, samples: int, *, gates: bool, products: bool) -> Kept:
    """Return room for what is kept of so many samples."""
    held, across = len(net.exponents), blocks(samples)
    return Kept(
        np.empty((held, across if gates else 0, BLOCK), np.uint64),
        np.empty((held, across if products else 0, BLOCK, BLOCK), net.X.dtype),
    )


def forward(net: Network, samples: Samples, kept: Kept) -> Any:
    """Return scale sum_r A_rk sigma(w_r.x_i) in float64, (samples, k); fill what is kept."""
    held, across = len(net.exponents), len(samples.scaled)
    k = net.A.shape[1] + net.A.shape[1] % 2
    spans, parts = blocks_of(across, SPAN), blocks_of(held, -(-held // PARTS))
    h, c = np.zeros((2, max(1, len(parts)), across, k, BLOCK))
    factors, shift = net.factors_of(samples.exponents), net.forward_shift(samples)
    powers = net.exponents * net.sigma.homogeneous - shift

    def tiles(place: tuple[int, range, range]) -> None:
        part, span, neurons = place
        I = slice(span.start, span.stop)
        for J in neurons:
            _tiles(
                net.neurons(J), samples.scaled[I], net.sigma, net.factors[J], factors[I],
                net.weights(J, powers[J]), net.W.shape[0] - J * BLOCK,
                kept.gates[J, I], kept.products[J, I], h[part, I], c[part, I],
            )  # fmt: skip

    rounds = [
        [(part, span, J[step : step + STEP]) for part, J in enumerate(parts) for span in spans]
        for step in range(0, len(parts[0]) if parts else 0, STEP)
    ]
    over_rounds(tiles, rounds, sum(map(len, rounds)), net.threads, reported=False)
    for part in range(1, len(parts)):
        c[0] += h[part]
        before = h[0].copy()
        h[0] += c[0]
        c[0] -= h[0] - before
        c[0] += c[part]
    F = (h[0] + c[0]).transpose(0, 2, 1).reshape(across * BLOCK, k)
    F = net.scale * F[: samples.end - samples.begin, : net.A.shape[1]]
    powers = samples.exponents.reshape(-1, 1)[: len(F)] * net.sigma.homogeneous + shift
    with np.errstate(over="ignore"):
        return np.ldexp(F, powers)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _tiles(
    R: Any, panels: Any, sigma: Any, rows: Any, columns: Any, weights: Any, neurons: int,
    words: Any, products: Any, h: Any, c: Any,
) -> None:  # fmt: skip
    """Block R of neurons against the samples of some panels; h + c are sums over neurons."""
    # Arrays unpacked from another are not known to be contiguous: a fifth of the speed.
    C = np.empty((BLOCK, BLOCK), R.dtype)
    chains = np.empty((BLOCK, BLOCK), R.dtype)
    P = np.empty((BLOCK, BLOCK))
    for I in range(panels.shape[0]):
        product(R, panels[I], R.shape[1], C, chains)
        if words.shape[0] > 0:
            gates(C, neurons, sigma.right, words[I])
        if products.shape[0] > 0:
            for r in range(BLOCK):  # array assignment takes 3 s to compile, for its errors
                for i in range(BLOCK):
                    products[I, r, i] = C[r, i]
        if weights.shape[0] > 0:
            unscaled(C, rows, columns[I], P)
            take_values(sigma, P)
            add_product(weights, P, P.shape[0], h[I], c[I])
