"""The limit: the lower triangle of X X', what any exact method has to do, without the formula.

The output is allocated inside the timed call, as pyntk's is, and stays unwritten above the
diagonal.
"""

import ctypes
import os
from functools import cache
from importlib import metadata

import numpy as np
import scipy.linalg.blas

ROW_MAJOR, LOWER, NO_TRANSPOSE = 101, 122, 111  # cblas.h


def by_scipy(X):
    """The BLAS that SciPy carries."""
    routine = scipy.linalg.blas.ssyrk if X.dtype == np.float32 else scipy.linalg.blas.dsyrk
    n = len(X)
    # In Fortran's order X.T is X as it lies, and the upper triangle of C is the lower one of C'.
    return lambda: (
        routine(1.0, X.T, c=np.empty((n, n), X.dtype, order="F"), trans=1, lower=0, overwrite_c=1).T
    )


def by_mkl(X):
    """Intel's MKL, from its package on PyPI."""
    prefix, real = ("s", ctypes.c_float) if X.dtype == np.float32 else ("d", ctypes.c_double)
    routine = getattr(ctypes.CDLL(mkl_library()), f"cblas_{prefix}syrk")
    n, d = X.shape
    integers, pointer = [ctypes.c_int] * 5, ctypes.c_void_p
    routine.argtypes = [*integers, real, pointer, ctypes.c_int, real, pointer, ctypes.c_int]

    def syrk():
        C = np.empty((n, n), X.dtype)
        routine(
            ROW_MAJOR, LOWER, NO_TRANSPOSE, n, d, 1.0, X.ctypes.data, d, 0.0, C.ctypes.data, n
        )  # fmt: skip
        return C

    return syrk


@cache
def mkl_library():
    """Return the path of MKL; raise PackageNotFoundError where it is not installed."""
    # Its threads would spin for 0.2 s after each call, in the next contender's time.
    os.environ.setdefault("KMP_BLOCKTIME", "0")
    files = [file for file in metadata.files("mkl") or () if file.name.startswith("libmkl_rt.so")]
    return str(files[0].locate())
