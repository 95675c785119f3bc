"""Steps of gradient descent in Numba that are too small to be shared among threads.

The parameters stay transposed for all steps of a call, neurons side by side, in one compiled loop
on the calling thread. With eta scale taken into G, the updates are products that are subtracted.
"""

import math
from typing import Any, NamedTuple

import numba
import numpy as np

from pyntk.backends.numba_random import fill_normals
from pyntk.backends.numba_row_loss import loss_of_rows
from pyntk.backends.numba_row_sigma import take_row_values, weigh_rows
from pyntk.backends.numba_vectors import VECTOR, product, subtract_product

NOISE_FIRST, NOISE_LAST, NOISE_BIAS = np.uint64(3), np.uint64(4), np.uint64(5)  # core/descent.hpp
FEW = 8  # samples, whose outputs are single dot products
DOT = 128  # terms of a plain sum, which a compensated sum collects


class Rule(NamedTuple):
    """What a step does, from the fields of core/descent.hpp."""

    loss: int
    first: bool
    last: bool
    bias: bool
    scale: float
    weight_decay: float
    temperature: float
    seed: Any
    first_step: int
    limit: float


class Room(NamedTuple):
    """The parameters, and what a step works on; columns are neurons, padded to whole vectors."""

    W_panels: Any  # (vectors, d, lanes)
    A: Any  # (k, columns)
    X: Any  # (batch, d)
    Y: Any  # (batch, k), float64
    P: Any  # (batch, columns): pre-activations
    S: Any  # (batch, columns): sigma(P)
    E: Any  # (batch, columns): eta d loss / d P
    F: Any  # (batch, k), float64
    G: Any  # (batch, k), float64: d loss / d F
    H: Any  # (batch, k): eta scale G
    across: Any  # (1, columns, lanes): S of some samples, transposed
    outputs: Any  # (1, k, lanes): of these samples
    values: Any  # (columns,), float64
    slopes: Any  # (columns,)
    noise_W: Any  # (lanes, d), float32
    noise_A: Any  # (lanes, k), float32
    noise_c: Any  # (1, k), float32


class Panels(NamedTuple):
    """Arrays of a room as (vectors, rows, lanes)."""

    A: Any
    P: Any
    S: Any
    E: Any


def columns_of(m: int, dtype: Any) -> int:
    """Return m, padded; rows of so many never are all in the same place of the cache."""
    lanes = VECTOR // dtype.itemsize
    vectors = -(-m // lanes)
    return int(lanes * (vectors + (vectors % 16 == 0)))


def room_for(batch: int, d: int, k: int, m: int, dtype: Any) -> Room:
    """Return the room for steps of so many samples."""
    lanes, columns = VECTOR // dtype.itemsize, columns_of(m, dtype)
    vectors = -(-m // lanes)

    P, S, E = np.zeros((3, batch, columns), dtype)
    Y, F, G = np.empty((3, batch, k))
    return Room(
        np.empty((vectors, d, lanes), dtype), np.zeros((k, columns), dtype),
        np.empty((batch, d), dtype), Y, P, S, E, F, G, np.empty((batch, k), dtype),
        np.zeros((1, columns, lanes), dtype), np.empty((1, k, lanes), dtype),
        np.empty(columns), np.empty(columns, dtype),
        np.empty((lanes, d), np.float32), np.empty((lanes, k), np.float32),
        np.empty((1, k), np.float32),
    )  # fmt: skip


@numba.njit(nogil=True, cache=True, error_model="numpy")
def small_steps(
    X: Any, Y: Any, order: Any, step_sizes: Any, begin: int, end: int, sigma: Any, slopes: Any,
    rule: Any, room: Any, W: Any, A: Any, c: Any, losses: Any, done: Any,
) -> None:  # fmt: skip
    """Steps begin..end, until one has too large a loss; W, A, c and done are told at the end."""
    _take(W, A, room)
    panels = Panels(
        _panels(room.A, room), _panels(room.P, room), _panels(room.S, room), _panels(room.E, room)
    )
    whole = order.shape[0] == 0
    t = begin
    while t < end:
        if t == begin or not whole:
            _gather(X, Y, order, t, room)
        _forward(sigma, slopes, W.shape[0], room, panels)
        _outputs(rule.scale, c, room)
        losses[t] = loss_of_rows(room.F, room.Y, rule.loss, room.G)
        if not losses[t] <= rule.limit:
            break
        eta = step_sizes[t]
        _descend(sigma, slopes, rule, eta, room, panels)
        if rule.temperature > 0:
            _add_noise(rule, eta, rule.first_step + t, W.shape[0], room)
        if rule.last and rule.bias:
            _descend_bias(rule, eta, rule.first_step + t, room, c)
        t += 1
    _give_back(rule, room, W, A)
    done[0] = t


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _panels(A: Any, room: Any) -> Any:
    """An array of a room as (vectors, rows, lanes), of the same type whatever its shape."""
    vectors, _, lanes = room.W_panels.shape
    return A.reshape(A.shape[0], A.shape[1] // lanes, lanes).transpose(1, 0, 2)[:vectors]


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _gather(X: Any, Y: Any, order: Any, t: int, room: Any) -> None:
    for i in range(room.X.shape[0]):
        row = order[t, i] if order.shape[0] > 0 else i
        for k in range(X.shape[1]):  # array assignment takes 2 s to compile, for its errors
            room.X[i, k] = X[row, k]
        for j in range(Y.shape[1]):
            room.Y[i, j] = Y[row, j]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _take(W: Any, A: Any, room: Any) -> None:
    lanes = room.W_panels.shape[2]
    room.W_panels[:] = 0
    for r in range(W.shape[0]):
        for k in range(W.shape[1]):
            room.W_panels[r // lanes, k, r % lanes] = W[r, k]
        for j in range(A.shape[1]):
            room.A[j, r] = A[r, j]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _give_back(rule: Any, room: Any, W: Any, A: Any) -> None:
    lanes = room.W_panels.shape[2]
    for r in range(W.shape[0]):
        if rule.first:
            for k in range(W.shape[1]):
                W[r, k] = room.W_panels[r // lanes, k, r % lanes]
        if rule.last:
            for j in range(A.shape[1]):
                A[r, j] = room.A[j, r]


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _forward(sigma: Any, slopes: Any, m: int, room: Any, panels: Any) -> None:
    """P = X W', S = sigma(P), 0 past the last neuron."""
    product(room.X, room.W_panels, panels.P)
    take_row_values(sigma, slopes, room.P, room.values, room.S)
    for i in range(room.S.shape[0]):
        for r in range(m, room.S.shape[1]):
            room.S[i, r] = 0


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _outputs(scale: float, bias: Any, room: Any) -> None:
    """F = scale S A' + c."""
    batch, lanes = room.S.shape[0], room.across.shape[2]
    if batch < FEW:
        for i in range(batch):
            for j in range(bias.size):
                room.F[i, j] = scale * _dot(room.S[i], room.A[j]) + bias[j]
        return
    for begin in range(0, batch, lanes):
        samples = min(lanes, batch - begin)
        if samples < lanes:
            room.across[:] = 0
        for r in range(room.S.shape[1]):
            for i in range(samples):
                room.across[0, r, i] = room.S[begin + i, r]
        product(room.A, room.across, room.outputs)
        for i in range(samples):
            for j in range(bias.size):
                room.F[begin + i, j] = scale * np.float64(room.outputs[0, j, i]) + bias[j]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _dot(x: Any, y: Any) -> float:
    total, rest = 0.0, 0.0
    for begin in range(0, x.size, DOT):
        rest += _plain_dot(x[begin : begin + DOT], y[begin : begin + DOT])
        before = total
        total += rest
        rest -= total - before
    return total + rest


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})
def _plain_dot(x: Any, y: Any) -> float:
    total = 0.0
    for r in range(x.size):
        total += np.float64(x[r]) * np.float64(y[r])
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy", forceinline=True)
def _descend(
    sigma: Any, slopes: Any, rule: Any, eta: float, room: Any, panels: Any
) -> None:  # fmt: skip
    """W <- decay W - E' X with E = (H A) sigma'(P), A <- decay A - H' S; both of A before."""
    decay = room.A.dtype.type(1 - eta * rule.weight_decay)
    for i in range(room.H.shape[0]):
        for j in range(room.H.shape[1]):
            room.H[i, j] = eta * rule.scale * room.G[i, j]
    if rule.first:
        product(room.H, panels.A, panels.E)
        weigh_rows(sigma, slopes, room.P, room.slopes, room.E)
        subtract_product(room.X.T, panels.E, decay, room.W_panels)
    if rule.last:
        subtract_product(room.H.T, panels.S, decay, panels.A)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_noise(rule: Any, eta: float, step: int, m: int, room: Any) -> None:
    amplitude, lanes = math.sqrt(2 * eta * rule.temperature), room.W_panels.shape[2]
    for s in range(room.W_panels.shape[0]):
        first, neurons = np.uint64(step * m + s * lanes), min(lanes, m - s * lanes)
        if rule.first:
            fill_normals(rule.seed, NOISE_FIRST, first, room.noise_W[:neurons])
            for k in range(room.W_panels.shape[1]):
                for lane in range(neurons):
                    room.W_panels[s, k, lane] += amplitude * room.noise_W[lane, k]
        if rule.last:
            fill_normals(rule.seed, NOISE_LAST, first, room.noise_A[:neurons])
            for j in range(room.A.shape[0]):
                for lane in range(neurons):
                    room.A[j, s * lanes + lane] += amplitude * room.noise_A[lane, j]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _descend_bias(rule: Any, eta: float, step: int, room: Any, c: Any) -> None:
    amplitude = math.sqrt(2 * eta * rule.temperature)
    if amplitude > 0:
        fill_normals(rule.seed, NOISE_BIAS, np.uint64(step), room.noise_c)
    for j in range(c.size):
        slope, rest = 0.0, 0.0
        for i in range(room.G.shape[0]):
            before, rest = slope, rest + room.G[i, j]
            slope += rest
            rest -= slope - before
        noise = amplitude * room.noise_c[0, j] if amplitude > 0 else 0.0
        c[j] = (1 - eta * rule.weight_decay) * c[j] - eta * (slope + rest) + noise
