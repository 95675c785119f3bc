"""A wide network moves little; wrong starts and step sizes are found out."""

import sys

import numpy as np
import pytest

import pyntk
from pyntk.schedule import inverse_width
from pyntk.theory.liang import gaussian_clusters, relative_distance
from pyntk.theory.liang.classes import draw_classes
from pyntk.theory.liang.descent import IN_PAPER, Descent, descend
from pyntk.theory.watch import Watch

checks = sys.modules["pyntk.theory.liang.relative_distance"]
SMALL = gaussian_clusters(1200, d=100)


def start_of_std(std):
    """TwoLayer.clustered with another standard deviation of W."""

    def network(m, d, outputs, **how):
        net = pyntk.TwoLayer.clustered(m, d, outputs, **how)
        net.W *= std(m) * m**0.5
        return net

    return network


@pytest.fixture(scope="module", params=[0, 1])
def paper(request):
    """The experiment's own clusters, d = 1000."""
    return relative_distance(widths=(500, 2000), seed=request.param)


@pytest.fixture(scope="module")
def wide():
    return relative_distance(SMALL, rows=600, held_out=600)


def test_paper(paper):
    assert [check.holds for check in paper.checks] == [True] * 4
    scaled = paper.series["relative"][:, -1] * np.sqrt([500, 2000])
    assert ((scaled > 1.25) & (scaled < 1.6)).all()
    assert paper.checks[0].measured in scaled
    assert paper.series["flips"][0, -1] < 0.13
    assert scaled.max() / scaled.min() == paper.checks[1].measured <= 1.15
    assert 1.6 <= paper.checks[3].measured <= 2.4
    assert "met" in paper.checks[0].condition


def test_wide(wide):
    """Other clusters: what depends on the experiment's constants does not apply."""
    band, constant, *flips = wide.checks
    assert band.holds is None
    assert constant.holds
    assert [check.holds for check in flips] == [None, None, True, True]
    assert wide.series["relative"].shape == (3, len(wide.series["steps"]))
    assert (wide.series["relative"][:, 0] == 0).all()
    assert wide.holds


@pytest.mark.parametrize(
    ("std", "low", "high"),
    [(lambda m: m**-0.25, 0.3, 0.5), (lambda m: 1.0, 0.2, 0.35)],
    ids=["variance m^-1/2", "variance 1"],
)
def test_wrong_start(std, low, high):
    report = relative_distance(widths=(1000,), network=start_of_std(std))
    assert report.checks[0].holds is False
    assert low < report.checks[0].measured < high
    several = relative_distance(SMALL, widths=(500, 2000, 8000), network=start_of_std(std))
    assert several.checks[1].holds is False  # not m^(-1/2)


def test_no_division_by_the_batch():
    """A gradient that is the sum over 16 rows is a step 16 times as large."""
    report = relative_distance(widths=(1000,), step_size=inverse_width(160))
    assert report.checks[0].holds is None  # the step size is not the experiment's
    sample = draw_classes("clusters", 1000, 1000)
    how = Descent(400, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
    scaled = report.series["relative"][:, -1] * 1000**0.5
    check = checks.distance_in_band(np.array([1000]), scaled, sample, how)
    assert check.holds is False
    assert check.measured == pytest.approx(2.23, abs=0.15)


def test_constant_step_size():
    report = relative_distance(SMALL, step_size=0.02, widths=(250, 4000))
    assert report.checks[1].holds is False


def test_nan_does_not_pass():
    sample = draw_classes("clusters", 100, 100)
    how = Descent(400, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
    m = np.array([500, 2000])

    nan = np.array([1.4, np.nan])
    assert checks.distance_in_band(m, nan, sample, how).holds is False
    assert checks.distance_constant(m, nan, sample).holds is False
    assert checks.flips_fourfold(m, nan, sample)[0].holds is False


def test_descent():
    """The recorded numbers are those of the weights."""
    sample = draw_classes(SMALL, 300, 100)
    how = Descent(50, 16, IN_PAPER, pyntk.TwoLayer.clustered, 3, {})
    trained = descend(sample, 200, how, Watch(), {"distance": [50], "flips": [50]})
    records = trained.run.records
    far = np.linalg.norm(trained.update) / np.linalg.norm(trained.start)
    assert records["distance"].values.relative[0] == pytest.approx(far, rel=1e-6)
    flips = ((trained.start @ sample.X.T > 0) != (trained.net.W @ sample.X.T > 0)).mean()
    assert records["flips"].values[0] == pytest.approx(flips, abs=1e-4)
    again = descend(sample, 200, how, Watch(), {})
    assert (again.net.W == trained.net.W).all()
    assert trained.start.std() == pytest.approx(200**-0.5, rel=0.02)
    assert np.asarray(trained.net.a).std() == pytest.approx(1, rel=0.05)


def test_divergence():
    report = relative_distance(SMALL, widths=(50,), step_size=1e12)
    assert not report.holds
    assert report.checks[0].measured == 1e12


def test_bad_input():
    for wrong, error in (
        ({"widths": ()}, ValueError), ({"widths": (0,)}, ValueError),
        ({"widths": (1.5,)}, TypeError), ({"steps": 0}, ValueError),
        ({"batch": 0}, ValueError), ({"rows": 0}, ValueError), ({"records": 0}, ValueError),
    ):  # fmt: skip
        with pytest.raises(error, match=next(iter(wrong))):
            relative_distance(SMALL, **wrong)


def test_digits_have_no_clusters():
    report = relative_distance("digits", rows=500, held_out=200, widths=(100, 400), steps=100)
    assert {check.holds for check in report.checks} == {None}
    assert any("no clusters" in note for note in report.notes)
    assert "10/m" in report.summary()
