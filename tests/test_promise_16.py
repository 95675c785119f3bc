"""Promise 16: 64-bit sizes. A Gram of more than 2^31 entries, in twelve megabytes.

The rows repeat with period 64, so K repeats every 64 rows; its 8.6 GB are addresses that all lead
to the same 64 rows of memory, mapped over and over. An index of 32 bits leaves the mapping, or puts
another entry in the place. A tile that is left out does not show there, because its repetitions are
written; it shows in the product with a vector, where a missing pair is missing from the sum.
Numba's indices are 64-bit by construction, and its test would take half a minute.
"""

import ctypes
import mmap
import os
import subprocess
import sys

import numpy as np
import pytest

import pyntk

PERIOD, N = 64, 64 * 725  # N^2 = 2.15e9 > 2^31


class Repeated:
    """N rows of N floats, of which only PERIOD are there."""

    def __init__(self):
        rows, size = PERIOD * N * 4, N * N * 4
        assert rows % mmap.PAGESIZE == 0
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mmap.restype = ctypes.c_void_p
        libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
        file = os.memfd_create("rows")
        os.ftruncate(file, rows)
        none, fixed, noreserve = 0, 0x10, 0x4000

        def reserve(address, length, access, flags, file):
            result = libc.mmap(address, length, access, flags, file, 0)
            assert result != ctypes.c_void_p(-1).value, os.strerror(ctypes.get_errno())
            return result

        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | noreserve
        self.start = reserve(None, size, none, private, -1)
        for begin in range(0, size, rows):
            access = mmap.PROT_READ | mmap.PROT_WRITE
            reserve(self.start + begin, rows, access, mmap.MAP_SHARED | fixed, file)
        os.close(file)
        memory = (ctypes.c_char * size).from_address(self.start)
        self.array = np.frombuffer(memory, np.float32).reshape(N, N)


def run(backend, function):
    """In a process of its own: what this test looks for would be a crash."""
    base = np.random.default_rng(0).standard_normal((PERIOD, 2)).astype(np.float32)
    rows, small = np.tile(base, (N // PERIOD, 1)), pyntk.ntk_gram(base, backend=backend)
    if function == "matmul":
        V = np.random.default_rng(1).integers(1, 4, N).astype(np.float32)
        folded = V.astype(float).reshape(-1, PERIOD).sum(0)
        expected, tolerance = small.astype(float) @ folded, 1e-7 * np.abs(small) @ folded
        Y = pyntk.ntk_matmul(rows, V, backend=backend).reshape(-1, PERIOD)
        assert (np.abs(Y - expected) <= tolerance).all()  # a pair is 2e-5 of its row's sum
        return
    K = Repeated().array
    assert K.size > 2**31
    K[:PERIOD] = np.nan
    pyntk.ntk_gram(rows, rows if function == "cross" else None, out=K, backend=backend)
    assert (K[-PERIOD:].reshape(PERIOD, -1, PERIOD) == small[:, None]).all()


@pytest.mark.parametrize("function", ["symmetric", "cross", "matmul"])
def test_promise_16_more_than_2_31_entries(cpu, function):
    process = subprocess.run(
        [sys.executable, "-P", __file__, cpu.name, function],
        capture_output=True, text=True, check=False, env=os.environ,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr


if __name__ == "__main__":
    run(*sys.argv[1:])
