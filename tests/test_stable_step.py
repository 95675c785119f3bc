"""2 / lambda_max of the Gauss-Newton matrix, for each loss, against the matrix itself."""

import numpy as np
import pytest

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear
from pyntk.training import stable_step
from pyntk.training.trainee import Trainee

rng = np.random.default_rng(0)
N, D, M, K = 23, 4, 9, 3
X = rng.standard_normal((N, D))


def targets(loss):
    return {
        "half_squares": np.sin(X[:, :K]), "mean_squares": np.sin(X[:, :K]),
        "logistic": np.sign(X[:, :K]), "softmax": np.arange(N) % K,
    }[loss]  # fmt: skip


def network(backend=None, **how):
    draw = np.random.default_rng(1)
    layers = (draw.standard_normal(shape) for shape in ((M, D), (M, K), (M,), (K,)))
    return pyntk.TwoLayer(*layers, backend=backend, **how)


def gauss_newton(net, loss, trained):
    """J' H J by complex steps of size 1e-200 in each parameter: exact, given the gates."""
    slopes = lambda P: np.where(P > 0, 1.0, net.activation.slopes[0])  # noqa: E731
    names = {"first": ("W", "b"), "last": ("a", "c"), "all": ("W", "b", "a", "c")}[trained]
    theta = {name: getattr(net, name).astype(complex) for name in ("W", "b", "a", "c")}
    gates = slopes(X @ net.W.T + net.b)

    def outputs():
        return net.scale * ((X @ theta["W"].T + theta["b"]) * gates) @ theta["a"] + theta["c"]

    columns = []
    for name in names:
        for i in np.ndindex(theta[name].shape):
            kept = theta[name][i]
            theta[name][i] = kept + 1e-200j
            columns.append(outputs().imag / 1e-200)
            theta[name][i] = kept
    J, F = np.stack(columns, -1), outputs().real
    if loss == "softmax":
        O = np.exp(F) / np.exp(F).sum(1, keepdims=True)
        H = np.einsum("ik,kl->ikl", O, np.eye(K)) - np.einsum("ik,il->ikl", O, O)
    elif loss == "logistic":
        p = 1 / (1 + np.exp(-F))
        H = np.einsum("ik,kl->ikl", p * (1 - p), np.eye(K))
    else:
        H = np.broadcast_to(np.eye(K) * (N if loss == "half_squares" else 2), (N, K, K))
    return np.einsum("ika,ikl,ilb->ab", J, H, J) / N


LOSSES = ("half_squares", "mean_squares", "logistic", "softmax")


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize("loss", LOSSES)
def test_stable_step_size(loss, trained):
    """Lanczos's recursion ends where its value grows by less than 1e-4 in a step."""
    for activation in (None, leaky_relu(0.3)):
        net = network(activation=activation)
        trainee = Trainee(net, loss, trained)
        largest = np.linalg.eigvalsh(gauss_newton(net, loss, trained))[-1]
        for batch, weight_decay in ((N, 0.0), (2, 5.0)):
            share = batch / N if loss == "half_squares" else 1
            found = stable_step.stable_step_size(
                trainee, trainee.samples(X, targets(loss)), batch, weight_decay
            )
            expected = 2 / (share * largest + weight_decay)
            assert 0.999 * expected < found < 1.01 * expected


def test_sigma_of_many_knots():
    sigma = piecewise_linear([-1, 0.5, 2], [1, -2, 3], slopes=(0.5, -1))
    P = np.array([-3, -1, -0.25, 0.5, 1.25, 2, 4])
    values, slopes = stable_step.sigma(sigma, P)
    assert np.allclose(values, [0, 1, -0.5, -2, 0.5, 3, 1], rtol=1e-14)
    assert np.allclose(slopes, [0.5, 0.5, -2, -2, 10 / 3, 10 / 3, -1])
    right = piecewise_linear(
        [-1, 0.5, 2], [1, -2, 3], slopes=(0.5, -1), derivative_at_knots="right"
    )
    assert np.allclose(stable_step.sigma(right, P)[1], [0.5, -2, -2, 10 / 3, 10 / 3, -1, -1])


def test_blocks_of_neurons_and_fewer_rows(monkeypatch):
    net, y = network(), targets("softmax")
    trainee = Trainee(net, "softmax", "all")
    samples = trainee.samples(X, y)
    whole = stable_step.stable_step_size(trainee, samples, N, 0.0)
    monkeypatch.setattr(stable_step, "BLOCK", 2 * N)
    blocks = stable_step.stable_step_size(trainee, samples, N, 0.0)
    assert blocks == pytest.approx(whole, rel=1e-9)
    monkeypatch.setattr(stable_step, "MOST_ROWS", 10)
    fewer = stable_step.stable_step_size(trainee, samples, N, 0.0)
    part = trainee.samples(X[::3], y[::3])
    assert fewer == pytest.approx(stable_step.stable_step_size(trainee, part, N, 0.0), rel=1e-9)


@pytest.mark.parametrize("d", [3, 300])
def test_some_of_many_neurons(d, monkeypatch):
    """256 of 20,000 neurons, or more, stand for all: off by a few times 1 / sqrt(256)."""
    rows = np.random.default_rng(0).standard_normal((100, d))
    trainee = Trainee(pyntk.TwoLayer.ntk(20_000, d, seed=1), "half_squares", "all")
    samples = trainee.samples(rows, np.ones(100))
    monkeypatch.setattr(stable_step, "MOST_PRODUCTS", 10**12)
    whole = stable_step.stable_step_size(trainee, samples, 100, 0.0)
    monkeypatch.setattr(stable_step, "MOST_PRODUCTS", 100 * 256 * 320)
    some = stable_step.stable_step_size(trainee, samples, 100, 0.0)
    assert some != whole
    assert some == pytest.approx(whole, rel=3 / 16)
