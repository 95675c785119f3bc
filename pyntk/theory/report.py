"""What a routine found, and how it is read."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pyntk import __version__
from pyntk.theory.check import Check
from pyntk.theory.panel import Panel
from pyntk.theory.table import remarks, short, table, verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class Report:
    """The claims, the measurements, the series behind them, and what the picture shows.

    Attributes:
        name: of the routine, as ``pyntk check`` knows it.
        title: what was looked at, in one line.
        checks: every claim, in the order of the table.
        series: raw arrays by name; the routine's docstring names them.
        data: the data set: its name and what is worth knowing of it, plain numbers and text.
        settings: what was chosen: width, steps, step size, seed, ...
        notes: sentences about what was dropped, chosen, or could not be done.
        panels: the picture, row by row.
        columns: panels in a row of the picture.
    """

    name: str
    title: str
    checks: tuple[Check, ...]
    series: Mapping[str, NDArray[Any]]
    data: Mapping[str, Any]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    columns: int = 2

    @property
    def holds(self) -> bool:
        """Whether no check failed; one that does not apply has not failed."""
        return all(check.holds is not False for check in self.checks)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.title}; {verdict(self.checks)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON knows it; a number that is not finite becomes None."""
        return {
            "pyntk": __version__,
            "name": self.name,
            "title": self.title,
            "data": _plain(self.data),
            "settings": _plain(self.settings),
            "notes": list(self.notes),
            "holds": self.holds,
            "checks": [check.to_dict() for check in self.checks],
            "series": {name: _plain(values.tolist()) for name, values in self.series.items()},
        }

    def plot(self) -> "Figure":
        """Return the figure; ``.savefig(path)`` writes it.

        Raises:
            ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
        """
        from pyntk.plot_report import report_figure

        return report_figure(self)

    def summary(self) -> str:
        """Return the data, the table of checks, and remarks, as text."""
        parts = [
            "\n".join([*self.heading(), *(f"note: {note}" for note in self.notes)]),
            table(self.checks),
            self.legend(),
            remarks(self.checks),
            verdict(self.checks),
        ]
        return "\n\n".join(part for part in parts if part)

    def heading(self) -> list[str]:
        """Return what was looked at: the title, the data, the settings, a line each."""
        facts = [
            f"{kind}: " + ", ".join(f"{name} = {_said(value)}" for name, value in given.items())
            for kind, given in (("data", self.data), ("settings", self.settings))
            if given
        ]
        return [f"{self.name}: {self.title}", *facts]

    def legend(self) -> str:
        """Return the papers behind the short names of the table's last column."""
        sources = dict.fromkeys(check.source for check in self.checks)
        return "Sources: " + "; ".join(sources) + "." if sources else ""


def _said(value: Any) -> str:
    """Return a value for a line of text."""
    if isinstance(value, list | tuple | np.ndarray):
        return "(" + ", ".join(map(_said, value)) + ")"
    if isinstance(value, float | np.floating):
        return short(float(value))
    return str(value)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | range | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
