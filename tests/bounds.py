"""How far a result may be from the exact one: the promises, as assertions.

u is the unit roundoff of the result, sizes are sqrt(K_ii K_jj). A result beyond the range of its
type is infinite, below it the nearest subnormal.
"""

import numpy as np

import reference

L = np.longdouble
U64 = L(2) ** -53


def unit_roundoff(dtype):
    return L(np.finfo(dtype).eps) / 2


def is_deep(recipe):
    return recipe.kind < 3 and (recipe.depth > 1 or recipe.bias_variance > 0)


def is_rounded_once(recipe, dtype):
    """Computed in float64, and rounded to float32 at the end."""
    return dtype == np.float32 and (is_deep(recipe) or recipe.float64_sums)


def units(recipe):
    """The promised normwise error: 8 u; (8 + 0.4 L) u for deep kernels (promise 9)."""
    return 8 + L(0.4) * recipe.depth if is_deep(recipe) else L(8)


def entry_tolerance(exact, size, recipe, dtype):
    """Promises 2, 3 and 9; rounded once, half an ulp of the entry (at most u) is added."""
    if is_rounded_once(recipe, dtype):
        return unit_roundoff(dtype) * np.abs(exact) + units(recipe) * U64 * size
    return units(recipe) * unit_roundoff(dtype) * size


def assert_within(result, exact, tolerance, dtype, what=""):
    """Finite and within the tolerance, infinite where the exact result is beyond the range."""
    assert not np.isnan(result).any()
    tolerance = tolerance + L(np.finfo(dtype).smallest_subnormal)
    largest = L(np.finfo(dtype).max)
    finite = np.isfinite(result)
    assert (finite | (np.abs(exact) > largest - tolerance)).all()
    assert (~finite | (np.abs(exact) <= largest + tolerance)).all()
    assert (finite | (np.sign(result) == np.sign(exact))).all()
    share = (np.abs(result.astype(L) - exact) / tolerance)[finite]
    assert (share <= 1).all(), f"{share.max()} of the tolerance {what}"


def assert_gram(K, X, Z, recipe, dtype):
    """Each entry of K(X, Z) within its promise."""
    exact = reference.gram(X, Z, recipe)
    size = np.sqrt(np.outer(reference.diagonal(X, recipe), reference.diagonal(Z, recipe)))
    assert_within(K, exact, entry_tolerance(exact, size, recipe, dtype), dtype, recipe)


def assert_sum(result, exact, size, terms, dtype, doubt=0):
    """Within (4 + log2 terms) u of the size of the terms (promise 13)."""
    tolerance = (4 + np.log2(max(terms, 1))) * unit_roundoff(dtype) * size + doubt
    assert_within(result, exact, tolerance, dtype)


def assert_product(Y, X, Z, V, recipe, dtype, first=0):
    """Y = K(X, Z) V: what the entries may be off, a float64 sum of them, one rounding of Y."""
    K, V = reference.gram(X, Z, recipe).copy(), V.astype(L)
    size = np.sqrt(np.outer(reference.diagonal(X, recipe), reference.diagonal(Z, recipe)))
    K[:first, :first] = size[:first, :first] = 0
    exact, terms = K @ V, np.abs(K) @ np.abs(V)
    if is_rounded_once(recipe, dtype):  # the entries are summed unrounded
        entries = units(recipe) * U64 * size
    else:
        entries = entry_tolerance(K, size, recipe, dtype)
    tolerance = entries @ np.abs(V) + (4 + np.log2(max(len(V), 1))) * U64 * terms
    assert_within(Y, exact, tolerance + unit_roundoff(dtype) * np.abs(exact), dtype, recipe)


def assert_gradient(dX, X, Z, G, recipe, dtype):
    """Promise 14, per pair and normwise: 4 u / delta, u of float64, and one rounding of the sum.

    delta is the angle from the nearer pole (of the rows with the bias beside them), at most 1; at
    a pole the kink counts 0 and 4 u hold. The size of a pair is that of its gradient plus what the
    kernel changes when a row does: sqrt(K_ii K_jj) |d c| for the cosine c. Deep kernels get the
    share of units() more.
    """
    pairs = reference.gradients(X, Z, G != 0, recipe)
    assert_gradient_of_pairs(dX, pairs, X, Z, G, recipe, dtype)


def assert_gradient_of_pairs(dX, pairs, X, Z, G, recipe, dtype):
    """The same, the gradients of the pairs given."""
    G = G.astype(L)
    length = np.sqrt((pairs**2).sum(2))
    size = np.sqrt(np.outer(reference.diagonal(X, recipe), reference.diagonal(Z, recipe)))
    delta, turn = reference.angles_and_turns(X, Z, recipe)
    four_units = units(recipe) / 2 * U64 / np.where(delta == 0, 1, np.minimum(delta, 1))
    terms = np.abs(G) * (length + size * turn)
    tolerance = (np.abs(G) * four_units * (length + size * turn)).sum(1)
    tolerance = tolerance + (4 + np.log2(max(len(Z), 1))) * U64 * terms.sum(1)
    exact = (G[:, :, None] * pairs).sum(1)
    rounding = unit_roundoff(dtype) * np.abs(exact)
    assert_within(dX, exact, tolerance[:, None] + rounding, dtype, recipe)
