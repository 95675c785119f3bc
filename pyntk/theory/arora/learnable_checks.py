"""What is claimed of learnable functions, beside what was measured."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.arora.harmonics import printed_constant, proof_constant, sharp_constant
from pyntk.theory.arora.target_functions import Target
from pyntk.theory.check import Check

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROUNDING: Final = 1e-9
"""Relative error that a solution may have."""
REACHED: Final = {1: 1.99, 2: 2.31, 4: 2.75}
"""Declared for 1600 uniform rows or more in 5 dimensions, any seed: least sqrt(y' H^-1 y) by p."""
REACHED_AT: Final = 1600
REACHED_BY_RANDOM: Final = (5.5, 6.8)
"""Declared for 1600 rows: sqrt(y' H^-1 y / n) of random labels."""
LEARNED_BELOW: Final = 0.0045
NOT_LEARNED_ABOVE: Final = 0.09
LEARNED_AT: Final = (10, 800)
"""Test errors declared for 800 uniform rows in 10 dimensions, any seed."""


def power(p: int, n: Sequence[int], norms: Vector) -> Check:
    """Check Theorem 6.1 for (beta.x)^p at every n, with the least constant."""
    bound = sharp_constant(p)
    return Check(
        claim=f"(beta.x)^{p}: sqrt(y'H^-1 y) <= c_p^(-1/2), n = {n[0]} .. {n[-1]}",
        source="Arora Thm 6.1, proof (1901.08584)",
        condition=(
            f"p = 1 or even, |beta| = 1: met; the theorem prints {printed_constant(p):g}, its "
            f"proof has {proof_constant(p):.4f}, the least constant for all d is {bound:.4f}"
        ),
        predicted=None,
        measured=float(norms.max()),
        bound=bound,
        holds=bool((norms <= bound * (1 + ROUNDING)).all()),
    )


def below_norm(powers: Sequence[int], n: Sequence[int], norms: Matrix, limits: Vector) -> Check:
    """Check that no sample exceeds the function's norm in the space of H."""
    ratio = norms / limits
    row, k = (int(place) for place in np.unravel_index(np.argmax(ratio), ratio.shape))
    return Check(
        claim=(
            "sqrt(y'H^-1 y) / exact norm of (beta.x)^p on the sphere <= 1, every p and n "
            f"(worst: p = {powers[k]}, n = {n[row]})"
        ),
        source="Funk-Hecke, ours (after 1901.08584, Thm 6.1)",
        condition="unit rows: met; the norm is infinite for odd p >= 3",
        predicted=1.0,
        measured=float(ratio[row, k]),
        bound=1.0,
        holds=bool((ratio <= 1 + ROUNDING).all()),
    )


def declared(
    powers: Sequence[int], n: Sequence[int], norms: Matrix, limits: Vector, five: bool
) -> tuple[Check, ...]:
    """Check what 1600 uniform rows in 5 dimensions reach, and that the cube is beyond its 3 p.

    Args:
        powers: (6,) p.
        n: (s,) sizes.
        norms: (s, 6) sqrt(y' H^-1 y).
        limits: (6,) exact norms.
        five: whether the rows are uniform on the sphere of 5 dimensions.
    """
    met = five and n[-1] >= REACHED_AT
    condition = f"{REACHED_AT} uniform rows or more in 5 dimensions: {'met' if met else 'not met'}"
    place = {p: k for k, p in enumerate(powers)}
    least = [(p, f"(beta.x)^{p}: sqrt(y'H^-1 y) >= bound", bound) for p, bound in REACHED.items()]
    excess = (3, "(beta.x)^3, not covered: sqrt(y'H^-1 y) > 3p", printed_constant(3))
    return tuple(
        Check(
            claim=f"{claim}, n = {n[-1]}",
            source="attains the norm, declared here (after 1901.08584, Thm 6.1)",
            condition=condition,
            predicted=float(limits[place[p]]),
            measured=float(norms[-1, place[p]]),
            bound=bound,
            holds=bool(norms[-1, place[p]] > bound) if met else None,
        )
        for p, claim, bound in (*least, excess)
    )


def random_labels(n: Sequence[int], random: Vector, five: bool) -> Check:
    """Check sqrt(y' H^-1 y / n) of random labels, (s,), at 1600 uniform rows in 5 dimensions."""
    met = five and REACHED_AT in n
    at = list(n).index(REACHED_AT) if met else len(n) - 1
    low, high = REACHED_BY_RANDOM
    return Check(
        claim=f"random labels: sqrt(y'H^-1 y/n) = predicted +- bound, n = {n[at]}",
        source="declared here (after 1901.08584, Thm 6.1)",
        condition=f"{REACHED_AT} uniform rows in 5 dimensions: {'met' if met else 'not met'}",
        predicted=(low + high) / 2,
        measured=float(random[at]),
        bound=(high - low) / 2,
        holds=bool(low <= random[at] <= high) if met else None,
    )


def example(target: Target, n: Sequence[int], norms: Vector) -> Check:
    """Check Corollary 6.2 for a sum of powers at every n."""
    return Check(
        claim=f"{target.name}: sqrt(y'H^-1 y) <= sum |alpha_j| c_p^(-1/2), n = {n[0]} .. {n[-1]}",
        source="Arora Cor 6.2 (1901.08584)",
        condition=f"even powers: met; the corollary prints {target.printed:.4f}",
        predicted=None,
        measured=float(norms.max()),
        bound=target.sharp,
        holds=bool((norms <= target.sharp * (1 + ROUNDING)).all()),
    )


def learned(n: Sequence[int], error: Matrix, complexity: Matrix, d: int) -> tuple[Check, ...]:
    """Check the learning curves: linear and quadratic fall below their bound, cubic stays."""
    at = {name: k for k, name in enumerate(("b.x", "(b.x)^2", "3 (b.x)^3"))}
    ratio = (error / complexity)[:, :2]
    row, k = (int(place) for place in np.unravel_index(np.argmax(ratio), ratio.shape))
    met = d == LEARNED_AT[0] and n[-1] >= LEARNED_AT[1]
    condition = (
        f"{LEARNED_AT[1]} uniform rows or more in {LEARNED_AT[0]} dimensions: "
        f"{'met' if met else 'not met'}; the interpolant of the kernel"
    )
    bound = Check(
        claim=(
            "b.x, (b.x)^2: test error / sqrt(2y'H^-1 y/n) <= 1, every n "
            f"(worst: {list(at)[k]}, n = {n[row]})"
        ),
        source="Arora Thm 5.1 (1901.08584)",
        condition="the theorem adds a term that it does not name; its leading term alone is tested",
        predicted=None,
        measured=float(ratio[row, k]),
        bound=1.0,
        holds=bool((ratio <= 1).all()),
    )
    ends = [
        Check(
            claim=f"{name}: test error {'<=' if learns else '>='} bound, n = {n[-1]}, d = {d}",
            source="Arora Thm 5.1, 6.1 (1901.08584); the number is declared here",
            condition=condition,
            predicted=None,
            measured=float(error[-1, at[name]]),
            bound=limit,
            holds=(
                bool(error[-1, at[name]] <= limit if learns else error[-1, at[name]] >= limit)
                if met
                else None
            ),
        )
        for name, learns, limit in (
            ("b.x", True, LEARNED_BELOW),
            ("(b.x)^2", True, LEARNED_BELOW),
            ("3 (b.x)^3", False, NOT_LEARNED_ABOVE),
        )
    ]
    return (bound, *ends)
