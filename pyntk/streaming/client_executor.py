"""A client of Dask as stream_gram wants an executor."""

from collections.abc import Callable
from typing import Any, Final

import dask

from pyntk.contract import Array
from pyntk.streaming.blocks import Task

AHEAD: Final = 2
"""Blocks that wait on the cluster for a thread that is free."""

WARNED_FROM: Final = "distributed.admin.large-graph-warning-threshold"


class ClientExecutor:
    """Submits the blocks of stream_gram to the workers of a ``distributed.Client``.

    A block's rows go with it through the scheduler, so that it can be computed anew where a worker
    dies; its entries stay on the worker until they are asked for.
    """

    def __init__(self, client: Any) -> None:
        if client.asynchronous:
            raise TypeError("executor must not be asynchronous: stream_gram waits for the blocks")
        self._client = client

    @property
    def at_once(self) -> int:
        """How many blocks keep all workers busy."""
        return int(sum(self._client.nthreads().values())) + AHEAD

    def submit(self, function: Callable[[Task], Array], task: Task) -> Any:
        """Return the future of function(task), on one thread unless the task asks for more."""
        one = task if task.threads is not None else task._replace(threads=1)
        with dask.config.set({WARNED_FROM: "1 TiB"}):  # rows are meant to be in the graph
            return self._client.submit(function, one, pure=False)
