"""The command line: what it writes, what it says, and its exit status."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pyntk import cli

QUIET = ["explain", "--no-progress"]
SMALL = ["explain", "--synthetic", "sphere", "--n", "60", "--d", "10", "--steps", "20"]
SMALL += ["--width", "2048", "--no-progress"]


@pytest.fixture(autouse=True)
def _somewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def fails(capsys, *arguments):
    """Run a command that cannot be used; return its one sentence."""
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("pyntk: ")
    assert "Traceback" not in captured.err
    return captured.err


def test_explain(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    assert cli.main([*SMALL, "--output", "deep/folder"]) == 0
    out = capsys.readouterr().out
    assert "holds  claim" in out
    assert "Arora Thm 4.1" in out
    report = json.loads((tmp_path / "deep/folder/explain.json").read_text())
    assert report["holds"] is True
    assert report["data"]["name"] == "sphere (b.x > 0 against b.x <= 0)"
    assert report["settings"]["backend"] in {"cpu", "numba"}
    assert (tmp_path / "deep/folder/explain.png").stat().st_size > 10_000


def test_a_failed_check_is_exit_status_1(tmp_path, capsys):
    assert cli.main([*SMALL, "--width", "16", "--no-plot"]) == 1
    assert "NO " in capsys.readouterr().out
    assert json.loads((tmp_path / "explain.json").read_text())["holds"] is False
    assert not (tmp_path / "explain.png").exists()


def test_a_table(tmp_path, capsys):
    generator = np.random.default_rng(0)
    rows = generator.standard_normal((40, 3))
    lines = [f"{a},{b},{c},{'yes' if a > 0 else 'no'}" for a, b, c in rows]
    (tmp_path / "table.csv").write_text("a,b,c,sick\n" + "\n".join(lines) + "\n")
    command = ["explain", "--data", "table.csv", "--target", "sick", "--classes", "yes", "no"]
    options = ["--rows", "20", "--width", "2048", "--steps", "5", "--no-plot", "--no-progress"]
    assert cli.main([*command, *options]) in {0, 1}
    assert "table (yes against no): n = 20 training rows" in capsys.readouterr().out
    np.savez(tmp_path / "table.npz", X=rows, y=rows[:, 0] > 0)
    assert cli.main(["explain", "--data", "table.npz", *options]) in {0, 1}
    assert "table (False against True)" in capsys.readouterr().out


def test_the_digits_by_default(tmp_path, capsys):
    pytest.importorskip("sklearn")
    assert cli.main(["explain", "--quick", "--width", "8192", "--steps", "20", "--no-plot"]) == 0
    captured = capsys.readouterr()
    assert "digits (0 against 1): n = 250 training rows, 110 held out, d = 64" in captured.out
    assert captured.err  # the progress bar


def test_bad_data(tmp_path, capsys):
    assert "absent.csv" in fails(capsys, "explain", "--data", "absent.csv")
    (tmp_path / "t.csv").write_text("a,b,kind\n1,x,2\n2,3,3\n")
    said = fails(capsys, "explain", "--data", "t.csv")
    assert said == (
        "pyntk: t.csv, line 2: column 'b' holds 'x', which is no number; "
        "drop or encode such columns first (--target names the column of labels)\n"
    )
    (tmp_path / "few.csv").write_text("a,b,kind\n1,2,x\n2,3,y\n")
    assert "at least 4 are needed" in fails(capsys, *QUIET, "--data", "few.csv")
    (tmp_path / "file").write_text("")
    assert "file" in fails(capsys, *SMALL, "--output", "file")
    assert not (tmp_path / "explain.json").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "a.csv", "--synthetic", "sphere"],
        ["--target", "y"],
        ["--n", "5"],
        ["--synthetic", "sphere", "--classes", "1", "2"],
        ["--synthetic", "sphere", "--width", "15"],
        ["--synthetic", "sphere", "--epsilon", "0"],
        ["--synthetic", "sphere", "--n", "10", "--rows", "10"],
        ["--backend", "cuda", "--synthetic", "sphere"],
    ],
)
def test_contradictions(capsys, arguments):
    fails(capsys, "explain", "--no-progress", *arguments)


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["explain", "--width", "x"], ["explain", "--steps", "0"], ["explain", "--nope"]],
)
def test_bad_usage(capsys, arguments):
    with pytest.raises(SystemExit) as exit_status:
        cli.main(arguments)
    assert exit_status.value.code == 2
    assert "usage: pyntk" in capsys.readouterr().err


def test_interrupted(tmp_path, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "explain", interrupt)
    assert cli.main(SMALL) == 130
    assert capsys.readouterr().err == "pyntk: interrupted\n"
    assert not (tmp_path / "explain.json").exists()


def test_without_matplotlib(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert cli.main(SMALL) == 0
    captured = capsys.readouterr()
    assert 'pip install "pyntk[explain]"' in captured.err
    assert captured.out.endswith("written: explain.json\n")


def test_info(capsys):
    assert cli.main(["info"]) == 0
    out = capsys.readouterr().out
    for word in ("pyntk ", "backends:", "cpu ", "numba ", "cuda ", "threads:", "LAPACK", "set:"):
        assert word in out


def test_info_without_threadpoolctl(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert cli.main(["info"]) == 0
    assert "SciPy's build" in capsys.readouterr().out


def written_report(folder, **own):
    """A report of one benchmark, as pytest-benchmark writes it."""
    info = {"contender": "pyntk cpu", "place": 0, **own}
    bench = {"group": "g", "name": "b", "stats": {"median": 0.5, "min": 0.5}, "extra_info": info}
    path = folder / "report.json"
    path.write_text(json.dumps({"benchmarks": [bench]}))
    return path


def test_bench_shows_a_report(tmp_path, capsys):
    path = written_report(tmp_path)
    assert cli.main(["bench", "--show", str(path), "--compare", str(path)]) == 0
    out = capsys.readouterr().out
    assert "pyntk cpu  500 ms" in out
    assert "+0.0 %" in out


CHECKOUT = Path(__file__).parent.parent


def test_bench_refuses(tmp_path, capsys, monkeypatch):
    path = str(written_report(tmp_path))
    assert "--show prints" in fails(capsys, "bench", "--show", path, "--quick")
    assert "absent.json" in fails(capsys, "bench", "--show", "absent.json")
    assert "absent.json" in fails(capsys, "bench", "--compare", "absent.json")
    (tmp_path / "x.json").write_text("nothing")
    assert "x.json is no report" in fails(capsys, "bench", "--show", "x.json")
    assert "no folder" in fails(capsys, "bench", "--json", "no_such/folder/x.json")
    monkeypatch.chdir(CHECKOUT)
    monkeypatch.setitem(sys.modules, "pytest_benchmark", None)
    assert 'pip install "pyntk[test]"' in fails(capsys, "bench")


def test_bench_without_the_source_checkout(tmp_path, capsys, monkeypatch):
    from pyntk import bench

    monkeypatch.setattr(bench, "__file__", str(tmp_path / "site-packages/pyntk/bench.py"))
    said = fails(capsys, "bench")
    assert "source checkout, not in the installed package" in said
    assert str(tmp_path / "site-packages/bench") in said


def test_bench_runs(tmp_path, backend, capfd, monkeypatch):
    """The suite itself on its smallest problem; what it says of times is not looked at."""
    pytest.importorskip("pytest_benchmark")
    monkeypatch.chdir(CHECKOUT)
    # pytest-benchmark does not time in a worker of pytest-xdist: the command is none.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    problem, new = f"call and {backend}", str(tmp_path / "new.json")
    assert cli.main(["bench", "--quick", "-k", problem, "--json", new]) == 0
    out = capfd.readouterr().out
    assert "limits of this machine: float32 SYRK" in out
    assert "GFLOP/s" in out
    assert f"pyntk {backend}" in out
    report = json.loads(Path(new).read_text())
    assert {b["group"].split(":")[0] for b in report["benchmarks"]} == {
        "limits of this machine",
        "a call, float64, n=4 d=4",
    }
    assert report["pyntk"]["quick"] is True
    assert cli.main(["bench", "--show", new, "--compare", new]) == 0
    assert "change: of the median against" in capfd.readouterr().out
    assert cli.main(["bench", "-k", "two words"]) == 2
    captured = capfd.readouterr()
    assert "Wrong expression passed to '-k'" in captured.err
    assert captured.err.endswith("pyntk: the benchmarks did not run: pytest's exit status is 4\n")


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_status:
        cli.main(["--version"])
    assert exit_status.value.code == 0
    assert capsys.readouterr().out.startswith("pyntk ")
