"""What is computed from packed activation patterns, beside the same from Booleans and floats."""

from functools import partial

import numpy as np
import numpy_formula
from bench_network import close, network
from contenders import absence_of_backend
from measure import Local
from problem import Bound, Contender, Problem

import pyntk
from pyntk.dispatch import kernel
from pyntk.threads import allowed

FROM_PATTERNS, PRODUCT = "pyntk cpu, from patterns", "float matrix product of the patterns"
BOOLEANS = "NumPy on Boolean arrays"


def problems(quick):
    n, d, m = (500, 64, 4096) if quick else (2000, 64, 16_384)
    return [gram(n, d, m), flips(n, d, m)]


def gram(n, d, m):
    """x_i.x_j times the share of neurons active on both, from W and from the patterns alone."""
    contenders = {}
    for backend in ("cpu", "numba"):
        absence = partial(absence_of_backend, backend)
        contenders |= {
            f"pyntk {backend}, from patterns": Contender(
                partial(from_patterns, backend), check_gram, absence
            ),
            f"pyntk {backend}, from W": Contender(
                partial(from_weights, backend), check_gram, absence
            ),
        }
    contenders |= {
        PRODUCT: Contender(by_product, check_gram),
        "NumPy formula, from W": Contender(by_numpy, check_gram),
    }
    return Problem(
        name=f"finite-width Gram, float32, n={n} d={d} m={m}",
        data=partial(data, n, d, m),
        contenders=contenders,
        bounds=[Bound(FROM_PATTERNS, "times", 1 / 8, PRODUCT)],
    )


def flips(n, d, m):
    """How many neurons changed sides on each row."""
    contenders = {
        f"pyntk {backend}": Contender(
            partial(packed_flips, backend), check_flips, partial(absence_of_backend, backend)
        )
        for backend in ("cpu", "numba")
    }
    return Problem(
        name=f"flips of patterns, n={n} m={m}",
        data=partial(data, n, d, m),
        contenders={**contenders, BOOLEANS: Contender(boolean_flips, check_flips)},
        bounds=[Bound("pyntk cpu", "times", 1 / 20, BOOLEANS)],
    )


def data(n, d, m):
    """X, W, and the Booleans of W and of a W that has moved a little."""
    X, W, *_ = network(n, d, m)
    moved = W + np.float32(0.1) * np.random.default_rng(1).standard_normal(W.shape, np.float32)
    return {"X": X, "W": W, "moved": moved, "active": X @ W.T > 0, "then": X @ moved.T > 0}


def packed(active):
    """Booleans (n, m) as words, bit r % 64 of word r // 64; m is a multiple of 64."""
    return np.packbits(active, axis=1, bitorder="little").view(np.uint64)


def from_patterns(backend, data):
    X, P, m = data["X"], packed(data["active"]), len(data["W"])

    def call(rows=slice(None)):
        x, p = X[rows], P[rows]
        H = np.empty((len(x), len(x)), X.dtype)
        kernel("finite_width_gram", backend)(X=x, P=p, m=m, threads=allowed(), H=H)
        return H

    call(slice(4))
    return Local(call)


def from_weights(backend, data):
    X, W = data["X"], data["W"]
    pyntk.finite_width_gram(X[:4], W, backend=backend)
    return Local(partial(pyntk.finite_width_gram, X, W, backend=backend))


def by_product(data):
    X, A, m = data["X"], data["active"].astype(np.float32), np.float32(len(data["W"]))
    return Local(lambda: (X @ X.T) * (A @ A.T) / m)


def by_numpy(data):
    return Local(partial(numpy_formula.finite_width_gram, data["X"], data["W"]))


def check_gram(data, runner):
    X, A = data["X"].astype("float64"), data["active"].astype(np.float32)
    close(runner.answer, (X @ X.T) * (A @ A.T) / A.shape[1])


def packed_flips(backend, data):
    P, Q = packed(data["active"]), packed(data["then"])
    pyntk.pattern_flips(P[:4], Q[:4], backend=backend)
    return Local(partial(pyntk.pattern_flips, P, Q, backend=backend), repeat=10)


def boolean_flips(data):
    return Local(lambda: (data["active"] != data["then"]).sum(1))


def check_flips(data, runner):
    if not (runner.answer == np.logical_xor(data["active"], data["then"]).sum(1)).all():
        raise AssertionError("wrong counts")


def test_patterns(compete):
    compete()
