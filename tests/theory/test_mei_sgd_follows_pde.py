"""One-pass SGD beside the distributional dynamics, and what goes wrong with a wrong step."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from pyntk.theory.mei import large_d_limit, sgd_follows_pde
from pyntk.theory.mei.animation import animate
from pyntk.theory.mei.dynamics import follow
from pyntk.theory.mei.one_pass import one_pass, snapshot_steps, squared_steps
from pyntk.theory.mei.radial import Radial, gaussian_radii
from pyntk.theory.mei.sgd_follows_pde import checks
from pyntk.theory.watch import Watch

EPSILON = 2e-5
MET = ("", True)


@pytest.fixture(scope="module")
def report():
    return sgd_follows_pde()


@pytest.fixture(scope="module")
def short():
    """A short run, the dynamics, and how to run it with other steps."""
    problem = Radial(40, 0.8)

    def run(step_size=None):
        return one_pass(
            problem, width=400, kappa=0.8, epsilon=EPSILON, times=[0.1, 1.0], xi=-0.25, between=2,
            step_size=step_size, watch=Watch(),
        )  # fmt: skip

    pde = follow(problem, gaussian_radii(500, 40, 0.8), [0.1, 1.0], xi=-0.25)
    return run, run(), pde


def paper(k):
    """The paper's steps N s_k."""
    t = (k + 1) * EPSILON
    return 400 * EPSILON * t**-0.25


def test_all_hold(report):
    assert report.holds
    assert len(report.checks) == 6
    assert all(check.holds for check in report.checks)
    json = report.to_dict()
    assert json["settings"]["epsilon"] == 1e-5


def test_numbers(report):
    series = report.series
    t = series["times"]
    early = (t > 0.09) & (t < 3.1)
    assert early.sum() == 3
    assert (np.abs(series["risk"] - series["pde_risk"])[early] <= 0.03).all()
    medians = series["quantiles"][:, 1] / series["pde_quantiles"][:, 1]
    assert (np.abs(medians - 1)[early] <= 0.015).all()
    assert t[-1] == pytest.approx(10)
    assert 0.28 <= series["risk"][-1] <= 0.40
    low, _, high = series["quantiles"][-1]
    assert low < 1.2
    assert 3.95 <= high <= 4.3
    assert series["quantiles"][3, 0] == pytest.approx(1.59, abs=0.05)
    assert series["radii"].shape == (5, 800)
    assert series["pde_radii"].shape == (5, 1000)
    assert series["seen_quantiles"].shape == (len(series["seen"]), 3)
    assert [len(panel.curves) for panel in report.panels] == [2, 2, 2, 2, 2, 6]


def test_too_large_a_step():
    """epsilon = 1e-4: the noise of SGD shows, and SGD leaves the plateau early."""
    report = sgd_follows_pde(epsilon=1e-4, samples=10_000)
    failed = [check.claim for check in report.checks if check.holds is False]
    assert any("90 %" in claim for claim in failed)
    assert not report.holds


def test_too_narrow():
    report = sgd_follows_pde(width=50, epsilon=1e-4, times=[0.1], samples=1000, particles=50)
    assert [check.holds for check in report.checks] == [None, None, True]
    assert "N/d = 1.25" in report.checks[0].condition


def test_the_papers_step(short):
    run, honest, pde = short
    assert all(check.holds for check in checks(honest, pde, *MET))
    same = run(paper)
    np.testing.assert_allclose(same.radii, honest.radii, rtol=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda k: paper(k) / 2,  # no factor 2 in the step
        lambda k: paper(k) / 400,  # 1/N in the step
        lambda k: paper(k) * 2,
        lambda k: 400 * EPSILON * np.ones(len(k)),  # no xi
    ],
    ids=["no factor 2", "1/N", "twice", "no xi"],
)
def test_wrong_step(short, wrong):
    run, _, pde = short
    risk, median = checks(run(wrong), pde, *MET)
    assert risk.holds is False
    assert median.holds is False


def test_wrong_risk(short):
    _, honest, pde = short
    risk, median = checks(replace(honest, risk=honest.risk / 2), pde, *MET)
    assert risk.holds is False
    assert median.holds
    lost = replace(honest, risk=honest.risk * [1, np.nan], radii=honest.radii * [[1], [np.nan]])
    assert [check.holds for check in checks(lost, pde, *MET)] == [False, False]


def test_divergence(short):
    run, _, pde = short
    lost = run(lambda k: np.where(k == 5000, 1e308, paper(k)))
    assert np.isnan(lost.risk[1])
    assert np.isnan(lost.radii[1]).all()
    assert [check.holds for check in checks(lost, pde, *MET)] == [False, False]


def test_snapshot_steps():
    assert snapshot_steps([0.0, 0.1, 1.0], 0.01).tolist() == [0, 10, 100]
    assert squared_steps(0.1, 0.0, 10) == pytest.approx(0.1)
    assert squared_steps(1e-5, -0.25, 1000) == pytest.approx(2 * 1e-5 * 0.1, rel=0.05)


def test_animation(report, tmp_path):
    path = animate(report, tmp_path / "radii.gif")
    with Image.open(path) as picture:
        assert picture.n_frames == 5
    with pytest.raises(ValueError, match="frames_per_second"):
        animate(report, tmp_path / "none.gif", frames_per_second=0)
    with pytest.raises(ValueError, match="large_d_limit"):
        animate(large_d_limit(radii=[1.0], batches=2), tmp_path / "none.gif")
    assert not (tmp_path / "none.gif").exists()


def test_progress():
    seen = []
    options = {"epsilon": 1e-3, "times": [0.01], "samples": 100, "particles": 20, "width": 20}
    sgd_follows_pde(progress=lambda done, total: seen.append(done / total), **options)
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"d": 1}, "d must be"),
        ({"delta": 1.5}, "delta must be"),
        ({"epsilon": 0.0}, "epsilon must be"),
        ({"epsilon": np.nan}, "epsilon must be"),
        ({"times": [1.0, 0.5]}, "times must"),
        ({"times": [1e-9]}, "times must"),
        ({"times": [np.nan]}, "times must"),
        ({"times": []}, "times must"),
        ({"samples": 1}, "samples must be"),
        ({"particles": 0}, "particles must be"),
        ({"kappa": -1.0}, "kappa must be"),
        ({"xi": -1.0}, "xi must be"),
        ({"width": 0}, "m must be|width must be"),
    ],
)
def test_bad_input(options, words):
    given = {"epsilon": 1e-3, "times": [0.01], "samples": 100, "particles": 20, "width": 20}
    with pytest.raises(ValueError, match=words):
        sgd_follows_pde(**(given | options))
