"""Runs the benchmarks of the source checkout: ``python -m pyntk bench``."""

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pyntk.bench_report import Report, read_report
from pyntk.threads import allowed

MARK: Final = "bench_limits.py"
"""A file that the folder of the benchmarks has: what the roofline comes from."""
STEERING: Final = (
    "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "MKL_CBWR", "MKL_DEBUG_CPU_TYPE",
    "MKL_ENABLE_INSTRUCTIONS",
)  # fmt: skip
"""Variables that keep a library from the kernels that it would choose; taken away."""
WRONG_ANSWER: Final = 1
"""pytest's exit status: some tests failed."""


def bench_folder() -> Path:
    """Return the folder of the benchmarks; raise FileNotFoundError where there is none."""
    package = Path(__file__).parent
    candidates = [package.parent / "bench", Path.cwd() / "bench"]
    for folder in candidates:
        if (folder / MARK).is_file():
            return folder
    raise FileNotFoundError(
        "the benchmarks are in pyntk's source checkout, not in the installed package: run this "
        "command in the checkout (no folder " + ", ".join(map(str, candidates)) + ")"
    )


def run_benchmarks(
    quick: bool = False, select: str | None = None, json: Path | None = None
) -> tuple[bool, Report]:
    """Run the benchmarks in a process of their own; return whether every answer was right.

    Args:
        quick: small problems, few rounds.
        select: pytest's -k expression; the limits are measured whatever it says.
        json: where to leave the report; a temporary file if None.

    Returns:
        (right, report): pytest-benchmark's report, of the contenders that were right.

    Raises:
        FileNotFoundError: there are no benchmarks here.
        ModuleNotFoundError: pytest or pytest-benchmark is not installed.
        ValueError: pytest could not run, or no benchmark was finished.
    """
    folder = bench_folder()
    for package in ("pytest", "pytest_benchmark"):
        if find_spec(package) is None:
            raise ModuleNotFoundError(f'{package} is not installed: pip install "pyntk[test]"')
    if json is not None and not json.parent.is_dir():
        raise FileNotFoundError(f"no folder {json.parent} to write {json.name} to")
    with tempfile.TemporaryDirectory() as scratch:
        target = json or Path(scratch) / "report.json"
        # -P: the current folder is no place to import from. -rNfE: failures; the table names the
        # absent.
        command = [sys.executable, "-P", "-m", "pytest", str(folder), "-q", "-rNfE"]
        command += ["-p", "no:cacheprovider", "-W", "ignore:Not saving anything"]
        command += ["--benchmark-quiet", f"--benchmark-json={target.absolute()}"]
        command += ["--quick"] * quick
        if select is not None:
            command += ["-k", f"({select}) or {Path(MARK).stem}"]
        status = subprocess.run(command, env=_environment()).returncode
        if status not in (0, WRONG_ANSWER):
            raise ValueError(f"the benchmarks did not run: pytest's exit status is {status}")
        if not target.is_file() or not target.stat().st_size:
            raise ValueError("no benchmark was finished")
        return status == 0, read_report(target)


def _environment() -> dict[str, str]:
    """Return the environment in which every contender may do its best on as many threads."""
    threads = str(allowed())
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    return {
        **{name: value for name, value in os.environ.items() if name not in STEERING},
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),  # this pyntk, not another
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
    }
