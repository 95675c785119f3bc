"""The two-layer network in Numba: some samples at a time, and never an n x m array."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from pyntk.backends.numba_backward import backward
from pyntk.backends.numba_forward import forward, room_for
from pyntk.backends.numba_loss import loss_of
from pyntk.backends.numba_prepared import KEPT, Network, network
from pyntk.backends.numba_samples import Samples, pack_samples


def two_layer_forward(
    *, X: Any, W: Any, A: Any, activation: Any, scale: float, threads: int, F: Any
) -> None:
    """See :mod:`pyntk.contract`."""
    net = network(X, W, A, activation, scale, threads)
    for samples in _samples(net, keep=False, plain=False):
        of_samples = forward(net, samples, room_for(net, 0, gates=False, products=False))
        with np.errstate(over="ignore"):
            F[samples.begin : samples.end] = of_samples


def two_layer_gradient(
    *, X: Any, W: Any, A: Any, G: Any, activation: Any, scale: float, threads: int, dW: Any
) -> None:
    """See :mod:`pyntk.contract`: each tile is used as it is made, nothing is kept."""
    net = network(X, W, A, activation, scale, threads)
    if len(X) == 0:
        dW[:] = 0
    for samples in _samples(net, keep=False, plain=True):
        kept = room_for(net, 0, gates=False, products=False)
        backward(net, samples, kept, G[samples.begin : samples.end], dW, G[:0])


def two_layer_step(
    *, X: Any, W: Any, A: Any, c: Any, Y: Any, activation: Any, loss: int, scale: float,
    threads: int, value: Any, G: Any, dW: Any, dA: Any,
) -> None:  # fmt: skip
    """See :mod:`pyntk.contract`.

    The products of some samples are formed once and kept for the way back, unless there are more
    neurons than these have room for.
    """
    net = network(X, W, A, activation, scale, threads)
    back = len(dW) > 0 or len(dA) > 0
    fits = back and net.kept_per_block() <= KEPT
    by_gates = net.sigma.homogeneous and (net.one_output or len(dA) == 0)
    value[0] = 0
    if len(X) == 0:
        dW[:] = 0
        dA[:] = 0
    for samples in _samples(net, keep=net.kept_per_block() <= KEPT, plain=back):
        part = slice(samples.begin, samples.end)
        kept = room_for(
            net,
            samples.end - samples.begin,
            gates=fits and by_gates,
            products=fits and not by_gates,
        )
        F = forward(net, samples, kept) + c.astype(np.float64)
        of_part, slopes = loss_of(F, Y[part], loss, len(X))
        value[0] += of_part
        with np.errstate(over="ignore"):
            G[part] = slopes
        if back:
            backward(net, samples, kept, G[part], dW, dA)


def _samples(net: Network, *, keep: bool, plain: bool) -> Iterator[Samples]:
    n, rows = len(net.X), net.block_rows(keep=keep)
    for begin in range(0, n, rows):
        yield pack_samples(net.X, begin, min(n, begin + rows), net.threads, plain=plain)
