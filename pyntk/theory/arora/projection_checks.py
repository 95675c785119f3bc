"""What is claimed of the projections of labels on eigenvectors, beside what was measured."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

from pyntk.theory.check import Check

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

BLOCKS: Final = 10
"""Parts of the spectrum, by index, that the mean square is taken over."""
STANDARD_ERRORS: Final = 4
"""Largest deviation of a mean; ten means exceed it with a probability below 1e-3."""
DIGITS: Final = {5: 0.942, 10: 0.965, 25: 0.985, 50: 0.994}
"""Declared for the digits 0 and 1, 250 rows: energy of the true labels in the top k."""
TOLERANCE: Final = 0.01
KOLMOGOROV: Final = 1.95
"""sqrt(N) times the distance from a law that N values drawn from it exceed once in a thousand."""


def leading(shares: Matrix) -> Check:
    """Check that the true labels lie on the leading eigenvectors more than random labels do.

    The energy in the first k of n eigenvectors, averaged over k, is a weighted mean of the shares
    (v_i.y)^2 / n with weights 1 - (i - 1/2)/n: 1/2 on average for random labels, with a standard
    deviation of at most sqrt(1/(6n)), and near 1 for labels that are learned fast.

    Args:
        shares: (splits, n) share of the energy of the true labels, largest eigenvalue first.
    """
    n = shares.shape[1]
    area = (shares * (1 - (np.arange(n) + 0.5) / n)).sum(axis=1)
    bound = 0.5 + STANDARD_ERRORS / (6 * n) ** 0.5
    measured = float(area.mean())
    return Check(
        claim="true labels: energy in the first k eigenvectors, mean over k, >= bound",
        source="Arora fig. 1 (1901.08584)",
        condition=(
            "labels that have to do with the rows; the paper shows it without a number; the bound "
            f"is 1/2, the mean of random labels, and {STANDARD_ERRORS} of their deviations; "
            f"{len(area)} samples, {area.min():.3f} to {area.max():.3f}"
        ),
        predicted=None,
        measured=measured,
        bound=bound,
        holds=bool(measured >= bound),
    )


def declared(k: int, energies: Vector) -> Check:
    """Check the energy in the first k eigenvectors against its declared value for the digits.

    Args:
        k: eigenvectors, a key of DIGITS.
        energies: (splits,) measured.
    """
    measured = float(energies.mean())
    return Check(
        claim=f"digits, true labels: energy in the top {k} = predicted +- bound",
        source="declared here (after 1901.08584, fig. 1)",
        condition=(
            f"digits 0 and 1, 250 rows: met; mean of {len(energies)} samples, "
            f"{energies.min():.3f} to {energies.max():.3f}"
        ),
        predicted=DIGITS[k],
        measured=measured,
        bound=TOLERANCE,
        holds=bool(abs(measured - DIGITS[k]) <= TOLERANCE),
    )


def mean_square(random: Vector) -> Check:
    """Check E (v_i.y)^2 = 1 for random labels, in every tenth of the spectrum.

    Args:
        random: (splits, n, draws) projections.
    """
    parts = np.array_split(random**2, BLOCKS, axis=1)
    deviation = np.array([(part.mean() - 1) * (part.size / 2) ** 0.5 for part in parts])
    at = int(np.argmax(np.abs(deviation)))
    return Check(
        claim=f"random labels: mean (v_i.y)^2 = 1 +- bound, every tenth (worst: {at + 1})",
        source="Arora fig. 1 (1901.08584)",
        condition=(
            "uniform random labels: met, exact for any eigenvectors; "
            f"{STANDARD_ERRORS} standard errors of at most sqrt(2 / values)"
        ),
        predicted=1.0,
        measured=float(parts[at].mean()),
        bound=float(STANDARD_ERRORS * (2 / parts[at].size) ** 0.5),
        holds=bool((np.abs(deviation) <= STANDARD_ERRORS).all()),
    )


def half_normal(random: Vector) -> Check:
    """Check that the projections of random labels are distributed like |N(0, 1)|."""
    values = random.ravel()
    distance = float(kstest(values, "halfnorm").statistic)
    bound = KOLMOGOROV / len(values) ** 0.5
    return Check(
        claim="random labels: distance of the law of |v_i.y| from |N(0,1)| <= bound",
        source="Arora fig. 1 (1901.08584)",
        condition=(
            "eigenvectors spread over many rows, so that v_i.y is nearly normal; "
            f"Kolmogorov-Smirnov, {len(values)} values, exceeded once in a thousand"
        ),
        predicted=0.0,
        measured=distance,
        bound=bound,
        holds=bool(distance <= bound),
    )
