"""The mean field of two centred isotropic Gaussians, reduced to the law of the radius r = |w|."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaln
from scipy.stats import chi

from pyntk import activation, distributions
from pyntk.theory.mei.gaussian_hinges import as_hinges, expectation

Array = NDArray[np.float64]

MONOTONE: Final = activation.piecewise_linear([0.5, 1.5], [-2.5, 7.5])
"""sigma of example 1: -2.5 up to 1/2, 7.5 from 3/2 on."""
NON_MONOTONE: Final = activation.piecewise_linear([0.0, 0.5, 1.5], [-2.5, -4.0, 7.5])
"""sigma of example 3: it dips to -4 at 1/2, so that small neurons are driven to 0."""
NODES: Final = 48
"""Of the Gauss-Legendre rule for |x|: risks are exact to 1e-5 for d = 5, 1e-7 for d = 10, and to
rounding from d = 40 on."""
TAIL: Final = 1e-17
"""Probability that the rule for |x| leaves out on either side."""


@dataclass(frozen=True)
class Radial:
    """Example 1 or 3: y = +-1 with equal odds, x ~ N(0, (1 +- delta)^2 I_d), neurons sigma(w.x).

    The law of w is spherically symmetric at the start and stays so, so the law of r = |w| says
    all. With xi_1 a coordinate of a uniform unit vector and sbar(u) = E sigma(u xi_1), the output
    of the network is f(x) = int sbar(r |x|) rho(dr), a function of |x|.

    Attributes:
        d: dimension of the data, at least 2.
        delta: between 0 and 1.
        sigma: an activation of :mod:`pyntk.activation`.

    Raises:
        ValueError: d or delta out of its range.

    References:
        Mei, Montanari, Nguyen, arXiv 1804.06561, examples 1 and 3. The closed forms are ours.
    """

    d: int
    delta: float
    sigma: Any = MONOTONE

    def __post_init__(self) -> None:
        """Refuse what is no problem of this kind."""
        if not isinstance(self.d, (int, np.integer)) or self.d < 2:
            raise ValueError(f"d must be a whole number of at least 2, not {self.d!r}")
        if not 0 <= self.delta < 1:
            raise ValueError(f"delta must be at least 0 and below 1, not {self.delta}")

    def mixture(self) -> distributions.Mixture:
        """Return the distribution of (x, y)."""
        return distributions.gaussian_mixture(
            0, [1 + self.delta, 1 - self.delta], [1.0, -1.0], d=self.d
        )

    @cached_property
    def sizes(self) -> Array:
        """Nodes of |x|, (2 NODES,): those of the class +1, then those of the class -1."""
        nodes, _ = self._rule
        return np.concatenate([(1 + self.delta) * nodes, (1 - self.delta) * nodes])

    @cached_property
    def weights(self) -> Array:
        """Probabilities of the nodes, (2 NODES,)."""
        _, weights = self._rule
        return np.tile(weights / 2, 2)

    @cached_property
    def labels(self) -> Array:
        """The label of each node, (2 NODES,)."""
        return np.repeat([1.0, -1.0], NODES)

    @cached_property
    def _rule(self) -> tuple[Array, Array]:
        """Nodes and weights of E g(chi_d): Gauss-Legendre between far quantiles."""
        low, high = chi.ppf(TAIL, self.d), chi.isf(TAIL, self.d)
        points, weights = np.polynomial.legendre.leggauss(NODES)
        nodes = low + (high - low) * (points + 1) / 2
        mass = weights * chi.pdf(nodes, self.d)
        return nodes, mass / mass.sum()

    def outputs(self, radii: ArrayLike) -> Array:
        """Return f at each node of |x|, (2 NODES,), for particles at these radii, (M,)."""
        r = np.atleast_1d(np.asarray(radii, np.float64))
        each = sphere_mean(self.sigma, self.d, np.multiply.outer(r, self.sizes))
        return np.asarray(each.mean(axis=0))

    def risk(self, radii: ArrayLike) -> float:
        """Return R = E (y - f)^2 of particles at these radii, (M,)."""
        return self.risk_of(self.outputs(radii))

    def risk_of(self, outputs: Array) -> float:
        """Return R of the outputs at the nodes."""
        return float(self.weights @ (self.labels - outputs) ** 2)

    def force(self, at: ArrayLike, radii: ArrayLike) -> Array:
        """Return psi'(r) at the radii ``at``, (k,), where the particles are at ``radii``, (M,).

        psi(r) = E (f - y) sbar(r |x|) is half the first variation of R, so that the distributional
        dynamics are dr/dt = -2 xi(t) psi'(r).
        """
        r = np.atleast_1d(np.asarray(at, np.float64))
        slopes = sphere_slope(self.sigma, self.d, np.multiply.outer(r, self.sizes)) * self.sizes
        return np.asarray(slopes @ self.pull(self.outputs(radii)))

    def pull(self, outputs: Array) -> Array:
        """Return weight times (f - y) at each node, (2 NODES,)."""
        return np.asarray(self.weights * (outputs - self.labels))

    def limit_risk(self, radii: ArrayLike) -> float:
        """Return R_inf, the limit of R as d grows, of particles at these radii, (M,).

        R_inf = 1/2 (1 - int q_+)^2 + 1/2 (1 + int q_-)^2, q_+-(r) = E sigma((1 +- delta) r G).
        """
        r = np.atleast_1d(np.asarray(radii, np.float64))
        f_plus = gaussian_mean(self.sigma, (1 + self.delta) * r).mean()
        f_minus = gaussian_mean(self.sigma, (1 - self.delta) * r).mean()
        return float((1 - f_plus) ** 2 / 2 + (1 + f_minus) ** 2 / 2)


def gaussian_radii(particles: int, d: int, kappa: float) -> Array:
    """Return radii, (particles,), at the quantiles of |w| for w ~ N(0, kappa^2/d I_d).

    Raises:
        ValueError: no particles, or kappa not above 0 and finite.
    """
    if particles < 1:
        raise ValueError(f"particles must be at least 1, not {particles}")
    if not 0 < kappa < np.inf:
        raise ValueError(f"kappa must be above 0 and finite, not {kappa}")
    return np.asarray(kappa / np.sqrt(d) * chi.ppf((np.arange(particles) + 0.5) / particles, d))


def sphere_mean(sigma: Any, d: int, u: Array) -> Array:
    """Return sbar(u) = E sigma(u xi_1), xi_1 a coordinate of a uniform unit vector in d dimensions.

    sigma is a sum of hinges, and E (u xi_1 - t)_+ = u T1(t/u) - t T0(t/u) for u > 0, with
    T1(c) = E xi_1 1{xi_1 > c} and T0(c) = P(xi_1 > c).
    """
    hinges = as_hinges(sigma)
    total = np.full_like(u, hinges.constant)
    for sign, knot, weight in hinges.terms:
        c, t = _crossing(sign * knot, u), sign * knot
        inside = u * _first_moment(d, c) - t * _tail(d, c)
        total += weight * np.where(u == 0, max(-t, 0.0), inside)
    return total


def sphere_slope(sigma: Any, d: int, u: Array) -> Array:
    """Return sbar'(u) = E xi_1 sigma'(u xi_1), a sum of T1(t/u) over the knots t; at u = 0 from
    above."""
    total = np.zeros_like(u)
    for sign, knot, weight in as_hinges(sigma).terms:
        total += weight * _first_moment(d, _crossing(sign * knot, u))
    return total


def gaussian_mean(sigma: Any, s: Array) -> Array:
    """Return q = E sigma(s G), G standard normal, s >= 0: the limit of sbar as d grows."""
    return expectation(as_hinges(sigma), np.zeros_like(s), s).value


def _crossing(t: float, u: Array) -> Array:
    """Return t/u, and its limit from above at u = 0."""
    if t == 0:
        return np.zeros_like(u)
    with np.errstate(divide="ignore"):
        return np.asarray(t / u)


def _first_moment(d: int, c: Array) -> Array:
    """Return T1(c) = E xi_1 1{xi_1 > c} = K_d (1 - c^2)^((d-1)/2) / (d - 1); 0 for |c| >= 1."""
    log_K = gammaln(d / 2) - gammaln((d - 1) / 2) - np.log(np.pi) / 2
    with np.errstate(divide="ignore"):
        power = (d - 1) / 2 * np.log1p(-np.minimum(c**2, 1))
    return np.asarray(np.exp(log_K - np.log(d - 1) + power))


def _tail(d: int, c: Array) -> Array:
    """Return T0(c) = P(xi_1 > c)."""
    inside = betainc(0.5, (d - 1) / 2, np.minimum(c**2, 1))
    return np.asarray((1 - np.sign(c) * inside) / 2)
