"""What ``python -m pyntk info`` says: the version, the backends, the machine."""

import platform

import numpy as np
import scipy

from pyntk import __version__
from pyntk.backends import lapack
from pyntk.dispatch import available, load
from pyntk.threads import allowed


def describe() -> str:
    """Return the version, every backend with the reason why it is absent, threads and LAPACK."""
    reasons = available()
    width = max(map(len, reasons))
    lines = [
        f"pyntk {__version__}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"SciPy {scipy.__version__}, {platform.machine()}",
        "",
        "backends:",
        *(f"  {name:{width}}  {reason or 'available'}" for name, reason in reasons.items()),
        "",
        f"instruction set: {_from_cpu('instruction_set', reasons) or 'chosen by Numba'}",
        f"threads: {allowed()} allowed",
        f"LAPACK: {_lapack()}",
        *(f"BLAS loaded: {line}" for line in _blas()),
    ]
    return "\n".join(lines)


def _from_cpu(name: str, reasons: dict[str, str | None]) -> str:
    """Return what the C++ backend says of itself, or nothing where it is absent."""
    tell = None if reasons["cpu"] else getattr(load("cpu"), name, None)
    return str(tell()) if tell else ""


def _lapack() -> str:
    """Return the LAPACK that eigh and the solves call, or why there is none."""
    try:
        return lapack.describe()
    except (ImportError, OSError, ValueError) as error:
        return f"none: {error}"


def _blas() -> list[str]:
    """Return the BLAS libraries in this process; what SciPy was built with if nobody can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        built = scipy.show_config(mode="dicts")["Build Dependencies"]
        return [f"{part}: {built[part]['name']} (SciPy's build)" for part in ("blas", "lapack")]
    return [
        f"{pool['internal_api']} {pool['version']}, {pool['num_threads']} thread(s), "
        f"{pool.get('architecture', 'architecture unknown')}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ] or ["none"]
