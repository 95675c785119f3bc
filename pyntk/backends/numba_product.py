"""The tile product that the Numba kernels share, and the packing it reads.

A block is BLOCK rows. Two rows of a block and eight terms are in flight at once, vectorised over
the columns: per core 63 (float32) and 44 (float64) GFLOP/s were measured where OpenBLAS had 78 and
44; one row and eight terms had 44 and 29, one term 30 and 16. Every caller passes rows and panel
contiguous: another layout would be compiled once more.
"""

import math
from typing import Any

import numba
import numpy as np

BLOCK = 64
CHAIN = 16
"""Terms per straight chain. Equal terms, every addition rounded the same way, are off by 4 u; in
chains of 64 it were 16 u, at the same speed, and angles near the border of the chords double it."""

STRETCH = 64  # terms for all rows before the next: so much of the panel stays in the first cache


POWERS = 2.0 ** np.arange(-1000, 1001)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def times_power_of_two(v: float, e: int) -> float:
    """v 2^e, rounded once: a product where 2^e is well inside the range, else the slower ldexp."""
    if -1000 <= e <= 1000:
        return v * POWERS[e + 1000]  # type: ignore[no-any-return]
    return math.ldexp(v, e)


def blocks(rows: int) -> int:
    """Return the number of blocks that so many rows fill."""
    return -(-rows // BLOCK)


def padded(A: Any) -> Any:
    """Return A with zero rows and zero columns up to multiples of BLOCK."""
    rows, columns = blocks(A.shape[0]) * BLOCK, blocks(A.shape[1]) * BLOCK
    result = np.zeros((rows, columns), A.dtype)
    result[: A.shape[0], : A.shape[1]] = A
    return result


def scaled(A: Any) -> tuple[Any, Any]:
    """Return padded(A) with each row scaled by 2^-exponent, and the exponents.

    The largest entry of a row is then in [1/2, 1), so products of rows neither overflow nor vanish.
    """
    largest = np.abs(A).max(axis=1, initial=0)
    exponents = np.zeros(blocks(A.shape[0]) * BLOCK, np.int64)
    exponents[: A.shape[0]] = np.frexp(largest)[1]
    return padded(np.ldexp(A, -exponents[: A.shape[0], None])), exponents


def panels(padded_rows: Any, d: int) -> Any:
    """Return (blocks, d, BLOCK): the transpose of each block of rows, contiguous."""
    return np.ascontiguousarray(padded_rows[:, :d].reshape(-1, BLOCK, d).transpose(0, 2, 1))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def flush(h: Any, c: Any) -> None:
    """Add the chains c to the sums h; what the addition rounded off stays in c (Kahan's sum).

    Short chains keep the error of a sum independent of its length up to second order.
    """
    for i in range(h.shape[0]):
        for j in range(BLOCK):
            total = h[i, j] + c[i, j]
            c[i, j] -= total - h[i, j]
            h[i, j] = total


@numba.njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
def chain_two_rows(r0: Any, r1: Any, panel: Any, start: int, stop: int, c0: Any, c1: Any) -> None:
    """c0 += r0 panel and c1 += r1 panel over the terms start..stop, k ascending."""
    k = start
    while k + 8 <= stop:
        u0, u1, u2, u3 = r0[k], r0[k + 1], r0[k + 2], r0[k + 3]
        u4, u5, u6, u7 = r0[k + 4], r0[k + 5], r0[k + 6], r0[k + 7]
        v0, v1, v2, v3 = r1[k], r1[k + 1], r1[k + 2], r1[k + 3]
        v4, v5, v6, v7 = r1[k + 4], r1[k + 5], r1[k + 6], r1[k + 7]
        q0, q1, q2, q3 = panel[k], panel[k + 1], panel[k + 2], panel[k + 3]
        q4, q5, q6, q7 = panel[k + 4], panel[k + 5], panel[k + 6], panel[k + 7]
        for j in range(BLOCK):
            p0, p1, p2, p3 = q0[j], q1[j], q2[j], q3[j]
            p4, p5, p6, p7 = q4[j], q5[j], q6[j], q7[j]
            s = c0[j] + u0 * p0 + u1 * p1 + u2 * p2 + u3 * p3
            c0[j] = s + u4 * p4 + u5 * p5 + u6 * p6 + u7 * p7
            t = c1[j] + v0 * p0 + v1 * p1 + v2 * p2 + v3 * p3
            c1[j] = t + v4 * p4 + v5 * p5 + v6 * p6 + v7 * p7
        k += 8
    while k < stop:
        u0, v0, q0 = r0[k], r1[k], panel[k]
        for j in range(BLOCK):
            c0[j] += u0 * q0[j]
            c1[j] += v0 * q0[j]
        k += 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def add_product(A: Any, panel: Any, terms: int, h: Any, c: Any) -> None:
    """h + c += A panel, the sum carried in two parts; A has an even number of rows."""
    for stretch in range(0, terms, STRETCH):
        end = min(terms, stretch + STRETCH)
        for i in range(0, A.shape[0], 2):
            for start in range(stretch, end, CHAIN):
                stop = min(end, start + CHAIN)
                chain_two_rows(A[i], A[i + 1], panel, start, stop, c[i], c[i + 1])
                for row in range(i, i + 2):
                    for j in range(BLOCK):
                        total = h[row, j] + c[row, j]
                        c[row, j] -= total - h[row, j]
                        h[row, j] = total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def product(A: Any, panel: Any, terms: int, h: Any, c: Any) -> None:
    """h = A panel; c is scratch of the shape of h."""
    h[:] = 0
    c[:] = 0
    add_product(A, panel, terms, h, c)
    for i in range(h.shape[0]):
        for j in range(BLOCK):
            h[i, j] += c[i, j]
