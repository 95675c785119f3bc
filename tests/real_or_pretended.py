"""Fixtures: CuPy where a GPU is, else the pretended CuPy over the block emulator.

What a test asks of ``device``, it asks of both: values, kinds, errors. What only the pretended
machine knows, as the copies that were made, is asked by tests that take ``pretended``, or the
stand-ins of ``frameworks``; what is too much for it, by tests that take ``real``.
"""

import pytest

import backends
import pyntk.dispatch
from pretended import FRAMEWORKS, check_log, emulated_module, installed

REASON = pyntk.dispatch.available()["cuda"]
"""Why no GPU is used; None where one is."""


@pytest.fixture(name="device")
def real_or_pretended_device():
    """The module cupy, real or pretended."""
    if REASON is None:
        import cupy

        yield cupy
        return
    if "cuda" in backends.REQUIRED:
        pytest.fail(f"PYNTK_REQUIRE names cuda, but: {REASON}")
    with installed(emulated_module()) as modules:
        yield modules["cupy"]
        check_log()


@pytest.fixture(name="pretended")
def pretended_alone(device):
    """The pretended cupy; a skip on a real GPU, where nobody counts copies."""
    if REASON is None:
        pytest.skip("the copies between host and device are counted on the pretended machine alone")
    return device


@pytest.fixture(name="frameworks")
def pretended_frameworks_alone():
    """The stand-ins for PyTorch and JAX by name; a skip on a real GPU."""
    if REASON is None:
        pytest.skip("the stand-ins for PyTorch and JAX are of the pretended machine")
    with installed(emulated_module(), FRAMEWORKS) as modules:
        yield modules
        check_log()


@pytest.fixture(name="real")
def real_device(device):
    """The real cupy; a skip where there is no GPU."""
    if REASON is not None:
        pytest.skip(f"too much for the block emulator: {REASON}")
    return device
