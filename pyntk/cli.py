"""The command line: ``pyntk explain``, ``check``, ``info`` and ``bench``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from pyntk import BackendError, __version__
from pyntk.cli_check import add_check
from pyntk.data import DataSet, digits, load_table, sphere
from pyntk.dispatch import BACKENDS, choose
from pyntk.theory import Explanation, explain

FAILED: Final = 1
"""Exit status: a check does not hold."""
UNUSABLE: Final = 2
"""Exit status: the command or the data cannot be used."""
INTERRUPTED: Final = 130
"""Exit status: Ctrl-C."""

DIGITS_ROWS: Final = 250
"""Training rows of the bundled digits; the other 110 are held out."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: without the program's name; those of the process if None.
    """
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except KeyboardInterrupt:
        print("pyntk: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (
        ValueError,
        TypeError,
        OSError,
        MemoryError,
        ModuleNotFoundError,
        BackendError,
        np.linalg.LinAlgError,
    ) as error:
        print(f"pyntk: {error}", file=sys.stderr)
        return UNUSABLE
    return status


def _explain(options: argparse.Namespace) -> int:
    """Explain a data set; print the table; write explain.json and explain.png."""
    _refuse_contradictions(options)
    backend = choose(options.backend, on_device=False)
    options.output.mkdir(parents=True, exist_ok=True)
    data = _data(options)
    bundled = options.data is None and options.synthetic is None
    explanation = explain(
        data.X,
        data.y,
        rows=options.rows or (DIGITS_ROWS if bundled else None),
        width=options.width,
        steps=options.steps,
        seed=options.seed,
        epsilon=options.epsilon,
        quick=options.quick,
        name=f"{data.name} ({data.classes[0]} against {data.classes[1]})",
        notes=data.notes,
        backend=backend,
        threads=options.threads,
        progress=options.progress,
    )
    print(explanation.summary())
    print("\nwritten: " + ", ".join(map(str, _write(explanation, options))))
    return 0 if explanation.holds else FAILED


def _info(options: argparse.Namespace) -> int:
    """Print version, backends and machine."""
    from pyntk.info import describe

    print(describe())
    return 0


def _bench(options: argparse.Namespace) -> int:
    """Run the benchmarks, or read a report of them; print the table."""
    from pyntk.bench import run_benchmarks
    from pyntk.bench_report import read_report, table

    if options.show is not None and (options.quick or options.select or options.json):
        raise ValueError("--show prints a report that is there; it takes --compare alone")
    earlier = None if options.compare is None else read_report(options.compare)
    if options.show is not None:
        right, report = True, read_report(options.show)
    else:
        right, report = run_benchmarks(options.quick, options.select, options.json)
    print(table(report, earlier))
    return 0 if right else FAILED


def _refuse_contradictions(options: argparse.Namespace) -> None:
    """Raise ValueError for options that do not go together."""
    if options.data is not None and options.synthetic is not None:
        raise ValueError("--data and --synthetic name two data sets; give one")
    if options.target is not None and options.data is None:
        raise ValueError("--target names a column of --data, which is not given")
    if options.classes is not None and options.synthetic is not None:
        raise ValueError("--classes does not apply to --synthetic, which has two classes")
    if options.synthetic is None and (options.n is not None or options.d is not None):
        raise ValueError("--n and --d are the sizes of --synthetic, which is not given")


def _data(options: argparse.Namespace) -> DataSet:
    """Return the data set that the options name."""
    if options.synthetic is not None:
        return sphere(options.n or 300, options.d or 50, options.seed)
    if options.data is not None:
        return load_table(options.data, options.target, options.classes)
    return digits(options.classes or (0, 1))


def _write(explanation: Explanation, options: argparse.Namespace) -> list[Path]:
    """Write the report, and the picture if it can be drawn; return the paths."""
    report: Path = options.output / "explain.json"
    text = json.dumps(explanation.to_dict(), allow_nan=False, indent=1)
    report.write_text(text + "\n", encoding="utf-8")
    written = [report]
    if options.plot:
        picture: Path = options.output / "explain.png"
        try:
            figure = explanation.plot()
        except ModuleNotFoundError as error:
            print(f"pyntk: no explain.png: {error}", file=sys.stderr)
        else:
            figure.savefig(picture, dpi=110)
            written.append(picture)
    return written


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="pyntk",
        description="Neural tangent kernels of ReLU networks, and the theorems on your own data.",
    )
    parser.add_argument("--version", action="version", version=f"pyntk {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="{explain,check,info,bench}"
    )
    info = commands.add_parser("info", help="version, backends, threads, LAPACK")
    info.set_defaults(run=_info)
    bench = commands.add_parser(
        "bench",
        help="time the kernels beside their peers and their limits",
        description=(
            "Runs the benchmarks of the source checkout (pytest bench) and prints medians, ratios "
            "to pyntk, the share of the roofline that was measured in the same run, and errors. "
            "Exit status: 0, 1 if a contender failed or its answer is wrong, 2 if nothing could "
            "be run."
        ),
    )
    bench.set_defaults(run=_bench)
    _add_bench_options(bench)
    add_check(commands, _positive, _natural, list(BACKENDS))
    command = commands.add_parser(
        "explain",
        help="lay the theorems of Arora et al. 2019 beside measurements",
        description=(
            "Lays what Arora et al. (arXiv 1901.08584) and Du et al. (arXiv 1810.02054) predict "
            "beside what is measured; prints the table, writes explain.json and explain.png. "
            "Without --data and --synthetic: scikit-learn's digits, 0 against 1. "
            "Exit status: 0 if every check holds, 1 if one does not, 2 for unusable input."
        ),
    )
    command.set_defaults(run=_explain)
    _add_data_options(command)
    _add_run_options(command)
    return parser


def _add_bench_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the benchmarks."""
    command.add_argument("--quick", action="store_true", help="small problems, three rounds")
    command.add_argument("-k", dest="select", metavar="EXPR", help="pytest's choice of problems")
    command.add_argument("--json", type=Path, metavar="FILE", help="leave the report here")
    command.add_argument("--compare", type=Path, metavar="FILE", help="an earlier report")
    command.add_argument("--show", type=Path, metavar="FILE", help="print a report, run nothing")


def _add_data_options(command: argparse.ArgumentParser) -> None:
    """Add the options that choose the data."""
    data = command.add_argument_group("data")
    data.add_argument("--data", type=Path, metavar="FILE", help=".csv or .npz file")
    data.add_argument(
        "--target",
        metavar="COLUMN",
        help="labels: name or index of a .csv column (default: the last), name of an .npz array",
    )
    data.add_argument(
        "--classes",
        nargs=2,
        metavar=("A", "B"),
        help="two classes, A is +1 (default: the digits 0 and 1; of a file the two most frequent)",
    )
    data.add_argument("--synthetic", choices=["sphere"], help="rows uniform on a sphere")
    data.add_argument("--n", type=_positive, help="rows of --synthetic, held-out ones too (300)")
    data.add_argument("--d", type=_positive, help="inputs of --synthetic (50)")
    data.add_argument(
        "--rows",
        type=_positive,
        help="training rows (default: 250 digits; else 70 %% of the rows, at most 500)",
    )


def _add_run_options(command: argparse.ArgumentParser) -> None:
    """Add the options of the run and of its output."""
    run = command.add_argument_group("run")
    run.add_argument("--width", type=_positive, metavar="M", help="neurons, even (4096 to 32768)")
    run.add_argument("--steps", type=_positive, metavar="K", help="steps of training (200)")
    run.add_argument("--seed", type=_natural, default=0, help="of every random choice (0)")
    run.add_argument(
        "--epsilon", type=float, default=0.1, help="the theorem's epsilon, relative (0.1)"
    )
    run.add_argument("--quick", action="store_true", help="60 steps, half the width")
    run.add_argument("--backend", choices=list(BACKENDS), help="default: cpu, else numba")
    run.add_argument("--threads", type=_positive, help="at most so many CPU threads")
    output = command.add_argument_group("output")
    output.add_argument(
        "--output", type=Path, default=Path(), metavar="DIR", help="folder (the current one)"
    )
    output.add_argument("--no-plot", dest="plot", action="store_false", help="no explain.png")
    output.add_argument(
        "--no-progress", dest="progress", action="store_false", help="no progress bar"
    )


def _positive(text: str) -> int:
    """Return an integer >= 1."""
    return _integer(text, 1)


def _natural(text: str) -> int:
    """Return an integer >= 0."""
    return _integer(text, 0)


def _integer(text: str, least: int) -> int:
    """Return an integer >= least, or raise what argparse turns into a sentence."""
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"must be an integer >= {least}, not {text!r}")
    return value
