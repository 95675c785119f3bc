"""The references against mpmath and against each other, where they could be wrong."""

import mpmath
import numpy as np
import pytest

import reference
import textbook
from cases import RECIPES, random_rows, rows_at_angles, rows_of_extreme_norm, rows_that_repeat
from pyntk.contract import DEGREE, TRAINED, Recipe

L = np.longdouble


def exact(x, z, trained):
    x, z = [mpmath.mpf(float(v)) for v in x], [mpmath.mpf(float(v)) for v in z]
    p, q, g = mpmath.fdot(x, x), mpmath.fdot(z, z), mpmath.fdot(x, z)
    if p == 0 or q == 0:
        return mpmath.mpf(0)
    c = max(mpmath.mpf(-1), min(mpmath.mpf(1), g / mpmath.sqrt(p * q)))
    theta = mpmath.acos(c)
    H = c * (mpmath.pi - theta)
    S = mpmath.sin(theta) + (mpmath.pi - theta) * c
    value = {"first": H, "last": S, "all": H + S}[trained]
    return mpmath.sqrt(p * q) * value / (2 * mpmath.pi)


def as_mpf(value):
    """A longdouble as an mpf, exactly: as two doubles and a power of two."""
    mantissa, exponent = np.frexp(value)
    high = float(mantissa)
    low = float(mantissa - np.longdouble(high))
    return mpmath.ldexp(mpmath.mpf(high) + mpmath.mpf(low), int(exponent))


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize("rows", [rows_at_angles, rows_of_extreme_norm, rows_that_repeat])
def test_ntk(rows, trained):
    X = rows(np.float64)
    K = reference.ntk(X, X, trained)
    norms = [as_mpf(norm) for norm in reference.row_norms(X)]
    with mpmath.workdps(60):
        for i in range(0, len(X), 2):
            for j in range(len(X)):
                tolerance = norms[i] * norms[j] * mpmath.mpf(2) ** -58
                assert abs(as_mpf(K[i, j]) - exact(X[i], X[j], trained)) <= tolerance


@pytest.mark.parametrize("trained", ["first", "last", "all"])
def test_one_layer_of_the_textbook_is_the_closed_form(trained):
    X = rows_that_repeat(np.float64)
    recursion = textbook.gram(X, X, Recipe(TRAINED[trained]))
    size = np.outer(reference.row_norms(X), reference.row_norms(X))
    assert (np.abs(recursion - reference.ntk(X, X, trained)) <= L(2) ** -60 * size).all()


@pytest.mark.parametrize("recipes", RECIPES)
def test_longdouble_suffices_where_it_is_used(recipes):
    """Angles of 0.1 and more, by the recursion in longdouble and in 70 digits."""
    X, Z = random_rows(6, 5, np.float64), random_rows(7, 5, np.float64, seed=1)
    for recipe in RECIPES[recipes]:
        values, plain = textbook._by_longdouble(X, Z, textbook._family(recipe))
        assert plain.sum() > 20
        size = np.sqrt(np.outer(reference.diagonal(X, recipe), reference.diagonal(Z, recipe)))
        for i, j in np.argwhere(plain):
            with mpmath.workdps(textbook.DIGITS):
                x, z = textbook.numbers(X[i]), textbook.numbers(Z[j])
                layers = textbook.kinds(x, z, textbook._family(recipe))
            kind = recipe.kind % 3 if recipe.kind < 3 else 0
            exact = textbook.as_longdouble(layers[recipe.depth - 1][kind])
            error = abs(values[i, j, recipe.depth - 1, recipe.kind % 3] - exact)
            assert error <= L(2) ** -58 * size[i, j]


def test_diagonal_is_the_kernel_of_a_row_with_itself():
    X = rows_that_repeat(np.float64)
    for recipe in (recipe for group in RECIPES.values() for recipe in group):
        K, k = reference.gram(X, X, recipe), reference.diagonal(X, recipe)
        assert (np.abs(np.diag(K) - k) <= L(2) ** -60 * k).all()


def test_differences_are_the_derivative():
    """H = x.z (pi - theta) / (2 pi) and J_0 = 1 - theta / pi, differentiated by hand."""
    X, Z = random_rows(3, 4, np.float64), random_rows(2, 4, np.float64, seed=1)
    every = np.ones((3, 2), bool)
    found = {
        kind: textbook.gradients(X, Z, every, Recipe(kind))
        for kind in (TRAINED["first"], DEGREE[0])
    }
    for i, x in enumerate(X.astype(L)):
        for j, z in enumerate(Z.astype(L)):
            p, q = np.sqrt(x @ x), np.sqrt(z @ z)
            c = x @ z / (p * q)
            theta, turn = np.arccos(c), (z / q - c * x / p) / (p * np.sqrt(1 - c * c))
            first = (z * (textbook.PI - theta) + x @ z * turn) / (2 * textbook.PI)
            assert (np.abs(found[TRAINED["first"]][i, j] - first) <= 1e-17 * q).all()
            assert (np.abs(found[DEGREE[0]][i, j] - turn / textbook.PI) <= 1e-17 / p).all()


def test_differences_count_a_kink_as_0():
    """At a duplicate H moves as x.z / 2 does, at an opposite row not at all."""
    X = random_rows(2, 4, np.float64)
    Z = np.stack([X[0], -2 * X[1]])
    H = textbook.gradients(X, Z, np.eye(2, dtype=bool), Recipe())
    assert (np.abs(H[0, 0] - X[0] / 2) <= 1e-17).all()
    assert (np.abs(H[1, 1]) <= 1e-17).all()
