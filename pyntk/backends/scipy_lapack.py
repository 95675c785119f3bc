"""LAPACK from SciPy: the functions that ``scipy.linalg.cython_lapack`` exports, called by ctypes.

``scipy.linalg.eigh`` would hold the GIL from beginning to end, and nobody could press Ctrl-C.
"""

import ctypes
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg.cython_lapack


def eigh(*, A: Any, w: Any, V: Any) -> None:
    """See :mod:`pyntk.contract`: ?syevd, divide and conquer."""
    n = A.shape[0]
    if n == 0:
        return
    V[:] = A
    work = np.empty(1 + 6 * n + 2 * n * n, A.dtype)
    iwork = np.empty(3 + 5 * n, np.intc)
    info = ctypes.c_int(0)
    # LAPACK is column-major: its upper triangle is our lower one, its columns are our rows.
    _function("ssyevd" if A.dtype == np.float32 else "dsyevd")(
        b"V", b"U", _integer(n), V.ctypes.data, _integer(n), w.ctypes.data,
        work.ctypes.data, _integer(work.size), iwork.ctypes.data, _integer(iwork.size),
        ctypes.byref(info),
    )  # fmt: skip
    if info.value:
        raise np.linalg.LinAlgError(f"LAPACK's syevd did not converge: info = {info.value}")


def _integer(value: int) -> Any:
    """Return a pointer to a C int."""
    return ctypes.byref(ctypes.c_int(value))


@cache
def _function(name: str) -> Any:
    """Return a function of eleven pointers; its capsule's name is its C signature."""
    capsule = ctypes.py_object(scipy.linalg.cython_lapack.__pyx_capi__[name])
    api = ctypes.PyDLL(None)  # of our own: the result types set here are nobody else's
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    signature = api.PyCapsule_GetName(capsule)
    if b"int *" not in signature or b"64" in signature:
        raise ImportError(f"SciPy's {name} has a signature pyntk does not know: {signature!r}")
    pointer = api.PyCapsule_GetPointer(capsule, ctypes.c_char_p(signature))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 11)(pointer)
