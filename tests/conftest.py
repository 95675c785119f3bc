import functools
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

import backends


def pytest_collection_modifyitems(config, items):
    """Leave out three quarters of the broken lines, unless PYNTK_EMULATOR is "all".

    Each is a compilation and a pytest of its own, five seconds of CPU time. .ci/release tries all
    of them; pytest tells how many are deselected.
    """
    if os.environ.get("PYNTK_EMULATOR") == "all":
        return
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item):
    is_broken_line = getattr(item, "originalname", "") == "test_a_broken_line_fails_the_contract"
    return is_broken_line and item.callspec.indices["name"] % 4 != 2


@functools.cache
def _open(name):
    """Return a backend; once, since the emulator reads all CUDA sources to see what is built."""
    try:
        return backends.open_backend(name)
    except backends.UnavailableError as reason:
        if name in backends.REQUIRED:
            pytest.fail(f"PYNTK_REQUIRE names {name}, but: {reason}")
        pytest.skip(str(reason))


@pytest.fixture(params=["cpu", "numba"])
def backend(request):
    """The name of each backend for host arrays that is there, for the public functions."""
    return _open(request.param).name


@pytest.fixture(params=backends.CONTRACT)
def kernels(request):
    """Each backend as the contract sees it."""
    return _open(request.param)


@pytest.fixture(params=[name for name in backends.CONTRACT if name != "emulator"])
def lapack(request):
    """Each backend with LAPACK; the emulator has none, since CUDA takes cuSOLVER from CuPy."""
    return _open(request.param)


@pytest.fixture
def emulator():
    """The CUDA kernels on the CPU."""
    return _open("emulator")


@pytest.fixture
def cpu():
    """The C++ kernels."""
    return _open("cpu")
