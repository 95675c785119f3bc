"""Fixtures: CuPy, cupyx, pyntk._cuda, and PyTorch's and JAX's arrays on pretended devices.

A test module imports ``pretended_device`` and its tests take ``device``, the module that stands for
CuPy; or it imports ``pretended_frameworks``, and its tests take ``frameworks``, all stand-ins by
name. What they install is gone after the test, and a test with a race among its streams fails,
as one does whose kernels write behind their arrays.
"""

import functools
import importlib.abc
import importlib.machinery
import sys

import pytest

import backends
import pyntk
import pyntk.backends
import pyntk.dispatch
from pretend import cuda_module, cupy, jax_arrays, log, torch_tensors
from pretend.machine import machine

AFFECTED = ("cupy", "cupyx", "torch", "jax", "jaxlib", "pyntk.torch", "pyntk.jax")
"""Modules of these names, and in them, are taken away for the test and put back after it."""

FRAMEWORKS = {"torch": torch_tensors, "jax": jax_arrays}
"""The stand-ins that the fixture ``frameworks`` installs beside CuPy's."""


@pytest.fixture(name="device")
def pretended_device():
    """The pretended CuPy, installed with everything that pyntk finds through it."""
    with installed(emulated_module()) as modules:
        yield modules["cupy"]
        check_log()


@pytest.fixture(name="frameworks")
def pretended_frameworks():
    """The pretended modules by name: "cupy", "torch" and "jax", all installed."""
    with installed(emulated_module(), FRAMEWORKS) as modules:
        yield modules
        check_log()


def check_log():
    """Fail for what would go wrong on a GPU, though every result may be right here."""
    machine.look_behind_all()
    assert not log.races
    assert not log.overruns


@functools.cache
def emulated_module():
    """Return the emulator's module; where it is absent, skip, or fail if it is required."""
    try:
        return backends.open_backend("emulator").module
    except backends.UnavailableError as reason:
        if "emulator" in backends.REQUIRED:
            pytest.fail(f"PYNTK_REQUIRE names emulator, but: {reason}")
        pytest.skip(str(reason))


class installed:  # noqa: N801
    """A context manager that installs the pretended machine over the emulator's module.

    Args:
        emulated: the module of the block emulator.
        frameworks: of FRAMEWORKS, whose stand-ins are installed too.
    """

    def __init__(self, emulated, frameworks=()):
        self._emulated, self._frameworks = emulated, frameworks

    def __enter__(self):
        machine.reset()
        log.clear()
        self._before = _take_away()
        modules = cupy.modules()
        for name in self._frameworks:
            modules |= FRAMEWORKS[name].modules()
        modules["pyntk._cuda"] = cuda_module.make(self._emulated)
        late = {name: modules[name] for name in cupy.LATE}
        sys.modules.update({name: modules[name] for name in modules if name not in late})
        self._finder = Finder(late)
        sys.meta_path.insert(0, self._finder)
        pyntk._cuda = modules["pyntk._cuda"]
        return modules

    def __exit__(self, *error):
        sys.meta_path.remove(self._finder)
        _take_away()
        sys.modules.update(self._before)
        if hasattr(pyntk, "_cuda"):
            del pyntk._cuda
        if "pyntk._cuda" in self._before:
            pyntk._cuda = self._before["pyntk._cuda"]


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules when they are imported by name, not before."""

    def __init__(self, modules):
        self._modules = modules

    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name in self._modules else None

    def create_module(self, spec):
        return self._modules[spec.name]

    def exec_module(self, module):
        pass


def _take_away():
    """Remove and return the modules that are replaced, and forget which backends there are."""
    pyntk.dispatch.load.cache_clear()
    found = {
        name: module
        for name, module in list(sys.modules.items())
        if name in ("pyntk._cuda", "pyntk.backends.cuda")
        or any(name == one or name.startswith(one + ".") for one in AFFECTED)
    }
    for name in found:
        del sys.modules[name]
    if hasattr(pyntk.backends, "cuda"):
        del pyntk.backends.cuda
    return found
