"""Expectations of hinges (q)_+ of one or two Gaussian pre-activations, in closed form."""

import itertools
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, owens_t

Array = NDArray[np.float64]

SMALLEST: Final = 1e-150
"""Stands for a standard deviation of 0: its square is a normal number still."""
NEAR_ONE: Final = 1 - 1e-10
"""Correlations beyond it are taken as this one, and the product is continued linearly: nearer to 1
its terms have square roots of rounding errors, which no longer cancel."""
FAR: Final = 40.0
"""Standard deviations beyond which a Gaussian has no mass in double precision."""


class Hinges(NamedTuple):
    """sigma(p) = constant + sum over (sign, knot, weight) of weight (sign (p - knot))_+.

    Attributes:
        constant: the value at the first knot.
        terms: (sign, knot, weight), sign +1 or -1; only a slope before the first knot needs -1.
    """

    constant: float
    terms: tuple[tuple[float, float, float], ...]


def as_hinges(activation: Any) -> Hinges:
    """Return an activation of :mod:`pyntk.activation` as hinges."""
    knots, (before, *after) = activation.knots, activation.slopes
    changes = [after[0], *(later - earlier for earlier, later in itertools.pairwise(after))]
    terms = [(1.0, knot, change) for knot, change in zip(knots, changes, strict=True)]
    if before:
        terms.insert(0, (-1.0, knots[0], -before))
    return Hinges(activation.value, tuple(term for term in terms if term[2]))


class One(NamedTuple):
    """E (q)_+ of q ~ N(u, s^2), and its derivatives.

    Attributes:
        value: E (q)_+.
        mean: d value / d u = P(q > 0).
        variance: d value / d s^2 = half the density of q at 0.
    """

    value: Array
    mean: Array
    variance: Array


class Two(NamedTuple):
    """E (q)_+ (r)_+ of a Gaussian pair, and its derivatives.

    Attributes:
        value: E (q)_+ (r)_+.
        mean: d value / d E q = E 1{q > 0} (r)_+.
        variance: d value / d Var q = half the density of q at 0, times E[(r)_+ | q = 0].
        covariance: d value / d Cov(q, r) = P(q > 0, r > 0) (Price's theorem).
    """

    value: Array
    mean: Array
    variance: Array
    covariance: Array


def expectation(hinges: Hinges, mean: Array, deviation: Array) -> One:
    """Return E sigma(p) of p ~ N(mean, deviation^2), with its two derivatives."""
    value, by_mean, by_variance = np.full_like(mean, hinges.constant), 0.0 * mean, 0.0 * mean
    for sign, knot, weight in hinges.terms:
        one = hinge(sign * (mean - knot), deviation)
        value += weight * one.value
        by_mean += sign * weight * one.mean
        by_variance += weight * one.variance
    return One(value, by_mean, by_variance)


def product(hinges: Hinges, p: tuple[Array, Array], q: tuple[Array, Array], cov: Array) -> Two:
    """Return E sigma(p) sigma(q), p and q Gaussian with (mean, deviation) and this covariance.

    The derivatives are with respect to the mean and variance of p, and to the covariance.
    """
    (m, s), (n, t) = p, q
    left, right = expectation(hinges, m, s), expectation(hinges, n, t)
    c0 = hinges.constant
    value = np.full(cov.shape, -(c0**2)) + c0 * (left.value + right.value)
    by_mean = np.broadcast_to(c0 * left.mean, cov.shape).copy()
    by_variance = np.broadcast_to(c0 * left.variance, cov.shape).copy()
    by_covariance = np.zeros(cov.shape)
    for (e, k, v), (f, h, w) in itertools.product(hinges.terms, repeat=2):
        pair = hinge_pair((e * (m - k), s), (f * (n - h), t), e * f * cov)
        value += v * w * pair.value
        by_mean += e * v * w * pair.mean
        by_variance += v * w * pair.variance
        by_covariance += e * f * v * w * pair.covariance
    return Two(value, by_mean, by_variance, by_covariance)


def hinge(u: ArrayLike, s: ArrayLike) -> One:
    """Return E (q)_+ of q ~ N(u, s^2): u Phi(u/s) + s phi(u/s)."""
    s = np.maximum(s, SMALLEST)
    z = np.clip(u / s, -FAR, FAR)
    density = np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi)
    above = ndtr(z)
    return One(np.maximum(u * above + s * density, 0.0), above, 0.5 * density / s)


def hinge_pair(q: tuple[Array, Array], r: tuple[Array, Array], cov: Array) -> Two:
    """Return E (q)_+ (r)_+ of two Gaussians with (mean, deviation) and this covariance.

    By Stein's lemma E 1{q>0} (r)_+ = v P + t^2 n_r(0) P(q>0|r=0) + c n_q(0) P(r>0|q=0), and
    E (q)_+ (r)_+ = u E 1{q>0} (r)_+ + s^2 n_q(0) E[(r)_+|q=0] + c P, with P = P(q>0, r>0).
    """
    (u, s), (v, t) = (q[0], np.maximum(q[1], SMALLEST)), (r[0], np.maximum(r[1], SMALLEST))
    rho = np.clip(cov / (s * t), -NEAR_ONE, NEAR_ONE)
    rest = np.sqrt((1 - rho) * (1 + rho))
    both = quadrant(u / s, v / t, rho)
    at_q, at_r = hinge(u, s).variance, hinge(v, t).variance
    r_given_q = hinge(v - rho * u * (t / s), t * rest)
    q_given_r = hinge(u - rho * v * (s / t), s * rest)
    c = rho * s * t
    by_mean = v * both + 2 * t * t * at_r * q_given_r.mean + 2 * c * at_q * r_given_q.mean
    by_variance = at_q * r_given_q.value
    value = u * by_mean + 2 * s * s * by_variance + cov * both
    return Two(value, by_mean, by_variance, both)


def quadrant(a: Array, b: Array, correlation: Array) -> Array:
    """Return P(X < a, Y < b) of a standard Gaussian pair, by Owen's T function.

    References:
        D. B. Owen, Tables for computing bivariate normal probabilities, Ann. Math. Stat. 27, 1956.
    """
    rho = np.clip(correlation, -NEAR_ONE, NEAR_ONE)
    rest = np.sqrt((1 - rho) * (1 + rho))
    a, b = (np.where(z == 0, SMALLEST, np.clip(z, -FAR, FAR)) for z in (a, b))
    apart = owens_t(a, (b / a - rho) / rest) + owens_t(b, (a / b - rho) / rest)
    return np.asarray(0.5 * (ndtr(a) + ndtr(b)) - apart - 0.5 * (a * b < 0))
