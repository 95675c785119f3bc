"""What a way takes at n rows: time by a law with measured constants, memory as pyntk announces it.

A call takes t + a n^2, an entry of the kernel costs a. A matrix-free fit takes b (n r^2 + 4 r^3)
for its preconditioner of rank r (a QR and two rotations of n x r, an eigh and an SVD of r x r), and
then for each step a product, and c n r to apply the preconditioner.
"""

import math
from typing import NamedTuple

import numpy as np

from pyntk.dispatch import choose
from pyntk.linalg.cg import solve_bytes
from pyntk.linalg.preconditioner import admit_rank
from pyntk.linalg.system import System
from pyntk.linalg.where import HOST
from pyntk.memory import packed_bytes
from pyntk.products import PADDED
from pyntk.recipe import admit_recipe
from pyntk.streaming.blocks import default_rows, plan
from pyntk.streaming.npy_file import PIECE
from pyntk.threads import allowed

WAYS = {
    "gram": "Gram in memory, `ntk_gram(X)`",
    "product": "product with one column, `ntk_matmul(X, v)`",
    "dask": "product on a Dask cluster, `pyntk.dask.operator(X, client) @ v`",
    "stream": "Gram on disk, `stream_gram(X, path)`",
    "fit": "matrix-free fit, `kernel_regression(X, y, method='matrix_free')`",
}
TINY = 64
"""Rows of a call whose entries take no time."""

RECIPE, WIDTH = admit_recipe("first", 1, 1.0, 0.0, None), 8
"""The kernel, and the bytes of a number."""


class Size(NamedTuple):
    """A problem: n rows of d float64 numbers, on how many workers where there are some."""

    n: int
    d: int
    workers: int


class Constants(NamedTuple):
    """Of the law of one way, in seconds."""

    call: float
    """t, of each call or step."""
    entry: float
    """a."""
    making: float = 0.0
    """b."""
    applying: float = 0.0
    """c."""
    products: int = 1
    """Steps of the fit, and one more product for its residual."""


def seconds(constants, n):
    """Return what the law says."""
    r = rank(n)
    product = constants.call + constants.entry * n**2 + constants.applying * n * r
    return constants.making * (n * r**2 + 4 * r**3) + constants.products * product


def of_calls(tiny, small, n):
    """Return the constants of a way from the seconds of a tiny call and of one with n rows."""
    if not small > tiny:
        raise RuntimeError(
            f"a call with {n} rows took {small:.3g} s, one with {TINY} {tiny:.3g} s: this machine "
            "is too busy to measure constants"
        )
    return Constants(tiny, (small - tiny) / n**2)


def of_dask(tiny, product, workers):
    """Return those of a cluster: its workers share the pairs of rows, in their threads together."""
    running = min(allowed(), workers * threads_of_worker(workers))
    return Constants(tiny, product.entry * allowed() / running)


def of_fit(fitted, product, n):
    """Return those of a fit with n rows, from what it says of itself."""
    r = rank(n)
    applying = fitted["step_seconds"] - seconds(product, n)
    return Constants(
        product.call, product.entry, fitted["making_seconds"] / (n * r**2 + 4 * r**3),
        max(0.0, applying) / (n * r), fitted["steps"] + 1,
    )  # fmt: skip


def law(way, constants):
    """Return the law with its constants, to be read."""
    product = f"{constants.call * 1e3:.3g} ms + {constants.entry * 1e9:.3g} ns n^2"
    if way != "fit":
        return product
    return (
        f"{constants.making * 1e9:.3g} ns (n r^2 + 4 r^3) + {constants.products} ({product} + "
        f"{constants.applying * 1e9:.3g} ns n r), r the rank"
    )


def memory(way, size):
    """Return the bytes that a call is announced to need, its answer included."""
    n, d, workers = size
    match way:
        case "gram":
            return WIDTH * n * n + _packed(d, n)
        case "product":
            return _product(n, d)
        case "stream":
            rows = default_rows(n, n, WIDTH, symmetric=True)
            blocks = plan(min(n, 4 * rows), n, rows, WIDTH, symmetric=True)  # more are no larger
            largest = max(blocks, key=lambda block: block.size)
            return WIDTH * largest.size + 2 * PIECE + _packed(d, *largest.shape)
        case "fit":
            return solve_bytes(n, 1, "landmarks", rank(n))
        case "dask":  # a worker has its rows, v, and a product; the client v, a part, and the sum
            ends = [round(n * math.sqrt(part / workers)) for part in range(1, workers + 1)]
            return sum(WIDTH * e * (d + 1) + _product(e, d) for e in ends) + 3 * WIDTH * n
    raise ValueError(f"no such way: {way}")


def _product(n, d):
    return WIDTH * n + 2 * n * PADDED * 8 + _packed(d, n)


def _packed(d, *rows):
    return packed_bytes(choose(None, on_device=False), RECIPE, WIDTH, d, *rows)


def disk(way, size):
    """Return the bytes of the file that a call writes."""
    return WIDTH * size.n**2 if way == "stream" else 0


def rows_bytes(size):
    """Return the bytes of the rows, which are there before a call."""
    return WIDTH * size.n * size.d


def rank(n):
    """Return the rank that a fit takes, unless it is told otherwise."""

    def columns(chosen):
        return np.empty((n, len(chosen)))

    return admit_rank("landmarks", None, System(n, "X", HOST, 1.0, columns, columns))


def threads_of_worker(workers):
    """Return the threads of a worker: all of them together take what there is, but one at least."""
    return max(1, allowed() // workers)
