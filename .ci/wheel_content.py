#!/usr/bin/env python3
"""What is in a wheel and what it needs: both compiled modules, the files of the sources, no more.

``wheel_content.py WHEEL``, from the sources that the wheel was made of (an unpacked source
distribution). Needs ``readelf``. The exit status is 1, with the differences, if something is wrong.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

SOURCES = Path(__file__).resolve().parent.parent
MODULES = {"_cpu", "_cuda"}
DIST_INFO = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE"}
# What manylinux takes for granted; nothing of CUDA, so that a machine without a driver imports all.
SYSTEM = {
    "ld-linux-x86-64.so.2", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6",
    "libpthread.so.0", "librt.so.1", "libstdc++.so.6",
}  # fmt: skip


def main(path: Path) -> list[str]:
    """Return what is wrong with a wheel, and print what is in it."""
    with ZipFile(path) as wheel, tempfile.TemporaryDirectory() as folder:
        names = {name for name in wheel.namelist() if not name.endswith("/")}
        compiled = sorted(name for name in names if ".so" in Path(name).suffixes)
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB, {len(names)} files")
        problems = _files(names - set(compiled)) + _modules(compiled)
        for name in compiled:
            problems += _needs(Path(wheel.extract(name, folder)))
    return problems


def _files(names: set[str]) -> list[str]:
    """Compare what is not compiled with the sources and with what a dist-info has."""
    package = {
        str(path.relative_to(SOURCES))
        for path in (SOURCES / "pyntk").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    found = {re.sub(r"^pyntk-[^/]*\.dist-info/", "dist-info/", name) for name in names}
    expected = package | {f"dist-info/{name}" for name in DIST_INFO}
    return [f"missing: {name}" for name in sorted(expected - found)] + [
        f"does not belong there: {name}" for name in sorted(found - expected)
    ]


def _modules(compiled: list[str]) -> list[str]:
    """Both modules, once, in the package."""
    expected = sorted(f"pyntk/{module}" for module in MODULES)
    stems = [name.partition(".")[0] for name in compiled]
    return [] if stems == expected else [f"compiled: {compiled}, not one file each of {expected}"]


def _needs(module: Path) -> list[str]:
    """Look at the libraries that a module asks for, and print the newest symbols of each."""
    dynamic = _readelf("--dynamic", module)
    libraries = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    newest: dict[str, tuple[int, ...]] = {}
    for family, version in re.findall(
        r"\b(GLIBC|GLIBCXX|CXXABI|GCC)_([0-9.]+)", _readelf("--version-info", module)
    ):
        newest[family] = max(newest.get(family, ()), tuple(map(int, version.split("."))))
    print(
        f"  {module.name}: {module.stat().st_size / 1e6:.1f} MB, {', '.join(sorted(libraries))}; "
        + ", ".join(f"{family} {'.'.join(map(str, newest[family]))}" for family in sorted(newest))
    )
    problems = [f"{module.name} needs {name}" for name in sorted(libraries - SYSTEM)]
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        problems.append(f"{module.name} has a path of the machine that built it")
    return problems


def _readelf(what: str, module: Path) -> str:
    command = ["readelf", "--wide", what, str(module)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    found = main(Path(sys.argv[1]))
    print("\n".join(found), file=sys.stderr, end="\n" if found else "")
    sys.exit(bool(found))
