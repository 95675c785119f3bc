"""Builds the CUDA sources for the CPU block emulator: a Python module over NumPy arrays.

As a program: ``python tests/emulator/build.py [--sanitize address,undefined]`` prints the module's
path.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shlex
import subprocess
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pybind11

HERE = Path(__file__).resolve().parent
HEADER = HERE / "emulator.hpp"
MODULE = "_cuda_emulated"
JOBS = 2

# -O1: all units take 23 s of CPU time, with -O2 31 s, for 0.3 s of the 8.6 s in kernels that 2019
# tests of the contract took. FMA where it is (_instructions) made 4 s of them, at no price.
FLAGS = (
    "-std=c++20 -O1 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -pthread "
    "-Wall -Wextra -Werror -Wno-unknown-pragmas "
    f"-DPYNTK_EMULATED_MODULE={MODULE}"
).split()


def _instructions() -> list[str]:
    """Return the flags for FMA where this machine has it; else each std::fma is a call."""
    about = Path("/proc/cpuinfo")
    there = set(about.read_text().split()) if about.exists() else set()
    names = {"avx2", "fma", "popcnt"}
    return [f"-m{name}" for name in sorted(names)] if names <= there else []


def default_target() -> Path:
    """Return the folder that built modules are kept in, outside the working tree."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pyntk" / "emulator"


def build(sources: Path, target: Path, sanitize: str = "") -> Path:
    """Compile ``sources``/cuda and its bindings, and return the path of the Python module.

    Args:
        sources: the folder ``csrc``.
        target: a folder for the results; what was built from the same files is found there and
            reused, modules and single objects.
        sanitize: for ``-fsanitize=``, as "address,undefined" or "thread".
    """
    sources, compiler = sources.resolve(), shlex.split(os.environ.get("CXX", "g++"))
    flags = [*FLAGS, *_instructions()]
    if sanitize:
        flags += [f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"]
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{pybind11.get_include()}"]
    units = [sources / "bindings" / "cuda_module.cpp", *sorted((sources / "cuda").glob("*.cu"))]
    target.mkdir(parents=True, exist_ok=True)
    objects = {unit: target / f"{_fingerprint(unit, [*compiler, *flags])}.o" for unit in units}
    module = hashlib.sha256(repr([path.name for path in objects.values()]).encode()).hexdigest()[
        :16
    ]
    library = target / module / f"{MODULE}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if library.exists():
        return library

    def compile_unit(unit: Path) -> None:
        if not objects[unit].exists():
            emulator = ["-include", str(HEADER), "-x", "c++", str(unit)]
            _make(objects[unit], [*compiler, *flags, *includes, *emulator, "-c"])

    with (target / "lock").open("w") as lock, ThreadPoolExecutor(JOBS) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second finds what the first has built
        list(pool.map(compile_unit, units))
        library.parent.mkdir(exist_ok=True)
        if not library.exists():
            _make(library, [*compiler, *flags, "-shared", *map(str, objects.values())])
    return library


def _make(result: Path, command: list[str]) -> None:
    """Run a compiler; the result is there in one step, so nobody sees half of it."""
    with tempfile.TemporaryDirectory(dir=result.parent) as scratch:
        made = Path(scratch) / result.name
        _run([*command, "-o", str(made)])
        made.replace(result)


def _fingerprint(unit: Path, command: list[str]) -> str:
    """Return a hash of everything that goes into an object."""
    digest = hashlib.sha256()
    for path in [*sorted(_with_includes(unit)), *sorted(_with_includes(HEADER))]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    versions = [sysconfig.get_config_var("SOABI"), pybind11.__version__]
    digest.update(repr([*command, *versions]).encode())
    return digest.hexdigest()[:16]


def _with_includes(path: Path) -> set[Path]:
    """Return a file and all that it includes from beside it, directly or not."""
    found, waiting = set(), [path]
    while waiting:
        here = waiting.pop()
        if here in found:
            continue
        found.add(here)
        names = re.findall(r'^\s*#include "([^"]+)"', here.read_text(), re.MULTILINE)
        waiting += [(here.parent / name).resolve() for name in names]
    return found


def _run(command: list[str]) -> None:
    """Run a compiler; raise with what it said if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{shlex.join(command)}\n{result.stderr}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sources", type=Path, default=HERE.parent.parent / "csrc")
    parser.add_argument("--target", type=Path, default=default_target())
    parser.add_argument("--sanitize", default="")
    options = parser.parse_args()
    print(build(options.sources, options.target, options.sanitize))
