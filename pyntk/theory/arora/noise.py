"""Arora, Du, Hu, Li, Wang (ICML 2019, arXiv 1901.08584): which labels a wide network learns.

The complexity sqrt(2 y' H^-1 y / n) bounds the test error of the trained network up to a term that
the theorem does not make explicit, so its leading term is what can be checked; the trained network
itself is taken in its limit, the interpolant of the kernel H.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from pyntk.data import redraw_labels
from pyntk.theory.check import Check
from pyntk.theory.rows import UNIT_ROUNDOFF

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

PORTIONS: Final = tuple(k / 10 for k in range(11))
"""Portions of random labels, as in figure 2 of the paper."""

LEAST_RANK_CORRELATION: Final = 0.9
"""Declared here: figure 2 of the paper shows that the curves rise together, without a number."""

ROUNDING: Final = 1e-12
"""Of a rank correlation, which 1 itself can miss."""


def solve(H: ArrayLike, Y: ArrayLike) -> Matrix:
    """Return H^-1 Y by Cholesky, without any jitter.

    Args:
        H: (n, n) symmetric, positive definite.
        Y: (n,) or (n, c).

    Returns:
        (n,) or (n, c) float64.

    Raises:
        numpy.linalg.LinAlgError: H is not positive definite, or so near to singular
            (condition > 1 / (n u), u = 2^-53) that no digit of the result would be right.
    """
    A = np.asarray(H, np.float64)
    cause = "duplicate rows, or more than d antipodal pairs, make it so"
    try:
        factor, lower = scipy.linalg.cho_factor(A, lower=True)
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(f"H is not positive definite: {cause}") from None
    reciprocal, _ = scipy.linalg.lapack.dpocon(factor, np.abs(A).sum(axis=0).max(), uplo="L")
    if reciprocal < len(A) * UNIT_ROUNDOFF:
        raise np.linalg.LinAlgError(
            f"H is singular to working precision (condition {1 / max(reciprocal, 1e-300):.1e}): "
            f"{cause}"
        )
    solution: Matrix = scipy.linalg.cho_solve((factor, lower), np.asarray(Y, np.float64))
    return solution


def complexity(H: ArrayLike, y: ArrayLike) -> float:
    """sqrt(2 y' H^-1 y / n), the leading term of the bound on the test error.

    Args:
        H: (n, n) kernel of the training rows (unit norm).
        y: (n,) labels.

    Raises:
        numpy.linalg.LinAlgError: see :func:`solve`.

    References:
        arXiv 1901.08584, Theorem 5.1 and Corollary 5.2.
    """
    labels = np.asarray(y, np.float64)
    return float(np.sqrt(2 * (labels @ solve(H, labels)) / len(labels)))


def interpolant(H: ArrayLike, cross: ArrayLike, y: ArrayLike) -> Matrix:
    """f(z) = H(z, X) H^-1 y: the limit of training a wide network from f = 0.

    Args:
        H: (n, n) kernel of the training rows.
        cross: (p, n) kernel between new rows and training rows.
        y: (n,) or (n, c) labels.

    Returns:
        (p,) or (p, c) predictions.

    Raises:
        numpy.linalg.LinAlgError: see :func:`solve`.
    """
    predictions: Matrix = np.asarray(cross, np.float64) @ solve(H, y)
    return predictions


@dataclass(frozen=True)
class NoiseCurve:
    """Complexity and test error against the portion of random labels.

    Attributes:
        portions: (q,) portions.
        complexity: (q, draws) sqrt(2 y' H^-1 y / n) of the training labels.
        error: (q, draws) share of held-out rows where the sign of the interpolant is wrong.
        loss: (q, draws) mean over held-out rows of min(|f - y|, 1).
        absolute: (q, draws) mean over held-out rows of |f - y|, the l1 loss.
    """

    portions: Vector
    complexity: Matrix
    error: Matrix
    loss: Matrix
    absolute: Matrix


def noisy_labels(
    y: ArrayLike, portions: Iterable[float], draws: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Return (q, draws, n) labels, portions of which are redrawn: fair coin tosses."""
    return np.array([[redraw_labels(y, q, generator) for _ in range(draws)] for q in portions])


def held_out_losses(F: Matrix, Y: Matrix) -> tuple[Vector, Vector, Vector]:
    """Return 0-1 error, mean min(|f - y|, 1) and mean |f - y| over the last axis."""
    absolute = np.abs(F - Y)
    wrong = np.where(np.isnan(F), np.nan, F * Y <= 0)  # what is not known is not right
    return wrong.mean(axis=-1), np.minimum(absolute, 1).mean(axis=-1), absolute.mean(axis=-1)


def noise_curve(
    H: Matrix,
    cross: Matrix,
    y: Vector,
    y_test: Vector,
    *,
    portions: Sequence[float] = PORTIONS,
    draws: int = 10,
    generator: np.random.Generator,
) -> NoiseCurve:
    """Redraw portions of the training *and* held-out labels, as in figure 2; interpolate; measure.

    Args:
        H: (n, n) kernel of the training rows.
        cross: (p, n) kernel between held-out and training rows.
        y: (n,) labels, +1 or -1.
        y_test: (p,) labels of the held-out rows.
        portions: portions of labels to redraw.
        draws: independent draws of the noise for every portion.
        generator: source of the noise.

    Raises:
        numpy.linalg.LinAlgError: see :func:`solve`.

    References:
        arXiv 1901.08584, section 5 and figure 2.
    """
    Y = noisy_labels(y, portions, draws, generator)
    Y_test = noisy_labels(y_test, portions, draws, generator)
    return curve_of(H, cross, np.array(portions), Y, Y_test)


def curve_of(H: Matrix, cross: Matrix, portions: Vector, Y: Matrix, Y_test: Matrix) -> NoiseCurve:
    """Interpolate given labels, (q, draws, n) and (q, draws, p); see :func:`noise_curve`."""
    shape, n = Y.shape[:2], Y.shape[2]
    flat = Y.reshape(-1, n).T
    alpha = solve(H, flat)
    F = (cross @ alpha).T.reshape(Y_test.shape)
    forms = (flat * alpha).sum(axis=0).reshape(shape)
    return NoiseCurve(portions, np.sqrt(2 * forms / n), *held_out_losses(F, Y_test))


def random_labels_cost_more(
    curve: NoiseCurve, H: Matrix, inverse_trace: float | None = None
) -> Check:
    """Check that random labels have the larger complexity: the reason why they generalise worse.

    For uniform random labels E[y' H^-1 y] = trace(H^-1), which predicts their complexity.

    Args:
        curve: its first portion is 0, its last 1.
        H: (n, n) kernel of the training rows.
        inverse_trace: trace(H^-1) where it is known; None computes it.
    """
    random, true = float(curve.complexity[-1].mean()), float(curve.complexity[0].mean())
    if inverse_trace is None:
        inverse_trace = float(np.trace(solve(H, np.eye(len(H)))))
    expected = float(np.sqrt(2 * inverse_trace / len(H)))
    return Check(
        claim="complexity: true labels / random labels < 1",
        source="Arora sec. 5, fig. 2 (1901.08584)",
        condition=(
            f"true {true:.3g}; random {random:.3g}, mean of {curve.complexity.shape[1]} draws; "
            f"sqrt(2 trace(H^-1)/n) = {expected:.3g} predicts the latter"
        ),
        predicted=true / expected,
        measured=true / random,
        bound=1.0,
        holds=true < random,
    )


def error_below_bound(curve: NoiseCurve, who: str = "") -> Check:
    """Check Theorem 5.1: test error <= complexity, at the portions where that is below 1.

    Args:
        curve: complexities, and errors of what was fitted.
        who: made the errors, at the beginning of the claim; empty for the interpolant of H.
    """
    bound = curve.complexity.mean(axis=1)
    measured = np.maximum(curve.error.mean(axis=1), curve.loss.mean(axis=1))
    speaks = bound < 1
    at = int(np.argmax(np.where(speaks, measured - bound, -np.inf))) if speaks.any() else 0
    where = ", ".join(f"{q:g}" for q in curve.portions[speaks])
    return Check(
        claim=(
            f"{who}test error (0-1 and clipped l1) <= complexity, at portion {curve.portions[at]:g}"
        ),
        source="Arora Thm 5.1, Cor 5.2 (1901.08584)",
        condition=(
            f"speaks where it is below 1: portion {where} of random labels; vacuous at the others"
            if speaks.any()
            else "vacuous: the complexity is at least 1 at every portion of random labels"
        ),
        predicted=None,
        measured=float(measured[at]),
        bound=float(bound[at]),
        holds=bool(np.all(measured[speaks] <= bound[speaks])) if speaks.any() else None,
    )


def rise_together(curve: NoiseCurve, least: float = LEAST_RANK_CORRELATION) -> Check:
    """Check that complexity and 0-1 test error rise together: their rank correlation >= least."""
    measured = rank_correlation(curve.complexity.mean(axis=1), curve.error.mean(axis=1))
    return Check(
        claim="rank correlation of complexity and 0-1 test error >= bound",
        source="Arora fig. 2 (1901.08584)",
        condition=(
            f"observed in the paper, without a number; {least:g} is declared "
            f"here; {len(curve.portions)} portions, means of {curve.error.shape[1]} draws"
        ),
        predicted=1.0,
        measured=measured,
        bound=least,
        holds=measured >= least - ROUNDING,
    )


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's rank correlation, ties at their mean rank; 0 where one of the two is constant."""
    first, second = (rankdata(v) - (np.size(v) + 1) / 2 for v in (a, b))
    size = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / size) if size > 0 else 0.0
