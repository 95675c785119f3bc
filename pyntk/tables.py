"""Reading rows and labels from the files that people have."""

import csv
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Table = tuple[NDArray[np.float64], list[str]]
"""(n, d) rows and n labels as text."""

_LABELS: Final = ("y", "target", "labels", "y_train")
_ROWS: Final = ("X", "x", "data", "x_train")
_MISSING: Final = ("", "na", "n/a", "nan", "null", "none", "?")


def read_csv(path: Path, target: str | None) -> Table:
    """Read a table of numbers with one column of labels; see :func:`pyntk.data.load_table`.

    The first line is a header if a cell outside of the target column is no number. It is one, too,
    if those cells count 0, 1, 2, ... or 1, 2, 3, ..., as column names do where nobody gave them
    any, and its label occurs nowhere else. The separator is the comma, or the semicolon or tab
    where the first line has no comma.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        first_line = file.readline()
        separator = next((s for s in ",;\t" if s in first_line), ",")
        file.seek(0)
        reader = csv.reader(file, delimiter=separator)
        first = next((row for row in reader if row), None)
        if first is None:
            raise ValueError(f"{path.name} is empty")
        place, header = _target_column(path, first, target)
        names = first if header else [str(k) for k in range(len(first))]
        rows: list[NDArray[np.float64]] = []
        labels: list[str] = []
        for cells, line in _lines(reader, None if header else first):
            if len(cells) != len(names):
                raise ValueError(
                    f"{path.name}, line {line}: {len(cells)} cells, but {len(names)} columns before"
                )
            labels.append(_label(path, cells[place], line, names[place]))
            features = cells[:place] + cells[place + 1 :]
            rows.append(_numbers(path, features, line, names[:place] + names[place + 1 :]))
    if not header and _counts(first[:place] + first[place + 1 :]) and labels.count(labels[0]) == 1:
        del rows[0], labels[0]
    if not rows:
        raise ValueError(f"{path.name} has a header and no rows")
    if not len(rows[0]):
        raise ValueError(f"{path.name} has no column besides the target {names[place]!r}")
    return np.stack(rows), labels


def read_npz(path: Path, target: str | None) -> Table:
    """Read rows and labels from a NumPy archive; see :func:`pyntk.data.load_table`."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path.name} is no NumPy archive: {error}") from None
    except ValueError as error:
        raise ValueError(
            f"{path.name} cannot be loaded without running code or is damaged: {error}"
        ) from None
    listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "nothing"
    wanted = (target,) if target is not None else _LABELS
    y_name = next((name for name in wanted if name in arrays), None)
    if y_name is None:
        raise ValueError(f"{path.name} has no array {' or '.join(wanted)}; it holds {listed}")
    y = arrays.pop(y_name)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(f"{path.name}: labels {y_name} must have shape (n,), not {y.shape}")
    fitting = [name for name, X in arrays.items() if X.ndim >= 2 and len(X) == len(y)]
    x_name = next((name for name in _ROWS if name in fitting), None)
    if x_name is None:
        if len(fitting) != 1:
            raise ValueError(
                f"{path.name} must hold one array X of {len(y)} rows beside {y_name}; "
                f"it holds {listed}"
            )
        x_name = fitting[0]
    X = arrays[x_name]
    if X.dtype.kind not in "fiub":
        raise ValueError(f"{path.name}: {x_name} must hold real numbers, not dtype {X.dtype}")
    rows = X.reshape(len(X), -1).astype(np.float64)
    finite = np.isfinite(rows)
    if not finite.all():
        i, j = np.unravel_index(int((~finite).argmax()), rows.shape)
        raise ValueError(f"{path.name}: {x_name}, row {i}, column {j} is {rows[i, j]}")
    return rows, [str(label) for label in y]


def _target_column(path: Path, first: list[str], target: str | None) -> tuple[int, bool]:
    """Return the index of the target column and whether the first line is a header."""
    names = [cell.strip() for cell in first]
    if target is not None and target in names and not _is_integer(target):
        return names.index(target), True
    place = -1 if target is None else int(target) if _is_integer(target) else None
    features = [cell for k, cell in enumerate(names) if k != _wrap(place, len(names))]
    header = not all(_is_number(cell) for cell in features)
    if header and target is not None and target in names:
        return names.index(target), True
    if place is None or not -len(names) <= place < len(names):
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise ValueError(f"{path.name} has no column {target!r}: its first line reads {shown}")
    return place % len(names), header


def _wrap(place: int | None, count: int) -> int | None:
    """Return an index counted from the end as one from the start."""
    return place + count if place is not None and place < 0 else place


def _counts(cells: list[str]) -> bool:
    """Tell whether at least two cells are 0, 1, 2, ... or 1, 2, 3, ..."""
    return len(cells) > 1 and any(
        cells == [str(start + k) for k in range(len(cells))] for start in (0, 1)
    )


def _lines(reader: Any, first: list[str] | None) -> Any:
    """Yield the rows of a table that are not blank, with their line numbers."""
    if first is not None:
        yield first, reader.line_num
    for cells in reader:
        if cells:
            yield cells, reader.line_num


def _label(path: Path, cell: str, line: int, column: str) -> str:
    """Return a label, or raise ValueError where it is missing."""
    if cell.strip().lower() in _MISSING:
        raise ValueError(f"{path.name}, line {line}: the label in column {column!r} is missing")
    return cell


def _numbers(path: Path, cells: list[str], line: int, columns: list[str]) -> NDArray[np.float64]:
    """Return cells as finite numbers, or raise ValueError that names line and column."""
    try:
        numbers = np.array([float(cell) for cell in cells])
    except ValueError:
        numbers = None
    if numbers is not None and np.isfinite(numbers).all():
        return numbers
    for cell, column in zip(cells, columns, strict=True):
        if cell.strip().lower() in _MISSING:
            raise ValueError(
                f"{path.name}, line {line}: the value in column {column!r} is missing; "
                "fill in or drop such rows first"
            )
        if not _is_number(cell):
            raise ValueError(
                f"{path.name}, line {line}: column {column!r} holds {cell!r}, which is no number; "
                "drop or encode such columns first (--target names the column of labels)"
            )
        if not np.isfinite(float(cell)):
            raise ValueError(f"{path.name}, line {line}: column {column!r} holds {cell!r}")
    raise AssertionError("a row that does not parse has a cell that does not parse")


def _is_number(cell: str) -> bool:
    """Tell whether a cell reads as a number (NaN and infinity included), or is missing."""
    try:
        float(cell)
    except ValueError:
        return cell.strip().lower() in _MISSING
    return True


def _is_integer(text: str) -> bool:
    """Tell whether text is a whole number, with a sign or not."""
    return text.removeprefix("-").isdecimal()
