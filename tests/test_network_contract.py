"""The contract of the two-layer network: backend x kernel x dtype x case x activation.

Against tests/network_reference.py, on inputs that hurt; tolerances are promise 13: (4 + log2 of the
number of terms) u times the size of the terms, and gates are free only where they are unsure.
"""

import numpy as np
import pytest

import network_reference as reference
from bounds import assert_sum, assert_within, unit_roundoff
from cases import NETWORK_CASES, network, random_rows
from pyntk.activation import leaky_relu, piecewise_linear, relu
from pyntk.contract import LOSSES

L = np.longdouble
both_dtypes = pytest.mark.parametrize(
    "dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__
)
RELU = relu()
ACTIVATIONS = {
    "leaky": leaky_relu(0.1),
    "indicator at zero": relu(derivative_at_zero=1),
    "two knots": piecewise_linear([0.5, 1.5], [-2.5, 7.5]),
    "three knots": piecewise_linear([0, 0.5, 1.5], [-2.5, -4, 7.5], slopes=(-0.5, 0.25)),
}
SCALE = 0.3
FEW = ("n=0", "n=13", "m=65", "d=65", "kink")


def calls():
    """Every case for the ReLU with one output; those that hurt for all activations and outputs."""
    every = [(case, "relu", 1) for case in NETWORK_CASES]
    others = [(case, name, k) for case in FEW for name in ACTIVATIONS for k in (1, 3)]
    others += [("extreme norms", "two knots", k) for k in (1, 3)]
    return every + [(case, "relu", k) for case in FEW for k in (2, 9)] + others


every_call = pytest.mark.parametrize(("case", "activation", "outputs"), calls())


def opened(case, activation, outputs, dtype):
    """X, W, A (m, k), G (n, k), sigma."""
    X, W, a, g = NETWORK_CASES[case](dtype)
    A, G = a[:, None], g[:, None]
    if outputs > 1:
        A = random_rows(len(W), outputs, dtype, seed=8)
        G = random_rows(len(X), outputs, dtype, seed=9)
    return X, W, A, G, RELU if activation == "relu" else ACTIVATIONS[activation]


def unsure_gates(case, X, W, sigma, dtype):
    if case == "kink" and sigma.knots == (0.0,):  # small integers: every gate is exact
        return np.zeros((len(X), len(W)), bool)
    return reference.unsure_gates(X, W, sigma, unit_roundoff(dtype))


@every_call
@both_dtypes
def test_two_layer_forward(kernels, dtype, case, activation, outputs):
    X, W, A, _, sigma = opened(case, activation, outputs, dtype)
    inputs = {"X": X, "W": W, "A": A, "activation": sigma, "scale": SCALE, "threads": 2}
    (F,) = kernels.run("two_layer_forward", inputs, {"F": ((len(X), outputs), dtype)})
    exact, size, _ = reference.forward(X, W, A, sigma, SCALE)
    assert_sum(F, exact, size, W.size, dtype)


@every_call
@both_dtypes
def test_two_layer_gradient(kernels, dtype, case, activation, outputs):
    X, W, A, G, sigma = opened(case, activation, outputs, dtype)
    inputs = {"X": X, "W": W, "A": A, "G": G, "activation": sigma, "scale": SCALE, "threads": 2}
    (dW,) = kernels.run("two_layer_gradient", inputs, {"dW": (W.shape, dtype)})
    unsure = unsure_gates(case, X, W, sigma, dtype)
    exact, size, doubt = reference.gradient(X, W, A, G, sigma, SCALE, unsure)
    assert_sum(dW, exact, size, max(len(X), 1) * outputs, dtype, doubt)


def targets(loss, n, k, dtype):
    Y = random_rows(n, k, dtype, seed=10)
    if loss == "logistic":
        return np.where(Y > 0, 1, -1).astype(dtype)
    if loss == "softmax":
        return np.eye(k, dtype=dtype)[np.random.default_rng(11).integers(0, k, n)]
    return Y


def step(kernels, X, W, A, c, Y, sigma, loss, dtype, *, first=True, last=True, threads=2):
    inputs = {
        "X": X, "W": W, "A": A, "c": c, "Y": Y, "activation": sigma, "loss": LOSSES[loss],
        "scale": SCALE, "threads": threads,
    }  # fmt: skip
    outputs = {
        "value": ((1,), np.float64),
        "G": (Y.shape, dtype),
        "dW": ((len(W) if first else 0, W.shape[1]), dtype),
        "dA": ((len(W) if last else 0, A.shape[1]), dtype),
    }
    return kernels.run("two_layer_step", inputs, outputs)


STEPS = [
    *((case, "relu", 1, "half_squares") for case in NETWORK_CASES if case != "extreme norms"),
    *(
        ("n=65", name, k, loss)
        for name in ("relu", *ACTIVATIONS)
        for k in (1, 3)
        for loss in LOSSES
    ),
]


@pytest.mark.parametrize(("case", "activation", "outputs", "loss"), STEPS)
@both_dtypes
def test_two_layer_step(kernels, dtype, case, activation, outputs, loss):
    """G against the loss of the exact outputs; dW and dA against the sums over the G returned."""
    X, W, A, _, sigma = opened(case, activation, outputs, dtype)
    n, u = len(X), unit_roundoff(dtype)
    c, Y = random_rows(1, outputs, dtype, seed=12)[0], targets(loss, n, outputs, dtype)
    value, G, dW, dA = step(kernels, X, W, A, c, Y, sigma, loss, dtype)
    F, size, _ = reference.forward(X, W, A, sigma, SCALE)
    F, size = F + c, size + np.abs(c)
    off = (4 + np.log2(W.size)) * u * size  # of the outputs
    exact, slopes, bend = reference.loss(F, Y, LOSSES[loss])
    spread = off.sum(1, keepdims=True) if loss == "softmax" else off
    assert_within(G, slopes, bend * spread + 4 * u * (np.abs(slopes) + bend), dtype)
    by_slope = (np.abs(slopes) * off).sum() + bend * (off**2).sum()
    tolerance = by_slope + (4 + np.log2(max(n, 1))) * L(2) ** -53 * abs(exact)
    assert abs(L(value[0]) - exact) <= tolerance + L(2) ** -53 * np.abs(F).sum()
    unsure = unsure_gates(case, X, W, sigma, dtype)
    exact, size, doubt = reference.gradient(X, W, A, G, sigma, SCALE, unsure)
    assert_sum(dW, exact, size, max(n, 1) * outputs, dtype, doubt)
    exact, size, _ = reference.second_gradient(X, W, G, sigma, SCALE)
    assert_sum(dA, exact, size, max(X.size, 1), dtype)


@pytest.mark.parametrize("outputs", [1, 3])
@both_dtypes
def test_a_step_computes_what_it_is_asked_for(kernels, dtype, outputs):
    """dW or dA alone have the bits that they have together, and one sample block those of many."""
    X, W, A, _, sigma = opened("n=65", "relu", outputs, dtype)
    c, Y = np.zeros(outputs, dtype), targets("half_squares", len(X), outputs, dtype)
    both = step(kernels, X, W, A, c, Y, sigma, "half_squares", dtype)
    first = step(kernels, X, W, A, c, Y, sigma, "half_squares", dtype, last=False)
    last = step(kernels, X, W, A, c, Y, sigma, "half_squares", dtype, first=False)
    assert (first[2] == both[2]).all()
    assert (last[3] == both[3]).all()
    assert first[0] == last[0] == both[0]
    (dW,) = kernels.run(
        "two_layer_gradient",
        {"X": X, "W": W, "A": A, "G": both[1], "activation": sigma, "scale": SCALE, "threads": 1},
        {"dW": (W.shape, dtype)},
    )
    np.testing.assert_allclose(dW, first[2], rtol=0, atol=1e-5 if dtype == np.float32 else 1e-13)


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("case", NETWORK_CASES)
@both_dtypes
def test_activation_patterns(kernels, dtype, case, right):
    X, W, *_ = NETWORK_CASES[case](dtype)
    n, m = len(X), len(W)
    shape = (n, -(-m // 64))
    inputs = {"X": X, "W": W, "right": right, "threads": 2}
    (P,) = kernels.run("activation_patterns", inputs, {"P": (shape, np.uint64)})
    bits = (P[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).reshape(
        n, shape[1] * 64
    ) == 1
    assert not bits[:, m:].any()
    values, size = reference.preactivations(X, W)
    sure = np.abs(values) > (4 + np.log2(X.shape[1])) * unit_roundoff(dtype) * size
    sure |= (size == 0) | (case == "kink")
    assert (bits[:, :m] == ((values >= 0) if right else (values > 0)))[sure].all()


@pytest.mark.parametrize(("n", "words"), [(0, 3), (1, 1), (33, 2), (500, 17), (3, 130)])
def test_pattern_flips(kernels, n, words):
    rng = np.random.default_rng([n, words])
    P, Q = rng.integers(0, 2**64, (2, n, words), np.uint64)
    inputs = {"P": P, "Q": Q, "threads": 2}
    (flips,) = kernels.run("pattern_flips", inputs, {"flips": ((n,), np.int64)})
    assert flips.tolist() == [
        sum((int(p) ^ int(q)).bit_count() for p, q in zip(*rows, strict=True))
        for rows in zip(P, Q, strict=True)
    ]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", ["relu", "two knots"])
def test_threads_do_not_change_a_bit_of_a_network(kernels, activation, outputs):
    X, W, a, g = network(200, 30, 300, np.float64)
    sigma = RELU if activation == "relu" else ACTIVATIONS[activation]
    A, c = np.repeat(a[:, None], outputs, 1), np.zeros(outputs)
    Y = np.repeat(g[:, None], outputs, 1)
    one, *more = (
        step(kernels, X, W, A, c, Y, sigma, "half_squares", np.float64, threads=threads)
        for threads in (1, 2, 3)
    )
    for many in more:
        assert all((p == q).all() for p, q in zip(one, many, strict=True))
