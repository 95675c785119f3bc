"""The formulas of the Gram entries: the polynomials, in C++ and CUDA and in Numba, against mpmath;
and promise 23, the float32 formula on every float32 cosine.
"""

import re
import shutil
import subprocess
from pathlib import Path

import mpmath
import numpy as np
import pytest

MATH = Path(__file__).parent.parent / "csrc" / "math"
HEADER = (MATH / "arc_cosine.hpp").read_text()


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


CHECK_FLAGS = "-std=c++20 -O2 -ffp-contract=off -fno-math-errno -fno-trapping-math -Wall -Werror"
WORST_ULP = {"first": 3.4, "last": 4.5, "all": np.inf, "degree 0": 2.3}
"""On all floats (csrc/math/check_floats.cpp, stride 1); "all" crosses zero between rows."""
WORST_UNITS = {"first": 1.65, "last": 1.4, "all": 1.8, "degree 0": 1.6}
"""Normwise, in units of 2^-24."""


@pytest.mark.parametrize("target", ["-march=native", "-mtune=generic"])
def test_promise_23_float32_on_its_cosines(tmp_path, target):
    """Every 997th float of [0, 1], with FMA and without, within what all of them reach."""
    if not shutil.which("g++"):
        pytest.skip("the check of all float32 cosines needs g++")
    program = tmp_path / "check_floats"
    source = MATH / "check_floats.cpp"
    flags = [*CHECK_FLAGS.split(), target]
    subprocess.run(["g++", *flags, source, "-o", program], check=True)
    run = subprocess.run([program, "997"], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    line = r"^(\w+(?: 0)?) +(acute|obtuse) +from a (cosine|chord) +(\S+) ulp at \S+ +(\S+) u at"
    found = re.findall(line, run.stdout, re.MULTILINE)
    assert len(found) == 16
    for kernel, _, _, ulps, units in found:
        assert 0.5 < float(ulps) <= WORST_ULP[kernel]
        assert 0.3 < float(units) <= WORST_UNITS[kernel]
