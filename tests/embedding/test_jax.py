"""pyntk.jax.two_layer: promise 13, under jit, grad and vmap, and what it refuses."""

import subprocess
import sys

import numpy as np
import pytest

from frameworks import framework

jax = framework("jax")

import pyntk  # noqa: E402
import pyntk.jax  # noqa: E402
from layers import ACTIVATIONS, SCALE, assert_gradients, assert_outputs, layer  # noqa: E402
from pyntk.jax import two_layer  # noqa: E402

NAMES = "X", "W", "a", "b", "c"
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)


@pytest.fixture(autouse=True)
def _float64():
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", False)


def pure(X, W, a, b, c):
    """The layer in JAX's own operations."""
    return SCALE * (jax.numpy.maximum(X @ W.T + b, 0) @ a) + c


def ours(X, W, a, b, c):
    return two_layer(X, W, a, b, c, scale=SCALE)


def smooth(function):
    """A loss of the outputs whose gradient differs from output to output."""
    return lambda *arguments: jax.numpy.sin(function(*arguments)).sum()


def assert_close(found, expected, dtype=np.float64):
    """To rounding: the sums have at most 2^9 terms of size about 1 in the tests below."""
    tolerance = 2**9 * float(np.finfo(dtype).eps)
    assert len(jax.tree.leaves(found)) == len(jax.tree.leaves(expected))
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        assert one.dtype == other.dtype == dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("activation", ["relu", "two knots"])
@pytest.mark.parametrize("outputs", [None, 1, 3])
@pytest.mark.parametrize("biases", [False, True])
@both_dtypes
def test_outputs_and_gradients(dtype, biases, outputs, activation, jit):
    *arrays, G = layer(dtype, outputs=outputs)
    if not biases:
        arrays[3:] = None, None
    sigma = ACTIVATIONS[activation]

    def run(*arguments):
        return two_layer(*arguments, scale=SCALE, activation=sigma)

    def weighted(*arguments):
        return (run(*arguments) * G).sum()

    present = [i for i, array in enumerate(arrays) if array is not None]
    gradient = jax.grad(weighted, present)
    if jit:
        run, gradient = jax.jit(run), jax.jit(gradient)
    assert_outputs(np.asarray(run(*arrays)), *arrays, sigma)
    found = {NAMES[i]: np.asarray(g) for i, g in zip(present, gradient(*arrays), strict=True)}
    X, W, a, b, _ = arrays
    assert_gradients(found, X, W, a, b, G, sigma)


def test_the_bits_are_those_of_the_network():
    X, W, a, b, c, _ = layer(np.float32)
    assert (np.asarray(two_layer(X, W, a, b, c)) == pyntk.TwoLayer(W, a, b, c).forward(X)).all()


MAPPED = [
    (0, None, None, None, None),
    (None, 0, None, None, None),
    (0, 0, None, None, None),
    (0, None, 0, 0, 0),
    (1, 2, 0, None, None),
]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("axes", MAPPED)
def test_vmap(axes, jit):
    """Outputs and all gradients, whatever is mapped along whichever axis."""
    arrays = layer(np.float64, n=7, m=9)[:5]
    rng = np.random.default_rng(2)
    arrays = [
        array if axis is None else np.stack(list(rng.standard_normal((5, *array.shape))), axis)
        for array, axis in zip(arrays, axes, strict=True)
    ]
    results = []
    for function in (ours, pure):
        mapped = jax.vmap(function, axes)
        gradients = jax.vmap(jax.grad(smooth(function), range(5)), axes)
        of_all = jax.grad(lambda *t, mapped=mapped: smooth(mapped)(*t), range(5))
        calls = [jax.jit(f) if jit else f for f in (mapped, gradients, of_all)]
        results.append([call(*arrays) for call in calls])
    assert_close(*results)


def test_nested_vmap():
    X, W, a, b, c, _ = layer(np.float64, n=7, m=9)
    Ws = np.stack([W, 2 * W, 3 * W])
    results = [
        jax.vmap(lambda W, f=f: jax.vmap(lambda x: f(x[None], W, a, b, c))(X))(Ws)
        for f in (ours, pure)
    ]
    assert results[0].shape == (3, 7, 1, 2)
    assert_close(*results)


def test_vmap_of_the_data_is_one_call(monkeypatch):
    """And of its gradient; the weights' gradients are a call for each batch."""
    X, W, a, b, c, _ = layer(np.float64, n=7, m=9)
    batches, calls, original = np.stack([X] * 5), [], pyntk.passes.kernel
    monkeypatch.setattr(
        pyntk.passes, "kernel", lambda name, backend: calls.append(name) or original(name, backend)
    )
    jax.block_until_ready(jax.vmap(lambda X: ours(X, W, a, b, c))(batches))
    assert calls == ["two_layer_forward"]
    calls.clear()
    jax.block_until_ready(jax.vmap(jax.grad(lambda X: smooth(ours)(X, W, a, b, c)))(batches))
    assert calls == ["two_layer_forward", "two_layer_gradient"]
    calls.clear()
    of_each = jax.vmap(jax.grad(lambda X, W: smooth(ours)(X, W, a, b, c), 1), (0, None))
    jax.block_until_ready(of_each(batches, W))
    assert calls == ["two_layer_forward"] + 5 * ["two_layer_gradient"]


@pytest.mark.parametrize("jit", [False, True])
def test_only_what_is_needed_is_computed(monkeypatch, jit):
    X, W, a, b, c, _ = layer(np.float64)
    calls, original = [], pyntk.passes.kernel
    monkeypatch.setattr(
        pyntk.passes, "kernel", lambda name, backend: calls.append(name) or original(name, backend)
    )
    for of, expected in (
        (0, ["two_layer_gradient"]),
        (1, ["two_layer_gradient"]),
        (2, ["two_layer_forward"]),
        (4, []),
    ):
        gradient = jax.grad(smooth(ours), of)
        calls.clear()
        jax.block_until_ready((jax.jit(gradient) if jit else gradient)(X, W, a, b, c))
        assert calls == ["two_layer_forward", *expected]


def test_a_training_loop_in_one_program():
    """Gradient descent under jit and scan, against the same in JAX's own operations."""
    X, W, a, b, c, _ = layer(np.float64, outputs=None)
    y = np.sign(X[:, 0])

    def trained(function):
        def step(parameters, _):
            loss, gradients = jax.value_and_grad(
                lambda p: 0.5 * ((function(X, *p) - y) ** 2).mean()
            )(parameters)
            moved = jax.tree.map(lambda p, g: p - 0.1 * g, parameters, gradients)
            return moved, loss

        return jax.jit(lambda p: jax.lax.scan(step, p, length=20))((W, a, b, c))

    found, expected = trained(ours), trained(pure)
    assert_close(found, expected)
    assert found[1][-1] < found[1][0] / 2


def test_the_dtype_is_what_jax_promotes_to():
    X, W, a, _, _, _ = layer(np.float32)
    assert two_layer(X, W, a).dtype == np.float32
    assert two_layer(X.astype(float), W, a).dtype == np.float64
    assert two_layer((X > 0).astype(int), W, a).dtype == np.float32
    dW = jax.grad(lambda W: two_layer(X.astype(float), W, a).sum())(jax.numpy.asarray(W))
    assert dW.dtype == np.float32
    jax.config.update("jax_enable_x64", False)
    assert two_layer(X.astype(float), W, a).dtype == np.float32


def test_shapes():
    X, W, a, _, c, _ = layer(np.float64)
    cube = np.stack([X, 2 * X])
    assert two_layer(cube, W, a, c=c).shape == (2, 23, 2)
    assert two_layer(X[0], W, a[:, 0]).shape == ()
    assert (two_layer(cube, W, a)[1] == two_layer(2 * X, W, a)).all()
    gradients = jax.grad(lambda *t: two_layer(*t).sum(), range(3))(X[:0], W, a)
    assert gradients[0].shape == (0, 6)
    assert all((gradient == 0).all() for gradient in gradients[1:])


@pytest.mark.parametrize("zero", [0, 1])
def test_kinks(zero):
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]], np.float32)
    W = np.array([[1.0, -1.0], [0.0, 0.0]], np.float32)
    a = np.array([2.0, 3.0], np.float32)

    def total(*arguments):
        return two_layer(*arguments, scale=1, derivative_at_zero=zero).sum()

    dX, dW, da = jax.grad(total, range(3))(X, W, a)
    assert dX.tolist() == [[2.0 * zero, -2.0 * zero], [2.0 * zero, -2.0 * zero], [2, -2]]
    assert dW.tolist() == [[4.0 + 2 * zero, 2.0 * zero], [9.0 * zero, 3.0 * zero]]
    assert da.tolist() == [2, 0]


def test_calls_that_are_equal_are_compiled_once():
    """Without jit too: else every call would compile, and keep what it compiled."""
    X, W, a, _, _, _ = layer(np.float32)
    gradient = jax.grad(lambda W: two_layer(X, W, a).sum())
    compilations = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, _, **others: compilations.append(event)
    )
    try:
        gradient(W)
        assert any("compile" in event for event in compilations)
        compilations.clear()
        gradient(W)
        assert not any("backend_compile" in event for event in compilations)
    finally:
        jax.monitoring.clear_event_listeners()


def test_second_derivatives_and_forward_mode():
    X, W, a, _, _, _ = layer(np.float64)

    def total(X):
        return two_layer(X, W, a).sum()

    with pytest.raises(NotImplementedError, match="first derivatives alone, in reverse"):
        jax.grad(lambda X: jax.grad(total)(X).sum())(X)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jacfwd(total)(X)


def test_one_cpu():
    """Large arrays that are still being computed when the callback begins, on a single CPU."""
    code = """
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
import jax, jax.numpy as jnp, pyntk.jax
X, W, a = jnp.ones((2000, 784)), jnp.ones((1000, 784)), jnp.ones(1000)
run = jax.jit(lambda X: pyntk.jax.two_layer(X, W, a, scale=1).sum())
for i in range(20):
    both = run(X + i), pyntk.jax.two_layer(X - i, 2 * W, a).sum()
print(float(run(X)))
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120
    )
    assert result.stdout.split() == [str(2000 * 784 * 1000.0)], result.stderr
