r"""Norms of functions on the sphere in the reproducing kernel space of H.

H(x, z) = h(x.z) = sum_p c_p (x.z)^p on unit rows. For any rows x_i and any f in its space
y' H^-1 y <= \|f\|^2 where y_i = f(x_i), with equality in the limit of rows that fill the sphere.
"""

import math

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


def power_coefficient(p: int) -> float:
    """Return c_p of H(x, z) = sum_p c_p (x.z)^p.

    c_1 = 1/4, c_2l = (2l-3)!! / ((2l-2)!! (2l-1) 2 pi), (-1)!! = 0!! = 1, and 0 for every other p.

    References:
        arXiv 1901.08584, proof of Theorem 6.1.
    """
    if p == 1:
        return 0.25
    if p % 2 or p < 2:
        return 0.0
    # (2l-3)!! / (2l-2)!! = binomial(2l-2, l-1) / 4^(l-1)
    l = p // 2
    ratio = math.comb(2 * l - 2, l - 1) / 4.0 ** (l - 1)
    return ratio / ((2 * l - 1) * 2 * math.pi)


def printed_constant(p: int) -> float:
    """Return 3 p, the theorem's constant."""
    return 3.0 * p


def proof_constant(p: int) -> float:
    """Return the constant of the theorem's proof: 2, or sqrt(2 pi) (2l - 1); infinity otherwise."""
    if p == 1:
        return 2.0
    return math.inf if p % 2 else math.sqrt(2 * math.pi) * (p - 1)


def sharp_constant(p: int) -> float:
    r"""Return c_p^(-1/2), the least constant that serves in every dimension; infinity if c_p = 0.

    H - c_p K^p is positive semidefinite, K^p the entrywise power of the inner products, and
    (beta.x)^p has norm \|beta\|^p in the space of K^p.
    """
    c = power_coefficient(p)
    return 1 / math.sqrt(c) if c else math.inf


def monomial_norm(p: int, d: int) -> float:
    r"""Return the norm of (beta.x)^p, \|beta\| = 1, in the space of H on the sphere of R^d.

    With the Legendre polynomials P_l of dimension d and the law w of a coordinate, H has the
    eigenvalue mu_l = int h P_l w on the N_l = 1 / int P_l^2 w harmonics of degree l (Funk, Hecke),
    and (beta.x)^p the component int t^p P_l w there: \|f\|^2 = sum_l (int t^p P_l w)^2 N_l / mu_l.

    Args:
        p: at least 1.
        d: at least 2.

    Returns:
        The norm; infinity for odd p >= 3, because mu_l = 0 for odd l >= 3.
    """
    if p % 2 and p > 1:
        return math.inf
    angle, weight = np.polynomial.legendre.leggauss(400)
    angle = (angle + 1) * math.pi / 2
    t = np.cos(angle)
    # The peak of sin^(d-2) may underflow to 0 elsewhere, and does no harm there.
    w = weight * np.exp((d - 2) * np.log(np.sin(angle)))
    w /= w.sum()
    h = t * (math.pi - angle) / (2 * math.pi)
    square = 0.0
    for l, P in enumerate(legendre(t, p, d)):
        if (p - l) % 2 == 0:
            square += float((w @ (t**p * P)) ** 2 / (w @ P**2) / (w @ (h * P)))
    return math.sqrt(square)


def legendre(t: Vector, degree: int, d: int) -> list[Vector]:
    """Return the Legendre polynomials of dimension d, of degree 0 .. ``degree``, 1 at t = 1."""
    found = [np.ones_like(t), t]
    for l in range(1, degree):
        found.append(((2 * l + d - 2) * t * found[l] - l * found[l - 1]) / (l + d - 2))
    return found[: degree + 1]
