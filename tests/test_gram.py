"""What the kernels promise bit by bit, as properties: promises 5, 6 and 7."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import calls
import pyntk
from bounds import unit_roundoff
from cases import RECIPES

few = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
EVERY = [recipe for group in RECIPES.values() for recipe in group]
DEGREE_0 = RECIPES["degree"][0]
recipes = st.sampled_from(EVERY)
without_bias = st.sampled_from([recipe for recipe in EVERY if recipe.bias_variance == 0])
one_layer = st.sampled_from(
    [r for r in EVERY if r.bias_variance == 0 and r.depth == 1 and r != DEGREE_0]
)


def matrices():
    rows = st.integers(1, 80)
    values = st.floats(-1e3, 1e3, width=32) | st.sampled_from([0.0, 1.0, -1.0])
    return st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: st.tuples(rows, st.integers(1, 9)).flatmap(
            lambda shape: arrays(np.float32, shape, elements=values).map(lambda X: X.astype(dtype))
        )
    )


def padded(X, n=200):
    """X and n more rows, so that its entries cross tiles."""
    more = np.random.default_rng(0).standard_normal((n, X.shape[1]))
    return np.concatenate([X, more.astype(X.dtype)])


@few
@given(X=matrices(), recipe=recipes)
def test_promise_5_symmetric_and_free_of_nan(backend, X, recipe):
    K = calls.gram(X, recipe=recipe, backend=backend)
    assert (K == K.T).all()
    assert np.isfinite(K).all()


@few
@given(X=matrices(), recipe=recipes)
def test_promise_5_duplicates(backend, X, recipe):
    K = calls.gram(np.concatenate([X, X]), recipe=recipe, backend=backend)
    n = len(X)
    for block in (K[:n, n:], K[n:, :n], K[n:, n:]):
        assert (block == K[:n, :n]).all()


@few
@given(X=matrices(), recipe=one_layer, k=st.integers(-20, 20), factor=st.floats(0.1, 10))
@example(
    X=np.array([[879.8831, 1, 1, 1, 1, 1, 1, 1]], np.float32),
    recipe=RECIPES["one layer"][0], k=0, factor=7.2417867362776915,
)  # fmt: skip
def test_promise_5_opposites(backend, X, recipe, k, factor):
    """-2^k x gives 0, other negative multiples 1 u: their directions differ by rounding."""
    power = -(X.dtype.type(2) ** k)
    assume((X * power / power == X).all())  # nothing underflows
    exact = calls.gram(X, X * power, recipe=recipe, backend=backend)
    assert (np.diag(exact) == 0).all()
    Z = X.astype(np.float64) * -np.float32(factor)  # float32 times float32: exact
    near = calls.gram(X.astype(np.float64), Z, recipe=recipe, backend=backend)
    size = factor * np.diag(calls.gram(X.astype(np.float64), recipe=recipe, backend=backend))
    assert (np.abs(np.diag(near)) <= unit_roundoff(np.float64) * size * (1 + 1e-6)).all()


@few
@given(X=matrices(), recipe=without_bias)
def test_promise_5_zero_rows(backend, X, recipe):
    """Exactly 0; they have no angle, and degree 0 counts them as orthogonal to every row."""
    rows = np.concatenate([X, np.zeros_like(X[:1])])
    expected = 0.5 if recipe == DEGREE_0 else 0
    K = calls.gram(rows, recipe=recipe, backend=backend)
    assert (K[-1] == expected).all()
    assert (calls.gram(rows, X, recipe=recipe, backend=backend)[-1] == expected).all()


@few
@given(X=matrices(), recipe=without_bias, data=st.data())
def test_promise_6_powers_of_two_scale_exactly(backend, X, recipe, data):
    X = X.astype(np.float64)
    exponents = data.draw(st.lists(st.integers(-60, 60), min_size=len(X), max_size=len(X)))
    factors = 2.0 ** np.array(exponents)
    K = calls.gram(X, recipe=recipe, backend=backend)
    scaled = calls.gram(X * factors[:, None], recipe=recipe, backend=backend)
    expected = K if recipe == DEGREE_0 else K * factors[:, None] * factors
    assert (scaled == expected).all()


@few
@given(X=matrices(), recipe=recipes, data=st.data())
def test_promise_7_an_entry_depends_on_its_two_rows_alone(backend, X, recipe, data):
    """Subsets, permutations, rectangles, blocks of rows, the diagonal, and any threads."""
    X = padded(X)
    K = calls.gram(X, recipe=recipe, backend=backend)
    places = st.integers(0, len(X) - 1)
    chosen = data.draw(st.lists(places, min_size=1, max_size=70, unique=True))
    part = calls.gram(X[chosen], recipe=recipe, backend=backend, threads=1)
    assert (part == K[np.ix_(chosen, chosen)]).all()
    assert (calls.gram(X, X[chosen], recipe=recipe, backend=backend) == K[:, chosen]).all()
    begin, end = sorted((data.draw(places), data.draw(places)))
    block = calls.gram(X, recipe=recipe, rows=slice(begin, end), backend=backend)
    assert (block == K[begin:end]).all()
    if recipe not in RECIPES["degree"] and recipe.kind < 3:
        k = pyntk.ntk_diag(X, **calls.options(recipe), backend=backend)
        assert (k == np.diag(K)).all()


@few
@given(X=matrices(), recipe=recipes.filter(lambda recipe: recipe.kind < 3), data=st.data())
def test_promise_7_products_have_the_entries_of_the_gram(backend, X, recipe, data):
    """Columns of the identity take single entries out of the sums."""
    X = padded(X, 150)
    chosen = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=9, unique=True))
    V = np.zeros((len(X), len(chosen)), X.dtype)
    V[chosen, range(len(chosen))] = 1
    K = calls.gram(X, recipe=recipe, backend=backend)[:, chosen]
    options = {**calls.options(recipe), "backend": backend}
    assert (pyntk.ntk_matmul(X, V, **options) == K).all()
    assert (pyntk.ntk_matmul(X, V, X, **options) == K).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_one_unit_apart(backend, dtype):
    """Rows whose only difference is the last bit have a positive angle, and a definite Gram."""
    x = np.array([1.0, 1.0], dtype)
    y = np.array([1.0, np.nextafter(dtype(1), dtype(2))], dtype)
    K = pyntk.ntk_gram(np.stack([x, 2 * y]), backend=backend).astype(np.float64)
    angle = float(np.finfo(dtype).eps) / 2
    expected = 2 * np.cos(angle) * (np.pi - angle) / np.pi
    assert K[1, 0] == pytest.approx(expected, rel=4 * angle)


def test_promise_6_beyond_the_range(backend):
    X = np.diag([1e200, 1e-200, 1.0])
    X[0, 2] = 1e200
    with pytest.warns(RuntimeWarning, match="exceeds the range of float64"):
        K = pyntk.ntk_gram(X, backend=backend)
    assert np.isinf(K[0, 0])
    assert K[1, 1] == 0
    assert K[2, 0] == pytest.approx(1e200 * 0.375, rel=1e-15)
    small = pyntk.ntk_gram(np.array([[3e-162]]), backend=backend)
    assert small[0, 0] == 5e-324  # 4.5e-324, rounded to the nearest subnormal


def test_small_shapes(backend):
    assert pyntk.ntk_gram(np.zeros((0, 3)), backend=backend).shape == (0, 0)
    assert pyntk.ntk_gram(np.zeros((2, 3)), np.zeros((0, 3)), backend=backend).shape == (2, 0)
    assert (pyntk.ntk_gram(np.zeros((4, 3)), backend=backend) == 0).all()
    assert pyntk.ntk_gram([[3.0, 4.0]], backend=backend).item() == 12.5
    assert pyntk.finite_width_gram(np.zeros((0, 3)), [[1.0, 0, 0]], backend=backend).shape == (0, 0)


def test_many_identical_rows(backend):
    K = pyntk.ntk_gram(np.tile([[0.1, 0.7, -0.3]], (700, 1)), backend=backend)
    assert (K[0, 0] == K).all()


def test_outputs_begin_on_a_cache_line(backend):
    for n in (1, 2, 3, 50):
        assert pyntk.ntk_gram(np.ones((n, 2)), backend=backend).ctypes.data % 64 == 0


PROGRAM = """
import hashlib, numpy as np, pyntk
X = np.random.default_rng(0).standard_normal((230, 70)); X[7] = X[3]; X[8] = -X[3] + 1e-9
recipes = [{}, {"depth": 3, "weight_variance": 2}, {"depth": 3, "bias_variance": 0.5},
           {"accumulate": "float64"}]
for dtype in (np.float32, np.float64):
    rows = X.astype(dtype)
    for recipe in recipes:
        for trained in ("first", "last", "all"):
            K = pyntk.ntk_gram(rows, trained=trained, backend="cpu", **recipe)
            Y = pyntk.ntk_matmul(rows, rows, trained=trained, backend="cpu", **recipe)
            print(recipe, dtype.__name__, hashlib.sha256(K.tobytes() + Y.tobytes()).hexdigest())
    dX = pyntk.ntk_vjp(rows, None, rows @ rows.T, depth=2, backend="cpu")
    print("vjp", dtype.__name__, hashlib.sha256(dX.tobytes()).hexdigest())
"""


def test_promise_7_instruction_sets_with_fma_agree_to_the_bit(cpu):
    results = {}
    for isa in ("avx2", "avx512"):
        run = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM], env={**os.environ, "PYNTK_ISA": isa},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode == 0:
            results[isa] = run.stdout.splitlines()
        else:
            assert "this machine has" in run.stderr, run.stderr
    for lines in zip(*results.values(), strict=True):
        assert len(set(lines)) == 1, lines
