"""The parts of cupyx: its LAPACK, triangular solves, and operators."""

import types

import numpy as np

from . import state
from .creation import array
from .linalg import solved
from .operators_of_cupyx import LinearOperator, aslinearoperator
from .run import run


def solve_triangular(
    a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=False
):
    """``cupyx.scipy.linalg.solve_triangular``: what a zero on the diagonal gives is not finite.

    As in CuPy the result is the memory of ``b`` where it may be, in Fortran's order.
    """
    dtype = np.result_type(a.dtype, b.dtype, np.float32)
    in_place = overwrite_b and b.flags.f_contiguous and b.dtype == dtype
    target = b if in_place else array(b, dtype, order="F")

    def attempt(A, B):
        T = (np.tril(A) if lower else np.triu(A)).astype(dtype)
        forward = lower == (trans in (0, "N"))
        return _substituted(T if trans in (0, "N") else T.T, B, forward, unit_diagonal)

    return run("cupyx.trsm", attempt, a, target, out=target)


def _substituted(T, B, forward, unit_diagonal):
    """Return T^-1 B for a triangular T, row by row: forward for a lower triangle."""
    X, n = B.copy(), len(T)
    for i in range(n) if forward else range(n - 1, -1, -1):
        known = slice(0, i) if forward else slice(i + 1, n)
        X[i] -= T[i, known] @ X[known]
        if not unit_diagonal:
            X[i] /= T[i, i]
    return X


def posv(a, b):
    """``cupyx.lapack.posv``: A X = B by Cholesky's factorisation."""

    def attempt(A, B):
        np.linalg.cholesky(A)
        return np.linalg.solve(A, B)

    return solved("potrf", a, attempt, lambda A, B: B, b)


def gesv(a, b):
    """``cupyx.lapack.gesv``: A X = B by LU factorisation."""
    return solved("getrf", a, np.linalg.solve, lambda A, B: B, b)


def potrs(L, b, lower):
    """``cupyx.lapack.potrs``: A X = B where A is factorised; it may work in the memory of B."""

    def attempt(A, B):
        T = np.tril(A) if lower else np.triu(A).T
        half = _substituted(T, B, forward=True, unit_diagonal=False)
        return _substituted(T.T, half, forward=False, unit_diagonal=False)

    return run("cupyx.potrs", attempt, L, b)


def modules():
    """Return cupyx and the modules in it by their names, those to import by name last."""
    x, lapack = types.ModuleType("cupyx"), types.ModuleType("cupyx.lapack")
    scipy, linalg = types.ModuleType("cupyx.scipy"), types.ModuleType("cupyx.scipy.linalg")
    sparse = types.ModuleType("cupyx.scipy.sparse")
    operators = types.ModuleType("cupyx.scipy.sparse.linalg")
    x.errstate, x.geterr = state.errstate, state.geterr
    x.lapack, x.scipy, scipy.sparse = lapack, scipy, sparse
    lapack.posv, lapack.gesv, lapack.potrs = posv, gesv, potrs
    linalg.solve_triangular = solve_triangular
    operators.LinearOperator, operators.aslinearoperator = LinearOperator, aslinearoperator
    found = (x, lapack, scipy, sparse, linalg, operators)
    for module in found:
        module.__path__ = []
    return {module.__name__: module for module in found}
