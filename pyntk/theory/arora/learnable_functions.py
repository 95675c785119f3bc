"""Which functions a wide network learns from few rows: linear and even powers, not odd ones."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import ntk_gram, solve
from pyntk.data import sphere
from pyntk.theory.arora import learnable_checks as claims
from pyntk.theory.arora.harmonics import monomial_norm, printed_constant, sharp_constant
from pyntk.theory.arora.target_functions import direction, examples
from pyntk.theory.counts import admit_count, admit_counts
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

POWERS: Final = (1, 2, 3, 4, 5, 6)
CURVES: Final = ("linear", "quadratic", "cubic")


@routine(sizes=(100, 400, 1600, 6400), learning_sizes=(50, 200, 800, 3200))
def learnable_functions(
    data: Any = None,
    *,
    dimension: int = 5,
    sizes: Sequence[int] = (100, 200, 400, 800, 1600),
    learning_dimension: int = 10,
    learning_sizes: Sequence[int] = (50, 100, 200, 400, 800),
    held_out: int = 4000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Linear functions and even powers (beta.x)^p have a small y' H^-1 y; odd powers have not.

    For p = 1 and p = 2l, sqrt(y' H^-1 y) <= 3 p \|alpha\| \|beta\|^p where
    y_i = alpha (beta.x_i)^p; sums of such powers have at most the sum of their bounds. The proof
    has the constants 2 and sqrt(2 pi) (2l - 1), and the least that serve in every dimension are
    c_p^(-1/2), with H = sum_p c_p K^p: 2, 2.5066, 6.1400 and 9.1529 for p = 1, 2, 4, 6. On the
    sphere of R^d the norm of the function in the space of H is known exactly; no sample exceeds it,
    and as n grows samples attain it. c_p = 0 for odd p >= 3: there sqrt(y' H^-1 y) grows with n
    beyond every bound. The labels of f are learned at the rate sqrt(2 y' H^-1 y / n), what Theorem
    5.1 bounds the test error by, up to a term that it does not name.

    Args:
        data: rows that the powers are taken of: a data set's name, a DataSet, or (X, y), the labels
            are not looked at. None draws them uniform on the sphere.
        dimension: of that sphere, at least 2.
        sizes: n, of nested samples.
        learning_dimension: of the sphere that the learning curves are taken on, at least 2.
        learning_sizes: n of the learning curves.
        held_out: rows that the test error is measured on.
        seed: of the rows and of beta.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the bound for each covered power and for the paper's examples of sums, of the
        exact norm, of the values that were declared for d = 5 and n = 1600, and of the learning
        curves. Series: ``sizes`` (s,), ``powers`` (6,), ``norms`` (s, 6) sqrt(y' H^-1 y),
        ``limits`` (6,) exact norms, ``sharp`` (6,), ``printed`` (6,) constants; ``examples``
        (s, 3); ``random`` (s,) sqrt(y' H^-1 y / n) of random labels; ``learning_sizes`` (l,),
        ``test_error`` (l, 3) mean of min(\|f - y\|, 1) for b.x, (b.x)^2 and 3 (b.x)^3, and
        ``complexity`` (l, 3) sqrt(2 y' H^-1 y / n).

    Raises:
        ValueError: as :func:`pyntk.theory.sample.draw`; a size or dimension that is too small.
        numpy.linalg.LinAlgError: H is singular.

    References:
        arXiv 1901.08584, Theorem 6.1, Corollary 6.2 and their proofs, Theorem 5.1. The least
        constants and the exact norms are ours.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    n, held_out = admit_counts("sizes", sizes, 2), admit_count("held_out", held_out)
    learning = admit_counts("learning_sizes", learning_sizes, 2)
    dimension = admit_count("dimension", dimension, 2)
    d = admit_count("learning_dimension", learning_dimension, 2)
    sample = draw(sphere(n[-1], dimension, seed) if data is None else data, n[-1], seed=seed)
    n = tuple(sorted({min(size, len(sample.X)) for size in n}))
    parts = watch.over(["norms", "learning"])
    next(parts)
    norms, sums, random, targets = norms_by_size(sample.X, n, seed, how, watch)
    next(parts)
    test_error, complexity = learning_curves(d, learning, held_out, seed, how, watch)
    next(parts, None)
    limits = np.array([monomial_norm(p, sample.X.shape[1]) for p in POWERS])
    five = data is None and dimension == 5
    return Report(
        name="learnable_functions",
        title=f"powers of beta.x on {sample.name} in {sample.X.shape[1]} dimensions",
        checks=(
            *(claims.power(p, n, norms[:, k]) for k, p in enumerate(POWERS) if limits[k] < np.inf),
            claims.below_norm(POWERS, n, norms, limits),
            *claims.declared(POWERS, n, norms, limits, five),
            claims.random_labels(n, random, five),
            *(claims.example(target, n, sums[:, k]) for k, target in enumerate(targets)),
            *claims.learned(learning, test_error, complexity, d),
        ),
        series={
            "sizes": np.array(n), "powers": np.array(POWERS), "norms": norms, "limits": limits,
            "sharp": np.array([sharp_constant(p) for p in POWERS]),
            "printed": np.array([printed_constant(p) for p in POWERS]),
            "examples": sums, "random": random, "learning_sizes": np.array(learning),
            "test_error": test_error, "complexity": complexity,
        },
        data={"name": sample.name, "n": len(sample.X), "d": sample.X.shape[1]},
        settings={
            "sizes": list(n), "learning_dimension": d, "learning_sizes": list(learning),
            "held_out": held_out, "seed": seed,
        },
        notes=sample.notes if data is not None else (),
        panels=_panels(n, norms, limits, learning, test_error, complexity),
    )  # fmt: skip


def norms_by_size(
    X: Matrix, sizes: Sequence[int], seed: int, how: dict[str, Any], watch: Watch
) -> tuple[Matrix, Matrix, Vector, Any]:
    """Return sqrt(y' H^-1 y) of the first n rows, for every n.

    Returns:
        For powers (s, 6), for the examples (s, 3), for random labels over sqrt(n) (s,); examples.
    """
    generator = np.random.default_rng([seed, 1])
    beta = direction(X.shape[1], generator)
    targets = examples(X, beta, generator)
    columns = [(X @ beta) ** p for p in POWERS] + [target.y for target in targets]
    Y = np.stack([*columns, generator.choice([-1.0, 1.0], len(X))], axis=1)
    H = ntk_gram(X, **how)
    norms = np.empty((len(sizes), Y.shape[1]))
    for row in watch.over(range(len(sizes))):
        k = sizes[row]
        alpha = solve(np.ascontiguousarray(H[:k, :k]), Y[:k]).x
        norms[row] = np.sqrt((Y[:k] * alpha).sum(axis=0))
    powers, sums, random = np.split(norms, [len(POWERS), len(POWERS) + len(targets)], axis=1)
    return powers, sums, random[:, 0] / np.sqrt(sizes), targets


def learning_curves(
    d: int, sizes: Sequence[int], held_out: int, seed: int, how: dict[str, Any], watch: Watch
) -> tuple[Matrix, Matrix]:
    """Return test error and complexity of b.x, (b.x)^2 and 3 (b.x)^3, (l, 3) each."""
    generator = np.random.default_rng([seed, 2])
    X = sphere(sizes[-1] + held_out, d, seed + 1).X
    z = X @ direction(d, generator)
    Y = np.stack([z, z**2, 3 * z**3], axis=1)
    training, test = X[: sizes[-1]], X[sizes[-1] :]
    H, cross = ntk_gram(training, **how), ntk_gram(test, training, **how)
    error, complexity = np.empty((2, len(sizes), 3))
    for row in watch.over(range(len(sizes))):
        n = sizes[row]
        alpha = solve(np.ascontiguousarray(H[:n, :n]), Y[:n]).x
        miss = np.abs(cross[:, :n] @ alpha - Y[sizes[-1] :])
        error[row] = np.minimum(miss, 1).mean(axis=0)
        complexity[row] = np.sqrt(2 * (Y[:n] * alpha).sum(axis=0) / n)
    return error, complexity


def _panels(
    n: Sequence[int], norms: Matrix, limits: Vector, learning: Sequence[int],
    test_error: Matrix, complexity: Matrix,
) -> tuple[Panel, ...]:  # fmt: skip
    covered = [k for k, limit in enumerate(limits) if np.isfinite(limit)]
    odd = [k for k in range(len(POWERS)) if k not in covered]
    flat = np.ones(len(n))
    size = r"$\sqrt{y^T H^{-1} y}$"
    return (
        Panel(
            "Covered powers (Theorem 6.1)", "rows $n$", size,
            tuple(
                line
                for colour, k in enumerate(covered)
                for line in (
                    curve(n, norms[:, k], f"$p$ = {POWERS[k]}", colour=colour),
                    curve(n, limits[k] * flat, "exact norm" if not colour else "", "predicted"),
                )
            ),
            "log", y_limits=(0, None),
        ),
        Panel(
            "Odd powers are not covered", "rows $n$", size,
            tuple(
                line
                for colour, k in enumerate(odd)
                for line in (
                    curve(n, norms[:, k], f"$p$ = {POWERS[k]}", colour=colour),
                    curve(n, printed_constant(POWERS[k]) * flat, "" if colour else "$3p$", "bound"),
                )
            ),
            "log", y_limits=(0, None),
        ),
        Panel(
            "Constants", "power $p$", size,
            (
                curve([POWERS[k] for k in covered], norms[-1, covered], f"at $n$ = {n[-1]}"),
                curve([POWERS[k] for k in covered], limits[covered], "exact norm", "predicted"),
                curve([POWERS[k] for k in covered], [sharp_constant(POWERS[k]) for k in covered],
                      "$c_p^{-1/2}$", colour=1),
                curve(POWERS, [printed_constant(p) for p in POWERS], "$3p$", "bound"),
            ),
        ),
        Panel(
            "Learning curves (Theorem 5.1)", "rows $n$", r"mean of $\min(|f - y|, 1)$",
            tuple(
                line
                for k, label in enumerate(("$b.x$", "$(b.x)^2$", "$3 (b.x)^3$"))
                for line in (
                    curve(learning, test_error[:, k], label, colour=k),
                    *([curve(learning, complexity[:, k],
                             r"$\sqrt{2 y^T H^{-1} y / n}$" if not k else "", "bound")]
                      if k < 2 else []),
                )
            ),
            "linear", "log",
        ),
    )  # fmt: skip
