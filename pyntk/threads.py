"""How many CPU threads a call may use."""

import math
import operator
import os
from functools import cache
from pathlib import Path


def allowed() -> int:
    """Return the number of CPUs this process may use: affinity, cgroup quota, OMP_NUM_THREADS."""
    limits = [len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()]
    limits.append(_cgroup_quota())
    for variable in ("PYNTK_NUM_THREADS", "OMP_NUM_THREADS"):
        value = os.environ.get(variable, "").split(",")[0].strip()
        if value.isdecimal() and int(value) > 0:
            limits.append(int(value))
    return max(1, min(limit for limit in limits if limit is not None))


def admit_threads(threads: int | None) -> int:
    """Return how many threads to use; raise for anything but None or an integer >= 1."""
    if threads is None:
        return allowed()
    if isinstance(threads, bool):
        raise TypeError("threads must be an integer, not bool")
    try:
        count = operator.index(threads)
    except TypeError:
        raise TypeError(f"threads must be an integer, not {type(threads).__name__}") from None
    if count < 1:
        raise ValueError(f"threads must be at least 1, not {count}")
    return min(count, allowed())


@cache
def _cgroup_quota() -> int | None:
    """Return the CPU quota of this process's cgroup (version 2), rounded up, or None.

    Read once: it is half of the price of a small call.
    """
    try:
        own = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2]
        for folder in (Path("/sys/fs/cgroup") / own.lstrip("/"), Path("/sys/fs/cgroup")):
            if (folder / "cpu.max").exists():
                quota, period = (folder / "cpu.max").read_text().split()
                return None if quota == "max" else math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        pass  # not Linux, or no cgroup: no quota
    return None
