"""How time and memory grow with the rows: ``python bench/scale.py``.

For each way to a kernel and 10^3 to 10^6 rows it prints what a model says, and beside it what was
measured wherever that ends within ``--minutes`` and fits into memory and onto the disk (of TMPDIR);
in brackets per row. The law of time has constants that the run measures first, on small problems;
the memory is what pyntk announces. Each measurement has a process of its own. Progress on standard
error; Ctrl-C prints what there is. Exit status: 1 if a measurement failed, 130 after Ctrl-C.
"""

import argparse
import datetime
import os
import sys
import time
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "peers")]

import results  # noqa: E402 - the folders above
from machine import describe  # noqa: E402
from scaling import model, texts  # noqa: E402
from scaling.ask import OutOfTimeError, ask, environment  # noqa: E402
from scaling.growth import calibrated, grow, present, series  # noqa: E402

from pyntk.threads import allowed  # noqa: E402

MOST, SMALL = 1_000_000, 6000
QUICK = 2000


def report(grown, constants, absent, load):
    """Return everything as text: a table for each way, and sentences."""
    parts = [
        texts.table(way, title, model.law(way, constants[way]), grown.lines)
        for way, title in model.WAYS.items()
        if way in constants
    ]
    parts += [f"{way}: {why}." for way, why in absent.items()]
    parts += texts.remarks(grown.lines)
    blas = environment()["OPENBLAS_NUM_THREADS"]
    parts.append(
        f"{allowed()} threads, {blas} of BLAS; load average {load[0]:.1f} before, {load[1]:.1f} "
        "after."
    )
    if load[0] > 1.5 * allowed():
        parts.append("Others compute on this machine: these are not its times.")
    return "\n\n".join(parts)


def main(arguments=None, ask=ask):
    """Run the command line and return its exit status; ``ask`` is who measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=MOST, metavar="N", help="rows of the last line")
    parser.add_argument("--minutes", type=float, default=6.0, help="for everything that is run")
    parser.add_argument("--d", type=int, default=20, help="numbers in a row")
    parser.add_argument("--workers", type=int, default=2, help="of the Dask cluster")
    parser.add_argument("--json", type=Path, metavar="FILE", help="leave the result here, too")
    parser.add_argument("--quick", action="store_true", help=f"to n = {QUICK}: does it run?")
    options = parser.parse_args(arguments)
    if min(options.most, options.d, options.workers) < 1:
        parser.error("--most, --d and --workers must be at least 1")
    if not 0 < options.minutes < float("inf"):
        parser.error("--minutes must be a positive number")
    until, load = time.monotonic() + 60 * options.minutes, [os.getloadavg()[0]]
    size = partial(model.Size, d=options.d, workers=options.workers)
    sizes = [size(n) for n in series(QUICK if options.quick else options.most)]
    ways, absent = present()
    try:
        small = size(QUICK if options.quick else SMALL)
        constants = calibrated(ways, small, ask, 60 * options.minutes)
    except KeyboardInterrupt:
        print("scale: interrupted before there was a model", file=sys.stderr)
        return 130
    except (OutOfTimeError, RuntimeError) as error:
        print(f"scale: no constants: {error}", file=sys.stderr)
        return 1
    grown = grow(sizes, constants, ask, until)
    load.append(os.getloadavg()[0])
    print(report(grown, constants, absent, load))
    if options.json is not None:
        results.write(result(options, constants, absent, grown, load), options.json)
    return 130 if grown.interrupted else int(any(line.failed for line in grown.lines))


def result(options, constants, absent, grown, load):
    """Return a result of the kind "scale"."""
    return {
        "kind": "scale",
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "quick": options.quick,
        "machine": describe(),
        "load_average": load,
        "d": options.d,
        "workers": options.workers,
        "constants": {way: found._asdict() for way, found in constants.items()},
        "absent": absent,
        "interrupted": grown.interrupted,
        "lines": [line._asdict() for line in grown.lines],
    }


if __name__ == "__main__":
    sys.exit(main())
