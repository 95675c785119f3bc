"""The training runs of the five sources, small: what is known of them comes out.

The bounds are those of the sources' theory and of independent simulations, not of this library.
"""

import numpy as np
import pytest
from scipy.stats import spearmanr

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear
from pyntk.distributions import gaussian_mixture
from pyntk.schedule import inverse_width, mean_field


@pytest.fixture
def backend():
    """The default one: the contract holds the backends to one another."""


def test_training_speed_of_arora_et_al(backend):
    """Theorem 4.1, random labels: |y - u(k)| is that of (I - eta H)^k y within .015 |y|.

    A kernel that is wrong by a factor of two is off by .16 and more.
    """
    rng = np.random.default_rng(0)
    X = rng.standard_normal((100, 50))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    y = rng.choice([-1.0, 1.0], 100)
    eigenvalues, V = pyntk.eigh(pyntk.ntk_gram(X))
    eta = 1 / eigenvalues[-1]
    net = pyntk.TwoLayer.antisymmetric(4096, 50, seed=1, derivative_at_zero=1, backend=backend)
    run = pyntk.train(net, (X, y), step_size=eta, steps=200,
                      record={"residual": 1, "distance": 1})  # fmt: skip
    k = np.arange(201)[:, None]
    shrunk = (1 - eta * eigenvalues) ** k
    predicted = np.linalg.norm(shrunk * (V.T @ y), axis=1)
    measured = np.linalg.norm(run.records["residual"].values, axis=1)
    assert np.abs(measured - predicted).max() <= 0.015 * np.linalg.norm(y)
    distance = np.sqrt(((1 - shrunk) ** 2 / eigenvalues * (V.T @ y) ** 2).sum(1))
    found = run.records["distance"].values.frobenius
    np.testing.assert_allclose(found[1:], distance[1:], rtol=0.02)


def clusters(n, rng, d=100, classes=10, components=2):
    means = 5 * d**-0.5 * rng.standard_normal((classes * components, d))
    mixture = gaussian_mixture(means, d**-0.5, np.arange(len(means)) % classes)
    X, y = mixture.sample(n, seed=int(rng.integers(2**32)))
    return X / np.linalg.norm(X, axis=1, keepdims=True), y


def test_clusters_of_li_and_liang(backend):
    """Wider moves less, flips fewer, needs no more steps; the update has rank k l = 20."""
    X, y = clusters(2000, np.random.default_rng(1))
    flips = {}
    for m in (500, 2000, 8000):
        net = pyntk.TwoLayer.clustered(m, 100, 10, seed=2, backend=backend)
        start = net.W.copy()
        run = pyntk.train(
            net, (X[:1000], y[:1000]), loss="softmax", step_size=inverse_width(10), steps=400,
            batch=16, record={"flips": [400], "distance": [400], "outputs": [400]},
            evaluate=X[1000:],
        )  # fmt: skip
        records = {name: record.values for name, record in run.records.items()}
        assert (records["outputs"][0].argmax(1) == y[1000:]).mean() >= 0.99
        flips[m] = records["flips"][0]
        # |W(0)| is sqrt(d): the bounds [1.25, 1.6] for d = 1000, scaled.
        moved = records["distance"].relative[0] * np.sqrt(m) * np.sqrt(100 / 1000)
        assert 1.25 <= moved <= 1.6
        values = np.linalg.svd(net.W - start, compute_uv=False)
        assert values[19] > 0.15 * values[0]
        assert values[20] < 0.1 * values[19]
    for m in (500, 2000):
        assert 1.6 <= flips[m] / flips[4 * m] <= 2.4


def teacher(rng, p=1.0):
    """Tian's recon_two_layer: entries in quarters, unit rows, fan-out (i + 1)^-p."""
    quarters = np.arange(-4, 5) / 4
    W = rng.choice(quarters, (5, 100))
    W /= np.linalg.norm(W, axis=1, keepdims=True)
    a = rng.choice(quarters, (5, 50)) / np.arange(1, 6)[:, None] ** p
    return pyntk.TwoLayer(W, a, np.full(5, -0.1), np.full(50, -0.1), scale=1)


def best_correlations(teacher, students, X):
    """Over the students, of activations on X: (records, teachers)."""
    T = np.maximum(X @ teacher.W.T + teacher.b, 0)
    T = (T - T.mean(0)) / T.std(0)
    best = []
    for W, b in zip(students.W, students.b, strict=True):
        S = np.maximum(X @ W.T + b, 0)
        S -= S.mean(0)
        best.append((T.T @ (S / (np.sqrt((S * S).sum(0) * len(X)) + 1e-10))).max(1))
    return np.array(best)


def test_strong_teachers_are_learnt_first(backend):
    """Tian, 5 teachers of strength 1/i, 10 students, 1000 samples, 40 epochs of 100 steps."""
    epochs, rng = [], np.random.default_rng(5)
    X = 1.5 * rng.standard_normal((32, 1000, 100))
    evaluation = 1.5 * rng.standard_normal((2000, 100))
    for seed in range(32):
        of_teacher = teacher(rng)
        net = pyntk.TwoLayer.small(10, 100, 50, std=0.005, seed=seed, biases=True, c=np.zeros(50),
                                   backend=backend)  # fmt: skip
        net.b[:] = 0
        run = pyntk.train(
            net, (X[seed], of_teacher.forward(X[seed])), trained="all", batch=16, seed=seed,
            step_size=0.01 / 16, steps=4000, record={"weights": 100},
        )  # fmt: skip
        found = best_correlations(of_teacher, run.records["weights"].values, evaluation) > 0.9
        epochs.append(np.where(found.any(0), found.argmax(0), 41))
    epochs = np.array(epochs)
    assert (np.diff(np.median(epochs, axis=0)) > 0).all()
    assert np.mean([spearmanr(range(5), row)[0] for row in epochs]) >= 0.88
    hits = (epochs < 41).mean(0)
    assert hits[0] == 1
    assert hits[4] >= 0.6


def risk(net, Delta, seed=9):
    """On 2e4 samples per class, about."""
    mixture = gaussian_mixture(0, [1 + Delta, 1 - Delta], [1.0, -1.0], d=net.W.shape[1])
    X, y = mixture.sample(40_000, seed=seed)
    return ((net.forward(X) - y) ** 2).mean()


@pytest.mark.parametrize(
    ("kappa", "risks", "radii"), [(0.1, (7.2, 7.4), (0, 0.02)), (0.4, (2.4, 3.0), (0.8, 0.88))]
)
def test_example_3_of_mei_et_al(backend, kappa, risks, radii):
    """A bad start stays stuck at risk 7.25; without the factor 2 the median radius is .66."""
    sigma = piecewise_linear([0, 0.5, 1.5], [-2.5, -4, 7.5])
    net = pyntk.TwoLayer.mean_field(200, 100, kappa=kappa, seed=1, activation=sigma,
                                    backend=backend)  # fmt: skip
    samples = gaussian_mixture(0, [1.5, 0.5], [1, -1], d=100)
    run = pyntk.train(net, samples, loss="mean_squares", step_size=mean_field(1e-6), steps=50_000,
                      record={"norms": [50_000]})  # fmt: skip
    assert risks[0] <= risk(net, 0.5) <= risks[1]
    assert radii[0] <= run.records["norms"].values[0, 1] <= radii[1]


def test_example_1_of_mei_et_al(backend):
    """SGD against the limiting equation at t = .1 and 1: risk within .03, radius within 1.5 %."""
    sigma = piecewise_linear([0.5, 1.5], [-2.5, 7.5])
    samples = gaussian_mixture(0, [1.8, 0.2], [1, -1], d=40)
    for steps, of_limit, radius in ((10_000, 1.2094, 1.108), (100_000, 1.0483, 1.501)):
        net = pyntk.TwoLayer.mean_field(800, 40, kappa=0.8, seed=1, activation=sigma,
                                        dtype=np.float32, backend=backend)  # fmt: skip
        run = pyntk.train(net, samples, loss="mean_squares", step_size=mean_field(1e-5, -0.25),
                          steps=steps, record={"norms": [steps]})  # fmt: skip
        assert abs(risk(net, 0.8) - of_limit) <= 0.03
        assert run.records["norms"].values[0, 1] == pytest.approx(radius, rel=0.015)


def test_noisy_sgd_has_the_gibbs_measure(backend):
    """sigma_* = theta: variance 1 / (beta lambda); noise of variance 2 s / beta would give half."""
    beta, decay, s, m = 2.0, 1.0, 2e-3, 20_000
    net = pyntk.TwoLayer(np.zeros((m, 1)), np.ones(m), scale=1 / m, activation=leaky_relu(1.0),
                         backend=backend)  # fmt: skip
    pyntk.train(net, ([[1.0]], [0.0]), loss="mean_squares", step_size=mean_field(s), steps=2000,
                weight_decay=2 * decay / m, temperature=2 / (beta * m), seed=3)  # fmt: skip
    assert net.W.var() * beta * decay == pytest.approx(1, abs=0.03)
