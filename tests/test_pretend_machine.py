"""The pretended machine records copies and waits, limits memory, and finds races."""

import numpy as np
import pytest

from pretend import cupy as pretended
from pretend import recorded
from pretend.machine import machine

MODULES = pretended.modules()


@pytest.fixture
def cupy():
    """The pretended module, by itself."""
    machine.reset()
    return MODULES["cupy"]


def test_copies_and_synchronisations_are_counted(cupy):
    with recorded() as seen:
        x = cupy.asarray(np.ones((4, 8)))
        y = (x + x).sum()
        assert [copy.nbytes for copy in seen.to_device] == [256]
        assert not seen.synchronisations
        assert float(y) == 64
        assert [copy.nbytes for copy in seen.to_host] == [8]
        assert len(seen.synchronisations) == 1
        cupy.flatnonzero(x)
        assert len(seen.synchronisations) == 2
        assert cupy.asnumpy(x).nbytes == seen.largest_to_host == 256
        assert seen.streams == {(0, 0)}
        with cupy.cuda.Stream(non_blocking=True) as stream:
            x + 1
        assert seen.named("cupy.add")[-1].stream == stream.ptr != 0


def test_memory_is_limited_and_freed(cupy):
    free, total = cupy.cuda.Device().mem_info
    assert free == total == cupy.cuda.runtime.memGetInfo()[0]
    x = cupy.empty(1000)
    assert cupy.cuda.Device().mem_info[0] == total - 8192
    assert cupy.isnan(x).all()
    del x
    pool = cupy.get_default_memory_pool()
    assert pool.free_bytes() >= 8192
    pool.free_all_blocks()
    assert cupy.cuda.Device().mem_info[0] == total
    machine.limit[0] = 4096
    with pytest.raises(MemoryError, match="Out of memory allocating 8,192 bytes"):
        cupy.empty(1000)
    with pytest.raises(cupy.cuda.memory.OutOfMemoryError):
        cupy.cuda.alloc(5000)


def test_races_are_found(cupy):
    stream, event = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Event()
    with recorded() as seen:
        x = cupy.ones(3)
        event.record()
        with stream:
            stream.wait_event(event)
            y = x + 1
        assert not seen.races
        x += y  # the default stream has not waited
        assert "cupy.add reads what stream 0x" in seen.races[0]
        assert "cupy.add writes what stream 0x" in seen.races[1]
    with recorded() as seen:
        stream.synchronize()
        x += y
        assert not seen.races
    with recorded() as seen:
        with stream:
            cupy.exp(x, out=x)
        assert "stream 0x0 of device 0 may still write" in seen.races[0]


def test_memory_that_is_freed_while_it_is_read(cupy):
    stream, event = cupy.cuda.Stream(non_blocking=True), cupy.cuda.Event()
    x = cupy.ones(3)
    event.record()
    with stream:
        stream.wait_event(event)
        y = x + 1
    with recorded() as seen:
        del x
        cupy.ones(3)
        assert "was freed" in seen.races[0]
    assert y.get().sum() == 6


def test_what_is_written_behind_an_array_is_found(cupy):
    x = cupy.empty(3)
    with recorded() as seen:
        machine.look_behind_all()
        assert not seen.overruns
        beyond = np.ndarray(
            4, np.uint8, x._block.bytes.base, x.data.ptr + 24 - x._block.bytes.base.ctypes.data
        )
        beyond[:2] = 0
        del beyond
        machine.look_behind_all()
        assert seen.overruns == ["2 bytes behind a block were written"]
        del x
        assert len(seen.overruns) == 2
