"""What is claimed of the Rademacher complexity near the start, beside what was measured."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Terms = tuple[Vector, Vector, Vector]

STANDARD_ERRORS: Final = 4
"""Of a mean over sign vectors: so many are allowed."""


def lemma_terms(n: int, m: Vector, B: float, R: Vector, kappa: float, delta: float) -> Terms:
    """Return the three terms of Lemma 5.4, (w,) each; their sum is its bound."""
    log = np.log(2 / delta)
    return (
        B / np.sqrt(2 * n) * (1 + (2 * log / m) ** 0.25),
        2 * R**2 * np.sqrt(m) / kappa,
        R * np.sqrt(2 * log),
    )


def moments(H: Matrix) -> float:
    """Return sqrt(t) / sqrt(1 + 2 s / t^2) <= E sqrt(eps' H eps); t = trace, s off the diagonal.

    E Q = t and E Q^2 = t^2 + 2 s for Q = eps' H eps, and E Q <= (E Q^(1/2))^(2/3) (E Q^2)^(1/3).
    """
    t = float(np.trace(H))
    s = float((H**2).sum() - (np.diagonal(H) ** 2).sum())
    return float(np.sqrt(t) / np.sqrt(1 + 2 * s / t**2))


def trace_bound(m: Vector, delta: float) -> Vector:
    """Return sqrt(1 + sqrt(2 log(2/delta)/m)), (w,): of R_S / (B/sqrt(2n)), by trace H(0)."""
    bound: Vector = np.sqrt(1 + np.sqrt(2 * np.log(2 / delta) / m))
    return bound


def at_most(
    value: Matrix, error: Matrix, m: Vector, sizes: Vector, B: float, delta: float
) -> Check:
    """Check the linearised class from above, against trace H(0) by Hoeffding's inequality."""
    scale = B / np.sqrt(2 * sizes)
    bound = trace_bound(m, delta)[:, None]
    ratio, slack = value / scale, STANDARD_ERRORS * error / scale
    w, s = _worst(ratio - slack - bound)
    return Check(
        claim=(
            "linearised: R_S / (B/sqrt(2n)) <= sqrt(1 + sqrt(2 log(2/delta)/m)), every n, m "
            f"(worst: n = {sizes[s]}, m = {m[w]})"
        ),
        source="Arora Lemma 5.4, proof (1901.08584)",
        condition=(
            f"unit rows, Gaussian start: met; each width may fail with probability delta = "
            f"{delta:g}; {STANDARD_ERRORS} standard errors of the estimate ({slack[w, s]:.2g}) "
            "are allowed beyond"
        ),
        predicted=1.0,
        measured=float(ratio[w, s]),
        bound=float(bound[w, 0]),
        holds=bool((ratio - slack <= bound).all()),
    )


def at_least(
    value: Matrix, error: Matrix, m: Vector, sizes: Vector, least: Vector, B: float
) -> Check:
    """Check the linearised class from below, at the largest width, by moments of eps' H eps.

    Args:
        value: (w, s) R_S.
        error: (w, s) standard errors.
        m: (w,) widths.
        sizes: (s,) n.
        least: (s,) what R_S / (B/sqrt(2n)) is at least.
        B: of the class.
    """
    scale = B / np.sqrt(2 * sizes)
    ratio, slack = value[-1] / scale, STANDARD_ERRORS * error[-1] / scale
    at = int(np.argmin(ratio + slack - least))
    return Check(
        claim=(
            "linearised: R_S / (B/sqrt(2n)) >= (1 + 2 s/t^2)^(-1/2) sqrt(2t/n), t = trace H, s = "
            f"sum of H_ij^2, i != j; every n (worst: {sizes[at]})"
        ),
        source="moments, ours (after 1901.08584, Lemma 5.4)",
        condition=(
            f"H(0) near H: the largest width, m = {m[-1]}; {STANDARD_ERRORS} standard errors of "
            f"the estimate ({slack[at]:.2g}) are allowed below"
        ),
        predicted=1.0,
        measured=float(ratio[at]),
        bound=float(least[at]),
        holds=bool((ratio + slack >= least).all()),
    )


def lemma(reached: Matrix, terms: Terms, m: Vector, delta: float) -> Check:
    """Check the lemma: what the network reaches on average stays below its bound."""
    mean = reached.mean(axis=1)
    error = reached.std(axis=1, ddof=1) / reached.shape[1] ** 0.5
    bound = terms[0] + terms[1] + terms[2]
    at = int(np.argmax(mean / bound))
    return Check(
        claim=(
            "networks: R_S, from below <= B/sqrt(2n) (1 + ...) + 2R^2 sqrt(m)/kappa + "
            f"R sqrt(2 log(2/delta)), every m (worst: {m[at]})"
        ),
        source="Arora Lemma 5.4 (1901.08584)",
        condition=(
            "Gaussian start: met; R_S itself cannot be computed, a member of the class bounds it "
            f"from below; standard error {error[at]:.2g}; each width may fail with probability "
            f"delta = {delta:g}"
        ),
        predicted=None,
        measured=float(mean[at]),
        bound=float(bound[at]),
        holds=bool((mean - STANDARD_ERRORS * error <= bound).all()),
    )


def linearisation(reached: Matrix, linear: Matrix, terms: Terms, m: Vector) -> Check:
    """Check that the network is as near to its linearisation as the lemma's last terms say."""
    gap = np.abs(reached - linear).max(axis=1)
    bound = terms[1] + terms[2]
    at = int(np.argmax(gap / bound))
    return Check(
        claim=(
            "networks: |sum eps_i (f_W - linearised)| / n <= 2R^2 sqrt(m)/kappa + "
            f"R sqrt(2 log(2/delta)), every m and draw (worst: {m[at]})"
        ),
        source="Arora Lemma 5.4, proof (1901.08584)",
        condition="Gaussian start, no neuron beyond R: met",
        predicted=None,
        measured=float(gap[at]),
        bound=float(bound[at]),
        holds=bool((gap <= bound).all()),
    )


def _worst(excess: Any) -> tuple[int, int]:
    """Return the place of the largest entry."""
    w, s = np.unravel_index(int(np.argmax(excess)), excess.shape)
    return int(w), int(s)
