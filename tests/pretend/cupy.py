"""The module ``cupy``, made of the pretended parts."""

import types

import numpy as np

from . import creation, cuda, cupyx, functions, linalg, namespace
from .array import ndarray
from .dlpack import from_dlpack
from .random import default_rng
from .ufuncs import UFUNCS, ufunc

VERSION = "14.2.0"
"""The CuPy that this is like."""

DTYPES = (
    "bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 "
    "complex128 dtype finfo iinfo result_type can_cast promote_types isscalar"
)

LATE = ("cupyx.scipy.linalg", "cupyx.scipy.sparse.linalg")
"""Modules that ``import cupyx`` does not bring: whoever uses one has to import it."""

SOLVERS = "LinAlgError eigh eigvalsh cholesky qr solve inv svd norm"


def modules():
    """Return new modules by their names, cupyx's too."""
    top = types.ModuleType("cupy")
    top.__version__, top.__path__ = VERSION, []
    top.ndarray, top.ufunc, top.from_dlpack = ndarray, ufunc, from_dlpack
    for part in (creation, functions):
        _publish(top, part)
    for name, function in UFUNCS.items():
        setattr(top, name, function)
    for name in DTYPES.split():
        setattr(top, name, getattr(np, name))
    top.pi, top.inf, top.nan, top.newaxis = np.pi, np.inf, np.nan, None
    top.is_available, top.get_default_memory_pool = cuda.is_available, cuda.get_default_memory_pool
    top.linalg, top.random = types.ModuleType("cupy.linalg"), types.ModuleType("cupy.random")
    for name in SOLVERS.split():
        setattr(top.linalg, name, getattr(linalg, name))
    top.random.default_rng = default_rng
    top.cuda = cuda.module()
    top.__getattr__ = _missing
    namespace.cupy = top
    found = (top, top.linalg, top.random, top.cuda, top.cuda.runtime, top.cuda.memory)
    return {module.__name__: module for module in found} | cupyx.modules()


def _missing(name):
    raise AttributeError(f"the pretended CuPy (tests/pretend) has no {name!r}; the real one may")


def _publish(module, part):
    """Put the functions that a part defines into a module."""
    for name, value in vars(part).items():
        if not name.startswith("_") and getattr(value, "__module__", "") == part.__name__:
            setattr(module, name, value)
