"""The two-layer step and the finite-width Gram beside NumPy."""

from functools import partial

import numpy as np
import numpy_formula
from contenders import absence_of_backend
from measure import Local
from problem import Contender, Problem, Work

import pyntk

STEPS = [(1000, 784, 4096), (4096, 64, 4096)]
WIDTH_OF_GRAM = (1000, 64, 8192)


def problems(quick):
    shrink = 4 if quick else 1
    return [
        *(step(n // shrink, d, m // shrink) for n, d, m in STEPS),
        finite_width(WIDTH_OF_GRAM[0] // shrink, *WIDTH_OF_GRAM[1:]),
    ]


def step(n, d, m):
    """Forward pass, loss, and the gradient of the first layer."""
    contenders = {f"pyntk {backend}": by_pyntk(backend) for backend in ("cpu", "numba")}
    return Problem(
        name=f"loss and gradient, float32, n={n} d={d} m={m}",
        data=partial(network, n, d, m),
        contenders={**contenders, "NumPy formula": Contender(by_numpy, check_step)},
        work=Work(4 * n * d * m, 4 * m * d, "float32"),
    )


def by_pyntk(backend):
    def start(data):
        X, W, a, y = data
        net = pyntk.TwoLayer(W, a, backend=backend)

        def call():
            loss, (dW, *_) = net.loss_and_gradient(X, y)
            return loss, dW

        net.loss_and_gradient(X[:4], y[:4])
        return Local(call)

    return Contender(start, check_step, partial(absence_of_backend, backend))


def by_numpy(data):
    return Local(partial(numpy_formula.loss_and_gradient, *data))


def check_step(data, runner):
    loss, dW = runner.answer
    exact, gradient = numpy_formula.loss_and_gradient(*(array.astype("float64") for array in data))
    if not abs(loss - exact) <= 1e-5 * exact:
        raise AssertionError(f"loss {loss}, not {exact}")
    close(dW, gradient)


def finite_width(n, d, m):
    def start(backend, data):
        X, W, *_ = data
        pyntk.finite_width_gram(X[:4], W, backend=backend)
        return Local(partial(pyntk.finite_width_gram, X, W, backend=backend))

    def check(data, runner):
        X, W = (array.astype("float64") for array in data[:2])
        close(runner.answer, numpy_formula.finite_width_gram(X, W))

    contenders = {
        f"pyntk {backend}": Contender(
            partial(start, backend), check, partial(absence_of_backend, backend)
        )
        for backend in ("cpu", "numba")
    }
    contenders["NumPy formula"] = Contender(
        lambda data: Local(partial(numpy_formula.finite_width_gram, *data[:2])), check
    )
    return Problem(
        f"finite-width Gram, float32, n={n} d={d} m={m}", partial(network, n, d, m), contenders
    )


def network(n, d, m):
    """Rows, first layer, second layer, labels."""
    rng = np.random.default_rng(0)
    X, W = (rng.standard_normal(shape).astype(np.float32) for shape in ((n, d), (m, d)))
    return X, W, rng.choice([-1, 1], m).astype(np.float32), np.sign(X[:, 0])


def close(result, expected):
    """Up to the few gates of w.x near 0 that float32 sets otherwise."""
    error = np.linalg.norm(result - expected) / np.linalg.norm(expected)
    if not error < 1e-3:
        raise AssertionError(f"relative error {error:.3g}")


def test_network(compete):
    compete()
