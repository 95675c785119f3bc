"""The rows of the table: the model at every size, and beside it what was measured where it fits."""

import math
import shutil
import sys
import tempfile
import time
from importlib.util import find_spec
from typing import Any, NamedTuple

from scaling import model
from scaling.ask import OutOfTimeError
from scaling.texts import ratio, readable_bytes, readable_seconds

from pyntk.linalg.pilot import MARGIN
from pyntk.memory import host_available

SHARE = 0.9
"""Of the memory and of the disk that there are."""

START = 4.0
"""Seconds for a process to begin, a cluster included."""


class Line(NamedTuple):
    """A way at n rows; measured quantities are None where there is the model alone."""

    way: str
    n: int
    model_seconds: float
    model_bytes: int
    seconds: float | None = None
    bytes: int | None = None
    note: str = ""
    failed: bool = False


class Grown(NamedTuple):
    """What a run leaves: the lines, and whether Ctrl-C ended the measurements."""

    lines: list[Line]
    interrupted: bool


def series(most):
    """Return 10^3, 3 10^3, 10^4, ... up to a number of rows, and that number."""
    there = [mantissa * 10**power for power in range(3, 20) for mantissa in (1, 3)]
    return sorted({n for n in there if n < most} | {most})


def present():
    """Return the ways that can be tried here, and why the others cannot."""
    if find_spec("distributed") is None:
        return [way for way in model.WAYS if way != "dask"], {"dask": "Dask is not installed"}
    return list(model.WAYS), {}


def calibrated(ways, small, ask, limit):
    """Return the constants of each way, from a tiny and a small problem.

    Args:
        ways: keys of model.WAYS.
        small: its Size.
        ask: as scaling.ask.ask.
        limit: seconds.
    """
    tiny = small._replace(n=model.TINY)
    asked = [(way, tiny) for way in ways if way != "fit"]
    asked += [(way, small) for way in ways if way != "dask"]
    asked.sort(key=lambda one: one[0] == "dask")  # last: a cluster that ends is beside the next
    _say(f"constants from n = {tiny.n} and {small.n}")
    found = dict(zip(asked, ask(asked, limit), strict=True))
    constants = {
        way: model.of_calls(found[way, tiny]["seconds"], found[way, small]["seconds"], small.n)
        for way in ("gram", "product", "stream")
    }
    if "dask" in ways:
        begun = found["dask", tiny]["seconds"]
        constants["dask"] = model.of_dask(begun, constants["product"], small.workers)
    constants["fit"] = model.of_fit(found["fit", small], constants["product"], small.n)
    return {way: constants[way] for way in ways}


def grow(sizes, constants, ask, until):
    """Return the lines of all sizes, each way in turn; Ctrl-C leaves the rest to the model.

    A way is expected to be as far from its model as it was at the size before.

    Args:
        sizes: ascending Sizes.
        constants: by way.
        ask: as scaling.ask.ask.
        until: of time.monotonic, when measurements are over.
    """
    lines, off, interrupted = [], dict.fromkeys(constants, 1.0), False
    for size in sizes:
        for way in constants:
            line = _modelled(way, size, constants[way])
            left = until - time.monotonic()
            expected = line.model_seconds * off[way] * (MARGIN if way == "fit" else 1)
            if interrupted:
                line = line._replace(note="interrupted")
            elif reason := absence(way, size, expected, left):
                line = line._replace(note=reason)
            else:
                _say(f"{way}, n = {size.n}: about {readable_seconds(expected)}")
                try:
                    line = _measured(line, size, ask, left)
                except KeyboardInterrupt:
                    interrupted = True
                    line = line._replace(note="interrupted")
            if line.seconds is not None:
                off[way] = ratio(line, "seconds")
            lines.append(line)
    return Grown(lines, interrupted)


def absence(way, size, expected, left):
    """Return why a way is not measured, or ""."""
    needed, there = model.memory(way, size) + model.rows_bytes(size), host_available()[0]
    if needed > SHARE * there:
        return f"{readable_bytes(needed)} of memory, {readable_bytes(there)} are there"
    file, free = model.disk(way, size), shutil.disk_usage(tempfile.gettempdir()).free
    if file > SHARE * free:
        return f"{readable_bytes(file)} of disk, {readable_bytes(free)} are free"
    if expected + START > left:
        return f"about {readable_seconds(expected)}, {readable_seconds(max(0, left))} are left"
    return ""


def _modelled(way, size, constants):
    seconds = model.seconds(constants, size.n)
    assert math.isfinite(seconds)
    return Line(way, size.n, seconds, model.memory(way, size))


def _measured(line, size, ask, left):
    """Return a line with what was measured, or with why there is nothing."""
    try:
        found: dict[str, Any] = ask([(line.way, size)], left)[0]
    except OutOfTimeError as error:
        return line._replace(note=str(error))
    except RuntimeError as error:
        return line._replace(note=str(error), failed=True)
    note = f"{found['steps']} steps" if "steps" in found else ""
    return line._replace(seconds=found["seconds"], bytes=found["bytes"], note=note)


def _say(what):
    print(f"scale: {what}", file=sys.stderr, flush=True)
