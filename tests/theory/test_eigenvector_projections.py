"""Where labels lie in the spectrum of H, and labels and spectra for which the claims are false."""

import sys

import numpy as np
import pytest

import pyntk
from pyntk.data import digits, sphere
from pyntk.theory.arora import eigenvector_projections
from pyntk.theory.arora.projection_checks import half_normal, leading, mean_square

MODULE = sys.modules["pyntk.theory.arora.eigenvector_projections"]


@pytest.fixture(scope="module")
def report():
    return eigenvector_projections()


def test_holds(report):
    assert {check.holds for check in report.checks} == {True}
    assert report.series["random"].shape == (10, 250, 10)


def test_energies_of_the_digits(report):
    """Top 5, 10, 25, 50 of 250 eigenvectors."""
    true = report.series["energy_true"]
    np.testing.assert_allclose(true, [0.942, 0.965, 0.985, 0.994], rtol=0, atol=0.01)
    random = report.series["energy_random"]
    np.testing.assert_allclose(random, [0.02, 0.04, 0.1, 0.2], rtol=0, atol=0.02)


@pytest.mark.parametrize("seed", range(1, 4))
def test_other_seeds(seed):
    assert eigenvector_projections(splits=3, seed=seed).holds
    assert eigenvector_projections("sphere", splits=2, seed=seed).holds


def test_projections():
    """Against NumPy's eigenvectors; one sample of all rows, in another order."""
    data = sphere(40, 6, 0)
    found = eigenvector_projections((data.X, data.y), splits=1).series
    eigenvalues, vectors = np.linalg.eigh(pyntk.ntk_gram(data.X))
    np.testing.assert_allclose(found["eigenvalues"][0], eigenvalues[::-1], rtol=1e-10)
    np.testing.assert_allclose(found["true"][0], np.abs(vectors.T @ data.y)[::-1], atol=1e-9)


def failing(report):
    return [check.claim.split(" = ")[0] for check in report.checks if check.holds is False]


def test_random_labels_in_place_of_true_ones():
    data = digits()
    y = np.random.default_rng(0).choice([-1.0, 1.0], len(data.X))
    found = failing(eigenvector_projections((data.X, y), splits=4))
    assert len(found) == 1
    assert found[0].startswith("true labels: energy")


def test_smallest_eigenvectors_first(monkeypatch):
    """The order of the spectrum reversed: true labels have no energy in its top."""
    true = MODULE.label_spectrum

    def reversed_spectrum(H, y, **how):
        values, squares = true(H, y, **how)
        return values, squares[::-1]

    monkeypatch.setattr(MODULE, "label_spectrum", reversed_spectrum)
    assert len(failing(eigenvector_projections(splits=2))) == 5


def test_wrong_scale(monkeypatch):
    true = MODULE.label_spectrum
    monkeypatch.setattr(
        MODULE, "label_spectrum", lambda H, y, **how: (true(H, y)[0], 1.3 * true(H, y)[1])
    )
    found = failing(eigenvector_projections(splits=2))
    assert "random labels: mean (v_i.y)^2" in found


def test_wrong_kernel(monkeypatch):
    true = MODULE.ntk_gram
    monkeypatch.setattr(MODULE, "ntk_gram", lambda X, **how: 2 * true(X, **how))
    assert failing(eigenvector_projections(splits=2)) == ["trace(H)"]


def test_localised_eigenvectors():
    """Orthogonal rows: every projection is +-1, of mean square 1 and far from normal."""
    y = np.where(np.arange(60) % 2, 1.0, -1.0)
    found = failing(eigenvector_projections((np.eye(60), y), splits=1))
    assert any(claim.startswith("random labels: distance") for claim in found)
    assert "random labels: mean (v_i.y)^2" not in found


def test_unbalanced_labels():
    """Labels that are +1 more often lie on the leading eigenvector, which is nearly constant."""
    H = pyntk.ntk_gram(np.abs(sphere(200, 50, 0).X))
    _, vectors = np.linalg.eigh(H)
    generator = np.random.default_rng(0)
    for p, holds in ((0.5, True), (0.8, False)):
        y = generator.choice([-1.0, 1.0], (200, 40), p=[1 - p, p])
        assert mean_square(np.abs(vectors[:, ::-1].T @ y)[None]).holds is holds


def test_checks_of_nan():
    nan = np.full((1, 50, 2), np.nan)
    assert mean_square(nan).holds is False
    assert half_normal(nan).holds is False
    assert leading(nan[:, :, 0]).holds is False


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        ("digits", {"rows": 19}, "rows must be at least 20"),
        ("digits", {"splits": 0}, "splits must be at least 1"),
        ((np.eye(6), [1, -1, 1, -1, 1, 1]), {}, "6 distinct rows; at least 20"),
        ((np.eye(6), [1, -1, 1, -1, 1, 2]), {}, "only, not 2"),
    ],
)
def test_bad_input(data, options, words):
    with pytest.raises(ValueError, match=words):
        eigenvector_projections(data, **options)
