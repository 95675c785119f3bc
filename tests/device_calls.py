"""Public functions on small arrays, and what each result must be: promises 2 to 14."""

from typing import NamedTuple

import numpy as np

import pyntk
import reference
from bounds import (
    assert_gradient,
    assert_gram,
    assert_product,
    assert_sum,
    assert_within,
    entry_tolerance,
    unit_roundoff,
)
from calls import gram, vjp
from layers import ACTIVATIONS, SCALE, assert_outputs
from pyntk.contract import Recipe

L = np.longdouble
N, P, D, M = 11, 7, 5, 70
ONE_LAYER = Recipe()
DEEP = Recipe(kind=2, depth=3, weight_variance=2.0, bias_variance=0.1)


class Call(NamedTuple):
    """A function of arrays by name, and a check of its result (on the host) and the arrays."""

    function: object
    arrays: tuple
    check: object


def arrays(dtype):
    """Return host arrays by name."""
    rng = np.random.default_rng(3)
    shapes = {
        "X": (N, D), "Z": (P, D), "V": (N, 3), "U": (P, 3), "v": (N,), "G": (N, P), "S": (N, N),
        "W": (M, D), "W2": (M, D), "a": (M,), "A": (M, 2), "b": (M,), "y": (N,), "Y": (N, 2),
    }  # fmt: skip
    found = {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}
    found["H"] = (found["S"] + found["S"].T) / 2
    return found


def _is_gram(recipe):
    def check(K, X, Z=None):
        assert_gram(K, X, X if Z is None else Z, recipe, X.dtype)

    return check


def _is_diagonal(k, X):
    exact = reference.diagonal(X, DEEP)
    assert_within(k, exact, entry_tolerance(exact, exact, DEEP, X.dtype), X.dtype)


def _is_product(Y, X, V):
    assert_product(Y, X, X, V, ONE_LAYER, X.dtype)


def _is_vjp(gradients, X, Z, G):
    assert_gradient(gradients[0], X, Z, G, ONE_LAYER, X.dtype)
    assert_gradient(gradients[1], Z, X, G.T, ONE_LAYER, X.dtype)


def _is_own_vjp(dX, X, S):
    assert_gradient(dX, X, X, S + S.T, ONE_LAYER, X.dtype)


def _is_finite_width(H, X, W):
    assert_sum(H, *reference.finite_width(X, reference.patterns(X, W)), X.shape[1], X.dtype)


def _forward(X, W, A, b):
    return pyntk.TwoLayer(W, A, b, scale=SCALE).forward(X)


def _is_forward(F, X, W, A, b):
    assert_outputs(F, X, W, A, b, None, ACTIVATIONS["relu"])


def _flips(X, W, W2, a):
    return pyntk.pattern_flips(*(pyntk.TwoLayer(w, a).patterns(X) for w in (W, W2)))


def _are_flips(flips, X, W, W2, a):
    assert (flips == (reference.patterns(X, W) != reference.patterns(X, W2)).sum(1)).all()


def _are_eigenpairs(pairs, H):
    w, V = (part.astype(L) for part in pairs)
    units, H = 30 * len(H) * unit_roundoff(H.dtype), H.astype(L)
    assert _norm(H @ V - V * w) <= units * _norm(H)
    assert _norm(V.T @ V - np.eye(V.shape[1])) <= units


def _are_eigenvalues(w, H):
    exact = np.linalg.eigvalsh(H.astype(np.float64))
    assert (np.abs(w - exact) <= 30 * len(H) * unit_roundoff(H.dtype) * _norm(H.astype(L))).all()


def _is_label_spectrum(spectrum, H, y):
    _are_eigenvalues(spectrum[0], H)
    w, V = np.linalg.eigh(H.astype(np.float64))
    size = (y.astype(np.float64) ** 2).sum()
    gap = np.diff(w).min()  # of this H, about 0.2: the projections are determined
    tolerance = 60 * len(H) * unit_roundoff(H.dtype) * _norm(H.astype(L)) / gap * size
    assert (np.abs(spectrum[1] - (y @ V) ** 2) <= tolerance).all()


def _norm(A):
    return np.abs(A).sum(1).max()


CALLS = {
    "ntk_gram": Call(pyntk.ntk_gram, ("X",), _is_gram(ONE_LAYER)),
    "ntk_gram of two": Call(lambda X, Z: gram(X, Z, recipe=DEEP), ("X", "Z"), _is_gram(DEEP)),
    "arc_cosine_gram": Call(
        lambda X: pyntk.arc_cosine_gram(X, degree=1), ("X",), _is_gram(Recipe(kind=4))
    ),
    "ntk_diag": Call(lambda X: _diag(X), ("X",), _is_diagonal),
    "ntk_matmul": Call(pyntk.ntk_matmul, ("X", "V"), _is_product),
    "ntk_matmul by a vector": Call(pyntk.ntk_matmul, ("X", "v"), _is_product),
    "ntk_vjp": Call(lambda X, Z, G: vjp(X, Z, G, recipe=ONE_LAYER), ("X", "Z", "G"), _is_vjp),
    "ntk_vjp of one": Call(lambda X, S: pyntk.ntk_vjp(X, None, S), ("X", "S"), _is_own_vjp),
    "finite_width_gram": Call(pyntk.finite_width_gram, ("X", "W"), _is_finite_width),
    "pattern_flips": Call(_flips, ("X", "W", "W2", "a"), _are_flips),
    "forward": Call(_forward, ("X", "W", "A", "b"), _is_forward),
    "eigh": Call(pyntk.eigh, ("H",), _are_eigenpairs),
    "eigh of some": Call(lambda H: pyntk.eigh(H, subset=(2, 6)), ("H",), _are_eigenpairs),
    "eigvalsh": Call(pyntk.eigvalsh, ("H",), _are_eigenvalues),
    "label_spectrum": Call(pyntk.label_spectrum, ("H", "y"), _is_label_spectrum),
}  # fmt: skip


def _diag(X):
    return pyntk.ntk_diag(X, trained="all", depth=3, weight_variance=2.0, bias_variance=0.1)
