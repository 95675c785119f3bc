"""The Rademacher complexity near the start: exact where it is linear, and the lemma's failures."""

import itertools
import sys

import numpy as np
import pytest

import pyntk
from pyntk.data import sphere
from pyntk.theory.arora import rademacher
from pyntk.theory.arora.rademacher_checks import moments

MODULE = sys.modules["pyntk.theory.arora.rademacher"]
SMALL = {"widths": (1024, 16_384), "draws": 10, "signs": 1000, "rows": 100}
CLAIMS = ("above", "below", "lemma", "linearisation")


def verdicts(**options):
    report = rademacher(**(SMALL | options))
    return dict(zip(CLAIMS, (check.holds for check in report.checks), strict=True))


@pytest.mark.parametrize("seed", range(3))
def test_holds(seed):
    report = rademacher(**SMALL, seed=seed)
    assert {check.holds for check in report.checks} == {True}
    # Without what the network's curvature takes away: B/sqrt(2n), n = 100, 50, 25, 12.
    expected = 1 / np.sqrt(2 * report.series["sizes"])
    np.testing.assert_allclose(report.series["linearised"][-1], expected, rtol=0.02)


def test_published_size():
    """n = 200: 0.0498 against B/sqrt(2n) = 0.05."""
    report = rademacher(widths=(8192,), draws=2)
    assert report.series["linearised"][0, -1] == pytest.approx(0.04984, rel=0.01)


def test_clustered_rows():
    """Rows near one direction: H has large entries, so the moments leave more room."""
    found = verdicts(data="digits")
    assert set(found.values()) == {True}


@pytest.mark.parametrize("scale", [2, 0.5])
def test_wrong_start_kernel(monkeypatch, scale):
    true = MODULE.finite_width_gram
    monkeypatch.setattr(MODULE, "finite_width_gram", lambda *a, **how: scale * true(*a, **how))
    found = verdicts()
    assert found["above"] is (scale < 1)
    assert found["below"] is (scale > 1)


def test_wrong_kernel(monkeypatch):
    true = MODULE.ntk_gram
    monkeypatch.setattr(MODULE, "ntk_gram", lambda X, **how: 2 * true(X, **how))
    assert verdicts()["below"] is False


@pytest.mark.parametrize(("factor", "failing"), [(10, "lemma"), (1000, "linearisation")])
def test_wrong_ball(monkeypatch, factor, failing):
    """Networks further away than B and R fit the signs better than the lemma says."""
    true = MODULE.maximiser
    monkeypatch.setattr(MODULE, "maximiser", lambda Z, B, R: factor * true(Z, B, R))
    assert verdicts()[failing] is False


def test_exact_values():
    """All sign vectors of eight rows; the moments enclose the mean."""
    X = sphere(8, 3, 0).X
    H = pyntk.ntk_gram(X)
    eps = np.array(list(itertools.product([-1.0, 1.0], repeat=8)))
    roots = np.sqrt(np.einsum("ki,ij,kj->k", eps, H, eps))
    value, _ = MODULE.linearised(H, eps, 3.0)
    assert value == pytest.approx(3 / 8 * roots.mean(), rel=1e-12)
    assert moments(H) <= roots.mean() <= np.sqrt(np.trace(H))
    assert moments(H) > 0.9 * roots.mean()
    assert (roots**4).mean() == pytest.approx(
        np.trace(H) ** 2 + 2 * ((H**2).sum() - (np.diagonal(H) ** 2).sum())
    )


def test_maximiser():
    """It is in the class, and no other member does better in the linearised network."""
    X = sphere(20, 5, 0).X
    network = pyntk.TwoLayer.ntk(512, 5, seed=1, dtype=np.float32, derivative_at_zero=1)
    start = network.W.copy()
    eps = np.random.default_rng(0).choice([-1.0, 1.0], 20)
    gained, linear = MODULE.fit_signs(network, X, eps, 0.1, np.inf)
    np.testing.assert_array_equal(network.W, start)
    H0 = pyntk.finite_width_gram(X, start.astype(np.float64), derivative_at_zero=1)
    assert linear == pytest.approx(0.1 / 20 * np.sqrt(eps @ H0 @ eps), rel=1e-5)
    assert gained == pytest.approx(linear, rel=0.02)
    step = MODULE.maximiser(np.random.default_rng(1).standard_normal((50, 4)), 2.0, 0.3)
    assert np.linalg.norm(step) <= 2
    assert np.linalg.norm(step, axis=1).max() <= 0.3 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"B": 0}, ValueError, "B must be positive"),
        ({"radius": np.nan}, ValueError, "radius must be positive"),
        ({"kappa": "a"}, TypeError, "kappa must be a number"),
        ({"signs": 1}, ValueError, "signs must be at least 2"),
        ({"widths": (1.5,)}, TypeError, "each of widths must be a whole number"),
    ],
)
def test_bad_input(options, error, words):
    with pytest.raises(error, match=words):
        rademacher(**options)
