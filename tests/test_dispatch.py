"""Which backend a call runs on, and what is said when one is absent or broken."""

import sys
import types

import numpy as np
import pytest

import pyntk
from pyntk import dispatch
from pyntk.contract import Recipe

X = np.eye(3)


@pytest.fixture
def fresh_cache():
    dispatch.load.cache_clear()
    yield
    dispatch.load.cache_clear()


def test_the_environment_names_a_backend(backend, monkeypatch):
    monkeypatch.setenv("PYNTK_BACKEND", backend)
    assert dispatch.choose(None, on_device=False) == backend
    monkeypatch.setenv("PYNTK_BACKEND", "tpu")
    with pytest.raises(ValueError, match="backend must be one of"):
        pyntk.ntk_gram(X)


def test_host_arrays_go_to_cpu_else_numba(monkeypatch, fresh_cache):
    monkeypatch.delenv("PYNTK_BACKEND", raising=False)
    monkeypatch.setitem(dispatch.BACKENDS, "cpu", "pyntk._no_such_module")
    assert dispatch.choose(None, on_device=False) == "numba"
    monkeypatch.setitem(dispatch.BACKENDS, "numba", "pyntk._nor_this_one")
    dispatch.load.cache_clear()
    with pytest.raises(pyntk.BackendError, match=r"(?s)no backend for .*C\+\+20.*pyntk\[numba\]"):
        pyntk.ntk_gram(X)


def test_a_broken_backend_is_loud(monkeypatch, fresh_cache):
    module = types.ModuleType("pyntk_half_a_backend")
    module.ntk_gram = print
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(dispatch.BACKENDS, "cpu", module.__name__)
    with pytest.raises(pyntk.BackendError, match="'cpu' is broken: it has no kernel"):
        pyntk.ntk_gram(X)


def test_a_linear_operator_multiplies_where_its_rows_are():
    with pytest.raises(pyntk.BackendError, match=r"the arrays are on the host; cupy\.asarray"):
        dispatch.choose("cuda", on_device=False)


def test_every_backend_is_there_or_says_why_not():
    reasons = dispatch.available()
    assert list(reasons) == list(dispatch.BACKENDS)
    for name, reason in reasons.items():
        assert reason is None or name in reason


def test_compiled_kernels_refuse_what_they_would_have_to_convert(cpu):
    """No forcecast: None, strings, other dtypes, gaps between rows, read-only outputs."""
    kernel = dispatch.kernel("ntk_gram", "cpu")
    readonly = np.zeros((3, 3))
    readonly.flags.writeable = False
    bad = [
        None,
        "X",
        X.astype(int),
        X.astype(np.float32),
        X.astype(">f8"),
        X[:, ::2],
        X[0],
        [[1.0]],
    ]
    for value in bad:
        with pytest.raises(TypeError, match="incompatible function arguments"):
            kernel(X=value, recipe=Recipe(), threads=1, K=np.zeros((3, 3)))
    with pytest.raises(TypeError, match="incompatible function arguments"):
        kernel(X=X, recipe=Recipe(), threads=1, K=readonly)
    for value in (None, 0, (0, 1), [0, 1, 1.0, 0.0, False]):
        with pytest.raises(TypeError, match="incompatible function arguments"):
            kernel(X=X, recipe=value, threads=1, K=np.zeros((3, 3)))
