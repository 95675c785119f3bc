"""y' K^-1 y from rows, by a float32 factor and refinement, beside Cholesky in float64."""

import importlib
from functools import partial

import numpy as np
import scipy.linalg
from contenders import absence_of_backend, missing
from data import gaussian
from measure import Local
from problem import Bound, Contender, Problem

import pyntk

CONDITION = 1e7
PAIRS = 8
LARGEST_ERROR = 1e-9  # promise 10
OURS, PEER = "pyntk, float32 refined", "pyntk's Gram, SciPy's Cholesky in float64"


def problems(quick):
    n = 768 if quick else 4096
    contenders = {
        OURS: ours(lambda X, y: pyntk.quadratic_form_inverse(X=X, y=y).value),
        PEER: Contender(lambda data: Local(partial(by_scipy, **rows(data))), check),
        "pyntk's Gram, NumPy's solve": Contender(
            lambda data: Local(partial(by_numpy, **rows(data))), check
        ),
        "pyntk's Gram, PyTorch's Cholesky in float64": Contender(
            by_torch, check, partial(missing, "torch")
        ),
        "pyntk, H^-1 y": ours(lambda X, y: y @ pyntk.solve(X=X, y=y).x),
        "pyntk, an interval": ours(
            lambda X, y: pyntk.quadratic_form_inverse(X=X, y=y, certified=True), check_interval
        ),
    }
    return [
        Problem(
            f"y'K^-1 y from rows, condition {CONDITION:.0e}, n={n} d={d}",
            partial(data, n, d),
            contenders,
            bounds=[Bound(OURS, "times", 1, PEER)],
        )
        for d in (64, 784)
    ]


def data(n, d):
    """Gaussian rows, some in pairs so close that K has the condition number.

    Two rows of norm r at the angle t give the eigenvalue r^2 t / (2 pi), below all others.
    """
    X, generator = gaussian(n, d, np.float64), np.random.default_rng(1)
    v = generator.standard_normal(n)
    for _ in range(30):
        v = pyntk.ntk_matmul(X, v)
        largest = np.linalg.norm(v)
        v /= largest
    for i in range(0, 2 * PAIRS, 2):
        x = X[i]
        aside = generator.standard_normal(d)
        aside -= (aside @ x) / (x @ x) * x
        aside *= 2 * np.pi * largest / (CONDITION * np.linalg.norm(aside) * np.linalg.norm(x))
        X[i + 1] = x + aside
    y = np.sign(generator.standard_normal(n))
    expected = pyntk.quadratic_form_inverse(pyntk.ntk_gram(X), y)  # residuals in longdouble
    return {"X": X, "y": y, "expected": expected.value}


def rows(data):
    return {"X": data["X"], "y": data["y"]}


def ours(call, checked=None):
    def start(data):
        call(data["X"][2 * PAIRS : 2 * PAIRS + 9], data["y"][:9])
        return Local(partial(call, **rows(data)))

    return Contender(start, checked or check, partial(absence_of_backend, "cpu"))


def by_scipy(X, y):
    factor = scipy.linalg.cho_factor(
        pyntk.ntk_gram(X), lower=True, overwrite_a=True, check_finite=False
    )
    return y @ scipy.linalg.cho_solve(factor, y, check_finite=False)


def by_numpy(X, y):
    return y @ np.linalg.solve(pyntk.ntk_gram(X), y)


def by_torch(data):
    torch = importlib.import_module("torch")
    X, y = data["X"], data["y"]

    def call():
        factor = torch.linalg.cholesky(torch.from_numpy(pyntk.ntk_gram(X)))
        return y @ torch.cholesky_solve(torch.from_numpy(y)[:, None], factor)[:, 0].numpy()

    return Local(call)


def check(data, runner):
    error = abs(float(runner.answer) / data["expected"] - 1)
    if not error <= LARGEST_ERROR:
        raise AssertionError(f"a relative error of {error:.3g}, {LARGEST_ERROR:.0e} is allowed")


def check_interval(data, runner):
    lower, upper = runner.answer
    if not lower <= data["expected"] * (1 + LARGEST_ERROR) <= upper * (1 + 2 * LARGEST_ERROR):
        raise AssertionError(f"{data['expected']} is not in [{lower}, {upper}]")


def test_solve(compete):
    compete()
