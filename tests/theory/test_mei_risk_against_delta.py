"""The risk against delta: SGD and the dynamics agree, unless the step is too large."""

import numpy as np
import pytest

from pyntk.theory.mei import risk_against_delta
from pyntk.theory.mei.risk_against_delta import same


@pytest.fixture(scope="module")
def report():
    return risk_against_delta(deltas=[0.4, 0.8], dimensions=[40], epsilon=3e-5, samples=20_000)


def test_agree(report):
    assert report.holds
    series = report.series
    assert series["risk"].shape == series["pde_risk"].shape == (1, 2)
    assert series["pde_risk"][0] == pytest.approx([0.0729, 0.3295], abs=2e-3)
    assert np.abs(series["risk"] - series["pde_risk"]).max() <= 0.05
    assert series["curve_risk"].shape == (1, len(series["curve_deltas"]))
    assert set(series["deltas"]) <= set(series["curve_deltas"])


def test_too_large_a_step():
    report = risk_against_delta(
        deltas=[0.8], dimensions=[40], epsilon=2.4e-4, samples=4000, particles=100
    )
    assert report.checks[0].holds is False


def test_too_narrow():
    report = risk_against_delta(
        deltas=[0.5], dimensions=[40], width=50, epsilon=2e-4, time=0.1, samples=400, particles=50
    )
    assert report.checks[0].holds is None


def test_worst_delta():
    delta, pde = np.array([0.2, 0.4]), np.array([0.5, 0.1])
    assert same(40, delta, pde + 0.04, pde, "", True).holds
    wrong = same(40, delta, pde + np.array([0, 0.06]), pde, "", True)
    assert wrong.holds is False
    assert "delta = 0.4" in wrong.claim
    assert same(40, delta, pde * [np.nan, 1], pde, "", True).holds is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"deltas": []}, "deltas must be"),
        ({"deltas": [0.5, 0.2]}, "deltas must be"),
        ({"deltas": [1.2]}, "delta must be"),
        ({"dimensions": []}, "dimensions must be"),
        ({"dimensions": [1]}, "d must be"),
        ({"time": 0.0}, "times must"),
        ({"epsilon": np.inf}, "epsilon must|times must"),
    ],
)
def test_bad_input(options, words):
    given = {"epsilon": 1e-3, "time": 0.01, "samples": 100, "particles": 20, "width": 20}
    with pytest.raises(ValueError, match=words):
        risk_against_delta(**({"deltas": [0.5], "dimensions": [10]} | given | options))
