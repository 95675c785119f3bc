import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

import backends


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
