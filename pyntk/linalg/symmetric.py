"""A symmetric matrix as the solvers see it: one that is given, or the kernel of rows, never stored.

Both are read by blocks of rows of their lower triangle, in float64. What is meant by the kernel of
rows is the exact one; its blocks are off by ``entry_error`` sqrt(K_ii K_jj) at most (promises 3 and
9 of docs/accuracy.md).
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.dispatch import choose
from pyntk.finite import assume_finite
from pyntk.gram import ntk_diag, ntk_gram
from pyntk.linalg.parallel_rows import refuse_parallel_rows
from pyntk.linalg.where import HOST, Place, place_of, refuse_other_place
from pyntk.memory import host_available
from pyntk.products import ntk_matmul
from pyntk.recipe import admit_recipe

BLOCK_BYTES: Final = {False: 16 * 2**20, True: 64 * 2**20}
"""Of a block of rows in float64, on the host and on a device."""

UNIT: Final = 2.0**-53

SMALLEST: Final = 1e-290
"""Of k(x, x): the errors of entries beside it are relative, though some may underflow."""

MOST_KEPT: Final = 2 * 2**30
"""Bytes of a kernel that is kept: a product with it, which cannot be stopped, takes 0.1 s."""

LONG_ROWS: Final = 128
"""Inputs from which on reading an entry takes less time than computing it."""

KEYWORDS: Final = (
    "trained", "depth", "weight_variance", "bias_variance", "accumulate", "threads", "backend",
)  # fmt: skip
"""Of ntk_gram, which say what the kernel of X is and how it is computed."""


class Square(Protocol):
    """What labels must fit."""

    @property
    def n(self) -> int:
        """Order of the matrix."""

    @property
    def argument(self) -> str:
        """Whose order it is, for messages."""

    @property
    def place(self) -> Place:
        """Where it is."""


class Symmetric(Square, Protocol):
    """A symmetric (n, n) matrix."""

    n: int
    name: str
    argument: str
    place: Place
    single: bool
    """Whether its entries are float32 numbers."""
    from_single: bool
    """Whether the argument is float32."""
    entry_error: float
    diagonal: Array
    """(n,) float64."""

    def rows(self, begin: int, end: int) -> tuple[Array, Array]:
        """Return its rows left of the diagonal block, and that block, in float64."""

    def product(self, V: Array) -> Array:
        """Return its product with V (n, k) of float64, in float64."""

    def exact_product(self, V: Array) -> Array:
        """Return the same with sums that are rounded once, if there are such."""


class GivenMatrix:
    """A matrix in memory, of which only the lower triangle is read."""

    def __init__(self, H: Array) -> None:
        self.H, self.n, self.place = H, len(H), place_of(H)
        self.name = self.argument = "H"
        self.single = self.from_single = H.dtype == np.float32
        self.entry_error = 0.0
        self.diagonal = H.diagonal().astype(np.float64)

    def rows(self, begin: int, end: int) -> tuple[Array, Array]:
        """See :class:`Symmetric`."""
        left, corner = self.H[begin:end, :begin], self.H[begin:end, begin:end]
        corner = np.tril(corner) + np.tril(corner, -1).T
        return left.astype(np.float64, copy=False), corner.astype(np.float64)

    def product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        return product_by_blocks(self, V)

    exact_product = product


class KernelMatrix:
    """The neural tangent kernel of rows X: entries are computed when they are needed, or kept."""

    def __init__(self, X: Array, kernel: dict[str, Any], *, from_single: bool) -> None:
        self.X, self.kernel, self.n, self.place = X, kernel, len(X), place_of(X)
        self.name, self.argument, self.single, self.from_single = "K(X)", "X", False, from_single
        self.diagonal = ntk_diag(X, **kernel)
        if not ((self.diagonal == 0) | (self.diagonal >= SMALLEST)).all():
            raise ValueError(f"the kernel matrix of X has a diagonal entry below {SMALLEST}")
        if not np.isfinite(self.diagonal).all():
            raise ValueError("the kernel matrix of X has entries beyond the range of float64")
        depth, bias = kernel.get("depth", 1), kernel.get("bias_variance", 0.0)
        self.entry_error = (8 + 0.4 * depth if depth > 1 or bias > 0 else 8) * UNIT
        self._costly = X.shape[1] >= LONG_ROWS or depth > 1 or bias > 0
        self._kept: Array | None = None

    def keep(self) -> None:
        """Keep the matrix for several products, if that saves time and memory is plentiful.

        The entries are the same to the bit; a product then takes BLAS's sums.
        """
        size = 8 * self.n**2
        if self._costly and size <= min(MOST_KEPT, self.place.available(host_available)[0] // 4):
            self._kept = ntk_gram(self.X, **self.kernel)

    def rows(self, begin: int, end: int) -> tuple[Array, Array]:
        """See :class:`Symmetric`."""
        if self._kept is None:
            with assume_finite():  # X was looked at, and the diagonal bounds the entries
                block = ntk_gram(self.X[begin:end], self.X[:end], **self.kernel)
        else:
            block = self._kept[begin:end, :end]
        return block[:, :begin], block[:, begin:]

    def product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        return self.exact_product(V) if self._kept is None else self._kept @ V

    def exact_product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        with assume_finite():
            return ntk_matmul(self.X, V, **self.kernel)


def blocks(n: int, itemsize: int = 8, place: Place = HOST) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of blocks of rows of a matrix with n columns, in bounded memory."""
    most = 4096 if place.on_device else 256
    height = max(16, min(most, BLOCK_BYTES[place.on_device] // max(1, n * itemsize)))
    for begin in range(0, n, height):
        yield begin, min(n, begin + height)


def product_by_blocks(
    matrix: Symmetric, V: Array, entries: Callable[[Array], Array] = lambda part: part
) -> Array:
    """Return the product with V (n, k), in V's dtype, of a function of the entries in float64."""
    Y = np.zeros_like(V)
    for begin, end in blocks(matrix.n, V.itemsize, matrix.place):
        left, corner = map(entries, matrix.rows(begin, end))
        Y[begin:end] += left @ V[:begin] + corner @ V[begin:end]
        Y[:begin] += left.T @ V[begin:end]
    return Y


def admit_symmetric(
    call: str, H: Any, X: Any, kernel: dict[str, Any], *, definite: bool = True
) -> Symmetric:
    """Return the matrix that a call is about: H, or the kernel of X.

    Args:
        call: for messages.
        H: (n, n), or None.
        X: (n, d), or None.
        kernel: keywords of ntk_gram, for X alone.
        definite: refuse rows of X that make the kernel exactly singular.

    Raises:
        TypeError: not exactly one of H and X; an unknown keyword.
        ValueError: wrong shapes, NaN or infinity, a parameter out of its range.
        BackendError: H is on a device, and PYNTK_BACKEND names a backend of the host.
        numpy.linalg.LinAlgError: two rows of X are parallel, or one is zero; it names them.
    """
    if (H is None) == (X is None):
        raise TypeError(f"{call} takes exactly one of H and X")
    unknown = sorted(kernel.keys() - set(KEYWORDS))
    if unknown:
        raise TypeError(f"{call} got an unexpected keyword argument {unknown[0]!r}")
    if X is None:
        if kernel:
            raise TypeError(f"{next(iter(kernel))}= describes the kernel of X, but H was given")
        inputs = admit(H=(H, "n n"))
        if inputs.on_device:
            choose(None, on_device=True)  # PYNTK_BACKEND may name the host
        return GivenMatrix(inputs[0])
    recipe = admit_recipe(
        kernel.get("trained", "first"), kernel.get("depth", 1), kernel.get("weight_variance", 1.0),
        kernel.get("bias_variance", 0.0), kernel.get("accumulate"),
    )  # fmt: skip
    inputs = admit(X=(X, "n d"))
    rows = inputs[0].astype(np.float64, copy=False)
    if definite:
        refuse_parallel_rows(rows, biased=recipe.bias_variance > 0)
    return KernelMatrix(rows, kernel, from_single=inputs.dtype == np.float32)


def admit_labels(y: Any, matrix: Square) -> tuple[Array, bool, bool]:
    """Return y as (n, k) float64, whether it is a vector, and whether its numbers are float32."""
    try:
        is_vector = np.ndim(y) != 2
    except ValueError:
        is_vector = True  # a ragged list: admit says so
    inputs = admit(y=(y, "n" if is_vector else "n k"))
    refuse_other_place("y", inputs.on_device, matrix.place, matrix.argument)
    shape = "(n,)" if is_vector else "(n, k)"
    if len(inputs[0]) != matrix.n:
        raise ValueError(
            f"y must have shape {shape} with n = {matrix.n} as in {matrix.argument}, "
            f"but has n = {len(inputs[0])}: {inputs[0].shape}"
        )
    Y = inputs[0].astype(np.float64, copy=False)
    return Y[:, None] if is_vector else Y, is_vector, inputs.dtype == np.float32
