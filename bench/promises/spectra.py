"""Smallest eigenvalues, solves and certificates, beside the exact values in 60 digits."""

import mpmath
import numpy as np
import numpy_formula
from promises.entries import HOSTS
from promises.line import Line, worst_of

import exact_matrices as exact
import pyntk
import test_certificate as certificates
import test_solve as solves

ANGLES = {
    np.float32: (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6),
    np.float64: (1e-1, 1e-2, 1e-4, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14),
}
SMALLEST_ANGLE = {np.float32: 1e-5, np.float64: 1e-10}
"""Promise 4: down to here the computed matrix stays positive definite."""
SOLVABLE = (1e-2, 1e-4, 1e-5, 3e-6)
RELATIVE = 1e-9
"""Promise 10: the relative error of a solve, up to condition 1e7."""
WITH_FORMS = ("random", "float32", "graded", "condition 1e7", "a cluster", "huge", "tiny")
"""The matrices of the tests that are safely positive definite."""


def smallest_eigenvalues(quick=False):
    """Return a row for each angle: the exact eigenvalue, NumPy's formula, pyntk, an interval."""
    return [
        _smallest(dtype, angle)
        for dtype, angles in ANGLES.items()
        for angle in angles[:: 3 if quick else 1]
    ]


def _smallest(dtype, angle):
    """Take 20 rows on the sphere, three pairs of them at the angle."""
    X = exact.close_pairs(20, 6, angle, pairs=3).astype(dtype)
    interval = pyntk.lambda_min(X=X, certified=True)
    value = exact.eigenvalues(exact.kernel(X))[0]
    return {
        "dtype": np.dtype(dtype).name,
        "angle": angle,
        "promised": angle >= SMALLEST_ANGLE[dtype],
        "exact": float(value),
        "numpy": _of(numpy_formula.ntk_gram(X)),
        "pyntk": _of(pyntk.ntk_gram(X)),
        "lower": interval.lower,
        "upper": interval.upper,
        "contains": bool(value in interval),
    }


def _of(K):
    """Return the smallest eigenvalue of a matrix, which is computed in float64."""
    return float(np.linalg.eigvalsh(K.astype(np.float64))[0])


def solved(backends, quick=False):
    """Return the lines of solves from rows, for the backends that the public functions take."""
    hosts = [name for name in backends if name in HOSTS]
    lines = []
    for dtype in (np.float32, np.float64):
        for angle in SOLVABLE[:: 3 if quick else 1]:
            X, y = exact.close_pairs(40, 6, angle, pairs=3).astype(dtype), exact.labels(40)
            title = f"pairs at {angle:g} rad"
            lines += _solves(title, X, y, {}, hosts)
    X, y = exact.sphere(12, 5), exact.labels(12)
    return lines + _solves('trained="all", depth 3, with a bias', X, y, solves.KERNELS[-1], hosts)


def _solves(title, X, y, how, hosts):
    """Return the lines of a form and of a solution."""
    K = exact.kernel(X, **how)
    form, solution = exact.form(K, y), exact.solution(K, y)

    def error_of_form(options):
        value = pyntk.quadratic_form_inverse(**options).value
        with mpmath.workdps(exact.DIGITS):
            return abs(value / form - 1)

    found = {
        "y' K^-1 y": error_of_form,
        "K^-1 y": lambda options: exact.relative_error(pyntk.solve(**options).x, solution),
    }
    return [
        Line(
            f"{what}, {title}",
            X.dtype.name,
            RELATIVE,
            {
                backend: worst_of([error({"X": X, "y": y, "backend": backend, **how})])
                for backend in hosts
            },
        )
        for what, error in found.items()
    ]


def certified(quick=False):
    """Return for each kind of interval how many there are, contain the value, and how wide."""
    matrices = [name for name in certificates.MATRICES if name != "subnormal"]  # all underflow
    matrices = matrices[:: 4 if quick else 1]
    rows = [
        exact.close_pairs(12, 6, angle, pairs=2).astype(dtype)
        for dtype in (np.float32, np.float64)
        for angle in (1, 1e-3, 1e-6)[:: 2 if quick else 1]
    ]
    return [
        _summary(
            "lambda_min of given matrices",
            "n^2 u of the largest diagonal entry",
            [_eigenvalue(certificates.MATRICES[name]) for name in matrices],
        ),
        _summary(
            "y' H^-1 y of given matrices",
            "the value",
            [_form(certificates.MATRICES[name]) for name in matrices if name in WITH_FORMS],
        ),
        _summary(
            "lambda_min of the kernel of rows",
            "n^2 u of the largest diagonal entry",
            [_eigenvalue(exact_rows=X) for X in rows],
        ),
        _summary(
            "y' K^-1 y of the kernel of rows", "the value", [_form(exact_rows=X) for X in rows]
        ),
    ]


def _summary(what, unit, intervals):
    """Return a row of the page; an interval is (does it contain the value, width in the unit)."""
    contain = sum(contains for contains, _ in intervals)
    widest = worst_of([width for _, width in intervals])
    return {
        "what": what, "intervals": len(intervals), "contain": contain, "widest": widest,
        "unit": unit,
    }  # fmt: skip


def _given(H, exact_rows):
    """Return the exact matrix, and what the public functions are given."""
    if H is None:
        return exact.kernel(exact_rows), {"X": exact_rows}
    return exact.matrix(H), {"H": H}


def _eigenvalue(H=None, exact_rows=None):
    K, given = _given(H, exact_rows)
    interval = pyntk.lambda_min(**given, certified=True)
    n = K.rows
    largest = max(abs(float(K[i, i])) for i in range(n))
    width = interval.width / (n * n * 2.0**-53 * largest) if largest else 0.0
    return exact.eigenvalues(K)[0] in interval, width


def _form(H=None, exact_rows=None):
    K, given = _given(H, exact_rows)
    y = exact.labels(K.rows)
    interval = pyntk.quadratic_form_inverse(**given, y=y, certified=True)
    value = exact.form(K, y)
    with mpmath.workdps(exact.DIGITS):
        return value in interval, float(interval.width / value)
