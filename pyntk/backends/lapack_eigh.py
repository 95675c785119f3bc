"""Eigenvalues and eigenvectors by LAPACK: the drivers, and the documented sizes they work in."""

from typing import Any, Final

import numpy as np

from pyntk.backends import lapack_two_stage
from pyntk.backends.lapack import BLOCK
from pyntk.backends.lapack_inverse_iteration import inverse_iteration
from pyntk.backends.lapack_library import call, library
from pyntk.backends.lapack_tridiagonal import scale

FEW: Final = 8
"""At most one of FEW eigenvectors come by inverse iteration, which orthogonalises them one by one;
more by divide and conquer (syevd), which computes all."""


def eigh(*, A: Any, first: int, w: Any, V: Any) -> None:
    """See :mod:`pyntk.contract`."""
    n, k = len(A), len(w)
    if k == n:
        if V is not A:
            V[:] = A
        _syevd(V, w, b"V")
    elif FEW * k <= n:
        inverse_iteration(A, first, w, V)
    else:
        every = np.empty(n, A.dtype)
        _syevd(A, every, b"V")
        w[:], V[:] = every[first : first + k], A[first : first + k]


def eigvalsh(*, A: Any, w: Any) -> None:
    """See :mod:`pyntk.contract`."""
    if not lapack_two_stage.is_faster(len(A), A.dtype):
        _syevd(A, w, b"N")
        return
    exponent = scale(A)
    w[:], beside = lapack_two_stage.reduce(A)
    if info := call("sterf", A.dtype, len(A), w, beside):
        raise np.linalg.LinAlgError(f"LAPACK's sterf did not converge: info = {info}")
    np.ldexp(w, exponent, out=w)


def largest_order() -> int:
    """Return the largest n whose workspace the integers of the LAPACK that is used can count."""
    return largest_order_with(library().largest)


def largest_order_with(largest: int) -> int:
    """Return the largest n with syevd_workspace(n) at most ``largest``: 32,766 with 32 bits."""
    low, high = 0, largest
    while low < high:
        middle = (low + high + 1) // 2
        fits = max(syevd_workspace(middle, vectors=True)) <= largest
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def eigh_workspace(n: int, k: int) -> int:
    """Return how many numbers eigh works in beside A, w and V."""
    if FEW * k <= n and k < n:
        return (k + 3 * BLOCK) * n
    return n + sum(syevd_workspace(n, vectors=True))


def syevd_workspace(n: int, *, vectors: bool) -> tuple[int, int]:
    """Return the reals and the integers that syevd works in."""
    if vectors:
        return 1 + 6 * n + 2 * n * n, 3 + 5 * n
    return (2 + BLOCK) * n + 1, 1


def _syevd(A: Any, w: Any, job: bytes) -> None:
    """Divide and conquer: the rows of A become the eigenvectors, or (job N) nothing of use."""
    n = len(A)
    if n == 0:
        return
    reals, integers = syevd_workspace(n, vectors=job == b"V")
    info = call(
        "syevd", A.dtype, job, b"U", n, A, n, w, np.empty(reals, A.dtype), reals,
        library().integers(integers), integers,
    )  # fmt: skip
    if info:
        raise np.linalg.LinAlgError(f"LAPACK's syevd did not converge: info = {info}")
