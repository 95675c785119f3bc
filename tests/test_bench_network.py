"""What the benchmarks of the network rest on, and the memory of a step."""

from pathlib import Path

import numpy as np
import pytest

import pyntk

BENCH = Path(__file__).parent.parent / "bench"


@pytest.fixture(autouse=True)
def _bench_on_the_path(monkeypatch):
    for folder in (BENCH / "peers", BENCH):
        monkeypatch.syspath_prepend(folder)


@pytest.mark.parametrize("data", [False, True])
@pytest.mark.parametrize("size", [(1000, 784, 10_000), (4096, 64, 8192)])
def test_memory_of_a_step(backend, size, data):
    """At most 64 MiB above the arguments and the results, where n x m floats are 38 and 128 MiB."""
    from bench_network import network
    from measure import Local

    n, d, m = size
    X, W, a, y = network(n, d, m)
    net = pyntk.TwoLayer(W, a, backend=backend)
    net.loss_and_gradient(X[:4], y[:4], trained="all", data=data)
    step = Local(
        lambda: tuple(
            array
            for array in net.loss_and_gradient(X, y, trained="all", data=data)[1]
            if array is not None
        )
    )
    assert step.extra_memory() <= 64 << 20


def test_the_limit_is_two_products():
    import gemm

    X, W = (np.random.default_rng(0).standard_normal(shape) for shape in ((20, 5), (7, 5)))
    np.testing.assert_allclose(gemm.by_numpy(X, W)(), W @ (X.T @ X), rtol=1e-12)


def test_packed_patterns_are_those_of_a_network(backend):
    from bench_patterns import data, packed

    given = data(30, 5, 128)
    net = pyntk.TwoLayer(given["W"], np.ones(128, np.float32), backend=backend)
    assert (net.patterns(given["X"]) == packed(given["active"])).all()


def test_wrong_answers_are_refused():
    from bench_network import check_step, network
    from bench_patterns import check_flips, data
    from measure import Local

    given = network(30, 5, 40)
    X, W, a, y = given
    loss, gradients = pyntk.TwoLayer(W, a).loss_and_gradient(X, y)
    for factor, wrong in ((1, False), (1.01, True)):
        runner = Local(lambda factor=factor: (loss, factor * gradients.dW))
        runner.run()
        if wrong:
            with pytest.raises(AssertionError, match="relative error"):
                check_step(given, runner)
        else:
            check_step(given, runner)
    patterns = data(30, 5, 128)
    runner = Local(lambda: np.zeros(30))
    runner.run()
    with pytest.raises(AssertionError, match="wrong counts"):
        check_flips(patterns, runner)
