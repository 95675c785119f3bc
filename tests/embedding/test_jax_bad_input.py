"""What pyntk.jax.two_layer refuses: while JAX traces, and when the program runs."""

import numpy as np
import pytest

from frameworks import framework

jax = framework("jax")

from layers import layer  # noqa: E402
from pyntk.jax import two_layer  # noqa: E402

NAMES = "X", "W", "a", "b", "c"


@pytest.fixture(autouse=True)
def _float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("name", NAMES[:4])
def test_numbers_that_are_not_finite(name, jit):
    arrays = dict(zip(NAMES, layer(np.float64)[:5], strict=True))
    arrays[name][(1,) * arrays[name].ndim] = np.nan
    place = r"1, 1" if arrays[name].ndim == 2 else "1"
    call = jax.jit(two_layer) if jit else two_layer
    errors = (ValueError, jax.errors.JaxRuntimeError)
    with pytest.raises(errors, match=rf"ValueError: {name}\[{place}\] is nan"):
        jax.block_until_ready(call(*arrays.values()))
    jax.block_until_ready(two_layer(*arrays.values(), check_finite=False))


def test_a_gradient_that_is_not_finite():
    X, W, a, _, _, _ = layer(np.float64)
    # JAX makes a ValueError of it where it walks back without jit.
    errors = (ValueError, jax.errors.JaxRuntimeError)
    with pytest.raises(errors, match=r"grad_output\[0, 0\] is nan"):
        jax.block_until_ready(jax.grad(lambda W: np.nan * two_layer(X, W, a).sum())(W))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"W": np.ones((9, 5))}, ValueError, r"W must have d = 6 in its shape \(m d\)"),
        ({"a": np.ones((8, 2))}, ValueError, "a must have m = 9"),
        ({"a": np.ones((9, 2, 2))}, ValueError, r"a must have shape \(m\) or \(m k\)"),
        ({"b": np.ones(8)}, ValueError, "b must have m = 9"),
        ({"c": np.ones(3)}, ValueError, r"c must have shape \(2,\)"),
        ({"X": np.ones((7, 0)), "W": np.ones((9, 0))}, ValueError, "X must have at least one dim"),
        ({"X": np.ones((7, 6), complex)}, TypeError, "promote to complex128"),
        ({"X": np.ones((7, 6), np.float16)}, None, ""),
        ({"scale": np.inf}, ValueError, "scale must be finite"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"activation": "relu"}, TypeError, "activation"),
        ({"derivative_at_zero": 2}, ValueError, "derivative_at_zero must be 0 or 1"),
    ],
)
def test_bad_input(change, error, message):
    arguments = dict(zip(NAMES, layer(np.float64, n=7, m=9)[:5], strict=True)) | change
    if error is None:
        assert two_layer(**arguments).dtype == np.float64
        return
    with pytest.raises(error, match=message):
        jax.jit(lambda: two_layer(**arguments))()
