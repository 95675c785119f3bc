"""The two-layer network in Numba, the way back: dW and dA, a block of neurons a task.

E_ir = (sum_k G_ik A_rk) sigma'_ir is a tile, with which the samples of a block are multiplied. With
one output A_r is left out of E, and for a homogeneous activation the sums V_r = sum_i g_i sigma'_ir
x_i give dA too: sigma(p) = sigma'(p) p, so dA_r = scale w_r.V_r.
"""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_forward import Kept
from pyntk.backends.numba_prepared import Network, even_columns
from pyntk.backends.numba_product import BLOCK, add_product, product
from pyntk.backends.numba_samples import Samples
from pyntk.backends.numba_sigma import gates, take_values, unscaled, weigh_gates, weigh_slopes
from pyntk.backends.tiles import over_tiles


def backward(net: Network, samples: Samples, kept: Kept, G: Any, dW: Any, dA: Any) -> None:
    """Add the gradients of some samples, G of these, to dW and dA; the first samples set them.

    What was not kept is computed anew. A gradient that is given no rows is not computed.
    """
    d, k, across = net.X.shape[1], net.A.shape[1], len(samples.scaled)
    wants_V = len(dW) > 0 or (len(dA) > 0 and net.one_output)
    of_values = len(dA) > 0 and not net.one_output
    shift, value_shift = net.slope_shift(samples, G), net.value_shift(samples, G)
    of_samples = np.ascontiguousarray(
        _by_block(G, samples.exponents * 0 - shift).transpose(0, 2, 1)
    )
    powers = samples.exponents * net.sigma.homogeneous - value_shift
    G_transposed = _by_block(G[: len(G) * of_values], powers[: across * of_values])
    factors = net.factors_of(samples.exponents)
    by_gates = net.sigma.homogeneous and not of_values
    recomputed = not kept.gates.size and not kept.products.size

    def neurons(J: int) -> None:
        begin, end = J * BLOCK, min((J + 1) * BLOCK, net.W.shape[0])
        weights = net.weights(J, net.exponents[J] * 0)
        V = np.zeros((2, d + d % 2 if wants_V else 0, BLOCK), net.X.dtype)
        S = np.zeros((2, k + k % 2, BLOCK))
        _tiles(
            net.neurons(J)[: BLOCK * recomputed], samples.scaled, samples.plain, net.sigma,
            net.factors[J], factors, np.ones_like(weights) if net.one_output else weights,
            of_samples, G_transposed, by_gates, kept.gates[J], kept.products[J],
            V[0], V[1], S[0], S[1],
        )  # fmt: skip
        rows = np.ascontiguousarray(V.sum(0, dtype=np.float64)[:d, : end - begin].T)
        exponents = net.exponents[J, : end - begin, None] * net.sigma.homogeneous + value_shift
        first = samples.begin == 0
        with np.errstate(over="ignore"):
            if len(dA) > 0 and net.one_output:
                down = net.neuron_shift()
                W = np.ldexp(net.W[begin:end].astype(np.float64), -down)
                sums = net.scale * (W * rows).sum(axis=1, keepdims=True)
                _put(dA[begin:end], np.ldexp(sums, shift + down), first)
            elif len(dA) > 0:
                sums = net.scale * S.sum(0)[:k, : end - begin].T
                _put(dA[begin:end], np.ldexp(sums, exponents), first)
            if len(dW) > 0:
                weight = net.A[begin:end].astype(np.float64) if net.one_output else 1.0
                rows *= net.scale * weight
                _put(dW[begin:end], np.ldexp(rows, shift), first)

    over_tiles(neurons, len(net.exponents), net.threads, reported=False)


def _by_block(G: Any, exponents: Any) -> Any:
    """Return G' 2^exponents, (blocks, k made even, BLOCK)."""
    k = G.shape[1] + G.shape[1] % 2
    result = np.zeros((len(exponents), k, BLOCK))
    for I in range(len(exponents)):
        result[I] = even_columns(G[I * BLOCK : (I + 1) * BLOCK], exponents[I])
    return result


def _put(to: Any, part: Any, first: bool) -> None:
    to[:] = part if first else to.astype(np.float64) + part


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _tiles(
    R: Any, scaled: Any, plain: Any, sigma: Any, rows: Any, columns: Any, weights: Any, G: Any,
    G_scaled: Any, by_gates: bool, words: Any, products: Any, V: Any, c: Any, S: Any, s: Any,
) -> None:  # fmt: skip
    """One block of neurons against all samples: V + c += X' E, and S + s += G' sigma."""
    # Arrays unpacked from another are not known to be contiguous: a fifth of the speed.
    C = np.empty((BLOCK, BLOCK), scaled.dtype)
    E = np.empty((BLOCK, BLOCK), scaled.dtype)
    chains = np.empty((BLOCK, BLOCK), scaled.dtype)
    P, sums, rest = np.empty((BLOCK, BLOCK)), np.empty((BLOCK, BLOCK)), np.empty((BLOCK, BLOCK))
    of_tile = np.empty(BLOCK, np.uint64)
    for I in range(scaled.shape[0]):
        if R.shape[0] > 0:
            product(R, scaled[I], R.shape[1], C, chains)
        if not by_gates:
            tile = C if R.shape[0] > 0 else products[I]
            for r in range(BLOCK):
                for i in range(BLOCK):
                    E[i, r] = tile[r, i]
            unscaled(E, columns[I], rows, P)
        if V.shape[0] > 0:
            product(G[I], weights, weights.shape[0], sums, rest)
            if not by_gates:
                weigh_slopes(sigma, P, sums, E)
            elif R.shape[0] > 0:
                gates(C, C.shape[0], sigma.right, of_tile)
                weigh_gates(sigma, of_tile, sums, E)
            else:
                weigh_gates(sigma, words[I], sums, E)
            add_product(plain[I], E, E.shape[0], V, c)
        if G_scaled.shape[0] > 0:
            take_values(sigma, P)
            add_product(G_scaled[I], P, P.shape[0], S, s)
