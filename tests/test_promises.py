"""The promises about the error of an entry, by their numbers, through the public functions.

Data that hurts: clusters of angles 1e-1 ... 1e-14, antipodes and duplicates, norms from subnormal
to the largest number in one matrix, pixels, 1 to 3072 inputs. Which backends keep them: all of
them, here those of host arrays; the emulated CUDA kernels are held to the same in test_contract.
"""

import numpy as np
import pytest

import calls
import reference
import textbook
from bounds import L, assert_gradient, assert_gram, assert_within, unit_roundoff
from cases import random_rows, rows_of_extreme_norm, rows_that_repeat
from pyntk.contract import DEGREE, TRAINED, Recipe

overflow_is_expected = pytest.mark.filterwarnings(
    "ignore:overflow:RuntimeWarning", "ignore:an entry of the Gram matrix:RuntimeWarning"
)


def cluster(d, dtype):
    """Two rows, neighbours of both at every angle, of their opposites, multiples, strangers."""
    rng = np.random.default_rng([10, d])
    rows = []
    for x in rng.standard_normal((2, d)):
        rows += [x, -x, x, 0.3 * x, -7 * x]
        for e in range(1, 15):
            t = rng.standard_normal(d)
            t -= (t @ x) / (x @ x) * x  # vanishes where d = 1
            near = x + 10.0**-e * np.linalg.norm(x) / max(np.linalg.norm(t), 1e-300) * t
            rows += [near * 2.0 ** rng.integers(-30, 30), -near * rng.uniform(0.1, 10)]
    return np.array([*rows, *rng.standard_normal((6, d))]).astype(dtype)


def pixels(d, dtype):
    """Images: integers from 0 to 255, smooth, bright, so that most pairs are near-parallel."""
    rng = np.random.default_rng([11, d])
    image = 128 + 90 * np.sin(np.arange(d) / 20)
    return np.clip(np.round(image + 20 * rng.standard_normal((12, d))), 0, 255).astype(dtype)


DATA = {
    **{f"cluster, d={d}": (lambda dtype, d=d: cluster(d, dtype)) for d in (1, 2, 3, 64, 784)},
    "cluster, d=3072": lambda dtype: cluster(3072, dtype)[::5],
    "pixels, d=784": lambda dtype: pixels(784, dtype),
    "pixels, d=3072": lambda dtype: pixels(3072, dtype)[:6],
    "extreme norms": rows_of_extreme_norm,
    "repeats": rows_that_repeat,
    "Gaussian, d=784": lambda dtype: random_rows(40, 784, dtype),
}
every_data = pytest.mark.parametrize("data", DATA)


def cosines(X):
    norms = reference.row_norms(X)
    U = X.astype(L) / np.where(norms == 0, 1, norms)[:, None]
    return U @ U.T


IN_FLOAT64 = {
    "first": Recipe(TRAINED["first"], float64_sums=True),
    "last": Recipe(TRAINED["last"], float64_sums=True),
    "degree 0": Recipe(DEGREE[0], float64_sums=True),
}


def rounded_once(backend, data, recipe):
    """The errors, in ulps and in normwise units, of the entries that are inside the range."""
    X = DATA[data](np.float32)
    K = calls.gram(X, recipe=recipe, backend=backend)
    exact, info = textbook.gram(X, X, recipe), np.finfo(np.float32)
    size = np.sqrt(reference.diagonal(X, recipe))
    inside = (np.abs(exact) >= info.tiny) & (np.abs(exact) < info.max)
    assert (np.isfinite(K) | (np.abs(exact) > info.max)).all()
    assert (K[exact == 0] == 0).all()
    error = np.abs(K.astype(L) - exact)[inside]
    units = error / (unit_roundoff(np.float32) * np.outer(size, size)[inside])
    ulps = error / np.spacing(np.abs(exact[inside]).astype(np.float32)).astype(L)
    return ulps, units, cosines(X)[inside]


@overflow_is_expected
@pytest.mark.parametrize("name", IN_FLOAT64)
@every_data
def test_promise_1_float32_in_float64(backend, data, name):
    """Within 0.51 ulp where |cos| > 1e-5 and normwise 1.02 u, unless the entry underflows.

    H = x.z (pi - theta) / (2 pi) crosses zero at a right angle, hence the exception of the promise.
    """
    ulps, units, cosine = rounded_once(backend, data, IN_FLOAT64[name])
    assert (units <= 1.02).all(), f"{units.max()} u"
    ulps = ulps[np.abs(cosine) > 1e-5]
    assert (ulps <= 0.51).all(), f"{ulps.max()} ulp"


@pytest.mark.parametrize("name", IN_FLOAT64)
def test_promise_1_beside_the_opposite_row(kernels, name):
    """There an entry vanishes like pi - theta, or its cube; on the emulated CUDA kernels too."""
    X = cluster(2, np.float32)
    inputs = {"X": X, "recipe": IN_FLOAT64[name], "threads": 1}
    (K,) = kernels.run("ntk_gram", inputs, {"K": ((len(X), len(X)), np.float32)})
    exact = textbook.gram(X, X, IN_FLOAT64[name])
    beside = (cosines(X) < -1 + 5e-13) & (np.abs(exact) > np.finfo(np.float32).tiny)
    assert beside.sum() > 10
    error = np.abs(K.astype(L) - exact)[beside]
    assert (error <= 0.51 * np.spacing(np.abs(exact[beside]).astype(np.float32)).astype(L)).all()


@overflow_is_expected
@pytest.mark.parametrize("trained", TRAINED)
@every_data
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["promise_2", "promise_3"])
def test_promises_2_and_3_eight_units(backend, dtype, data, trained):
    """Normwise 8 u at any angle, in any number of dimensions."""
    X = DATA[data](dtype)
    recipe = Recipe(TRAINED[trained])
    assert_gram(calls.gram(X, recipe=recipe, backend=backend), X, X, recipe, dtype)


@pytest.mark.parametrize(("dtype", "angle"), [(np.float32, 1e-5), (np.float64, 1e-10)])
@pytest.mark.parametrize("accumulate", [None, "float64"])
def test_promise_4_stays_positive_definite(backend, dtype, angle, accumulate):
    """Twenty pairs of rows this close; the exact smallest eigenvalue is about angle / (2 pi)."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 300))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    T = rng.standard_normal((20, 300))
    T -= (T * X).sum(1, keepdims=True) * X
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    rows = np.concatenate([X, X + angle * T]).astype(dtype)
    recipe = Recipe(float64_sums=accumulate is not None)
    K = calls.gram(rows, recipe=recipe, backend=backend)
    smallest = np.linalg.eigvalsh(K.astype(np.float64))[0]
    assert 0.1 * angle / (2 * np.pi) < smallest < 2 * angle / (2 * np.pi)


@pytest.mark.parametrize("variances", [(1.0, 0.01), (2.0, 0.0)])
@pytest.mark.parametrize("trained", TRAINED)
def test_promise_9_on_pixels(backend, trained, variances):
    """Deep kernels of many inputs; rounded once for float32."""
    for dtype in (np.float32, np.float64):
        X = pixels(3072, dtype)[:6] / dtype(64)
        recipe = Recipe(TRAINED[trained], 3, *variances)
        assert_gram(calls.gram(X, recipe=recipe, backend=backend), X, X, recipe, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
def test_promise_14_derivatives_at_the_poles(backend, dtype):
    """The kink counts 0: at a duplicate H moves as if theta stayed 0, at an opposite as if pi."""
    X = random_rows(5, 4, dtype)
    one = np.eye(5, dtype=dtype)
    recipe = Recipe(TRAINED["first"])
    for factor, derivative in ((1, 0.5), (2, 0.5), (-1, 0), (-4, 0)):
        dX, dZ = calls.vjp(X, factor * X, one, recipe=recipe, backend=backend)
        assert_within(
            dX, derivative * factor * X.astype(L), 4 * unit_roundoff(dtype) * np.abs(X), dtype
        )
        assert_within(dZ, derivative * X.astype(L), 4 * unit_roundoff(dtype) * np.abs(X), dtype)


@pytest.mark.parametrize("trained", TRAINED)
def test_promise_14_both_sides(backend, trained):
    """(dX, dZ), and without Z their sum, at float64 and through the public function."""
    X, Z = cluster(3, np.float64)[::4], random_rows(5, 3, np.float64)
    G = random_rows(len(X), len(Z), np.float64, seed=2)
    recipe = Recipe(TRAINED[trained], 2, 2.0, 0.5)
    dX, dZ = calls.vjp(X, Z, G, recipe=recipe, backend=backend)
    assert_gradient(dX, X, Z, G, recipe, np.float64)
    assert_gradient(dZ, Z, X, np.ascontiguousarray(G.T), recipe, np.float64)
    S = random_rows(len(X), len(X), np.float64, seed=3)
    dX = calls.vjp(X, None, S, recipe=recipe, backend=backend)
    assert_gradient(dX, X, X, S + S.T, recipe, np.float64)
