"""What a worker holds of a kernel matrix: rows, and the kernel; an actor of Dask."""

from typing import Any

from pyntk.contract import Array
from pyntk.products import ntk_matmul


class Share:
    """The pairs of rows of X of which the later one is in [begin, X's end): a part of K(X, X)."""

    def __init__(self, X: Array, begin: int, kernel: dict[str, Any]) -> None:
        self._X, self._begin, self._kernel = X, begin, kernel

    def product(self, V: Array) -> Array:
        """Return what these pairs add to K V, for V of as many rows as X."""
        return ntk_matmul(self._X, V, first=self._begin, **self._kernel)
