"""The blocks of a matrix as they are computed: here, or by an executor elsewhere."""

from collections import deque
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any, Final

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.streaming.blocks import Block, Source, Task, compute
from pyntk.streaming.shares import Shares

IN_FLIGHT: Final = 4
"""Blocks that an executor has at once, finished ones that wait for their turn counted.

A client of Dask has more, on its workers.
"""

Results = Generator[tuple[Block, Array], None, None]


def computed(source: Source, blocks: Sequence[Block], executor: Any, shares: Shares) -> Results:
    """Yield each block and its entries, in order; the entries are overwritten by the next ones."""
    if executor is not None:
        return _elsewhere(source, blocks, _adapted(executor))
    if source.backend == "cuda":
        return _on_devices(source, blocks)
    return _here(source, blocks, shares)


def _on_devices(source: Source, blocks: Sequence[Block]) -> Results:
    from pyntk.streaming.device_executor import DeviceExecutor

    with closing(DeviceExecutor()) as devices:
        yield from _elsewhere(source, blocks, devices)


def _here(source: Source, blocks: Sequence[Block], shares: Shares) -> Results:
    memory = source.inputs.empty(max((block.size for block in blocks), default=0))
    for block in blocks:
        K = memory[: block.size].reshape(block.shape)
        compute(source.task(block), K, shares.within(block.size))
        yield block, K


def _elsewhere(source: Source, blocks: Sequence[Block], executor: Any) -> Results:
    ahead = iter(blocks)
    waiting: deque[tuple[Block, Any]] = deque()

    def submit(count: int) -> None:
        for block in islice(ahead, count):
            waiting.append((block, executor.submit(entries, source.task(block))))

    try:
        submit(getattr(executor, "at_once", IN_FLIGHT))
        while waiting:
            block, future = waiting.popleft()
            yield block, _admitted(future.result(), block, source.inputs.dtype)
            del future
            submit(1)
    finally:
        for _, future in waiting:
            future.cancel()


def _adapted(executor: Any) -> Any:
    """Return what submits to an executor: itself, but for the clients of Dask."""
    if type(executor).__module__.partition(".")[0] != "distributed":
        return executor
    from pyntk.streaming.client_executor import ClientExecutor

    return ClientExecutor(executor)


def entries(task: Task) -> Array:
    """Return the entries of a block: what an executor is given to call.

    Rows that came through a network may lie anywhere in memory. Those of the backend cuda are moved
    to the current device, and the entries come back.
    """
    take, empty = _ready, np.empty
    if task.backend == "cuda":
        import cupy

        take, empty = cupy.asarray, cupy.empty
    X, Z = take(task.X), None if task.Z is None else take(task.Z)
    K = empty((len(X), len(X if Z is None else Z)), X.dtype)
    compute(task._replace(X=X, Z=Z), K)
    return to_host(K)


def _ready(rows: Array) -> Array:
    return np.require(rows, None, ["C", "A"])


def _admitted(K: Any, block: Block, dtype: np.dtype[Any]) -> Array:
    if not isinstance(K, np.ndarray) or K.shape != block.shape or K.dtype != dtype:
        raise TypeError(
            f"the executor returned {type(K).__name__} {getattr(K, 'shape', '')}, "
            f"not an array of shape {block.shape} and dtype {dtype}"
        )
    return np.ascontiguousarray(K)
