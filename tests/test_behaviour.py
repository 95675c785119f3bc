"""How a call behaves in a process: Ctrl-C, fork, many threads, import, memory over many calls."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import pyntk
from interrupts import assert_prompt, interrupted

LONG_CALLS = {
    "ntk_gram": "pyntk.ntk_gram(X, backend=backend)",
    "one thread": "pyntk.ntk_gram(X, backend=backend, threads=1)",
    "deep": "pyntk.ntk_gram(X, trained='all', depth=30, bias_variance=0.1, backend=backend)",
    "float32": "pyntk.ntk_gram(X.astype('f4'), rows=slice(8000), backend=backend, threads=1)",
    "progress": "pyntk.ntk_gram(X, backend=backend, threads=1, progress=lambda done, total: None)",
    "ntk_matmul": "pyntk.ntk_matmul(X, X[:, :8], trained='all', backend=backend)",
    "ntk_matmul Z": "pyntk.ntk_matmul(X, X[:, :8], X[::-1], backend=backend, threads=1)",
    "ntk_operator": "pyntk.ntk_operator(X, depth=2, backend=backend) @ X[:, :8]",
    "ntk_vjp": "pyntk.ntk_vjp(X, X[:3000], X[:, :1] * X[:3000, 0], depth=2, backend=backend)",
    "finite_width_gram": "pyntk.finite_width_gram(X, net.W, backend=backend)",
    "two_layer_forward": "net.forward(X)",
    "two_layer_step": "net.loss_and_gradient(X[:6000], X[:6000, 0])",
    "two_layer_gradient": "net.loss_and_gradient(X[:6000], X[:6000, 0], trained='last', data=True)",
    "eigh": "pyntk.eigh(S[:2500, :2500], backend=backend)",  # its process waits for LAPACK's end
    "label_spectrum": "pyntk.label_spectrum(S, S[0], backend=backend)",
}
PROGRAM = """
import sys, time, numpy as np, pyntk
backend = sys.argv[1]
X = np.random.default_rng(0).standard_normal((9000, 700))
net = pyntk.TwoLayer.ntk(30_000, 700, backend=backend)
x = X[:70]
for y in (x, x.astype("f4")):
    pyntk.ntk_gram(y, backend=backend), pyntk.ntk_gram(y, y, backend=backend)
for how in ({}, {"depth": 2}, {"depth": 30, "bias_variance": 0.1, "trained": "all"}):
    pyntk.ntk_gram(x, **how, backend=backend)
    pyntk.ntk_matmul(x, x, **how, backend=backend), pyntk.ntk_matmul(x, x, x, backend=backend)
    pyntk.ntk_vjp(x, x, x @ x.T, **how, backend=backend)
pyntk.finite_width_gram(x, x, backend=backend), net.loss_and_gradient(X[:5], X[:5, 0])
pyntk.eigh(x @ x.T, backend=backend), pyntk.label_spectrum(x @ x.T, x[:, 0], backend=backend)
if "S" in "CALL":
    S = X[:4000] @ X[:4000].T
print("begin", flush=True)
try:
    CALL
    print("finished")
except KeyboardInterrupt:
    print("interrupted", time.time())
K = pyntk.ntk_gram(X[:300], backend=backend)
print("usable", bool((K == K.T).all()))
"""


def seconds_until_interrupted(backend, call):
    """From the signal to the KeyboardInterrupt of a call; the library must work afterwards."""
    sent, lines = interrupted(PROGRAM.replace("CALL", call), backend)
    assert lines[0].startswith("interrupted"), lines
    assert lines[1] == "usable True"
    return float(lines[0].split()[1]) - sent


@pytest.mark.parametrize("call", LONG_CALLS)
def test_control_c(backend, call):
    assert_prompt(lambda: seconds_until_interrupted(backend, LONG_CALLS[call]))


CALLS = {
    "ntk_gram": lambda X, how: pyntk.ntk_gram(X, **how),
    "deep": lambda X, how: pyntk.ntk_gram(X, X, depth=3, bias_variance=0.1, **how),
    "rows": lambda X, how: pyntk.ntk_gram(X, rows=slice(7, 290, 3), **how),
    "ntk_diag": lambda X, how: pyntk.ntk_diag(X, **how),
    "ntk_matmul": lambda X, how: pyntk.ntk_matmul(X, X, trained="all", **how),
    "ntk_vjp": lambda X, how: pyntk.ntk_vjp(X, None, X @ X.T, **how),
    "arc_cosine_gram": lambda X, how: pyntk.arc_cosine_gram(X, degree=0, **how),
    "finite_width_gram": lambda X, how: pyntk.finite_width_gram(X, X[:100], **how),
    "eigh": lambda X, how: pyntk.eigh(X @ X.T, **how).eigenvectors,
    "label_spectrum": lambda X, how: pyntk.label_spectrum(X @ X.T, X, **how).projections,
    "forward": lambda X, how: pyntk.TwoLayer(X[:100], X[:100], **how).forward(X),
    "loss_and_gradient": lambda X, how: (
        pyntk.TwoLayer(X[:100], X[:100], X[:100, 0], **how).loss_and_gradient(X, X)[1].dW
    ),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_child_after_use_in_the_parent(backend, call):
    X = np.random.default_rng(0).standard_normal((400, 20))
    how = {"backend": backend}
    K = call(X, how)
    child = os.fork()
    if child == 0:
        same = False
        try:
            same = bool((call(X, how) == K).all())
        finally:
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


@every_call
def test_sixteen_threads_at_once(backend, call):
    X = np.random.default_rng(0).standard_normal((300, 20))
    how = {"backend": backend}
    K = call(X, how)
    results = []
    workers = [threading.Thread(target=lambda: results.append(call(X, how))) for _ in range(16)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 16
    assert all((result == K).all() for result in results)


MANY_CALLS = """
import sys, numpy as np, pyntk
how = {"backend": sys.argv[1]}
X = np.random.default_rng(0).standard_normal((40, 10))
bad = X.copy(); bad[3, 3] = np.nan
huge = np.broadcast_to(1.0, (10_000_000, 1))
calls = [
    lambda: pyntk.ntk_gram(X, **how),
    lambda: pyntk.ntk_gram(X, X, depth=3, bias_variance=0.1, progress=lambda *seen: None, **how),
    lambda: pyntk.ntk_diag(X, **how),
    lambda: pyntk.ntk_matmul(X, X, trained="all", **how),
    lambda: pyntk.ntk_vjp(X, X, X @ X.T, **how),
    lambda: pyntk.finite_width_gram(X, X, **how),
    lambda: pyntk.ntk_gram(bad, **how),
    lambda: pyntk.ntk_gram(X, out=X, **how),
    lambda: pyntk.ntk_gram(X, depth=0, **how),
    lambda: pyntk.dispatch.kernel("ntk_diag", sys.argv[1])(X=X, recipe=None, threads=1, k=None),
]
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
failed = 0
for repetition in range(1500):
    if repetition == 500:
        before = resident()
    for call in calls:
        try:
            call()
        except (ValueError, TypeError, AttributeError):
            failed += 1
print(failed, resident() - before)
"""


def test_memory_does_not_grow(backend):
    """Promise 24: 10,000 calls after 5,000; 6,000 fail. The smallest result is 320 bytes."""
    run = subprocess.run(
        [sys.executable, "-P", "-c", MANY_CALLS, backend],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    failed, growth = map(int, run.stdout.split())
    assert failed == 6000
    assert growth < 1000 * 320


IMPORT = """
import os, sys, threading, signal
def environment():
    # Subnormal numbers in and out, and the handlers of signals.
    smallest, normal = float("5e-324"), float("2.3e-308")
    assert smallest * 1.0 > 0 and normal / 4 > 0 and 1.0 + 2.0**-53 == 1.0
    return dict(os.environ), threading.active_count(), [
        signal.getsignal(number) for number in signal.valid_signals()
    ]
before = environment()
import pyntk
assert environment() == before
assert len(os.listdir("/proc/self/task")) == int(sys.argv[1])
heavy = {"numba", "scipy", "cupy", "matplotlib", "sklearn", "torch", "jax", "tqdm"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
assert not [name for name in sys.modules if name.startswith("pyntk.") and "_cpu" in name]
assert callable(pyntk.theory.explain) and callable(pyntk.data.sphere)
assert not hasattr(pyntk, "no_such_name")
"""

NUMPY_ONLY = "import os, numpy; print(len(os.listdir('/proc/self/task')))"


def tasks_with_numpy():
    """How many threads a process has that imported NumPy."""
    return subprocess.run(
        [sys.executable, "-P", "-c", NUMPY_ONLY], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_import_has_no_side_effects():
    subprocess.run([sys.executable, "-P", "-c", IMPORT, tasks_with_numpy()], check=True)


CALL = """
import numpy as np
X = np.random.default_rng(0).standard_normal((300, 10))
X[0] *= 1e-320
K = pyntk.ntk_gram(X, backend=sys.argv[2])
assert (K[0] != 0).any()
after = environment()
assert after[0] == before[0] and after[2] == before[2]
for path in ("nvidia", "libcuda"):
    assert path not in open("/proc/self/maps").read()
"""


def test_a_call_has_no_side_effects(backend):
    """On the floating-point environment, the variables, the signals; no CUDA context."""
    program = IMPORT + CALL
    subprocess.run([sys.executable, "-P", "-c", program, tasks_with_numpy(), backend], check=True)
