"""How far the kernel of a network of finite width is from its limit."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import arc_cosine_gram, finite_width_gram, ntk_gram
from pyntk.theory.arora.convergence import concentration_bound
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count, admit_counts, admit_positive
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ALLOWED: Final = 0.15
"""How far the root mean square of the Frobenius norm over the draws may be from its exact value."""
LEAST_WIDTH: Final = 10_000
"""ALLOWED is a claim about widths from here on."""
STANDARD_ERRORS: Final = 4
"""Where few directions dominate, norms scatter more: so many standard errors are allowed then."""
AT_ONCE: Final = 100_000
"""Neurons that are held in memory."""


@routine(data="digits", rows=250, widths=(1000, 10_000, 100_000, 1_000_000), draws=20)
def concentration(
    data: Any = "sphere",
    *,
    rows: int = 100,
    widths: Sequence[int] = (1000, 10_000, 100_000),
    draws: int = 5,
    delta: float = 0.01,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The kernel H(0) of a network at its start concentrates around H as the width grows.

    For every pair of rows H_ij(0) is a mean of m independent terms between 0 and x_i.x_j, so by
    Hoeffding's inequality max_ij \|H_ij(0) - H_ij\| <= sqrt(log(2 n^2 / delta) / (2 m)) with
    probability 1 - delta, for m neurons w_r ~ N(0, I). Its second moment is exact:
    E \|H(0) - H\|_F^2 = (1/m) sum_ij (x_i.x_j)^2 p_ij (1 - p_ij), p_ij = (pi - theta_ij)/(2 pi)
    the probability that a neuron is active on both rows.

    Args:
        data: a data set's name, a DataSet, or (X, y); the labels are not looked at.
        rows: n.
        widths: the widths m.
        draws: independent networks of each width.
        delta: probability with which the bound may fail, for each network.
        seed: of the data and the networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the bound at every width and draw, and of the second moment at widths from 10,000
        on. Series: ``widths`` (w,), ``largest`` (w, draws) max-norms, ``bound`` (w,), ``frobenius``
        (w, draws), ``expected`` (w,).

    References:
        arXiv 1810.02054, Lemma 3.1; arXiv 1901.08584, Lemma C.3. The second moment is ours.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    m, draws = np.array(admit_counts("widths", widths)), admit_count("draws", draws)
    delta = admit_positive("delta", delta, 1)
    sample = draw(data, admit_count("rows", rows), seed=seed)
    n, d = sample.X.shape
    H = ntk_gram(sample.X, **how)
    largest, frobenius = np.empty((2, len(m), draws))
    for w, k in watch.over(list(np.ndindex(len(m), draws))):
        generator = np.random.default_rng([seed, w, k])
        error = start_gram(sample.X, int(m[w]), generator, how) - H
        largest[w, k], frobenius[w, k] = np.abs(error).max(), np.linalg.norm(error)
    bound = np.array([concentration_bound(n, int(width), delta) for width in m])
    expected = np.sqrt(variance_sum(sample.X, how) / m)
    return Report(
        name="concentration",
        title=f"H(0) against H on {sample.name}, {draws} networks of each width",
        checks=(
            within_bound(m, largest, bound, delta),
            second_moment(m, frobenius, expected),
        ),
        series={
            "widths": m, "largest": largest, "bound": bound,
            "frobenius": frobenius, "expected": expected,
        },
        data={"name": sample.name, "n": n, "d": d},
        settings={"widths": m.tolist(), "draws": draws, "delta": delta, "seed": seed},
        notes=sample.notes,
        panels=_panels(m, largest, bound, frobenius, expected),
    )  # fmt: skip


def start_gram(X: Matrix, m: int, generator: np.random.Generator, how: dict[str, Any]) -> Matrix:
    """Return H(0) of m neurons N(0, I): the mean of the kernels of parts of the network."""
    total = np.zeros((len(X), len(X)))
    for begin in range(0, m, AT_ONCE):
        W = generator.standard_normal((min(AT_ONCE, m - begin), X.shape[1]))
        total += len(W) / m * finite_width_gram(X, W, derivative_at_zero=1, **how)
    return total


def variance_sum(X: Matrix, how: dict[str, Any]) -> float:
    """sum_ij (x_i.x_j)^2 p_ij (1 - p_ij): m times the exact E |H(0) - H|_F^2."""
    p = arc_cosine_gram(X, degree=0, **how) / 2  # (1 - theta/pi) / 2
    return float(((X @ X.T) ** 2 * p * (1 - p)).sum())


def within_bound(m: Any, largest: Matrix, bound: Vector, delta: float) -> Check:
    """Check Hoeffding's bound at the width where it comes nearest to failing."""
    at = int(np.argmax(largest.max(axis=1) / bound))
    return Check(
        claim=f"max |H(0)-H| <= sqrt(log(2n^2/delta)/(2m)), every m and draw (worst: m = {m[at]})",
        source="Du Lemma 3.1 (1810.02054)",
        condition=(
            f"Gaussian start: met; each of {largest.size} networks may fail with probability "
            f"delta = {delta:g}, one of them or more with {min(1, largest.size * delta):.2g}"
        ),
        predicted=None,
        measured=float(largest[at].max()),
        bound=float(bound[at]),
        holds=bool((largest.max(axis=1) <= bound).all()),
    )


def second_moment(m: Any, frobenius: Matrix, expected: Vector) -> Check:
    """Check the root mean square of |H(0) - H|_F over the draws against its exact value."""
    squares = frobenius**2
    mean = squares.mean(axis=1)
    ratio = np.sqrt(mean) / expected
    error = scatter(squares / mean[:, None]) / 2  # of the root, half of that of the mean
    allowed = max(ALLOWED, STANDARD_ERRORS * error)
    speaks = m >= LEAST_WIDTH
    at = int(np.argmax(np.where(speaks | ~speaks.any(), np.abs(ratio - 1), -1)))
    return Check(
        claim=(
            f"rms of |H(0)-H|_F / exact value = 1 +- bound, every m >= {LEAST_WIDTH} "
            f"(worst: m = {m[at]})"
        ),
        source="exact second moment, ours (after 1810.02054, Lemma 3.1)",
        condition=(
            f"an expectation, estimated from {frobenius.shape[1]} draws with a standard error of "
            f"{error:.1%}; the larger of {ALLOWED:.0%} and {STANDARD_ERRORS} standard errors is "
            "allowed" + ("" if speaks.any() else f"; no width from {LEAST_WIDTH} on: not met")
        ),
        predicted=1.0,
        measured=float(ratio[at]),
        bound=allowed,
        holds=bool((np.abs(ratio - 1) <= allowed)[speaks].all()) if speaks.any() else None,
    )


def scatter(relative: Matrix) -> float:
    """Return the standard error of the mean of a row (w, draws), all rows of mean 1 pooled."""
    w, draws = relative.shape
    if draws == 1:
        return 0.0
    return float(np.sqrt(((relative - 1) ** 2).sum() / (w * (draws - 1)) / draws))


def _panels(
    m: Any, largest: Matrix, bound: Vector, frobenius: Matrix, expected: Vector
) -> tuple[Panel, ...]:
    draws = np.repeat(m, largest.shape[1])
    return (
        Panel(
            "Largest entry (Lemma 3.1)", "width $m$", r"$\max_{ij} |H_{ij}(0) - H_{ij}|$",
            (
                curve(draws, largest.ravel(), "networks", "points"),
                curve(m, bound, "Hoeffding's bound", "bound"),
            ),
            "log", "log",
        ),
        Panel(
            "Frobenius norm", "width $m$", r"$\|H(0) - H\|_F$",
            (
                curve(draws, frobenius.ravel(), "networks", "points"),
                curve(m, expected, "exact root mean square", "predicted"),
            ),
            "log", "log",
        ),
    )  # fmt: skip
