"""Tridiagonal form in two stages: to a band by matrix products, on from there by chasing bulges.

The one-stage reduction (sytrd) reads the matrix once per column and waits for memory. The
two-stage one does not, but LAPACK gives no way to its orthogonal factor Q, A = Q T Q'. One vector
needs none: each stage leaves the first coordinate alone, Q e_1 = e_1, so a reflection that maps the
label to e_1, applied to A from both sides beforehand, makes the first row of T's eigenvector matrix
the label's products with A's eigenvectors.
"""

from typing import Any, Final

import numpy as np

from pyntk.backends.lapack_library import call, library, offers

FASTER_FROM: Final = {"mkl": 16 * 2**20, "numpy": 64 * 2**20}
"""Bytes of a matrix from which two stages are faster than one: those that leave the caches."""


def is_faster(n: int, dtype: np.dtype[Any]) -> bool:
    """Tell whether a matrix is to be reduced in two stages, by the LAPACK that is used."""
    name, size = library().name, n * n * dtype.itemsize
    return n > 1 and size >= FASTER_FROM.get(name, size + 1) and offers(name, dtype, "sytrd_2stage")


def reduce(A: Any) -> tuple[Any, Any]:
    """Return the diagonal of T and what is beside it; A is destroyed.

    Raises:
        RuntimeError: this LAPACK's reduction does not keep e_1, as those known do.
    """
    n, dtype = len(A), A.dtype
    corner, beside = float(A[0, 0]), float(np.linalg.norm(A[1:, 0].astype(np.float64)))
    d, e, reflections = (np.empty(n, dtype) for _ in range(3))
    # Its sizes depend on the width of the band, which LAPACK chooses: only a query tells them. It
    # overflows no 64-bit integer, and is_faster() admits no library with others.
    query, sizes = np.zeros(1, dtype), []
    bulges = np.zeros(1, dtype)
    call("sytrd_2stage", dtype, b"N", b"U", n, A, n, d, e, reflections, bulges, -1, query, -1)
    for answer in (bulges, query):  # in float32 the answer may have been rounded down
        sizes.append(int(np.nextafter(answer[0], dtype.type(np.inf))) + 1)
    call(
        "sytrd_2stage", dtype, b"N", b"U", n, A, n, d, e, reflections,
        np.empty(sizes[0], dtype), sizes[0], np.empty(sizes[1], dtype), sizes[1],
    )  # fmt: skip
    e = e[: n - 1]
    rounding = n * float(np.finfo(dtype).eps) * max(float(np.abs(d).max()), float(np.abs(e).max()))
    change = abs(float(d[0]) - corner) + abs(abs(float(e[0])) - beside)
    if change > 0.01 * (abs(corner) + beside) + rounding:
        raise RuntimeError(
            f"the two-stage reduction of {library().description} does not keep the first "
            "coordinate; PYNTK_LAPACK=scipy chooses another LAPACK"
        )
    return d, e


def map_to_first(A: Any, y: Any) -> float:
    """A <- P A P with the reflection P that maps y to beta e_1; return beta.

    Reads and writes the lower triangle of A.
    """
    n, dtype = len(A), A.dtype
    size = float(np.abs(y).max())
    if size == 0:
        return 0.0
    v = y.astype(np.float64) / size
    beta = -float(np.copysign(np.linalg.norm(v), v[0]))
    tau = (beta - v[0]) / beta  # P = I - tau v v' with v_1 = 1 (Golub, Van Loan, section 5.1)
    v /= v[0] - beta
    v[0] = 1.0
    call(
        "larfy", dtype, b"U", n, v.astype(dtype), 1, float(tau), A, n, np.empty(n, dtype),
        has_info=False,
    )  # fmt: skip
    return beta * size
