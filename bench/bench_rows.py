"""The Gram of two sets of rows beside the product alone (GEMM), and the diagonal."""

from functools import partial

import numpy as np
from contenders import absence_of_backend
from data import gaussian
from measure import Local
from problem import Bound, Contender, Problem, Work
from samples import kernel, promise, sample

import pyntk

BACKENDS = ("cpu", "numba")
PROMISE = promise(np.float32)
NUMBA = [Bound("pyntk numba", "times", 6, "pyntk cpu")]


def problems(quick):
    n, p, d = (768, 512, 784) if quick else (4096, 2048, 784)
    return [cross(n, p, d), diagonal(4 * n, d)]


def cross(n, p, d):
    """ntk_gram(X, Z)."""
    contenders = {
        **{f"pyntk {name}": by_pyntk(pyntk.ntk_gram, name, check_entries) for name in BACKENDS},
        "NumPy formula": Contender(
            lambda data: Local(partial(formula, *data)), partial(check_entries, allowed=d)
        ),
        "limit: GEMM": Contender(lambda data: Local(lambda: data[0] @ data[1].T), check_products),
    }
    return Problem(
        name=f"cross, float32, n={n} p={p} d={d}",
        data=lambda: (gaussian(n, d, np.float32), gaussian(p, d, np.float32, seed=1)),
        contenders=contenders,
        work=Work(2 * n * p * d, 4 * n * p, "float32"),
        bounds=NUMBA,
    )


def formula(X, Z):
    """What people write."""
    x, z = (np.sqrt((rows * rows).sum(1)) for rows in (X, Z))
    rho = np.clip((X / x[:, None]) @ (Z / z[:, None]).T, -1, 1)
    return np.outer(x, z) * rho * (np.pi - np.arccos(rho)) / (2 * np.pi)


def diagonal(n, d):
    """ntk_diag(X), every layer trained: |x|^2."""
    diagonals = partial(pyntk.ntk_diag, trained="all")
    contenders = {f"pyntk {name}": by_pyntk(diagonals, name, check_diagonal) for name in BACKENDS}
    contenders["NumPy formula"] = Contender(
        lambda data: Local(partial(np.einsum, "ij,ij->i", *data, *data)),
        partial(check_diagonal, allowed=d),
    )
    return Problem(
        name=f"diagonal, float32, n={n} d={d}",
        data=lambda: (gaussian(n, d, np.float32),),
        contenders=contenders,
        bounds=NUMBA,
    )


def by_pyntk(function, backend, check):
    def start(data):
        function(*(rows[:4] for rows in data), backend=backend)  # loads, compiles
        return Local(partial(function, *data, backend=backend))

    return Contender(start, check, partial(absence_of_backend, backend))


def check_entries(data, runner, allowed=PROMISE):
    i, j = (indices % len(rows) for indices, rows in zip(sample(10**6), data, strict=True))
    return largest(runner.entries(i, j), *kernel(data[0][i], data[1][j]), allowed)


def check_products(data, runner):
    i, j = (indices % len(rows) for indices, rows in zip(sample(10**6), data, strict=True))
    terms = data[0][i].astype(np.longdouble) * data[1][j]
    return largest(runner.entries(i, j), terms.sum(1), np.abs(terms).sum(1), terms.shape[1])


def check_diagonal(data, runner, allowed=PROMISE):
    squares = (data[0].astype(np.longdouble) ** 2).sum(1)
    return largest(runner.answer, squares, squares, allowed)


def largest(found, exact, size, allowed):
    """Return the largest error in units in roundoff of float32 times the size; or raise."""
    worst = float((np.abs(found - exact) / size).max() / (np.finfo(np.float32).eps / 2))
    if not worst <= allowed:
        raise AssertionError(f"wrong by {worst:.3g} u, {allowed:.3g} u are allowed")
    return worst


def test_rows(compete):
    compete()
