"""The score of a sample: what it is, what it finds; and that other scores fail."""

import importlib

import mpmath
import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import sample_complexity
from pyntk.theory.arora.sample_scores import (
    auc,
    damage_undone,
    identity,
    lowest_first,
    pruned_losses,
    refits,
    search,
    share_found,
    wrong_first,
)

MODULES = tuple(
    importlib.import_module(f"pyntk.theory.arora.sample_{name}")
    for name in ("complexity", "scores")
)
MISSING, CHANGE, WRONG_FIRST, FLIPPED, TRUE = range(5)


@pytest.fixture(scope="module")
def quick():
    pytest.importorskip("sklearn")
    return sample_complexity()


def failed(report):
    return {k for k, check in enumerate(report.checks) if check.holds is False}


def rows(n, d, seed=0):
    X = np.random.default_rng(seed).standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def test_holds(quick):
    assert all(check.holds for check in quick.checks), quick.summary()
    series = quick.series
    assert series["scores"].shape == (250,)
    assert series["refitted"].shape == (2, 12)
    np.testing.assert_allclose(
        series["refitted"], np.tile(series["scores"][series["left_out"]], (2, 1)), rtol=1e-9,
        atol=1e-9 * series["scores"].mean(),
    )  # fmt: skip
    assert series["flipped"].sum(axis=1).tolist() == [25] * 5
    assert series["found"].shape == (5, 251)
    assert (series["found"][:, -1] == 1).all()
    assert series["loss_true_lowest"].shape == series["loss_flipped_random"].shape == (5, 10)
    np.testing.assert_allclose(series["loss_true_lowest"][:, 0], series["loss_true_highest"][:, 0])


@pytest.mark.parametrize("seed", range(1, 4))
def test_digits(seed):
    pytest.importorskip("sklearn")
    report = sample_complexity(seed=seed, left_out=3)
    assert report.holds, report.summary()
    assert report.series["auc"].min() >= 0.9


def test_the_identity_in_long_numbers():
    """Scores and refits against sixty digits, relative to each score itself."""
    X, y = rows(8, 4), np.array([1.0, -1, 1, 1, -1, 1, -1, -1])
    H = pyntk.ntk_gram(X)
    found = refits(H, y, range(8))
    scores = pyntk.leave_one_out_complexity(H, y)
    with mpmath.workdps(60):
        whole = form(H, y)
        for k in range(8):
            rest = np.arange(8) != k
            missing = whole - form(H[np.ix_(rest, rest)], y[rest])
            assert float(abs(scores[k] - missing) / missing) < 1e-12
            assert float(abs(found[0, k] - missing) / missing) < 1e-9
            assert float(abs(found[1, k] - missing) / missing) < 1e-9


def form(H, y):
    """y' H^-1 y."""
    labels = mpmath.matrix(y.tolist())
    return (labels.T * mpmath.lu_solve(mpmath.matrix(H.tolist()), labels))[0]


def test_random_scores(monkeypatch):
    pytest.importorskip("sklearn")
    generator = np.random.default_rng(3)
    for module in MODULES:
        monkeypatch.setattr(
            module, "leave_one_out_complexity", lambda H, y: generator.uniform(0, 10, y.shape)
        )
    assert failed(sample_complexity()) >= {MISSING, CHANGE, WRONG_FIRST}


@pytest.mark.parametrize("mutant", ["2 H", "H / 2", "H + NNGP", "jitter"])
def test_scores_of_another_kernel(monkeypatch, mutant):
    """They may rank the samples alike, but they are not what is missing without a sample."""
    pytest.importorskip("sklearn")

    def other(H, y):
        n = len(H)
        kernels = {
            "2 H": 2 * H, "H / 2": H / 2, "jitter": H + 1e-6 * np.eye(n), "H + NNGP": H + H**2,
        }  # fmt: skip
        return pyntk.leave_one_out_complexity(kernels[mutant], y)

    for module in MODULES:
        monkeypatch.setattr(module, "leave_one_out_complexity", other)
    assert failed(sample_complexity(left_out=4, draws=1)) >= {MISSING, CHANGE}


def test_the_opposite_ranking(monkeypatch):
    pytest.importorskip("sklearn")
    for module in MODULES:
        monkeypatch.setattr(
            module,
            "leave_one_out_complexity",
            lambda H, y: 1 / pyntk.leave_one_out_complexity(H, y),
        )
    assert failed(sample_complexity(left_out=4)) == set(range(5))


def test_labels_without_structure():
    """Where labels are noise a flipped one is no worse than the others, and nothing finds it."""
    y = np.random.default_rng(7).choice([-1.0, 1.0], 200)
    report = sample_complexity((rows(200, 20), y), rows=120, held_out=80)
    assert report.checks[MISSING].holds
    assert report.checks[CHANGE].holds
    assert WRONG_FIRST in failed(report)
    assert 0.5 < report.checks[WRONG_FIRST].bound < 0.9


def test_other_data():
    """The sphere with linear labels: more than chance is what can be asked for."""
    report = sample_complexity("sphere", rows=200, held_out=100)
    assert report.holds, report.summary()
    assert report.checks[WRONG_FIRST].holds
    assert report.checks[WRONG_FIRST].bound < 0.7


def test_auc():
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 6, 30).astype(float)
    wrong = generator.random(30) < 0.3
    pairs = [(a > b) + (a == b) / 2 for a in scores[wrong] for b in scores[~wrong]]
    assert auc(scores, wrong) == pytest.approx(np.mean(pairs), rel=1e-12)
    assert auc(wrong.astype(float), wrong) == 1
    assert np.isnan(auc(np.full(30, np.nan), wrong))


def test_the_deviation_by_chance():
    """4 standard deviations of an AUC of scores that know nothing, against simulated ones."""
    generator = np.random.default_rng(0)
    wrong = np.arange(50) < 10
    areas = np.array([auc(generator.random(50), wrong) for _ in range(2000)])
    found = search(np.eye(50), np.ones(50), 10, 1, generator)
    bound = wrong_first(found, known=False).bound
    assert bound == pytest.approx(0.5 + 4 * areas.std(), rel=0.03)
    many = search(np.eye(250), np.ones(250), 25, 5, generator)
    assert wrong_first(many, known=True).bound == 0.9
    assert wrong_first(many, known=False).bound < 0.65


def test_share_found():
    scores, wrong = np.array([3.0, 1, 2, 4]), np.array([True, False, True, False])
    assert share_found(scores, wrong).tolist() == [0, 0, 0.5, 1, 1]


def test_pruned_losses():
    """Nothing removed is the interpolant; the wrong sample removed mends it."""
    X, y = rows(20, 5), np.ones(20)
    H, cross = pyntk.ntk_gram(X), pyntk.ntk_gram(rows(7, 5, 1), X)
    y[4] = -1
    order = np.roll(np.arange(20), -4)  # 4 first
    whole, mended = pruned_losses(H, cross, y, np.ones(7), order, (0, 0.05))
    f = cross @ np.linalg.solve(H, y)
    assert whole == pytest.approx(np.minimum(abs(f - 1), 1).mean(), rel=1e-9)
    left = np.arange(20) != 4
    f = cross[:, left] @ np.linalg.solve(H[np.ix_(left, left)], y[left])
    assert mended == pytest.approx(np.minimum(abs(f - 1), 1).mean(), rel=1e-9)


def test_checks_on_the_edge():
    nan = float("nan")
    assert [damage_undone(x, 1.0, 0.1, known=True).holds for x in (0.6, 0.4, nan)] == [1, 0, 0]
    assert [damage_undone(x, 1.0, 0.1, known=False).holds for x in (0.4, 0.0, nan)] == [1, 0, 0]
    assert damage_undone(0.1, 0.0, 0.1, known=True).holds is None
    assert [lowest_first(x, 1.0, 0.5).holds for x in (0.8, 0.95, 2.0, nan)] == [1, 0, 0, 0]
    assert lowest_first(0.0, 0.0, 0.5).holds is False
    assert lowest_first(2.0, 1.0, 1.5).holds is None
    one = np.ones(1)
    assert identity("c", one, one, 1.0, 1e-9).holds
    assert identity("c", one, one + 1e-8, 1.0, 1e-9).holds is False
    assert identity("c", one, np.full(1, np.nan), 1.0, 1e-9).holds is False


def test_clusters():
    """Rows that are close but not equal have scores; equal ones are dropped, and it is said."""
    generator = np.random.default_rng(0)
    centres, kinds = rows(4, 10), np.arange(80) % 4
    X = centres[kinds] + 1e-3 * generator.standard_normal((80, 10))
    y = np.where(kinds < 2, 1.0, -1.0)
    twice = np.concatenate([X, X[:10]]), np.concatenate([y, -y[:10]])
    report = sample_complexity(twice, rows=60, held_out=20)
    assert report.checks[MISSING].holds
    assert report.checks[CHANGE].holds
    assert report.checks[WRONG_FIRST].holds
    assert "10 rows with the direction of an earlier row (10 of them" in report.notes[0]


def test_nearly_equal_rows():
    X, y = rows(30, 5), np.ones(30)
    y[::2] = -1
    X[15:] = X[:15] + 1e-14
    with pytest.raises(np.linalg.LinAlgError, match="duplicate rows"):
        sample_complexity((X, y), rows=29, held_out=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"portion": 0}, "portion must be in"),
        ({"portion": 0.5}, "portion must be in"),
        ({"portion": float("nan")}, "portion must be in"),
        ({"portion": 1e-4}, "flip a label of 250"),
        ({"draws": 0}, "draws and left_out"),
        ({"left_out": 0}, "draws and left_out"),
        ({"held_out": 0}, "held_out must be at least 1"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(ValueError, match=words):
        sample_complexity("sphere", **options)
