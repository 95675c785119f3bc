"""What is claimed of the smallest eigenvalues of H, each beside what was computed."""

import math
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.theory.arora.parallel import Parallel
from pyntk.theory.check import Check
from pyntk.theory.rows import UNIT_ROUNDOFF

Vector = NDArray[np.float64]
Index = NDArray[np.int64]

ENTRIES: Final = 8
"""Units in roundoff that the kernel promises for an entry."""
CIRCLE: Final = 1e-12
"""Allowed between computed and exact lambda_k / n: rounding, with room."""
NAMED: Final = 5
"""Pairs of parallel rows that a note names."""


def rounding(eigenvalues: Vector) -> float:
    """Return the error of a computed eigenvalue, (n + 8 sqrt(n)) u lambda_max.

    LAPACK's backward error is about n u |H|; entries that are off by 8 u each are so by 8 u |H|_F
    together, and |H|_F <= sqrt(n) |H|.
    """
    n = len(eigenvalues)
    return (n + ENTRIES * math.sqrt(n)) * UNIT_ROUNDOFF * float(np.abs(eigenvalues).max())


def nullity(eigenvalues: Vector) -> int:
    """Return how many eigenvalues are 0 up to rounding."""
    return int((np.abs(eigenvalues) <= rounding(eigenvalues)).sum())


def named(rows: Parallel, index: Index) -> list[str]:
    """Name the parallel rows of the data, by their numbers from 0."""
    notes = []
    for pairs, how in ((rows.equal, "the same way"), (rows.opposite, "opposite ways")):
        if pairs:
            shown = ", ".join(f"{index[i]} and {index[j]}" for i, j in pairs[:NAMED])
            more = f", and {len(pairs) - NAMED} more pairs" if len(pairs) > NAMED else ""
            notes.append(f"rows that point {how}, counted from 0: {shown}{more}")
    return notes


def ceiling(angle: ArrayLike) -> Vector:
    """Return 1/2 - h(theta), which lambda_0 is at most for two rows at the angle theta.

    It is the Rayleigh quotient of (1, -1)/sqrt(2) on the two rows, h(theta) = cos(theta) (pi -
    theta) / (2 pi).
    """
    t = np.asarray(angle, np.float64)
    # 1 - cos(t) = 2 sin(t/2)^2 does not cancel for small t.
    values: Vector = (t + 2 * np.sin(t / 2) ** 2 * (np.pi - t)) / (2 * np.pi)
    return values


def theorem(eigenvalues: Vector, rows: Parallel, index: Index, least_angle: float) -> Check:
    """Check Theorem 3.1 on the data: lambda_0 > 0 if no two rows are parallel.

    Args:
        eigenvalues: (n,) ascending.
        rows: what is parallel.
        index: (n,) numbers of the rows in the data.
        least_angle: between two rows' lines, in radian.
    """
    first = next(iter((*rows.equal, *rows.opposite)), None)
    bound = rounding(eigenvalues)
    if first is not None:
        condition = f"not met, rows {index[first[0]]} and {index[first[1]]} are"
    elif ceiling(least_angle) <= bound:
        condition = f"met, by {least_angle:.0e} rad, which cannot be told from 0 in float64"
    else:
        condition = f"met, the smallest angle is {least_angle:.1e} rad"
    return Check(
        claim="lambda_0 > rounding",
        source="Du Thm 3.1 (1810.02054)",
        condition=f"no two rows parallel: {condition}",
        predicted=None,
        measured=float(eigenvalues[0]),
        bound=bound,
        holds=(
            bool(eigenvalues[0] > bound) if first is None and ceiling(least_angle) > bound else None
        ),
    )


def null_space(eigenvalues: Vector, rows: Parallel, X: Vector, least_angle: float) -> Check:
    """Check the dimension of the null space on the data, parallel rows or not.

    Args:
        eigenvalues: (n,) ascending.
        rows: what is parallel.
        X: (n, d) rows.
        least_angle: between two lines that are not the same, in radian.
    """
    clear = bool(ceiling(least_angle) > rounding(eigenvalues))
    expected, measured = rows.null_dimension(X), nullity(eigenvalues)
    return Check(
        claim="eigenvalues that are 0 up to rounding: equal rows + antipodal pairs - their rank",
        source="exact null space, ours (after 1810.02054, Thm 3.1)",
        condition=(
            f"none; {len(rows.equal)} equal rows, {len(rows.opposite)} antipodal pairs; the "
            f"smallest angle between other lines is {least_angle:.1e} rad"
            + ("" if clear else ", which cannot be told from 0 in float64")
        ),
        predicted=float(expected),
        measured=float(measured),
        bound=None,
        holds=measured == expected if clear else None,
    )


def duplicate(eigenvalues: Vector, which: str) -> Check:
    """Check that two rows that point the same way make H singular."""
    bound = rounding(eigenvalues)
    return Check(
        claim=f"{which} point the same way: lambda_0 = 0 +- rounding",
        source="converse of Du Thm 3.1 (1810.02054)",
        condition="two rows that point the same way: met",
        predicted=0.0,
        measured=float(eigenvalues[0]),
        bound=bound,
        holds=bool(abs(eigenvalues[0]) <= bound),
    )


def approach(least: Vector, bound: Vector, angles: Vector, level: float) -> Check:
    """Check rounding < lambda_0 <= 1/2 - h(theta) + rounding, a row at theta from another.

    Args:
        least: (a,) lambda_0.
        bound: (a,) 1/2 - h(theta).
        angles: (a,) theta.
        level: :func:`rounding`.
    """
    ratio = least / bound
    at = int(np.argmax(ratio))
    return Check(
        claim=(
            "0 < lambda_0 / (1/2 - h(theta)) <= 1, a row at theta from another, all theta "
            f"(worst: {angles[at]:.0e})"
        ),
        source="Rayleigh quotient, ours (after 1810.02054, Thm 3.1)",
        condition=f"unit rows: met; up to rounding of lambda_0, {level:.1e}",
        predicted=None,
        measured=float(ratio[at]),
        bound=1.0,
        holds=bool(((least > level) & (least <= bound + level)).all()),
    )


def opposite(pairs: Index, spectra: list[Vector], d: int) -> tuple[Check, Check]:
    """Check pairs of opposite rows: up to d are harmless, each further one adds a dimension."""
    few = [values for p, values in zip(pairs, spectra, strict=True) if p <= d]
    least = [values[0] / rounding(values) for values in few]
    at = int(np.argmin(least))
    nullities = np.array([nullity(values) for values in spectra])
    expected = np.maximum(pairs - d, 0)
    worst = int(np.argmax(np.abs(nullities - expected) * (len(pairs) + 1) + pairs))
    source = "exact null space, ours (after 1810.02054, Thm 3.1)"
    return (
        Check(
            claim=f"1 .. d antipodal pairs, d = {d}: lambda_0 > rounding (worst: {pairs[at]})",
            source=source,
            condition="pairs in general position: met; Theorem 3.1 asks for none and is silent",
            predicted=None,
            measured=float(few[at][0]),
            bound=rounding(few[at]),
            holds=bool(min(least) > 1),
        ),
        Check(
            claim=f"p antipodal pairs: null space of dimension max(p - d, 0), p = {pairs[worst]}",
            source=source,
            condition=f"pairs in general position: met; p = 1 .. {pairs[-1]}, d = {d}",
            predicted=float(expected[worst]),
            measured=float(nullities[worst]),
            bound=None,
            holds=bool((nullities == expected).all()),
        ),
    )


def on_circle(computed: Vector, exact: Vector) -> Check:
    """Check the spectrum on equally spaced points of the circle."""
    error = np.abs(computed - exact)
    at = int(np.argmax(error))
    return Check(
        claim=f"{len(exact)} points on the circle: lambda_i / n = closed form +- bound, all i",
        source="aliased Fourier series, ours (coefficients: 1906.00425)",
        condition="equally spaced points: met",
        predicted=float(exact[at]),
        measured=float(computed[at]),
        bound=CIRCLE,
        holds=bool((error <= CIRCLE).all()),
    )
