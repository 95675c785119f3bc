"""Where LAPACK is: the fastest one on the machine already, and how its functions are called.

Nothing is linked and no further thread pool is loaded than the user has installed. There may be

- ``mkl``: Intel's MKL from its wheel (``pip install mkl``), 64-bit integers;
- ``numpy``: the OpenBLAS that NumPy's wheel carries and has loaded, 64-bit integers;
- ``scipy``: the pointers that ``scipy.linalg.cython_lapack`` exports, 32-bit integers;

in this order on Intel's processors. Elsewhere NumPy's comes before MKL: all eigenpairs of n = 4096
in float64 take 15.8 s with MKL and 9.7 s with OpenBLAS on one core of an AMD EPYC.
``PYNTK_LAPACK`` names one instead.

ctypes lets go of the GIL during a call, which NumPy's and SciPy's own functions do not all do, so
that other threads run and Ctrl-C is seen.
"""

import ctypes
import os
from collections.abc import Callable
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np


class Library(NamedTuple):
    """A LAPACK: how it calls itself, its integers, and the addresses of its functions."""

    name: str
    description: str
    integer: Any
    """The ctypes type of its integers."""
    address: Callable[[str], int]
    """From the name of a function, as ``dsyevd``, to its address."""
    string_lengths: bool
    """Fortran functions take the length of each character argument after all the others."""

    @property
    def largest(self) -> int:
        """The largest integer it can count to."""
        return int(2 ** (8 * ctypes.sizeof(self.integer) - 1)) - 1

    def integers(self, size: int) -> Any:
        """Return an uninitialised array of its integers."""
        return np.empty(size, np.dtype(self.integer))


def library() -> Library:
    """Return the LAPACK that PYNTK_LAPACK names, else the first that is there.

    Raises:
        ValueError: PYNTK_LAPACK is none of LIBRARIES.
        ImportError: the one it names is not there, or one that is there cannot be loaded.
    """
    named = os.environ.get("PYNTK_LAPACK") or None
    if named is None:
        return _first()
    if named not in LIBRARIES:
        raise ValueError(f"PYNTK_LAPACK must be one of {', '.join(LIBRARIES)}, not {named!r}")
    found = find(named)
    if found is None:
        raise ImportError(f"PYNTK_LAPACK={named}, but {_ABSENCE[named]}")
    return found


def call(routine: str, dtype: np.dtype[Any], *arguments: Any, has_info: bool = True) -> int:
    """Call a function of LAPACK without the GIL and return its ``info``.

    Args:
        routine: its name without the letter of the precision, as in ``syevd``.
        dtype: float32 or float64: the precision.
        *arguments: those of LAPACK's documentation, in its order, without ``info``, which is
            always the last: bytes for a character, int for an integer of the library's width,
            float for a real, a C-contiguous array of the dtype or of ``library().integers`` for
            an array. LAPACK is column-major: it sees the transpose of a C-contiguous matrix.
        has_info: whether the function has ``info`` at all; else 0 is returned.

    Raises:
        OverflowError: an integer beyond those that the library counts with.
        TypeError: an array of another dtype or layout.
        RuntimeError: LAPACK says that an argument is illegal.
    """
    lapack = library()
    pointers = [_pointer(argument, dtype, lapack) for argument in arguments]
    info = lapack.integer(0)
    characters = sum(isinstance(argument, bytes) for argument in arguments)
    lengths = [1] * characters if lapack.string_lengths else []
    if has_info:
        pointers.append(ctypes.byref(info))
    name = _precise(dtype, routine)
    _function(lapack.name, name, len(pointers), len(lengths))(*pointers, *lengths)
    if info.value < 0:
        raise RuntimeError(f"LAPACK's {name} refuses its argument {-info.value}")
    return int(info.value)


@cache
def offers(name: str, dtype: np.dtype[Any], routine: str) -> bool:
    """Tell whether a library that is there has a function."""
    found = find(name)
    try:
        return found is not None and found.address(_precise(dtype, routine)) != 0
    except ImportError:
        return False


def _precise(dtype: np.dtype[Any], routine: str) -> str:
    return ("s" if dtype == np.float32 else "d") + routine


def _pointer(argument: Any, dtype: np.dtype[Any], lapack: Library) -> Any:
    """Return what a function that takes everything by reference takes."""
    if isinstance(argument, bytes):
        return argument
    if isinstance(argument, int):
        if argument > lapack.largest:
            raise OverflowError(f"{argument} overflows the integers of {lapack.description}")
        return ctypes.byref(lapack.integer(argument))
    if isinstance(argument, float):
        return ctypes.byref((ctypes.c_float if dtype == np.float32 else ctypes.c_double)(argument))
    if argument.dtype not in (dtype, np.dtype(lapack.integer)) or not argument.flags.c_contiguous:
        raise TypeError(f"LAPACK takes no {argument.dtype} array with strides {argument.strides}")
    return argument.ctypes.data


@cache
def _function(name: str, routine: str, pointers: int, lengths: int) -> Any:
    """Return a function of so many pointers, and so many string lengths behind them."""
    found = find(name)
    assert found is not None  # library() has returned it
    kinds = [ctypes.c_void_p] * pointers + [ctypes.c_size_t] * lengths
    return ctypes.CFUNCTYPE(None, *kinds)(found.address(routine))


@cache
def _first() -> Library:
    """Return the first library that is there."""
    found = next(filter(None, map(find, order(_vendor()))), None)
    if found is None:
        raise ImportError("no LAPACK: " + "; ".join(_ABSENCE.values()))
    return found


def order(vendor: str) -> tuple[str, ...]:
    """Return the libraries in the order of their speed on the processors of a vendor."""
    mkl, numpy, scipy = LIBRARIES
    return (mkl, numpy, scipy) if vendor == "GenuineIntel" else (numpy, mkl, scipy)


def _vendor() -> str:
    """Return who made the processor, as it says itself; nothing where nobody can tell."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    found = (line.partition(":")[2].strip() for line in lines if line.startswith("vendor_id"))
    return next(found, "")


@cache
def find(name: str) -> Library | None:
    """Return a library by its name, or None where it is not there."""
    return LIBRARIES[name]()


def _mkl() -> Library | None:
    """MKL of the wheel. Its functions whose names end in _64_ have 64-bit integers, always."""
    try:
        files = metadata.files("mkl") or ()
    except metadata.PackageNotFoundError:
        return None
    paths = [file.locate() for file in files if file.name.startswith("libmkl_rt.so")]
    if not paths:
        return None
    handle = ctypes.CDLL(str(paths[0]))  # it is there: an error is a defect, and loud
    return Library(
        "mkl", f"MKL {metadata.version('mkl')} (64-bit integers)", ctypes.c_int64,
        lambda routine: _address(handle, f"{routine}_64_"), string_lengths=True,
    )  # fmt: skip


def _numpy() -> Library | None:
    """The OpenBLAS that NumPy's linalg was linked with, found among what that depends on."""
    spec = find_spec("numpy.linalg._umath_linalg")
    if spec is None or spec.origin is None:
        return None
    handle = ctypes.CDLL(spec.origin)  # loaded long ago; nothing is loaded twice
    prefixes = [prefix for prefix in ("scipy_", "") if hasattr(handle, f"{prefix}dsyevd_64_")]
    if not prefixes:
        return None
    prefix = prefixes[0]
    return Library(
        "numpy", f"{_openblas(handle, prefix)} of NumPy (64-bit integers)", ctypes.c_int64,
        lambda routine: _address(handle, f"{prefix}{routine}_64_"), string_lengths=True,
    )  # fmt: skip


def _openblas(handle: Any, prefix: str) -> str:
    """Return the name and version of an OpenBLAS, else just that it is a LAPACK."""
    config = getattr(handle, f"{prefix}openblas_get_config64_", None)
    if config is None:
        return "LAPACK"
    config.restype = ctypes.c_char_p
    return " ".join(config().decode().split()[:2])


def _scipy() -> Library | None:
    """The functions that SciPy exports to Cython; a capsule's name is its C signature."""
    import scipy.linalg.cython_lapack

    exported = scipy.linalg.cython_lapack.__pyx_capi__
    api = ctypes.PyDLL(None)  # of our own: the result types set here are nobody else's
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p

    def address(routine: str) -> int:
        if routine not in exported:
            raise ImportError(f"SciPy exports no {routine}")
        capsule = ctypes.py_object(exported[routine])
        signature = api.PyCapsule_GetName(capsule)
        if b"int *" not in signature or b"64" in signature:
            raise ImportError(f"SciPy's {routine} has an unknown signature: {signature!r}")
        return int(api.PyCapsule_GetPointer(capsule, ctypes.c_char_p(signature)))

    description = f"LAPACK of SciPy {metadata.version('scipy')} (32-bit integers)"
    return Library("scipy", description, ctypes.c_int, address, string_lengths=False)


def _address(handle: Any, symbol: str) -> int:
    """Return the address of a symbol."""
    try:
        return ctypes.cast(getattr(handle, symbol), ctypes.c_void_p).value or 0
    except AttributeError:
        raise ImportError(f"{handle._name} has no {symbol}") from None


LIBRARIES: Final[dict[str, Callable[[], Library | None]]] = {
    "mkl": _mkl,
    "numpy": _numpy,
    "scipy": _scipy,
}
"""Every LAPACK pyntk can call, and what looks for it."""

_ABSENCE: Final = {
    "mkl": 'MKL is not installed: pip install "pyntk[mkl]"',
    "numpy": "NumPy carries no LAPACK with 64-bit integers (its wheels do)",
    "scipy": "SciPy exports no LAPACK",
}
