"""Has ways measured in another process (child.py), which ends in time, or is ended."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pyntk
from pyntk.threads import allowed

CHILD = Path(__file__).with_name("child.py")


FOR_REPEATS = 4
"""A call that took this part of its time is not made again."""


class OutOfTimeError(Exception):
    """A measurement took longer than there was time."""


def ask(requests, limit):
    """Return the answers to requests for (way, size).

    Args:
        requests: list of (way, Size).
        limit: seconds for all of them.

    Raises:
        OutOfTimeError: they were over; nothing that was begun is left.
        RuntimeError: the process failed; with its last words.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as errors:
        more = {"folder": folder, "patience": limit / (FOR_REPEATS * len(requests))}
        asked = [{"way": way, **size._asdict(), **more} for way, size in requests]
        process = subprocess.Popen(
            [sys.executable, "-P", CHILD, json.dumps(asked)], env=environment(),
            stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            raise OutOfTimeError(f"stopped after {limit:.0f} s") from None
        finally:
            if process.poll() is None:  # it, and the workers it has
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        if process.returncode:
            errors.seek(0)
            last = errors.read().strip().rpartition("\n")[2]
            raise RuntimeError(f"failed with {process.returncode}: {last}")
    return [json.loads(line) for line in output.splitlines()]


def environment():
    """Return one in which BLAS has as many threads as pyntk, unless the caller's says otherwise."""
    threads = str(allowed())
    paths = [str(Path(pyntk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),  # this pyntk, not another
    }
