"""A symmetric matrix as the solvers see it: one that is given, or the kernel of rows, never stored.

Both are read by blocks of rows of their lower triangle, in float64. What is meant by the kernel of
rows is the exact one; its blocks are off by ``entry_error`` sqrt(K_ii K_jj) at most (promises 3 and
9 of docs/accuracy.md).
"""

from collections.abc import Iterator
from typing import Any, Final, Protocol

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.gram import ntk_diag, ntk_gram
from pyntk.linalg.parallel_rows import refuse_parallel_rows
from pyntk.memory import host_available
from pyntk.products import ntk_matmul
from pyntk.recipe import admit_recipe

BLOCK_BYTES: Final = 16 * 2**20
"""Of a block of rows in float64."""

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


class Symmetric(Square, Protocol):
    """A symmetric (n, n) matrix."""

    n: int
    name: str
    argument: str
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
        self.H, self.n = H, len(H)
        self.name = self.argument = "H"
        self.single = self.from_single = H.dtype == np.float32
        self.entry_error = 0.0
        self.diagonal = np.diagonal(H).astype(np.float64)

    def rows(self, begin: int, end: int) -> tuple[Array, Array]:
        """See :class:`Symmetric`."""
        left, corner = self.H[begin:end, :begin], self.H[begin:end, begin:end]
        corner = np.tril(corner) + np.tril(corner, -1).T
        return left.astype(np.float64, copy=False), corner.astype(np.float64)

    def product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        return product_by_blocks(self, V, np.float64)

    exact_product = product


class KernelMatrix:
    """The neural tangent kernel of rows X: entries are computed when they are needed, or kept."""

    def __init__(self, X: Array, kernel: dict[str, Any], *, from_single: bool) -> None:
        self.X, self.kernel, self.n = X, kernel, len(X)
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
        if self._costly and size <= min(MOST_KEPT, host_available()[0] // 4):
            self._kept = ntk_gram(self.X, **self.kernel)

    def rows(self, begin: int, end: int) -> tuple[Array, Array]:
        """See :class:`Symmetric`."""
        if self._kept is None:
            block = ntk_gram(self.X[begin:end], self.X[:end], **self.kernel)
        else:
            block = self._kept[begin:end, :end]
        return block[:, :begin], block[:, begin:]

    def product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        return self.exact_product(V) if self._kept is None else self._kept @ V

    def exact_product(self, V: Array) -> Array:
        """See :class:`Symmetric`."""
        return ntk_matmul(self.X, V, **self.kernel)


def blocks(n: int, itemsize: int = 8) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of blocks of rows of a matrix with n columns, in bounded memory."""
    height = max(16, min(256, BLOCK_BYTES // max(1, n * itemsize)))
    for begin in range(0, n, height):
        yield begin, min(n, begin + height)


def product_by_blocks(matrix: Symmetric, V: Array, dtype: Any) -> Array:
    """Return the product with V (n, k), computed in a dtype from the entries in float64."""
    V = V.astype(dtype, copy=False)
    Y = np.zeros(V.shape, dtype)
    for begin, end in blocks(matrix.n, np.dtype(dtype).itemsize):
        left, corner = (part.astype(dtype, copy=False) for part in matrix.rows(begin, end))
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
        TypeError: not exactly one of H and X; an unknown keyword; an array on a CUDA device.
        ValueError: wrong shapes, NaN or infinity, a parameter out of its range.
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
        _refuse_device(call, "H", inputs.on_device)
        return GivenMatrix(inputs[0])
    recipe = admit_recipe(
        kernel.get("trained", "first"), kernel.get("depth", 1), kernel.get("weight_variance", 1.0),
        kernel.get("bias_variance", 0.0), kernel.get("accumulate"),
    )  # fmt: skip
    inputs = admit(X=(X, "n d"))
    _refuse_device(call, "X", inputs.on_device)
    rows = inputs[0].astype(np.float64, copy=False)
    if definite:
        refuse_parallel_rows(rows, biased=recipe.bias_variance > 0)
    return KernelMatrix(rows, kernel, from_single=inputs.dtype == np.float32)


def admit_labels(call: str, y: Any, matrix: Square) -> tuple[Array, bool, bool]:
    """Return y as (n, k) float64, whether it is a vector, and whether its numbers are float32."""
    try:
        is_vector = np.ndim(y) != 2
    except ValueError:
        is_vector = True  # a ragged list: admit says so
    inputs = admit(y=(y, "n" if is_vector else "n k"))
    _refuse_device(call, "y", inputs.on_device)
    shape = "(n,)" if is_vector else "(n, k)"
    if len(inputs[0]) != matrix.n:
        raise ValueError(
            f"y must have shape {shape} with n = {matrix.n} as in {matrix.argument}, "
            f"but has n = {len(inputs[0])}: {inputs[0].shape}"
        )
    Y = inputs[0].astype(np.float64, copy=False)
    return Y[:, None] if is_vector else Y, is_vector, inputs.dtype == np.float32


def _refuse_device(call: str, name: str, on_device: bool) -> None:
    if on_device:
        raise TypeError(
            f"{name} is on a CUDA device, and {call} takes arrays on the host; "
            f"cupy.asnumpy({name}) copies one"
        )
