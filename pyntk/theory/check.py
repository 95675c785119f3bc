"""One checkable claim, with the number it predicts and the number that was measured."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A claim of a paper beside a measurement.

    Attributes:
        claim: what is claimed, in one line; it says how the numbers below are to be compared.
        source: paper, theorem and arXiv number.
        condition: what the source asks for, and how this run stands to it.
        predicted: the number the source predicts, or None where it only gives a bound.
        measured: the number that was measured, or None where nothing could be.
        bound: the number the claim stands or falls by: the largest measured value, the least one
            where the claim says ``>=`` or ``>``, or the largest distance between measured and
            predicted where it says ``+-``; None where there is none.
        holds: True or False; None where the claim says nothing about this run.
    """

    claim: str
    source: str
    condition: str
    predicted: float | None
    measured: float | None
    bound: float | None
    holds: bool | None

    def __post_init__(self) -> None:
        """Make ``holds`` Python's own True, False or None; False where NaN was measured."""
        unknown = self.measured is not None and math.isnan(self.measured)
        if self.holds is not None:
            object.__setattr__(self, "holds", bool(self.holds) and not unknown)

    def to_dict(self) -> dict[str, str | float | bool | None]:
        """Return the fields as JSON knows them: a number that is not finite becomes None."""
        return {
            "claim": self.claim,
            "source": self.source,
            "condition": self.condition,
            "predicted": _plain(self.predicted),
            "measured": _plain(self.measured),
            "bound": _plain(self.bound),
            "holds": None if self.holds is None else bool(self.holds),
        }


def _plain(value: float | None) -> float | None:
    """Return a Python float, or None for None, NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None
