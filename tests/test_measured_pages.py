"""The pages of measured figures: made of the results and nothing else, and able to say no."""

import copy
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from pyntk.bench_report import table

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "bench"


@pytest.fixture(autouse=True)
def _bench_on_the_path(monkeypatch):
    for folder in (BENCH / "peers", BENCH):
        monkeypatch.syspath_prepend(folder)


@pytest.fixture
def measured():
    """The last result on accuracy."""
    import results

    return copy.deepcopy(results.newest("accuracy")[1])


def machine(**values):
    names = "cpu cores threads instruction_set compiler system python numpy scipy lapack pyntk"
    known = dict.fromkeys([*names.split(), "commit"])
    return {**known, "variables": {}, "cpu": "A Processor (R)", "cores": 2, **values}


def test_the_pages_are_those_of_the_results():
    """Nobody edits a figure: python bench/pages.py writes them."""
    import pages

    assert "measured_accuracy.md" in pages.made()
    assert pages.stale() == []


def test_the_results_are_whole_runs_and_name_no_folder_of_a_machine():
    import results

    paths = list(results.FOLDER.glob("*.json"))
    assert paths
    for path in paths:
        result = json.loads(path.read_text())
        assert results.kind_of(result) in results.KINDS
        assert not result.get("quick")
        assert not re.search(r"/(home|root|tmp|usr|work)/", path.read_text())


def test_an_edited_figure_is_noticed(tmp_path, capsys):
    import pages

    pages.write(tmp_path)
    target = tmp_path / "measured_accuracy.md"
    text = target.read_text()
    assert text.count("| 8 u |") > 5
    target.write_text(text.replace("| 8 u |", "| 7 u |", 1))
    assert pages.stale(tmp_path) == ["measured_accuracy.md"]
    assert pages.main(["--docs", str(tmp_path), "--check"]) == 1
    assert "measured_accuracy.md is not made of the last results" in capsys.readouterr().out
    assert pages.main(["--docs", str(tmp_path)]) == 0
    assert pages.main(["--docs", str(tmp_path), "--check"]) == 0


def test_the_newest_of_a_kind(tmp_path):
    import results

    for name, content in {
        "b": {"kind": "cpu", "date": "2026-01-02", "machine": machine()},
        "a": {"kind": "cpu", "date": "2026-02-01", "machine": machine()},
        "c": {"kind": "accuracy", "date": "2026-03-01", "machine": machine()},
        "d": {"gpu": "a card", "date": "2025-01-01"},
    }.items():
        results.write(content, tmp_path / f"{name}.json")
    assert results.newest("cpu", tmp_path)[0] == "a.json"
    assert results.newest("gpu", tmp_path)[1]["gpu"] == "a card"
    assert results.newest("accuracy", tmp_path / "nowhere") == (None, None)
    path = results.default_path(results.newest("cpu", tmp_path)[1])
    assert path.name == "2026-02-01-cpu-a-processor-r-2-cores.json"
    with pytest.raises(ValueError, match="JSON compliant"):
        results.write({"error": float("nan")}, tmp_path / "e.json")


def test_without_results_the_pages_say_so(tmp_path):
    import pages

    made = pages.made(tmp_path)
    assert set(made) == {"measured_accuracy.md", "measured_speed.md"}
    assert "No result is in `bench/results` yet" in made["measured_accuracy.md"]
    assert "No run of all benchmarks is in" in made["measured_speed.md"]
    assert "Nothing was measured on a GPU" in made["measured_speed.md"]


@pytest.mark.parametrize("worse", ["above", "no number", "not contained", "not definite"])
def test_a_broken_promise_is_said(measured, worse):
    from measured.accuracy_page import count, page

    failed, lines = count(measured)
    assert lines > 60
    if worse == "not contained":
        measured["certificates"][0]["contain"] -= 1
    elif worse == "not definite":
        next(row for row in measured["smallest_eigenvalues"] if row["promised"])["pyntk"] = 0.0
    else:
        measured["sums"][0]["measured"]["cpu"] = 1.001 if worse == "above" else None
    assert count(measured) == (failed + 1, lines)
    text = page(measured)
    assert f"**{failed + 1} of {lines} lines do not hold**" in text
    assert text.count("**no**") == failed + 1


def test_a_bar_is_no_border_of_a_table():
    from measured.markdown import table as markdown

    assert markdown(["a"], [["|cos|"]]).splitlines()[2] == r"| \|cos\| |"


def test_the_picture_has_every_angle(measured):
    from measured.picture import FLOOR, picture

    root = ElementTree.fromstring(picture(measured["smallest_eigenvalues"]))
    rows = [row for row in measured["smallest_eigenvalues"] if row["dtype"] == "float64"]
    discs = root.findall("{*}circle")
    assert len(discs) == len(rows) > 8
    assert all(float(disc.get("cy")) < FLOOR for disc in discs)  # positive
    crosses = [path for path in root.findall("{*}path") if "l12" in path.get("d")]
    below = [path for path in crosses if f" {FLOOR - 6:.1f}l" in path.get("d")]
    assert len(crosses) == len(rows)
    assert len(below) == sum(row["numpy"] <= 0 for row in rows) > 0


def test_an_error_in_units():
    from promises.entries import normwise

    largest = np.finfo(np.float32).max
    exact = np.longdouble([1, 1, 1, 1, largest, 2 * np.longdouble(largest), 0])
    size = np.abs(exact)
    K = np.float32([1 + 2**-22, 1, np.nan, np.inf, largest, np.inf, 0])
    assert normwise(K, exact, size, np.float32) == pytest.approx(
        [4, 0, np.inf, np.inf, 0, 0, 0], rel=1e-6
    )


def test_an_error_beyond_the_promise_is_measured_as_such(cpu):
    from promises.entries import errors
    from promises.sums import largest_share

    import test_contract as contract

    class Off:
        """The C++ kernels, off by some units in roundoff."""

        def run(self, *arguments):
            (result,) = cpu.run(*arguments)
            return [result * result.dtype.type(1 + 40 * np.finfo(result.dtype).eps)]

    X = np.random.default_rng(0).standard_normal((20, 5))
    assert 0 < errors(cpu, X, {}).max() <= 8 < 60 < errors(Off(), X, {}).max() < 100
    cases = [{"case": "n=13", "recipes": "one layer"}]
    for dtype in (np.float32, np.float64):
        shares = [
            largest_share(contract.test_ntk_matmul, cases, kernels, dtype)
            for kernels in (cpu, Off())
        ]
        assert 0 < shares[0] <= 1 < shares[1]


def test_near_duplicates_beside_the_formula_of_everybody():
    from promises.spectra import smallest_eigenvalues

    rows = smallest_eigenvalues(quick=True)
    assert all(row["contains"] for row in rows)
    assert all(row["pyntk"] > 0 for row in rows if row["promised"])
    assert any(row["numpy"] < 0 for row in rows if row["promised"])


def report():
    """As pytest-benchmark writes it, with what pyntk adds."""

    def entry(group, contender, seconds, bounds=(), **info):
        stats = {"median": seconds, "min": 0.9 * seconds, "rounds": 7, "data": [seconds] * 7}
        info |= {"contender": contender, "place": 0, "bounds": list(bounds), "work": None}
        return {"group": group, "name": contender, "stats": stats, "extra_info": info}

    bound = {"contender": "pyntk cpu", "quantity": "times", "at_most": 0.5, "of": "NumPy"}
    missed = {"contender": "pyntk cpu", "quantity": "seconds", "at_most": 0.1, "of": None}
    own = {"version": "9", "quick": False, "instruction_set": "avx2", "threads": 2}
    return {
        "datetime": "2026-01-02T03:04:05.678",
        "machine_info": {"cpu": {"brand_raw": "A Processor (R)"}},
        "pyntk": {**own, "absent": {"PyTorch": "not installed; pip install torch"}},
        "benchmarks": [
            entry("gram", "pyntk cpu", 0.123456789, [bound, missed], error_u=1.5, extra_bytes=1024),
            entry("gram", "NumPy", 0.5),
        ],
    }


def test_a_report_of_the_benchmarks_made_small(tmp_path):
    import results
    from measured.speed_page import page
    from speed import summary

    result = summary(report(), machine(), [("gram", "scikit-learn style")])
    assert table(result) == table(report()).replace("; pip install torch", "")
    assert "data" not in result["benchmarks"][0]["stats"]
    results.write(result, tmp_path / "2026-01-02-cpu.json")
    source, read = results.newest("cpu", tmp_path)
    text = page(read, None, source)
    assert "**1 of 2 expectations were met.**" in text
    assert "| gram | pyntk cpu | at most 0.50 x NumPy | 0.25 | yes |" in text
    assert "| gram | pyntk cpu | at most 100 ms | 123 ms | **no** |" in text
    assert "| NumPy | 500 ms | 4.05 |" in text
    assert "Absent: PyTorch (not installed)" in text
    assert "**Failed, or the answer was wrong**: scikit-learn style, gram" in text
    assert "Nothing was measured on a GPU" in text
    assert "`bench/results/2026-01-02-cpu.json`" in text


def test_a_whole_run_lacks_no_contender():
    import speed

    empty = {"benchmarks": [], "pyntk": {"absent": {"PyTorch formula": "not installed"}}}
    lacking = speed.missing(empty, quick=True)
    assert len(lacking) > 50
    assert "PyTorch formula" not in {contender for _, contender in lacking}
    group, contender = lacking[0]
    there = {"group": group, "name": contender, "stats": {"median": 1, "min": 1}, "extra_info": {}}
    assert speed.missing({**empty, "benchmarks": [there]}, quick=True) == lacking[1:]


@pytest.mark.parametrize("arguments", [["--quick"], ["-k", "gram"]])
def test_a_part_of_the_benchmarks_is_no_result(arguments, capsys):
    import speed

    with pytest.raises(SystemExit):
        speed.main(arguments)
    assert "name a file with --json" in capsys.readouterr().err


def test_figures_of_a_gpu_are_shown():
    from measured.speed_page import page

    row = {
        "case": "gram", "contender": "pyntk", "median_s": 0.001, "error_u": 2.0, "flops": 1e9,
        "bytes": 2e8, "precision": "float32", "memory_bytes": 3 * 2**20,
    }  # fmt: skip
    limits = {"copy_bytes_per_s": 1e12, "sgemm_flops": 1e13, "dgemm_flops": 1e13}
    card = {
        "gpu": "a card", "date": "2026-01-02", "pyntk": "9", "driver": 1, "runtime": 1, "cupy": "1",
        "limits": limits, "rows": [row],
    }  # fmt: skip
    text = page(None, card)
    assert "a card, 2026-01-02" in text
    assert "| gram | pyntk | 1.00 | 1.00 | 1.00 | 1 | 0.20 | 0.20 | 3 | 2.0 |" in text
    assert "Nothing was measured on a GPU" not in text


def test_the_machine_is_described():
    from machine import describe, reason

    about = describe()
    assert set(about) == set(machine())
    assert about["cores"] >= about["threads"] >= 1
    assert about["cpu"]
    assert about["numpy"] == np.__version__
    assert all("/" not in value for value in about["variables"].values())
    assert reason("backend 'cuda' is absent: no GPU; reinstall in /somewhere") == "no GPU"
    assert reason("not installed: pip install torch") == "not installed: pip install torch"
