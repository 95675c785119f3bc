"""The distance to initialisation: its closed form, its bound, and the sequence of the proof."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import distance_to_initialisation, speed
from pyntk.theory.arora.lazy_run import pose, train_lazily
from pyntk.theory.watch import Watch

routine = importlib.import_module("pyntk.theory.arora.distance_to_initialisation")
HOW = {"backend": None, "threads": None}
ONE = {"labels": "random"}


@pytest.fixture(scope="module")
def report():
    return distance_to_initialisation()


@pytest.fixture(scope="module")
def problem():
    return pose("sphere", 100, seed=0, how=HOW)


@pytest.fixture(scope="module")
def lazy(problem):
    return train_lazily(
        problem, "random", width=4096, eta=1 / problem.lambda_max, steps=100, seed=0,
        start="antisymmetric", how=HOW, watch=Watch(), records=0,
    )  # fmt: skip


def test_it_holds(report):
    assert report.holds, report.summary()
    assert [check.holds for check in report.checks] == [True] * 6


def test_within_two_percent_at_every_step(report, problem):
    for kind in ("true", "random"):
        distance, predicted = (
            report.series[f"{what}_{kind}"] for what in ("distance", "predicted")
        )
        assert np.abs(distance[1:] / predicted[1:] - 1).max() <= 0.02
        y = problem.labels(kind, 0)
        limit = np.sqrt(y @ np.linalg.solve(problem.H, y))
        assert report.series[f"limit_{kind}"][0] == pytest.approx(limit, rel=1e-9)
        assert distance.max() <= limit * 1.02
        assert predicted[-1] == pytest.approx(limit, rel=1e-6)
        assert report.series[f"limit_at_start_{kind}"][0] == pytest.approx(limit, rel=0.03)


def test_other_starts():
    assert distance_to_initialisation(start="plain", **ONE).holds
    assert distance_to_initialisation(seed=3, **ONE).holds


@pytest.mark.parametrize("mutant", ["2H", "H/2", "H + S"])
def test_a_wrong_kernel_is_seen(problem, lazy, mutant):
    S = pyntk.ntk_gram(problem.X, trained="last")
    wrong = {"2H": 2 * problem.H, "H/2": problem.H / 2, "H + S": problem.H + S}[mutant]
    eigenvalues, V = pyntk.eigh(wrong)
    predicted = speed.predicted_distance(eigenvalues, V.T @ lazy.initial, lazy.eta, lazy.run.steps)
    assert speed.distance(lazy.run, lazy.distance, 0.02, "", "").holds is True
    assert speed.distance(lazy.run, predicted, 0.02, "", "").holds is False
    if mutant == "2H":  # a bound that is sqrt(2) too small
        limit, _ = routine.norm_of_labels(wrong, lazy.initial)
        assert speed.distance_limit(lazy.run, limit, 0.02, "", "").holds is False


def test_the_auxiliary_sequence_by_training_it():
    """W~ is a linear model with inputs Z_i: a network of one neuron whose activation is x.

    Its distance follows the closed form of H(0) at every step, to its limit, which the routine
    forms by one gradient.
    """
    problem = pose("sphere", 30, seed=0, how=HOW)
    lazy = train_lazily(
        problem, "random", width=64, eta=1 / problem.lambda_max, steps=1, seed=0,
        start="antisymmetric", how=HOW, watch=Watch(), records=0,
    )  # fmt: skip
    W, X = lazy.start.astype(np.float64), problem.X
    active = (X @ W.T >= 0) * lazy.network.a / np.sqrt(64)
    Z = (active[:, :, None] * X[:, None, :]).reshape(30, -1)
    H0 = pyntk.finite_width_gram(X, W, derivative_at_zero=1)
    np.testing.assert_allclose(Z @ Z.T, H0, atol=1e-12)
    mu, V = np.linalg.eigh(H0)
    linear = pyntk.TwoLayer(
        np.zeros((1, Z.shape[1])), np.ones(1), scale=1.0,
        activation=pyntk.activation.leaky_relu(1.0),
    )  # fmt: skip
    run = pyntk.train(
        linear, (Z, lazy.initial), step_size=1 / mu[-1], steps=3000, record={"distance": 100}
    )
    found = run.records["distance"]
    expected = speed.predicted_distance(mu, V.T @ lazy.initial, 1 / mu[-1], found.steps)
    np.testing.assert_allclose(found.values.frobenius, expected, rtol=1e-9)
    auxiliary, form = routine.auxiliary_limit(problem, lazy, "antisymmetric", 0, HOW)
    assert auxiliary == pytest.approx(form, rel=1e-10)
    assert found.values.frobenius[-1] == pytest.approx(form, rel=1e-6)


def test_a_wrong_kernel_of_the_start_is_seen(monkeypatch):
    """2 H(0) makes the form too small by sqrt(2), and the limit's check says so."""
    honest = pyntk.finite_width_gram
    monkeypatch.setattr(routine, "finite_width_gram", lambda *a, **k: 2 * honest(*a, **k))
    found = distance_to_initialisation(width=512, steps=5, **ONE)
    assert found.checks[2].holds is False


def test_too_narrow():
    found = distance_to_initialisation(width=64, **ONE)
    assert found.checks[0].holds is False
    assert found.checks[1].holds is False
    assert found.checks[2].holds is True  # true of any network whose H(0) is regular


def test_too_narrow_to_be_regular():
    """Two independent neurons: H(0) is singular, and the sequence's limit is not defined."""
    found = distance_to_initialisation(width=2, steps=5, **ONE)
    assert found.checks[2].holds is None
    found.plot()
    found.to_dict()


def test_too_large_a_step():
    found = distance_to_initialisation(width=512, step=8.0, steps=40, **ONE)
    assert [check.holds for check in found.checks] == [False, False, True]
    assert "diverged" in found.checks[0].condition
    found.plot()


def test_a_singular_kernel():
    angle = 2 * np.pi * np.arange(40) / 40
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    y = np.where(X[:, 0] > 0.1, 1, -1)
    found = distance_to_initialisation((X, y), rows=40, width=512, steps=20)
    assert [check.holds for check in found.checks[1::3]] == [None, None]
    assert "singular" in found.checks[1].condition
    found.plot()


def test_nan_does_not_hold(lazy):
    broken = replace(lazy.run, distance=np.where(lazy.run.steps == 7, np.nan, lazy.run.distance))
    assert speed.distance(broken, lazy.distance, 0.9, "", "").holds is False
    assert speed.distance_limit(broken, 1e9, 0.9, "", "").holds is False


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"width": 15}, ValueError, "width must be even"),
        ({"epsilon": 0.0}, ValueError, "epsilon must be positive"),
        ({"step": -1.0}, ValueError, "step must be positive"),
        ({"labels": ()}, ValueError, "labels must be"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        distance_to_initialisation(**{"rows": 10, "width": 16, "steps": 1, **options})
