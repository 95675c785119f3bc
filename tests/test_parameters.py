"""What each bad parameter of a kernel gets: an error that names it, before anything is computed."""

import io
import sys
import threading
from fractions import Fraction

import numpy as np
import pytest

import pyntk
from pyntk.overflow import largest_entry
from pyntk.recipe import admit_arc_cosine, admit_recipe

X = np.random.default_rng(0).standard_normal((6, 4))

CALLS = {
    "ntk_gram": lambda **how: pyntk.ntk_gram(X, **how),
    "ntk_diag": lambda **how: pyntk.ntk_diag(X, **how),
    "ntk_matmul": lambda **how: pyntk.ntk_matmul(X, X, **how),
    "ntk_operator": lambda **how: pyntk.ntk_operator(X, **how),
    "ntk_vjp": lambda **how: pyntk.ntk_vjp(X, X, X @ X.T, **how),
}
BAD = [
    ({"trained": "both"}, ValueError, "trained must be one of first, last, all, not 'both'"),
    ({"trained": None}, ValueError, "trained must be one of"),
    ({"trained": ["first"]}, ValueError, "trained must be one of"),
    ({"depth": 0}, ValueError, "depth must be 1 to 1000000, not 0"),
    ({"depth": -1}, ValueError, "depth must be 1 to 1000000, not -1"),
    ({"depth": 2**31}, ValueError, r"depth must be 1 to 1000000, not 2147483648"),
    ({"depth": 1.5}, TypeError, "depth must be an integer, not float"),
    ({"depth": True}, TypeError, "depth must be an integer, not bool"),
    ({"depth": "2"}, TypeError, "depth must be an integer, not str"),
    ({"depth": None}, TypeError, "depth must be an integer, not NoneType"),
    ({"weight_variance": 0.0}, ValueError, "weight_variance must be positive and finite, not 0.0"),
    ({"weight_variance": -1.0}, ValueError, "weight_variance must be positive and finite, not -1"),
    ({"weight_variance": np.nan}, ValueError, "weight_variance must be positive .* not nan"),
    ({"weight_variance": np.inf}, ValueError, "weight_variance must be positive .* not inf"),
    ({"weight_variance": "1"}, TypeError, "weight_variance must be a number, not str"),
    ({"weight_variance": True}, TypeError, "weight_variance must be a number, not bool"),
    ({"weight_variance": 1j}, TypeError, "weight_variance must be a number, not complex"),
    ({"bias_variance": -0.1}, ValueError, "bias_variance must be at least 0 .*, not -0.1"),
    ({"bias_variance": np.nan}, ValueError, "bias_variance must be at least 0 .*, not nan"),
    ({"bias_variance": np.inf}, ValueError, "bias_variance must be at least 0 .*, not inf"),
    ({"bias_variance": None}, TypeError, "bias_variance must be a number, not NoneType"),
    ({"accumulate": "float32"}, ValueError, "accumulate must be None or 'float64', not 'float32'"),
    ({"accumulate": True}, ValueError, "accumulate must be None or 'float64', not True"),
    ({"threads": 0}, ValueError, "threads must be at least 1"),
    ({"backend": "gpu"}, ValueError, "backend must be one of"),
    ({"kernel": "first"}, TypeError, "unexpected keyword"),
]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("how", "error", "message"), BAD, ids=lambda value: str(value)[:40])
def test_bad_parameters(call, how, error, message):
    if call == "ntk_vjp" and "accumulate" in how:
        error, message = TypeError, "unexpected keyword"  # it is float64 in any case
    with pytest.raises(error, match=message):
        CALLS[call](**how)


@pytest.mark.parametrize(
    ("degree", "error", "message"),
    [
        (2, ValueError, "degree must be one of 0, 1, not 2"),
        (-1, ValueError, "degree must be one of"),
        (True, TypeError, "degree must be an integer, not bool"),
        (1.0, TypeError, "degree must be an integer, not float"),
    ],
)
def test_bad_degrees(degree, error, message):
    with pytest.raises(error, match=message):
        pyntk.arc_cosine_gram(X, degree=degree)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        (0, TypeError),
        ([0, 1], TypeError),
        (np.arange(2), TypeError),
        (True, TypeError),
        (slice("a", None), TypeError),
        (slice(0.5, None), TypeError),
        (slice(0, 4, 0), ValueError),
    ],
    ids=str,
)
def test_bad_rows(rows, error):
    for gram in (pyntk.ntk_gram, lambda X, **how: pyntk.arc_cosine_gram(X, degree=1, **how)):
        with pytest.raises(error, match=r"rows (must be a slice|is no usable slice)"):
            gram(X, rows=rows)


def test_numbers_of_other_types():
    """Whatever is an integer or a real number, exactly."""
    assert admit_recipe("all", np.int8(3), Fraction(1, 2), np.float32(0.25), "float64") == (
        2, 3, 0.5, 0.25, True,
    )  # fmt: skip
    assert admit_recipe("last", 1, 2, 0, None) == (1, 1, 2.0, 0.0, False)
    assert admit_arc_cosine(np.int64(1), None).kind == 4


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (2.0, 0.0), (1.7, 0.3), (1e-3, 2.0)])
def test_the_bound_of_the_overflow_warning(backend, trained, a, b):
    """It is what it says, the largest entry, which the diagonal is."""
    for depth in (1, 2, 7):
        how = {"trained": trained, "depth": depth, "weight_variance": a, "bias_variance": b}
        k = pyntk.ntk_diag([[3.0, 4.0], [0.3, 0.4]], **how, backend=backend)
        recipe = admit_recipe(trained, depth, a, b, None)
        assert k[0] <= largest_entry(recipe, 25.0) * (1 + 1e-12)
        if trained == "last" or b == 0:
            assert largest_entry(recipe, 25.0) == pytest.approx(k[0], rel=1e-12)


def test_overflow_by_the_variances(backend):
    """Small rows, large variances: infinity, with a warning that points to the caller."""
    for how in (
        {"weight_variance": 1e160, "depth": 2},
        {"weight_variance": 2e300, "bias_variance": 1.0, "trained": "last"},
        {"weight_variance": 1e3, "depth": 120, "trained": "all"},
    ):
        for call in (pyntk.ntk_gram, lambda X, **how: pyntk.ntk_gram(X, X, **how), pyntk.ntk_diag):
            with pytest.warns(RuntimeWarning, match="exceeds the range of float64") as caught:
                K = call(1e10 * np.ones((3, 2)), **how, backend=backend)
            assert np.isinf(K).all()
            assert caught[0].filename == __file__
        with pytest.warns(RuntimeWarning, match="exceeds the range") as caught:
            pyntk.ntk_matmul(1e10 * np.ones((3, 2)), np.ones(3), **how, backend=backend)
        assert caught[0].filename == __file__
    assert np.isfinite(pyntk.ntk_gram(np.ones((3, 2)), weight_variance=1e100, depth=2)).all()


def test_progress_bars(backend, monkeypatch):
    """A bar on standard error that goes away; without tqdm one line."""
    error = io.StringIO()
    monkeypatch.setattr(sys, "stderr", error)
    rows = np.random.default_rng(0).standard_normal((3000, 300))
    K = pyntk.ntk_gram(rows, backend=backend, progress=True)
    assert (pyntk.ntk_gram(rows, backend=backend) == K).all()
    assert "left" in error.getvalue()
    monkeypatch.setitem(sys.modules, "tqdm", None)
    error.truncate(0)
    pyntk.ntk_matmul(rows, rows[:, :2], backend=backend, progress=True)
    assert error.getvalue().strip("\0") == "working; tqdm would show the time left\n"
    with pytest.raises(TypeError, match="progress must be True, False or a callable"):
        pyntk.ntk_gram(X, progress=1)


@pytest.mark.parametrize("threads", [1, None])
def test_progress_is_reported(backend, threads):
    """From below total to total, never back, on the calling thread."""
    rows = np.random.default_rng(0).standard_normal((6000, 500))
    how = {"backend": backend, "threads": threads}
    for call in (
        lambda report: pyntk.ntk_gram(rows, depth=2, progress=report, **how),
        lambda report: pyntk.ntk_gram(rows, rows[:4000], progress=report, **how),
        lambda report: pyntk.ntk_matmul(rows, rows[:, :8], progress=report, **how),
    ):
        seen, of_threads = [], set()

        def report(done, total, seen=seen, of_threads=of_threads):
            seen.append(done / total)
            of_threads.add(threading.get_ident())

        call(report)
        assert of_threads == {threading.get_ident()}
        assert seen == sorted(seen)
        assert seen[-1] == 1
        if threads == 1:  # it takes longer than the 50 ms between two reports
            assert 0 <= seen[0] < 1


def test_an_error_of_the_report_ends_the_call(backend):
    rows = np.random.default_rng(0).standard_normal((5000, 500))

    def report(done, total):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        pyntk.ntk_gram(rows, depth=2, backend=backend, progress=report)
    K = pyntk.ntk_gram(rows[:300], backend=backend)
    assert (K == K.T).all()


def test_a_report_may_call_a_kernel(backend):
    """It runs on the calling thread alone: the pool belongs to the call that reports."""
    rows = np.random.default_rng(0).standard_normal((4000, 300))
    expected = pyntk.ntk_gram(rows[:300], backend=backend)
    seen = []
    pyntk.ntk_gram(
        rows, depth=2, backend=backend,
        progress=lambda done, total: seen.append(pyntk.ntk_gram(rows[:300], backend=backend)),
    )  # fmt: skip
    assert seen
    assert all((expected == K).all() for K in seen)
