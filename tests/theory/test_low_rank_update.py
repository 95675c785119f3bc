"""The update has the rank of the number of clusters; with permuted labels it has not."""

import sys

import numpy as np
import pytest

import pyntk
from pyntk.theory.liang import gaussian_clusters, low_rank_update
from pyntk.theory.liang.classes import draw_classes
from pyntk.theory.liang.descent import IN_PAPER, Descent, descend
from pyntk.theory.watch import Watch

SMALL = gaussian_clusters(1200, d=100)
checks = sys.modules["pyntk.theory.liang.low_rank_update"]


@pytest.fixture(scope="module")
def paper():
    return low_rank_update(widths=(500, 2000))


@pytest.fixture(scope="module", params=[0, 1, 2])
def small(request):
    data = gaussian_clusters(1200, d=100, seed=request.param)
    return low_rank_update(data, rows=600, held_out=600, seed=request.param)


def test_paper(paper):
    assert [check.holds for check in paper.checks] == [True] * 6
    values = paper.series["singular_values"]
    assert (values[:, 19] / values[:, 0] > 0.15).all()
    assert (values[:, 20] / values[:, 19] < 0.1).all()
    permuted = paper.series["permuted"]
    assert permuted[20] / permuted[19] > 0.5
    right = paper.series["training_accuracy"]
    assert right[0] - right[1] >= 0.3
    assert (paper.series["top_share"] > 0.999).all()


def test_small(small):
    assert [check.holds for check in small.checks] == [True] * 8


def test_singular_values():
    generator = np.random.default_rng(0)
    for shape in ((30, 7), (7, 30)):
        D = generator.standard_normal(shape)
        expected = np.linalg.svd(D, compute_uv=False)
        assert checks.singular_values(D) == pytest.approx(expected, rel=1e-10)


def test_weights_instead_of_the_update():
    """W(T) has no gap: the start has full rank."""
    sample = draw_classes(SMALL, 600, 600)
    how = Descent(400, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
    trained = descend(sample, 1000, how, Watch(), {})
    right = checks.gap(1000, checks.singular_values(trained.update), sample)
    assert [check.holds for check in right] == [True, True]
    W = np.asarray(trained.net.W, np.float64)
    assert checks.gap(1000, checks.singular_values(W), sample)[1].holds is False
    # Squared singular values fall below the first bound.
    squared = checks.singular_values(trained.update) ** 2
    assert checks.gap(1000, squared, sample)[0].holds is False


def test_rank_is_not_the_number_of_classes():
    """Three components a class: the gap is at k l = 15, not at k = 5 or 2 k."""
    data = gaussian_clusters(1200, classes=5, components=3, d=100)
    report = low_rank_update(data, rows=600, held_out=600, widths=(1000,))
    assert report.holds
    assert "sv_16 / sv_15" in report.checks[1].claim
    values = report.series["singular_values"][0]
    assert values[5] / values[4] > 0.1
    assert values[10] / values[9] > 0.1


def test_random_labels_as_data():
    """Labels that the clusters do not explain: the checks of the gap fail."""
    shuffled = np.random.default_rng(0).permutation(SMALL.classes)
    data = type(SMALL)(
        SMALL.X, shuffled, SMALL.components, SMALL.centres, SMALL.centre_classes, "shuffled"
    )
    report = low_rank_update(data, rows=600, held_out=600, widths=(1000,))
    gap, harder = report.checks[1], report.checks[-1]
    assert gap.holds is False
    assert gap.measured > 0.5
    assert harder.holds is False


def test_not_applicable():
    """No clusters, or as many as inputs."""
    digits = low_rank_update("digits", rows=500, held_out=200, widths=(100,), steps=50)
    assert [check.holds for check in digits.checks] == [None, None, None]
    few = gaussian_clusters(1000, d=15)
    report = low_rank_update(few, rows=600, held_out=400, widths=(100,), steps=50)
    assert report.checks[0].holds is None


def test_too_large_a_step():
    assert not low_rank_update(SMALL, widths=(50,), step_size=1e12).holds
