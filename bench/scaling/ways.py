"""The ways at work, each with its answer checked; what runs in a process of its own (child.py)."""

import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from peak_memory import FORGET_THE_PEAK, OWN, _give_back_what_is_free, _status, extra_memory
from scaling.model import threads_of_worker

import pyntk

WARM = 64
"""Rows of the call in which modules are imported and threads begin."""

RIDGE, TOLERANCE = 1e-4, 1e-6
"""The ridge per row: then K / n and ridge / n are nearly the same problem for any n."""

CHECKED = 3
"""Rows of an answer."""


class Job(NamedTuple):
    """A call, and what belongs to it."""

    call: Callable[[], Any]
    check: Callable[[Any], None]
    begin: Callable[[], None] = lambda: None
    """Before the first call: needs memory that counts, and time that does not."""
    reset: Callable[[], None] = lambda: None
    """After each call."""
    meter: Callable[[Callable[[], Any]], tuple[int, Any]] = extra_memory
    facts: dict[str, Any] = {}  # noqa: RUF012 - nobody writes to this one


@contextmanager
def gram(X, request):
    pyntk.ntk_gram(X[:WARM])
    yield Job(partial(pyntk.ntk_gram, X), partial(_check_gram, X))


@contextmanager
def stream(X, request):
    path = Path(request["folder"]) / "K.npy"

    def reset():
        path.unlink()
        path.with_name(path.name + ".json").unlink()

    pyntk.stream_gram(X[:WARM], path)
    reset()
    yield Job(partial(pyntk.stream_gram, X, path), partial(_check_gram, X), reset=reset)


@contextmanager
def product(X, request):
    v = _column(len(X))
    pyntk.ntk_matmul(X[:WARM], v[:WARM])
    yield Job(partial(pyntk.ntk_matmul, X, v), partial(_check_product, X, v))


@contextmanager
def dask(X, request):
    import distributed

    import pyntk.dask

    workers, v, held = request["workers"], _column(len(X)), []
    with (
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=threads_of_worker(workers), host="127.0.0.1",
            dashboard_address=None, worker_dashboard_address=None,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        with pyntk.dask.operator(X[:WARM], client) as K:
            K @ v[:WARM]
        yield Job(
            lambda: held[0] @ v, partial(_check_product, X, v),
            begin=lambda: held.append(pyntk.dask.operator(X, client)),
            meter=partial(_memory_of_cluster, client),
        )  # fmt: skip
        for K in held:
            K.close()


@contextmanager
def fit(X, request):
    y, ridge, facts = np.sign(X[:, 0] * X[:, 1]), RIDGE * len(X), {}

    def call(rows):
        moments = [time.perf_counter()]
        fitted = pyntk.kernel_regression(
            X[:rows], y[:rows], ridge=ridge, method="matrix_free", preconditioner="landmarks",
            tol=TOLERANCE, progress=lambda *done: moments.append(time.perf_counter()),
        )  # fmt: skip
        step = float(np.median(np.diff(moments[1:])))
        facts.update(
            steps=fitted.steps, residual=fitted.residual, announced_bytes=fitted.announced_bytes,
            step_seconds=step, making_seconds=max(0.0, moments[1] - moments[0] - step),
        )  # fmt: skip
        return fitted

    def check(fitted):
        """A row of the system misses its y by no more than all of them together."""
        c = fitted.coefficients
        missed = pyntk.ntk_gram(X[:CHECKED], X) @ c + ridge * c[:CHECKED] - y[:CHECKED]
        if not np.linalg.norm(missed) <= 1.01 * TOLERANCE * np.linalg.norm(y):
            raise AssertionError(f"rows of the system are missed by {missed}")

    call(WARM)
    yield Job(partial(call, len(X)), check, facts=facts)


OPEN = {"gram": gram, "product": product, "dask": dask, "stream": stream, "fit": fit}


def _column(n):
    return np.random.default_rng(1).standard_normal(n)


def _check_gram(X, K):
    """Single rows of a Gram have the bits of the whole."""
    if not (pyntk.ntk_gram(X[-CHECKED:], X) == K[-CHECKED:]).all():
        raise AssertionError("rows of the Gram are wrong")


def _check_product(X, v, y):
    rows = pyntk.ntk_gram(X[-CHECKED:], X)
    if not (np.abs(rows @ v - y[-CHECKED:]) <= 1e-13 * (np.abs(rows) @ np.abs(v))).all():
        raise AssertionError("entries of the product are wrong")


def _memory_of_cluster(client, call):
    """Return what a call needed here, scheduler included, and in all workers; and its result."""
    before = client.run(_forget_the_peak)
    own, result = extra_memory(call)
    after = client.run(_status, "VmHWM")
    return own + sum(max(0, after[worker] - before[worker]) for worker in before), result


def _forget_the_peak():
    """As extra_memory begins, in a worker."""
    _give_back_what_is_free()
    (OWN / "clear_refs").write_text(FORGET_THE_PEAK)
    return _status("VmRSS")
