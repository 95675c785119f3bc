"""The pretended machine: two devices, their memory, and which device and stream are current."""

import bisect
import itertools
import threading
import weakref

import numpy as np

from . import order
from .record import Copy, Launch, Synchronisation, note

DEVICES = 2
MEMORY = 2**30
"""Bytes of each device, unless a test sets ``machine.limit``."""
UNWRITTEN = 0xFF
"""The bytes of fresh memory: NaN as numbers."""
ALIGNMENT = 512
"""Of what CuPy's pool hands out."""


class OutOfMemoryError(MemoryError):
    """Too little memory: ``cupy.cuda.memory.OutOfMemoryError``."""

    def __init__(self, size, total, limit=0):
        what = f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes"
        super().__init__(what + (f", limit set to: {limit:,} bytes)." if limit else ")."))


class Allocation:
    """A block of pretended device memory."""

    def __init__(self, size, device, stream):
        self.size, self.device, self.queue = size, device, (device, order.canonical(stream))
        self.accesses = order.Accesses()
        raw = np.full(size + 2 * ALIGNMENT, UNWRITTEN, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        self.bytes = raw[start : start + size]
        self.ptr = self.bytes.ctypes.data
        self.guard = raw[start + size :]
        """What is behind the block: nobody writes there."""


class Machine:
    """Everything that is one of a kind."""

    def __init__(self):
        self._lock = threading.RLock()
        self.reset()

    def reset(self):
        """Begin anew: no allocations are known, device 0 and the default stream are current."""
        order.forget()
        self._here = threading.local()
        self._bases, self._blocks = [], {}
        self._handles = itertools.count(0x5000, 0x10)
        self.limit = [MEMORY] * DEVICES
        self.used, self.pooled = [0] * DEVICES, [0] * DEVICES
        self.pool_limit = [0] * DEVICES

    @property
    def device(self):
        """The current device of this thread."""
        return getattr(self._here, "device", 0)

    @device.setter
    def device(self, device):
        check_device(device)
        self._here.device = device

    @property
    def streams(self):
        """The current stream of this thread on each device: its Stream, or None for the default."""
        if not hasattr(self._here, "streams"):
            self._here.streams = [None] * DEVICES
        return self._here.streams

    @property
    def stack(self):
        """What ``with`` statements put back: devices and streams of this thread."""
        if not hasattr(self._here, "stack"):
            self._here.stack = []
        return self._here.stack

    @property
    def stream(self):
        """The pointer of the current stream on the current device."""
        current = self.streams[self.device]
        return 0 if current is None else current.ptr

    @property
    def queue(self):
        """The current (device, stream)."""
        return self.device, order.canonical(self.stream)

    def new_handle(self):
        """Return the pointer of a new stream."""
        return next(self._handles)

    def allocate(self, size, stream=None):
        """Return memory on the current device, of a stream's pool, or raise OutOfMemoryError."""
        stream = self.stream if stream is None else stream
        device, rounded = self.device, -(-size // ALIGNMENT) * ALIGNMENT
        with self._lock:
            held, most = self.used[device] + self.pooled[device], self.pool_limit[device]
            fresh = max(0, rounded - self.pooled[device])
            if held + fresh > self.limit[device] or (most and held + fresh > most):
                raise OutOfMemoryError(rounded, self.used[device], most)
            order.reuse((device, order.canonical(stream)))
            block = Allocation(size, device, stream)
            self.pooled[device] -= rounded - fresh
            self.used[device] += rounded
            bisect.insort(self._bases, block.ptr)
            self._blocks[block.ptr] = weakref.ref(block)
            last = (self._blocks, block.ptr, rounded, block.queue, block.accesses, block.guard)
            weakref.finalize(block, self._free, *last).atexit = False
        return block

    def _free(self, blocks, ptr, rounded, queue, accesses, guard):
        with self._lock:
            if blocks is not self._blocks:
                return  # of the machine before the last reset
            _look_behind(guard)
            del blocks[ptr]
            self._bases.remove(ptr)
            self.used[queue[0]] -= rounded
            self.pooled[queue[0]] += rounded
            accesses.free(queue)

    def free_bytes(self, device):
        """Return what the driver has free; what CuPy's pool holds is not in it."""
        return max(0, self.limit[device] - self.used[device] - self.pooled[device])

    def find(self, ptr):
        """Return the allocation that a pointer points into, or None."""
        with self._lock:
            place = bisect.bisect_right(self._bases, ptr) - 1
            if place < 0:
                return None
            block = self._blocks[self._bases[place]]()
        return block if block is not None and ptr < block.ptr + max(block.size, 1) else None

    def look_behind_all(self):
        """Note in ``log.overruns`` what was written behind the blocks that are in use."""
        for reference in list(self._blocks.values()):
            if (block := reference()) is not None:
                _look_behind(block.guard)

    def run(self, name, reads, writes, stream=None):
        """Note that something runs on a stream (the current one) and touches these allocations."""
        stream = self.stream if stream is None else stream
        queue = self.device, order.canonical(stream)
        now = order.tick(queue)
        note("launches", Launch(name, stream, self.device))
        for block in {id(block): block for block in reads}.values():
            block.accesses.read(queue, now, name)
        for block in {id(block): block for block in writes}.values():
            block.accesses.write(queue, now, name)

    def copied(self, kind, nbytes):
        """Note a copy on the current stream: "to_host", "to_device" or "between_devices"."""
        note(kind, Copy(nbytes, self.stream, self.device))

    def synchronise(self, stream, device):
        """Wait for a stream, or for a whole device if ``stream`` is None."""
        note("synchronisations", Synchronisation(stream, device))
        if stream is None:
            order.host_waits_for_device(device)
        else:
            order.host_waits(order.clock((device, order.canonical(stream))))


def _look_behind(guard):
    if (guard != UNWRITTEN).any():
        note("overruns", f"{int((guard != UNWRITTEN).sum())} bytes behind a block were written")


def check_device(device):
    """Raise what CUDA answers for a device that is not there."""
    if not 0 <= device < DEVICES:
        raise RuntimeError("cudaErrorInvalidDevice: invalid device ordinal")


machine = Machine()
