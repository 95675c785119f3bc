"""ntk_matmul, which never stores the Gram, beside the Gram of the same size and its product."""

from functools import partial

import numpy as np
from contenders import absence_of_backend, by_pyntk
from data import gaussian
from measure import Local
from problem import Bound, Contender, Problem, Work
from samples import kernel, promise

import pyntk

COLUMNS = 16
CHECKED = (0, 123, -1)


def problems(quick):
    n, d = (768 if quick else 8192), 784
    contenders = {
        "pyntk cpu": matmul("cpu"),
        "pyntk numba": matmul("numba"),
        "pyntk cpu, the Gram": by_pyntk("cpu", "X"),
        "pyntk numba, the Gram": by_pyntk("numba", "X"),
        "the Gram by cpu, then NumPy's product": gram_then_product("cpu"),
    }
    return [
        Problem(
            name=f"product with {COLUMNS} columns, float32, n={n} d={d}",
            data=partial(data, n, d),
            contenders=contenders,
            work=Work(n * (n + 1) * d + 2 * n * n * COLUMNS, 4 * n * COLUMNS, "float32"),
            bounds=[
                Bound("pyntk cpu", "times", 1.25, "pyntk cpu, the Gram"),
                Bound("pyntk numba", "times", 6, "pyntk cpu"),
                *(Bound(name, "extra_bytes", 64 << 20) for name in ("pyntk cpu", "pyntk numba")),
            ],
        )
    ]


def data(n, d):
    return {"X": gaussian(n, d, np.float32), "V": gaussian(n, COLUMNS, np.float32, seed=1)}


def matmul(backend):
    def start(data):
        X, V = data["X"], data["V"]
        pyntk.ntk_matmul(X[:4], V[:4], backend=backend)
        return Local(partial(pyntk.ntk_matmul, X, V, backend=backend))

    check = partial(check_rows, allowed=promise(np.float32) + 1)
    return Contender(start, check, partial(absence_of_backend, backend))


def gram_then_product(backend):
    def start(data):
        X, V = data["X"], data["V"]
        return Local(lambda: pyntk.ntk_gram(X, backend=backend) @ V)

    def check(data, runner):
        return check_rows(data, runner, allowed=promise(np.float32) + len(data["V"]))

    return Contender(start, check, partial(absence_of_backend, backend))


def check_rows(data, runner, allowed):
    """Check a few rows of the product, against what the promise of an entry makes of its sum."""
    X, V = data["X"], data["V"]
    u = np.finfo(np.float32).eps / 2
    errors = []
    for row in CHECKED:
        exact, size = kernel(np.broadcast_to(X[row], X.shape), X)
        terms = u * size @ np.abs(V).astype(np.longdouble)
        errors.append(np.abs(runner.answer[row] - exact @ V.astype(np.longdouble)) / terms)
    worst = float(np.max(errors))
    if not worst <= allowed:
        raise AssertionError(f"wrong by {worst:.3g} u of its terms, {allowed:.3g} u are allowed")
    return worst


def test_product(compete):
    compete()
