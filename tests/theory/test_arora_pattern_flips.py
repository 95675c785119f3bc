"""Few patterns flip, and only where they can; the share falls as 1/sqrt(m)."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora import pattern_flips
from pyntk.theory.arora.lazy_run import pose, train_lazily
from pyntk.theory.patterns import movement
from pyntk.theory.watch import Watch

claims = importlib.import_module("pyntk.theory.arora.pattern_flips")
HOW = {"backend": None, "threads": None}
LAZY = {
    "inputs": 50, "rows": 100, "labels": "true", "start": "antisymmetric", "eta": 0.6458,
    "steps": 200,
}  # fmt: skip


@pytest.fixture(scope="module")
def report():
    """The setting of the figures 2.17 %, 1.05 %, 0.53 %."""
    return pattern_flips(widths=(1024, 4096, 16384), **LAZY)


@pytest.fixture(scope="module")
def problem():
    return pose("sphere", 100, seed=0, how=HOW)


@pytest.fixture(scope="module")
def lazy(problem):
    return train_lazily(
        problem, "random", width=1024, eta=1 / problem.lambda_max, steps=30, start="plain",
        seed=0, how=HOW, watch=Watch(), records=[10, 30],
    )  # fmt: skip


def test_it_holds(report):
    assert report.holds, report.summary()
    assert [check.holds for check in report.checks] == [True] * 4
    assert report.checks[0].measured == 0


def test_shares_and_their_fall(report):
    flips = report.series["flips"][:, -1]
    np.testing.assert_allclose(flips, [0.0217, 0.0105, 0.0053], rtol=0.1)
    ratios = flips[:-1] / flips[1:]
    assert ((ratios >= 1.7) & (ratios <= 2.3)).all()


def test_the_papers_figure():
    """Smaller: three panels, rising curves in (b) and (c), an error that hardly depends on m."""
    found = pattern_flips(rows=100, widths=(500, 2000))
    assert found.holds, found.summary()
    assert [panel.title[:3] for panel in found.panels] == ["(a)", "(b)", "(c)"]
    s = found.series
    assert s["log_error"].shape == s["moved"].shape == (2, 101)
    assert (np.diff(s["flips"], axis=1) > 0).all()
    assert (s["flips"][0] > s["flips"][1]).all()
    assert (s["moved"][0, 1:] > s["moved"][1, 1:]).all()
    assert s["log_error"][:, 0] == pytest.approx(np.log(1.5), abs=0.5)
    assert abs(s["log_error"][0, -1] - s["log_error"][1, -1]) < 1  # 4 in the paper
    assert (s["log_error"][:, -1] < -5).all()


def test_other_seeds_and_a_plain_start():
    """u(0) differs from width to width; divided by |y - u(0)| the ratio is 2 nevertheless."""
    for seed in (1, 4):
        found = pattern_flips(rows=100, widths=(1000, 4000), seed=seed)
        assert found.holds, found.summary()


def test_patterns_by_the_native_count(problem, lazy):
    """The share in float64 from the weights is that of the packed patterns."""
    weights = (lazy.start.astype(float), lazy.network.W.astype(float))
    before, after = (pyntk.TwoLayer(W, np.ones(1024)).patterns(problem.X) for W in weights)
    share = pyntk.pattern_flips(before, after).sum() / (1024 * 100)
    assert lazy.run.flips[-1] == share
    assert 0.01 < share < 0.1


def test_a_rule_that_is_too_strict(problem, lazy):
    """A fifth of the true movement does not explain the flips."""
    moved = np.linalg.norm(lazy.network.W - lazy.start, axis=1)
    short = movement(lazy.start, lazy.network.W, problem.X, moved=moved / 20)
    assert short.violations > 0
    broken = replace(lazy, run=replace(lazy.run, movements=(short,)))
    assert claims.rule([lazy]).holds is True
    assert claims.rule([lazy, broken]).holds is False


def test_the_share_against_its_bound(lazy):
    honest = du.flip_share(lazy.run, 1.0, 100, 1024, 0.01, "")
    assert honest.holds is True
    # kappa = .01: the same movement turns over a hundred times as many patterns, at most.
    assert du.flip_share(lazy.run, 0.01, 100, 1024, 0.01, "").holds is None
    many = tuple(replace(record, flips=0.95) for record in lazy.run.movements)
    assert du.flip_share(replace(lazy.run, movements=many), 1.0, 100, 1024, 0.01, "").holds is False
    assert claims.nearest_to_failing([honest, replace(honest, holds=False)]).holds is False
    assert claims.nearest_to_failing([replace(honest, holds=None), honest]).holds is True


def test_the_kernels_change(problem, lazy, monkeypatch):
    """Brute force over neurons; a quarter of the flips would not explain the change."""
    check = claims.kernel_change(problem, [lazy], HOW)
    assert check.holds is True
    X = problem.X
    before, after = ((X @ W.T.astype(float) >= 0) for W in (lazy.start, lazy.network.W))
    products = X @ X.T
    change = products * ((after @ after.T.astype(float)) - (before @ before.T.astype(float)))
    share = (before != after).sum(axis=1)
    expected = (np.abs(change) / (np.abs(products) * (share[:, None] + share))).max()
    assert check.measured == pytest.approx(expected, rel=1e-6)
    honest = claims.patterns_that_flipped
    monkeypatch.setattr(claims, "patterns_that_flipped", lambda P, Q: honest(P, Q) / 4)
    assert claims.kernel_change(problem, [lazy], HOW).holds is False


def test_too_narrow():
    """Networks of 8 and 32 neurons: the share no longer halves."""
    found = pattern_flips(widths=(8, 32), **LAZY | {"labels": "random"})
    assert found.checks[-1].holds is False


def test_too_large_a_step():
    found = pattern_flips(widths=(128, 512), **LAZY | {"eta": 6.0, "steps": 30})
    assert not found.holds
    assert found.checks[-1].holds is False  # the ratio
    assert found.checks[2].holds is False  # the kernel's change
    found.plot()
    found.to_dict()


def test_data_of_another_name():
    found = pattern_flips("digits", rows=60, widths=(256,), steps=5, labels="true")
    assert found.data["name"] == "digits"
    assert found.settings["eta"] <= 1 / found.data["lambda_max"]
    assert len(found.checks) == 3


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"widths": ()}, ValueError, "widths must not be empty"),
        ({"inputs": 0}, ValueError, "inputs must be at least 1"),
        ({"eta": -1.0}, ValueError, "eta must be positive"),
        ({"labels": ("true", "random")}, ValueError, "one kind of labels"),
        ({"delta": 0.0}, ValueError, "delta must be"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        pattern_flips(**{"rows": 10, "widths": (16,), "steps": 1, **options})
