"""cg_solve: against a dense solver, and what its preconditioner, restarts and messages do."""

import numpy as np
import pytest
from scipy.sparse.linalg import aslinearoperator

import pyntk

N = 400


def rows(n=N, d=10, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def clusters(n, d=64):
    """20 clusters of relative width 0.1 on the sphere."""
    generator = np.random.default_rng(1)
    centres = generator.standard_normal((20, d))
    X = centres[generator.integers(0, 20, n)] + 0.1 * generator.standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def residuals(X, x, Y, ridge, **kernel):
    A = pyntk.ntk_gram(X, **kernel) + ridge * np.eye(len(X))
    return np.linalg.norm(Y - A @ x, axis=0) / np.linalg.norm(Y, axis=0)


@pytest.mark.parametrize("preconditioner", ["nystrom", "landmarks", None])
@pytest.mark.parametrize("ridge", [0, 1e-3, 10])
def test_solution(backend, preconditioner, ridge):
    X, Y = rows(), rows(d=3, seed=1)
    found = pyntk.cg_solve(
        X, Y, ridge=ridge, preconditioner=preconditioner, tol=1e-9, backend=backend
    )
    assert found.converged
    assert found.reason == "converged"
    assert found.x.shape == Y.shape
    assert found.residual <= 1e-9
    true = residuals(X, found.x, Y, ridge)
    np.testing.assert_allclose(true.max(), found.residual, rtol=1e-3, atol=1e-14)
    exact = np.linalg.solve(pyntk.ntk_gram(X) + ridge * np.eye(N), Y)
    # |x - exact| <= |residual| / lambda_min
    least = np.linalg.eigvalsh(pyntk.ntk_gram(X))[0] + ridge
    bound = 1e-9 * np.linalg.norm(Y, axis=0) / least
    assert (np.linalg.norm(found.x - exact, axis=0) <= 1.01 * bound).all()
    assert found.rank == (200 if preconditioner else 0)


def test_history():
    """A vector and its column alike; norm 1 at first; the last step is below the tolerance."""
    X, Y = rows(), rows(d=2, seed=1)
    both = pyntk.cg_solve(X, Y, ridge=0.1, preconditioner=None)
    assert both.residuals.shape == (both.steps + 1, 2)
    np.testing.assert_allclose(both.residuals[0], 1, rtol=1e-14)
    assert (both.residuals[-1] <= 1e-6).all()
    assert (both.residuals[-2] > 0.9e-6).any()
    one = pyntk.cg_solve(X, Y[:, 0], ridge=0.1, preconditioner=None)
    assert one.x.shape == (N,)
    assert one.residuals.shape == (one.steps + 1,)
    # Later the order of sums shows, as it does in every Krylov method.
    np.testing.assert_allclose(one.residuals[:15], both.residuals[:15, 0], rtol=1e-6)


def test_kernel_keywords():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    how = {"trained": "all", "depth": 3, "bias_variance": 0.1}
    found = pyntk.cg_solve(X, y, ridge=0.1, **how)
    assert residuals(X, found.x, y, 0.1, **how) <= 1.001e-6


def test_zero_labels_and_no_labels():
    X, Y = rows(), rows(d=3, seed=1)
    Y[:, 1] = 0
    found = pyntk.cg_solve(X, Y, ridge=0.1, start=np.ones((N, 3)))
    assert found.converged
    assert not found.x[:, 1].any()
    assert found.x[:, 0].any()
    nothing = pyntk.cg_solve(X, Y[:, :0], ridge=0.1)
    assert nothing.x.shape == (N, 0)
    assert nothing.converged


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_rows(n):
    X = rows(n)
    found = pyntk.cg_solve(X, np.ones(n))
    np.testing.assert_allclose(pyntk.ntk_gram(X) @ found.x, np.ones(n), rtol=1e-6)
    assert found.converged


def test_float32_rows_have_no_floor():
    """They are converted: the same as float64 rows of the same values, to the bit."""
    X, y = rows().astype(np.float32), rows(d=1, seed=1)[:, 0].astype(np.float32)
    one = pyntk.cg_solve(X, y, ridge=1e-3, tol=1e-11)
    two = pyntk.cg_solve(X.astype(float), y.astype(float), ridge=1e-3, tol=1e-11)
    assert one.converged
    assert (one.x == two.x).all()


@pytest.mark.parametrize("exponent", [-140, 140])
def test_scale(exponent):
    """Kernels of 1e-280 and 1e280, labels of the square root: no square is a float64 number."""
    X, y, size = rows(), rows(d=1, seed=1)[:, 0], 10.0**exponent
    plain = pyntk.cg_solve(X, y, ridge=0.1, tol=1e-10)
    found = pyntk.cg_solve(X * size, y * size, ridge=0.1 * size**2, tol=1e-10)
    assert found.converged
    np.testing.assert_allclose(found.x * size, plain.x, atol=1e-7 * np.abs(plain.x).max())


def test_start():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    cold = pyntk.cg_solve(X, y, ridge=0.1, preconditioner=None, tol=1e-9)
    before = cold.x.copy()
    again = pyntk.cg_solve(X, y, ridge=0.1, preconditioner=None, start=cold.x, tol=1e-9)
    assert again.steps == 0
    assert (cold.x == before).all()
    np.testing.assert_allclose(again.x, before, rtol=1e-13)
    warm = pyntk.cg_solve(X, y, ridge=0.11, preconditioner=None, start=cold.x, tol=1e-9)
    other = pyntk.cg_solve(X, y, ridge=0.11, preconditioner=None, tol=1e-9)
    assert warm.converged
    assert warm.steps < other.steps


def test_control_c_keeps_what_was_reached():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    plain = {"ridge": 1e-3, "preconditioner": None}

    def stop(done, total):
        assert total == 1000
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        pyntk.cg_solve(X, y, progress=stop, **plain)
    assert isinstance(stopped.value, pyntk.SolveInterrupted)
    twenty = pyntk.cg_solve(X, y, **plain).residuals[20]
    np.testing.assert_allclose(residuals(X, stopped.value.x, y, 1e-3), twenty, rtol=1e-6)


def test_the_best_that_float64_can_do():
    X, Y = rows(), rows(d=2, seed=1)
    with pytest.warns(RuntimeWarning, match=r"residual of .* above tol = 0: the residual does not"):
        found = pyntk.cg_solve(X, Y, tol=0)
    assert not found.converged
    values = np.linalg.eigvalsh(pyntk.ntk_gram(X))
    assert found.residual < 2.0**-53 * N * values[-1] / values[0]
    np.testing.assert_allclose(residuals(X, found.x, Y, 0).max(), found.residual, rtol=0.5)


def test_too_few_steps():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    with pytest.warns(RuntimeWarning, match="most_steps = 3 were taken"):
        found = pyntk.cg_solve(X, y, most_steps=3, preconditioner=None)
    assert found.steps == 3
    assert not found.converged
    np.testing.assert_allclose(residuals(X, found.x, y, 0), found.residual, rtol=1e-9)


def test_singular_kernels():
    X, y = rows(), rows(d=1, seed=1)[:, 0]
    X[17] = 2 * X[5]
    with pytest.raises(np.linalg.LinAlgError, match="rows 5 and 17 of X are parallel"):
        pyntk.cg_solve(X, y)
    assert pyntk.cg_solve(X, y, ridge=1e-3).converged
    with pytest.raises(np.linalg.LinAlgError, match="row 0 of X is zero"):
        pyntk.cg_solve(np.zeros((N, 3)), y)
    zeros = pyntk.cg_solve(np.zeros((N, 3)), y, ridge=0.5)
    np.testing.assert_allclose(zeros.x, 2 * y, rtol=1e-5)
    assert zeros.rank == 0


def test_numerically_singular():
    """Pairs at 1e-9: labels that differ on them have no solution in reach, and it says so."""
    X = rows(100)
    X[50:] = X[:50] * (1 + 1e-9 * rows(50, seed=2))
    with pytest.warns(RuntimeWarning, match="cg_solve stopped at a residual"):
        found = pyntk.cg_solve(X, np.repeat([1.0, -1.0], 50), preconditioner=None)
    assert not found.converged
    assert found.residual > 1e-6


def test_an_operator_in_place_of_rows():
    """The same steps; a matrix of SciPy's, and one of float32."""
    X, Y = rows(), rows(d=2, seed=1)
    wanted = pyntk.cg_solve(X, Y, ridge=0.1, tol=1e-9)
    found = pyntk.cg_solve(pyntk.ntk_operator(X), Y, ridge=0.1, tol=1e-9)
    assert found.steps == wanted.steps
    np.testing.assert_allclose(found.x, wanted.x, rtol=1e-8, atol=1e-9)
    for operator, tol in ((X @ X.T, 1e-9), ((X @ X.T).astype(np.float32), 1e-5)):
        found = pyntk.cg_solve(aslinearoperator(operator), Y, ridge=0.1, tol=tol, rank=9)
        left = Y - operator @ found.x - 0.1 * found.x
        assert (np.linalg.norm(left, axis=0) <= 1.01 * tol * np.linalg.norm(Y, axis=0)).all()


def test_bad_operators():
    X = rows(7)
    operator = pyntk.ntk_operator(X)
    with pytest.raises(TypeError, match="depth= describes the kernel of X, but an operator came"):
        pyntk.cg_solve(operator, np.ones(7), depth=2)
    with pytest.raises(ValueError, match="'landmarks' takes rows, and an operator has none"):
        pyntk.cg_solve(operator, np.ones(7), preconditioner="landmarks")
    with pytest.raises(ValueError, match="n = 7 as in op, but has n = 6"):
        pyntk.cg_solve(operator, np.ones(6))
    with pytest.raises(ValueError, match=r"square, not \(7, 10\)"):
        pyntk.cg_solve(aslinearoperator(X), np.ones(7))
    with pytest.raises(ValueError, match="a product with the operator is not finite"):
        pyntk.cg_solve(aslinearoperator(X @ X.T * np.nan), np.ones(7))


def test_steps_saved_on_clusters():
    """At n = 1500; the ratio grows with n (docs/matrix_free.md)."""
    X = clusters(1500)
    y = np.sign(rows(1, 64, seed=2) @ X.T)[0]
    saved = pyntk.cg_solve(X, y, ridge=1e-3)
    plain = pyntk.cg_solve(X, y, ridge=1e-3, preconditioner=None)
    assert 3 * saved.steps <= plain.steps


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"y": np.ones(6)}, ValueError, "n = 7"),
        ({"y": np.ones((7, 1, 1))}, ValueError, "y must have shape"),
        ({"y": [np.nan] * 7}, ValueError, r"y\[0\] is nan"),
        ({"y": None}, TypeError, "y must be an array"),
        ({"start": np.ones(6)}, ValueError, "start must have the shape of y"),
        ({"start": np.ones((7, 1))}, ValueError, "start must have shape"),
        ({"start": [np.inf] * 7}, ValueError, r"start\[0\] is inf"),
        ({"ridge": -1}, ValueError, "ridge must be at least 0"),
        ({"ridge": np.inf}, ValueError, "ridge must be finite"),
        ({"ridge": "1"}, TypeError, "ridge must be a number"),
        ({"tol": -1}, ValueError, "tol must be at least 0"),
        ({"rank": 0}, ValueError, "rank must be 1 to n = 7"),
        ({"rank": 8}, ValueError, "rank must be 1 to n = 7"),
        ({"rank": 2.0}, TypeError, "rank must be an integer"),
        ({"most_steps": 0}, ValueError, "most_steps must be at least 1"),
        ({"preconditioner": "jacobi"}, ValueError, "must be 'nystrom', 'landmarks' or None"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"progress": 1}, TypeError, "progress must be True, False or a callable"),
        ({"depht": 1}, TypeError, "depht"),
        ({"trained": "none"}, ValueError, "trained"),
    ],
)
def test_bad_arguments(how, error, message):
    with pytest.raises(error, match=message):
        pyntk.cg_solve(rows(7), **{"y": np.ones(7), **how})
