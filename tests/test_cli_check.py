"""``pyntk check``: what it prints and writes, and its exit status."""

import json
import sys

import numpy as np
import pytest

import pyntk
from image_files import write_mnist
from interrupts import interrupted
from pyntk import cli, cli_check
from pyntk.theory import Check, Report
from pyntk.theory.catalogue import ROUTINES, SOURCES
from pyntk.theory.panel import Panel, curve
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

QUIET = ("--no-progress", "--no-plot")


def report(name, holds=True, **settings):
    check = Check(f"{name} <= bound", "Paper (1234.5)", "none", None, 1.0, 2.0, holds)
    drawn = Panel("a panel", "x", "y", (curve([1, 2], [3, 4]),))
    series = {"s": np.array([1.0, np.nan])}
    return Report(name, "title", (check,), series, {}, settings, panels=(drawn,))


@routine(rows=99)
def holding(data="sphere", *, rows: int = 5, seed: int = 0, watch: Watch):
    """A claim that holds."""
    for _ in watch.over(range(3)):
        pass
    return report("holding", rows=rows, seed=seed, drawn=len(draw(data, rows).y))


@routine()
def failing(*, width: int = 3, watch: Watch):
    """A claim that fails."""
    return report("failing", holds=False, width=width)


@routine()
def silent(*, watch: Watch):
    """A claim that says nothing here."""
    return report("silent", holds=None)


@routine()
def raising(*, steps: int = 1, watch: Watch):
    """A claim that cannot be checked."""
    if steps == 2:
        net = pyntk.TwoLayer.antisymmetric(10, 3)
        X = pyntk.data.sphere(20, 3).X
        watch.train(net, (X, X[:, 0]), step_size=1e3, steps=1000)
    raise (ValueError if steps == 1 else RuntimeError)("it is so")


@pytest.fixture(autouse=True)
def _somewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(monkeypatch):
    """A catalogue of two sources, so that 'all' is quick."""

    def use(**sources):
        for found in (ROUTINES, SOURCES):
            for name in list(found):
                monkeypatch.delitem(found, name)
        for source, routines in sources.items():
            monkeypatch.setitem(SOURCES, source, cli_check)
            for found in routines:
                monkeypatch.setitem(ROUTINES, found.name, found)
                monkeypatch.setattr(found, "source", source)

    return use


def fails(capsys, *arguments):
    """Run a command that cannot be used; return its one sentence."""
    assert cli.main(["check", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("pyntk: ")
    assert "Traceback" not in captured.err
    return captured.err


def test_list(capsys):
    assert cli.main(["check", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for source in SOURCES:
        assert any(line.startswith(f"{source}: ") for line in lines)
    for name, found in ROUTINES.items():
        assert any(line.split()[0] == name and line.endswith(found.claim) for line in lines)


def test_one(own, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    own(first=[holding, failing])
    assert cli.main(["check", "holding", "--output", "deep/folder", "--no-progress"]) == 0
    captured = capsys.readouterr()
    assert "holding: title\nsettings: rows = 5, seed = 0, drawn = 5\n" in captured.out
    assert "yes    holding <= bound" in captured.out
    assert "written: deep/folder/holding.json, deep/folder/holding.png\n" in captured.out
    assert captured.err == ""
    found = json.loads((tmp_path / "deep/folder/holding.json").read_text())
    assert found["holds"] is True
    assert found["series"] == {"s": [1.0, None]}
    assert (tmp_path / "deep/folder/holding.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "deep/folder/holding.png").stat().st_size > 5000


def test_options(own, tmp_path, capsys):
    own(first=[holding, failing])
    command = ["check", "holding", "--rows", "7", "--seed", "3", "--preset", "paper", *QUIET]
    assert cli.main(command) == 0
    assert "rows = 7, seed = 3" in capsys.readouterr().out
    assert cli.main(["check", "holding", "--preset", "paper", *QUIET]) == 0
    assert "rows = 99, seed = 0" in capsys.readouterr().out
    assert not (tmp_path / "holding.png").exists()
    # Among several, an option goes to those that have it.
    assert cli.main(["check", "all", "--width", "8", "--rows", "6", *QUIET]) == 1
    out = capsys.readouterr().out
    assert "width = 8" in out
    assert "rows = 6" in out


def test_data(own, tmp_path, capsys):
    own(first=[holding])
    write_mnist(tmp_path / "there")
    assert cli.main(["check", "holding", "--data", "mnist:there", *QUIET]) == 0
    assert "drawn = 5" in capsys.readouterr().out
    assert "no files of MNIST" in fails(capsys, "holding", "--data", "mnist:.", *QUIET)
    assert "there is no data set 'nothing'" in fails(capsys, "holding", "--data", "nothing", *QUIET)


def test_statuses(own, capsys):
    own(first=[holding, failing, silent, raising])
    assert cli.main(["check", "failing", *QUIET]) == 1
    assert "NO     failing <= bound" in capsys.readouterr().out
    assert cli.main(["check", "silent", *QUIET]) == 0
    assert "1 not applicable" in capsys.readouterr().out
    assert fails(capsys, "raising", *QUIET) == "pyntk: it is so\n"
    assert "there is no check 'nothing'; there are: holding" in fails(capsys, "nothing", *QUIET)
    said = fails(capsys, "holding", "--width", "3", *QUIET)
    assert said == "pyntk: the check holding has no option --width\n"
    assert "none of these checks has an option --threads" in fails(
        capsys, "all", "--threads", "1", *QUIET
    )


def test_a_run_that_diverges_has_not_held(own, capsys):
    own(first=[raising])
    assert cli.main(["check", "raising", "--steps", "2", *QUIET]) == 1
    captured = capsys.readouterr()
    assert "raising could not be checked: DivergenceError" in captured.err


def test_all_in_one_table(own, tmp_path, capsys):
    own(first=[holding], second=[failing, silent])
    assert cli.main(["check", "all", *QUIET]) == 1
    out = capsys.readouterr().out
    last = out[out.rindex("check  ") :].splitlines()
    assert [line.split()[0] for line in last[2:5]] == ["holding", "failing", "silent"]
    assert [line.split()[1] for line in last[2:5]] == ["yes", "NO", "n/a"]
    assert last[-1] == "1 of 3 checks hold, 1 failed, 1 not applicable."
    assert {path.name for path in tmp_path.glob("*.json")} == {
        "holding.json", "failing.json", "silent.json",
    }  # fmt: skip


def test_a_source(own, tmp_path, capsys):
    own(first=[holding], second=[failing, silent])
    assert cli.main(["check", "first", *QUIET]) == 0
    assert "check    holds  claim" in capsys.readouterr().out
    assert {path.name for path in tmp_path.glob("*.json")} == {"holding.json"}


@pytest.mark.parametrize("steps", ["1", "2", "3"], ids=["bad input", "divergence", "a mistake"])
def test_one_that_cannot_be_checked(own, capsys, steps):
    """It is said, the others run, and the whole has not held."""
    own(first=[raising, holding])
    assert cli.main(["check", "all", "--steps", steps, *QUIET]) == 1
    captured = capsys.readouterr()
    assert "pyntk: raising could not be checked: " in captured.err
    assert ("RuntimeError: it is so" in captured.err) == (steps == "3")
    assert captured.out.endswith("1 of 1 checks hold.\nCould not be checked: raising.\n")


def test_none_can_be_checked(own, capsys):
    own(first=[raising])
    assert "none of the 1 checks could be made" in fails_after(capsys, "all", *QUIET)


def fails_after(capsys, *arguments):
    assert cli.main(["check", *arguments]) == 2
    return capsys.readouterr().err


def test_a_picture_that_cannot_be_drawn(own, tmp_path, capsys, monkeypatch):
    own(first=[holding])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(["check", "holding", "--no-progress"]) == 0
    captured = capsys.readouterr()
    assert "no holding.png: " in captured.err
    assert 'pip install "pyntk[explain]"' in captured.err
    assert "written: holding.json\n" in captured.out


def test_a_folder_that_cannot_be(own, tmp_path, capsys):
    own(first=[holding])
    (tmp_path / "file").write_text("")
    assert "file" in fails(capsys, "holding", "--output", "file", *QUIET)


def test_ctrl_c(own, capsys):
    @routine()
    def interrupted(*, watch: Watch):
        """A claim that is stopped."""
        raise KeyboardInterrupt

    own(first=[interrupted, holding])
    assert cli.main(["check", "all", *QUIET]) == 130
    assert capsys.readouterr().err == "pyntk: interrupted\n"


REAL = """
import sys
from pyntk.cli import main
print("begin", flush=True)
options = ["--steps", "50000", "--data", "sphere", "--rows", "100", "--output", sys.argv[1]]
print(main(["check", "training_speed", "--no-progress", *options]))
"""


def test_ctrl_c_while_a_network_is_trained(tmp_path):
    """From outside, in the native loop; nothing is written."""
    assert interrupted(REAL, str(tmp_path / "out"))[1] == ["130"]
    assert list((tmp_path / "out").iterdir()) == []


def test_the_bar(own, capsys):
    pytest.importorskip("tqdm")
    own(first=[holding])
    assert cli.main(["check", "holding", "--no-plot"]) == 0
    assert "0%|" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["all", "--preset", "fast"], ["all", "--rows", "0"]])
def test_bad_usage(arguments, capsys):
    with pytest.raises(SystemExit) as status:
        cli.main(["check", *arguments])
    assert status.value.code == 2


def test_the_help_names_the_data(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    assert "mnist[:DIR]" in capsys.readouterr().out


def test_a_table_of_all_checks(own, tmp_path, capsys):
    own(one=[holding], two=[failing])
    assert cli.main(["check", "all", *QUIET, "--table", "checks.json"]) == 1
    rows = json.loads((tmp_path / "checks.json").read_text())
    assert [(row["check"], row["holds"]) for row in rows] == [("holding", True), ("failing", False)]
    capsys.readouterr()
    said = fails(capsys, "all", *QUIET, "--table", "checks.xls")
    assert "checks.xls: checks are written to .csv, .json, .parquet" in said
