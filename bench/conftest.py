"""Benchmarks: ``pytest bench``. The contenders of a group run on the same arrays, in turn.

Compare ratios and medians within one run only; the machine may be shared. Every benchmark checks
the answer that it times.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "peers"))


def pytest_benchmark_update_machine_info(config, machine_info):
    from pyntk.dispatch import available
    from pyntk.threads import allowed

    machine_info["pyntk"] = {
        "backends": available(),
        "threads": allowed(),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
    }


@pytest.fixture
def timed(benchmark):
    """Run and time a call at least five times after a warm-up; return its last result."""

    def run(call, group):
        benchmark.group = group
        return benchmark.pedantic(call, rounds=7, warmup_rounds=2)

    return run
