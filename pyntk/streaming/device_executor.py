"""The CUDA devices of this machine as stream_gram wants an executor."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final

from pyntk.contract import Array
from pyntk.streaming.blocks import Task

ON_DEVICE: Final = 2
"""Blocks that a device has at once: one is computed while another one is copied to the host."""


class DeviceExecutor:
    """Computes blocks on all CUDA devices, each on whichever is free, on streams of its own."""

    def __init__(self) -> None:
        import cupy

        places = ON_DEVICE * cupy.cuda.runtime.getDeviceCount()
        self._pool = ThreadPoolExecutor(places, thread_name_prefix="pyntk-device")
        self._free: SimpleQueue[int] = SimpleQueue()
        for place in range(places):
            self._free.put(place // ON_DEVICE)
        self.at_once = places + 1

    def submit(self, function: Callable[[Task], Array], task: Task) -> Future[Array]:
        """Return the future of function(task), on a device."""
        return self._pool.submit(self._run, function, task)

    def _run(self, function: Callable[[Task], Array], task: Task) -> Array:
        import cupy

        device = self._free.get()
        try:
            with cupy.cuda.Device(device), cupy.cuda.Stream(non_blocking=True):
                return function(task)
        finally:
            self._free.put(device)

    def close(self) -> None:
        """Forget the blocks that have not begun, and wait for the others."""
        self._pool.shutdown(cancel_futures=True)
