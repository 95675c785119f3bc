"""``pyntk check``: one theory check, or all of them, from the command line."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from pyntk import DivergenceError
from pyntk.datasets import NAMES
from pyntk.plot_report import save_picture
from pyntk.theory.catalogue import ROUTINES, SOURCES, find
from pyntk.theory.check import Check
from pyntk.theory.export import export, writer_of
from pyntk.theory.report import Report
from pyntk.theory.routine import PRESETS, Routine
from pyntk.theory.table import table, verdict

FAILED: Final = 1
"""Exit status: a check does not hold, or could not be made."""
OPTIONS: Final = ("data", "rows", "width", "steps", "seed", "backend", "threads")
"""Options of the command line that are passed to the routines that have them."""


def add_check(commands: Any, positive: Any, natural: Any, backends: Sequence[str]) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "check",
        help="one theorem or experiment beside a measurement, or all of them",
        description=(
            "Runs a check by its name, prints its table, and writes NAME.json and NAME.png. "
            "'check list' names all of them, 'check all' runs all of them and ends with one table. "
            "Exit status: 0 if every claim holds, 1 if one does not, 2 for unusable input."
        ),
    )
    command.set_defaults(run=run_check)
    command.add_argument("name", help="a check, 'all', a source, or 'list'")
    command.add_argument("--data", metavar="NAME", help=NAMES)
    command.add_argument("--preset", choices=PRESETS, default="quick", help="sizes (quick)")
    command.add_argument("--rows", type=positive, help="training rows")
    command.add_argument("--width", type=positive, metavar="M", help="neurons")
    command.add_argument("--steps", type=positive, metavar="K", help="steps of training")
    command.add_argument("--seed", type=natural, help="of every random choice (0)")
    command.add_argument("--backend", choices=backends, help="default: cpu, else numba")
    command.add_argument("--threads", type=positive, help="at most so many CPU threads")
    command.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="folder (the current one)"
    )
    command.add_argument(
        "--table", type=Path, metavar="FILE", help="all checks, as .csv, .json or .parquet"
    )
    command.add_argument("--no-plot", dest="plot", action="store_false", help="no NAME.png")
    command.add_argument(
        "--no-progress", dest="progress", action="store_false", help="no progress bar"
    )


def run_check(options: argparse.Namespace) -> int:
    """Run what the command line names; return the exit status."""
    if options.name == "list":
        print(_listing())
        return 0
    chosen = _chosen(options.name)
    given = {name: getattr(options, name) for name in OPTIONS}
    given = {name: value for name, value in given.items() if value is not None}
    _refuse(chosen, given)
    if options.table is not None:
        writer_of(options.table)
    options.output.mkdir(parents=True, exist_ok=True)
    reports, failed = [], []
    for routine in chosen:
        own = {name: value for name, value in given.items() if name in routine.options}
        report = _report(routine, own, options)
        if report is None:
            failed.append(routine.name)
        else:
            reports.append(report)
    if options.table is not None:
        export(reports, options.table)
    if options.name not in ROUTINES:
        if not reports:
            raise ValueError(f"none of the {len(chosen)} checks could be made")
        print(_all_in_one(reports, failed))
    return 0 if not failed and all(report.holds for report in reports) else FAILED


def _chosen(name: str) -> list[Routine]:
    """Return the routines that a name means: one, those of a source, or all."""
    if name == "all":
        return list(ROUTINES.values())
    if name in SOURCES:
        return [routine for routine in ROUTINES.values() if routine.source == name]
    return [find(name)]


def _refuse(chosen: list[Routine], given: dict[str, Any]) -> None:
    """Raise ValueError for an option that no chosen routine has."""
    for name in given:
        if not any(name in routine.options for routine in chosen):
            raise ValueError(
                f"the check {chosen[0].name} has no option --{name}"
                if len(chosen) == 1
                else f"none of these checks has an option --{name}"
            )


def _report(routine: Routine, given: dict[str, Any], options: argparse.Namespace) -> Report | None:
    """Run a routine, print and write what it found; or say on one line why it could not.

    Whatever a routine raises, those after it run. On its own it may raise, except that a run that
    diverges is a check that could not be made.
    """
    begin = time.monotonic()
    try:
        report = routine(preset=options.preset, progress=options.progress, **given)
        print(report.summary() + f"\n{time.monotonic() - begin:.1f} s")
        print("written: " + ", ".join(map(str, _write(report, options))) + "\n", flush=True)
    except Exception as error:
        if options.name == routine.name and not isinstance(error, DivergenceError):
            raise
        kind = "" if isinstance(error, ValueError | OSError) else f"{type(error).__name__}: "
        print(f"pyntk: {routine.name} could not be checked: {kind}{error}\n", file=sys.stderr)
        return None
    return report


def _write(report: Report, options: argparse.Namespace) -> list[Path]:
    """Write the report, and the picture if it can be drawn; return the paths."""
    path: Path = options.output / f"{report.name}.json"
    text = json.dumps(report.to_dict(), allow_nan=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
    written = [path]
    if options.plot:
        picture = path.with_suffix(".png")
        try:
            figure = report.plot()
        except ModuleNotFoundError as error:
            print(f"pyntk: no {picture.name}: {error}", file=sys.stderr)
        else:
            save_picture(figure, picture)
            written.append(picture)
    return written


def _all_in_one(reports: list[Report], failed: list[str]) -> str:
    """Return the checks of all reports as one table, and who made none."""
    checks: list[Check] = [check for report in reports for check in report.checks]
    names = [report.name for report in reports for _ in report.checks]
    absent = f"\nCould not be checked: {', '.join(failed)}." if failed else ""
    return table(checks, names) + "\n\n" + verdict(checks) + absent


def _listing() -> str:
    """Return every check with its claim, source by source."""
    width = max(map(len, ROUTINES))
    lines = []
    for source, package in SOURCES.items():
        lines.append(f"{source}: {(package.__doc__ or '').splitlines()[0]}")
        lines += [f"  {r.name:{width}}  {r.claim}" for r in _chosen(source)]
    return "\n".join(lines)
