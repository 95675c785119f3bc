"""Functions on the sphere that the theorem of learnable functions speaks of, and their bounds."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.arora.harmonics import printed_constant, sharp_constant

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

TERMS = 30
"""Terms of a power series; the last ones are below rounding."""


@dataclass(frozen=True)
class Target:
    """A function at some rows.

    Attributes:
        name: for tables.
        y: (n,) values.
        sharp: bound of sqrt(y' H^-1 y) by the least constants, sum_j |alpha_j| c_p^(-1/2).
        printed: bound by the theorem's constants, 3 sum_j p_j |alpha_j|.
    """

    name: str
    y: Vector
    sharp: float
    printed: float


def direction(d: int, generator: np.random.Generator) -> Vector:
    """Return a random unit vector."""
    beta = generator.standard_normal(d)
    unit: Vector = beta / np.linalg.norm(beta)
    return unit


def examples(X: Matrix, beta: Vector, generator: np.random.Generator) -> tuple[Target, ...]:
    r"""Return the paper's examples of sums of powers, at rows X of unit norm, \|beta\| = 1.

    A quadratic form x'Ax with \|A\|_* = 1, cos(beta.x) - 1, and z arctan(z/2), z = beta.x.

    References:
        arXiv 1901.08584, section 6.
    """
    d = X.shape[1]
    z = X @ beta
    Q, _ = np.linalg.qr(generator.standard_normal((d, d)))
    spectrum = generator.standard_normal(d)
    spectrum /= np.abs(spectrum).sum()
    cosine = {2 * l: 1 / math.factorial(2 * l) for l in range(1, TERMS)}
    arctangent = {2 * l: 1 / (2 ** (2 * l - 1) * (2 * l - 1)) for l in range(1, TERMS)}
    return (
        Target("x'Ax", (X @ Q) ** 2 @ spectrum, sharp_constant(2), printed_constant(2)),
        Target("cos(beta.x) - 1", -2 * np.sin(z / 2) ** 2, *_bounds(cosine)),
        Target("z arctan(z/2)", z * np.arctan(z / 2), *_bounds(arctangent)),
    )


def _bounds(alpha: dict[int, float]) -> tuple[float, float]:
    """Return the two bounds of sum_p alpha_p (beta.x)^p, given |alpha_p| by p."""
    return (
        sum(size * sharp_constant(p) for p, size in alpha.items()),
        sum(size * printed_constant(p) for p, size in alpha.items()),
    )
