"""Eigenpairs of a symmetric matrix."""

import atexit
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel
from pyntk.memory import require

LARGEST_ON_HOST: Final = 32_766
"""The largest n whose workspace, 1 + 6 n + 2 n^2 numbers, LAPACK's 32-bit integers can count."""


def eigh(H: Any, *, backend: str | None = None) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of a symmetric matrix, by LAPACK's divide and conquer.

    Args:
        H: (n, n) real symmetric matrix, finite; only its lower triangle is read.
        backend: "cpu" (LAPACK that SciPy carries, called from C++), "numba" (through SciPy) or
            "cuda" (cuSOLVER through CuPy); None chooses by PYNTK_BACKEND, then by where H is.

    Returns:
        (eigenvalues, eigenvectors): (n,) ascending, and (n, n) whose column k belongs to eigenvalue
        k; of the dtype of H.

    Raises:
        ValueError: H is not square, has NaN or infinity, or is too large for this LAPACK: with
            32-bit integers n <= 32,766 (beyond, its workspace size overflows silently).
        MemoryError: more memory is needed than is available; the message has both numbers.
        numpy.linalg.LinAlgError: LAPACK did not converge.
        BackendError: the backend asked for cannot be used.
    """
    n = max(np.shape(H), default=0)
    if n > LARGEST_ON_HOST and not hasattr(H, "__cuda_array_interface__"):
        raise ValueError(f"n = {n}: the workspace of LAPACK's syevd overflows 32-bit integers")
    inputs = admit(H=(H, "n n"))
    itemsize = inputs.dtype.itemsize
    # V, and the workspace of syevd.
    require("eigh", (3 * n * n + 7 * n + 1) * itemsize, on_device=inputs.on_device)
    w, V = inputs.empty(n), inputs.empty(n, n)
    run = kernel("eigh", choose(backend, inputs.on_device))
    if inputs.on_device:
        run(A=inputs[0], w=w, V=V)
    else:
        _interruptible(lambda: run(A=inputs[0], w=w, V=V))
    return w, V.T


def _interruptible(work: Callable[[], None]) -> None:
    """Run work on a thread of its own, so that Ctrl-C returns at once.

    LAPACK cannot be stopped: after Ctrl-C it finishes unseen on buffers that nobody else has.
    """
    error: list[BaseException] = []
    done = threading.Event()  # an interrupted join() takes a running thread for a finished one

    def run() -> None:
        try:
            work()
        except BaseException as raised:
            error.append(raised)
        finally:
            done.set()

    worker = threading.Thread(target=run, name="pyntk-lapack", daemon=True)
    worker.start()
    try:
        done.wait()
    except BaseException:
        atexit.register(_wait_for, worker, done)
        raise
    worker.join()
    if error:
        raise error[0]


def _wait_for(worker: threading.Thread, done: threading.Event) -> None:
    """Let LAPACK finish before the process ends: OpenBLAS can hang if it is shut down in a call."""
    if not done.is_set():
        sys.stderr.write("pyntk: waiting for LAPACK to finish; Ctrl-C leaves at once\n")
        sys.stderr.flush()
    try:
        done.wait()
        worker.join()
    except KeyboardInterrupt:
        os._exit(130)
