"""Ctrl-C in a program, from outside: how long it takes."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

LIMIT = 0.2  # seconds, promise 17
ATTEMPTS = 8


def interrupted(program, *arguments):
    """When a program that had printed "begin" was interrupted, and the lines it printed then."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", program, *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
        # A job in the background ignores SIGINT, and its children inherit that.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "begin\n"
        time.sleep(0.2)
        sent = time.time()
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, (process.returncode, output, errors)
    return sent, output.splitlines()


def assert_prompt(delay):
    """The best of some attempts, since other processes may hold the CPUs."""
    delays = []
    while len(delays) < ATTEMPTS and min(delays, default=1.0) > LIMIT:
        delays.append(delay())
    assert min(delays) <= LIMIT, delays
