"""Several networks at once: the bits of one after another, and how such a call ends early."""

import numpy as np
import pytest

import pyntk
from pretend import recorded
from pretended import pretended_device  # noqa: F401
from pyntk.distributions import gaussian_mixture

RUNS, D = 5, 6
DATA = gaussian_mixture(0, [1.8, 0.2], [1, -1], d=D)
HOW = {
    "step_size": 0.05,
    "steps": 40,
    "loss": "mean_squares",
    "record": {"batch_loss": 1, "norms": 20},
}
EVALUATE = np.ones((3, D)), np.ones(3)


def networks(backend, dtype=np.float32):
    return [
        pyntk.TwoLayer.mean_field(90, D, kappa=0.4, seed=seed, dtype=dtype, backend=backend)
        for seed in range(RUNS)
    ]


@pytest.mark.parametrize("at_once", [None, 1, 3, 40])
def test_the_bits_of_one_after_another(backend, at_once):
    seeds = [7, 1, 2**40, 3, 7]
    together, apart = networks(backend), networks(backend)
    runs = pyntk.train_replicas(
        together, DATA, seeds=seeds, at_once=at_once, evaluate=EVALUATE, **HOW
    )
    for run, net, other, seed in zip(runs, together, apart, seeds, strict=True):
        expected = pyntk.train(other, DATA, seed=seed, evaluate=EVALUATE, **HOW)
        assert run.net is net
        assert run.steps == 40
        assert not run.interrupted
        assert (net.W == other.W).all()
        for name, record in expected.records.items():
            assert (run.records[name].values == record.values).all()


def test_seeds_are_counted_from_zero(backend):
    together, apart = networks(backend), networks(backend)
    pyntk.train_replicas(together, DATA, evaluate=EVALUATE, **HOW)
    for seed, (net, other) in enumerate(zip(together, apart, strict=True)):
        pyntk.train(other, DATA, seed=seed, evaluate=EVALUATE, **HOW)
        assert (net.W == other.W).all()


def test_progress_counts_the_steps_of_all():
    seen = []
    pyntk.train_replicas(
        networks("cpu"), DATA, evaluate=EVALUATE, progress=lambda *share: seen.append(share), **HOW
    )
    assert seen[-1] == (40 * RUNS, 40 * RUNS)
    assert seen == sorted(seen)


def test_an_interrupt_returns_what_there_is():
    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt

    nets = networks("cpu")
    before = [net.W.copy() for net in nets]
    runs = pyntk.train_replicas(
        nets, DATA, at_once=2, evaluate=EVALUATE, progress=interrupt, **{**HOW, "steps": 10**8}
    )
    assert len(runs) == RUNS
    assert all(run.interrupted for run in runs)
    assert runs[0].steps > 0
    assert runs[-1].steps == 0
    assert (before[-1] == nets[-1].W).all()


def test_a_divergence_ends_all_and_says_whose():
    nets = networks("cpu")
    nets[2].W *= 1e4
    nets[2].a *= 1e4
    before = nets[2].W.copy()
    with pytest.raises(pyntk.DivergenceError) as caught:
        pyntk.train_replicas(nets, DATA, at_once=RUNS, evaluate=EVALUATE, **{**HOW, "steps": 10**8})
    assert caught.value.__notes__ == [f"this was network 2 of {RUNS}"]
    assert (before == nets[2].W).all()


@pytest.mark.parametrize("threads", [None, 2])
def test_the_threads_of_a_network_are_its_own_again(threads):
    net = pyntk.TwoLayer.mean_field(90, D, threads=threads)
    before = net._threads
    pyntk.train_replicas([net], DATA, evaluate=EVALUATE, **HOW)
    assert net._threads == before


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"seeds": [1]}, ValueError, "seeds must be one for each of 5 networks, not 1"),
        ({"seeds": range(-1, 4)}, ValueError, "seed must be 0 to"),
        ({"at_once": 0}, ValueError, "at_once must be"),
        ({"steps": 1.5}, TypeError, "steps must be an integer"),
        ({"progress": 3}, TypeError, "progress must be"),
        ({"step_size": -1.0}, ValueError, "step_size"),
    ],
)
def test_bad_input(change, error, message):
    nets = networks("cpu")
    before = [net.W.copy() for net in nets]
    with pytest.raises(error, match=message):
        pyntk.train_replicas(nets, DATA, **{**HOW, "evaluate": EVALUATE, **change})
    assert all((net.W == W).all() for net, W in zip(nets, before, strict=True))


def test_what_is_no_network_and_a_network_twice():
    nets = networks("cpu")
    with pytest.raises(TypeError, match=r"nets must be of pyntk\.TwoLayer, not list"):
        pyntk.train_replicas([nets], DATA, **HOW)
    with pytest.raises(ValueError, match="one is there twice"):
        pyntk.train_replicas([nets[0], nets[0]], DATA, **HOW)
    assert pyntk.train_replicas([], DATA, **HOW) == []


def test_each_on_a_stream_of_the_device(device):
    how = {"step_size": 0.05, "steps": 3, "loss": "mean_squares"}
    together, apart = (
        [pyntk.TwoLayer.mean_field(33, D, seed=seed, backend="cuda") for seed in range(3)]
        for _ in range(2)
    )
    with recorded() as seen:
        runs = pyntk.train_replicas(together, DATA, **how)
        of_networks = [device.asnumpy(net.W) for net in together]
    assert not seen.races
    assert (
        len({launch.stream for launch in seen.kernels if launch.name == "two_layer_descent"}) == 3
    )
    for seed, (run, W, net) in enumerate(zip(runs, of_networks, apart, strict=True)):
        pyntk.train(net, DATA, seed=seed, **how)
        assert run.steps == 3
        assert (device.asnumpy(net.W) == W).all()
