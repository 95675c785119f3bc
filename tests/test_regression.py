"""kernel_regression: both methods against the formula, leave-one-out against refitting."""

import subprocess
import sys

import numpy as np
import pytest

import pyntk
from pyntk import memory
from pyntk.linalg import regression

N = 200
METHODS = ("dense", "matrix_free")


def rows(n=N, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ridge", [0, 1e-2])
@pytest.mark.parametrize("vector", [True, False])
def test_fit_and_predict(backend, method, ridge, vector):
    X, Y, Z = rows(), rows(d=3, seed=1), rows(50, seed=2)
    Y = Y[:, 0] if vector else Y
    how = {"trained": "all", "backend": backend}
    fit = pyntk.kernel_regression(X, Y, ridge=ridge, method=method, tol=1e-10, **how)
    exact = np.linalg.solve(pyntk.ntk_gram(X, **how) + ridge * np.eye(N), Y)
    assert fit.coefficients.shape == Y.shape
    np.testing.assert_allclose(fit.coefficients, exact, atol=1e-7 * np.abs(exact).max())
    predicted = fit.predict(Z)
    assert predicted.shape == (50, *Y.shape[1:])
    np.testing.assert_allclose(predicted, pyntk.ntk_gram(Z, X, **how) @ exact, atol=1e-7)
    if not ridge:
        np.testing.assert_allclose(fit.predict(X), Y, atol=1e-8)
    assert fit.residual < 1e-10
    assert (fit.steps > 0) == (method == "matrix_free")
    assert fit.method == method
    assert f"{method} was asked for" in fit.reason
    assert fit.reason in repr(fit)


@pytest.mark.parametrize("method", METHODS)
def test_leave_one_out(method):
    X, y = rows(40), rows(40, 1, seed=1)[:, 0]
    fit = pyntk.kernel_regression(X, y, ridge=0.1, depth=2, method=method)
    missed = []
    for i in range(40):
        others = np.delete(np.arange(40), i)
        without = pyntk.kernel_regression(X[others], y[others], ridge=0.1, depth=2)
        missed.append(y[i] - without.predict(X[i : i + 1])[0])
    np.testing.assert_allclose(fit.leave_one_out(), missed, rtol=1e-8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(method, n):
    X = rows(n)
    fit = pyntk.kernel_regression(X, np.ones(n), method=method)
    np.testing.assert_allclose(fit.predict(X), np.ones(n), rtol=1e-7)
    assert fit.predict(rows(3)).shape == (3,)
    assert fit.leave_one_out().shape == (n,)


def test_float32_rows_are_converted():
    X, y = rows().astype(np.float32), rows(d=1, seed=1)[:, 0]
    fit = pyntk.kernel_regression(X, y)
    assert fit.X.dtype == np.float64
    assert (fit.coefficients == pyntk.kernel_regression(X.astype(float), y).coefficients).all()


def test_predict_refuses_other_rows():
    fit = pyntk.kernel_regression(rows(), np.ones(N), ridge=0.1)
    with pytest.raises(ValueError, match=r"d = 6"):
        fit.predict(rows(d=5))


@pytest.fixture
def left(monkeypatch):
    """Set the bytes that are available."""

    def leave(count):
        for module in (memory, regression):
            monkeypatch.setattr(module, "host_available", lambda: (count, "a test"))

    return leave


def test_the_method_is_chosen_by_memory(left):
    X, y = rows(2500), np.sign(rows(2500)[:, 0])
    left(120 * 2**20)
    dense = pyntk.kernel_regression(X, y, ridge=1)
    assert dense.method == "dense"
    assert "dense needs 0.08 GiB and fits in 90% of the 0.12 GiB available (a test)" in dense.reason
    left(78 * 2**20)
    free = pyntk.kernel_regression(X, y, ridge=1, rank=100)
    assert free.method == "matrix_free"
    assert "does not fit" in free.reason
    assert "matrix_free needs" in free.reason
    np.testing.assert_allclose(
        free.coefficients, dense.coefficients, atol=1e-7 * np.abs(dense.coefficients).max()
    )
    with pytest.raises(MemoryError, match=r"leave_one_out_residuals needs \d+ bytes"):
        free.leave_one_out()
    with pytest.raises(MemoryError, match=r'kernel_regression needs .*method="matrix_free"'):
        pyntk.kernel_regression(X, y, ridge=1, method="dense")
    left(2**20)
    with pytest.raises(MemoryError, match=r"kernel_regression needs \d+ bytes .*1048576 bytes"):
        pyntk.kernel_regression(X, y, ridge=1, rank=1000)


def test_it_says_what_it_does(capsys):
    pyntk.kernel_regression(rows(), np.ones(N), ridge=0.1, progress=True)
    assert "kernel_regression: dense needs 0.03 GiB and fits" in capsys.readouterr().err


def test_what_it_will_take_is_foretold(capsys):
    """As many steps as a part of the rows takes, to a factor of two, and said before the work."""
    X = rows(4000)
    fit = pyntk.kernel_regression(
        X, np.sin(X[:, 0]), ridge=0.1, bias_variance=0.1, method="matrix_free", tol=1e-6,
        progress=True,
    )  # fmt: skip
    told = fit.forecast
    assert told.rows == 1000
    assert fit.steps / 2 <= told.steps <= 2 * fit.steps
    assert told.seconds == told.preconditioner_seconds + 1.5 * told.steps * told.step_seconds
    assert told.least_seconds == told.preconditioner_seconds + told.fewest_steps * told.step_seconds
    assert told.fewest_steps <= fit.steps <= told.steps_at_most
    assert told.step_seconds > 0
    assert f"kernel_regression: {told}\n" in capsys.readouterr().err
    assert f"{told.fewest_steps} to {told.steps_at_most} steps of" in str(told)
    silent = pyntk.kernel_regression(X[:50], X[:50, 0], method="matrix_free")
    assert silent.forecast is None


@pytest.mark.parametrize("preconditioner", ["nystrom", None])
def test_every_preconditioner_is_foretold(preconditioner):
    X = rows(1200)
    fit = pyntk.kernel_regression(
        X, X[:, 0], ridge=1, method="matrix_free", preconditioner=preconditioner, tol=1e-4,
        progress=True,
    )  # fmt: skip
    assert (fit.forecast.preconditioner_seconds > 0) == (preconditioner is not None)
    assert fit.steps / 3 <= fit.forecast.steps <= 3 * fit.steps


def test_products_by_an_operator():
    X, Y = rows(), rows(d=2, seed=1)
    wanted = pyntk.kernel_regression(X, Y, ridge=0.1, depth=2, method="matrix_free", tol=1e-9)
    operator = pyntk.ntk_operator(X, depth=2)
    found = pyntk.kernel_regression(X, Y, ridge=0.1, depth=2, operator=operator, tol=1e-9)
    assert found.method == "matrix_free"
    assert found.steps == wanted.steps
    np.testing.assert_allclose(found.coefficients, wanted.coefficients, rtol=1e-8, atol=1e-9)
    other = pyntk.ntk_operator(X)  # the preconditioner is that of X, the products are these
    other = pyntk.kernel_regression(X, Y, ridge=0.1, depth=2, operator=other, tol=1e-9)
    exact = np.linalg.solve(pyntk.ntk_gram(X) + 0.1 * np.eye(N), Y)
    np.testing.assert_allclose(other.coefficients, exact, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match=r"shape \(200, 200\) as X has 200 rows, not \(7, 7\)"):
        pyntk.kernel_regression(X, Y, operator=pyntk.ntk_operator(X[:7]))
    with pytest.raises(ValueError, match="operator= is for method='matrix_free'"):
        pyntk.kernel_regression(X, Y, operator=operator, method="dense")


MEASURED = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np, pyntk
from peak_memory import extra_memory
from pyntk.linalg.regression import kernel_regression
X = np.random.default_rng(0).standard_normal((int(sys.argv[3]), 16))
y, how = np.sign(X[:, 0]), {"ridge": 0.1 * len(X), "method": sys.argv[2], "tol": 0.1}
kernel_regression(X[:300], y[:300], **how)
used, fit = extra_memory(lambda: kernel_regression(X, y, **how))
print(used / fit.announced_bytes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize(("method", "n"), [("dense", 4000), ("matrix_free", 16_000)])
def test_the_announced_memory(request, method, n):
    """Within 10 % of what is measured, at 0.15 GiB."""
    bench = str(request.config.rootpath / "bench")
    run = subprocess.run(
        [sys.executable, "-P", "-c", MEASURED, bench, method, str(n)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert 0.9 < float(run.stdout) < 1.1


def test_what_was_not_reached_is_an_error():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    with pytest.raises(np.linalg.LinAlgError, match=r"residual of .* most_steps = 2 were taken"):
        pyntk.kernel_regression(X, y, method="matrix_free", rank=1, most_steps=2)


@pytest.mark.parametrize("method", METHODS)
def test_singular_kernels(method):
    X = rows()
    X[7] = X[3]
    with pytest.raises(np.linalg.LinAlgError, match="rows 3 and 7 of X are equal"):
        pyntk.kernel_regression(X, np.ones(N), method=method)
    fit = pyntk.kernel_regression(X, np.ones(N), ridge=0.1, method=method)
    np.testing.assert_allclose(fit.coefficients[3], fit.coefficients[7], rtol=1e-5)


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"y": np.ones(6)}, ValueError, "n = 7"),
        ({"y": ["a"] * 7}, TypeError, "y must hold real numbers"),
        ({"ridge": -0.1}, ValueError, "ridge must be at least 0"),
        ({"method": "exact"}, ValueError, "method must be None, 'dense' or 'matrix_free'"),
        ({"rank": 0}, ValueError, "rank must be 1 to n = 7"),
        ({"preconditioner": "none"}, ValueError, "preconditioner must be 'nystrom', 'landmarks'"),
        ({"operator": 1}, TypeError, "operator must be a scipy.sparse.linalg.LinearOperator"),
        ({"method": "dense", "rank": 99}, ValueError, "rank must be 1 to n = 7"),
        ({"progress": "yes"}, TypeError, "progress must be True, False or a callable"),
        ({"depht": 1}, TypeError, "depht"),
    ],
)
def test_bad_arguments(how, error, message):
    with pytest.raises(error, match=message):
        pyntk.kernel_regression(rows(7), **{"y": np.ones(7), **how})
