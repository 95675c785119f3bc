"""What the Gram matrices promise bit by bit, as properties."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import pyntk

TRAINED = ("first", "last", "all")
few = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def matrices():
    rows = st.integers(1, 80)
    values = st.floats(-1e3, 1e3, width=32) | st.sampled_from([0.0, 1.0, -1.0])
    return st.sampled_from([np.float32, np.float64]).flatmap(
        lambda dtype: st.tuples(rows, st.integers(1, 9)).flatmap(
            lambda shape: arrays(np.float32, shape, elements=values).map(lambda X: X.astype(dtype))
        )
    )


def padded(X):
    """X and 200 more rows, so that its entries cross tiles."""
    more = np.random.default_rng(0).standard_normal((200, X.shape[1]))
    return np.concatenate([X, more.astype(X.dtype)])


@few
@given(X=matrices(), trained=st.sampled_from(TRAINED))
def test_symmetric_and_free_of_nan(backend, X, trained):
    K = pyntk.ntk_gram(X, trained=trained, backend=backend)
    assert (K == K.T).all()
    assert np.isfinite(K).all()


@few
@given(X=matrices(), trained=st.sampled_from(TRAINED), data=st.data())
def test_an_entry_depends_on_its_two_rows_alone(backend, X, trained, data):
    X = padded(X)
    K = pyntk.ntk_gram(X, trained=trained, backend=backend)
    chosen = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=70, unique=True))
    part = pyntk.ntk_gram(X[chosen], trained=trained, backend=backend, threads=1)
    assert (part == K[np.ix_(chosen, chosen)]).all()
    assert (pyntk.ntk_gram(X, X[chosen], trained=trained, backend=backend) == K[:, chosen]).all()


@few
@given(X=matrices(), exponents=st.lists(st.integers(-60, 60), min_size=80, max_size=80))
def test_powers_of_two_scale_exactly(backend, X, exponents):
    X = X.astype(np.float64)
    factors = 2.0 ** np.array(exponents[: len(X)])
    K = pyntk.ntk_gram(X, backend=backend)
    scaled = pyntk.ntk_gram(X * factors[:, None], backend=backend)
    assert (scaled == K * factors[:, None] * factors).all()


@few
@given(X=matrices(), trained=st.sampled_from(TRAINED))
def test_duplicates_and_opposites(backend, X, trained):
    K = pyntk.ntk_gram(np.concatenate([X, X, -2 * X]), trained=trained, backend=backend)
    n = len(X)
    assert (K[:n, :n] == K[n : 2 * n, n : 2 * n]).all()
    assert (K[:n, n : 2 * n] == K[:n, :n]).all()
    assert (np.diag(K[:n, n : 2 * n]) == np.diag(K[:n, :n])).all()
    assert (np.diag(K[:n, 2 * n :]) == 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_one_unit_apart(backend, dtype):
    """Rows whose only difference is the last bit have a positive angle, and a definite Gram."""
    x = np.array([1.0, 1.0], dtype)
    y = np.array([1.0, np.nextafter(dtype(1), dtype(2))], dtype)
    K = pyntk.ntk_gram(np.stack([x, 2 * y]), backend=backend).astype(np.float64)
    angle = float(np.finfo(dtype).eps) / 2
    expected = 2 * np.cos(angle) * (np.pi - angle) / np.pi
    assert K[1, 0] == pytest.approx(expected, rel=4 * angle)


@pytest.mark.parametrize(("dtype", "angle"), [(np.float32, 1e-5), (np.float64, 1e-10)])
def test_stays_positive_definite(backend, dtype, angle):
    """Twenty pairs of rows this close; the exact smallest eigenvalue is about angle / (2 pi)."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20, 300))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    T = rng.standard_normal((20, 300))
    T -= (T * X).sum(1, keepdims=True) * X
    T /= np.linalg.norm(T, axis=1, keepdims=True)
    K = pyntk.ntk_gram(np.concatenate([X, X + angle * T]).astype(dtype), backend=backend)
    smallest = np.linalg.eigvalsh(K.astype(np.float64))[0]
    assert smallest > 0.1 * angle / (2 * np.pi)


def test_beyond_the_range(backend):
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
import hashlib, sys, numpy as np, pyntk
X = np.random.default_rng(0).standard_normal((230, 70)); X[7] = X[3]; X[8] = -X[3] + 1e-9
for dtype in (np.float32, np.float64):
    K = pyntk.ntk_gram(X.astype(dtype), trained="all", backend="cpu")
    print(hashlib.sha256(K.tobytes()).hexdigest())
"""


def test_instruction_sets_with_fma_agree_to_the_bit(cpu):
    results = {}
    for isa in ("avx2", "avx512"):
        run = subprocess.run(
            [sys.executable, "-P", "-c", PROGRAM], env={**os.environ, "PYNTK_ISA": isa},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if run.returncode == 0:
            results[isa] = run.stdout
        else:
            assert "this machine has" in run.stderr
    assert len(set(results.values())) <= 1
