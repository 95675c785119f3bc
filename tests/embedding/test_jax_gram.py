"""pyntk.jax.ntk_gram: the bits of pyntk.ntk_gram, and its gradients."""

import numpy as np
import pytest

from frameworks import framework

jax = framework("jax")

from jax.test_util import check_grads  # noqa: E402

import pyntk  # noqa: E402
import pyntk.jax  # noqa: E402
from pyntk.jax import ntk_gram  # noqa: E402

RECIPES = [
    {},
    {"trained": "last", "weight_variance": 2.0},
    {"trained": "all", "depth": 3, "bias_variance": 0.1},
]
every_recipe = pytest.mark.parametrize("recipe", RECIPES)


@pytest.fixture(autouse=True)
def _float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def rows(dtype=np.float64):
    rng = np.random.default_rng(3)
    return [rng.standard_normal((n, 5)).astype(dtype) for n in (7, 4)]


@pytest.mark.parametrize("jit", [False, True])
@every_recipe
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits(dtype, recipe, jit):
    X, Z = rows(dtype)
    G = np.sin(np.arange(28)).reshape(7, 4).astype(dtype)
    compiled = jax.jit if jit else lambda function: function
    cross = compiled(lambda X, Z: ntk_gram(X, Z, **recipe))
    alone = compiled(lambda X: ntk_gram(X, **recipe))
    assert (np.asarray(alone(X)) == pyntk.ntk_gram(X, **recipe)).all()
    assert (np.asarray(cross(X, Z)) == pyntk.ntk_gram(X, Z, **recipe)).all()
    expected = pyntk.ntk_vjp(X, Z, G, **recipe)
    both = compiled(jax.grad(lambda X, Z: (cross(X, Z) * G).sum(), (0, 1)))(X, Z)
    right = compiled(jax.grad(lambda X, Z: (cross(X, Z) * G).sum(), 1))(X, Z)
    for found, exact in zip((*both, right), (*expected, expected[1]), strict=True):
        assert found.dtype == dtype
        assert (np.asarray(found) == exact).all()
    square = np.hstack([G, np.zeros((7, 3), dtype)])
    found = compiled(jax.grad(lambda X: (alone(X) * square).sum()))(X)
    assert (np.asarray(found) == pyntk.ntk_vjp(X, None, square, **recipe)).all()


@every_recipe
def test_against_differences(recipe):
    X, Z = rows()
    check_grads(lambda X, Z: ntk_gram(X, Z, **recipe), (X, Z), 1, modes=["rev"])
    check_grads(lambda X: ntk_gram(X, **recipe), (X,), 1, modes=["rev"])


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0)])
@every_recipe
def test_vmap(recipe, axes, jit):
    """To the bit what the calls one by one give."""
    arrays = [
        array if axis is None else np.stack([array, 2 * array, array[::-1]])
        for array, axis in zip(rows(), axes, strict=True)
    ]

    def total(X, Z):
        return jax.numpy.sin(ntk_gram(X, Z, **recipe)).sum() + ntk_gram(X, **recipe).sum()

    gradient = jax.vmap(jax.value_and_grad(total, (0, 1)), axes)
    values, found = (jax.jit(gradient) if jit else gradient)(*arrays)
    for i in range(3):
        one = [
            array if axis is None else array[i] for array, axis in zip(arrays, axes, strict=True)
        ]
        value, gradients = jax.value_and_grad(total, (0, 1))(*one)
        np.testing.assert_allclose(values[i], value, rtol=1e-14)
        for a, b in zip(found, gradients, strict=True):
            np.testing.assert_allclose(a[i], b, rtol=1e-13, atol=1e-14)


def test_duplicates_zero_rows_and_opposites_give_no_nan():
    X = np.array([[1.0, 2], [1, 2], [-1, -2], [0, 0]], np.float32)
    gradient = jax.grad(lambda X: ntk_gram(X).sum())(X)
    assert np.isfinite(gradient).all()
    assert (gradient[0] == gradient[1]).all()
    assert (gradient[3] == 0).all()


def test_bad_input():
    X, Z = rows()
    with pytest.raises(ValueError, match="X and Z must have shapes"):
        ntk_gram(X, Z[:, :3])
    with pytest.raises(ValueError, match="X and Z must have shapes"):
        ntk_gram(X[0])
    with pytest.raises(ValueError, match="depth must be 1 to"):
        ntk_gram(X, depth=0)
    with pytest.raises(ValueError, match="threads must be at least 1"):
        ntk_gram(X, threads=0)
    X[3, 2] = np.inf
    errors = (ValueError, jax.errors.JaxRuntimeError)
    with pytest.raises(errors, match=r"ValueError: X\[3, 2\] is inf"):
        jax.block_until_ready(ntk_gram(X))
