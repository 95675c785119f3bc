"""Gradient descent on the two-layer network in Numba.

Small steps are a compiled loop (numba_small_steps), called for so many at a time that Ctrl-C is
served between two calls; a large one is two_layer_step on its batch, with all threads. Which it is
follows from the sizes alone.
"""

import math
from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_network import two_layer_step
from pyntk.backends.numba_random import random_normals
from pyntk.backends.numba_sigma import sigma_of
from pyntk.backends.numba_small_steps import Rule, columns_of, room_for, small_steps

SMALL = 30_000_000  # floating-point operations: a millisecond, what starting threads is small to
KEPT = 16 << 20  # bytes of pre-activations and values of a small step
CALL = 200_000_000  # floating-point operations per call of the compiled loop: about 10 ms
STEP_COST = 50_000  # operations that take as long as what a step does beside its products
NOISE_COST = 100  # operations that take as long as one normal number
FIRST, LAST, ALL = range(3)  # enum recipe_kind of csrc/core
NOISE_FIRST, NOISE_LAST, NOISE_BIAS = 3, 4, 5  # enum random_stream of csrc/core


def two_layer_descent(
    *, X: Any, Y: Any, order: Any, step_sizes: Any, activation: Any, descent: Any, threads: int,
    W: Any, A: Any, c: Any, losses: Any, done: Any,
) -> None:  # fmt: skip
    """See :mod:`pyntk.contract`."""
    loss, trained, output_bias, scale, weight_decay, temperature, seed, first_step, limit = descent
    rule = Rule(
        loss, trained != LAST, trained != FIRST, bool(output_bias), float(scale),
        float(weight_decay), float(temperature), np.uint64(seed), first_step, float(limit),
    )  # fmt: skip
    losses[:] = np.nan
    done[0] = 0
    batch = order.shape[1] if len(order) else len(X)
    (m, d), k = W.shape, A.shape[1]
    neurons = columns_of(m, W.dtype)
    operations = 4 * batch * neurons * (d + k)
    if operations <= SMALL and 3 * batch * neurons * W.itemsize <= KEPT:
        noise = NOISE_COST * m * (d + k) * (rule.temperature > 0)
        at_once = max(1, CALL // (operations + noise + STEP_COST))
        sigma, room = sigma_of(activation), room_for(batch, d, k, m, W.dtype)
        slopes = sigma.slopes.astype(W.dtype)
        for begin in range(0, len(step_sizes), at_once):
            end = min(begin + at_once, len(step_sizes))
            small_steps(
                X, Y, order, step_sizes, begin, end, sigma, slopes, rule, room, W, A, c, losses,
                done,
            )  # fmt: skip
            if done[0] < end:
                return
        return
    for t in range(len(step_sizes)):
        rows = order[t] if len(order) else slice(None)
        _large_step(
            X[rows], Y[rows], t, float(step_sizes[t]), activation, rule, threads, W, A, c, losses,
            done,
        )  # fmt: skip
        if done[0] == t:
            return


def _large_step(
    X: Any, Y: Any, t: int, eta: float, activation: Any, rule: Rule, threads: int,
    W: Any, A: Any, c: Any, losses: Any, done: Any,
) -> None:  # fmt: skip
    """Step t, on all samples of X."""
    (m, d), k = W.shape, A.shape[1]
    value, G = np.empty(1), np.empty((len(X), k), W.dtype)
    dW, dA = np.empty((m * rule.first, d), W.dtype), np.empty((m * rule.last, k), W.dtype)
    two_layer_step(
        X=X, W=W, A=A, c=c, Y=Y, activation=activation, loss=rule.loss, scale=rule.scale,
        threads=threads, value=value, G=G, dW=dW, dA=dA,
    )  # fmt: skip
    losses[t] = value[0]
    if not value[0] <= rule.limit:
        return
    # Along rows NumPy sums in pairs, along columns one by one.
    dc = np.ascontiguousarray(G.T).sum(1, dtype=np.float64)[None, : k * (rule.last and rule.bias)]
    amplitude, step = math.sqrt(2 * eta * rule.temperature), rule.first_step + t
    parts = []
    for D, stream, row in (
        (dW, NOISE_FIRST, step * m),
        (dA, NOISE_LAST, step * m),
        (dc, NOISE_BIAS, step),
    ):
        Z = np.empty(D.shape if amplitude > 0 else (0, 0), np.float32)
        random_normals(seed=int(rule.seed), stream=stream, first=row, threads=threads, Z=Z)
        parts.append((D, Z))
    _update(
        1 - eta * rule.weight_decay, eta, amplitude, W, parts[0], A, parts[1], c[None], parts[2],
        done,
    )  # fmt: skip


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _update(
    decay: float, eta: float, amplitude: float, W: Any, of_W: Any, A: Any, of_A: Any,
    c: Any, of_c: Any, done: Any,
) -> None:  # fmt: skip
    """Apply a step whole, so that an interrupt finds all parameters before it or all after it."""
    _update_one(decay, eta, amplitude, W, of_W[0], of_W[1])
    _update_one(decay, eta, amplitude, A, of_A[0], of_A[1])
    _update_one(decay, eta, amplitude, c, of_c[0], of_c[1])
    done[0] += 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _update_one(decay: float, eta: float, amplitude: float, P: Any, D: Any, Z: Any) -> None:
    """P <- decay P - eta D + amplitude Z, in float64 and rounded once; no rows of D, no step."""
    for i in range(D.shape[0]):
        for j in range(D.shape[1]):
            noise = amplitude * Z[i, j] if amplitude > 0 else 0.0
            P[i, j] = decay * P[i, j] - eta * D[i, j] + noise
