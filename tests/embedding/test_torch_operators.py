"""The operators under torch.library.opcheck, every test of it."""

import numpy as np
import pytest

from frameworks import framework

torch = framework("torch")

import pyntk.torch  # noqa: E402, F401 - it registers the operators
from layers import layer  # noqa: E402

HOW = (0.5, [0.0], [0.0, 1.0], 0.0, False, 2, True)
RECIPE = ("all", 2, 1.0, 0.1, 2)
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)


def opened(dtype, requires_grad):
    X, W, a, b, _, G = [torch.from_numpy(array) for array in layer(dtype, n=5, m=9)]
    for tensor in (X, W, a, b):
        tensor.requires_grad_(requires_grad)
    return X, W, a, b, G


def assert_passes(operator, arguments):
    results = torch.library.opcheck(operator, arguments)
    assert set(results.values()) == {"SUCCESS"}
    assert len(results) == 4


@pytest.mark.parametrize("biases", [False, True])
@both_dtypes
def test_two_layer(dtype, biases):
    X, W, a, b, _ = opened(dtype, requires_grad=True)
    operator = torch.ops.pyntk.two_layer.default
    assert_passes(operator, (X, W, b if biases else None, a, *HOW))
    for other in (X.detach()[:0], X.detach().T.contiguous().T):  # no rows; not contiguous
        other.requires_grad_()
        assert_passes(operator, (other, W, b if biases else None, a, *HOW))


@pytest.mark.parametrize(
    "wanted", [[True] * 4, [False, True, False, True], [True, False, False, False]]
)
@both_dtypes
def test_two_layer_gradients(dtype, wanted):
    X, W, a, b, G = opened(dtype, requires_grad=False)
    operator = torch.ops.pyntk.two_layer_gradients.default
    assert_passes(operator, (X, W, b, a, G, wanted, *HOW))


@both_dtypes
def test_ntk_gram(dtype):
    X, W, *_ = opened(dtype, requires_grad=True)
    for Z in (None, W):
        assert_passes(torch.ops.pyntk.ntk_gram.default, (X, Z, *RECIPE))


@both_dtypes
def test_ntk_gram_gradients(dtype):
    X, W, *_ = opened(dtype, requires_grad=False)
    operator = torch.ops.pyntk.ntk_gram_gradients.default
    assert_passes(operator, (X, None, X @ X.T, [True, False], *RECIPE))
    for wanted in ([True, True], [True, False], [False, True]):
        assert_passes(operator, (X, W, X @ W.T, wanted, *RECIPE))


def test_shapes_that_kernels_could_not_take_are_refused():
    """Also by the operators themselves, which have no two_layer before them."""
    X, W, a, b, G = opened(np.float64, requires_grad=False)
    ops = torch.ops.pyntk
    with pytest.raises(ValueError, match="grad_output must have shape"):
        ops.two_layer_gradients(X, W, b, a, G[:3], [False, True, False, False], *HOW)
    with pytest.raises(ValueError, match="a must have m = 9"):
        ops.two_layer(X, W, b, a[:5], *HOW)
    with pytest.raises(ValueError, match="grad_output must have shape"):
        ops.ntk_gram_gradients(X, W, G, [True, True], *RECIPE)
