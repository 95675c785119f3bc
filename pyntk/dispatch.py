"""Which backend a call runs on, and why one is absent."""

import importlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from pyntk.contract import NAMES

BACKENDS: Final = {
    "cpu": "pyntk.backends.cpu",
    "numba": "pyntk.backends.numba_cpu",
    "cuda": "pyntk.backends.cuda",
}
"""Every backend and the module that holds its kernels."""

_INSTALL: Final = {
    "cpu": "reinstall pyntk with a C++20 compiler on the PATH (PYNTK_REQUIRE=cpu shows its errors)",
    "numba": 'pip install "pyntk[numba]"',
    "cuda": 'reinstall with PYNTK_CUDA=ON and nvcc, then pip install "pyntk[cuda13]"',
}


class BackendError(RuntimeError):
    """A backend that was asked for cannot be used; the message says why and what to install."""


class BackendAbsentError(BackendError):
    """A backend is not installed, or the machine lacks what it runs on."""


@cache
def load(backend: str) -> ModuleType:
    """Return the module of a backend; raise BackendAbsentError, or BackendError if it is broken."""
    try:
        module = importlib.import_module(BACKENDS[backend])
    except BackendAbsentError:
        raise
    except ModuleNotFoundError as error:
        raise BackendAbsentError(_absence(backend, error)) from error
    except Exception as error:
        raise BackendError(
            f"backend {backend!r} is installed but broken: {type(error).__name__}: {error}"
        ) from error
    for name in NAMES:
        if not hasattr(module, name):
            raise BackendError(f"backend {backend!r} is broken: it has no kernel {name!r}")
    return module


def available() -> dict[str, str | None]:
    """Return, for every backend, None if it can be used, else the reason why not."""
    reasons: dict[str, str | None] = {}
    for backend in BACKENDS:
        try:
            load(backend)
            reasons[backend] = None
        except BackendError as error:
            reasons[backend] = str(error)
    return reasons


def named(backend: str | None) -> str | None:
    """Return the backend that is asked for by name: the argument, else PYNTK_BACKEND."""
    return backend or os.environ.get("PYNTK_BACKEND") or None


def choose(backend: str | None, on_device: bool) -> str:
    """Return a call's backend: the argument, else PYNTK_BACKEND, else by where the arrays are."""
    asked = named(backend)
    if asked is not None:
        if asked not in BACKENDS:
            raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {asked!r}")
        if (asked == "cuda") != on_device:
            raise BackendError(
                f"backend {asked!r} was asked for, but the arrays are "
                + (
                    "on a CUDA device; cupy.asnumpy(X) copies one to the host"
                    if on_device
                    else "on the host; cupy.asarray(X) copies one to the device"
                )
            )
        load(asked)
        return asked
    if on_device:
        load("cuda")
        return "cuda"
    absences = []
    for candidate in ("cpu", "numba"):
        try:
            load(candidate)
            return candidate
        except BackendAbsentError as error:
            absences.append(str(error))
    raise BackendAbsentError("pyntk has no backend for arrays on the host.\n" + "\n".join(absences))


def kernel(name: str, backend: str) -> Callable[..., None]:
    """Return a kernel of a backend that :func:`choose` returned."""
    function: Any = getattr(load(backend), name)
    return function  # type: ignore[no-any-return]


def _absence(backend: str, error: ModuleNotFoundError) -> str:
    """Say why a backend is absent and what brings it."""
    why = f"backend {backend!r} is absent: {error}"
    if "cannot be used" in str(
        error
    ):  # it is installed; the machine lacks the device or its driver
        return why
    source = Path(__file__).parent
    if backend != "numba" and (source.parent / "pyproject.toml").exists():
        why += f"; pyntk is imported from its source folder ({source}), where nothing was built"
    return f"{why}; {_INSTALL[backend]}"
