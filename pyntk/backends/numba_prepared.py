"""What a call of the two-layer network in Numba computes with, prepared once.

A sum that meets infinity ends as NaN, and one of subnormal numbers as noise. So a sum that could
leave the range is made of terms 2^shift smaller or larger; shift is 0 for all but extreme inputs.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from pyntk.backends.numba_product import BLOCK
from pyntk.backends.numba_samples import (
    ZERO_ROW,
    Samples,
    exponents_of,
    halves,
    samples_at_once,
    scaled_rows,
)
from pyntk.backends.numba_sigma import Sigma, sigma_of

PARTS = 16  # sums over neurons are made in so many: a few samples have work for all threads too
SUMS = 16 << 20  # bytes of sums over neurons
KEPT = 24 << 20  # bytes kept for the way back
RANGE = 1023  # 2^1023 is inside the range of float64


@dataclass(frozen=True)
class Network:
    """The arguments, and what follows from them."""

    X: Any
    W: Any
    A: Any
    sigma: Sigma
    scale: float
    threads: int
    exponents: Any  # of the neurons, (blocks, BLOCK)
    factors: Any  # what sigma is taken of a tile with, (blocks, 2, BLOCK)

    @property
    def one_output(self) -> bool:
        """Of a homogeneous activation: dA then follows from the sums of which dW is made."""
        return self.sigma.homogeneous and self.A.shape[1] == 1

    def neurons(self, J: int) -> Any:
        """Return block J of W, scaled by powers of two."""
        return scaled_rows(self.W[J * BLOCK : (J + 1) * BLOCK], self.exponents[J])

    def weights(self, J: int, exponents: Any) -> Any:
        """Return A' 2^exponents of block J, (k made even, BLOCK)."""
        return even_columns(self.A[J * BLOCK : (J + 1) * BLOCK], exponents)

    def factors_of(self, exponents: Any) -> Any:
        """Return the powers of rows; 1 for a homogeneous activation, where weights have them."""
        return halves(exponents * (not self.sigma.homogeneous))

    def block_rows(self, *, keep: bool) -> int:
        """Return how many samples are passed at a time; it does not depend on what is asked for."""
        rows: int = min(
            samples_at_once(self.X.shape[1], self.X.itemsize),
            SUMS // (16 * PARTS * (self.A.shape[1] + 1)),
        )
        if keep:
            rows = min(rows, KEPT // self.kept_per_block() * BLOCK)
        return max(rows // BLOCK, 1) * BLOCK

    def kept_per_block(self) -> int:
        """Return the bytes kept of a block of samples: a bit per pair, or the products."""
        held = len(self.exponents) * BLOCK
        return max(1, held * (8 if self.one_output else BLOCK * int(self.X.itemsize)))

    def value_top(self, samples: Samples) -> int:
        """Return e with |sigma| < 2^e, of a tile with its factors."""
        p = 2 + bits(self.X.shape[1])  # rows have entries below 2
        if self.sigma.homogeneous:
            return top(self.sigma.slopes) + p
        p = min(1024, p + largest(samples.exponents) + largest(self.exponents))
        steepest = top(self.sigma.slopes) + max(p, top(self.sigma.knots)) + 1
        return min(1024, max(top(self.sigma.values), steepest) + 1)

    def forward_shift(self, samples: Samples) -> int:
        """Return the shift of sum_r A_rk sigma_ir."""
        A = top(self.A) + largest(self.exponents) * self.sigma.homogeneous
        return shift(A, A + self.value_top(samples) + bits(self.W.shape[0]), RANGE)

    def value_shift(self, samples: Samples, G: Any) -> int:
        """Return the shift of sum_i G_ik sigma_ir."""
        factors = top(G) + largest(samples.exponents) * self.sigma.homogeneous
        return shift(factors, factors + self.value_top(samples) + bits(len(G)), RANGE)

    def slope_shift(self, samples: Samples, G: Any) -> int:
        """Return the shift of sum_i E_ir x_i, E_ir = sum_k G_ik A_rk sigma'_ir."""
        E = top(G) + top(self.sigma.slopes)
        if not self.one_output:
            E += top(self.A) + bits(self.A.shape[1])
        terms = E + largest(samples.exponents) + 1 + bits(len(G))
        return shift(E, terms, int(np.finfo(self.X.dtype).maxexp) - 1)

    def neuron_shift(self) -> int:
        """Return the shift of w_r.V_r, V inside the range of X's type."""
        W, V = largest(self.exponents) + 1, int(np.finfo(self.X.dtype).maxexp)
        return shift(W, W + V + bits(self.X.shape[1]), RANGE)


def network(X: Any, W: Any, A: Any, activation: Any, scale: float, threads: int) -> Network:
    """Prepare a call."""
    sigma, exponents = sigma_of(activation), exponents_of(W, threads)
    factors = halves(exponents * (not sigma.homogeneous))
    return Network(X, W, A, sigma, scale, threads, exponents, factors)


def even_columns(A: Any, exponents: Any) -> Any:
    """Return A' in float64, its up to BLOCK columns times 2^exponents: (rows made even, BLOCK)."""
    rows, columns = A.shape
    result = np.zeros((columns + columns % 2, BLOCK))
    result[:columns, :rows] = np.ldexp(A.astype(np.float64), exponents[:rows, None]).T
    return result


def top(A: Any) -> int:
    """Return e with |A| < 2^e."""
    return int(np.frexp(max(A.max(initial=0), -A.min(initial=0)))[1])


def shift(factors: int, sums: int, limit: int) -> int:
    """Return 0 if factors below 2^factors and sums below 2^sums are well inside the range.

    Else the shift that brings the larger of the two to 2^limit.
    """
    highest = max(factors, sums)
    inside = highest <= limit and min(factors, sums) >= -limit // 4
    return 0 if inside else highest - limit


def bits(count: int) -> int:
    """Return e with count < 2^e."""
    return count.bit_length()


def largest(exponents: Any) -> int:
    """Return the largest exponent."""
    return int(exponents.max(initial=ZERO_ROW))
