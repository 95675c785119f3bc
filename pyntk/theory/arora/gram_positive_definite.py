"""When H is positive definite: parallel rows, and how near they come to making it singular."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import eigvalsh, ntk_gram
from pyntk.theory.arora import positive_definite_checks as claims
from pyntk.theory.arora.circle import circle, circle_eigenvalues
from pyntk.theory.arora.parallel import Parallel, as_found, parallel
from pyntk.theory.counts import admit_count
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.rows import angles
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Spectrum = Callable[[Matrix], Vector]

ANGLES: Final[Vector] = np.logspace(0, -8, 9)
"""Radian, between a row and the one that approaches it."""


@routine(rows=1000, circle_points=1001)
def gram_positive_definite(
    data: Any = "sphere",
    *,
    rows: int = 200,
    dimension: int = 5,
    circle_points: int = 65,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""lambda_0 = lambda_min(H) > 0 if no two rows are parallel; equal rows make H singular.

    No two parallel rows is sufficient and not necessary. What is necessary and sufficient follows
    from H(x, z) = x.z / 4 + even powers of x.z: rows that point the same way make H singular at
    once; p pairs of opposite rows leave it a null space of dimension p - rank of the pairs, so that
    d pairs in general position are harmless, and each further one adds a dimension. A row at the
    angle theta from another bounds lambda_0 by 1/2 - cos(theta) (pi - theta) / (2 pi), which falls
    like theta / (2 pi). On n equally spaced points of the circle every eigenvalue is known.

    What counts as zero is what rounding makes of it: an eigenvalue is computed up to
    (n + 8 sqrt(n)) u lambda_max, u = 2^-53, the first term for LAPACK, the second for the entries.

    Args:
        data: a data set's name, a DataSet, or (X, y); the labels are not looked at. Rows are
            normalised, zero rows dropped, equal ones kept.
        rows: n, drawn at random where there are more.
        dimension: d of the pairs of opposite rows, at least 2.
        circle_points: points on the circle; an even number has a null space.
        seed: of the data and of the pairs.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the theorem on the data, of the null space on the data, of a duplicate, of a row
        that approaches another, of pairs of opposite rows, and of the circle. A note names equal
        rows of the data. Series: ``eigenvalues`` (n,) ascending, ``with_equal`` the same
        with two equal rows; ``angles`` (a,), ``approach``
        (a,) lambda_0 with a row at that angle, ``approach_bound`` (a,); ``pairs`` (p,),
        ``pairs_least`` (p,) lambda_0, ``pairs_null`` (p,) eigenvalues at rounding level;
        ``circle`` (c,) lambda_k / n, ascending, and ``circle_expected`` (c,).

    Raises:
        ValueError: as :func:`pyntk.theory.sample.draw`; rows in one dimension.

    References:
        arXiv 1810.02054, Theorem 3.1. The exact null space, the bound by the angle and the spectrum
        on the circle with its aliases are ours; R. Basri et al., arXiv 1906.00425, have the
        coefficients on the circle.
    """
    rows, d = admit_count("rows", rows, 2), admit_count("dimension", dimension, 2)
    points = admit_count("circle_points", circle_points)
    found = as_found(data, rows, seed)
    if found.X.shape[1] < 2:
        raise ValueError("X must have at least 2 columns: in one dimension all rows are parallel")

    def spectrum(X: Matrix) -> Vector:
        H = ntk_gram(X, backend=backend, threads=threads)
        values: Vector = eigvalsh(H, overwrite=True, backend=backend)
        return values

    pairs = np.arange(1, d + 4)
    generator = np.random.default_rng([seed, 1])
    directions = unit_rows(generator.standard_normal((len(pairs), d)))
    parts = watch.over([1, 2, 3, 4])
    next(parts)
    how_parallel = parallel(found.X)
    least_angle = angles(found.X[how_parallel.apart]).least
    eigenvalues = spectrum(found.X)
    next(parts)
    apart = found.X[how_parallel.apart]
    least = approach(apart, spectrum, generator)
    bound = claims.ceiling(ANGLES)
    next(parts)
    of_pairs = [spectrum(np.concatenate([directions[:p], -directions[:p]])) for p in pairs]
    next(parts)
    on_circle = spectrum(circle(points)) / points
    exact = np.sort(circle_eigenvalues(points))
    with_equal, which = doubled(found.X, how_parallel, spectrum, found.index)
    next(parts, None)
    return Report(
        name="gram_positive_definite",
        title=f"the smallest eigenvalue of H on {found.name}, and what makes it 0",
        checks=(
            claims.theorem(eigenvalues, how_parallel, found.index, least_angle),
            claims.null_space(eigenvalues, how_parallel, found.X, least_angle),
            claims.duplicate(with_equal, which),
            claims.approach(least, bound, ANGLES, claims.rounding(eigenvalues)),
            *claims.opposite(pairs, of_pairs, d),
            claims.on_circle(on_circle, exact),
        ),
        series={
            "eigenvalues": eigenvalues, "with_equal": with_equal,
            "angles": ANGLES, "approach": least, "approach_bound": bound, "pairs": pairs,
            "pairs_least": np.array([values[0] for values in of_pairs]),
            "pairs_null": np.array([claims.nullity(values) for values in of_pairs]),
            "circle": on_circle, "circle_expected": exact,
        },
        data={
            "name": found.name, "n": len(found.X), "d": found.X.shape[1],
            "equal rows": len(how_parallel.equal), "antipodal pairs": len(how_parallel.opposite),
        },
        settings={"dimension": d, "circle_points": points, "seed": seed},
        notes=(*found.notes, *claims.named(how_parallel, found.index)),
        panels=_panels(eigenvalues, with_equal, least, bound, pairs, of_pairs, d, on_circle, exact),
    )  # fmt: skip


def unit_rows(X: Matrix) -> Matrix:
    """Return rows divided by their norms."""
    unit: Matrix = X / np.linalg.norm(X, axis=1, keepdims=True)
    return unit


def approach(X: Matrix, spectrum: Spectrum, generator: np.random.Generator) -> Vector:
    """Append a row at each of ANGLES from the first row; return lambda_0, (a,)."""
    aside = generator.standard_normal(X.shape[1])
    aside = unit_rows((aside - (aside @ X[0]) * X[0])[None])[0]
    return np.array(
        [spectrum(np.concatenate([X, [np.cos(t) * X[0] + np.sin(t) * aside]]))[0] for t in ANGLES]
    )


def doubled(
    X: Matrix, rows: Parallel, spectrum: Spectrum, index: NDArray[np.int64]
) -> tuple[Vector, str]:
    """Return the spectrum with equal rows, those of the data or a copy of one, and which."""
    if rows.equal:
        i, j = rows.equal[0]
        return spectrum(X), f"rows {index[i]} and {index[j]} of X"
    return spectrum(np.concatenate([X, X[:1]])), f"row {index[0]} of X and its copy"


def _panels(
    eigenvalues: Vector, with_equal: Vector, least: Vector, bound: Vector, pairs: NDArray[np.int64],
    of_pairs: list[Vector], d: int, on_circle: Vector, exact: Vector,
) -> tuple[Panel, ...]:  # fmt: skip
    floor = claims.rounding(with_equal)
    lines = ((with_equal, "with two equal rows", 1), (eigenvalues, "eigenvalues", 0))
    k = np.arange(1, len(exact) + 1)
    return (
        Panel(
            "The data (Theorem 3.1)", "index $i$ (largest first)", r"$\lambda_i$",
            (
                *(
                    curve(np.arange(1, len(values) + 1), np.maximum(values[::-1], floor / 100),
                          label, "points", colour=colour)
                    for values, label, colour in lines
                ),
                curve([1, len(with_equal)], [floor, floor], "rounding", "bound"),
            ),
            "linear", "log",
        ),
        Panel(
            "A row that approaches another", r"angle $\theta$ (radian)", r"$\lambda_0$",
            (
                curve(ANGLES, least, "computed"),
                curve(ANGLES, bound, r"$1/2 - h(\theta)$", "bound"),
                curve(ANGLES, ANGLES / (2 * np.pi), r"$\theta / 2\pi$", "predicted"),
            ),
            "log", "log",
        ),
        Panel(
            f"Antipodal pairs in {d} dimensions", "pairs $p$", "dimension of the null space",
            (
                curve(pairs, [claims.nullity(v) for v in of_pairs], "computed"),
                curve(pairs, np.maximum(pairs - d, 0), "$p - d$", "predicted"),
            ),
        ),
        Panel(
            f"{len(exact)} points on the circle", "index $i$ (largest first)", r"$\lambda_i / n$",
            (
                curve(k, np.maximum(on_circle[::-1], 1e-17), "computed"),
                curve(k, np.maximum(exact[::-1], 1e-17), "closed form", "predicted"),
            ),
            "log", "log",
        ),
    )  # fmt: skip
