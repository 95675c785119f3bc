"""Reports as one table in a file: a row for each check, as pandas and spreadsheets read it."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from pyntk.theory.report import Report

Writer = Callable[[list[dict[str, Any]], Path], None]

COLUMNS: Final = (
    "check", "title", "claim", "source", "condition", "predicted", "measured", "bound", "holds",
    "data", "settings", "pyntk",
)  # fmt: skip


def export(reports: Sequence[Report], path: str | Path) -> None:
    """Write the checks of reports to a ``.csv``, ``.json`` or ``.parquet`` file.

    Each row has the name and the title of its report, the fields of the
    :class:`~pyntk.theory.check.Check`, and data, settings (both as JSON text) and version; what is
    None is an empty cell, or null. ``pandas.read_csv(path)``, ``read_json(path)`` and
    ``read_parquet(path)`` load it.

    Args:
        reports: of routines.
        path: the file; an existing one is replaced.

    Raises:
        ValueError: another suffix.
        ModuleNotFoundError: ``.parquet`` needs pyarrow.
        OSError: the file cannot be written.
    """
    write = writer_of(Path(path))
    write([row for report in reports for row in _rows(report)], Path(path))


def writer_of(path: Path) -> Writer:
    """Return what writes rows to a file of this suffix.

    Raises:
        ValueError: nothing does.
    """
    writers: dict[str, Writer] = {
        ".csv": _write_csv, ".json": _write_json, ".parquet": _write_parquet,
    }  # fmt: skip
    if path.suffix.lower() not in writers:
        raise ValueError(f"{path.name}: checks are written to {', '.join(writers)}")
    return writers[path.suffix.lower()]


def _rows(report: Report) -> list[dict[str, Any]]:
    """Return the checks of a report, by column."""
    whole = report.to_dict()
    shared = {
        "check": whole["name"],
        "title": whole["title"],
        "data": json.dumps(whole["data"]),
        "settings": json.dumps(whole["settings"]),
        "pyntk": whole["pyntk"],
    }
    return [{name: {**shared, **check}[name] for name in COLUMNS} for check in whole["checks"]]


def _write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


def _write_json(rows: list[dict[str, Any]], path: Path) -> None:
    path.write_text(json.dumps(rows, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def _write_parquet(rows: list[dict[str, Any]], path: Path) -> None:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a .parquet file needs pyarrow, which is absent ({error}): pip install pyarrow"
        ) from error
    text, number = pyarrow.string(), pyarrow.float64()
    types = {"predicted": number, "measured": number, "bound": number, "holds": pyarrow.bool_()}
    schema = pyarrow.schema([(name, types.get(name, text)) for name in COLUMNS])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), path)
