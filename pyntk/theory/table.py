"""Checks as a table of text."""

from collections.abc import Sequence
from typing import Final

from pyntk.theory.check import Check

VERDICT: Final = {True: "yes", False: "NO", None: "n/a"}


CLAIM: Final = 80
NUMBERS: Final = ("predicted", "measured", "bound")


def table(checks: Sequence[Check], names: Sequence[str] = ()) -> str:
    """Return a line for each check under a heading, in columns.

    Args:
        checks: in the order of the lines.
        names: of the routines they are from, one for each check: the first column; none if empty.
            In a table of many routines, claims are cut to :data:`CLAIM` letters.

    Raises:
        ValueError: there are names, but not one for each check.
    """
    rows: list[tuple[str, ...]] = [
        (VERDICT[c.holds], c.claim, *map(short, (c.predicted, c.measured, c.bound)), _brief(c))
        for c in checks
    ]
    head: tuple[str, ...] = ("holds", "claim", *NUMBERS, "source")
    if names:
        head = ("check", *head)
        rows = [
            (name, row[0], _cut(row[1]), *row[2:]) for name, row in zip(names, rows, strict=True)
        ]
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = [
        "  ".join(
            cell.rjust(w) if title in NUMBERS else cell.ljust(w)
            for title, cell, w in zip(head, row, widths, strict=True)
        ).rstrip()
        for row in [head, tuple("-" * w for w in widths), *rows]
    ]
    return "\n".join(lines)


def remarks(checks: Sequence[Check]) -> str:
    """Return the conditions of the checks that do not hold, or do not apply."""
    return "\n".join(
        f"{VERDICT[c.holds]}: {c.claim}\n     {c.condition}" for c in checks if not c.holds
    )


def verdict(checks: Sequence[Check]) -> str:
    """Return how many checks hold, failed, and do not apply."""
    failed = sum(check.holds is False for check in checks)
    silent = sum(check.holds is None for check in checks)
    said = f"{len(checks) - failed - silent} of {len(checks)} checks hold"
    said += f", {failed} failed" if failed else ""
    return said + (f", {silent} not applicable" if silent else "") + "."


def short(value: float | None) -> str:
    """Return four significant digits, or a dash for None."""
    return "-" if value is None else f"{value:.4g}"


def _cut(claim: str) -> str:
    """Return the beginning of a long claim, up to a word's end."""
    return claim if len(claim) <= CLAIM else claim[: CLAIM - 3].rpartition(" ")[0] + " ..."


def _brief(check: Check) -> str:
    """Return the source without its arXiv number, which the legend gives."""
    return check.source.rpartition(" (")[0] or check.source
