"""What an explanation is made of, and how it is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyntk import __version__
from pyntk.theory.check import Check

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Explanation:
    """The claims, the measurements, and the series behind them.

    Attributes:
        checks: every claim, in the order of the table.
        series: raw arrays by name: spectrum (``eigenvalues``, ``projection_*``), training
            (``steps``, ``residual_*``, ``predicted_residual_*``, ``distance_*``,
            ``predicted_distance_*``, ``recorded_steps``, ``flips_*``, ``movement_*``) and noise
            (``portions``, ``complexity``, ``error``, ``loss``: one row per portion, one column per
            draw); ``*`` is ``true`` or ``random``, for the labels.
        data: the data set: name, sizes, duplicates, angles, spectrum in three numbers.
        settings: what was chosen: width, steps, eta, seed, epsilon, backend, ...
        notes: sentences about what was dropped, chosen, or could not be done.
    """

    checks: tuple[Check, ...]
    series: Mapping[str, NDArray[Any]]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether no check failed; one that does not apply has not failed."""
        return all(check.holds is not False for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON knows it; a number that is not finite becomes None."""
        return {
            "pyntk": __version__,
            "data": _plain(self.data),
            "settings": _plain(self.settings),
            "notes": list(self.notes),
            "holds": self.holds,
            "checks": [check.to_dict() for check in self.checks],
            "series": {name: _plain(values.tolist()) for name, values in self.series.items()},
        }

    def plot(self) -> "Figure":
        """Return the four-panel figure; ``.savefig(path)`` writes it.

        Raises:
            ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
        """
        from pyntk.plot import explanation_figure

        return explanation_figure(self)

    def summary(self) -> str:
        """Return the data, the table of checks, and remarks, as text."""
        rows = [
            (
                _VERDICT[c.holds],
                c.claim,
                *map(_short, (c.predicted, c.measured, c.bound)),
                _brief(c),
            )
            for c in self.checks
        ]
        head = ("holds", "claim", "predicted", "measured", "bound", "source")
        widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
        lines = [
            "  ".join(
                cell.rjust(w) if 2 <= k <= 4 else cell.ljust(w)
                for k, (cell, w) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in [head, tuple("-" * w for w in widths), *rows]
        ]
        remarks = [
            f"{_VERDICT[c.holds]}: {c.claim}\n     {c.condition}"
            for c in self.checks
            if not c.holds
        ]
        failed = sum(check.holds is False for check in self.checks)
        silent = sum(check.holds is None for check in self.checks)
        verdict = f"{len(self.checks) - failed - silent} of {len(self.checks)} checks hold" + (
            f", {failed} failed" if failed else ""
        )
        verdict += f", {silent} not applicable" if silent else ""
        legend = (
            "true, random: the network trained on true, on random labels. "
            "Arora: arXiv 1901.08584. Du: arXiv 1810.02054."
        )
        parts = [self._heading(), "\n".join(lines), legend, "\n".join(remarks), verdict + "."]
        return "\n\n".join(part for part in parts if part)

    def _heading(self) -> str:
        """Return what was looked at, one fact a line."""
        data, chosen = self.data, self.settings
        lines = [
            f"{data['name']}: n = {data['n']} training rows, {data['held_out']} held out, "
            f"d = {data['d']}",
            f"rows: {data['duplicates']} duplicates ({data['conflicting']} with another label) and "
            f"{data['zero_rows']} zero rows dropped; {data['near_parallel']} near-parallel and "
            f"{data['antipodal']} antipodal pairs; least angle {_short(data['least_angle'])} rad",
            f"H: lambda_max = {_short(data['lambda_max'])}, "
            f"lambda_0 = {_short(data['lambda_0'])}, condition = {_short(data['condition'])}",
            f"labels: the 10 leading eigenvectors hold {data['top_ten_true']:.0%} of the true "
            f"labels and {data['top_ten_random']:.0%} of the random ones (squared norm)",
            f"network: m = {chosen['width']}, k = 0 .. {chosen['steps']}, "
            f"eta = {chosen['eta']:.4g} = 1/lambda_max, epsilon = {chosen['epsilon']:g}, "
            f"delta = {chosen['delta']:g}, seed {chosen['seed']}, backend {chosen['backend']}",
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


_VERDICT = {True: "yes", False: "NO", None: "n/a"}


def _brief(check: Check) -> str:
    """Return the source without its arXiv number, which the legend gives."""
    return check.source.rpartition(" (")[0]


def _short(value: float | None) -> str:
    """Return four significant digits, or a dash for None."""
    return "-" if value is None else f"{value:.4g}"


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
