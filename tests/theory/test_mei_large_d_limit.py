"""The limit of large dimensions, and its rate 1/d."""

import numpy as np
import pytest

from pyntk.theory.mei.large_d_limit import closed_form, large_d_limit, rate


@pytest.fixture(scope="module")
def report():
    return large_d_limit()


def test_large_d(report):
    assert report.holds
    assert len(report.checks) == 6
    at = dict(zip(report.series["dimensions"], report.series["coefficient"].T, strict=True))
    one = list(report.series["radii"]).index(1.0)
    for d, expected in ((40, 0.878), (320, 0.845), (5000, 0.840)):
        assert at[d][one] == pytest.approx(expected, rel=3e-3)
    assert np.abs(at[320] / at[5000] - 1).max() <= 0.03


def test_small_d_is_not_the_limit():
    found = large_d_limit(radii=[1.0], dimensions=[5, 10, 40], batches=2)
    assert found.checks[0].holds is False
    assert "not met" in found.checks[0].condition


def test_wrong_closed_form(report):
    series = report.series
    arguments = (40, series["radii"], series["sampled"], series["standard_error"])
    right = series["risk"][:, list(series["dimensions"]).index(40)]
    assert closed_form(arguments[0], arguments[1], right, *arguments[2:]).holds
    assert not closed_form(arguments[0], arguments[1], right / 2, *arguments[2:]).holds
    assert not closed_form(arguments[0], arguments[1], series["limit"], *arguments[2:]).holds
    assert not closed_form(arguments[0], arguments[1], right * np.nan, *arguments[2:]).holds


def test_wrong_rate():
    """R_d - R_inf that falls like d^(-1/2), or does not fall."""
    d = np.array([40, 320, 1250, 5000])
    assert rate(1.0, d, np.array([0.9, 0.85, 0.845, 0.84])).holds
    assert rate(1.0, d, 0.1 * np.sqrt(d)).holds is False
    assert rate(1.0, d, 0.001 * d).holds is False
    assert rate(1.0, d, np.array([0.9, np.nan, 0.845, 0.84])).holds is False


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"radii": [0.0]}, "radii must be"),
        ({"radii": [np.nan]}, "radii must be"),
        ({"dimensions": [40]}, "dimensions must be"),
        ({"dimensions": [80, 40]}, "dimensions must be"),
        ({"dimensions": [1, 40]}, "d must be"),
        ({"delta": 1.0}, "delta must be"),
        ({"sampled": 1}, "d must be"),
    ],
)
def test_bad_input(options, words):
    with pytest.raises(ValueError, match=words):
        large_d_limit(**({"batches": 2} | options))
