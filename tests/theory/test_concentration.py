"""H(0) of networks against H: Hoeffding's bound and the exact second moment, and their failures."""

import sys

import numpy as np
import pytest

import pyntk
from pyntk.data import sphere
from pyntk.theory.arora import concentration

MODULE = sys.modules["pyntk.theory.arora.concentration"]
SMALL = {"widths": (1000, 10_000), "rows": 60}


def verdicts(**options):
    return [check.holds for check in concentration(**(SMALL | options)).checks]


@pytest.mark.parametrize("seed", range(5))
def test_holds(seed):
    report = concentration(**SMALL, seed=seed)
    assert [check.holds for check in report.checks] == [True, True]
    assert report.series["largest"].shape == (2, 5)
    assert (report.series["largest"] <= report.series["bound"][:, None]).all()


def test_ten_dimensions():
    """Few directions: a single norm scatters by 13 %, five of them stay within the 15 %."""
    data = sphere(100, 10, 0)
    report = concentration(data, rows=100, widths=(10_000,), draws=20)
    assert report.holds
    rms = np.sqrt((report.series["frobenius"] ** 2).mean() / report.series["expected"] ** 2)
    assert rms == pytest.approx(1, abs=0.15)
    assert 10_000**0.5 * report.series["expected"][0] / 100 == pytest.approx(0.1445, rel=0.05)


@pytest.mark.parametrize(
    "kernel",
    [
        lambda X, **how: 2 * pyntk.ntk_gram(X),
        lambda X, **how: pyntk.ntk_gram(X) / 2,
        lambda X, **how: pyntk.ntk_gram(X, trained="all"),
        lambda X, **how: pyntk.ntk_gram(X, trained="last"),
        lambda X, **how: X @ X.T / 4 + np.eye(len(X)) / 4,
    ],
    ids=["2H", "H/2", "H+S", "S", "linear"],
)
def test_wrong_kernel(monkeypatch, kernel):
    monkeypatch.setattr(MODULE, "ntk_gram", kernel)
    assert verdicts()[0] is False


def test_equal_neurons(monkeypatch):
    """Neurons in equal pairs: within Hoeffding's bound, but the norm is sqrt(2) times too large."""
    true = MODULE.start_gram
    monkeypatch.setattr(
        MODULE, "start_gram", lambda X, m, generator, how: true(X, m // 2, generator, how)
    )
    assert verdicts()[1] is False


def test_nan(monkeypatch):
    nan = np.full((60, 60), np.nan)
    monkeypatch.setattr(MODULE, "start_gram", lambda *arguments: nan)
    assert verdicts() == [False, False]


def test_narrow():
    """The second moment is declared from width 10,000 on."""
    report = concentration(rows=60, widths=(100, 1000))
    assert [check.holds for check in report.checks] == [True, None]
    assert "not met" in report.checks[1].condition


def test_few_directions_are_allowed_their_scatter():
    """The digits lie near one direction: one draw scatters by some 40 %."""
    report = concentration("digits", rows=60, widths=(10_000,), draws=8)
    assert report.holds
    assert report.checks[1].bound > MODULE.ALLOWED


def test_parts(monkeypatch):
    """A wide network is made in parts; the sum does not show it."""
    X, how = sphere(20, 6, 0).X, {"backend": None, "threads": None}
    whole = MODULE.start_gram(X, 1000, np.random.default_rng(1), how)
    monkeypatch.setattr(MODULE, "AT_ONCE", 300)
    parts = MODULE.start_gram(X, 1000, np.random.default_rng(1), how)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"widths": ()}, ValueError, "widths must not be empty"),
        ({"widths": 5}, TypeError, "widths must be a sequence"),
        ({"widths": (0,)}, ValueError, "each of widths must be at least 1"),
        ({"draws": 0}, ValueError, "draws must be at least 1"),
        ({"delta": 1.0}, ValueError, "delta must be between 0 and 1"),
        ({"delta": "x"}, TypeError, "delta must be a number"),
    ],
)
def test_bad_input(options, error, words):
    with pytest.raises(error, match=words):
        concentration(**options)
