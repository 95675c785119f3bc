"""A symmetric operator as the iterative methods see it: products with blocks of columns."""

from typing import Any

import numpy as np

from pyntk.contract import Array
from pyntk.products import ntk_operator
from pyntk.scalars import admit_integer
from pyntk.threads import allowed


class SymmetricOperator:
    """A real symmetric (n, n) operator, times a power of two that keeps products near 1.

    The power is that of the first product, so that no square of an entry overflows or vanishes; it
    is exact, and ``scale`` undoes it.
    """

    def __init__(self, operator: Any) -> None:
        self._operator = operator
        self.n: int = operator.shape[0]
        self.single = np.dtype(operator.dtype) == np.float32
        self.products = 0
        self.scale = 0.0

    def __call__(self, V: Array) -> Array:
        """Return the product with V (n, c) of float64, in float64; one of columns near 1."""
        V = np.ascontiguousarray(V, np.float32 if self.single else np.float64)
        Y = np.asarray(self._operator.matmat(V), np.float64)
        self.products += 1
        largest = max(Y.max(initial=0), -Y.min(initial=0))
        if not largest < np.inf:
            raise ValueError("a product with the operator is not finite")
        if not self.scale:
            self.scale = float(np.ldexp(1.0, int(np.frexp(largest)[1]))) if largest else 1.0
        return Y / self.scale


def admit_operator(call: str, operator: Any, kernel: dict[str, Any]) -> SymmetricOperator:
    """Return the operator of an argument: a LinearOperator itself, or the kernel of rows X.

    Raises:
        TypeError: keywords beside an operator, an operator that is not real, an argument on a CUDA
            device; what ntk_operator raises.
        ValueError: an operator that is not square; what ntk_operator raises.
    """
    from scipy.sparse.linalg import LinearOperator

    if not isinstance(operator, LinearOperator):
        if hasattr(operator, "__cuda_array_interface__"):
            raise TypeError(
                f"X is on a CUDA device, and {call} takes arrays on the host; "
                "cupy.asnumpy(X) copies one"
            )
        return SymmetricOperator(ntk_operator(operator, **kernel))
    refuse_operator(operator, kernel)
    return SymmetricOperator(operator)


def refuse_operator(operator: Any, kernel: dict[str, Any]) -> None:
    """Raise ValueError or TypeError for what is no square and real LinearOperator.

    And for keywords of a kernel beside it.
    """
    from scipy.sparse.linalg import LinearOperator

    if not isinstance(operator, LinearOperator):
        raise TypeError(
            f"operator must be a scipy.sparse.linalg.LinearOperator, not {type(operator).__name__}"
        )
    if kernel:
        raise TypeError(f"{next(iter(kernel))}= describes the kernel of X, but an operator came")
    if operator.shape[0] != operator.shape[1]:
        raise ValueError(f"the operator must be square, not {operator.shape}")
    if operator.dtype is None or np.dtype(operator.dtype).char not in "fd":
        raise TypeError(f"the operator must be float32 or float64, not {operator.dtype}")


def admit_seed(seed: Any) -> np.random.Generator:
    """Return a generator; raise TypeError or ValueError for a seed that is no integer >= 0."""
    number = admit_integer("seed", seed)
    if number < 0:
        raise ValueError(f"seed must be at least 0, not {number}")
    return np.random.default_rng(number)


def product_bytes(n: int, columns: int) -> int:
    """Return what a product with so many columns allocates, in the most usual case.

    Four blocks of columns: those given, the same in the kernel, its sums, what it returns; for each
    thread the sums of a slice, and those of another that wait for their turn; and the tiles.
    """
    threads = allowed()
    return 8 * n * columns * (4 + 2 * threads) + (12 + 2 * threads) * 2**20
