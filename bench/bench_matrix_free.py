"""Eigenpairs, linear systems and regression without the matrix, beside the matrix and its eigh.

What takes minutes runs once: its seconds are those of its first run, not a median.
"""

from functools import partial

import numpy as np
from contenders import absence_of_backend
from data import gaussian
from measure import Local
from peak_memory import extra_memory
from problem import Bound, Contender, Problem

import pyntk

RIDGE = 1e-3
GIB = 1 << 30


def problems(quick):
    n, many, fitted = (1024, 2000, 1500) if quick else (8192, 30_000, 20_000)
    return [
        leading(n, 64, 50),
        steps("20 clusters of width 0.1", clusters, many, [Bound(WITH, "times", 1 / 5, WITHOUT)]),
        steps("uniform on the sphere", sphere, many, []),
        regression(fitted, "dense", checked=not quick),
        regression(fitted, "matrix_free", checked=not quick),
    ]


class Once:
    """A contender that runs once, when its memory is measured; ``figure`` of it is what counts."""

    def __init__(self, call, figure=None):
        self.local, self.figure, self.value, self.answer = Local(call), figure, None, None

    def extra_memory(self):
        def call():
            self.value = self.local.run()
            return self.local.answer

        needed, self.answer = extra_memory(call)
        self.local.forget()
        self.needed = needed
        if self.figure is not None:
            self.value = self.figure(self.answer)
        return needed

    def run(self):
        return self.value

    def forget(self):
        pass

    def close(self):
        self.local.close()
        self.answer = None


def leading(n, d, k):
    """The k largest eigenpairs from X."""
    name, whole = "pyntk.eigsh", "pyntk.ntk_gram, then pyntk.eigh"

    def by_eigsh(X):
        pyntk.ntk_matmul(X[:4], X[:4])
        return Local(partial(pyntk.eigsh, X, k))

    def by_eigh(X):
        pyntk.ntk_gram(X[:4])
        return Once(lambda: pyntk.eigh(pyntk.ntk_gram(X)))

    def check(X, runner):
        """Residuals of 1e-9 of the largest eigenvalue, by a product."""
        values, V = runner.answer[0][-k:], np.ascontiguousarray(runner.answer[1][:, -k:])
        worst = np.linalg.norm(pyntk.ntk_matmul(X, V) - V * values, axis=0).max() / values[-1]
        if not worst < 1e-9:
            raise AssertionError(f"a residual is {worst:.3g} of the largest eigenvalue")

    contenders = {name: contender(by_eigsh, check), whole: contender(by_eigh, check)}
    return Problem(
        f"the {k} largest eigenpairs, float64, n={n} d={d}", partial(gaussian, n, d, np.float64),
        contenders, bounds=[Bound(name, "times", 1 / 10, whole)],
    )  # fmt: skip


WITH, WITHOUT = "pyntk.cg_solve, 1 s = 1 step", "without preconditioner, 1 s = 1 step"


def steps(title, rows, n, bounds):
    """The steps of conjugate gradients to 1e-6, at a ridge of 1e-3; a second stands for a step."""
    d = 64

    def data():
        X = rows(n, d)
        return X, np.sign(X @ gaussian(d, 1, np.float64, seed=2))[:, 0]

    def solver(**how):
        def start(data):
            pyntk.ntk_matmul(data[0][:4], data[0][:4])
            solve = partial(pyntk.cg_solve, *data, ridge=RIDGE, **how)
            return Once(solve, lambda solution: solution.steps)

        return contender(start, check)

    def check(data, runner):
        X, y = data
        x = runner.answer.x
        missed = np.linalg.norm(y - pyntk.ntk_matmul(X, x) - RIDGE * x) / np.linalg.norm(y)
        if not missed <= 1.001e-6:
            raise AssertionError(f"the residual is {missed:.3g} of y")

    return Problem(
        f"steps of cg_solve, {title}, n={n} d={d}", data,
        {WITH: solver(), WITHOUT: solver(preconditioner=None)},
        bounds=[Bound(WITH, "extra_bytes", 1.5 * GIB), *bounds],
    )  # fmt: skip


def regression(n, method, checked):
    """A fit, and whether its memory is within 10 % of what it announced."""

    def start(X):
        y = np.sign(X[:, 0])
        fit = partial(pyntk.kernel_regression, ridge=RIDGE, method=method)
        fit(X[:300], y[:300])
        return Once(partial(fit, X, y))

    def check(X, runner):
        share = runner.needed / runner.answer.announced_bytes
        if checked and not 0.9 <= share <= 1.1:
            raise AssertionError(f"needed {share:.3g} of the memory that it announced")

    rows = partial(gaussian, n, 64, np.float64)
    name = f"pyntk.kernel_regression, {method}"
    return Problem(f"{method} regression, n={n} d=64", rows, {name: contender(start, check)})


def contender(start, check):
    return Contender(start, check, partial(absence_of_backend, "cpu"))


def clusters(n, d):
    """20 clusters on the sphere: the spread in each is 0.1 of the distance to the origin."""
    generator = np.random.default_rng(1)
    centres = generator.standard_normal((20, d))
    X = centres[generator.integers(0, 20, n)] + 0.1 * generator.standard_normal((n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def sphere(n, d):
    X = gaussian(n, d, np.float64, seed=1)
    return X / np.linalg.norm(X, axis=1, keepdims=True)


def test_matrix_free(compete):
    compete()
