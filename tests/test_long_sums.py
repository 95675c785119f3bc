"""Sums of products in pairs of float64 numbers, against exact ones; equal hashes of rows."""

from fractions import Fraction

import numpy as np
import pytest

from pyntk.linalg import parallel_rows, symmetric
from pyntk.linalg.long_sums import long_dot, long_residual, long_sum, pairs_product, two_products
from pyntk.linalg.parallel_rows import parallel_pair
from pyntk.linalg.symmetric import GivenMatrix
from real_or_pretended import real_or_pretended_device  # noqa: F401

U = Fraction(2) ** -53


def numbers(*shape, seed=0, spread=8):
    """Of all sizes, so that sums cancel."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal(shape) * np.exp2(rng.integers(-spread, spread + 1, shape) * 4.0)


def exact_dot(a, b):
    """The sum of the products, and that of their absolute values."""
    products = [Fraction(float(x)) * Fraction(float(y)) for x, y in zip(a, b, strict=True)]
    return sum(products), sum(map(abs, products))


def bound(n, size):
    return (2 * n + (int(np.ceil(np.log2(n))) + 2) ** 2) * U**2 * size * (1 + n * U)


def test_products_are_exact():
    a, b = numbers(2, 3000)
    p, error = two_products(a, b)
    for x, y, high, low in zip(a, b, p, error, strict=True):
        assert Fraction(x) * Fraction(y) == Fraction(high) + Fraction(low)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 65, 1000])
def test_pairs_are_within_the_bound(n):
    A, V = numbers(3, n), numbers(n, 2, seed=1)
    A[1, n // 2 :] = -A[1, : n - n // 2]  # mostly rounding is left of the second row
    V[n // 2 :] = V[: n - n // 2]
    value, below = pairs_product(A, V)
    for i in range(3):
        for k in range(2):
            exact, size = exact_dot(A[i], V[:, k])
            found = Fraction(value[i, k]) + Fraction(below[i, k])
            assert abs(found - exact) <= bound(n, size)


def test_on_a_device(device):
    """Rounded once where longdouble rounds to 64 bits, so nothing is lost by the device."""
    A, B = numbers(200, 2), numbers(200, 2, seed=1)
    found = long_dot(device.asarray(A), device.asarray(B)).get()
    for k in range(2):
        exact, size = exact_dot(A[:, k], B[:, k])
        assert abs(Fraction(float(found[k])) - exact) <= bound(200, size) + U * abs(exact)
        exact, size = exact_dot(A[:, k], np.ones(200))
        total = long_sum(device.asarray(A)[:, k])
        assert abs(Fraction(total) - exact) <= bound(200, size) + U * abs(exact)


@pytest.mark.parametrize("jitter", [0.0, 0.1])
def test_residuals_on_a_device(device, jitter, monkeypatch):
    """Of blocks of rows: their sums are pairs too, and each adds an operation or two."""
    monkeypatch.setitem(symmetric.BLOCK_BYTES, True, 1)
    n, unit = 40, 0.25
    H = numbers(n, n, spread=3)
    H = H + H.T
    V, Y = numbers(n, 2, seed=1, spread=3), numbers(n, 2, seed=2, spread=3)
    matrix = GivenMatrix(device.asarray(H))
    found = long_residual(matrix, device.asarray(V), jitter, unit, device.asarray(Y)).get()
    for i in range(n):
        row = H[i].copy()
        for k in range(2):
            exact, size = exact_dot(
                np.concatenate([-row * unit, [-jitter * unit, 1.0]]),
                np.concatenate([V[:, k], [V[i, k], Y[i, k]]]),
            )
            tolerance = bound(n + 20, size) + U * abs(exact)
            assert abs(Fraction(float(found[i, k])) - exact) <= tolerance


def rows_of(kind):
    X = np.random.default_rng(0).standard_normal((50, 6))
    if kind == "equal":
        X[40] = X[9]
    elif kind == "parallel":
        X[40], X[45] = 8 * X[9], X[3]
    elif kind == "of integers":
        X = np.round(4 * X)
        X[40] = 3 * X[9]
    elif kind == "opposite":
        X[40] = -X[9]
    elif kind == "nearly":
        X[40] = X[9] * (1 + 2.0**-52)
        X[40, 3] = X[9, 3]
    elif kind == "signed zeros":
        X[9, 2] = 0.0
        X[40] = X[9]
        X[40, 2] = -0.0
    return X


EXPECTED = {
    "generic": (None, None), "equal": ((9, 40), (9, 40)), "parallel": ((9, 40), (3, 45)),
    "of integers": ((9, 40), None), "opposite": (None, None), "nearly": (None, None),
    "signed zeros": ((9, 40), (9, 40)),
}  # fmt: skip


@pytest.mark.parametrize("collide", [False, True], ids=["", "every row has the same hash"])
@pytest.mark.parametrize("kind", EXPECTED)
def test_parallel_rows(device, kind, collide, monkeypatch):
    """The host and a device say the same, and hashes only say where to look."""
    if collide:
        monkeypatch.setattr(
            parallel_rows, "_hashes",
            lambda X, scaled: np.zeros_like(X, np.uint64, shape=len(X)),
        )  # fmt: skip
    X = rows_of(kind)
    for given in (X, device.asarray(X)):
        assert parallel_pair(given) == EXPECTED[kind][0]
        assert parallel_pair(given, equal=True) == EXPECTED[kind][1]


def test_hashes_of_small_integers_differ():
    """Their bits differ in few places."""
    X = np.random.default_rng(0).integers(-1, 2, (20000, 12)).astype(float)
    different = len(np.unique(X + 0.0, axis=0))
    assert len(np.unique(parallel_rows._hashes(X, scaled=False))) == different
