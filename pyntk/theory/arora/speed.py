r"""Arora, Du, Hu, Li, Wang (ICML 2019, arXiv 1901.08584): how fast training goes, and how far.

With eigenpairs (lambda_i, v_i) of H, full-batch gradient descent of step eta on
Phi = 1/2 \|u - y\|^2 from u(0) = 0 follows u(k) - y = -(I - eta H)^k y, up to an error that
vanishes as the width grows. Everything here is in float64.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.theory.check import Check
from pyntk.theory.training import TrainingRun

Vector = NDArray[np.float64]


def predicted_residual(
    eigenvalues: ArrayLike, projections: ArrayLike, eta: float, steps: ArrayLike
) -> Vector:
    r"""\|u(k) - y\| = sqrt(sum_i (1 - eta lambda_i)^(2k) (v_i.y)^2) for every k in ``steps``.

    Args:
        eigenvalues: (n,) of H.
        projections: (n,) v_i.y, in the same order.
        eta: step of gradient descent on half the *sum* of squares; it converges if
            eta < 2/lambda_max.
        steps: (K,) integers k >= 0.

    Returns:
        (K,) float64.

    References:
        arXiv 1901.08584, Theorem 4.1.
    """
    factors = 1.0 - eta * np.asarray(eigenvalues, np.float64)
    with np.errstate(over="ignore"):  # a step above 2/lambda_max
        powers = factors[None, :] ** np.asarray(steps)[:, None]
        residuals: Vector = np.linalg.norm(powers * np.asarray(projections, np.float64), axis=1)
    return residuals


def predicted_distance(
    eigenvalues: ArrayLike, projections: ArrayLike, eta: float, steps: ArrayLike
) -> Vector:
    r"""\|W(k) - W(0)\|_F = sqrt(sum_i (1 - (1 - eta lambda_i)^k)^2 / lambda_i (v_i.y)^2).

    It is the sum of the k first gradient steps of the linearised network, taken in closed form; it
    grows with k, if eta <= 1/lambda_max, to sqrt(y' H^-1 y), the bound of Lemma 5.3. An eigenvalue
    that is not positive (a rounded 0) contributes its limit, 0.

    Args:
        eigenvalues: (n,) of H.
        projections: (n,) v_i.y, in the same order.
        eta: step of gradient descent on half the sum of squares, below 2/lambda_max.
        steps: (K,) integers k >= 0.

    Returns:
        (K,) float64.

    References:
        arXiv 1901.08584, section 5.2 and the proof of Lemma 5.3.
    """
    lambdas = np.asarray(eigenvalues, np.float64)
    positive = lambdas > 0
    lambdas, c = lambdas[positive], np.asarray(projections, np.float64)[positive]
    k = np.asarray(steps)[:, None]
    rate = eta * lambdas
    # 1 - (1 - t)^k cancels where k t is small; -expm1(k log1p(-t)) does not, but t = 1 has no log.
    small = rate < 0.5
    with np.errstate(over="ignore"):  # a step above 2/lambda_max
        covered = 1.0 - (1.0 - rate)[None, :] ** k
        covered[:, small] = -np.expm1(k * np.log1p(-rate[small]))
        distances: Vector = np.linalg.norm(covered * (c / np.sqrt(lambdas)), axis=1)
    return distances


def training_speed(
    run: TrainingRun,
    predicted: Vector,
    epsilon: float,
    labels: str,
    regime: str,
    size: float | None = None,
) -> Check:
    r"""Check Theorem 4.1: \| \|u(k) - y\| - prediction \| <= epsilon \|y\| at every step.

    Args:
        run: residuals at the steps 0 .. K.
        predicted: (K + 1,) from :func:`predicted_residual`.
        epsilon: the theorem's epsilon, in units of \|y\|.
        labels: which labels, for the text of the claim.
        regime: how width and step of this run stand to what the theorem asks for.
        size: \|y\|; None for the first residual, which it is where u(0) = 0.
    """
    size = float(run.residual[0]) if size is None else size
    at = int(np.argmax(_blown(np.abs(run.residual - predicted))))
    return Check(
        claim=f"{labels}: residual/|y| = prediction +- bound, all k (worst: {at})",
        source="Arora Thm 4.1 (1901.08584)",
        condition=regime,
        predicted=predicted[at] / size,
        measured=run.residual[at] / size,
        bound=epsilon,
        holds=bool(np.all(np.abs(run.residual - predicted) <= epsilon * size)),
    )


def loss(
    run: TrainingRun,
    predicted: Vector,
    epsilon: float,
    labels: str,
    regime: str,
    size: float | None = None,
) -> Check:
    r"""Check the loss of Theorem 4.1: Phi(k) = 1/2 \|(I - eta H)^k (y - u(0))\|^2 at every step.

    Where residual and prediction are at most epsilon \|y\| apart, their squares are at most
    epsilon (2 + epsilon) \|y\|^2 apart, if the prediction is at most \|y\|.

    Args:
        run: as for :func:`training_speed`.
        predicted: as for :func:`training_speed`.
        epsilon: as for :func:`training_speed`.
        labels: as for :func:`training_speed`.
        regime: as for :func:`training_speed`.
        size: as for :func:`training_speed`.
    """
    size = float(run.residual[0]) if size is None else size
    measured, expected = (run.residual / size) ** 2, (predicted / size) ** 2
    apart = np.abs(measured - expected)
    at = int(np.argmax(_blown(apart)))
    bound = epsilon * (2 + epsilon)
    return Check(
        claim=f"{labels}: Phi(k)/(|y|^2/2) = prediction +- bound, all k (worst: {at})",
        source="Arora Thm 4.1 (1901.08584)",
        condition=regime,
        predicted=float(expected[at]),
        measured=float(measured[at]),
        bound=bound,
        holds=bool(np.all(apart <= bound)),
    )


def falls(widths: Sequence[int], errors: Vector, what: str) -> Check:
    r"""Check that an error falls with the width, by half of the power 1/sqrt(m) at least.

    Args:
        widths: (w,) ascending.
        errors: (w,) what is left between measurement and prediction.
        what: the error, for the text of the claim.
    """
    ratio = widths[-1] / widths[0]
    measured = float(errors[0] / errors[-1]) if np.isfinite(errors).all() else math.nan
    return Check(
        claim=f"{what} at m = {widths[0]} / at m = {widths[-1]} >= bound",
        source="Arora Thm 4.1 (1901.08584)",
        condition=(
            "m = Omega(1/epsilon^2), all else fixed, so the error falls as 1/sqrt(m), from a width "
            "on that labels along small eigenvalues make large; half of that power is asked for"
        ),
        predicted=math.sqrt(ratio),
        measured=measured,
        bound=ratio**0.25,
        holds=measured >= ratio**0.25,
    )


def largest(values: ArrayLike) -> float:
    """Return the largest absolute value; infinity if there is a NaN."""
    return float(_blown(np.abs(np.asarray(values, np.float64))).max())


def distance(
    run: TrainingRun, predicted: Vector, epsilon: float, labels: str, regime: str
) -> Check:
    """Check that the distance to initialisation is its closed form within epsilon of it, k >= 1."""
    error = np.abs(run.distance[1:] - predicted[1:]) / predicted[1:]
    at = 1 + int(np.argmax(_blown(error)))
    return Check(
        claim=f"{labels}: |W(k)-W(0)| / closed form = 1 +- bound, all k (worst: {at})",
        source="Arora sec. 5.2 (1901.08584)",
        condition=regime,
        predicted=1.0,
        measured=run.distance[at] / predicted[at],
        bound=epsilon,
        holds=bool(np.all(error <= epsilon)),
    )


def distance_limit(
    run: TrainingRun, limit: float | None, epsilon: float, labels: str, regime: str
) -> Check:
    """Check Lemma 5.3: the distance stays below sqrt(y' H^-1 y) (1 + epsilon).

    Args:
        run: distances at the steps 0 .. K.
        limit: sqrt(y' H^-1 y), or None where H is singular.
        epsilon: the lemma's additive terms, which vanish with the width, in units of the limit.
        labels: which labels, for the text of the claim.
        regime: how this run stands to what the lemma asks for; the reason where limit is None.
    """
    largest = float(np.max(_blown(run.distance)))
    bound = None if limit is None else limit * (1 + epsilon)
    return Check(
        claim=f"{labels}: |W(k)-W(0)| <= sqrt(y'H^-1 y)(1+epsilon), all k",
        source="Arora Lemma 5.3 (1901.08584)",
        condition=regime,
        predicted=limit,
        measured=largest,
        bound=bound,
        holds=None if bound is None else largest <= bound,
    )


def regime(
    eta: float,
    lambda_0: float,
    n: int,
    m: int,
    epsilon: float,
    start: str = "u(0) ~ 0 (met exactly by the antisymmetric start)",
) -> str:
    """Say how a run's width and step stand to the hypotheses of Theorem 4.1 and Lemma 5.3.

    Those are m = Omega(n^7 / (lambda_0^4 kappa^2 delta^4 epsilon^2)), eta = O(lambda_0 / n^2), with
    unnamed constants; the figures given are those expressions with constants and delta set to 1.
    """
    asked = (
        f"m ~ 1e{7 * math.log10(n) - 4 * math.log10(lambda_0) - 2 * math.log10(epsilon):.0f}, "
        f"eta ~ {lambda_0 / n**2:.1e}"
        if lambda_0 > 0
        else "lambda_0 > 0, which fails here"
    )
    return (
        f"lambda_0 > 0 and {start}; proven for {asked} "
        f"up to constants, tested at m = {m}, eta = {eta:.2e} (stable below 2/lambda_max); "
        "what is left of the deviation falls as the width grows"
    )


def _blown(values: Vector | Sequence[float]) -> Vector:
    """Return values with NaN as infinity, so that a run that blew up is the worst, not skipped."""
    return np.nan_to_num(np.asarray(values, np.float64), nan=np.inf, posinf=np.inf)
