"""What a worker holds of a kernel matrix: rows, and the kernel; an actor of Dask."""

from typing import Any

from pyntk.contract import Array
from pyntk.products import ntk_matmul


class Share:
    """Rows [begin, end) of the kernel matrix of X, of which products alone are made."""

    def __init__(self, X: Array, begin: int, end: int, kernel: dict[str, Any]) -> None:
        self._X, self._rows, self._kernel = X, X[begin:end], kernel

    def product(self, V: Array) -> Array:
        """Return the product of these rows with V (n, c)."""
        return ntk_matmul(self._rows, V, self._X, **self._kernel)
