r"""A regression whose population risk is known in closed form: ReLU features on the sphere.

x is uniform on the unit sphere of R^d, y = g*(x) + noise with
g*(x) = sin(3 x_1) + 3 x_2 x_3. A predictor is h(x) = sum_j theta_j relu(v_j.x). With
G = E[phi phi'], c = E[phi g*] and the risk R(h) = E (h(x) - y)^2,

    R(h) - R(g*) = theta' G theta - 2 c'theta + E g*(x)^2,

and all three are known: G is the kernel of the second layer divided by d; the odd part of relu(t)
is t/2, so sin(3 x_1) meets a feature in its linear part alone; x_2 x_3 is a spherical harmonic, so
by the Funk-Hecke formula E[x_2 x_3 relu(v.x)] = alpha \|v\| v_2 v_3 / \|v\|^2.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.special import jv

from pyntk import ntk_gram

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Population:
    """The excess risk as a quadratic function of theta.

    Attributes:
        gram: (p, p) G = E[phi phi'].
        cross: (p,) c = E[phi g*].
        energy: E g*(x)^2.
    """

    gram: Matrix
    cross: Vector
    energy: float

    def excess(self, theta: Vector) -> Vector:
        """R(h) - R(g*) of the predictors theta (..., p), an array (...)."""
        quadratic = np.einsum("...j,...j->...", theta @ self.gram, theta)
        excess: Vector = quadratic - 2 * theta @ self.cross + self.energy
        return excess

    def distance(self, theta: Vector, origin: Vector) -> Vector:
        """E (h - h_0)^2 of the predictors theta (..., p) and theta_0 (..., p), an array (...)."""
        difference = theta - origin
        squares: Vector = np.einsum("...j,...j->...", difference @ self.gram, difference)
        return squares

    def best(self) -> Vector:
        """Return the (p,) minimiser of the risk, G^-1 c."""
        theta: Vector = scipy.linalg.solve(self.gram, self.cross, assume_a="pos")
        return theta


def population(V: Matrix, **how: Any) -> Population:
    """Return the population of the features relu(v_j.x).

    Args:
        V: (p, d) directions v_j, no two parallel, d >= 3.
        **how: ``backend`` and ``threads`` of :func:`pyntk.ntk_gram`.
    """
    d = V.shape[1]
    norms = np.linalg.norm(V, axis=1)
    linear = first_moment(d) / 2 * V[:, 0]
    quadratic = 3 * second_degree(d) * V[:, 1] * V[:, 2] / norms
    energy = sine_energy(d) + 9 / (d * (d + 2))
    gram = np.asarray(ntk_gram(V, trained="last", **how)) / d
    return Population(gram, linear + quadratic, energy)


def target(X: Matrix) -> Vector:
    """g*(x) = sin(3 x_1) + 3 x_2 x_3, for rows X (n, d), an array (n,)."""
    values: Vector = np.sin(3 * X[:, 0]) + 3 * X[:, 1] * X[:, 2]
    return values


def unreachable(d: int) -> float:
    """The approximation error that no number of features removes.

    A ReLU without a bias has no odd harmonic but the linear one, so what sin(3 x_1) has of them is
    out of reach: E sin(3 x_1)^2 - d (E x_1 sin(3 x_1))^2.
    """
    return sine_energy(d) - d * first_moment(d) ** 2


def sine_energy(d: int) -> float:
    """E sin(3 x_1)^2 on the unit sphere of R^d, by Bessel functions."""
    return (1 - cosine_mean(d, 6.0)) / 2


def cosine_mean(d: int, t: float) -> float:
    """E cos(t x_1) = Gamma(d/2) (2/t)^(d/2 - 1) J_(d/2 - 1)(t)."""
    return math.gamma(d / 2) * math.pow(2 / t, d / 2 - 1) * float(jv(d / 2 - 1, t))


def first_moment(d: int) -> float:
    """E x_1 sin(3 x_1), the derivative of -E cos(t x_1) at t = 3."""
    return math.gamma(d / 2) * math.pow(2 / 3, d / 2 - 1) * float(jv(d / 2, 3.0))


def second_degree(d: int) -> float:
    """Funk-Hecke's alpha: E[relu(x_1) P_2(x_1)], P_2(t) = (d t^2 - 1) / (d - 1)."""

    def half(q: int) -> float:
        """E relu(x_1)^q, half of E |x_1|^q."""
        logs = math.lgamma(d / 2) + math.lgamma((q + 1) / 2) - math.lgamma((d + q) / 2)
        return math.exp(logs) / math.sqrt(math.pi) / 2

    return (d * half(3) - half(1)) / (d - 1)
