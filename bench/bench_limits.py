"""What bounds every kernel on this machine: products a second, and bytes written a second.

The report takes the best rate of each kind for its share of the roofline.
"""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from contenders import syrk
from data import gaussian
from measure import Local
from problem import Contender, Problem, Work

from pyntk.threads import allowed


def problems(quick):
    n, d, size = (1024, 1024, 256 << 20) if quick else (4096, 2048, 1 << 30)
    libraries = {"limit: SYRK, SciPy's BLAS": "by_scipy", "limit: SYRK, MKL": "by_mkl"}
    return [
        *(
            Problem(
                name=f"limits of this machine: {dtype} SYRK, n={n} d={d}",
                data=partial(gaussian, n, d, dtype),
                contenders={name: syrk(library) for name, library in libraries.items()},
                work=Work(n * (n + 1) * d, 0, dtype),
            )
            for dtype in ("float32", "float64")
        ),
        Problem(
            name=f"limits of this machine: {size >> 20} MiB written",
            data=lambda: size,
            contenders={
                "limit: fresh memory, as an output is": Contender(write_fresh, check_written),
                "memory written before": Contender(write_again, check_written),
            },
            work=Work(0, size, "float32"),
        ),
    ]


def write_fresh(size):
    """Allocate and fill: the kernel's work for fresh pages is part of it."""

    def call():
        target = np.empty(size, np.uint8)
        fill(target)
        return target

    return Local(call)


def write_again(size):
    target = np.empty(size, np.uint8)

    def call():
        fill(target)
        return target

    return Local(call)


def fill(target):
    """Fill with ones, a part for each thread; ctypes releases the GIL."""
    parts = np.array_split(target, allowed())
    with ThreadPoolExecutor(allowed()) as threads:
        list(threads.map(lambda part: ctypes.memset(part.ctypes.data, 1, part.nbytes), parts))


def check_written(size, runner):
    if not (len(runner.answer) == size and (runner.answer[::4096] == 1).all()):
        raise AssertionError("not everything was written")


def test_limit(compete):
    compete()
