"""pyntk.dask in one process: tiles, products, streams, estimators give what they give without."""

import asyncio
import pickle

import numpy as np
import pytest

import pyntk
import pyntk.dask
from interrupts import assert_prompt, interrupted
from pyntk.dask import cluster, share, tiles
from pyntk.dask.products import _bounds
from pyntk.sklearn import NTKRidge, NTKRidgeClassifier
from pyntk.streaming.client_executor import ClientExecutor

distributed = pytest.importorskip("distributed")
N = 300


def rows(n=N, d=7, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(dtype)


def start(workers=2, threads=1):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=threads, processes=False, dashboard_address=":0"
    )


@pytest.fixture(scope="module")
def client():
    with start() as running, distributed.Client(running) as connected:
        yield connected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 99, 100, 101, N])
@pytest.mark.parametrize("how", [{}, {"depth": 3, "trained": "all", "bias_variance": 0.1}])
def test_gram_has_the_bits_of_ntk_gram(backend, dtype, n, how):
    X, Z = rows(n, dtype=dtype), rows(150, seed=1, dtype=dtype)
    how = {**how, "backend": backend}
    K = pyntk.dask.gram(X, rows_per_block=100, **how)
    assert K.shape == (n, n)
    assert K.dtype == dtype
    assert (K.compute(scheduler="synchronous") == pyntk.ntk_gram(X, **how)).all()
    K = pyntk.dask.gram(X, Z, rows_per_block=100, **how)
    assert K.chunks[1] == (100, 50)
    assert (K.compute(scheduler="synchronous") == pyntk.ntk_gram(X, Z, **how)).all()


def test_gram_on_workers(client):
    X = rows()
    K = pyntk.dask.gram(X, client=client, rows_per_block=80, depth=2)
    exact = pyntk.ntk_gram(X, depth=2)
    assert (K.compute() == exact).all()
    largest = (K - 1).max(axis=1).compute()  # it goes on as any dask.array does
    assert (largest == (exact - 1).max(axis=1)).all()
    part = K[5:7, 200:].compute()
    assert (part == exact[5:7, 200:]).all()


def test_gram_is_lazy_and_computes_a_pair_once(monkeypatch):
    computed = []

    def counted(task):
        computed.append((len(task.X), len(task.X if task.Z is None else task.Z)))
        return entries(task)

    entries = tiles.entries
    monkeypatch.setattr(tiles, "entries", counted)
    K = pyntk.dask.gram(rows(), rows_per_block=100)
    assert computed == []
    K.compute(scheduler="synchronous")
    assert len(computed) == 6  # of 9 tiles
    computed.clear()
    K[:100, 200:].compute(scheduler="synchronous")
    assert len(computed) == 1


def test_gram_of_nothing():
    assert pyntk.dask.gram(rows(0)).compute().shape == (0, 0)
    assert pyntk.dask.gram(rows(3), rows(0)).compute().shape == (3, 0)


@pytest.mark.parametrize("how", [{}, {"depth": 2, "trained": "all"}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_operator(client, backend, dtype, how):
    X, V = rows(dtype=dtype), rows(d=3, seed=1)
    how = {**how, "backend": backend}
    with pyntk.dask.operator(X, client, **how) as K:
        assert K.dtype == dtype
        assert K.shape == (N, N)
        exact = pyntk.ntk_matmul(X, V, **how)
        np.testing.assert_allclose(K @ V, exact, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(K @ V[:, 0], exact[:, 0], rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(K.T @ V, exact, rtol=1e-12, atol=1e-12)
        assert K.replaced == 0
    with pytest.raises(ValueError, match="the operator was closed"):
        K @ V


def test_solvers_take_the_operator(client):
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    with pyntk.dask.operator(X, client, trained="all") as K:
        found = pyntk.cg_solve(K, y, ridge=0.1, tol=1e-10)
        values = pyntk.eigsh(K, 4).eigenvalues
    exact = pyntk.ntk_gram(X, trained="all")
    np.testing.assert_allclose(
        found.x, np.linalg.solve(exact + 0.1 * np.eye(N), y), rtol=1e-7, atol=1e-8
    )
    np.testing.assert_allclose(values, np.linalg.eigvalsh(exact)[-4:], rtol=1e-9)


def test_fewer_rows_than_workers(client):
    for n in (0, 1):
        with pyntk.dask.operator(rows(n), client) as K:
            np.testing.assert_allclose(
                K @ np.ones((n, 2)), pyntk.ntk_gram(rows(n)) @ np.ones((n, 2))
            )


@pytest.mark.parametrize(
    ("n", "threads", "bounds"),
    [
        (10, [1], [(0, 10)]),
        (10, [1, 3], [(0, 5), (5, 10)]),
        (100, [1, 1], [(0, 71), (71, 100)]),
        (2, [1, 1, 1], [(0, 1), (1, 2)]),
        (0, [1, 1], [(0, 0)]),
    ],
)
def test_shares(n, threads, bounds):
    assert _bounds(n, threads) == bounds


def test_an_error_on_a_worker_is_raised_here(client, monkeypatch):
    def product(self, V):
        raise MemoryError("none left")

    monkeypatch.setattr(share.Share, "product", product)
    with pyntk.dask.operator(rows(), client) as K, pytest.raises(MemoryError, match="none left"):
        K @ np.ones(N)
    assert K.replaced == 0


def test_a_worker_that_goes_before_it_has_its_share(client, monkeypatch):
    """What Dask raises where it does not know the address; then another one takes the share."""
    sent = []

    def scatter(*arguments, **options):
        sent.append(options["workers"])
        if len(sent) == 1:
            raise KeyError(options["workers"][0])
        return original(*arguments, **options)

    original = client.scatter
    monkeypatch.setattr(client, "scatter", scatter)
    V = rows(d=2, seed=1)
    with pyntk.dask.operator(rows(), client) as K:
        np.testing.assert_allclose(K @ V, pyntk.ntk_matmul(rows(), V), rtol=1e-12, atol=1e-12)
        assert K.replaced == 1
    assert len(sent) == 3


def test_no_worker_is_left(monkeypatch):
    monkeypatch.setattr(cluster, "WAIT", 0.3)
    with start(1) as running, distributed.Client(running) as connected:
        K = pyntk.dask.operator(rows(), connected)
        assert (K @ np.ones(N)).shape == (N,)
        running.scale(0)
        with pytest.raises(pyntk.dask.WorkersLostError, match=r"the cluster .* has no worker"):
            K @ np.ones(N)


def test_stream_gram(client, tmp_path):
    X = rows()
    K = pyntk.stream_gram(X, tmp_path / "K.npy", rows_per_block=40, executor=client, depth=2)
    assert (pyntk.ntk_gram(X, depth=2) == K).all()
    long = rows(600, 2000)  # Dask would warn of a large graph
    K = pyntk.stream_gram(long, tmp_path / "long.npy", executor=client)
    assert (pyntk.ntk_gram(long) == K).all()
    assert ClientExecutor(client).at_once == 4


def test_ntk_ridge(client):
    X, y = rows(), np.sin(rows()[:, 0])
    here = NTKRidge(tol=1e-9, method="matrix_free").fit(X, y)
    there = NTKRidge(tol=1e-9, n_jobs=client).fit(X, y)
    assert there.method_ == "matrix_free"
    np.testing.assert_allclose(there.dual_coef_, here.dual_coef_, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(there.predict(X[:9]), here.predict(X[:9]), rtol=1e-6)
    classes = NTKRidgeClassifier(n_jobs=client).fit(X, y > 0)
    assert classes.score(X, y > 0) > 0.9


def test_estimators_keep_their_client_but_pickles_have_none(client):
    from sklearn.base import clone
    from sklearn.model_selection import cross_val_score

    fitted = NTKRidge(alpha=0.5, n_jobs=client).fit(rows(), rows()[:, 0])
    assert clone(fitted).n_jobs is client
    assert clone(fitted).alpha == 0.5
    assert not hasattr(clone(fitted), "dual_coef_")
    again = pickle.loads(pickle.dumps(fitted))
    assert again.n_jobs is None
    assert (again.predict(rows()) == fitted.predict(rows())).all()
    assert len(cross_val_score(NTKRidge(n_jobs=client), rows(), rows()[:, 0], cv=3)) == 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda c: pyntk.dask.gram(rows() * np.nan), ValueError, r"X\[0, 0\] is nan"),
        (lambda c: pyntk.dask.gram(rows(), rows(d=3)), ValueError, "d = 7"),
        (lambda c: pyntk.dask.gram(rows(), depth=0), ValueError, "depth"),
        (lambda c: pyntk.dask.gram(rows(), rows_per_block=0), ValueError, "rows_per_block"),
        (lambda c: pyntk.dask.gram(rows(), client=1), TypeError, r"a distributed\.Client, not int"),
        (
            lambda c: pyntk.dask.operator(rows(), None),
            TypeError,
            r"a distributed\.Client, not None",
        ),
        (lambda c: pyntk.dask.operator(rows() * np.inf, c), ValueError, r"X\[0, 0\] is -?inf"),
        (lambda c: pyntk.dask.operator(rows(), c, depth="2"), TypeError, "depth"),
        (lambda c: pyntk.dask.operator(rows(), c, backend="x"), ValueError, "backend"),
        (lambda c: NTKRidge(n_jobs=2).fit(rows(), rows()[:, 0]), TypeError, "n_jobs must be None"),
    ],
)
def test_bad_input(client, call, error, message):
    with pytest.raises(error, match=message):
        call(client)


def test_an_asynchronous_client_is_refused(tmp_path):
    async def refused():
        async with (
            distributed.LocalCluster(
                processes=False, dashboard_address=":0", n_workers=1, asynchronous=True
            ) as running,
            distributed.Client(running, asynchronous=True) as waiting,
        ):
            with pytest.raises(TypeError, match="client must not be asynchronous"):
                pyntk.dask.operator(rows(), waiting)
            with pytest.raises(TypeError, match="executor must not be asynchronous"):
                pyntk.stream_gram(rows(), tmp_path / "K.npy", executor=waiting)

    asyncio.run(refused())


PROGRAM = """
import time, numpy as np, pyntk, pyntk.dask
from distributed import Client, LocalCluster
X = np.random.default_rng(0).standard_normal((40_000, 200))
here = {"processes": False, "dashboard_address": ":0"}
with LocalCluster(n_workers=1, **here) as running, Client(running) as client:
    K = pyntk.dask.operator(X, client)
    small = pyntk.dask.operator(X[:50], client)
    before = small @ np.ones(50)
    print("begin", flush=True)
    try:
        K @ X
        print("finished", flush=True)
    except KeyboardInterrupt:
        print("interrupted", time.time(), flush=True)
    import os
    os._exit(0)  # the worker, in this process, goes on with its product
"""


def test_control_c():
    def delay():
        sent, lines = interrupted(PROGRAM)
        assert lines[0].startswith("interrupted"), lines
        return float(lines[0].split()[1]) - sent

    assert_prompt(delay)
