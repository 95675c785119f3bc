"""Sums of products to about twice the digits of float64.

On the host in numpy.longdouble. A CUDA device has no such type: there each product and each sum is
a pair of float64 numbers, the rounded one and what rounding took from it, exactly (T. Dekker,
Numer. Math. 18, 1971, which needs no FMA; D. Knuth, volume 2, section 4.2.2), and sums are made by
halving: S. Rump, T. Ogita, S. Oishi, SIAM J. Sci. Comput. 26, 2005. With n products whose
absolute values sum to S, and l = log2 n rounded up, a pair is off by at most
(2 n + (l + 2)^2) u^2 S (to first order; u = 2^-53), unless a number exceeds 2^996 or a product
falls below 2^-968. Every operation is a call of its own, so that none is contracted.
"""

from typing import Any, Final

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.symmetric import Symmetric, blocks, product_by_blocks
from pyntk.linalg.where import place_of

SPLITTER: Final = 2.0**27 + 1


def long_residual(matrix: Symmetric, V: Array, jitter: float, unit: float, Y: Array) -> Array:
    """Return Y - (H + jitter I) V unit, for V and Y (n, k) of float64, rounded to float64.

    Args:
        matrix: H.
        V: (n, k).
        jitter: added to the diagonal of H.
        unit: a power of two, near the inverse of the largest entry of H + jitter I.
        Y: (n, k).
    """
    if not matrix.place.on_device:
        exact = product_by_blocks(
            matrix, V.astype(np.longdouble), lambda part: part.astype(np.longdouble)
        )
        exact += np.longdouble(jitter) * V
        return (Y - exact * unit).astype(np.float64)
    high, low = two_products(V, -jitter * unit)
    high, error = two_sum(Y, high)
    low = low + error
    for begin, end in blocks(matrix.n, 16, matrix.place):
        left, corner = (part * -unit for part in matrix.rows(begin, end))
        for rows, factors, target in (
            (left, V[:begin], slice(begin, end)),
            (corner, V[begin:end], slice(begin, end)),
            (left.T, V[begin:end], slice(begin)),
        ):
            value, below = pairs_product(rows, factors)
            high[target], error = two_sum(high[target], value)
            low[target] += below + error
    return high + low


def long_dot(A: Array, B: Array) -> Array:
    """Return the sums over the columns of A * B, (n, k) of float64, rounded to float64."""
    if not place_of(A).on_device:
        return (A.astype(np.longdouble) * B).sum(axis=0).astype(np.float64)
    high, low = _summed(*two_products(A.T, B.T))
    return high + low


def long_sum(v: Array) -> float:
    """Return the sum of v (n,)."""
    if not place_of(v).on_device:
        return float(v.sum(dtype=np.longdouble))
    v = v.astype(np.float64)[None, :]
    high, low = _summed(v, np.zeros_like(v))
    return float((high + low)[0])


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Return s = fl(a + b), and a + b - s."""
    s = a + b
    of_b = s - a
    return s, (a - (s - of_b)) + (b - of_b)


def two_products(a: Array, b: Any) -> tuple[Array, Array]:
    """Return p = fl(a b), and a b - p, entry by entry."""
    p = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def pairs_product(A: Array, V: Array) -> tuple[Array, Array]:
    """Return A V as a pair: the value, and a correction to be added to it."""
    value = np.zeros_like(V, shape=(A.shape[0], V.shape[1]))
    below = np.zeros_like(value)
    for column in range(V.shape[1] if A.size else 0):
        value[:, column], below[:, column] = _summed(*two_products(A, V[:, column]))
    return value, below


def _split(a: Any) -> tuple[Any, Any]:
    """Return the upper 26 bits of numbers, and the rest."""
    far = SPLITTER * a
    high = far - (far - a)
    return high, a - high


def _summed(P: Array, E: Array) -> tuple[Array, Array]:
    """Return the sums of P + E along the last axis as a pair; P is halved until one is left.

    Level i leaves n / 2^i errors of at most u S in all, each level's sum and their sum are off by
    u times these and the number of terms.
    """
    low = E.sum(axis=1)
    if not P.shape[1]:
        return low, np.zeros_like(low)
    while (n := P.shape[1]) > 1:
        half = n // 2
        S, error = two_sum(P[:, :half], P[:, half : 2 * half])
        low = low + error.sum(axis=1)
        P = np.concatenate([S, P[:, 2 * half :]], axis=1) if n % 2 else S
    return P[:, 0], low
