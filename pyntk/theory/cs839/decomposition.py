"""What is claimed about the three parts of the error."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check

Vector = NDArray[np.float64]
SOURCE: Final = "Bottou, Bousquet sec. 2 (NIPS 2007)"

SUM: Final = 1e-10
"""What rounding may leave of the sum of the parts less the total: declared beforehand."""
TENFOLD: Final = (10.0, 20.0)
"""Estimation error with n over that with 10 n: p/n makes it 10, and a finite sample adds to it,
(10 n - p - 1) / (n - p - 1) for Gaussian features: 13.1 at p = 50, n = 200; at p = 100 it is 19.2,
the edge."""
NARROW: Final = 50
WIDTH: Final = 100
FEW: Final = 200
MANY: Final = 2000
UNDER: Final = (MANY, 100)
"""(n, t) where training has not come far enough."""
EARLY: Final = (FEW, 1000)
"""(n, t) where stopping early helps."""
LEFT: Final = 0.05
"""What may be left of the optimisation error at the last step, as a share of its largest size."""


@dataclass(frozen=True)
class Errors:
    """The three parts over widths (w), sizes (s), draws and times (t).

    Attributes:
        widths: (w,) p.
        sizes: (s,) n.
        times: (t,) steps.
        approximation: (w, s, draws).
        estimation: (w, s, draws).
        optimisation: (w, s, draws, t).
        total: (w, s, draws, t).
        unreachable: the approximation error of infinitely many features.
        noise: standard deviation of the noise.
    """

    widths: NDArray[np.int64]
    sizes: NDArray[np.int64]
    times: NDArray[np.int64]
    approximation: Vector
    estimation: Vector
    optimisation: Vector
    total: Vector
    unreachable: float
    noise: float

    def series(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        arrays = {name: value for name, value in vars(self).items() if name != "noise"}
        return {**arrays, "unreachable": np.array([self.unreachable])}

    def at(self, p: int, n: int) -> tuple[int, int] | None:
        """Return the indices of a width and a size, or None if they are not among them."""
        if p not in self.widths or n not in self.sizes:
            return None
        return int(np.searchsorted(self.widths, p)), int(np.searchsorted(self.sizes, n))

    def optimisation_at(self, p: int, n: int, t: int) -> float | None:
        """Return the mean optimisation error there, or None if it was not asked for."""
        place = self.at(p, n)
        if place is None or t not in self.times:
            return None
        return float(self.optimisation[place].mean(axis=0)[np.searchsorted(self.times, t)])


def checks(errors: Errors) -> tuple[Check, ...]:
    """Return every check."""
    return (
        adds_up(errors),
        not_negative(errors),
        falls_with_width(errors),
        above_floor(errors),
        ignores_sample(errors),
        like_p_over_n(errors),
        vanishes(errors),
        under_trained(errors),
        early_stopping(errors),
    )


def adds_up(errors: Errors) -> Check:
    """Check that the three parts are the total, at every width, size, draw and time."""
    parts = (errors.approximation + errors.estimation)[..., None] + errors.optimisation
    measured = float((np.abs(parts - errors.total) / np.maximum(1, np.abs(errors.total))).max())
    return Check(
        claim="|approximation + estimation + optimisation - total| / max(1, total) <= bound",
        source=SOURCE,
        condition=(
            "total = R(h^) - R(g*), reached another way; an identity, if h_opt is best on the "
            "population: met; the bound is rounding"
        ),
        predicted=0.0,
        measured=measured,
        bound=SUM,
        holds=measured <= SUM,
    )


def not_negative(errors: Errors) -> Check:
    """Check that approximation and estimation error are at least 0: minimisers are minimal."""
    measured = float(np.minimum(errors.approximation, errors.estimation).min())
    return Check(
        claim="least approximation or estimation error >= 0",
        source=SOURCE,
        condition="measured on the population: met; on the training sample it would be false",
        predicted=None,
        measured=measured,
        bound=0.0,
        holds=measured >= 0,
    )


def falls_with_width(errors: Errors) -> Check:
    """Check that more features approximate better, in every draw."""
    ratios = errors.approximation[1:] / errors.approximation[:-1]
    measured = float(ratios.max()) if ratios.size else None
    return Check(
        claim="approximation error of a width / of the next smaller one < 1, every draw",
        source=SOURCE,
        condition="the smaller class is part of the larger one: met",
        predicted=None,
        measured=measured,
        bound=1.0,
        holds=None if measured is None else measured < 1,
    )


def above_floor(errors: Errors) -> Check:
    """Check that no width goes below what features without a bias cannot reach."""
    measured = float(errors.approximation.min())
    return Check(
        claim="approximation error >= that of infinitely many features",
        source="odd harmonics of a ReLU, ours",
        condition="features without a bias, on the sphere: met",
        predicted=None,
        measured=measured,
        bound=errors.unreachable,
        holds=measured >= errors.unreachable,
    )


def ignores_sample(errors: Errors) -> Check:
    """Check that the approximation error does not depend on the sample."""
    measured = float(np.ptp(errors.approximation, axis=1).max())
    several = len(errors.sizes) > 1
    return Check(
        claim="approximation error: largest difference between sizes <= bound",
        source=SOURCE,
        condition="h_opt is best on the population, which has no sample: met",
        predicted=0.0,
        measured=measured,
        bound=SUM,
        holds=measured <= SUM if several else None,
    )


def like_p_over_n(errors: Errors) -> Check:
    """Check that ten times the samples make the estimation error 10 to 20 times smaller."""
    few, many = errors.at(NARROW, FEW), errors.at(NARROW, MANY)
    low, high = TENFOLD
    measured = (
        None
        if few is None or many is None
        else float(errors.estimation[few].mean() / errors.estimation[many].mean())
    )
    return Check(
        claim=f"estimation error, p = {NARROW}: n = {FEW} / n = {MANY} = {(low + high) / 2:g} +- "
        f"{(high - low) / 2:g}",
        source="p/n, after Bottou, Bousquet sec. 2 (NIPS 2007)",
        condition=(
            f"p/n makes it 10, Gaussian features {(MANY - NARROW - 1) / (FEW - NARROW - 1):.3g}; "
            f"mean of {errors.estimation.shape[2]} draws"
            if measured is not None
            else f"width {NARROW} and sizes {FEW}, {MANY} are not among those of this run"
        ),
        predicted=(low + high) / 2,
        measured=measured,
        bound=(high - low) / 2,
        holds=None if measured is None else low <= measured <= high,
    )


def vanishes(errors: Errors) -> Check:
    """Check that the optimisation error goes to 0 with the steps, where p <= WIDTH < n."""
    place = errors.at(WIDTH, MANY)
    measured = None
    if place is not None and len(errors.times) > 1:
        size = np.abs(errors.optimisation[place]).mean(axis=0)
        measured = float(size[-1] / size.max())
    return Check(
        claim=f"|optimisation error|, p = {WIDTH}, n = {MANY}: last step / largest <= bound",
        source=SOURCE,
        condition=(
            f"t = {errors.times[-1]} steps; {LEFT:g} declared beforehand"
            if measured is not None
            else f"width {WIDTH} and size {MANY} are not among those of this run"
        ),
        predicted=0.0,
        measured=measured,
        bound=LEFT,
        holds=None if measured is None else measured <= LEFT,
    )


def under_trained(errors: Errors) -> Check:
    """Check that too few steps on many samples leave an optimisation error above 0."""
    n, t = UNDER
    measured = errors.optimisation_at(WIDTH, n, t)
    return Check(
        claim=f"optimisation error > 0 at p = {WIDTH}, n = {n}, t = {t}",
        source=SOURCE,
        condition=_asked(errors, measured, "many samples, few steps"),
        predicted=None,
        measured=measured,
        bound=0.0,
        holds=None if measured is None else measured > 0,
    )


def early_stopping(errors: Errors) -> Check:
    """Check that the optimisation error is negative where the fit would follow the noise."""
    n, t = EARLY
    measured = errors.optimisation_at(WIDTH, n, t)
    return Check(
        claim=f"optimisation error < 0 at p = {WIDTH}, n = {n}, t = {t} (early stopping)",
        source="early stopping, after Bottou, Bousquet (NIPS 2007)",
        condition=_asked(errors, measured, "few samples, not all steps"),
        predicted=None,
        measured=measured,
        bound=0.0,
        holds=None if measured is None else measured < 0,
    )


def _asked(errors: Errors, measured: float | None, what: str) -> str:
    if measured is None:
        return "this width, size and time are not among those of this run"
    return f"{what}: met; mean of {errors.optimisation.shape[2]} draws"
