"""Reports as a table in a file."""

import csv
import json
import math

import pytest

from pyntk.theory import Check, Report
from pyntk.theory.export import COLUMNS, export


def report(**changes):
    first = Check("a, b", "source (1)", 'a "condition"', 1.5, 1.25, None, True)
    second = Check("c", "source (2)", "none", None, math.nan, 0.0, None)
    given = {
        "name": "example", "title": "on data", "checks": (first, second), "series": {},
        "data": {"name": "sphere", "n": 3}, "settings": {"eta": 0.5},
    } | changes  # fmt: skip
    return Report(**given)


def test_csv(tmp_path):
    export([report(), report(name="another")], tmp_path / "checks.csv")
    with (tmp_path / "checks.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["check"] for row in rows] == ["example", "example", "another", "another"]
    assert rows[0]["claim"] == "a, b"
    assert rows[0]["condition"] == 'a "condition"'
    assert (rows[0]["measured"], rows[0]["bound"], rows[0]["holds"]) == ("1.25", "", "True")
    assert (rows[1]["measured"], rows[1]["bound"], rows[1]["holds"]) == ("", "0.0", "")
    assert json.loads(rows[0]["data"]) == {"name": "sphere", "n": 3}


def test_json(tmp_path):
    export([report()], tmp_path / "checks.JSON")
    rows = json.loads((tmp_path / "checks.JSON").read_text())
    assert rows[0]["measured"] == 1.25
    assert rows[1]["measured"] is None
    assert rows[1]["holds"] is None
    assert list(rows[0]) == list(COLUMNS)


def test_parquet(tmp_path):
    path = tmp_path / "checks.parquet"
    try:
        import pyarrow.parquet
    except ModuleNotFoundError:
        with pytest.raises(ModuleNotFoundError, match="pip install pyarrow"):
            export([report()], path)
        return
    export([report()], path)
    rows = pyarrow.parquet.read_table(path).to_pylist()
    assert rows[0]["measured"] == 1.25
    assert rows[1]["holds"] is None
    assert list(rows[0]) == list(COLUMNS)


def test_another_suffix(tmp_path):
    with pytest.raises(ValueError, match=r"checks\.xls: checks are written to \.csv, \.json"):
        export([report()], tmp_path / "checks.xls")
