"""Strong teachers are learnt first, without a difference there is no order, and the mutants."""

import numpy as np
import pytest

from pyntk.theory.tian import strong_nodes_first, students, teacher
from pyntk.theory.tian.strong_nodes_first import (
    first_epoch,
    in_order,
    increasing,
    learnt,
    no_order,
    too_weak,
)
from pyntk.theory.tian.students import Outcome

FEW = {"decays": (1.0,), "seeds": 8}


@pytest.fixture(scope="module")
def report():
    """The quick preset: 32 runs of each of three decays."""
    return strong_nodes_first()


def test_claims(report):
    assert report.holds
    assert [check.holds for check in report.checks] == [True] * 7
    order = report.series["order"].mean(axis=1)
    assert order[0] >= 0.88
    assert -0.4 <= order[1] <= 0.3
    share = np.isfinite(report.series["first"]).mean(axis=1)
    assert share[0, 0] == 1
    assert share[0, 4] >= 0.6
    assert share[2, 4] <= 0.2
    medians = np.median(report.series["first"][0], axis=0)
    assert (np.diff(medians) > 0).all()
    assert report.series["best"].shape == (3, 41, 5)


def test_the_checks_tell_the_cases_apart(report):
    """The control is not in order, strong teachers are not without, and p = 1 is not too steep."""
    first, order = report.series["first"], report.series["order"]
    assert in_order(0.0, order[1]).holds is False
    assert no_order(order[0]).holds is False
    assert increasing(0.0, first[1]).holds is False
    assert increasing(1.0, first[0][:, ::-1]).holds is False
    assert too_weak(1.0, first[0], True).holds is False
    assert learnt(2.0, first[2], True)[1].holds is False
    assert learnt(2.0, first[2], False)[1].holds is None


def test_reversed_strengths(monkeypatch):
    true = teacher.strengths
    monkeypatch.setattr(teacher, "strengths", lambda m, p: true(m, p)[::-1])
    found = strong_nodes_first(**FEW)
    assert found.checks[0].holds is False
    assert found.checks[0].measured < -0.8
    assert found.checks[1].holds is False


def test_loss_averaged_over_the_outputs():
    """A fiftieth of the step: nobody is learnt."""
    found = strong_nodes_first(**FEW, step_size=0.01 / 50)
    assert [check.holds for check in found.checks[2:]] == [False, False]
    assert np.isfinite(found.series["first"]).mean() < 0.1


def test_large_start():
    """The order is kept, but the weak teachers are no longer learnt."""
    found = strong_nodes_first(**FEW, start=0.3)
    assert found.checks[0].measured > 0.8
    assert found.checks[3].holds is False


def test_divergence():
    """No error, no warning: a check that fails."""
    found = strong_nodes_first(**FEW | {"seeds": 2}, step_size=1.0)
    assert found.checks[0].claim == "no run of 2 diverges"
    assert found.checks[0].measured == 2
    assert not found.holds
    assert found.checks[3].holds is False
    assert found.summary()
    assert found.to_dict()


def test_first_epoch():
    best = np.array([[0.0, 0.0, 0.5], [0.91, 0.0, np.nan], [0.3, 0.95, 0.9]])
    run = Outcome(np.array([0, 2, 4]), best, best[:, 0], best, best[0], False)
    assert first_epoch(run).tolist() == [2, 4, np.inf]
    assert [run.recovered(epoch) for epoch in (0, 2, 4)] == [0, 0, 0]
    assert students.RECOVERED == 0.95


def test_one_teacher():
    with pytest.raises(ValueError, match="teachers must be at least 2"):
        strong_nodes_first(teachers=1)


def test_threads_and_progress():
    seen = []
    small = {"decays": (1.0,), "seeds": 1, "epochs": 2}
    first = strong_nodes_first(**small, threads=1, progress=lambda done, of: seen.append(done))
    second = strong_nodes_first(**small, threads=2)
    np.testing.assert_array_equal(first.series["best"], second.series["best"])
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
