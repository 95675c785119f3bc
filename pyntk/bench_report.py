"""What ``python -m pyntk bench`` prints: pytest-benchmark's JSON as a table with ratios."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

LIMITS: Final = "limits of this machine"
"""What the names of the groups begin with that measure nothing else."""

Report = Mapping[str, Any]


class Entry(NamedTuple):
    """A contender in a group, as the report has it; the fields of extra_info may be absent."""

    group: str
    contender: str
    median: float
    fastest: float
    info: Mapping[str, Any]


class Expectation(NamedTuple):
    """What was expected of a contender, what was measured, and whether it is as expected."""

    contender: str
    expected: str
    measured: str
    held: bool


class Rates(NamedTuple):
    """The roofline, from the same run: operations and bytes a second that the machine reached."""

    flops: Mapping[str, float]
    written: float | None

    def floor(self, work: Mapping[str, Any] | None) -> float | None:
        """Return the seconds below which the work cannot be done at these rates, if known."""
        if work is None or self.written is None or work["arithmetic"] not in self.flops:
            return None
        computing = work["flops"] / self.flops[work["arithmetic"]]
        return float(max(computing, work["bytes_written"] / self.written))


def read_report(path: Path) -> Report:
    """Return a report that pytest-benchmark wrote; raise ValueError for any other file."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        entries(report)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is no report of pytest-benchmark: {error!r}") from error
    return dict(report)


def entries(report: Report) -> list[Entry]:
    """Return the entries of a report, the contenders of a group in the order they were listed."""
    found = [
        Entry(
            bench["group"] or "",
            bench["extra_info"].get("contender", bench["name"]),
            float(bench["stats"]["median"]),
            float(bench["stats"]["min"]),
            bench["extra_info"],
        )
        for bench in report["benchmarks"]
    ]
    groups = list(dict.fromkeys(entry.group for entry in found))
    return sorted(found, key=lambda e: (groups.index(e.group), e.info.get("place", 0)))


def rates(found: Sequence[Entry]) -> Rates:
    """Return the best rates that a contender named "limit" reached, by its fastest round.

    The fastest: on a shared machine a median tells what was left of it, not what it can do.
    """
    flops: dict[str, float] = {}
    written: list[float] = []
    for entry in found:
        work = entry.info.get("work")
        if work and entry.contender.startswith("limit"):
            kind = work["arithmetic"]
            if work["flops"]:
                flops[kind] = max(flops.get(kind, 0.0), work["flops"] / entry.fastest)
            else:
                written.append(work["bytes_written"] / entry.fastest)
    return Rates(flops, max(written, default=None))


def table(report: Report, earlier: Report | None = None) -> str:
    """Return the table: a block for each group, then what was absent, and the machine.

    Args:
        report: pytest-benchmark's.
        earlier: an older one, to whose medians the last column compares.
    """
    found = entries(report)
    reached = rates(found)
    before = {} if earlier is None else {e[:2]: e.median for e in entries(earlier)}
    lines = []
    for group in dict.fromkeys(entry.group for entry in found):
        block = [entry for entry in found if entry.group == group]
        lines += [group, *_columns(block, reached, before, earlier is not None)]
        for contender, expected, measured, held in expectations(block):
            verdict = "as expected" if held else "MISSED"
            lines.append(f"  {verdict}: {contender}, {expected}: {measured}")
        lines.append("")
    own = report.get("pyntk") or {}
    lines += [f"absent: {name}: {why}" for name, why in (own.get("absent") or {}).items()]
    if found and (not reached.flops or reached.written is None):
        lines.append(f'no roofline: the groups "{LIMITS}" were not run')
    lines.append(_machine(report))
    if earlier is not None:
        lines.append(f"change: of the median against {_machine(earlier)}")
        if _cpu(report) != _cpu(earlier):
            lines.append("        another machine: compare ratios, not medians")
    return "\n".join(lines)


def cells(block: Sequence[Entry], reached: Rates) -> list[list[str]]:
    """Return what the table has of a group: the header, then a row for each contender."""
    own = [entry for entry in block if entry.contender.startswith("pyntk")]
    base = (own or list(block))[0]
    rows = [["", "median", f"x {base.contender}", "roofline", "error", "extra memory"]]
    for entry in block:
        error, extra = entry.info.get("error_u"), entry.info.get("extra_bytes")
        rows.append(
            [
                entry.contender,
                _time(entry.median),
                f"{entry.median / base.median:.2f}",
                _share(entry, reached),
                "" if error is None else f"{error:.3g} u",
                "" if extra is None else f"{extra / 2**20:.0f} MiB",
            ]
        )
    return rows


def _columns(
    block: Sequence[Entry], reached: Rates, before: Mapping[Any, float], compared: bool
) -> list[str]:
    """Return the lines of a group, its columns aligned."""
    rows = cells(block, reached)
    if compared:
        was = [before.get((entry.group, entry.contender)) for entry in block]
        changes = [
            "" if earlier is None else f"{100 * (entry.median / earlier - 1):+.1f} %"
            for entry, earlier in zip(block, was, strict=True)
        ]
        rows = [[*row, last] for row, last in zip(rows, ["change", *changes], strict=True)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]  # fmt: skip


def _share(entry: Entry, reached: Rates) -> str:
    """Return the share of the roofline, or what a limit reached."""
    work = entry.info.get("work")
    if work and entry.group.startswith(LIMITS):
        if work["flops"]:
            return f"{work['flops'] / entry.median / 1e9:.0f} GFLOP/s"
        return f"{work['bytes_written'] / entry.median / 1e9:.1f} GB/s"
    floor = reached.floor(work)
    return "" if floor is None else f"{100 * floor / entry.median:.0f} %"


def expectations(block: Sequence[Entry]) -> list[Expectation]:
    """Return what was expected of the contenders of a group beside what was measured."""
    medians = {entry.contender: entry.median for entry in block}
    found = []
    for entry in block:
        for bound in entry.info.get("bounds") or []:
            at_most, other = bound["at_most"], bound["of"]
            if bound["quantity"] == "extra_bytes":
                measured = entry.info["extra_bytes"]
                said, shown = f"at most {at_most / 2**20:.0f} MiB", f"{measured / 2**20:.1f} MiB"
            elif bound["quantity"] == "seconds":
                measured = entry.median
                said, shown = f"at most {_time(at_most)}", _time(measured)
            elif other in medians:
                measured = entry.median / medians[other]
                said, shown = f"at most {at_most:.2f} x {other}", f"{measured:.2f}"
            else:
                continue  # the other contender is absent, or was not selected
            found.append(Expectation(entry.contender, said, shown, measured <= at_most))
    return found


def _machine(report: Report) -> str:
    """Return when and on what a report was made."""
    own = report.get("pyntk") or {}
    parts = [str(report.get("datetime", "no date"))[:19], _cpu(report)]
    if own:
        parts += [f"{own['threads']} thread(s)", own["instruction_set"] or "no backend cpu"]
        parts += [f"pyntk {own['version']}"] + ["quick"] * bool(own["quick"])
    return ", ".join(parts)


def _cpu(report: Report) -> str:
    """Return the processor's name."""
    cpu = (report.get("machine_info") or {}).get("cpu") or {}
    return str(cpu.get("brand_raw") or cpu.get("brand") or "unknown processor")


def _time(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
