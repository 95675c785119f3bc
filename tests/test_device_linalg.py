"""The solvers on device arrays: the values that the host promises, and where the results are.

On a GPU where there is one, else on the pretended machine, whose kernels are the emulator's.
"""

import mpmath
import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from pyntk.backends import lapack
from pyntk.linalg import symmetric
from real_or_pretended import (  # noqa: F401
    pretended_alone,
    real_device,
    real_or_pretended_device,
)

N = 40
KERNELS = [{}, {"trained": "all", "depth": 3, "weight_variance": 2.0, "bias_variance": 0.1}]
BASIS = 2 * 16 + 8 * 16
"""Columns of the basis of eigsh for few pairs: the width of what is projected on it."""


def rows(n=N, d=6, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def operator_of(cupy, K):
    """A symmetric matrix as an operator of CuPy's arrays."""
    from cupyx.scipy.sparse.linalg import LinearOperator

    A = cupy.asarray(K)
    return LinearOperator(A.shape, lambda V: A @ V, matmat=lambda V: A @ V, dtype=A.dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", KERNELS, ids=str)
def test_solves_from_rows(device, how, dtype):
    """The bounds of tests/test_solve.py: the kernel is the exact one of the rows."""
    X, y = exact.sphere(12, 5).astype(dtype), exact.labels(12)
    K, on_device, labels = exact.kernel(X, **how), device.asarray(X), device.asarray(y)
    found = pyntk.solve(X=on_device, y=labels, **how)
    assert type(found.x) is device.ndarray
    assert exact.relative_error(found.x.get(), exact.solution(K, y)) <= 1e-10
    assert found.residual <= 1e-10
    form = pyntk.quadratic_form_inverse(X=on_device, y=labels, **how)
    assert abs(form.value / exact.form(K, y) - 1) <= 1e-11
    with mpmath.workdps(exact.DIGITS):
        exact_log = mpmath.log(mpmath.det(K))
    assert pyntk.logdet(X=on_device, **how) == pytest.approx(float(exact_log), rel=1e-13)
    smallest = float(exact.eigenvalues(K)[0])
    assert pyntk.lambda_min(X=on_device, **how) == pytest.approx(smallest, abs=60 * 2.0**-53 * 5)


@pytest.mark.parametrize("angle", [1e-2, 1e-5, 3e-6])
def test_promise_10(device, angle):
    """Relative error at most 1e-9 for condition numbers to 1e7."""
    X, y = exact.close_pairs(24, 6, angle, pairs=3), exact.labels(24)
    K, on_device, labels = exact.kernel(X), device.asarray(X), device.asarray(y)
    found = pyntk.solve(X=on_device, y=labels)
    assert exact.relative_error(found.x.get(), exact.solution(K, y)) <= min(1e-9, 8 * found.error)
    form = pyntk.quadratic_form_inverse(X=on_device, y=labels)
    assert abs(form.value / exact.form(K, y) - 1) <= min(1e-9, 8 * form.error)
    with pytest.raises(np.linalg.LinAlgError, match=r"ill-conditioned.* residual of \d.* reached"):
        pyntk.solve(X=device.asarray(exact.close_pairs(20, 6, 1e-10)), y=labels[:20])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_given_matrices(device, dtype, condition):
    """As far as residuals in longdouble can be right; compensated sums reach further."""
    Q = np.linalg.qr(rows(20, 20))[0]
    H = (Q * np.geomspace(1, condition, 20)) @ Q.T
    H = (H + H.T).astype(dtype)
    values = exact.eigenvalues(exact.matrix(H))
    if values[0] <= 0:  # rounding to float32 made it indefinite
        H += (2 * abs(float(values[0])) * np.eye(20)).astype(dtype)
        values = exact.eigenvalues(exact.matrix(H))
    condition = float(values[-1] / values[0])
    Y = np.stack([exact.labels(20), 1e100 * exact.labels(20, seed=1)], axis=1)
    tolerance = 1e-11 + 20 * 2.0**-63 * condition
    found = pyntk.solve(device.asarray(H), device.asarray(Y))
    form = pyntk.quadratic_form_inverse(device.asarray(H), device.asarray(Y))
    assert type(form.value) is device.ndarray
    for k in range(2):
        x = exact.solution(exact.matrix(H), Y[:, k])
        assert exact.relative_error(found.x[:, k].get(), x) <= tolerance
        exact_form = exact.form(exact.matrix(H), Y[:, k])
        assert abs(float(form.value[k]) / exact_form - 1) <= tolerance


@pytest.mark.parametrize(
    ("preconditioner", "ridge"), [("nystrom", 0), ("landmarks", 1e-3), (None, 0.1)]
)
def test_cg_solve(device, preconditioner, ridge):
    """The bounds of tests/test_cg.py; a vector, and columns one of which is zero."""
    X, Y = rows(24), rows(24, 3, seed=1)
    Y[:, 1] = 0
    K = pyntk.ntk_gram(X)
    A = K + ridge * np.eye(24)
    how = {"ridge": ridge, "preconditioner": preconditioner, "tol": 1e-9}
    systems = [device.asarray(X), operator_of(device, K)]
    for given in systems[: 1 if preconditioner == "landmarks" else 2]:
        found = pyntk.cg_solve(given, device.asarray(Y), **how)
        assert found.converged
        assert type(found.x) is device.ndarray
        x = found.x.get()
        residuals = np.linalg.norm(Y - A @ x, axis=0)
        sizes = np.linalg.norm(Y, axis=0)
        assert (residuals <= 1.001e-9 * sizes + 1e-14).all()
        bound = 1e-9 * sizes / np.linalg.eigvalsh(A)[0]
        assert (np.linalg.norm(x - np.linalg.solve(A, Y), axis=0) <= 1.01 * bound).all()
        again = pyntk.cg_solve(given, device.asarray(Y), start=found.x, **how)
        assert again.steps == 0
        assert pyntk.cg_solve(given, device.asarray(Y[:, 0]), **how).x.shape == (24,)


def check_pairs(found, K, wanted, tol, cupy):
    """As in tests/test_eigsh.py."""
    assert all(type(part) is cupy.ndarray for part in found)
    values, V, told = (part.get() for part in found)
    every = np.linalg.eigvalsh(K)
    size = np.abs(every).max()
    residuals = np.linalg.norm(K @ V - V * values, axis=0)
    np.testing.assert_allclose(told, residuals, atol=1e-13 * len(K) ** 0.5 * size)
    assert (told <= 2 * tol * size).all()
    assert np.abs(V.T @ V - np.eye(V.shape[1])).max() < 1e-12
    assert (np.abs(values - every[wanted]) <= residuals + 1e-13 * size).all()


def test_eigsh(device):
    """From rows, a matrix that is formed; from an operator, Davidson's method."""
    X = rows()
    K = pyntk.ntk_gram(X)
    check_pairs(pyntk.eigsh(device.asarray(X), 3), K, slice(-3, None), 1e-10, device)
    check_pairs(pyntk.eigsh(device.asarray(X), 3, "smallest"), K, slice(3), 1e-6, device)
    for X in (rows(400, 4), np.concatenate([rows(200), rows(200)]), rows(400, 1)):
        K = pyntk.ntk_gram(X)
        check_pairs(pyntk.eigsh(operator_of(device, K), 3), K, slice(-3, None), 1e-10, device)
    smallest = pyntk.eigsh(operator_of(device, K), 3, "smallest")
    check_pairs(smallest, K, slice(3), 1e-6, device)


@pytest.mark.parametrize("power", [0, 1, 7, 19])
def test_spectral_density(device, power):
    """A Gauss quadrature of 10 steps is exact for polynomials of degree 19."""
    X = rows()
    density = pyntk.spectral_density(device.asarray(X), probes=4, steps=10, seed=3)
    values, vectors = np.linalg.eigh(pyntk.ntk_gram(X))
    V = np.random.default_rng(3).standard_normal((4, N))
    share = (V / np.linalg.norm(V, axis=1, keepdims=True) @ vectors) ** 2
    expected = (share * (values / values[-1]) ** power).sum(axis=1)
    found = (density.weights * (density.nodes / values[-1]) ** power).sum(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("of", ["X", "H"])
def test_leave_one_out(device, of):
    """The bounds of tests/test_leave_one_out.py, against G^-1 by NumPy."""
    X, Y = exact.sphere(25, 6), rows(25, 2)
    H = pyntk.ntk_gram(X)
    given = {of: device.asarray(X if of == "X" else H), "y": device.asarray(Y)}
    inverse = np.linalg.inv(H)
    scores = pyntk.leave_one_out_complexity(**given)
    assert type(scores) is device.ndarray
    expected = (inverse @ Y) ** 2 / np.diag(inverse)[:, None]
    np.testing.assert_allclose(scores.get(), expected, rtol=1e-10, atol=1e-12)
    inverse = np.linalg.inv(H + 0.1 * np.eye(25))
    residuals = pyntk.leave_one_out_residuals(ridge=0.1, **given)
    expected = inverse @ Y / np.diag(inverse)[:, None]
    np.testing.assert_allclose(residuals.get(), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", ["dense", "matrix_free"])
def test_kernel_regression(device, method):
    """The bounds of tests/test_regression.py."""
    X, Y, Z = rows(), rows(d=3, seed=1), rows(9, seed=2)
    fit = pyntk.kernel_regression(
        device.asarray(X), device.asarray(Y), ridge=1e-2, method=method, tol=1e-10
    )
    expected = np.linalg.solve(pyntk.ntk_gram(X) + 1e-2 * np.eye(N), Y)
    assert type(fit.X) is type(fit.coefficients) is device.ndarray
    size = np.abs(expected).max()
    np.testing.assert_allclose(fit.coefficients.get(), expected, atol=1e-7 * size)
    predicted = fit.predict(device.asarray(Z))
    np.testing.assert_allclose(predicted.get(), pyntk.ntk_gram(Z, X) @ expected, atol=1e-7)
    assert fit.residual < 1e-10
    host = pyntk.kernel_regression(X, Y, ridge=1e-2, method="dense")
    np.testing.assert_allclose(fit.leave_one_out().get(), host.leave_one_out(), rtol=1e-8)
    with pytest.raises(TypeError, match="X is on a CUDA device and operator is on the host"):
        pyntk.kernel_regression(fit.X, fit.coefficients, operator=pyntk.ntk_operator(X))


def test_operators(device):
    """CuPy's for rows on a device; SciPy's where rows of the host were moved."""
    X, V = rows(), rows(d=3, seed=1)
    K = pyntk.ntk_gram(X)
    operator = pyntk.ntk_operator(device.asarray(X))
    product = operator.matmat(device.asarray(V))
    assert type(product) is device.ndarray
    np.testing.assert_allclose(product.get(), K @ V, atol=1e-13 * np.abs(K).max() * N)
    solution = pyntk.cg_solve(operator, device.asarray(V), ridge=0.1)
    assert type(solution.x) is device.ndarray
    moved = pyntk.ntk_operator(X, backend="cuda")
    assert type(moved @ V) is np.ndarray
    assert (moved @ V == product.get()).all()
    assert (moved.matvec(V[:, 0]) == (moved @ V[:, :1])[:, 0]).all()
    host = pyntk.cg_solve(moved, V, ridge=0.1)
    assert type(host.x) is np.ndarray
    np.testing.assert_allclose(host.x, solution.x.get(), atol=1e-5)
    with pytest.raises(TypeError, match="op is on a CUDA device and y is on the host"):
        pyntk.cg_solve(operator, V)
    with pytest.raises(TypeError, match="y is on a CUDA device and op is on the host"):
        pyntk.cg_solve(moved, device.asarray(V))


def test_operators_of_the_second_device(pretended):
    with pretended.cuda.Device(1):
        X, Y = pretended.asarray(rows()), pretended.asarray(rows(d=1, seed=1)[:, 0])
    operator = pyntk.ntk_operator(X)
    results = (
        pyntk.eigsh(operator, 2).eigenvectors, pyntk.cg_solve(operator, Y, ridge=0.1).x,
        pyntk.solve(X=X, y=Y).x, pyntk.eigsh(X, 2).eigenvectors,
    )  # fmt: skip
    assert [result.device.id for result in results] == [1, 1, 1, 1]


def test_potrf_by_tiles(device, monkeypatch):
    """As LAPACK's: the factor, the solutions, the inverse, and the order of what fails."""
    from pyntk.backends import cuda

    monkeypatch.setattr(cuda, "TILE", 8)
    for n in (1, 7, 8, 9, 30):
        A = exact.sphere(n, n + 2) @ exact.sphere(n, n + 2).T
        host, B = A.copy(), rows(5, n)
        assert lapack.potrf(host) == 0
        found, work = device.asarray(A), device.asarray(B)
        found[device.asarray(np.triu(np.ones((n, n), bool), 1))] = np.nan  # is not read
        assert cuda.potrf(found) == 0
        np.testing.assert_allclose(np.tril(found.get()), np.tril(host), atol=1e-12)
        cuda.potrs(found, work)
        cuda.potrs(found, vector := device.asarray(B[0]))
        np.testing.assert_allclose(work.get(), np.linalg.solve(A, B.T).T, rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(vector.get(), work[0].get(), rtol=1e-12)
        cuda.potri(found)
        inverse = np.diag(np.linalg.inv(A))
        np.testing.assert_allclose(found.diagonal().get(), inverse, rtol=1e-9)
        for row in {0, n // 2, n - 1}:
            broken = A.copy()
            broken[row, row] = -1
            assert cuda.potrf(device.asarray(broken)) == lapack.potrf(broken.copy()) == row + 1


def test_blocks_of_rows_and_tiles(device, monkeypatch):
    """Where one block of rows, and one tile of the factor, do not hold the matrix."""
    from pyntk.backends import cuda

    X, y = exact.sphere(40, 6), exact.labels(40)
    H, how = pyntk.ntk_gram(X), {"y": device.asarray(y)}
    monkeypatch.setitem(symmetric.BLOCK_BYTES, True, 1)
    monkeypatch.setattr(cuda, "TILE", 12)
    x = exact.solution(exact.kernel(X), y)
    for given in ({"X": device.asarray(X)}, {"H": device.asarray(H)}):
        assert exact.relative_error(pyntk.solve(**given, **how).x.get(), x) <= 1e-10
        scores = pyntk.leave_one_out_complexity(**given, **how).get()
        expected = pyntk.leave_one_out_complexity(H, y)
        np.testing.assert_allclose(scores, expected, rtol=1e-10, atol=1e-12)
        assert pyntk.logdet(**given) == pytest.approx(pyntk.logdet(H), rel=1e-12)
        assert pyntk.lambda_min(**given) == pytest.approx(pyntk.lambda_min(H), abs=1e-13)
    H[30, 30] = 1e-9
    with pytest.raises(np.linalg.LinAlgError, match=r"breaks down in row \d+|entry .* is larger"):
        pyntk.solve(device.asarray(H), **how)


def test_thousands_of_rows(real):
    """Cholesky's tiles as they are, and several blocks of rows."""
    X, y = real.asarray(rows(9000, 20)), real.asarray(rows(9000, 1, seed=1)[:, 0])
    found = pyntk.solve(X=X, y=y)
    K = pyntk.ntk_gram(X)
    assert float(real.linalg.norm(y - K @ found.x) / real.linalg.norm(y)) <= 1e-9
    given = pyntk.solve(K, y)
    scale = float(real.linalg.norm(given.x))
    assert float(real.linalg.norm(found.x - given.x)) <= 2e-9 * scale
    free = pyntk.cg_solve(X, y, tol=1e-10)
    assert free.converged
    assert float(real.linalg.norm(y - K @ free.x) / real.linalg.norm(y)) <= 1.001e-10
    values = pyntk.eigvalsh(K)
    pairs = pyntk.eigsh(X, 4)
    size = float(values[-1])
    np.testing.assert_allclose(pairs.eigenvalues.get(), values[-4:].get(), atol=1e-10 * size)
    assert pyntk.logdet(K) == pytest.approx(float(real.log(values).sum()), rel=1e-9)
    residuals = pyntk.leave_one_out_residuals(K, y, ridge=0.1)
    inverse = real.linalg.inv(K + 0.1 * real.eye(9000))
    expected = inverse @ y / inverse.diagonal()
    np.testing.assert_allclose(residuals.get(), expected.get(), rtol=1e-7, atol=1e-9)
