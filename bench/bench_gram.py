"""ntk_gram beside the NumPy formula, and beside its limit: the product alone, half of it (SYRK)."""

import numpy as np
import numpy_formula
import pytest
import scipy.linalg.blas

import pyntk

SHAPES = [(2048, 784), (4096, 784), (4096, 64)]
DTYPES = [np.float32, np.float64]
EXACT = {}


def data(n, d, dtype):
    return np.random.default_rng(0).standard_normal((n, d)).astype(dtype)


def syrk(X):
    """The lower triangle of X X': what any exact method has to do, without the formula."""
    routine = scipy.linalg.blas.ssyrk if X.dtype == np.float32 else scipy.linalg.blas.dsyrk
    return routine(1.0, X.T, trans=1, lower=1)


CONTENDERS = {
    "pyntk cpu": lambda X: pyntk.ntk_gram(X, backend="cpu"),
    "pyntk numba": lambda X: pyntk.ntk_gram(X, backend="numba"),
    "numpy": numpy_formula.ntk_gram,
    "limit: syrk": syrk,
}


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize(("n", "d"), SHAPES)
def test_gram(timed, n, d, dtype, contender):
    X = data(n, d, dtype)
    K = timed(lambda: CONTENDERS[contender](X), f"gram n={n} d={d} {dtype.__name__}")
    if contender.startswith("limit"):
        np.testing.assert_allclose(K[9, 3], X[9] @ X[3], rtol=1e-3)
        return
    part = numpy_formula.ntk_gram(X[:50].astype(np.float64))
    off = ~np.eye(50, dtype=bool)  # the formula's own diagonal is wrong by sqrt(u)
    np.testing.assert_allclose(
        K[:50, :50][off], part[off], rtol=0, atol=20 * d * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("rows", ["generic", "identical", "pixels"])
@pytest.mark.parametrize("backend", ["cpu", "numba"])
def test_near_parallel_rows(timed, backend, rows):
    """Rows whose every pair takes the chord: at most 3 times generic data."""
    X = data(4096, 256, np.float32)
    if rows == "identical":
        X = np.tile(X[:1], (4096, 1))
    elif rows == "pixels":
        X = 5 + X
    K = timed(lambda: pyntk.ntk_gram(X, backend=backend), f"near-parallel rows {backend}")
    assert (K[:300, :300] == K[:300, :300].T).all()
    if rows == "identical":
        assert (K[0, 0] == K).all()


@pytest.mark.parametrize("backend", ["cpu", "numba"])
def test_small(timed, backend):
    """The price of a call."""
    X = data(4, 4, np.float64)
    K = timed(lambda: [pyntk.ntk_gram(X, backend=backend) for _ in range(200)], "200 calls, n=4")
    assert K[0][0, 0] == pytest.approx(X[0] @ X[0] / 2)
