"""What ends a training run before its last step: divergence and Ctrl-C."""

import numpy as np
import pytest

import pyntk
from interrupts import assert_prompt, interrupted
from pyntk.activation import leaky_relu
from pyntk.distributions import gaussian

rng = np.random.default_rng(0)
N, D, M, K = 23, 4, 9, 3
X = rng.standard_normal((N, D))
Y = np.sin(X[:, :K])
SQUARES = ("half_squares", "mean_squares")


def network(backend=None, **how):
    draw = np.random.default_rng(1)
    layers = (draw.standard_normal(shape) for shape in ((M, D), (M, K), (M,), (K,)))
    return pyntk.TwoLayer(*layers, backend=backend, **how)


@pytest.mark.parametrize("loss", SQUARES)
def test_on_either_side_of_the_stable_step(backend, loss):
    """A wide network is nearly linear near f = 0: along the largest eigenvector the loss falls for
    0.97 of the stable step and grows for 1.03 of it."""
    U = X / np.linalg.norm(X, axis=1, keepdims=True)
    net = pyntk.TwoLayer.antisymmetric(20_000, D, seed=1, backend=backend)
    eigenvalues, vectors = pyntk.eigh(pyntk.finite_width_gram(U, net.W))
    y = 1e-6 * vectors[:, -1]
    with pytest.raises(pyntk.DivergenceError) as far:
        pyntk.train(net, (U, y), step_size=1e4, steps=1000, loss=loss)
    stable = far.value.stable_step_size
    assert stable == pytest.approx((2 if loss == "half_squares" else N) / eigenvalues[-1], rel=0.01)
    for factor, grows in ((0.97, False), (1.03, True)):
        net = pyntk.TwoLayer.antisymmetric(20_000, D, seed=1, backend=backend)
        how = {"step_size": factor * stable, "steps": 20, "record": {"batch_loss": 1}}
        losses = pyntk.train(net, (U, y), loss=loss, **how).records["batch_loss"].values
        assert (losses[-1] > losses[0]) == grows


@pytest.mark.parametrize("how", [{}, {"batch": 5}, {"trained": "all", "record": {"loss": 1}}])
@pytest.mark.parametrize("loss", SQUARES)
def test_divergence(backend, loss, how):
    """The error has all one needs; the network is put back to the bit."""
    net = network(backend)
    how = {"record": {"batch_loss": 1, "distance": 2}, **how}
    with pytest.raises(pyntk.DivergenceError, match="training diverged: the loss after step") as e:
        pyntk.train(net, (X, Y), step_size=[100.0 + k for k in range(50)], steps=50,
                    loss=loss, **how)  # fmt: skip
    error = e.value
    assert isinstance(error, ArithmeticError)
    assert 0 < error.step < 50
    assert error.step_size == 100 + error.step - 1
    assert f"step {error.step} " in str(error)
    assert f"{error.stable_step_size:.6g}" in str(error)
    assert 0 < error.stable_step_size < 100
    for name in ("W", "b", "a", "c"):
        assert (getattr(net, name) == getattr(network(), name)).all()
    run = error.run
    assert run.steps == error.step
    assert not run.interrupted
    if "loss" in how["record"]:
        assert run.records["loss"].steps.tolist() == list(range(error.step + 1))
        return
    losses = run.records["batch_loss"]
    assert losses.steps.tolist() == list(range(error.step + 1))
    start = max(losses.values[0], 1)
    assert (losses.values[:-1] < 1e7 * start).all()
    assert not losses.values[-1] < 1e4 * start
    assert run.records["distance"].steps.tolist() == list(range(0, error.step + 1, 2))


@pytest.mark.parametrize(
    ("loss", "batch", "step_size", "stable"),
    [
        ("half_squares", None, 3 / 100, 2 / 100),
        ("half_squares", 2, 3 / 2, 2 / 2),
        ("mean_squares", None, 3 / 2, 1),
        ("mean_squares", 1, 3 / 2, 1),
    ],
)
def test_a_million_times_the_start(backend, loss, batch, step_size, stable):
    """f = w, y = 0: w <- -2 w, so that the loss is 4^k times the start: 4^10 > 10^6 > 4^9.

    From w = 0.1 with y = 0.8 it is 0.49 4^k, and the loss of outputs 0 is larger, 0.64: k = 11.
    """
    linear = leaky_relu(1.0)
    net = pyntk.TwoLayer([[1.0]], [1.0], scale=1, activation=linear, backend=backend)
    ones = np.ones((100, 1))
    how = {"step_size": step_size, "steps": 100, "loss": loss, "batch": batch}
    with pytest.raises(pyntk.DivergenceError) as error:
        pyntk.train(net, (ones, np.zeros(100)), **how)
    assert (error.value.step, error.value.step_size) == (10, step_size)
    assert error.value.stable_step_size == pytest.approx(stable, rel=1e-9)
    net.W[:] = 0.1
    with pytest.raises(pyntk.DivergenceError) as error:
        pyntk.train(net, (ones, np.full(100, 0.8)), **how)
    assert error.value.step == 11


def test_divergence_in_the_last_step(backend):
    net = network(backend)
    with pytest.raises(pyntk.DivergenceError) as error:
        pyntk.train(net, (X, Y), step_size=1e8, steps=1)
    assert error.value.step == 1
    assert (net.W == network().W).all()


def test_divergence_beyond_the_range(backend):
    """Infinite and NaN losses, float32."""
    net = pyntk.TwoLayer.small(5, D, std=1, seed=1, dtype=np.float32, backend=backend)
    with pytest.raises(pyntk.DivergenceError, match=r"inf|nan|e\+"):
        pyntk.train(net, (X, X[:, 0]), step_size=1e30, steps=9, trained="all")
    assert np.isfinite(net.W).all()


def test_a_fitted_network_may_fluctuate(backend):
    """Its loss at the start is the rounding of its targets, which is no measure."""
    net = network(backend)
    y = net.forward(X)
    assert pyntk.train(net, (X, y), step_size=1e-3, steps=50, batch=4, loss="mean_squares",
                       temperature=1e-3).steps == 50  # fmt: skip
    zero = pyntk.TwoLayer.antisymmetric(10, D, seed=1, backend=backend)
    assert pyntk.train(zero, (X, np.zeros(N)), step_size=1e-3, steps=50, temperature=1e-3).steps


def test_divergence_on_fresh_samples(backend):
    net = network(backend)
    teacher = gaussian(D, target=lambda X: X[:, :K])
    with pytest.raises(pyntk.DivergenceError) as error:
        pyntk.train(net, teacher, step_size=50.0, steps=1000, loss="mean_squares", batch=2)
    assert 0 < error.value.stable_step_size < 50
    assert (net.W == network().W).all()


LONG_RUNS = {
    "full batch": "net(300, 50), data(400, 50), dict(steps=10**9)",
    "large steps": "net(2000, 200), data(1000, 200), dict(steps=10**9)",
    "mini-batches": "net(200, 100), data(10000, 100), dict(steps=10**9, batch=16, trained='all')",
    "fresh": "net(800, 40), gaussian(40, target=np.ravel_first), dict(steps=10**9)",
    "every step": "net(20, 5), data(30, 5), dict(steps=10**6, record={'distance': 1, 'loss': 1})",
    "progress": "net(20, 5), data(30, 5), dict(steps=10**9, progress=lambda done, total: None)",
}
PROGRAM = """
import sys, time, numpy as np, pyntk
from pyntk.distributions import gaussian
np.ravel_first = lambda X: X[:, 0]
def net(m, d):
    return pyntk.TwoLayer.antisymmetric(m, d, seed=1, backend=sys.argv[1])
def data(n, d):
    X = np.random.default_rng(0).standard_normal((n, d))
    return X, X[:, 0]
net, data, how = CASE
how = {"step_size": 1e-9, "seed": 4, **how}
pyntk.train(net, data, **how | {"steps": 20, "record": {"batch_loss": 1, "distance": 1, "loss": 1}
                               if isinstance(data, tuple) else None})
start = net.W.copy(), net.a.copy()
print("begin", flush=True)
run = pyntk.train(net, data, **how)
print("returned", time.time(), run.interrupted, flush=True)
assert 0 < run.steps < how["steps"], run
for record in run.records.values():
    assert run.steps <= len(record.steps) <= run.steps + 1
after = net.W.copy(), net.a.copy()
net.W, net.a = start
same = dict(how, steps=run.steps, record=None, progress=False)
again = pyntk.train(net, data, **same)
print("same", bool((net.W == after[0]).all() and (net.a == after[1]).all()))
"""


def seconds_until_interrupted(backend, case):
    sent, lines = interrupted(PROGRAM.replace("CASE", case), backend)
    returned, when, stopped = lines[0].split()
    assert (returned, stopped) == ("returned", "True")
    assert lines[1] == "same True"
    return float(when) - sent


@pytest.mark.parametrize("case", LONG_RUNS)
def test_control_c(backend, case):
    """The network is that of run.steps steps."""
    assert_prompt(lambda: seconds_until_interrupted(backend, LONG_RUNS[case]))
