"""The reference against mpmath, where it could be wrong: the poles, and extreme norms."""

import mpmath
import numpy as np
import pytest

import reference
from cases import rows_at_angles, rows_of_extreme_norm, rows_that_repeat


def exact(x, z, trained):
    x, z = [mpmath.mpf(float(v)) for v in x], [mpmath.mpf(float(v)) for v in z]
    p, q, g = mpmath.fdot(x, x), mpmath.fdot(z, z), mpmath.fdot(x, z)
    if p == 0 or q == 0:
        return mpmath.mpf(0)
    c = max(mpmath.mpf(-1), min(mpmath.mpf(1), g / mpmath.sqrt(p * q)))
    theta = mpmath.acos(c)
    H = c * (mpmath.pi - theta)
    S = mpmath.sin(theta) + (mpmath.pi - theta) * c
    value = {"first": H, "last": S, "all": H + S}[trained]
    return mpmath.sqrt(p * q) * value / (2 * mpmath.pi)


def as_mpf(value):
    """A longdouble as an mpf, exactly: as two doubles and a power of two."""
    mantissa, exponent = np.frexp(value)
    high = float(mantissa)
    low = float(mantissa - np.longdouble(high))
    return mpmath.ldexp(mpmath.mpf(high) + mpmath.mpf(low), int(exponent))


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize("rows", [rows_at_angles, rows_of_extreme_norm, rows_that_repeat])
def test_ntk(rows, trained):
    X = rows(np.float64)
    K = reference.ntk(X, X, trained)
    norms = [as_mpf(norm) for norm in reference.row_norms(X)]
    with mpmath.workdps(60):
        for i in range(0, len(X), 2):
            for j in range(len(X)):
                tolerance = norms[i] * norms[j] * mpmath.mpf(2) ** -58
                assert abs(as_mpf(K[i, j]) - exact(X[i], X[j], trained)) <= tolerance
