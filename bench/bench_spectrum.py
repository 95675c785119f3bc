"""eigh beside NumPy's and SciPy's."""

from functools import partial

import numpy as np
import scipy.linalg
from contenders import absence_of_backend
from data import gaussian
from measure import Local
from problem import Contender, Problem

import pyntk

BACKENDS = ("cpu", "numba")


def problems(quick):
    n = 256 if quick else 1024
    contenders = {
        **{f"pyntk {name}": solver(partial(pyntk.eigh, backend=name), name) for name in BACKENDS},
        "NumPy": solver(np.linalg.eigh),
        "SciPy, driver evr": solver(partial(scipy.linalg.eigh, driver="evr")),
    }
    return [Problem(f"eigh, float64, n={n}", partial(matrix, n), contenders)]


def solver(eigh, backend=None):
    absence = partial(absence_of_backend, backend) if backend else lambda: None
    return Contender(lambda H: Local(partial(eigh, H)), check, absence)


def matrix(n):
    return pyntk.ntk_gram(gaussian(n, 50, np.float64))


def check(H, runner):
    """LAPACK's test ratio is far below this: 1e-12 of the largest eigenvalue."""
    values, vectors = runner.answer
    worst = np.abs(H @ vectors - vectors * values).max() / values[-1]
    if not worst < 1e-12:
        raise AssertionError(f"H V - V diag(w) is {worst:.3g} of the largest eigenvalue")


def test_eigh(compete):
    compete()
