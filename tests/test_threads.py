"""How many CPU threads a call may use."""

import os
import subprocess
import sys

import pytest

from pyntk.threads import admit_threads, allowed


@pytest.fixture
def no_limits(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("PYNTK_NUM_THREADS", raising=False)


def test_at_most_the_cpus_of_this_process(no_limits):
    assert 1 <= allowed() <= len(os.sched_getaffinity(0))
    assert admit_threads(None) == allowed()
    assert admit_threads(10_000) == allowed()
    assert admit_threads(1) == 1


@pytest.mark.parametrize("variable", ["OMP_NUM_THREADS", "PYNTK_NUM_THREADS"])
def test_the_environment_lowers_the_limit(no_limits, monkeypatch, variable):
    monkeypatch.setenv(variable, "1,4")
    assert allowed() == 1
    monkeypatch.setenv(variable, "not a number")
    assert allowed() >= 1


def test_affinity_lowers_the_limit(no_limits):
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert allowed() == 1
    finally:
        os.sched_setaffinity(0, before)


THREADS = """
import os, sys, threading, time, numpy as np, pyntk
from pyntk.threads import allowed
X = np.random.default_rng(0).standard_normal((2500, 100))
pyntk.ntk_gram(X[:40], backend=sys.argv[1], threads=1)
def alive():  # of Python's threads the system shows some that have ended, for a moment
    python = sys.argv[1] == "numba"
    return threading.active_count() if python else len(os.listdir("/proc/self/task"))
before, most = alive(), 0
def call():
    for _ in range(3):
        pyntk.ntk_gram(X, backend=sys.argv[1], threads=eval(sys.argv[2]))
        pyntk.ntk_matmul(X, X[:, :3], backend=sys.argv[1], threads=eval(sys.argv[2]))
caller = threading.Thread(target=call)
caller.start()
while caller.is_alive():
    most = max(most, alive())
    time.sleep(0.001)
print(most - before - 1, allowed())
"""


def threads_beside_the_caller(backend, threads, environment=None):
    """How many threads a call begins at most, and how many it may."""
    run = subprocess.run(
        [sys.executable, "-P", "-c", THREADS, backend, threads],
        env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return map(int, run.stdout.split())


def test_no_more_threads_than_allowed(backend):
    """The calling thread waits while others work, or works alone."""
    begun, most = threads_beside_the_caller(backend, "None")
    assert begun <= most
    begun, _ = threads_beside_the_caller(backend, "1")
    assert begun == 0
    for variable in ("OMP_NUM_THREADS", "PYNTK_NUM_THREADS"):
        begun, most = threads_beside_the_caller(backend, "10_000", {variable: "1"})
        assert begun == 0
        assert most == 1
