"""Promise 9, and 14 for deep kernels, against the frozen tables of tests/tables/make.py.

Depth 1 to 200, with and without bias, angles from 1e-1 to 1e-14 at both poles, norms from subnormal
to the largest number. The kernels are called directly, so the emulated CUDA ones are here too.
"""

import functools
import json
from pathlib import Path

import mpmath
import numpy as np
import pytest

import reference
import textbook
from bounds import (
    L,
    assert_gradient_of_pairs,
    assert_within,
    entry_tolerance,
    unit_roundoff,
    units,
)
from pyntk.contract import Recipe

EXACT_IN_FLOAT32 = ("axes", "norms")


@functools.cache
def tables():
    return json.loads((Path(__file__).parent / "tables" / "deep.json").read_text())


def rows(table, dtype):
    """X and Z, of numbers that the type holds exactly."""
    for name in ("X", "Z"):
        exact = np.array([[float.fromhex(v) for v in row] for row in table[name]])
        assert (exact.astype(dtype) == exact).all()
        yield exact.astype(dtype)


def numbers(strings):
    return np.array([np.longdouble(v) for v in strings])


NAMES = ("angles", "moderate_angles", "axes", "norms", "wide_norms")
FROZEN = [
    (name, variances, dtype)
    for name in NAMES
    for variances in ("2.0, 0.0", "0.7, 0.0", "1.0, 0.01", "2.0, 1.0", "0.7, 5.0")
    for dtype in (np.float64, np.float32)
    if dtype == np.float64 or name in EXACT_IN_FLOAT32
]


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("name", "variances", "dtype"), FROZEN)
def test_promise_9_deep_kernels(kernels, name, variances, dtype):
    """(8 + 0.4 L) u normwise; without bias the NNGP of L >= 2 also relative to the entry."""
    table = tables()[name]
    X, Z = rows(table, dtype)
    a, b = (float(v) for v in variances.split(", "))
    for depth, layer in zip(table["depths"], table["values"][variances], strict=True):
        for kind in range(3):
            recipe = Recipe(kind, depth, a, b)
            exact = numbers(layer[kind]).reshape(len(X), len(Z))
            inputs = {"X": X, "Z": Z, "recipe": recipe, "threads": 1}
            (K,) = kernels.run("ntk_gram_cross", inputs, {"K": (exact.shape, dtype)})
            size = np.sqrt(np.outer(reference.diagonal(X, recipe), reference.diagonal(Z, recipe)))
            assert_within(K, exact, entry_tolerance(exact, size, recipe, dtype), dtype, recipe)
            if kind == textbook.LAST and b == 0 and depth >= 2:
                tolerance = units(recipe) * unit_roundoff(dtype) * np.abs(exact)
                assert_within(K, exact, tolerance, dtype, recipe)


@pytest.mark.parametrize("variances", ["2.0, 0.0", "2.0, 1.0"])
@pytest.mark.parametrize(
    ("name", "dtype"), [("angles", np.float64), ("axes", np.float64), ("axes", np.float32)]
)
def test_promise_14_deep_kernels(kernels, name, variances, dtype):
    """The gradient of one entry at a time, by G = one column."""
    table = tables()[name]
    X, Z = rows(table, dtype)
    a, b = (float(v) for v in variances.split(", "))
    every = zip(table["gradient depths"], table["gradients"][variances], strict=True)
    for depth, layer in every:
        for kind in range(3):
            recipe = Recipe(kind, depth, a, b)
            exact = numbers(layer[kind]).reshape(len(X), len(Z), X.shape[1])
            # The same row once per row of Z, and the pairs on the diagonal.
            repeated, G = np.repeat(X, len(Z), 0), np.eye(len(Z), dtype=dtype)
            inputs = {"X": repeated, "Z": Z, "G": G, "recipe": recipe, "threads": 1}
            (dX,) = kernels.run("ntk_vjp", inputs, {"dX": (repeated.shape, dtype)})
            pairs = G[:, :, None] * exact
            assert_gradient_of_pairs(dX, pairs, repeated, Z, G, recipe, dtype)


@pytest.mark.parametrize("name", NAMES)
def test_the_tables_are_those_of_the_textbook(name):
    """Three pairs again, so that tables and recursion cannot drift apart."""
    table = tables()[name]
    X, Z = ([textbook.numbers(row) for row in S] for S in rows(table, np.float64))
    for variances, layers in table["values"].items():
        recipe = Recipe(0, 10, *(float(v) for v in variances.split(", ")))
        for j in (0, len(Z) // 2, len(Z) - 1):
            with mpmath.workdps(textbook.DIGITS):
                exact = textbook.kinds(X[-1], Z[j], recipe)
            for depth, frozen in zip(table["depths"], layers, strict=True):
                for kind in range(3):
                    if depth <= 10:
                        value = textbook.as_longdouble(exact[depth - 1][kind])
                        entry = np.longdouble(frozen[kind][(len(X) - 1) * len(Z) + j])
                        assert abs(entry - value) <= L(2) ** -63 * abs(value)
