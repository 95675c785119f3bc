"""What makes H singular, and what does not; the spectrum on the circle in closed form."""

import sys

import mpmath
import numpy as np
import pytest

import pyntk
from pyntk.data import sphere
from pyntk.theory.arora import gram_positive_definite
from pyntk.theory.arora.circle import circle, circle_eigenvalues, fourier
from pyntk.theory.arora.parallel import parallel
from pyntk.theory.arora.positive_definite_checks import ceiling, nullity

MODULE = sys.modules["pyntk.theory.arora.gram_positive_definite"]
CLAIMS = ("theorem", "null", "duplicate", "approach", "few pairs", "many pairs", "circle")


def verdicts(report):
    assert len(report.checks) == len(CLAIMS)
    return dict(zip(CLAIMS, (check.holds for check in report.checks), strict=True))


def labelled(X):
    return X, np.where(np.arange(len(X)) % 2, 1.0, -1.0)


@pytest.mark.parametrize("seed", range(5))
def test_holds(seed):
    report = gram_positive_definite(rows=100, seed=seed)
    assert set(verdicts(report).values()) == {True}
    assert report.series["pairs_null"].tolist() == [0, 0, 0, 0, 0, 1, 2, 3]
    np.testing.assert_allclose(report.series["approach"][-1], 1e-8 / (2 * np.pi), rtol=0.05)


def wrong_kernel(monkeypatch, kernel):
    monkeypatch.setattr(MODULE, "ntk_gram", kernel)
    return verdicts(gram_positive_definite(rows=100))


def test_linear_kernel(monkeypatch):
    """x.z has the rank of the rows: all fails but that equal rows make it singular."""
    found = wrong_kernel(monkeypatch, lambda X, **how: X @ X.T / 4)
    failed = set(CLAIMS) - {"duplicate"}
    assert {claim for claim, holds in found.items() if holds is False} == failed


@pytest.mark.parametrize("scale", [2, 0.5])
def test_wrong_scale(monkeypatch, scale):
    found = wrong_kernel(monkeypatch, lambda X, **how: scale * pyntk.ntk_gram(X))
    assert found["circle"] is False
    assert found["approach"] is (scale < 1)


@pytest.mark.parametrize("other", [{"trained": "all"}, {"trained": "last"}])
def test_other_layers(monkeypatch, other):
    found = wrong_kernel(monkeypatch, lambda X, **how: pyntk.ntk_gram(X, **other))
    assert found["circle"] is False


def test_kernel_with_a_bias(monkeypatch):
    """All its odd powers are there: no number of pairs of opposite rows makes it singular."""
    found = wrong_kernel(monkeypatch, lambda X, **how: pyntk.ntk_gram(X, bias_variance=0.5))
    assert found["many pairs"] is False


def test_equal_rows_are_named():
    """Numbers are those of the data, zero rows counted; a multiple of a row points its way."""
    X = sphere(30, 5, 0).X
    X[[4, 9]] = 0
    X[17], X[21] = 3 * X[7], X[7]
    report = gram_positive_definite(labelled(X))
    found = verdicts(report)
    assert found["theorem"] is None
    assert "rows 7 and 17" in report.checks[0].condition
    assert found["null"] is True
    assert report.checks[1].predicted == 2
    assert found["duplicate"] is True
    assert "rows 7 and 17 of X" in report.checks[2].claim
    assert any("7 and 17, 7 and 21" in note for note in report.notes)
    assert any("2 zero rows" in note for note in report.notes)


def test_a_distinct_row_is_no_duplicate(monkeypatch):
    """The check of equal rows fails where the rows named are not equal."""
    X = sphere(30, 5, 0).X
    wrong = parallel(X).__class__(((3, 8),), (), np.arange(30))
    monkeypatch.setattr(MODULE, "parallel", lambda X: wrong)
    found = verdicts(gram_positive_definite(labelled(X)))
    assert found["duplicate"] is False
    assert found["null"] is False


@pytest.mark.parametrize(
    ("pairs", "rank", "dimension"), [(1, 5, 0), (5, 5, 0), (7, 5, 2), (4, 2, 2)]
)
def test_opposite_rows(pairs, rank, dimension):
    """Opposite pairs of the data, in general position or in a plane, among other rows."""
    generator = np.random.default_rng(pairs)
    P = generator.standard_normal((pairs, rank)) @ generator.standard_normal((rank, 5))
    X = np.concatenate([P, -2 * P, generator.standard_normal((20, 5))])
    report = gram_positive_definite(labelled(X))
    found = verdicts(report)
    assert found["theorem"] is None
    assert found["null"] is True
    assert report.checks[1].predicted == dimension
    assert nullity(np.linalg.eigvalsh(pyntk.ntk_gram(X / np.linalg.norm(X, axis=1)[:, None]))) == (
        dimension
    )


def test_too_close_to_tell():
    """Rows at 1e-14 rad: not parallel, and lambda_0 below what float64 can tell from 0."""
    X = np.concatenate([np.eye(3), [[1.0, 1e-14, 0.0]]])
    report = gram_positive_definite(labelled(X))
    found = verdicts(report)
    assert found["theorem"] is None
    assert found["null"] is None
    assert "cannot be told" in report.checks[0].condition


def test_many_equal_rows():
    X = np.ones((300, 3))
    X[0] = [1, 0, 0]
    X[5:9] = -1
    found = parallel(X / np.linalg.norm(X, axis=1)[:, None])
    assert found.distinct.tolist() == [0, 1, 5]
    assert found.opposite == ((1, 5),)
    assert found.apart.tolist() == [0, 1]
    assert len(found.equal) == 297
    assert (1, 2) in found.equal
    assert (5, 6) in found.equal


def test_bound_by_the_angle():
    with mpmath.workdps(40):
        for t in (1e-9, 0.3, 3.0):
            exact = mpmath.mpf(1) / 2 - mpmath.cos(t) * (mpmath.pi - t) / (2 * mpmath.pi)
            assert float(ceiling(t)) == pytest.approx(float(exact), rel=1e-13)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 12, 64, 65])
def test_circle(n):
    """The closed form against the cosine sum of one row of H, in 30 digits."""
    with mpmath.workdps(30):
        t = [2 * mpmath.pi * j / n for j in range(n)]
        row = [mpmath.cos(s) * (mpmath.pi - min(s, 2 * mpmath.pi - s)) / (2 * mpmath.pi) for s in t]
        exact = [
            float(sum(row[j] * mpmath.cos(t[j * k % n]) for j in range(n)) / n) for k in range(n)
        ]
    np.testing.assert_allclose(circle_eigenvalues(n), exact, rtol=0, atol=1e-15)
    computed = pyntk.eigvalsh(pyntk.ntk_gram(circle(n))) / n
    np.testing.assert_allclose(computed, np.sort(exact), rtol=0, atol=1e-12)


def test_circle_is_the_sum_of_its_aliases():
    n = 65
    sums = [sum(fourier(abs(k + n * j)) for j in range(-20_000, 20_001)) for k in range(n)]
    np.testing.assert_allclose(circle_eigenvalues(n), sums, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("data", "options", "error", "words"),
    [
        (([[1.0], [2.0]], [1, -1]), {}, ValueError, "at least 2 columns"),
        (([[0.0, 0.0], [2.0, 1.0]], [1, -1]), {}, ValueError, "1 rows that are not zero"),
        (([[np.nan, 0.0], [2.0, 1.0]], [1, -1]), {}, ValueError, r"X\[0, 0\] is nan"),
        ("nothing", {}, ValueError, "no data set 'nothing'"),
        ("sphere", {"rows": 1}, ValueError, "rows must be at least 2"),
        ("sphere", {"dimension": 1.5}, TypeError, "dimension must be a whole number"),
        ("sphere", {"circle_points": 0}, ValueError, "circle_points must be at least 1"),
    ],
)
def test_bad_input(data, options, error, words):
    with pytest.raises(error, match=words):
        gram_positive_definite(data, **options)
