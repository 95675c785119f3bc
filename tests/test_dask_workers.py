"""A cluster of two processes: a worker that is killed during a solve changes no bit of it."""

import os
import signal
import threading

import numpy as np
import pytest

import pyntk
import pyntk.dask

distributed = pytest.importorskip("distributed")
N = 3000


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", host="127.0.0.1"
        ) as running,
        distributed.Client(running) as connected,
    ):
        yield connected


def rows(d=20, seed=0):
    return np.random.default_rng(seed).standard_normal((N, d))


def kill(client, number):
    pids = client.run(os.getpid)
    os.kill(sorted(pids.values())[number], signal.SIGKILL)


def test_a_worker_that_dies_is_replaced(client, tmp_path):
    X, y = rows(), rows(1, seed=1)[:, 0]
    how = {"ridge": 1e-2, "tol": 1e-8, "rank": 64}
    with pyntk.dask.operator(X, client) as K:
        undisturbed = pyntk.cg_solve(K, y, **how)
        assert K.replaced == 0

        def between_products(done, total):
            if done == 5:
                kill(client, 0)

        found = pyntk.cg_solve(K, y, progress=between_products, **how)
        assert K.replaced == 1
        assert (found.x == undisturbed.x).all()
        client.wait_for_workers(2, timeout=60)

        V = rows(64, seed=2)
        product = K @ V
        assert K.replaced == 1
        killer = threading.Timer(0.05, kill, (client, 1))
        killer.start()
        while killer.is_alive():  # some product is under way
            assert (product == K @ V).all()
        killer.join()
        assert (product == K @ V).all()
        assert K.replaced == 2
    client.wait_for_workers(2, timeout=60)

    def while_streaming(done, total):
        if not killed and done > total / 4:
            killed.append(kill(client, 0))

    killed = []
    streamed = pyntk.stream_gram(
        X, tmp_path / "K.npy", rows_per_block=200, executor=client, progress=while_streaming
    )
    assert killed
    assert (streamed == pyntk.ntk_gram(X)).all()
