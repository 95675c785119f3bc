"""What the matrix-free functions have in common: Ctrl-C, memory, progress, threads, devices."""

import threading

import numpy as np
import pytest

import pyntk
from interrupts import assert_prompt, interrupted
from pyntk import memory

CALLS = {
    "eigsh": "pyntk.eigsh(X, 20)",
    "eigsh smallest": "pyntk.eigsh(X, 3, 'smallest', tol=1e-12)",
    "spectral_density": "pyntk.spectral_density(X, steps=500, probes=8)",
    "cg_solve": "pyntk.cg_solve(X, X[:, 0], tol=1e-14)",
    "kernel_regression": "pyntk.kernel_regression(X, X[:, 0], method='dense')",
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)

PROGRAM = """
import time, numpy as np, pyntk
X = np.random.default_rng(0).standard_normal((6000, 500))
pyntk.ntk_matmul(X[:9], X[:9])
pyntk.eigsh(X[:700], 2)
print("begin", flush=True)
try:
    CALL
    print("finished")
except KeyboardInterrupt:
    print("interrupted", time.time())
print("usable", bool((pyntk.ntk_matmul(X[:9], X[:9]) != 0).all()))
"""


@every_call
def test_control_c(cpu, call):
    def delay():
        sent, (first, second) = interrupted(PROGRAM.replace("CALL", call))
        assert first.startswith("interrupted")
        assert second == "usable True"
        return float(first.split()[1]) - sent

    assert_prompt(delay)


SMALL = {
    "eigsh": lambda X, **how: pyntk.eigsh(X, 2, **how)[0],
    "spectral_density": lambda X, **how: pyntk.spectral_density(X, steps=9, probes=2, **how).nodes,
    "cg_solve": lambda X, **how: pyntk.cg_solve(X, labels(X), ridge=0.1, **how).x,
    "dense": lambda X, **how: pyntk.kernel_regression(X, labels(X), **how).coefficients,
    "matrix_free": lambda X, **how: (
        pyntk.kernel_regression(X, labels(X), ridge=0.1, method="matrix_free", **how).coefficients
    ),
}
every_small = pytest.mark.parametrize("call", SMALL.values(), ids=SMALL)


def labels(X):
    return np.arange(len(X)) % 3 - 1.0


def rows(n=450, d=5):
    return np.random.default_rng(0).standard_normal((n, d))


@every_small
def test_bad_rows(call):
    X = rows(9)
    for bad, message in ((np.nan, r"X\[2, 3\] is nan"), (np.inf, r"X\[2, 3\] is inf")):
        broken = X.copy()
        broken[2, 3] = bad
        with pytest.raises(ValueError, match=message):
            call(broken)
    for broken in (X[:, :0], X[None]):
        with pytest.raises(ValueError, match="X must have shape"):
            call(broken)
    for broken in (X.astype(complex), X.astype(object), np.ma.array(X)):
        with pytest.raises(TypeError, match="X"):
            call(broken)
    with pytest.raises(ValueError, match="backend must be one of"):
        call(X, backend="gpu")
    with pytest.raises(ValueError, match="threads must be at least 1"):
        call(X, threads=0)


@every_small
def test_inputs_of_every_layout_and_unmodified(call):
    X = rows()
    before, plain = X.copy(), call(X)
    assert (before == X).all()
    X.flags.writeable = False
    wide = np.repeat(X, 2, axis=1)[:, ::2]
    for same in (X, np.asfortranarray(X), wide, X.astype(">f8")):
        assert (call(same) == plain).all()
    np.testing.assert_allclose(call(X.tolist()), plain, rtol=0)


@every_small
def test_threads_decide_no_bit(call):
    X = rows()
    assert (call(X, threads=1) == call(X, threads=2)).all()


@every_small
def test_eight_threads_at_once(call):
    X = rows()
    alone, results = call(X), []
    workers = [threading.Thread(target=lambda: results.append(call(X))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 8
    assert all((result == alone).all() for result in results)


@pytest.mark.parametrize("name", ["eigsh", "spectral_density", "cg_solve", "kernel_regression"])
def test_too_big(name, monkeypatch):
    X = rows(100_000, 2)
    monkeypatch.setattr(memory, "host_available", lambda: (memory.SMALL, "test"))
    call = {
        "eigsh": lambda: pyntk.eigsh(X, 2),
        "spectral_density": lambda: pyntk.spectral_density(X),
        "cg_solve": lambda: pyntk.cg_solve(X, X[:, 0], ridge=1),
        "kernel_regression": lambda: pyntk.kernel_regression(
            X, X[:, 0], ridge=1, method="matrix_free"
        ),
    }[name]
    with pytest.raises(MemoryError, match=rf"{name} needs \d+ bytes .* 67108864 bytes .*test"):
        call()


@pytest.mark.parametrize("name", ["eigsh", "spectral_density", "cg_solve"])
def test_progress(name):
    seen = []
    SMALL[name](rows(), progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert len({total for _, total in seen}) == 1
    assert seen[-1][0] <= seen[-1][1]
    with pytest.raises(TypeError, match="progress must be True, False or a callable"):
        SMALL[name](rows(), progress=3)


def test_a_bar(capsys):
    pyntk.cg_solve(rows(), np.ones(450), ridge=1, progress=True)
    assert capsys.readouterr().err
