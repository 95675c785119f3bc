"""A few eigenpairs: all eigenvalues, then inverse iteration for the eigenvectors asked for.

LAPACK's own driver for this, syevr, bisects for the eigenvalues. Its bisection (stebz) finds none
of those asked for by number, and writes before the beginning of an array, where all of them agree
to the last digits (found on the identity plus rounding errors, in LAPACK's reference and OpenBLAS).
"""

from typing import Any

import numpy as np

from pyntk.backends.lapack_library import call, library
from pyntk.backends.lapack_tridiagonal import rotate, scale, tridiagonalise


def inverse_iteration(A: Any, first: int, w: Any, V: Any) -> None:
    """Eigenpairs first, ..., first + k - 1: w (k,) ascending, the rows of V (k, n); destroys A."""
    n, k, dtype = len(A), len(w), A.dtype
    if k == 0:
        return
    exponent = scale(A)
    d, e, reflections = tridiagonalise(A)
    ends = block_ends(d, e)
    values, blocks = eigenvalues_of_blocks(d, e, ends)
    # stein takes eigenvalues grouped by block, ascending in each.
    wanted = np.sort(np.argsort(values, kind="stable")[first : first + k])
    integers = [library().integers(size) for size in (k, len(ends), n, k)]
    integers[0][:], integers[1][:] = blocks[wanted] + 1, ends
    vectors = np.empty((k, n), dtype)
    info = call(
        "stein", dtype, n, d, e, k, values[wanted], integers[0], integers[1], vectors, n,
        np.empty(5 * n, dtype), integers[2], integers[3],
    )  # fmt: skip
    if info:
        raise np.linalg.LinAlgError(f"inverse iteration did not converge for {info} eigenvectors")
    order = np.argsort(values[wanted], kind="stable")
    w[:], V[:] = np.ldexp(values[wanted][order], exponent), vectors[order]
    rotate(A, reflections, V, back=True)


def block_ends(d: Any, e: Any) -> Any:
    """Return how many rows there are up to the end of each block that no coupling leaves.

    A coupling counts if it is not small beside the geometric mean of its neighbours, as in stebz.
    """
    u = float(np.finfo(d.dtype).eps)
    squares, size = e.astype(np.float64) ** 2, np.abs(d.astype(np.float64))
    coupled = squares > u * u * size[1:] * size[:-1] + float(np.finfo(d.dtype).tiny)
    return np.append(np.flatnonzero(~coupled) + 1, len(d))


def eigenvalues_of_blocks(d: Any, e: Any, ends: Any) -> tuple[Any, Any]:
    """Return all eigenvalues, ascending in each block, and the number of the block of each."""
    values, couplings, begin = d.copy(), e.copy(), 0
    for end in map(int, ends):
        beside = couplings[begin : end - 1]
        if len(beside) and (info := call("sterf", d.dtype, end - begin, values[begin:end], beside)):
            raise np.linalg.LinAlgError(f"LAPACK's sterf did not converge: info = {info}")
        begin = end
    return values, np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
