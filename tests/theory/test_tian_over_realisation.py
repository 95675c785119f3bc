"""More students recover more teachers, sooner; and the L-shape of their fan-outs."""

import numpy as np
import pytest

from pyntk.theory.tian import fan_out_alignment, over_realisation
from pyntk.theory.tian.fan_out_alignment import of_one_size, ratio
from pyntk.theory.tian.over_realisation import looks
from pyntk.theory.tian.over_realisation_checks import LOSSES, losses, ordered

FEW = {"multiples": (1, 10), "seeds": 2}


@pytest.fixture(scope="module")
def report():
    """The quick preset: 8 runs of each of four sizes."""
    return over_realisation()


def test_claims(report):
    assert [check.holds for check in report.checks] == [True] * 6
    recovered = report.series["recovered"][0].mean(axis=1)  # (multiples, epochs)
    one, two, five, ten = recovered[:, 5]
    assert ten - one >= 2
    assert five - one >= 1
    assert one < two < ten
    assert recovered[3, 20] >= 9.5
    assert recovered[0, 20] <= 9
    assert report.series["rate_late"].shape == (1, 4, 10)
    assert report.series["rate_late"][0].sum(axis=1) == pytest.approx(recovered[:, -1])
    assert report.series["rate_early"][0].sum(axis=1) == pytest.approx(recovered[:, 5])
    assert (np.diff(recovered, axis=1) >= -1).all()


def test_loss_averaged_over_the_outputs():
    """A fiftieth of the step: nobody is recovered early, so more students lead by nothing."""
    found = over_realisation(**FEW, step_size=0.01 / 50)
    assert found.checks[0].measured == 0
    assert [check.holds for check in found.checks[:2]] == [False, False]


def test_large_start():
    """No early lead of the many: they overflow, or begin with too much of their own."""
    found = over_realisation(**FEW, start=0.3)
    assert not found.holds
    assert False in [check.holds for check in found.checks if "10 x" in check.claim]


def test_exactly_sized_students_do_not_pass_as_more(monkeypatch):
    """A library that forgets the multiple trains the same student four times."""
    from pyntk.theory.tian.students import Protocol

    monkeypatch.setattr(Protocol, "students", property(lambda self: self.teachers))
    found = over_realisation(**FEW)
    assert [check.holds for check in found.checks[:2]] == [False, False]


def test_losses_of_the_paper():
    figures = {multiple: value for (p, multiple), value in LOSSES.items() if p == 2}
    assert all(check.holds for check in losses(2.0, figures, 3))
    shifted = losses(2.0, {multiple: value + 0.4 for multiple, value in figures.items()}, 3)
    assert [check.holds for check in shifted] == [False] * 4 + [True]
    assert ordered({1: -4.0, 2: -4.4, 5: -4.3, 10: -5.3}, 3).holds is False
    assert ordered({1: -4.0, 2: np.nan}, 3).holds is False
    steady = losses(1.0, {1: -2.9, 2: -7.0, 5: -6.4, 10: -5.4}, 4)
    assert [check.holds for check in steady] == [True, True, True, False]


def test_looks():
    assert looks(20, 5).tolist() == list(range(21))
    assert {0, 1, 5, 100} <= set(looks(100, 5).tolist())
    assert len(looks(100, 5)) < 25


@pytest.mark.slow
def test_the_papers_losses():
    """The only absolute numbers of the paper: 100,000 steps with 20 to 200 students, 3 runs."""
    found = over_realisation(preset="paper", decays=(2.0,), seeds=3)
    assert found.holds
    final = np.log10(found.series["loss"][0, :, :, -1]).mean(axis=1)
    np.testing.assert_allclose(final, [-4.05, -4.45, -5.05, -5.35], atol=0.35)
    assert (np.diff(final) < 0).all()


@pytest.fixture(scope="module")
def shape():
    """The quick preset: 8 runs at 1 and 5 times as many students."""
    return fan_out_alignment()


def test_the_l_shape(shape):
    assert [check.holds for check in shape.checks] == [None, True, True, True]
    assert shape.series["ratio"][0, 1].mean() < 0.33
    assert np.isfinite(shape.series["ratio"]).all()
    assert shape.series["correlation_0_1"].shape == (8, 50)


def test_too_short_for_the_l_shape():
    """Before anybody is aligned there is no L."""
    found = fan_out_alignment(multiples=(5,), seeds=2, epochs=1, epoch_steps=50)
    assert [check.holds for check in found.checks] == [False, False]


def test_divergence_is_no_l_shape():
    found = fan_out_alignment(multiples=(5,), seeds=2, epochs=1, step_size=1.0)
    assert [check.holds for check in found.checks] == [False, False, False]
    assert found.summary()


def test_ratio():
    correlation = np.array([0.2, 0.89, 0.93, 0.96, 0.99])
    fan_out = np.array([0.1, 0.2, 7.0, 0.5, 1.0])
    assert ratio(correlation, fan_out) == pytest.approx(0.2)
    assert ratio(correlation[2:], fan_out[2:]) == 0
    assert ratio(correlation[:3], fan_out[:3]) == np.inf
    assert np.isnan(ratio(np.full(3, np.nan), fan_out[:3]))
    ratios = np.array([0.1, 0.2, 0.3])
    assert [check.holds for check in of_one_size("", 5, ratios, 1e-5)] == [True, True]
    assert [check.holds for check in of_one_size("", 5, ratios + 0.2, 1e-5)] == [False, True]
    assert [check.holds for check in of_one_size("", 5, ratios * np.nan, 1e-5)] == [False, False]
    assert [check.holds for check in of_one_size("", 1, ratios + 0.2, 1e-5)] == [None, True]
