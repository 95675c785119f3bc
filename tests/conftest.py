import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

import backends

ON_EMULATOR = os.environ.get("PYNTK_EMULATOR", "float64")
THINNED = ("test_contract", "test_network_contract", "test_training_contract", "test_training_sums")


def pytest_collection_modifyitems(config, items):
    """Half of the suite's time would be the emulator's, a thread for every CUDA thread.

    So the contract takes one precision there, and a quarter of the broken lines is tried.
    PYNTK_EMULATOR=float32, under the address sanitizer of .ci/run, takes the other one, and
    PYNTK_EMULATOR=all, in .ci/release, everything; pytest tells how many are deselected.
    """
    if ON_EMULATOR == "all":
        return
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item):
    chosen = getattr(item, "callspec", None)
    if chosen is None:
        return False
    if item.originalname == "test_a_broken_line_fails_the_contract":
        return chosen.indices["name"] % 4 != 2
    on_emulator = item.path.stem in THINNED and chosen.params.get("kernels") == "emulator"
    return on_emulator and chosen.params.get("dtype") not in (None, np.dtype(ON_EMULATOR).type)


def _open(name):
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
