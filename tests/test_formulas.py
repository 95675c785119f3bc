"""The two polynomials of the Gram entries, in C++ and CUDA and in Numba, against mpmath."""

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

HEADER = (Path(__file__).parent.parent / "csrc" / "math" / "arc_cosine.hpp").read_text()


def coefficients(name, precision):
    """The numbers of one polynomial of the header, lowest power first, as the type reads them."""
    body = re.search(
        rf"{precision} arc_cosine_{name}\({precision} t\) {{(.*?)}}", HEADER, re.DOTALL
    )
    numbers = re.findall(r"-?\d+\.\d+(?:e-?\d+)?", body.group(1))
    return [float(np.float32(v)) if precision == "float" else float(v) for v in numbers]


def exact(name, t):
    c = 1 - t
    if name == "q":
        return mpmath.acos(c) / (mpmath.pi * mpmath.sqrt(t))
    return (mpmath.sqrt(1 - c * c) - c * mpmath.acos(c)) / (mpmath.pi * t ** mpmath.mpf(1.5))


@pytest.mark.parametrize(
    ("precision", "u"), [("float", 2.0**-24), ("double", 2.0**-53)], ids=["float", "double"]
)
@pytest.mark.parametrize("name", ["q", "r"])
def test_coefficients(name, precision, u):
    """The fit (at most 0.9 u) and the rounding of its coefficients (0.5 u): below 1.5 u."""
    c = coefficients(name, precision)
    with mpmath.workdps(50):
        for k in range(1, 201):
            t = mpmath.mpf(k) / 200
            value = sum(mpmath.mpf(v) * t**i for i, v in enumerate(c))
            assert abs(value / exact(name, t) - 1) <= 1.5 * u


def test_numba_has_the_same_coefficients():
    entry = pytest.importorskip("pyntk.backends.numba_entry")
    for name, function in (("q", entry.arc_cosine_q), ("r", entry.arc_cosine_r)):
        c = coefficients(name, "double")
        for t in np.linspace(0, 1, 101):
            assert function.py_func(t) == pytest.approx(np.polyval(c[::-1], t), rel=1e-15)
