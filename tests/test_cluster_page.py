"""docs/cluster.md: its examples run in one process, and what it says of Dask holds.

The section on MPI is that of test_scalapack_example.py.
"""

import math
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("distributed")

import dask
import distributed

import pyntk
import pyntk.dask
from pyntk.sklearn import NTKRidge
from pyntk.streaming.blocks import default_rows

PAGE = (Path(__file__).parent.parent / "docs" / "cluster.md").read_text()
DASK = PAGE[: PAGE.index("## A dense eigh past one machine")]
EXAMPLES = re.findall(r"```python\n(.*?)```", DASK, re.DOTALL)


@pytest.fixture(scope="module")
def address():
    """Of a scheduler with two workers, all of them in this process: what Client() connects to."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=":0"
        ) as running,
        dask.config.set({"scheduler-address": running.scheduler_address}),
    ):
        yield running.scheduler_address


@pytest.mark.parametrize(
    ("refused", "error", "message"),
    [
        (lambda c, K, X: NTKRidge(n_jobs=2).fit(X, X[:, 0]), TypeError, "threads="),
        (lambda c, K, X: NTKRidge(n_jobs=c, method="dense").fit(X, X[:, 0]), ValueError, "method="),
        (
            lambda c, K, X: pyntk.cg_solve(K, X[:, 0], preconditioner="landmarks"),
            ValueError,
            "an operator has none",
        ),
        (
            lambda c, K, X: pyntk.kernel_regression(X[1:], X[1:, 0], operator=K),
            ValueError,
            r"must have shape \(49, 49\)",
        ),
        (lambda c, K, X: (K.close(), K @ X), ValueError, "was closed"),
    ],
)
def test_what_is_refused(address, refused, error, message):
    X = np.random.default_rng(0).standard_normal((50, 3))
    with (
        distributed.Client(address) as client,
        pyntk.dask.operator(X, client) as operator,
        pytest.raises(error, match=message),
    ):
        refused(client, operator, X)


def test_the_examples(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/cluster.md", "exec"), names)
    assert len(EXAMPLES) == 5
    X, y = names["X"], names["y"]
    deep = pyntk.ntk_gram(X, trained="all", depth=2)
    np.testing.assert_array_equal(names["corner"], deep[:5, 1000:1005])
    np.testing.assert_array_equal(names["largest"], deep.max(axis=1))
    assert names["centred"].shape == deep.shape
    K = pyntk.ntk_gram(X, trained="all")
    exact = np.linalg.solve(K + 1e-2 * np.eye(len(X)), y)
    atol = 1e-4 * np.abs(exact).max()
    np.testing.assert_allclose(names["solution"].x, exact, atol=atol)
    np.testing.assert_allclose(names["fit"].coefficients, exact, atol=atol)
    np.testing.assert_allclose(names["leading"], np.linalg.eigvalsh(K)[-5:], rtol=1e-9)
    np.testing.assert_allclose(names["predicted"], K[:10] @ exact, atol=1e-6)
    assert names["model"].method_ == "matrix_free"
    assert names["score"] > 0.99
    np.testing.assert_array_equal(names["on_disk"], pyntk.ntk_gram(X))
    assert names["client"].status == "closed"


def test_the_variable_that_names_the_scheduler():
    """Dask reads it when it is imported, under the key that the fixture sets."""
    (variable,) = re.findall(r"environment variable `(\w+)`", DASK)
    config = dask.config.collect_env({variable: "tcp://head:8786"})
    assert dask.config.get("scheduler-address", config=config) == "tcp://head:8786"


def test_what_dask_calls_silence():
    (key,) = re.findall(r"`(distributed[\w.-]+ttl)`, five minutes", DASK)
    assert dask.config.get(key) == "5 minutes"


def test_the_tiles_of_a_million_rows():
    (count,) = re.findall(r"n = 10\^6 rows has ([\d,]+) such tiles", DASK)
    across = math.ceil(1e6 / default_rows(10**6, 10**6, 8, symmetric=True))
    assert int(count.replace(",", "")) == across**2
