import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

import backends

THINNED = ("test_network_contract", "test_training_contract", "test_training_sums")


def pytest_collection_modifyitems(config, items):
    """Half of the suite's time would be the emulator's, a thread for every CUDA thread.

    So the networks' contract takes float32 alone there, and a third of the broken lines is tried.
    PYNTK_EMULATOR=all, in .ci/release, takes everything; pytest tells how many are deselected.
    """
    if os.environ.get("PYNTK_EMULATOR") == "all":
        return
    left_out = [item for item in items if _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _is_left_out(item):
    chosen = getattr(item, "callspec", None)
    if chosen is None:
        return False
    if item.originalname == "test_a_broken_line_fails_the_contract":
        return chosen.indices["name"] % 3 != 0
    on_emulator = chosen.params.get("kernels") == "emulator"
    doubles = chosen.params.get("dtype") is np.float64
    return on_emulator and doubles and item.path.stem in THINNED


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
