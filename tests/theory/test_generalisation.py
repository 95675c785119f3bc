"""The bound on the test error, over the portion of random labels; and that wrong ones fail."""

import importlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import generalisation
from pyntk.theory.arora.noise import curve_of, rank_correlation
from pyntk.theory.arora.noisy_networks import NoisyNetworks
from pyntk.theory.arora.pure_noise import MARKS, expected_squares
from pyntk.theory.sample import draw

MODULE = importlib.import_module("pyntk.theory.arora.generalisation")  # not the routine
TRACE, BOUND, COSTS, NOISE, RANKS, CHANCE, AT_0, AT_1, RISE, ORDER = range(10)


@pytest.fixture(scope="module")
def quick():
    pytest.importorskip("sklearn")
    return generalisation()


def failed(report):
    return {k for k, check in enumerate(report.checks) if check.holds is False}


def clusters(n=200, d=10, seed=0):
    generator = np.random.default_rng(seed)
    y = generator.choice([-1.0, 1.0], n)
    X = 0.5 * generator.standard_normal((n, d))
    X[:, 0] += 2 * y
    return X, y


def test_holds(quick):
    assert quick.holds, quick.summary()
    assert len(quick.checks) == 10
    assert all(check.holds for check in quick.checks)
    assert quick.data["name"] == "digits (0 against 1)"
    assert quick.series["complexity"].shape == quick.series["absolute"].shape == (11, 10)
    assert "network_error" not in quick.series


@pytest.mark.parametrize("seed", range(5))
def test_digits(seed):
    """The declared ranges, from the raw series."""
    pytest.importorskip("sklearn")
    report = generalisation(seed=seed)
    assert report.holds, report.summary()
    at = np.isclose(report.series["portions"][:, None], MARKS).any(axis=1)
    complexity = report.series["complexity"].mean(axis=1)[at]
    error = report.series["error"].mean(axis=1)[at]
    assert 0.74 <= complexity[0] <= 0.84
    assert 6.7 <= complexity[-1] <= 7.6
    assert (np.diff(complexity) > 0).all()
    assert rank_correlation(complexity, error) == pytest.approx(1)
    assert 0.42 <= error[-1] <= 0.58
    assert (report.series["loss"] <= report.series["absolute"]).all()
    assert report.series["absolute"].mean(axis=1)[-1] == pytest.approx(1.0, abs=0.1)


def test_flipping_is_not_redrawing(monkeypatch):
    """A flipped portion 1 is the opposite labelling, which is as easy as the true one."""
    pytest.importorskip("sklearn")

    def flip(y, portion, generator):
        noisy = np.array(y)
        noisy[generator.permutation(len(y))[: round(portion * len(y))]] *= -1
        return noisy

    monkeypatch.setattr("pyntk.theory.arora.noise.redraw_labels", flip)
    assert failed(generalisation()) >= {NOISE, CHANCE, AT_1, RISE, ORDER}


@pytest.mark.parametrize("factor", [1 / np.sqrt(2), 1 / np.sqrt(250), 2.0], ids=["2", "1/n", "4"])
def test_another_complexity(monkeypatch, factor):
    """The missing 2, 1/n outside of the root, and a 4."""
    pytest.importorskip("sklearn")

    def mutant(*arguments):
        curve = curve_of(*arguments)
        return replace(curve, complexity=factor * curve.complexity)

    monkeypatch.setattr(MODULE, "curve_of", mutant)
    assert failed(generalisation()) >= {NOISE, AT_0, AT_1}


def test_rows_that_are_not_normalised(monkeypatch):
    pytest.importorskip("sklearn")

    def raw(*arguments, **options):
        sample = draw(*arguments, **options)
        return replace(sample, X=30 * sample.X, X_test=30 * sample.X_test)

    monkeypatch.setattr(MODULE, "draw", raw)
    assert failed(generalisation()) >= {TRACE, AT_0, AT_1}


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_another_scale_of_the_kernel(monkeypatch, factor):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(MODULE, "ntk_gram", lambda *a, **k: factor * pyntk.ntk_gram(*a, **k))
    assert failed(generalisation()) >= {TRACE, AT_0, AT_1}


def test_an_error_that_is_not_what_the_theorem_says(monkeypatch):
    """Above the bound where labels are true, and below chance where they are noise."""
    pytest.importorskip("sklearn")
    assert generalisation(portions=(0, 1)).holds

    def mutant(*arguments):
        curve = curve_of(*arguments)
        return replace(curve, error=np.zeros((2, 10)), loss=np.ones((2, 10)))

    monkeypatch.setattr(MODULE, "curve_of", mutant)
    assert failed(generalisation(portions=(0, 1))) >= {BOUND, RANKS, CHANCE}


def test_other_data():
    """No numbers of the digits there; the theorem's checks alone."""
    report = generalisation(clusters(), rows=100, held_out=100, draws=5)
    assert report.holds, report.summary()
    assert len(report.checks) == 6
    assert report.checks[BOUND].holds is True
    assert report.data["name"] == "your data (+1 against -1)"


def test_noise_is_not_learnt():
    """Labels without any structure: the bound says nothing, and the error is one half."""
    X, _ = clusters()
    y = np.random.default_rng(5).choice([-1.0, 1.0], len(X))
    report = generalisation((X, y), rows=100, held_out=100, portions=(0.5, 1), draws=5)
    assert report.checks[BOUND].holds is None
    assert "vacuous" in report.checks[BOUND].condition
    # "true" labels are no portion here, so there is nothing to compare random ones with.
    assert report.checks[2].holds is True
    without = generalisation((X, y), rows=100, held_out=100, portions=(0, 0.5), draws=5)
    assert [c.holds for c in without.checks if "pure noise" in c.claim] == [None, None]


@pytest.mark.parametrize("portion", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_the_exact_mean(portion):
    """Against all choices of labels and all tosses, n = 5."""
    X = np.random.default_rng(1).standard_normal((5, 3))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    H, y = pyntk.ntk_gram(X), np.array([1.0, 1, -1, 1, -1])
    r, found = round(portion * 5), []
    for chosen in itertools.combinations(range(5), r):
        for tosses in itertools.product([-1.0, 1.0], repeat=r):
            noisy = y.copy()
            noisy[list(chosen)] = tosses
            found.append(2 * noisy @ np.linalg.solve(H, noisy) / 5)
    eigenvalues, V = np.linalg.eigh(H)
    expected = expected_squares(eigenvalues, V.T @ y, np.array([portion]))
    assert expected[0] == pytest.approx(np.mean(found), rel=1e-12)


class TestNetworks:
    def run(self, **options):
        sizes = {"rows": 60, "held_out": 60, "portions": (0, 0.5, 1), "draws": 2}
        return generalisation(clusters(), network=True, **{**sizes, "steps": 60, **options})

    def test_wide(self):
        report = self.run(width=4096)
        bound, descent = report.checks[-2:]
        assert bound.claim.startswith("networks: test error")
        assert bound.holds, bound
        assert descent.holds, descent
        assert report.settings["width"] == 4096
        for name in ("network_error", "network_loss", "network_absolute", "network_distance"):
            assert report.series[name].shape == (3,)
        assert len(report.panels[0].curves) == 2

    def test_too_narrow(self):
        assert not self.run(width=8).checks[-1].holds

    def test_after_many_steps_descent_is_the_interpolant(self):
        report = self.run(width=64, steps=100_000, portions=(0, 1), rows=10)
        first = report.series["error"][:, 0]
        np.testing.assert_array_equal(report.series["descent_error"], first)

    def test_diverged(self, monkeypatch):
        """What a network that diverged would predict is not known, so nothing holds."""

        def diverge(*_, **__):
            raise pyntk.DivergenceError("", step=1, step_size=1.0, stable_step_size=1.0, run=None)

        monkeypatch.setattr("pyntk.theory.watch.Watch.train", diverge)
        assert [check.holds for check in self.run(width=64).checks[-2:]] == [False, False]

    def test_outputs_that_differ(self):
        shape = np.zeros(11)
        made = NoisyNetworks(shape, shape, shape, shape, shape + 0.3, 10, 20.0, 64)
        curve = curve_of(np.eye(2), np.eye(2), shape, np.ones((11, 1, 2)), np.ones((11, 1, 2)))
        assert not made.checks(curve)[1].holds
        assert replace(made, distance=shape).checks(curve)[1].holds


def test_nearly_equal_rows():
    X, y = clusters(30)
    X[15:] = X[:15] + 1e-14
    with pytest.raises(np.linalg.LinAlgError, match="duplicate rows"):
        generalisation((X, y), rows=29, held_out=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"portions": (0.5,)}, "portions"),
        ({"portions": (1, 0)}, "portions"),
        ({"portions": (0, 1.5)}, "portions"),
        ({"portions": (0, float("nan"))}, "portions"),
        ({"draws": 0}, "draws must be at least 1"),
        ({"held_out": 0}, "held_out"),
        ({"rows": 1}, "rows must be >= 2"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(ValueError, match=words):
        generalisation("sphere", **options)
