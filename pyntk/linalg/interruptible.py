"""Ctrl-C during a call that cannot be stopped."""

import atexit
import os
import sys
import threading
from collections.abc import Callable


def interruptible(work: Callable[[], None]) -> None:
    """Run work on a thread of its own, so that Ctrl-C returns at once.

    LAPACK cannot be stopped: after Ctrl-C it finishes unseen, so ``work`` must write to buffers
    that nobody else has. What writes to a buffer of the user's is called directly instead: then
    Ctrl-C is served when it returns.
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
