"""How a call behaves in a process: Ctrl-C, fork, many threads, import."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import pyntk

LONG_CALLS = {
    "ntk_gram": "pyntk.ntk_gram(X, backend=backend)",
    "one thread": "pyntk.ntk_gram(X, backend=backend, threads=1)",
    "two_layer_gradient": "net.loss_and_gradient(X[:6000], X[:6000, 0])",
    "eigh": "pyntk.eigh(S, backend=backend)",
}
PROGRAM = """
import sys, time, numpy as np, pyntk
backend = sys.argv[1]
X = np.random.default_rng(0).standard_normal((9000, 700))
net = pyntk.TwoLayer.ntk(30_000, 700, backend=backend)
pyntk.ntk_gram(X[:70], backend=backend), net.loss_and_gradient(X[:5], X[:5, 0])
pyntk.eigh(X[:5] @ X[:5].T, backend=backend)
S = X[:2000] @ X[:2000].T
print("begin", flush=True)
try:
    CALL
    print("finished")
except KeyboardInterrupt:
    print("interrupted", time.time())
K = pyntk.ntk_gram(X[:300], backend=backend)
print("usable", bool((K == K.T).all()))
"""


@pytest.mark.parametrize("call", LONG_CALLS)
def test_control_c(backend, call):
    """The call ends with KeyboardInterrupt, and the library works afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", PROGRAM.replace("CALL", LONG_CALLS[call]), backend],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "2"},
    )  # fmt: skip
    try:
        assert process.stdout.readline() == "begin\n"
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
    except BaseException:
        process.kill()
        process.communicate()
        raise
    assert process.returncode == 0, errors
    lines = output.split("\n")
    assert lines[0].startswith("interrupted"), output
    assert lines[1] == "usable True"


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_child_after_use_in_the_parent(backend):
    X = np.random.default_rng(0).standard_normal((400, 20))
    K = pyntk.ntk_gram(X, backend=backend)
    child = os.fork()
    if child == 0:
        same = (pyntk.ntk_gram(X, backend=backend) == K).all()
        os._exit(0 if same else 1)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    pytest.fail("the child hangs")


def test_sixteen_threads_at_once(backend):
    X = np.random.default_rng(0).standard_normal((300, 20))
    K = pyntk.ntk_gram(X, backend=backend)
    results = []
    workers = [
        threading.Thread(target=lambda: results.append(pyntk.ntk_gram(X, backend=backend)))
        for _ in range(16)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 16
    assert all((result == K).all() for result in results)


IMPORT = """
import os, sys, threading, signal
before = (dict(os.environ), threading.active_count(), signal.getsignal(signal.SIGINT))
import pyntk
assert before == (dict(os.environ), threading.active_count(), signal.getsignal(signal.SIGINT))
assert len(os.listdir("/proc/self/task")) == int(sys.argv[1])
heavy = {"numba", "scipy", "cupy", "matplotlib", "sklearn", "torch", "jax", "tqdm"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert not [name for name in sys.modules if name.startswith("pyntk.") and "_cpu" in name]
assert callable(pyntk.theory.explain) and callable(pyntk.data.sphere)
assert not hasattr(pyntk, "no_such_name")
"""


def test_import_has_no_side_effects():
    numpy_only = "import os, numpy; print(len(os.listdir('/proc/self/task')))"
    tasks = subprocess.run(
        [sys.executable, "-P", "-c", numpy_only], capture_output=True, text=True, check=True
    ).stdout.strip()
    subprocess.run([sys.executable, "-P", "-c", IMPORT, tasks], check=True)
