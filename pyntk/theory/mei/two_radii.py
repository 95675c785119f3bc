"""The reduced dynamics of ReLU particles whose law is symmetric in each of two groups of inputs."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial.hermite_e import hermeval
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr
from scipy.stats import chi

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ORDER: Final = 4
"""Highest power of the covariance that is kept; the terms fall like powers of 1 / s0."""
SMALLEST: Final = 1e-9
"""Stands for a pre-activation's deviation of 0."""


@dataclass(frozen=True)
class TwoGroups:
    """Example 2: x = (x1, x2), x1 ~ N(0, (1 +- separation)^2 I) for y = +-1, x2 ~ N(0, I).

    A particle is (a, w1, w2, b) with sigma_* = a relu(w1.x1 + w2.x2 + b). Where the directions of
    w1 and w2 are uniform and independent, only (a, b, r1, r2) matter, r1 = |w1| and r2 = |w2|: V
    depends on them alone, and U is averaged over the two angles u1, u2 between the parts of two
    particles. Within a class the pre-activations are Gaussian with the covariance c = v^2 r1 r1' u1
    + r2 r2' u2, and E relu(p) relu(p') is the sum over n of c^n / n! times the product of g_n = the
    n-th derivative of E relu(p) by b, for both particles (Mehler's formula). Odd powers of c vanish
    on average, so the risk is a short sum of squares of means over the particles.

    Attributes:
        informative: s0, inputs in x1.
        others: d - s0, inputs in x2.
        separation: Delta.

    References:
        S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561, example 2. The series is ours.
    """

    informative: int
    others: int
    separation: float

    def slope(self, particles: Matrix) -> tuple[Matrix, float]:
        """Return -2 grad Psi at particles (M, 4) of equal masses, and the risk R(rho)."""
        a, b, r1, r2 = particles.T
        gradient = np.zeros_like(particles)
        risk = 1.0
        for label in (1.0, -1.0):
            v = 1 + label * self.separation
            g = gaussian_derivatives(b, np.hypot(v * r1, r2), ORDER + 2)
            terms = [(0, 0, -label)]  # V, and then the terms of U, each with its factor of Psi
            for n in range(0, ORDER + 1, 2):
                for k in range(0, n + 1, 2):
                    mean = float((a * g[n] * r1**k * r2 ** (n - k)).mean())
                    factor = self._coefficient(v, k, n - k)
                    terms.append((k, n - k, factor * mean))
                    risk += 0.5 * factor * mean**2
            risk -= float(label * (a * g[0]).mean())
            for k, m, factor in terms:
                n = k + m
                powers = r1**k * r2**m
                by_r1 = g[n + 2] * v * v * r1 * powers
                by_r2 = g[n + 2] * r2 * powers
                if k:
                    by_r1 = by_r1 + g[n] * k * r1 ** (k - 1) * r2**m
                if m:
                    by_r2 = by_r2 + g[n] * m * r1**k * r2 ** (m - 1)
                gradient += 0.5 * factor * np.stack(
                    [g[n] * powers, a * g[n + 1] * powers, a * by_r1, a * by_r2], axis=1
                )  # fmt: skip
        return -2 * gradient, risk

    def start(self, a: float, b: float, kappa: float, points: int) -> Matrix:
        """Return (points^2, 4) particles for w ~ N(0, kappa^2 I / d): quantiles of both radii."""
        share = (np.arange(points) + 0.5) / points
        d = self.informative + self.others
        r1 = kappa * chi.ppf(share, self.informative) / math.sqrt(d)
        r2 = kappa * chi.ppf(share, self.others) / math.sqrt(d)
        r1, r2 = (grid.ravel() for grid in np.meshgrid(r1, r2))
        return np.stack([np.full_like(r1, a), np.full_like(r1, b), r1, r2], axis=1)

    def _coefficient(self, v: float, k: int, m: int) -> float:
        """Return E (v^2 u1)^k u2^m times the binomial coefficient, divided by (k + m)!."""
        moments = sphere_moment(k, self.informative) * sphere_moment(m, self.others)
        return v ** (2 * k) * moments / (math.factorial(k) * math.factorial(m))


def gaussian_derivatives(b: ArrayLike, s: ArrayLike, order: int) -> list[Vector]:
    """Return the derivatives 0 ... order by b of E relu(p), p ~ N(b, s^2)."""
    s = np.maximum(s, SMALLEST)
    z = np.asarray(b, np.float64) / s
    density = np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)
    below = ndtr(z)
    g = [b * below + s * density, below]
    for n in range(2, order + 1):
        hermite = hermeval(z, [0.0] * (n - 2) + [1.0])
        g.append((-1) ** n * hermite * density / s ** (n - 1))
    return g


def sphere_moment(k: int, d: int) -> float:
    """Return E u^k, u the first coordinate of a uniform point of the unit sphere in d dimensions.

    It is (1 3 5 ... (k - 1)) / (d (d + 2) ... (d + k - 2)) for even k.
    """
    return math.prod((j + 1) / (d + j) for j in range(0, k, 2))
