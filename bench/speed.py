"""Runs all benchmarks and keeps what the page needs: ``python bench/speed.py``.

It runs ``pyntk bench``, prints its table, leaves bench/results/<date>-cpu-<machine>.json and makes
the page anew. With ``--json FILE`` it writes that file alone; so it must with ``--quick`` and
``-k``, which are no run of everything. ``--report FILE`` runs nothing and takes a report that
``pyntk bench --json FILE`` left. The result is such a report, too, made small: ``pyntk bench
--show`` and ``--compare`` take it. Exit status: 1 if a contender failed or its answer was wrong.
"""

import argparse
import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]

import pages  # noqa: E402 - the folders above
import results  # noqa: E402
from machine import describe, reason  # noqa: E402

from pyntk.bench import run_benchmarks  # noqa: E402
from pyntk.bench_report import entries, read_report, table  # noqa: E402

DIGITS = 6
NO_PROBLEMS = ("bench_gpu",)
"""Runs alone, on a GPU."""


def summary(report, machine, failed):
    """Return a result of the kind "cpu": a report of pytest-benchmark without the single rounds.

    Args:
        machine: as machine.describe() returns it.
        failed: (group, contender) of those that are not in the report though they ran; None if that
            is not known.
    """
    own = report["pyntk"]
    return {
        "kind": "cpu",
        "date": report["datetime"][:10],
        "quick": own["quick"],
        "machine": machine,
        "failed": failed,
        "datetime": report["datetime"],
        "machine_info": {"cpu": {"brand_raw": machine["cpu"]}},
        "pyntk": {
            "version": own["version"],
            "quick": own["quick"],
            "instruction_set": own["instruction_set"],
            "threads": own["threads"],
            "absent": {name: reason(why) for name, why in own["absent"].items()},
        },
        "benchmarks": [_small(bench) for bench in report["benchmarks"]],
    }


def _small(bench):
    """Return an entry of a report with its median, its fastest round, and what belongs to it."""
    info = {name: value for name, value in bench["extra_info"].items() if value not in (None, [])}
    stats = bench["stats"]
    return {
        "group": bench["group"],
        "name": info["contender"],
        "stats": {
            "median": _rounded(stats["median"]),
            "min": _rounded(stats["min"]),
            "rounds": stats["rounds"],
        },
        "extra_info": {
            name: _rounded(value) if isinstance(value, float) else value
            for name, value in info.items()
        },
    }


def _rounded(value):
    return float(f"{value:.{DIGITS}g}")


def missing(report, quick):
    """Return (group, contender) that a whole run has and the report lacks."""
    there = {entry[:2] for entry in entries(report)}
    absent = report["pyntk"]["absent"]
    return [
        (problem.name, name)
        for path in sorted(HERE.glob("bench_*.py"))
        if path.stem not in NO_PROBLEMS
        for problem in importlib.import_module(path.stem).problems(quick)
        for name in problem.contenders
        if (problem.name, name) not in there and name not in absent
    ]


def machine_of(report):
    """Return what a report says of its machine; None for what describe() would have known."""
    info, own, commit = report["machine_info"], report["pyntk"], report["commit_info"]
    changed = " with changes" if commit["dirty"] else ""
    return {
        **dict.fromkeys(describe()),
        "cpu": info["cpu"]["brand_raw"],
        "cores": info["cpu"].get("count"),
        "threads": own["threads"],
        "instruction_set": own["instruction_set"],
        "system": f"{info['system']} {info['machine']}",
        "python": info["python_version"],
        "pyntk": own["version"],
        "commit": commit["id"][:10] + changed,
    }


def main(arguments=None):
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here, alone")
    parser.add_argument("--report", type=Path, metavar="FILE", help="a report; run nothing")
    parser.add_argument("--quick", action="store_true", help="small problems, three rounds")
    parser.add_argument("-k", dest="select", metavar="EXPR", help="pytest's choice of problems")
    options = parser.parse_args(arguments)
    if options.json is None and (options.quick or options.select):
        parser.error("--quick and -k are no run of everything: name a file with --json")
    if options.report is None:
        right, report = run_benchmarks(options.quick, options.select)
        failed = None if options.select else missing(report, options.quick)
        result = summary(report, describe(), failed)
    else:
        right, report = True, read_report(options.report)
        result = summary(report, machine_of(report), None)
    print(table(result))
    results.write(result, options.json or results.default_path(result))
    if options.json is None:
        pages.write()
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
