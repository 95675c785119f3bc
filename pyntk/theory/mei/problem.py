"""Regression with a two-layer network in the mean-field scaling: V, U and the risk, in closed form.

The data are a Gaussian mixture, so every pre-activation is Gaussian within a component; a finite
data set is a mixture whose components have deviation 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import TwoLayer, distributions
from pyntk.activation import relu
from pyntk.theory.mei.gaussian_hinges import Hinges, as_hinges, expectation, product
from pyntk.theory.mei.mixture import admit_mixture

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

PAIRS: Final = 500_000
"""Pairs of particles that are looked at together: 4 MB for each temporary array."""


@dataclass(frozen=True)
class Field:
    """A point cloud's potential where other particles are.

    Attributes:
        potential: (N,) Psi(theta_i; rho) = V(theta_i) + int U(theta_i, .) d rho.
        interaction: (N,) int U(theta_i, .) d rho alone.
        gradient: (N, P) grad Psi(theta_i; rho), the cloud held.
    """

    potential: Vector
    interaction: Vector
    gradient: Matrix


@dataclass(frozen=True)
class MeanField:
    """y^(x) = (1/N) sum_i sigma_*(x; theta_i), the labels of a Gaussian mixture, squared loss.

    Component j has the probability ``weights[j]``, the label ``labels[j]``, and inputs with
    independent coordinates N(means[j], deviations[j]^2). A particle is theta = w, or (w, b) with
    ``bias``, or (a, w) or (a, w, b) with ``scaled``: sigma_*(x; theta) = a sigma(w.x + b).

    With V(theta) = -E[y sigma_*(x; theta)] and U(theta, theta') = E[sigma_*(x; theta)
    sigma_*(x; theta')] the risk is R(rho) = E y^2 + 2 int V d rho + int int U d rho d rho, and that
    of N particles is R(rho^(N)), rho^(N) their empirical measure.

    Attributes:
        activation: sigma, of :mod:`pyntk.activation`.
        means, deviations: (J, D); a bias is a last coordinate, 1 with deviation 0.
        labels, weights: (J,).
        bias, scaled: which parameters a particle has.

    References:
        S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561. V and U by the hinges of sigma and
        Owen's T function are ours.
    """

    activation: Any
    means: Matrix
    deviations: Matrix
    labels: Vector
    weights: Vector
    bias: bool
    scaled: bool

    @classmethod
    def of_mixture(
        cls,
        means: ArrayLike,
        std: ArrayLike,
        labels: ArrayLike,
        *,
        weights: ArrayLike | None = None,
        d: int | None = None,
        activation: Any = None,
        bias: bool = False,
        scaled: bool = False,
    ) -> Self:
        """Return the problem of a Gaussian mixture.

        Args:
            means: (J, d), or one number for all entries, with ``d``.
            std: standard deviations: a number, (J,) or (J, d).
            labels: (J,) y of each component.
            weights: (J,) probabilities up to a factor; None for equal ones.
            d: inputs, where ``means`` is a number.
            activation: None for the ReLU.
            bias: whether a particle has a bias.
            scaled: whether a particle has an output weight a.

        Raises:
            ValueError: shapes that do not go together, NaN, a negative deviation or weight.
        """
        mixture = admit_mixture(means, std, labels, weights, d)
        mu, s = mixture.means, mixture.deviations
        if bias:
            mu, s = np.c_[mu, np.ones(len(mu))], np.c_[s, np.zeros(len(s))]
        chosen = relu() if activation is None else activation
        return cls(chosen, mu, s, mixture.labels, mixture.weights, bias, scaled)

    @classmethod
    def of_points(cls, X: ArrayLike, y: ArrayLike, **options: Any) -> Self:
        """Return the problem of a finite data set (X, y), each row as probable as the others."""
        return cls.of_mixture(X, 0.0, y, **options)

    @property
    def parameters(self) -> int:
        """P, numbers in a particle."""
        return int(self.means.shape[1]) + self.scaled

    def V(self, theta: ArrayLike) -> Vector:
        """Return V(theta_i) (N,) of particles (N, P)."""
        a, W = self._split(theta)
        return a * self._linear(W)[0]

    def grad_V(self, theta: ArrayLike) -> Matrix:
        """Return the gradients (N, P) of V."""
        a, W = self._split(theta)
        value, gradient = self._linear(W)
        return self._join(value, a[:, None] * gradient)

    def U(self, theta: ArrayLike, other: ArrayLike) -> Matrix:
        """Return U(theta_i, theta'_j) (N, M) of particles (N, P) and (M, P)."""
        (a, W), (c, Z) = self._split(theta), self._split(other)
        total = np.zeros((len(W), len(Z)))
        for j, share in enumerate(self.weights):
            total += share * self._pairs(j, W, Z).value
        return a[:, None] * total * c

    def field(
        self, theta: ArrayLike, cloud: ArrayLike | None = None, masses: ArrayLike | None = None
    ) -> Field:
        """Return the potential Psi of a cloud, and its gradient, at particles theta (N, P).

        Args:
            theta: where.
            cloud: (M, P) particles; None for theta itself.
            masses: (M,) of the cloud, of sum 1; None for equal ones.
        """
        a, W = self._split(theta)
        c, Z = self._split(theta if cloud is None else cloud)
        q = self._masses(masses, len(Z)) * c
        value, gradient = self._linear(W)
        mean = np.zeros(len(W))
        for j, share in enumerate(self.weights):
            mu, variance = self.means[j], self.deviations[j] ** 2
            for rows in _blocks(len(W), len(Z)):
                pair = self._pairs(j, W[rows], Z)
                mean[rows] += share * (pair.value @ q)
                gradient[rows] += share * (
                    np.outer(pair.mean @ q, mu)
                    + 2 * (pair.variance @ q)[:, None] * (W[rows] * variance)
                    + pair.covariance @ (q[:, None] * Z) * variance
                )
        potential = value + mean
        return Field(a * potential, a * mean, self._join(potential, a[:, None] * gradient))

    def risk(self, theta: ArrayLike, masses: ArrayLike | None = None) -> float:
        """Return R(rho) of the point cloud theta (N, P) with masses (N,), equal ones for None.

        With equal masses it is R_N(theta), the risk of the network of these particles.
        """
        q = self._masses(masses, len(np.asarray(theta)))
        return self.risk_of(self.V(theta), self.U(theta, theta) @ q, q)

    def risk_of(self, V: Vector, interaction: Vector, masses: Vector) -> float:
        """Return E y^2 + 2 int V d rho + int int U d rho d rho from its parts at the particles."""
        return float(self.weights @ self.labels**2 + (2 * V + interaction) @ masses)

    def network(self, theta: ArrayLike, **how: Any) -> TwoLayer:
        """Return the network of these particles, with scale 1/N."""
        a, W = self._split(theta)
        d = W.shape[1] - self.bias
        b = W[:, d] if self.bias else None
        return TwoLayer(W[:, :d], a, b, scale=1 / len(W), activation=self.activation, **how)

    def distribution(self) -> Any:
        """Return the data as what :func:`pyntk.train` draws fresh samples of."""
        d = self.means.shape[1] - self.bias
        return distributions.gaussian_mixture(
            self.means[:, :d], self.deviations[:, :d], self.labels, weights=self.weights
        )

    @property
    def hinges(self) -> Hinges:
        """sigma as hinges."""
        return as_hinges(self.activation)

    def _linear(self, W: Matrix) -> tuple[Vector, Matrix]:
        """Return V and its gradient for output weights 1."""
        value, gradient = np.zeros(len(W)), np.zeros(W.shape)
        for j, (share, label) in enumerate(zip(self.weights, self.labels, strict=True)):
            one = expectation(self.hinges, *self._gaussian(j, W))
            value -= share * label * one.value
            gradient -= share * label * np.outer(one.mean, self.means[j])
            gradient -= 2 * share * label * one.variance[:, None] * W * self.deviations[j] ** 2
        return value, gradient

    def _gaussian(self, j: int, W: Matrix) -> tuple[Vector, Vector]:
        """Return means and deviations of the pre-activations in component j."""
        return W @ self.means[j], np.sqrt((W * W) @ self.deviations[j] ** 2)

    def _pairs(self, j: int, W: Matrix, Z: Matrix) -> Any:
        """Return E sigma(p) sigma(q) in component j for all pairs, with its derivatives."""
        (m, s), (n, t) = self._gaussian(j, W), self._gaussian(j, Z)
        covariance = (W * self.deviations[j] ** 2) @ Z.T
        return product(self.hinges, (m[:, None], s[:, None]), (n, t), covariance)

    def _split(self, theta: ArrayLike) -> tuple[Vector, Matrix]:
        """Return output weights (N,) and weights with biases (N, D)."""
        particles = np.asarray(theta, np.float64)
        if particles.ndim != 2 or particles.shape[1] != self.parameters:
            raise ValueError(
                f"particles must have shape (N, {self.parameters}), not {particles.shape}"
            )
        if not np.isfinite(particles).all():
            raise ValueError("particles must be finite")
        if self.scaled:
            return particles[:, 0], particles[:, 1:]
        return np.ones(len(particles)), particles

    def _join(self, by_a: Vector, by_w: Matrix) -> Matrix:
        return np.c_[by_a, by_w] if self.scaled else by_w

    def _masses(self, masses: ArrayLike | None, count: int) -> Vector:
        if masses is None:
            return np.full(count, 1 / count)
        q = np.asarray(masses, np.float64)
        if q.shape != (count,):
            raise ValueError(f"masses must have shape ({count},), not {q.shape}")
        return q


def _blocks(rows: int, columns: int) -> Iterator[slice]:
    """Yield slices of the rows with at most PAIRS pairs each."""
    size = max(PAIRS // max(columns, 1), 1)
    for begin in range(0, rows, size):
        yield slice(begin, begin + size)
