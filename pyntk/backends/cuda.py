"""The kernels in CUDA (``csrc/cuda``), compiled into ``pyntk._cuda``; LAPACK's through CuPy.

Each runs on CuPy's current device and stream, and does not wait for it.
"""

import functools
from collections.abc import Callable
from typing import Any, Final

import pyntk._cuda as _cuda
from pyntk._cuda import device_name

_problem = _cuda.device_problem()
if _problem is not None:
    # What is missing is a part of the machine, but it is missing: an absence, not a defect.
    raise ModuleNotFoundError(f"pyntk._cuda cannot be used: {_problem}", name="pyntk._cuda")

import cupy  # noqa: E402 - only where a device is there
import cupyx  # noqa: E402
import numpy as np  # noqa: E402

__all__ = [
    "activation_patterns",
    "device_name",
    "eigh",
    "eigvalsh",
    "finite_width_gram",
    "label_spectrum",
    "ntk_diag",
    "ntk_gram",
    "ntk_gram_cross",
    "ntk_matmul",
    "ntk_matmul_cross",
    "ntk_vjp",
    "pattern_flips",
    "random_normals",
    "random_uniforms",
    "two_layer_descent",
    "two_layer_forward",
    "two_layer_gradient",
    "two_layer_step",
]


def _on_current_stream(kernel: Callable[..., None]) -> Callable[..., None]:
    """Return a kernel that runs where CuPy's own do."""

    @functools.wraps(kernel)
    def run(**arguments: Any) -> None:
        _cuda.use_stream(cupy.cuda.get_current_stream().ptr, cupy.cuda.runtime.getDevice())
        kernel(**arguments)

    return run


activation_patterns = _on_current_stream(_cuda.activation_patterns)
finite_width_gram = _on_current_stream(_cuda.finite_width_gram)
ntk_diag = _on_current_stream(_cuda.ntk_diag)
ntk_gram = _on_current_stream(_cuda.ntk_gram)
ntk_gram_cross = _on_current_stream(_cuda.ntk_gram_cross)
ntk_matmul = _on_current_stream(_cuda.ntk_matmul)
ntk_matmul_cross = _on_current_stream(_cuda.ntk_matmul_cross)
ntk_vjp = _on_current_stream(_cuda.ntk_vjp)
pattern_flips = _on_current_stream(_cuda.pattern_flips)
random_normals = _on_current_stream(_cuda.random_normals)
random_uniforms = _on_current_stream(_cuda.random_uniforms)
two_layer_descent = _on_current_stream(_cuda.two_layer_descent)
two_layer_forward = _on_current_stream(_cuda.two_layer_forward)
two_layer_gradient = _on_current_stream(_cuda.two_layer_gradient)
two_layer_step = _on_current_stream(_cuda.two_layer_step)


def eigh(*, A: Any, first: int, w: Any, V: Any) -> None:
    """See :mod:`pyntk.contract`: all eigenpairs, by divide and conquer."""
    last = first + len(w)
    # CuPy calls cusolverDnXsyevd, whose sizes are 64-bit, and looks at its status only if asked.
    with cupyx.errstate(linalg="raise"):
        values, vectors = cupy.linalg.eigh(A, UPLO="L")
    w[...], V[...] = values[first:last], vectors[:, first:last].T


def eigvalsh(*, A: Any, w: Any) -> None:
    """See :mod:`pyntk.contract`."""
    with cupyx.errstate(linalg="raise"):
        w[...] = cupy.linalg.eigvalsh(A, UPLO="L")


def label_spectrum(*, A: Any, Y: Any, w: Any, P: Any) -> None:
    """See :mod:`pyntk.contract`: through the eigenvectors; the QL iteration has no parallelism."""
    with cupyx.errstate(linalg="raise"):
        w[...], vectors = cupy.linalg.eigh(A, UPLO="L")
    P[...] = (Y @ vectors) ** 2


TILE: Final = 2048
"""Rows and columns of a tile of Cholesky's factorisation, and right-hand sides at a time: CuPy's
calls of cuSOLVER and cuBLAS count in 32 bits."""


def potrf(A: Any) -> int:
    """As :func:`pyntk.backends.lapack.potrf`: A becomes L in its lower triangle.

    By tiles, in the memory of A and 2 TILE (n + 2 TILE) numbers more.
    """
    n = len(A)
    for begin in range(0, n, TILE):
        J = slice(begin, min(n, begin + TILE))
        done = cupy.ascontiguousarray(A[J, :begin])
        D = cupy.tril(A[J, J])
        if begin:
            D -= done @ done.T
        L = _cholesky(D)
        if L is None:
            return begin + _order_of_failure(D)
        A[J, J] = L
        for start in range(J.stop, n, TILE):
            I = slice(start, min(n, start + TILE))
            T = A[I, J] - A[I, :begin] @ done.T if begin else cupy.ascontiguousarray(A[I, J])
            A[I, J] = _solved(L, T.T, transposed=False).T  # T L_JJ'^-1
    return 0


def potrs(L: Any, B: Any) -> None:
    """As :func:`pyntk.backends.lapack.potrs`: the rows of B (k, n), or B (n,), become A^-1 b."""
    if B.size:
        rows = B.reshape(-1, len(L))
        for begin in range(0, len(rows), TILE):
            some = rows[begin : begin + TILE]
            some[...] = _solved(L, _solved(L, some.T, transposed=False), transposed=True).T


def potri(L: Any) -> None:
    """Replace the diagonal of potrf's L by that of (L L')^-1: squares of the columns of L^-1.

    What else :func:`pyntk.backends.lapack.potri` writes has no use, and is not written.
    """
    n = len(L)
    diagonal = cupy.empty(n, L.dtype)
    width = max(1, min(n, TILE // 4))
    for begin in range(0, n, width):
        J = slice(begin, min(n, begin + width))
        unit = cupy.zeros((n, J.stop - begin), L.dtype, order="F")
        unit[J] = cupy.eye(J.stop - begin, dtype=L.dtype)
        diagonal[J] = (_solved(L, unit, transposed=False) ** 2).sum(axis=0)
    L.reshape(-1)[:: n + 1] = diagonal


def _cholesky(A: Any) -> Any:
    """Return the factor of a tile, or None where it is not positive definite."""
    try:
        with cupyx.errstate(linalg="raise"):
            return cupy.linalg.cholesky(A)
    except np.linalg.LinAlgError:
        return None


def _order_of_failure(A: Any) -> int:
    """Return the order of the first leading minor that is not positive, by bisection."""
    passes, fails = 0, len(A)
    while fails - passes > 1:
        middle = (passes + fails) // 2
        if _cholesky(A[:middle, :middle]) is None:
            fails = middle
        else:
            passes = middle
    return fails


def _solved(L: Any, B: Any, *, transposed: bool) -> Any:
    """Return L^-1 B, or L'^-1 B, for the columns of B in Fortran's order, which are overwritten.

    cuBLAS wants Fortran's order: L' is an upper triangle in it.
    """
    from cupyx.scipy.linalg import solve_triangular

    return solve_triangular(L.T, B, trans=0 if transposed else 1, overwrite_b=True)
