"""The backends as the tests see them: where their arrays live, and which must be there."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from pyntk.dispatch import BackendAbsentError, available, load

REQUIRED = set(os.environ.get("PYNTK_REQUIRE", "").split())
"""Backends whose absence is a failure; elsewhere it is a skip with the reason."""

CUDA_ABSENCE = available()["cuda"]
"""Why there is no GPU to run the CUDA kernels on, or None."""

CONTRACT = ["cpu", "numba", "emulator"]
if CUDA_ABSENCE is None or "cuda" in REQUIRED:
    CONTRACT.append("cuda")

CUDA_SOURCES = Path(os.environ.get("PYNTK_CUDA_SOURCES", Path(__file__).parent.parent / "csrc"))
"""Where the emulator takes the CUDA sources from."""


class UnavailableError(Exception):
    """Why a backend cannot be tested here."""


@dataclass(frozen=True)
class Backend:
    """The kernels of one backend, callable on host arrays."""

    name: str
    module: ModuleType
    device: bool = False

    def run(self, kernel, inputs, outputs, inouts=None):
        """Call a kernel by keyword with outputs full of NaN (or of ones), and return them.

        What it changes in place is given as ``inouts``: copied, and returned before the outputs.
        """
        arrays = {name: self._put(value) for name, value in inputs.items()}
        results = {name: self._put(value.copy()) for name, value in (inouts or {}).items()}
        results |= {name: self._put(_unwritten(*shape)) for name, shape in outputs.items()}
        getattr(self.module, kernel)(**arrays, **results)
        return [self._get(result) for result in results.values()]

    def _put(self, value):
        if not self.device or not isinstance(value, np.ndarray):
            return value
        import cupy

        return cupy.asarray(value)

    def _get(self, value):
        if not self.device:
            return value
        import cupy

        return cupy.asnumpy(value)


def _unwritten(shape, dtype):
    if np.issubdtype(dtype, np.floating):
        return np.full(shape, np.nan, dtype)
    return np.full(shape, np.iinfo(dtype).max, dtype)


def open_backend(name):
    """Return a Backend, or raise UnavailableError with the reason."""
    if name == "emulator":
        return Backend(name, _emulated())
    try:
        return Backend(name, load(name), device=name == "cuda")
    except BackendAbsentError as error:  # a broken backend fails instead
        raise UnavailableError(str(error)) from error


def _emulated():
    if not shutil.which("g++"):
        raise UnavailableError("the CUDA block emulator needs g++ with C++20")
    path = Path(__file__).parent / "emulator" / "build.py"
    spec = importlib.util.spec_from_file_location("emulator_build", path)
    build = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build)
    sanitize = os.environ.get("PYNTK_EMULATOR_SANITIZE", "")
    library = build.build(CUDA_SOURCES, build.default_target(), sanitize)
    name = "_cuda_emulated"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, library)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
