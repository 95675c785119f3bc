"""What the benchmarks rest on: turns, clocks, memory, other processes, and checks that refuse."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import reference
from pyntk import bench

BENCH = Path(__file__).parent.parent / "bench"
MIB = 1 << 20


@pytest.fixture(autouse=True)
def _bench_on_the_path(monkeypatch):
    for folder in (BENCH / "peers", BENCH):
        monkeypatch.syspath_prepend(folder)


def problem(**starts):
    from problem import Contender, Problem

    contenders = {
        name: Contender(start, lambda data, runner: 0.5) for name, start in starts.items()
    }
    return Problem("a problem", lambda: "data", contenders)


def test_contenders_take_turns_and_one_that_fails_harms_no_other():
    from measure import Local
    from race import Rounds, race

    order = []

    def fails(data):
        raise OSError(data)

    asked = problem(
        one=lambda data: Local(lambda: order.append("one")),
        two=lambda data: Local(lambda: order.append("two")),
        broken=fails,
    )
    lanes = race(asked, ["one", "two", "broken"], Rounds(4, 4))
    assert order[:2] == ["one", "two"]  # the warm-up
    assert [set(order[k : k + 2]) for k in range(2, 10, 2)] == [{"one", "two"}] * 4
    assert len(lanes["one"].seconds) == len(lanes["two"].seconds) == 4
    assert lanes["one"].error_u == 0.5
    assert str(lanes["broken"].failure) == "data"


def test_a_slow_contender_sits_out_after_three_rounds():
    from measure import Local
    from race import Rounds, race

    asked = problem(one=lambda data: Local(lambda: None))
    assert len(race(asked, ["one"], Rounds(6, 6, patience=0))["one"].seconds) == 3


def test_the_clock_stands_still_but_for_the_seconds_that_were_measured():
    from race import Replay

    clock = Replay()
    clock.seconds = iter([0.25, 0.5])
    readings = [clock.read()]
    for _ in range(2):
        clock()
        readings.append(clock.read())
    assert readings == [0.0, 0.25, 0.75]


PEAKS = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from measure import Local
from peak_memory import extra_memory

MIB = 2**20

def call():
    np.ones(40 * MIB, np.uint8)
    return np.ones(16 * MIB, np.uint8)

needed, answer = extra_memory(call)
assert answer.nbytes == 16 * MIB
assert abs(needed - 40 * MIB) < 8 * MIB, needed
assert abs(extra_memory(lambda: None)[0]) < 4 * MIB
assert abs(Local(call).extra_memory() - 24 * MIB) < 8 * MIB  # the answer is not extra
two = Local(lambda: (np.ones(16 * MIB, np.uint8), np.ones(16 * MIB, np.uint8)))
assert two.extra_memory() < 4 * MIB
"""


def test_peak_memory_sees_what_is_freed_before_the_end(request):
    """In a process of its own: what others leave there allocates and frees when it likes."""
    bench = str(request.config.rootpath / "bench")
    subprocess.run([sys.executable, "-P", "-c", PEAKS, bench], check=True)


def test_a_contender_in_another_process():
    from remote import Remote
    from samples import check_gram

    X = np.random.default_rng(0).standard_normal((50, 6))
    runner = Remote(sys.executable, "numpy_formula", X, {"trained": "all", "depth": 2}, 1)
    try:
        assert runner.run() > 0
        assert runner.extra_memory() >= 0
        check_gram(X, runner, by_pyntk=False, trained="all", depth=2)
        runner.forget()
    finally:
        runner.close()
    assert runner.process.returncode is not None


def test_a_process_that_fails_says_why():
    from remote import Remote

    X = np.ones((3, 2))
    runner = Remote(sys.executable, "numpy_formula", X, {"depht": 2}, 1)
    try:
        with pytest.raises(RuntimeError, match="unexpected keyword argument 'depht'"):
            runner.run()
    finally:
        runner.close()
    with pytest.raises(RuntimeError, match="No module named 'no_such_peer'"):
        Remote(sys.executable, "no_such_peer", X, {}, 1)


@pytest.mark.parametrize("trained", ["first", "last", "all"])
def test_the_exact_entries_are_those_of_the_reference(trained):
    from samples import kernel

    X = np.random.default_rng(0).standard_normal((20, 5))
    X[1], X[2], X[3] = X[0], -X[0], X[0] + 1e-9
    i, j = np.indices((20, 20)).reshape(2, -1)
    exact, size = kernel(X[i], X[j], trained)
    expected = reference.ntk(X, X, trained)
    on_diagonal = np.sqrt(np.outer(expected.diagonal(), expected.diagonal())).ravel()
    assert (np.abs(exact - expected.ravel()) <= 1e-18 * on_diagonal).all()
    np.testing.assert_allclose(size, on_diagonal, rtol=1e-17)


@pytest.mark.parametrize("options", [{}, {"trained": "last"}, {"trained": "all", "depth": 3}])
def test_the_check_accepts_the_promise_and_refuses_more(options):
    from measure import Local
    from samples import check_gram, kernel, promise

    X = np.random.default_rng(0).standard_normal((40, 5))
    i, j = np.indices((40, 40)).reshape(2, -1)
    exact, size = (values.reshape(40, 40) for values in kernel(X[i], X[j], **options))
    allowed = promise(X.dtype, **options) * np.finfo(X.dtype).eps / 2
    for factor, right in ((0.8, True), (-0.8, True), (1.2, False), (-1.2, False)):
        runner = Local(lambda factor=factor: exact + factor * allowed * size)
        runner.run()
        if right:
            assert check_gram(X, runner, by_pyntk=True, **options) == pytest.approx(
                abs(factor) * promise(X.dtype, **options), rel=0.2
            )
        else:
            with pytest.raises(AssertionError, match="are allowed"):
                check_gram(X, runner, by_pyntk=True, **options)
    runner = Local(lambda: np.full((40, 40), np.nan))
    runner.run()
    with pytest.raises(AssertionError, match="nan"):
        check_gram(X, runner, by_pyntk=False, **options)


def test_the_product_is_checked_below_the_diagonal():
    from measure import Local
    from samples import check_product

    X = np.random.default_rng(0).standard_normal((30, 4))
    runner = Local(lambda: np.tril(X @ X.T))
    runner.run()
    assert check_product(X, runner) <= 4
    runner = Local(lambda: np.triu(X @ X.T))
    runner.run()
    with pytest.raises(AssertionError, match="is wrong"):
        check_product(X, runner)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_limit_is_the_lower_triangle_of_the_product(dtype):
    import syrk

    X = np.random.default_rng(0).standard_normal((20, 7)).astype(dtype)
    below = np.tril_indices(20)
    C = syrk.by_scipy(X)()
    assert C.dtype == dtype
    np.testing.assert_allclose(C[below], (X @ X.T)[below], rtol=0, atol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("quick", [False, True])
def test_every_problem_has_a_name_of_its_own_and_expects_something_of_its_contenders(quick):
    files = [path.stem for path in BENCH.glob("bench_*.py") if path.stem != "bench_gpu"]
    problems = [each for file in files for each in importlib.import_module(file).problems(quick)]
    names = [each.name for each in problems]
    assert len(names) == len(set(names)) > 15
    for each in problems:
        for bound in each.bounds:
            assert bound.contender in each.contenders, each
            assert bound.of is None or bound.of in each.contenders, each
            assert (bound.of is not None) == (bound.quantity == "times")


def test_contenders_on_different_numbers_of_threads_are_refused():
    tried = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", str(BENCH), "--collect-only", "-q"],
        capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(BENCH.parent), "OPENBLAS_NUM_THREADS": "999"},
    )  # fmt: skip
    assert tried.returncode == 4
    assert "OPENBLAS_NUM_THREADS=999, but pyntk may use" in tried.stderr


def test_no_contender_is_kept_from_its_fastest_kernels(monkeypatch):
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "999")
    monkeypatch.setenv("OPENBLAS_VERBOSE", "1")
    environment = bench._environment()
    assert "OPENBLAS_CORETYPE" not in environment
    assert environment["OPENBLAS_NUM_THREADS"] == environment["MKL_NUM_THREADS"] != "999"
    assert environment["OPENBLAS_VERBOSE"] == "1"


def test_nearly_all_patches_are_near_parallel():
    from bench_near_parallel import problems
    from data import near_parallel_share

    for problem in problems(quick=True):
        arrays = problem.data()  # refuses rows that are not
        assert near_parallel_share(arrays["generic"]) < 0.5
