"""The two-layer step: loss and gradient of the first layer beside NumPy, PyTorch and the limit."""

import importlib
from functools import partial

import numpy as np
import numpy_formula
from contenders import absence_of_backend, missing, no_mkl
from measure import Local
from problem import Bound, Contender, Problem, Work

import pyntk
from pyntk.threads import allowed

TORCH = "PyTorch autograd"
STEPS = {(1000, 784, 10_000): 1.3, (4096, 64, 8192): 4.0}
"""Shapes, and how many times as long PyTorch is expected to take."""


def problems(quick):
    shrink = 4 if quick else 1
    return [step(n // shrink, d, m // shrink, faster) for (n, d, m), faster in STEPS.items()]


def step(n, d, m, faster):
    """Forward pass, loss, and the gradient of the first layer."""
    return Problem(
        name=f"loss and gradient, float32, n={n} d={d} m={m}",
        data=partial(network, n, d, m),
        contenders={
            **{f"pyntk {backend}": by_pyntk(backend) for backend in ("cpu", "numba")},
            "NumPy formula": Contender(by_numpy, check_step),
            TORCH: Contender(by_torch, check_step, partial(missing, "torch")),
            "limit: two GEMMs, NumPy's BLAS": Contender(partial(limit, "by_numpy"), check_limit),
            "limit: two GEMMs, MKL": Contender(partial(limit, "by_mkl"), check_limit, no_mkl),
        },
        work=Work(4 * n * d * m, 4 * m * d, "float32"),
        bounds=[
            Bound("pyntk cpu", "times", 1 / faster, TORCH),
            *(Bound(f"pyntk {name}", "extra_bytes", 64 << 20) for name in ("cpu", "numba")),
        ],
    )


def by_pyntk(backend):
    def start(data):
        X, W, a, y = data
        net = pyntk.TwoLayer(W, a, backend=backend)

        def call():
            loss, gradients = net.loss_and_gradient(X, y)
            return loss, gradients.dW

        net.loss_and_gradient(X[:4], y[:4])
        return Local(call)

    return Contender(start, check_step, partial(absence_of_backend, backend))


def by_numpy(data):
    return Local(partial(numpy_formula.loss_and_gradient, *data))


def by_torch(data):
    import torch

    torch.set_num_threads(allowed())
    return Local(importlib.import_module("torch_formula").prepare_step(*data))


def limit(library, data):
    X, W, *_ = data
    return Local(getattr(importlib.import_module("gemm"), library)(X, W))


def check_step(data, runner):
    loss, dW = runner.answer
    exact, gradient = numpy_formula.loss_and_gradient(*(array.astype("float64") for array in data))
    if not abs(loss - exact) <= 1e-5 * exact:
        raise AssertionError(f"loss {loss}, not {exact}")
    close(dW, gradient)


def check_limit(data, runner):
    X, W = (array.astype("float64") for array in data[:2])
    close(runner.answer, W @ (X.T @ X))


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
