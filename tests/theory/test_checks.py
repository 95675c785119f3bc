"""Every check fails where its claim is false: a check that cannot fail says nothing."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.data import sphere
from pyntk.theory import Check
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora import noise as generalisation
from pyntk.theory.arora.speed import distance_limit
from pyntk.theory.patterns import Movement, movement
from pyntk.theory.rows import angles, clean
from pyntk.theory.training import TrainingRun, train

X = sphere(60, 10, 0).X
Y = sphere(60, 10, 0).y
H = pyntk.ntk_gram(X)
EIGENVALUES, VECTORS = pyntk.eigh(H)


@pytest.fixture(scope="module")
def run():
    network = pyntk.TwoLayer.antisymmetric(2048, 10, seed=1)
    return train(network, X, Y, eta=1 / EIGENVALUES[-1], steps=30)


@pytest.fixture(scope="module")
def curve():
    """Two clusters: labels as easy as those of the digits."""
    generator = np.random.default_rng(0)
    y = generator.choice([-1.0, 1.0], 200)
    Z = 0.5 * generator.standard_normal((200, 10))
    Z[:, 0] += 2 * y
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    K = pyntk.ntk_gram(Z)
    return generalisation.noise_curve(
        K[:100, :100], K[100:, :100], y[:100], y[100:], generator=generator
    )


def test_trace():
    assert du.trace(H, 10).holds
    assert not du.trace(2 * H, 10).holds


def test_least_eigenvalue():
    assert du.least_eigenvalue(EIGENVALUES, 0.1, 0).holds
    linear = np.linalg.eigvalsh(X @ X.T)  # rank 10 of 60
    assert du.least_eigenvalue(linear, 0.1, 0).holds is False
    antipodal = du.least_eigenvalue(EIGENVALUES, 0.0, 3)
    assert antipodal.holds is None
    assert "not met" in antipodal.condition


def test_concentration():
    W = np.random.default_rng(0).standard_normal((5000, 10))
    H0 = pyntk.finite_width_gram(X, W)
    assert du.concentration(H0, H, 5000, 0.01).holds
    assert not du.concentration(H0, H / 2, 5000, 0.01).holds
    assert not du.concentration(H0, H + pyntk.ntk_gram(X, trained="last"), 5000, 0.01).holds


def test_linear_rate(run):
    eta = 1 / EIGENVALUES[-1]
    assert du.linear_rate(run, eta, EIGENVALUES[0], "true").holds
    assert not du.linear_rate(run, eta, EIGENVALUES[-1], "true").holds
    assert du.linear_rate(run, eta, 0.0, "true").holds is None


def test_too_large_a_step():
    """Beyond 2/lambda_max gradient descent leaves the linear rate."""
    eta = 2.5 / EIGENVALUES[-1]
    wild = train(pyntk.TwoLayer.antisymmetric(2048, 10, seed=1), X, Y, eta=eta, steps=30)
    assert not du.linear_rate(wild, eta, EIGENVALUES[0], "true").holds


def test_the_native_run_is_the_loop():
    """The same run by a loop over loss_and_gradient, to rounding."""
    eta, d = 1 / EIGENVALUES[-1], 10
    networks = [pyntk.TwoLayer.antisymmetric(512, d, seed=3) for _ in range(2)]
    found = train(networks[0], X, Y, eta=eta, steps=20, samples=5, keep_weights=True)
    W = networks[1].W
    start = W.copy()
    for k in range(21):
        loss, gradients = networks[1].loss_and_gradient(X, Y)
        moved = np.linalg.norm(W - start, axis=1)
        assert found.residual[k] == pytest.approx(np.sqrt(2 * loss), rel=1e-12)
        assert found.distance[k] == pytest.approx(np.linalg.norm(moved), rel=1e-12, abs=1e-15)
        assert found.moved[k] == pytest.approx(moved.max(), rel=1e-12, abs=1e-15)
        if k in found.recorded:
            at = found.recorded.tolist().index(k)
            assert found.movements[at] == movement(start, found.weights[at], X)
            np.testing.assert_allclose(found.weights[at], W, rtol=1e-10, atol=1e-13)
        if k in found.sampled:
            errors = found.errors[found.sampled.tolist().index(k)]
            np.testing.assert_allclose(errors, networks[1].forward(X) - Y, atol=1e-12)
        W -= eta * gradients.dW
    assert found.recorded[-1] == found.sampled[-1] == 20
    assert found.sampled[0] == 0
    assert found.diverged is None


def test_a_run_that_diverges():
    """What was reached is there, the rest is NaN; the checks do not hold, or say nothing."""
    network = pyntk.TwoLayer.antisymmetric(256, 10, seed=1)
    start = network.W.copy()
    wild = train(network, X, Y, eta=50 / EIGENVALUES[-1], steps=30, samples=4)
    assert wild.diverged is not None
    assert (start == network.W).all()
    assert len(wild.residual) == len(wild.distance) == 31
    assert np.isnan(wild.distance[-1])
    assert not du.linear_rate(wild, 1.0, 0.1, "true").holds
    nothing = replace(wild, movements=())
    assert du.flip_share(nothing, 1.0, 60, 128, 0.01, "true").holds is None
    assert du.flip_rule(nothing, "true").holds is None


def test_large_weights_are_looked_at_less_often(monkeypatch):
    module = importlib.import_module("pyntk.theory.training")
    network = pyntk.TwoLayer.antisymmetric(64, 10, seed=1)
    monkeypatch.setattr(module, "KEPT_BYTES", 3 * network.W.nbytes)
    thinned = train(network, X, Y, eta=0.01, steps=20)
    assert thinned.recorded.tolist() == [1, 4, 20]
    thinned = train(network, X, Y, eta=0.01, steps=20, records=[5, 10, 15, 20])
    assert thinned.recorded.tolist() == [10, 20]
    none = train(network, X, Y, eta=0.01, steps=20, records=0, distances=False)
    assert none.movements == ()
    assert np.isnan(none.distance).all()


def test_movements_block_by_block(monkeypatch):
    module = importlib.import_module("pyntk.theory.patterns")
    generator = np.random.default_rng(2)
    W0 = generator.standard_normal((500, 10))
    W = W0 + 0.3 * generator.standard_normal((500, 10))
    moved = 0.1 * np.linalg.norm(W - W0, axis=1)
    whole = movement(W0, W, X, moved=moved)
    monkeypatch.setattr(module, "PRODUCTS", 60 * 70)
    assert movement(W0, W, X, moved=moved) == whole


def test_flip_share(run):
    assert du.flip_share(run, 1.0, 60, 1024, 0.01, "true").holds
    claimed = tuple(replace(record, flips=0.9) for record in run.movements)
    assert not du.flip_share(replace(run, movements=claimed), 1.0, 60, 1024, 0.01, "true").holds
    far = tuple(replace(record, largest=5.0) for record in run.movements)
    vacuous = du.flip_share(replace(run, movements=far), 1.0, 60, 1024, 0.01, "true")
    assert vacuous.holds is None
    assert "vacuous" in vacuous.condition


def test_flip_rule():
    """Half of the true movement no longer explains the flips."""
    generator = np.random.default_rng(2)
    W0 = generator.standard_normal((500, 10))
    W = W0 + 0.3 * generator.standard_normal((500, 10))
    honest = movement(W0, W, X)
    assert honest.flips > 0.01
    assert honest.violations == 0
    moved = np.linalg.norm(W - W0, axis=1)
    assert honest.largest == pytest.approx(moved.max())
    short = movement(W0, W, X, moved=0.1 * moved)
    assert short.violations > 0
    one = np.ones(1)
    recorded = TrainingRun(np.arange(2), one, one, np.arange(1), (short,))
    assert du.flip_rule(recorded, "true").holds is False


def test_flip_rule_on_the_edge():
    """Rows orthogonal to a neuron up to rounding: the sign is rounding, and no violation."""
    X = np.array([[1.0, 1.0, 1.0]]) / np.sqrt(3)
    W0 = np.array([[1.0, -1.0 / 3, -2.0 / 3]])
    W = W0 * (1 + 2.0**-52)
    assert movement(W0, W, X) == Movement(
        largest=float(np.linalg.norm(W - W0)),
        flips=float((X @ W0.T > 0).item() != (X @ W.T > 0).item()),
        violations=0,
    )


def test_distance_limit(run):
    assert distance_limit(run, 100.0, 0.1, "true", "").holds
    assert not distance_limit(run, 0.01, 0.1, "true", "").holds
    assert distance_limit(run, None, 0.1, "true", "singular").holds is None


def test_generalisation_checks(curve):
    assert generalisation.random_labels_cost_more(curve, H).holds
    assert generalisation.error_below_bound(curve).holds
    assert generalisation.rise_together(curve).holds
    backwards = replace(curve, complexity=curve.complexity[::-1])
    assert not generalisation.random_labels_cost_more(backwards, H).holds
    assert not generalisation.rise_together(backwards).holds
    wrong = replace(curve, error=np.ones_like(curve.error))
    assert not generalisation.error_below_bound(wrong).holds
    vacuous = generalisation.error_below_bound(replace(curve, complexity=2 + curve.complexity))
    assert vacuous.holds is None
    assert "vacuous" in vacuous.condition


def test_json_of_a_check():
    check = Check("c", "s", "", np.float64(1), float("nan"), float("inf"), np.bool_(False))
    assert json.loads(json.dumps(check.to_dict(), allow_nan=False)) == {
        "claim": "c",
        "source": "s",
        "condition": "",
        "predicted": 1.0,
        "measured": None,
        "bound": None,
        "holds": False,
    }


def test_clean():
    rows = [[1, 2, 3], [0, 0, 0], [0.1, 0.2, 0.3], [-1, -2, -3], [3, 2, 1], [1e300, 2e300, 3e300]]
    found = clean(rows, [1, 1, -1, 1, -1, 1])
    assert (found.zero, found.duplicates, found.conflicting) == (1, 2, 1)
    np.testing.assert_allclose(np.linalg.norm(found.X, axis=1), 1)
    assert found.y.tolist() == [1, 1, -1]
    close = angles(found.X)
    assert (close.near_parallel, close.antipodal) == (0, 1)
    assert close.least < 1e-15


def test_near_parallel():
    t = 1e-9
    found = clean([[1, 0], [np.cos(t), np.sin(t)], [0, 1]], [1, -1, 1])
    assert found.duplicates == 0
    close = angles(found.X)
    assert close.near_parallel == 1
    assert close.least == pytest.approx(t, rel=1e-6)


def test_no_close_rows():
    assert angles(np.eye(3)).least == pytest.approx(np.pi / 2)
    assert angles(np.array([[1.0, 0.0], [0.6, 0.8]])).least == pytest.approx(np.arccos(0.6))


@pytest.mark.parametrize(
    ("rows", "labels", "error", "words"),
    [
        ([[1.0, np.nan]], [1], ValueError, r"X\[0, 1\] is nan"),
        ([[1.0, 2.0]], [np.inf], ValueError, r"y\[0\] is inf"),
        ([[1.0, 2.0]], [0], ValueError, r"\+1 and -1 only, not 0"),
        ([[1.0, 2.0]], [1, -1], ValueError, "one label per row"),
        ([1.0, 2.0], [1, -1], ValueError, "X must have 2 dimension"),
        ([[], []], [1, -1], ValueError, "d >= 1"),
        ([["a", "b"]], [1], TypeError, "X must hold real numbers"),
        ([[1j, 2]], [1], TypeError, "X must hold real numbers"),
        ([[1.0, 2.0]], None, TypeError, "y must hold real numbers"),
    ],
)
def test_bad_rows(rows, labels, error, words):
    with pytest.raises(error, match=words):
        clean(rows, labels)
