"""What redrawn labels must show, whatever the data; and what they show on the digits 0 and 1."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.arora.noise import ROUNDING, NoiseCurve, rank_correlation
from pyntk.theory.check import Check

Vector = NDArray[np.float64]

DEVIATIONS: Final = 4
"""Standard deviations that a mean over the draws may be from its exact value."""

TRUE_DIGITS: Final = (0.79, 0.05)
"""Complexity of the true labels of the digits 0 and 1, n = 250: 60 splits gave .750 to .820."""
NOISY_DIGITS: Final = (7.15, 0.45)
"""And of random labels, mean of 10 draws: 7.15, a draw's standard deviation .19."""
MARKS: Final = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
"""Portions far enough apart for complexity and error to have one order on the digits."""
DIGITS_RANKS: Final = 0.95
"""Least rank correlation on the digits over all eleven portions, some of which are close."""


def expected_squares(eigenvalues: Vector, projections: Vector, portions: Vector) -> Vector:
    """E 2 y'H^-1 y / n, where round(q n) labels, drawn without replacement, are coin tosses.

    Two labels keep their product where neither is redrawn, with probability
    p = (n - r)(n - r - 1)/(n (n - 1)), r = round(q n); else the product is 0 on average. So
    E y'H^-1 y = p y_0'H^-1 y_0 + (1 - p) trace(H^-1).

    Args:
        eigenvalues: (n,) lambda_i of H.
        projections: (n,) v_i.y_0 of the labels before.
        portions: (q,).
    """
    n = len(eigenvalues)
    r = np.array([round(q * n) for q in portions])
    p = (n - r) * (n - r - 1) / (n * (n - 1))
    kept, redrawn = (projections**2 / eigenvalues).sum(), (1 / eigenvalues).sum()
    squares: Vector = 2 / n * (p * kept + (1 - p) * redrawn)
    return squares


def noise_costs_the_trace(curve: NoiseCurve, eigenvalues: Vector) -> Check:
    """Check E 2 y'H^-1 y/n = 2 trace(H^-1)/n for pure noise, by the mean over the draws.

    The variance of y'H^-1 y is 2 sum_{i != j} (H^-1)_ij^2 <= 2 trace(H^-2).
    """
    n, draws = len(eigenvalues), curve.complexity.shape[1]
    bound = DEVIATIONS * 2 / n * float(np.sqrt(2 * (eigenvalues**-2.0).sum() / draws))
    predicted = 2 / n * float((1 / eigenvalues).sum())
    measured = float((curve.complexity[-1] ** 2).mean())
    noise = curve.portions[-1] == 1
    return Check(
        claim="pure noise: mean of 2y'H^-1y/n = 2 trace(H^-1)/n +- 4 standard deviations",
        source="exact mean, ours (after 1901.08584, sec. 5)",
        condition=(
            f"portion 1 of the labels redrawn: met, {draws} draws"
            if noise
            else f"portion 1 of the labels redrawn: not met, the last is {curve.portions[-1]:g}"
        ),
        predicted=predicted,
        measured=measured,
        bound=bound,
        holds=abs(measured - predicted) <= bound if noise else None,
    )


def noise_cannot_be_learnt(curve: NoiseCurve, held_out: int) -> Check:
    """Check that the 0-1 test error is 1/2 where the held-out labels are coin tosses, too.

    Each wrong sign is then a coin toss of its own, whatever was fitted.
    """
    trials = held_out * curve.error.shape[1]
    bound = DEVIATIONS * float(np.sqrt(0.25 / trials))
    measured, noise = float(curve.error[-1].mean()), curve.portions[-1] == 1
    return Check(
        claim="pure noise: 0-1 test error = 1/2 +- 4 standard deviations",
        source="Arora fig. 2 (1901.08584)",
        condition=(
            f"portion 1 of the held-out labels redrawn: {'' if noise else 'not '}met, "
            f"{trials} coin tosses"
        ),
        predicted=0.5,
        measured=measured,
        bound=bound,
        holds=abs(measured - 0.5) <= bound if noise else None,
    )


def digits_curve(curve: NoiseCurve) -> tuple[Check, ...]:
    """Check the numbers of an independent computation: digits 0 and 1, 250 training rows."""
    mean, error = curve.complexity.mean(axis=1), curve.error.mean(axis=1)
    found = [
        _digits_check(f"complexity at portion {q:g} = predicted +- bound", goal, value, slack)
        for q, (goal, slack) in ((0.0, TRUE_DIGITS), (1.0, NOISY_DIGITS))
        for value in mean[np.isclose(curve.portions, q)]
    ]
    marks = np.isclose(curve.portions[:, None], MARKS).any(axis=1)
    if marks.sum() > 1:
        rise = float(np.diff(mean[marks]).min())
        ranks = rank_correlation(mean[marks], error[marks])
        found += [
            _digits_check("least rise of complexity between portions > 0", None, rise, 0.0),
            _digits_check("rank correlation of complexity and error = 1", 1.0, ranks, ROUNDING),
        ]
    return tuple(found)


def _digits_check(claim: str, predicted: float | None, measured: float, bound: float) -> Check:
    """Return the check of a number of the digits; see the constants for where it comes from."""
    return Check(
        claim=f"digits: {claim}",
        source="independent computation, ours",
        condition=(
            "digits 0 and 1, n = 250: met; a range that shuffled splits gave"
            if predicted not in (None, 1.0)
            else f"digits 0 and 1, n = 250: met; of portions {', '.join(f'{q:g}' for q in MARKS)}"
        ),
        predicted=predicted,
        measured=measured,
        bound=bound,
        holds=measured > bound if predicted is None else abs(measured - predicted) <= bound,
    )
