"""pyntk.train: the steps it takes, and that nothing but the seed decides them."""

import threading

import numpy as np
import pytest

import pyntk
from pyntk.activation import leaky_relu
from pyntk.contract import STREAMS
from pyntk.dispatch import kernel
from pyntk.distributions import gaussian, gaussian_mixture, sphere
from pyntk.training import batches, loop

N, D, M, K = 37, 5, 13, 3
PARAMETERS = ("W", "b", "a", "c")


def data(loss="half_squares", outputs=K, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((N, D)).astype(dtype)
    shape = (N,) if outputs is None else (N, outputs)
    if loss == "softmax":
        return X, rng.integers(0, outputs, N)
    Y = rng.standard_normal(shape).astype(dtype)
    return X, (np.sign(Y) if loss == "logistic" else Y)


def network(backend, outputs=K, biases=True, dtype=np.float64, **how):
    rng = np.random.default_rng(1)
    shape = (M,) if outputs is None else (M, outputs)
    c = 0.25 if outputs is None else rng.standard_normal(outputs).astype(dtype)
    return pyntk.TwoLayer(
        rng.standard_normal((M, D)).astype(dtype),
        rng.standard_normal(shape).astype(dtype),
        rng.standard_normal(M).astype(dtype) if biases else None,
        np.asarray(c, dtype) if biases else None,
        backend=backend,
        **how,
    )


def by_hand(net, batches, sizes, *, loss="half_squares", trained="first", weight_decay=0.0):
    """The same steps through loss_and_gradient; the losses of the batches."""
    losses = []
    for (X, y), eta in zip(batches, sizes, strict=True):
        value, gradients = net.loss_and_gradient(X, y, loss=loss, trained=trained)
        losses.append(value)
        for name in PARAMETERS:
            gradient = getattr(gradients, f"d{name}")
            if gradient is not None:
                theta = getattr(net, name)
                setattr(net, name, (1 - eta * weight_decay) * theta - eta * gradient)
    return losses


def assert_same_network(one, other, *, atol=0.0):
    for name in PARAMETERS:
        if getattr(one, name) is None:
            assert getattr(other, name) is None
        else:
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=atol)


# A step's rounding is some u of parameters and gradients of size 1; over ten steps that stay
# bounded it grows to less than this.
ROUNDING = 1e-12


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize(
    ("loss", "outputs"),
    [("half_squares", None), ("mean_squares", K), ("logistic", None), ("softmax", K)],
)
def test_gradient_descent(backend, loss, outputs, trained, biases):
    X, y = data(loss, outputs)
    net, other = (network(backend, outputs, biases) for _ in range(2))
    sizes = np.linspace(0.01, 0.02, 10) / (N if loss == "half_squares" else 1)
    how = {"loss": loss, "trained": trained, "weight_decay": 0.5}
    run = pyntk.train(net, (X, y), step_size=sizes, steps=10, record={"batch_loss": 1}, **how)
    losses = by_hand(other, [(X, y)] * 10, sizes, **how)
    assert (run.net, run.steps, run.interrupted) == (net, 10, False)
    assert_same_network(net, other, atol=ROUNDING)
    np.testing.assert_allclose(run.records["batch_loss"].values, losses, rtol=ROUNDING)


def test_with_replacement(backend):
    """Row numbers floor(u n), u from the stream of batches, a row for each step."""
    X, y = data()
    net, other = network(backend), network(backend)
    how = {"loss": "mean_squares", "trained": "all"}
    pyntk.train(net, (X, y), step_size=0.01, steps=20, batch=4, seed=7, **how)
    U = np.empty((20, 4))
    kernel("random_uniforms", backend)(seed=7, stream=STREAMS["batches"], first=0, threads=1, U=U)
    rows = np.floor(U * N).astype(int)
    by_hand(other, [(X[i], y[i]) for i in rows], [0.01] * 20, **how)
    assert_same_network(net, other, atol=ROUNDING)


def test_without_replacement(backend):
    """Epochs of floor(37 / 8) = 4 batches; the 5 rows that are left over sit out."""
    X, y = data()
    net, other = network(backend), network(backend)
    pyntk.train(net, (X, y), step_size=0.01, steps=10, batch=8, replacement=False, seed=7)
    U = np.empty((3, N))
    kernel("random_uniforms", backend)(seed=7, stream=STREAMS["batches"], first=0, threads=1, U=U)
    rows = U.argsort(axis=1, kind="stable")[:, :32].reshape(-1, 8)[:10]
    assert len(np.unique(rows[:4])) == 32
    by_hand(other, [(X[i], y[i]) for i in rows], [0.01] * 10)
    assert_same_network(net, other, atol=ROUNDING)


DISTRIBUTIONS = {
    "mixture": gaussian_mixture(np.eye(2, D), [1, 0.5], np.eye(2, K), weights=[1, 3]),
    "gaussian": gaussian(D, std=1.5, target=lambda X: X[:, :K]),
    "sphere": sphere(D, radius=2, target=network(None)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("batch", [None, 3])
def test_fresh_samples(backend, name, batch):
    """Step k takes rows k B ... of sample(); by default one."""
    net, other = network(backend), network(backend)
    distribution, size = DISTRIBUTIONS[name], batch or 1
    how = {"loss": "mean_squares", "trained": "all"}
    pyntk.train(net, distribution, step_size=0.01, steps=20, batch=batch, seed=5, **how)
    X, y = distribution.sample(20 * size, seed=5, backend=backend)
    rows = np.arange(20 * size).reshape(20, size)
    by_hand(other, [(X[i], y[i]) for i in rows], [0.01] * 20, **how)
    assert_same_network(net, other, atol=ROUNDING)


HOW = {
    "full batch": {},
    "replacement": {"batch": 4},
    "epochs": {"batch": 8, "replacement": False},
    "fresh": {"data": DISTRIBUTIONS["mixture"], "batch": 3},
    "noise": {"batch": 4, "temperature": 0.01, "weight_decay": 0.1},
}
NOISY = {"loss": "mean_squares", "trained": "all", "step_size": 0.01, "steps": 41, "seed": 3}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", HOW)
def test_nothing_but_the_seed_changes_a_bit(backend, how, dtype, monkeypatch):
    """Neither chunks nor blocks, threads, nor what is recorded."""

    def trained(threads=None, **changes):
        net = network(backend, dtype=dtype, threads=threads)
        arguments = {"data": data(dtype=dtype), **NOISY, **HOW[how], **changes}
        pyntk.train(net, **arguments)
        return net

    net = trained()
    assert net.W.dtype == dtype
    assert_same_network(net, trained(threads=1))
    assert_same_network(net, trained(record={"distance": 1, "weights": [3, 4, 30], "norms": 7}))
    for first, largest in ((1, 1), (3, 7), (1000, 1000)):
        monkeypatch.setattr(loop, "FIRST_CHUNK", first)
        monkeypatch.setattr(loop, "LARGEST_CHUNK", largest)
        assert_same_network(net, trained())
    monkeypatch.setattr(batches, "BLOCK", 1000)
    assert_same_network(net, trained())
    if how != "full batch":
        assert (trained(seed=4).W != net.W).any()


def test_a_run_in_two_halves_of_full_batches(backend):
    """Without batches and noise, steps do not know where the run began."""
    net, other = network(backend), network(backend)
    pyntk.train(net, data(), step_size=1e-3, steps=30)
    for steps in (11, 0, 19):
        pyntk.train(other, data(), step_size=1e-3, steps=steps)
    assert_same_network(net, other)


def test_no_steps(backend):
    net = network(backend)
    run = pyntk.train(net, data(), step_size=1.0, steps=0, record={"loss": 5, "batch_loss": 1})
    assert_same_network(net, network(backend))
    assert run.steps == 0
    assert run.records["loss"].steps.tolist() == [0]
    assert run.records["batch_loss"].values.shape == (0,)


@pytest.mark.parametrize("trained", ["first", "last"])
def test_what_is_not_trained_keeps_its_bits(backend, trained):
    net, before = network(backend), network(backend)
    noise = {"temperature": 0.1, "weight_decay": 0.1}
    pyntk.train(net, data(), step_size=1e-3, steps=5, trained=trained, **noise)
    for name in PARAMETERS:
        same = (getattr(net, name) == getattr(before, name)).all()
        assert same == (name in (("a", "c") if trained == "first" else ("W", "b")))


def test_views_and_places_are_kept(backend):
    net = network(backend)
    W = net.W
    pyntk.train(net, data(), step_size=1e-3, steps=5)
    assert (net.W == W).all()
    assert (W != network(backend).W).any()


def test_the_network_decides_the_precision(backend):
    """Data and targets are rounded to it, and are not changed."""
    X, y = data()
    single = network(backend, dtype=np.float32)
    other = network(backend, dtype=np.float32)
    before = X.copy(), y.copy()
    pyntk.train(single, (X, y), step_size=1e-3, steps=5)
    assert (before[0] == X).all()
    assert (before[1] == y).all()
    pyntk.train(other, (X.astype("f4"), y.astype("f4")), step_size=1e-3, steps=5)
    assert_same_network(single, other)
    assert single.W.dtype == np.float32
    double = network(backend)
    pyntk.train(double, data(dtype=np.float32), step_size=1e-3, steps=5)
    assert double.W.dtype == np.float64


def test_layouts_of_data(backend):
    X, y = data()
    net, other = network(backend), network(backend)
    readonly = np.asfortranarray(X)
    readonly.flags.writeable = False
    pyntk.train(net, (X, y), step_size=1e-3, steps=5)
    pyntk.train(other, [readonly.astype(">f8"), y[::-1][::-1]], step_size=1e-3, steps=5)
    assert_same_network(net, other)


def test_noise_of_two_temperatures(backend):
    """From equal seeds the noise is equal, and grows as sqrt(2 eta temperature)."""
    X, y = data()
    moved = {}
    for temperature in (0.0, 1.0, 4.0):
        net = network(backend)
        pyntk.train(net, (X, y), step_size=1e-3, steps=1, temperature=temperature, seed=2)
        moved[temperature] = net.W.copy()
    noise = moved[1.0] - moved[0.0]
    np.testing.assert_allclose(moved[4.0] - moved[0.0], 2 * noise, rtol=0, atol=1e-14)
    spread = noise.std() / np.sqrt(2e-3)  # of 65 numbers: 1 +- 0.09
    assert 0.7 < spread < 1.3


def test_progress_is_reported(backend):
    seen = []
    net = network(backend)
    report = lambda done, total: seen.append((done, total))  # noqa: E731
    pyntk.train(net, data(), step_size=1e-4, steps=300, progress=report, record={"loss": 50})
    assert seen[-1] == (300, 300)
    assert seen == sorted(seen)
    assert seen.count((300, 300)) == 1


def test_a_bar_is_shown(backend, capsys):
    pyntk.train(network(backend), data(), step_size=1e-4, steps=30, progress=True)
    assert "training" in capsys.readouterr().err


def test_leaky_networks_are_trained_too(backend):
    net, other = (network(backend, activation=leaky_relu(0.1)) for _ in range(2))
    X, y = data()
    pyntk.train(net, (X, y), step_size=1e-3, steps=5, trained="all")
    by_hand(other, [(X, y)] * 5, [1e-3] * 5, trained="all")
    assert_same_network(net, other, atol=ROUNDING)


def test_sixteen_threads_at_once(backend):
    """Promise 18: each trains a network of its own, to the same bits."""
    networks = [network(backend) for _ in range(17)]
    how = {**NOISY, **HOW["noise"], "steps": 200}
    workers = [
        threading.Thread(target=pyntk.train, args=(net, data()), kwargs=how) for net in networks[1:]
    ]
    for worker in workers:
        worker.start()
    pyntk.train(networks[0], data(), **how)
    for worker in workers:
        worker.join()
    for net in networks[1:]:
        assert_same_network(networks[0], net)


def test_the_same_bits_on_all_backends_are_drawn():
    """The random numbers; sums differ in their last places, so the networks do too."""
    networks = {}
    for name, why_not in pyntk.dispatch.available().items():
        if name != "cuda" and why_not is None:
            networks[name] = network(name)
            pyntk.train(networks[name], data(), **{**NOISY, **HOW["noise"]})
    assert "numba" in networks
    for net in networks.values():
        assert_same_network(networks["numba"], net, atol=ROUNDING)
