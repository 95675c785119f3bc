r"""Du, Zhai, Poczos, Singh (ICLR 2019, arXiv 1810.02054): why gradient descent converges.

Rows of unit norm, m neurons w_r(0) ~ N(0, kappa^2 I), of which m' are independent: m' = m/2 for the
antisymmetric start, whose neurons come in equal pairs.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.rows import UNIT_ROUNDOFF
from pyntk.theory.training import TrainingRun

Vector = NDArray[np.float64]

FLOOR: Final = 1e-10
"""Squared residual, relative to the start's, below which float32 training is all rounding."""


def concentration_bound(n: int, independent: int, delta: float) -> float:
    r"""max_ij \|H_ij(0) - H_ij\| <= sqrt(log(2 n^2 / delta) / (2 m')) with probability 1 - delta.

    Hoeffding's inequality for a mean of m' independent terms in an interval of length
    \|x_i.x_j\| <= 1, and a union over the n^2 entries.

    References:
        arXiv 1810.02054, Lemma 3.1; arXiv 1901.08584, Lemma C.3.
    """
    return math.sqrt(math.log(2 * n**2 / delta) / (2 * independent))


def flip_share_bound(
    largest: float, kappa: float, n: int, independent: int, delta: float
) -> tuple[float, float]:
    r"""Bound the share of activation patterns that differ from the start's.

    A pattern can flip only where \|w_r(0).x_i\| <= R, R the largest movement of a neuron, and
    P(\|N(0, kappa^2)\| <= R) <= 2 R / (sqrt(2 pi) kappa): the expected share for an R fixed
    beforehand. The R of a run depends on the start, so the share may exceed that by the largest
    distance between an empirical distribution function of m' values and the true one, at any R:
    sqrt(log(2 n / delta) / (2 m')) with probability 1 - delta, by the Dvoretzky-Kiefer-Wolfowitz
    inequality with Massart's constant for each of the n rows, and a union over the rows.

    Args:
        largest: R, max_r \|w_r(k) - w_r(0)\|.
        kappa: standard deviation of the entries of W(0).
        n: rows.
        independent: m'.
        delta: probability with which the bound may fail.

    Returns:
        The expected share's bound 2 R / (sqrt(2 pi) kappa), and that plus the fluctuation.

    References:
        arXiv 1810.02054, Lemma 3.2 and its proof; P. Massart, Annals of Probability 18 (1990).
    """
    expected = 2 * largest / (math.sqrt(2 * math.pi) * kappa)
    return expected, expected + math.sqrt(math.log(2 * n / delta) / (2 * independent))


def trace(H: Vector, d: int) -> Check:
    """Check trace(H) = n/2, because rows of unit norm have H_ii = |x_i|^2 / 2.

    The allowance is rounding alone, u = 2^-53: (d + 6) u for the squared norm of a row that was
    divided by its computed norm, (d + 2) u for the diagonal entry, n u for the sum.

    Args:
        H: (n, n) kernel of rows of unit norm.
        d: inputs.
    """
    n, measured = len(H), float(np.trace(H))
    bound = n / 2 * (2 * d + n + 8) * UNIT_ROUNDOFF
    return Check(
        claim="trace(H) = n/2, +- rounding",
        source="Arora eq. (4) (1901.08584)",
        condition="rows of unit norm: met",
        predicted=n / 2,
        measured=measured,
        bound=bound,
        holds=abs(measured - n / 2) <= bound,
    )


def least_eigenvalue(eigenvalues: Vector, least_angle: float, antipodal: int) -> Check:
    """Check Theorem 3.1: no two rows parallel, hence lambda_0 = lambda_min(H) > 0.

    A computed eigenvalue is off by about n u lambda_max at most (LAPACK's backward error), so it is
    compared with that, not with 0.

    Args:
        eigenvalues: (n,) ascending, of H.
        least_angle: smallest angle between the lines spanned by two rows.
        antipodal: number of pairs x_j = -x_i; they are parallel, though H is singular only where
            there are more than d of them.
    """
    n, lambda_0 = len(eigenvalues), float(eigenvalues[0])
    bound = n * UNIT_ROUNDOFF * float(eigenvalues[-1])
    met = antipodal == 0
    return Check(
        claim="lambda_0 > 0, by more than rounding",
        source="Du Thm 3.1 (1810.02054)",
        condition=(
            f"no two rows parallel: met, smallest angle between lines {least_angle:.1e} rad"
            if met
            else f"no two rows parallel: not met, {antipodal} antipodal pairs"
        ),
        predicted=None,
        measured=lambda_0,
        bound=bound,
        holds=lambda_0 > bound if met else None,
    )


def concentration(H0: Vector, H: Vector, independent: int, delta: float) -> Check:
    r"""Check Lemma 3.1: max_ij \|H_ij(0) - H_ij\| stays below Hoeffding's bound.

    Args:
        H0: (n, n) kernel of the network at the start.
        H: (n, n) kernel of the infinitely wide network.
        independent: m' independent neurons.
        delta: probability with which the bound may fail.
    """
    bound = concentration_bound(len(H), independent, delta)
    measured = float(np.abs(H0 - H).max())
    return Check(
        claim="max |H(0) - H| <= sqrt(log(2n^2/delta)/(2m'))",
        source="Du Lemma 3.1 (1810.02054)",
        condition=(
            f"Gaussian start, m' = {independent} independent neurons: met; "
            f"fails with probability delta = {delta:g} at most"
        ),
        predicted=None,
        measured=measured,
        bound=bound,
        holds=measured <= bound,
    )


def rate_bound(steps: NDArray[np.int64], eta: float, lambda_0: float) -> Vector:
    """(1 - eta lambda_0/2)^k for every k of ``steps``; 0 where the step is too large for it."""
    return max(1 - eta * lambda_0 / 2, 0.0) ** np.asarray(steps, np.float64)


def linear_rate(run: TrainingRun, eta: float, lambda_0: float, labels: str) -> Check:
    r"""Check Theorem 4.1: \|u(k)-y\|^2 <= (1 - eta lambda_0/2)^k \|u(0)-y\|^2 for k >= 1.

    What is left of the square is compared down to :data:`FLOOR` of the start's.
    """
    allowed = np.maximum(rate_bound(run.steps[1:], eta, lambda_0), FLOOR) * run.residual[0] ** 2
    squared = np.nan_to_num(run.residual[1:] ** 2, nan=np.inf, posinf=np.inf)
    ratio = float(np.max(squared / allowed))
    n = len(run.steps) - 1
    return Check(
        claim=f"{labels}: |u(k)-y|^2 / ((1-eta lambda_0/2)^k |y|^2) <= 1, k = 1..{n}",
        source="Du Thm 4.1 (1810.02054)",
        condition=(
            f"lambda_0 > 0: met; proven for eta = O(lambda_0/n^2), tested at eta = {eta:.2e}"
            if lambda_0 > 0
            else "lambda_0 > 0: not met"
        ),
        predicted=None,
        measured=ratio,
        bound=1.0,
        holds=ratio <= 1.0 if lambda_0 > 0 else None,
    )


def kernel_keeps_its_least_eigenvalue(least: Vector, lambda_0: float, labels: str) -> Check:
    """Check that lambda_min(H(k)) >= lambda_0/2 wherever H(k) was looked at.

    Args:
        least: (T,) least eigenvalues of the network's kernel, the first at the start.
        lambda_0: of H.
        labels: which labels, for the text of the claim.
    """
    known = np.nan_to_num(least, nan=-np.inf)
    bound = lambda_0 / 2
    return Check(
        claim=f"{labels}: lambda_min(H(k)) >= lambda_0/2, k = 0 .. K",
        source="Du Lemmas 3.1, 3.2 (1810.02054)",
        condition=(
            f"lambda_0 > 0: met; proven for m = Omega(n^6/lambda_0^4); H(k) at {len(least)} steps"
            if lambda_0 > 0
            else "lambda_0 > 0: not met"
        ),
        predicted=lambda_0,
        measured=float(known.min()),
        bound=bound,
        holds=bool((known >= bound).all()) if lambda_0 > 0 else None,
    )


def flip_share(
    run: TrainingRun, kappa: float, n: int, independent: int, delta: float, labels: str
) -> Check:
    """Check the share of flipped patterns against :func:`flip_share_bound`, at every record."""
    if not run.movements:
        return Check(
            claim=f"{labels}: flipped patterns <= 2R/(sqrt(2 pi) kappa) + fluctuation",
            source="Du Lemma 3.2 (1810.02054)",
            condition=f"the run diverged at step {run.diverged}, before anything was looked at",
            predicted=None,
            measured=None,
            bound=None,
            holds=None,
        )
    bounds = np.array(
        [flip_share_bound(R, kappa, n, independent, delta) for R in run.largest.tolist()]
    )
    at = int(np.argmax(run.flips / bounds[:, 1]))
    return Check(
        claim=f"{labels}: flipped patterns <= 2R/(sqrt(2 pi) kappa) + fluctuation",
        source="Du Lemma 3.2 (1810.02054)",
        condition=(
            f"R = {run.largest[at]:.3g}, the largest movement at k = {run.recorded[at]}; "
            f"fluctuation {bounds[at, 1] - bounds[at, 0]:.2g} by Dvoretzky-Kiefer-Wolfowitz over "
            f"m' = {independent} neurons, delta = {delta:g}"
            + ("; vacuous" if bounds[at, 1] >= 1 else "")
        ),
        predicted=float(bounds[at, 0]),
        measured=float(run.flips[at]),
        bound=float(bounds[at, 1]),
        holds=bool(np.all(run.flips <= bounds[:, 1])) if bounds[at, 1] < 1 else None,
    )


def flip_rule(runs: TrainingRun | Sequence[TrainingRun], labels: str) -> Check:
    r"""Check that a pattern flipped only where \|w_r(0).x_i\| <= \|w_r(k) - w_r(0)\| \|x_i\|."""
    several = [runs] if isinstance(runs, TrainingRun) else runs
    movements = [record for run in several for record in run.movements]
    violations = sum(record.violations for record in movements)
    return Check(
        claim=f"{labels}: flips where |w_r(0).x_i| > |w_r(k)-w_r(0)|: none",
        source="Du Lemma 3.2, proof (1810.02054)",
        condition=f"any step of any training; looked at in {len(movements)} steps",
        predicted=0.0,
        measured=float(violations) if movements else None,
        bound=0.0,
        holds=violations == 0 if movements else None,
    )
