"""Measures what docs/accuracy.md promises: ``python bench/accuracy.py``, in about two minutes.

On each backend that is here, CUDA also on the emulator of the tests (compiled first, once), on the
tests' data, against the tests' references, which share no code with pyntk. Leaves
bench/results/<date>-accuracy-<machine>.json and makes the page anew; with ``--json FILE`` it writes
that file alone, with ``--quick`` none unless it is named. Exit status: 1 if a promise is broken.
"""

import argparse
import datetime
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the tests
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE), str(HERE / "peers")]

import pages  # noqa: E402 - the folders above
import results  # noqa: E402
from machine import describe, reason  # noqa: E402
from measured import accuracy_page  # noqa: E402
from promises import entries, spectra, sums  # noqa: E402

from backends import UnavailableError, open_backend  # noqa: E402

BACKENDS = ("cpu", "numba", "emulator", "cuda")


def measure(backends, quick=False):
    """Return the figures, by the tables of the page."""
    for what in ("overflow", "an entry of the Gram matrix"):  # rows of extreme norm
        warnings.filterwarnings("ignore", what, RuntimeWarning)
    return {
        "entries": [line._asdict() for line in entries.entries(backends, quick)],
        "ulps": [line._asdict() for line in entries.ulps(backends, quick)],
        "deep": [line._asdict() for line in entries.deep(backends, quick)],
        "sums": [line._asdict() for line in sums.sums(backends, quick)],
        "smallest_eigenvalues": spectra.smallest_eigenvalues(quick),
        "solves": [line._asdict() for line in spectra.solved(backends, quick)],
        "certificates": spectra.certified(quick),
    }


def open_all():
    """Return the backends that are here by name, and why the others are not."""
    present, absent = {}, {}
    for name in BACKENDS:
        try:
            present[name] = open_backend(name)
        except UnavailableError as error:
            absent[name] = reason(str(error))
    return present, absent


def run(quick=False):
    """Return a result of the kind "accuracy"."""
    backends, absent = open_all()
    begin = time.monotonic()
    tables = measure(backends, quick)
    return {
        "kind": "accuracy",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "quick": quick,
        "seconds": round(time.monotonic() - begin, 1),
        "machine": describe(),
        "backends": list(backends),
        "absent": absent,
        **tables,
    }


def main(arguments=None):
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here, alone")
    parser.add_argument("--quick", action="store_true", help="a part of the data: does it run?")
    options = parser.parse_args(arguments)
    result = run(options.quick)
    print(accuracy_page.page(result))
    if options.json is not None:
        results.write(result, options.json)
    elif not options.quick:
        results.write(result, results.default_path(result))
        pages.write()
    return 0 if not accuracy_page.count(result)[0] else 1


if __name__ == "__main__":
    sys.exit(main())
