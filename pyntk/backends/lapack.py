"""Cholesky's factorisation by LAPACK, on C-contiguous arrays; eigenvalues are lapack_eigh's.

How to call these. Matrices are C-contiguous and real, float32 or float64, and are worked on in
place; LAPACK is column-major, so a symmetric matrix's lower triangle is LAPACK's upper one, and a
row of an array is a column of LAPACK's: right-hand sides are rows here. Only the lower triangle of
a symmetric matrix is read or written. A call lets go of the GIL and cannot be stopped: run it
through :func:`pyntk.linalg.interruptible.interruptible`, with buffers that nobody else has.
Workspaces, of any function, have the documented sizes, computed in Python's integers: LAPACK's own
query counts in its integers, silently wrong from n = 32,767 where they have 32 bits.

    factor = A.copy()                   # (n, n)
    order = potrf(factor)               # 0, and the lower triangle is L with A = L L'
    potrs(factor, B)                    # the rows of B (k, n), or B (n,), become A^-1 b
    potri(factor)                       # the lower triangle becomes that of A^-1
"""

from typing import Any, Final

import numpy as np

from pyntk.backends.lapack_library import call, library

BLOCK: Final = 128
"""At least the block size of LAPACK's blocked functions (32 in the reference, up to 124 seen in
MKL): for workspaces of n times the block size."""


WHOLE: Final = 8192
"""Rows that OpenBLAS factors in one call. Its parallel Cholesky overruns a buffer where there are
many: with AVX-512 kernels and two threads it ends the process from n = 16,000 on (OpenBLAS 0.3.31;
its issues 352, 1413 and 2562 are of this kind)."""

TILE: Final = 2048
"""Rows and columns of a tile."""


def describe() -> str:
    """Return which LAPACK is used, its version, and its integers."""
    return library().description


def potrf(A: Any) -> int:
    """Cholesky's factorisation A = L L': A (n, n) becomes L in its lower triangle.

    Returns:
        0, or the order of the first leading minor that is not positive: A is then not positive
        definite, to working precision, and its lower triangle is of no use.
    """
    n = len(A)
    if not n:
        return 0
    if n <= WHOLE or library().name == "mkl":
        return call("potrf", A.dtype, b"U", n, A, n)
    return _potrf_by_tiles(A)


def _potrf_by_tiles(A: Any) -> int:
    """:func:`potrf` with matrix products for all that is larger than a tile."""
    n = len(A)
    for begin in range(0, n, TILE):
        J = slice(begin, min(n, begin + TILE))
        done = A[J, :begin]
        D = np.tril(A[J, J])
        D -= done @ done.T
        failed = call("potrf", A.dtype, b"U", len(D), D, len(D))
        if failed:
            return begin + failed
        A[J, J] = np.tril(D) + np.triu(A[J, J], 1)
        for start in range(J.stop, n, TILE):
            I = slice(start, min(n, start + TILE))
            T = A[I, :begin] @ done.T
            np.subtract(A[I, J], T, out=T)
            trtrs(D, T)  # T L_JJ^-T
            A[I, J] = T
    return 0


def potrs(L: Any, B: Any) -> None:
    """B <- (L L')^-1 B by potrf's L: B (n,), or (k, n) whose rows are the right-hand sides."""
    n = len(L)
    if B.size:
        call("potrs", L.dtype, b"U", n, B.size // n, L, n, _of(L, B), n)


def potri(L: Any) -> None:
    """Replace potrf's L by the lower triangle of (L L')^-1."""
    n = len(L)
    if n and call("potri", L.dtype, b"U", n, L, n):
        raise np.linalg.LinAlgError("L has a zero on its diagonal")


def trtrs(L: Any, B: Any, *, transposed: bool = False) -> None:
    """B <- L^-1 B, or L'^-1 B: L (n, n) lower triangular, B (n,) or (k, n) as for potrs."""
    n = len(L)
    if B.size and call(
        "trtrs", L.dtype, b"U", b"N" if transposed else b"T", b"N", n, B.size // n, L, n,
        _of(L, B), n,
    ):  # fmt: skip
        raise np.linalg.LinAlgError("L has a zero on its diagonal")


def _of(A: Any, B: Any) -> Any:
    """Return B if its rows are as long as A's and of its dtype."""
    if B.shape[-1] != len(A) or B.dtype != A.dtype or B.ndim > 2:
        raise ValueError(f"{B.dtype} array of shape {B.shape} beside {A.dtype}, {A.shape}")
    return B
