"""ntk_vjp, the gradient of sum(G * K(X, Z)), beside PyTorch's autograd."""

import importlib
from functools import partial

import numpy as np
from contenders import absence_of_backend, missing
from data import gaussian
from measure import Local
from problem import Bound, Contender, Problem, Work

import pyntk
from pyntk.threads import allowed

CHECKED = (0, 123, -1)


def problems(quick):
    n, p, d = (384, 256, 784) if quick else (3072, 2048, 784)
    contenders = {
        "pyntk cpu": by_pyntk("cpu"),
        "pyntk numba": by_pyntk("numba"),
        "PyTorch autograd": Contender(
            by_torch, partial(check, promise=None), partial(missing, "torch")
        ),
    }
    return [
        Problem(
            name=f"gradient, float32, n={n} p={p} d={d}",
            data=partial(data, n, p, d),
            contenders=contenders,
            work=Work(6 * n * p * d, 4 * (n + p) * d, "float64"),  # X Z', G Z, G' X
            bounds=[Bound("pyntk numba", "times", 6, "pyntk cpu")],
        )
    ]


def data(n, p, d):
    return tuple(
        gaussian(*shape, np.float32, k) for k, shape in enumerate([(n, d), (p, d), (n, p)])
    )


def by_pyntk(backend):
    def start(data):
        X, Z, G = data
        call = partial(pyntk.ntk_vjp, backend=backend)
        call(X[:4], Z[:4], np.ascontiguousarray(G[:4, :4]))
        return Local(partial(call, X, Z, G))

    # In double throughout, rounded once.
    return Contender(start, partial(check, promise=1.02), partial(absence_of_backend, backend))


def by_torch(data):
    import torch

    torch.set_num_threads(allowed())
    return Local(importlib.import_module("torch_formula").prepare_gradient(*data))


def check(data, runner, promise):
    """Check rows of both gradients, relative to the norms of their terms."""
    X, Z, G = (array.astype(np.longdouble) for array in data)
    dX, dZ = (np.asarray(gradient) for gradient in runner.answer)
    u = np.finfo(np.float32).eps / 2
    errors = []
    for row in CHECKED:
        for rows, others, g, found in ((X, Z, G[row], dX), (Z, X, G[:, row], dZ)):
            terms = g[:, None] * slopes(rows[row], others)
            error = np.linalg.norm(found[row] - terms.sum(0))
            errors.append(error / (u * np.linalg.norm(terms, axis=1).sum()))
    worst = float(np.max(errors))
    # A peer: the slope of the arccosine at a rounded cosine, and float32 sums.
    allowed_error = len(Z) + len(X) if promise is None else promise
    if not worst <= allowed_error:
        raise AssertionError(f"wrong by {worst:.3g} u, {allowed_error:.3g} u are allowed")
    return worst


def slopes(x, Z):
    """d k(x, z_j) / d x, k = x.z (pi - theta) / (2 pi): generic rows, theta far from the poles."""
    size, sizes = np.linalg.norm(x), np.linalg.norm(Z, axis=1)
    cosine = Z @ x / (size * sizes)
    theta = np.arccos(cosine)
    across = Z - (cosine * sizes / size)[:, None] * x
    tangent = (cosine / np.sin(theta))[:, None]
    pi = np.arccos(np.longdouble(-1))
    return ((pi - theta)[:, None] * Z + tangent * across) / (2 * pi)


def test_gradient(compete):
    compete()
