"""``cupyx.scipy.sparse.linalg.LinearOperator``, as far as a solver of ours would use it."""

import numpy as np

from .array import ndarray


class LinearOperator:
    """A matrix by its products."""

    __module__ = "cupyx.scipy.sparse.linalg"
    ndim = 2

    def __init__(self, shape, matvec, rmatvec=None, matmat=None, dtype=None, rmatmat=None):
        self.shape, self.dtype = tuple(shape), None if dtype is None else np.dtype(dtype)
        self._products = {
            "matvec": matvec, "matmat": matmat, "rmatvec": rmatvec, "rmatmat": rmatmat,
        }  # fmt: skip

    def matvec(self, x):
        if x.shape not in ((self.shape[1],), (self.shape[1], 1)):
            raise ValueError("dimension mismatch")
        return self._products["matvec"](x)

    def matmat(self, X):
        if X.ndim != 2 or X.shape[0] != self.shape[1]:
            raise ValueError("dimension mismatch")
        if self._products["matmat"] is not None:
            return self._products["matmat"](X)
        from .functions import stack

        return stack([self.matvec(X[:, j]) for j in range(X.shape[1])], axis=1)

    def rmatvec(self, x):
        if self._products["rmatvec"] is None:
            raise NotImplementedError("rmatvec is not defined")
        return self._products["rmatvec"](x)

    def rmatmat(self, X):
        if self._products["rmatmat"] is None:
            raise NotImplementedError("rmatmat is not defined")
        return self._products["rmatmat"](X)

    def dot(self, x):
        if not isinstance(x, ndarray):
            raise ValueError("expected 1-d or 2-d cupy array")
        return self.matvec(x) if x.ndim == 1 or x.shape[1] == 1 else self.matmat(x)

    def __matmul__(self, other):
        return self.dot(other)

    def __mul__(self, other):
        return self.dot(other)

    def __call__(self, x):
        return self.dot(x)


def aslinearoperator(A):
    """Return an operator; a matrix becomes one by its products."""
    if isinstance(A, LinearOperator):
        return A
    return LinearOperator(A.shape, lambda x: A @ x, matmat=lambda X: A @ X, dtype=A.dtype)
