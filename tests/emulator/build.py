"""Builds the CUDA sources for the CPU block emulator: a Python module over NumPy arrays.

As a program: ``python tests/emulator/build.py [--sanitize address,undefined]`` prints the module's
path.
"""

import argparse
import hashlib
import os
import shlex
import subprocess
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pybind11

HERE = Path(__file__).resolve().parent
MODULE = "_cuda_emulated"
JOBS = 2

# -O1: most of the time goes into barriers; more optimisation costs more than it brings.
FLAGS = (
    "-std=c++20 -O1 -g1 -fPIC -fvisibility=hidden -ffp-contract=off -pthread "
    "-Wall -Wextra -Werror -Wno-unknown-pragmas "
    f"-DPYNTK_EMULATED_MODULE={MODULE}"
).split()


def default_target() -> Path:
    """Return the folder that built modules are kept in, outside the working tree."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "pyntk" / "emulator"


def build(sources: Path, target: Path, sanitize: str = "") -> Path:
    """Compile ``sources``/cuda and its bindings, and return the path of the Python module.

    Args:
        sources: the folder ``csrc``.
        target: a folder for the results; a build of the same sources is found there and reused.
        sanitize: for ``-fsanitize=``, as "address,undefined" or "thread".
    """
    sources, compiler = sources.resolve(), shlex.split(os.environ.get("CXX", "g++"))
    flags = [*FLAGS, *([f"-fsanitize={sanitize}", "-fno-omit-frame-pointer"] if sanitize else [])]
    folder = target / _fingerprint(sources, [*compiler, *flags])
    library = folder / f"{MODULE}{sysconfig.get_config_var('EXT_SUFFIX')}"
    if library.exists():
        return library
    includes = [f"-I{sysconfig.get_path('include')}", f"-I{pybind11.get_include()}"]
    units = [sources / "bindings" / "cuda_module.cpp", *sorted((sources / "cuda").glob("*.cu"))]
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        objects = [Path(scratch) / (unit.stem + ".o") for unit in units]

        def compile_unit(unit: Path, result: Path) -> None:
            emulator = ["-include", str(HERE / "emulator.hpp"), "-x", "c++", str(unit)]
            _run([*compiler, *flags, *includes, *emulator, "-c", "-o", str(result)])

        with ThreadPoolExecutor(JOBS) as pool:
            list(pool.map(compile_unit, units, objects))
        linked = Path(scratch) / library.name
        _run([*compiler, *flags, "-shared", *map(str, objects), "-o", str(linked)])
        linked.replace(library)  # in one step: a second process never sees half a module
    return library


def _fingerprint(sources: Path, command: list[str]) -> str:
    """Return a hash of everything that goes into the module."""
    digest = hashlib.sha256()
    folders = [sources / name for name in ("bindings", "core", "cuda", "math")]
    tree = sorted(path for folder in folders for path in folder.iterdir() if path.is_file())
    for path in [*tree, HERE / "emulator.hpp"]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    versions = [sysconfig.get_config_var("SOABI"), pybind11.__version__]
    digest.update(repr([*command, *versions]).encode())
    return digest.hexdigest()[:16]


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
