"""Products, operators, derivatives, blocks and diagonals against the whole Gram matrix."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, cg, eigsh

import pyntk

RECIPES = [
    {},
    {"trained": "all"},
    {"trained": "last", "depth": 3, "weight_variance": 2.0},
    {"trained": "all", "depth": 2, "weight_variance": 1.7, "bias_variance": 0.3},
    {"trained": "first", "depth": 4, "bias_variance": 0.1},
]
every_recipe = pytest.mark.parametrize("recipe", RECIPES, ids=str)
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def data(n, d, dtype=np.float64, seed=0):
    """Gaussian rows with duplicates, an opposite pair, near-duplicates and a row of zeros."""
    X = np.random.default_rng(seed).standard_normal((n, d))
    X[1], X[2], X[3], X[4] = X[0], -X[0], (1 + 1e-6) * X[0], 0
    X[3, 0] += 1e-5
    return X.astype(dtype)


@every_recipe
@both_dtypes
def test_the_diagonal_to_the_bit(backend, recipe, dtype):
    X = data(150, 20, dtype)
    k = pyntk.ntk_diag(X, **recipe, backend=backend)
    assert k.dtype == dtype
    assert (k == np.diag(pyntk.ntk_gram(X, **recipe, backend=backend))).all()


@pytest.mark.parametrize(
    "rows",
    [slice(None), slice(0, 0), slice(70), slice(65, 131), slice(-3, None), slice(149, 2, -7),
     slice(10**9)],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("accumulate", [None, "float64"])
def test_blocks_of_rows_to_the_bit(backend, rows, accumulate):
    X = data(150, 20, np.float32)
    Z = data(33, 20, np.float32, seed=1)
    for how in ({"trained": "all"}, {"depth": 2, "bias_variance": 0.1}):
        how = {**how, "accumulate": accumulate, "backend": backend}
        block = pyntk.ntk_gram(X, rows=rows, **how)
        assert block.dtype == np.float32
        assert (block == pyntk.ntk_gram(X, **how)[rows]).all()
        assert (pyntk.ntk_gram(X, Z, rows=rows, **how) == pyntk.ntk_gram(X, Z, **how)[rows]).all()
    how = {"degree": 0, "accumulate": accumulate, "backend": backend}
    whole = pyntk.arc_cosine_gram(X, **how)
    assert (pyntk.arc_cosine_gram(X, rows=rows, **how) == whole[rows]).all()


def test_arc_cosine_kernels(backend):
    """Degree 1 is twice the kernel of the last layer; degree 0 knows no norm."""
    X = data(80, 5)
    K = pyntk.arc_cosine_gram(X, degree=1, backend=backend)
    assert (2 * pyntk.ntk_gram(X, trained="last", backend=backend) == K).all()
    K = pyntk.arc_cosine_gram(X, degree=0, backend=backend)
    assert (K == K.T).all()
    assert (K[4] == 0.5).all()  # the row of zeros
    assert (np.delete(np.diag(K), 4) == 1).all()
    assert K[0, 1] == 1
    assert K[0, 2] == 0
    scaled = X * np.logspace(-150, 150, 80)[:, None]
    assert np.abs(K - pyntk.arc_cosine_gram(scaled, degree=0, backend=backend)).max() < 1e-15


@every_recipe
@both_dtypes
def test_products(backend, recipe, dtype):
    """Against long sums of the same entries: the sums are in float64 and rounded once."""
    how = {**recipe, "accumulate": "float64", "backend": backend}
    X, Z = data(150, 20, dtype), data(67, 20, dtype, seed=1)
    V = np.random.default_rng(2).standard_normal((150, 5)).astype(dtype)
    exact = {"X": X.astype(np.float64), "Z": Z.astype(np.float64)}  # its entries, not rounded
    u = np.finfo(dtype).eps / 2
    for Y, K, W in [
        (pyntk.ntk_matmul(X, V, **how), pyntk.ntk_gram(exact["X"], **how), V),
        (pyntk.ntk_matmul(X, V[:67], Z, **how), pyntk.ntk_gram(**exact, **how), V[:67]),
    ]:
        assert Y.dtype == dtype
        expected = K.astype(np.longdouble) @ W.astype(np.longdouble)
        size = np.abs(K).astype(np.longdouble) @ np.abs(W).astype(np.longdouble)
        sums = (4 + np.log2(len(W))) * 2.0**-53 * size
        assert (np.abs(Y - expected) <= u * np.abs(expected) + 2 * sums).all()


def test_products_of_any_shape(backend):
    X, V = data(150, 20), np.random.default_rng(2).standard_normal((150, 3))
    how = {"trained": "all", "backend": backend}
    y = pyntk.ntk_matmul(X, V[:, 0], **how)
    assert y.shape == (150,)
    assert (y == pyntk.ntk_matmul(X, V[:, :1], **how)[:, 0]).all()
    assert (y == pyntk.ntk_matmul(X.tolist(), V[:, 0].tolist(), **how)).all()
    assert pyntk.ntk_matmul(X, V[:, :0], **how).shape == (150, 0)
    assert pyntk.ntk_matmul(X[:0], V[:0], **how).shape == (0, 3)
    assert pyntk.ntk_matmul(X[:0], V, X, **how).shape == (0, 3)
    assert (pyntk.ntk_matmul(X, V[:0], X[:0], **how) == np.zeros((150, 3))).all()


@every_recipe
def test_products_do_not_depend_on_threads(backend, recipe):
    X, V = data(700, 20), np.random.default_rng(2).standard_normal((700, 3))
    once = [pyntk.ntk_matmul(X, V, **recipe, backend=backend, threads=t) for t in (1, 2, None)]
    assert (once[0] == once[1]).all()
    assert (once[0] == once[2]).all()
    G = X @ X.T
    once = [pyntk.ntk_vjp(X, None, G, **recipe, backend=backend, threads=t) for t in (1, 2, None)]
    assert (once[0] == once[1]).all()
    assert (once[0] == once[2]).all()


def test_operator(backend):
    """SciPy's solvers run on it."""
    X = np.random.default_rng(0).standard_normal((120, 40))
    how = {"trained": "all", "depth": 2, "bias_variance": 0.1, "backend": backend}
    K, operator = pyntk.ntk_gram(X, **how), pyntk.ntk_operator(X, **how)
    assert isinstance(operator, LinearOperator)
    assert operator.shape == (120, 120)
    assert operator.dtype == np.float64
    assert np.allclose(operator @ np.eye(120), K, rtol=1e-14, atol=0)
    assert np.allclose(operator.T @ X[:, 0], K @ X[:, 0], rtol=1e-12)
    assert np.allclose(operator.H @ X, K @ X, rtol=1e-12)
    largest = eigsh(operator, k=1, return_eigenvectors=False)
    assert largest == pytest.approx(np.linalg.eigvalsh(K)[-1:], rel=1e-12)
    solution, status = cg(operator, X[:, 0], rtol=1e-10)
    assert status == 0
    assert np.allclose(K @ solution, X[:, 0], atol=1e-8)
    single = pyntk.ntk_operator(X.astype(np.float32), backend=backend)
    assert single.dtype == np.float32
    assert (single @ X[:, 0].astype(np.float32)).dtype == np.float32


@every_recipe
def test_derivatives_along_a_direction(backend, recipe):
    """Central differences of sum(G K) agree to their own error, about step^2 and u / step."""
    rng = np.random.default_rng(0)
    X, Z = rng.standard_normal((40, 9)), rng.standard_normal((30, 9))
    A, B, G = rng.standard_normal((40, 9)), rng.standard_normal((30, 9)), rng.random((40, 30))
    step, how = 1e-5, {**recipe, "backend": backend}
    dX, dZ = pyntk.ntk_vjp(X, Z, G, **how)
    change = [
        (G * pyntk.ntk_gram(X + t * A, Z + t * B, **how)).sum() / (2 * step) for t in (step, -step)
    ]
    size = np.abs(dX * A).sum() + np.abs(dZ * B).sum()
    assert (dX * A).sum() + (dZ * B).sum() == pytest.approx(change[0] - change[1], abs=1e-7 * size)
    S = rng.random((40, 40))
    dX = pyntk.ntk_vjp(X, None, S, **how)
    change = [(S * pyntk.ntk_gram(X + t * A, **how)).sum() / (2 * step) for t in (step, -step)]
    size = np.abs(dX * A).sum()
    assert (dX * A).sum() == pytest.approx(change[0] - change[1], abs=1e-7 * size)


@both_dtypes
def test_derivatives_where_there_is_no_angle(backend, dtype):
    """Duplicates, opposites, near-duplicates, zeros: no NaN, and Euler's identity holds.

    Without bias k is homogeneous of degree 1 in x: x.dX_i = sum_j G_ij k(x_i, z_j).
    """
    X = data(90, 11, dtype)
    G = np.random.default_rng(1).random((90, 90)).astype(dtype)
    x, z = (row / np.linalg.norm(row) for row in X[[0, 3]].astype(np.float64))
    closest = 2 * np.arcsin(np.linalg.norm(x - z) / 2)
    for how in ({"trained": "first"}, {"trained": "last"}, {"trained": "all", "depth": 3}):
        dX, dZ = pyntk.ntk_vjp(X, X, G, **how, backend=backend)
        assert np.isfinite(dX).all()
        assert np.isfinite(dZ).all()
        assert (dX[4] == 0).all()
        K = pyntk.ntk_gram(X.astype(np.float64), **how, backend=backend)
        size = np.abs(dX.astype(np.float64) * X).sum(1) + (G * np.abs(K)).sum(1)
        error = np.abs((dX.astype(np.float64) * X).sum(1) - (G * K).sum(1))
        # Promise 14 for the closest rows, sums of 90 and 11 terms, and one rounding to the dtype.
        u = 2.0**-53
        assert (error <= (4 * u / closest + 32 * u + np.finfo(dtype).eps / 2) * size).all()
        both = pyntk.ntk_vjp(X, None, G, **how, backend=backend)
        assert both == pytest.approx(dX + dZ, rel=1e-3, abs=1e-4 * float(np.abs(both).max()))


def test_derivatives_of_any_shape(backend):
    X = data(20, 3)
    dX, dZ = pyntk.ntk_vjp(X, X[:0], np.zeros((20, 0)), backend=backend)
    assert (dX == np.zeros((20, 3))).all()
    assert dZ.shape == (0, 3)
    dX, dZ = pyntk.ntk_vjp(X[:1], X, np.ones((1, 20)), backend=backend)
    assert dX.shape == (1, 3)
    assert dZ.shape == (20, 3)
    assert pyntk.ntk_vjp(X, None, X @ X.T, backend=backend).shape == (20, 3)
