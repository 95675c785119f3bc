"""The limit of a two-layer step: its two products, 4 n d m flops, without the network.

P = X W' and P' X, in the memory of the first: what any method does that forms each pre-activation
once. The outputs are allocated inside the timed call, as pyntk's is.
"""

import ctypes

import numpy as np
from syrk import NO_TRANSPOSE, ROW_MAJOR, mkl_library

TRANSPOSE = 112  # cblas.h


def by_numpy(X, W):
    """The BLAS that NumPy carries."""
    return lambda: (X @ W.T).T @ X


def by_mkl(X, W):
    """Intel's MKL, from its package on PyPI; float32."""
    routine = ctypes.CDLL(mkl_library()).cblas_sgemm
    integer, real, pointer = ctypes.c_int, ctypes.c_float, ctypes.c_void_p
    routine.argtypes = [
        *[integer] * 6, real, pointer, integer, pointer, integer, real, pointer, integer,
    ]  # fmt: skip

    def product(A, transposed, B, B_transposed, C):
        rows, columns = C.shape
        routine(
            ROW_MAJOR, transposed, B_transposed, rows, columns,
            A.shape[0] if transposed == TRANSPOSE else A.shape[1],
            1.0, A.ctypes.data, A.shape[1], B.ctypes.data, B.shape[1], 0.0, C.ctypes.data, columns,
        )  # fmt: skip

    def step():
        P = np.empty((len(X), len(W)), np.float32)
        product(X, NO_TRANSPOSE, W, TRANSPOSE, P)
        Y = np.empty(W.shape, np.float32)
        product(P, TRANSPOSE, X, NO_TRANSPOSE, Y)
        return Y

    return step
