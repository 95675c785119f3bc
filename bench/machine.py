"""What a result was measured on and with, from the machine, the packages and the checkout."""

import os
import platform
import re
import subprocess
from pathlib import Path

import numpy as np
import scipy

import pyntk
from pyntk.backends import lapack
from pyntk.dispatch import available, load
from pyntk.threads import allowed

ROOT = Path(__file__).parents[1]
COMPILED = "_cpu"
STEERING = ("OPENBLAS_", "MKL_", "OMP_", "PYNTK_ISA", "PYNTK_LAPACK")
"""What the names of variables begin with that decide how BLAS, OpenMP and pyntk compute."""
COMPILER = re.compile(rb"(?:GCC: \([^)]*\)|clang version) [\d.]+")


def describe():
    """Return the machine as a JSON object; None for what cannot be found out."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": allowed(),
        "instruction_set": None if available()["cpu"] else load("cpu").instruction_set(),
        "compiler": compiler(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "lapack": lapack.describe(),
        "pyntk": pyntk.__version__,
        "commit": commit(),
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(STEERING)
            and not name.endswith("_NUM_THREADS")  # "threads" tells
            and os.sep not in value  # folders
        },
    }


def cpu_name():
    """Return the processor's name as Linux tells it."""
    source = Path("/proc/cpuinfo")
    lines = source.read_text().splitlines() if source.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def compiler():
    """Return the compiler that wrote its name into the C++ module, or None."""
    modules = sorted(Path(pyntk.__file__).parent.glob(f"{COMPILED}.*"))
    found = COMPILER.search(modules[0].read_bytes()) if modules else None
    return found and found[0].decode().replace("GCC: ", "GCC ", 1)


def commit():
    """Return the commit of the checkout, and whether what is measured was changed since; or None.

    What is measured are the kernels and their references, not results and pages.
    """
    try:
        name = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--", "pyntk", "csrc", "tests", "bench/*.py")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{name} with changes" if changed else name


def reason(text):
    """Return why something is absent, without the advice and the paths that follow."""
    return text.partition(";")[0].rpartition(" is absent: ")[2]


def _git(*arguments):
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
