"""The rows of a kernel in Numba: directions in panels, norms, and what a recipe makes of them.

The formulas are those of ``csrc/math``: row_norm.hpp, layers.hpp. With q_l = K_l(x, x) and s_l =
sqrt(q_l), every K_l is s_l(x) s_l(z) rho_l, and a layer (the input is one too) puts the shares
alpha = sqrt(weighted part of q / q) and beta = sqrt(bias part of q / q) on what comes in and on the
bias.
"""

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numba
import numpy as np

from pyntk.backends.numba_exact import exact_product, exact_sum
from pyntk.backends.numba_product import BLOCK, blocks
from pyntk.backends.tiles import over_tiles

FIRST, LAST, ALL, DEGREE_0, DEGREE_1 = range(5)  # enum kernel_kind of csrc/core/recipe.hpp

PLAIN_EXPONENT = 400
"""Up to here a factor s(x) holds its power of two: two of them and a value stay in the range."""


class Formula(NamedTuple):
    """A recipe ready for use: k(x, z) = scale s(x) s(z) value(angle, shares)."""

    kind: int
    depth: int
    deep: bool  # the recursion over layers, not the formula of one
    scale: float  # in [1/2, 2)
    half_exponent: int  # a factor 2^half_exponent of s


class Rows(NamedTuple):
    """Packed rows, (blocks, BLOCK) where no other shape is given; those past the last are 0."""

    units: Any  # (blocks, BLOCK, d made even): unit rows
    panels: Any  # (blocks, d made even, BLOCK): the same, transposed block by block
    lengths: Any  # |x| = lengths 2^length_exponents, lengths in [1/2, 1) or 0
    length_exponents: Any
    factors: Any  # s(x) = factors 2^exponents, exponents 0 inside the plain range
    exponents: Any
    shares: Any  # (blocks, 2 (depth + 1) or 0 without bias, BLOCK): alpha_0, beta_0, alpha_1, ...
    given: Any  # (n, d): float32 rows that one layer takes in float64, as they were; else (0, d)


def formula(recipe: Any) -> Formula:
    """Return the formula of a recipe.

    a (a/2)^depth, the factor of |x||z| without bias, and (a/2)^depth, that of K_0 with one in
    trained_first, are rounded once.
    """
    kind, depth, weight_variance, bias_variance, _ = recipe
    if kind in (DEGREE_0, DEGREE_1):
        return Formula(DEGREE_0 if kind == DEGREE_0 else LAST, 1, False, 1.0, 0)
    deep = depth > 1 or bias_variance > 0
    if bias_variance > 0 and kind != FIRST:
        return Formula(kind, depth, deep, 1.0, 0)
    a = Fraction(weight_variance)
    power = (a / 2) ** depth * (1 if bias_variance > 0 else a)
    half = (power.numerator.bit_length() - power.denominator.bit_length()) // 2
    return Formula(kind, depth, deep, float(power / Fraction(4) ** half), half)


def pack(X: Any, recipe: Any, threads: int, *, directions: bool = True) -> Rows:
    """Return the rows of X as the recipe needs them: in float64 but for one layer on float32.

    Without directions there are norms and shares alone: units and panels have no terms.
    """
    of = formula(recipe)
    held, d = blocks(X.shape[0]), X.shape[1]
    terms = d + d % 2 if directions else 0
    units = np.zeros((held, BLOCK, terms), np.float64 if of.deep or recipe[4] else X.dtype)
    panels = np.zeros((held, terms, BLOCK), units.dtype)
    lengths = np.zeros((held, BLOCK))
    exponents = np.zeros((held, BLOCK), np.int64)

    def normalise(I: int) -> None:
        rows = X[I * BLOCK : (I + 1) * BLOCK].astype(np.float64)
        _normalise(rows, units[I], panels[I], lengths[I], exponents[I])

    over_tiles(normalise, held, threads, reported=False)
    factors, powers, shares = _factors(lengths, exponents, recipe, of.half_exponent)
    given = X if X.dtype == np.float32 and recipe[4] and not of.deep else X[:0]
    return Rows(units, panels, lengths, exponents, factors, powers, shares, given)


def gradient_factors(X: Rows) -> tuple[Any, Any]:
    """Return s(x) / |x| = factors 2^exponents, 0 for zero rows."""
    ratio = X.factors / np.where(X.lengths == 0, np.inf, X.lengths)
    return _plain(ratio, X.exponents - X.length_exponents)


def _factors(lengths: Any, exponents: Any, recipe: Any, half: int) -> tuple[Any, Any, Any]:
    """Return factors, exponents and shares of Rows."""
    kind, depth, weight_variance, bias_variance, _ = recipe
    shares = np.zeros((len(lengths), 2 * (depth + 1), BLOCK))
    if kind == DEGREE_0:  # does not know the norms
        return np.ones_like(lengths), np.zeros_like(exponents), shares[:, :0]
    if kind == DEGREE_1 or not bias_variance > 0:
        return *_plain(lengths, exponents + half), shares[:, :0]
    # sqrt(q) = sqrt(weighted + bias) 2^e, for norms of any size; weighted is the square of root. In
    # longdouble: 200 additions of a small bias, all rounded the same way, were 90 u.
    a, b = np.longdouble(weight_variance), np.longdouble(bias_variance)
    root = np.sqrt(a) * lengths
    e = np.where(root > 0, np.frexp(root)[1] + exponents, np.frexp(np.sqrt(b))[1])
    e = np.maximum(e, np.frexp(np.sqrt(b))[1])
    root, bias = np.ldexp(root, exponents - e), np.ldexp(b, -2 * e)
    q = root**2 + bias
    input_factors, input_exponents = np.sqrt(q), e
    shares[:, 0], shares[:, 1] = root / np.sqrt(q), np.sqrt(bias / q)
    for layer in range(1, depth + 1):
        weighted = a / 2 * q
        q = weighted + bias
        shares[:, 2 * layer], shares[:, 2 * layer + 1] = np.sqrt(weighted / q), np.sqrt(bias / q)
        grown = np.frexp(q)[1] // 2
        q, bias, e = np.ldexp(q, -2 * grown), np.ldexp(bias, -2 * grown), e + grown
    if kind == FIRST:
        return *_plain(input_factors, input_exponents + half), shares
    return *_plain(np.sqrt(q), e + half), shares


def _plain(factors: Any, exponents: Any) -> tuple[Any, Any]:
    """Move the power of two into the factor where it is in the plain range."""
    mantissas, shifts = np.frexp(factors.astype(np.float64))
    exponents = np.where(mantissas == 0, 0, shifts + exponents)
    extreme = np.abs(exponents) > PLAIN_EXPONENT
    moved = np.where(extreme, 0, exponents)
    return np.ldexp(mantissas, moved), exponents - moved


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _sum_of_squares(x: Any) -> Any:
    """Chains of 64 terms, eight side by side, and what rounding lost: a value and a rest."""
    total, rest = 0.0, 0.0
    chains, lost = np.empty(8), np.empty(8)
    for begin in range(0, x.size, 512):
        chains[:] = 0
        lost[:] = 0
        for k in range(begin, min(begin + 512, x.size)):
            square, of_square = exact_product(x[k], x[k])
            chains[k % 8], of_sum = exact_sum(chains[k % 8], square)
            lost[k % 8] += of_sum + of_square
        for lane in range(8):
            total, of_sum = exact_sum(total, chains[lane])
            rest += of_sum + lost[lane]
    return exact_sum(total, rest)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _normalise(X: Any, units: Any, panel: Any, lengths: Any, exponents: Any) -> None:
    """One block of rows, each entry of a direction rounded once; X is scratch afterwards.

    Units and panels without terms are left as they are.
    """
    for i in range(X.shape[0]):
        x = X[i]
        largest = 0.0
        for k in range(x.size):
            largest = max(largest, abs(x[k]))
        if largest == 0:
            continue
        # 2^-scale in two factors: a scale of 1074 is beyond the range of one.
        scale = math.frexp(largest)[1]
        first, second = math.ldexp(1.0, -scale // 2), math.ldexp(1.0, -scale - -scale // 2)
        for k in range(x.size):
            x[k] = x[k] * first * second
        squares, of_squares = _sum_of_squares(x)
        length = math.sqrt(squares)
        lengths[i], shift = math.frexp(length)
        exponents[i] = shift + scale
        if units.shape[1] == 0:
            continue
        square, of_square = exact_product(length, length)
        rest = ((squares - square) - of_square + of_squares) / (2 * length)
        high = 1 / length
        one, of_one = exact_product(high, length)
        low = high * ((1 - one) - of_one - high * rest)
        for k in range(x.size):
            value, of_value = exact_product(x[k], high)
            units[i, k] = value + (of_value + x[k] * low)
            panel[k, i] = units[i, k]
