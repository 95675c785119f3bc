"""``cupy.linalg`` by NumPy; cuSOLVER's status is looked at if cupyx.errstate asks for it."""

import numpy as np
from numpy.linalg import LinAlgError

from .array import ndarray
from .run import look, run
from .state import linalg_state

_TRIANGLES = {"L": np.tril, "U": np.triu}


def eigh(a, UPLO="L"):
    def attempt(A):
        w, V = np.linalg.eigh(A, UPLO)
        return w, np.asfortranarray(V)  # as cuSOLVER leaves them

    return solved("syevd", a, attempt, lambda A: (A[0], A), reads=_TRIANGLES[UPLO])


def eigvalsh(a, UPLO="L"):
    return solved(
        "syevd", a, lambda A: np.linalg.eigvalsh(A, UPLO), lambda A: A[0], reads=_TRIANGLES[UPLO]
    )


def cholesky(a):
    return solved("potrf", a, np.linalg.cholesky, lambda A: A, reads=np.tril)


def qr(a, mode="reduced"):
    return solved("geqrf", a, lambda A: tuple(np.linalg.qr(A, mode)), lambda A: (A, A))


def solve(a, b):
    return solved("getrf", a, np.linalg.solve, lambda A, B: B, b)


def inv(a):
    return solved("getrf", a, np.linalg.inv, lambda A: A)


def svd(a, full_matrices=True, compute_uv=True):
    return solved(
        "gesvd", a, lambda A: _plain(np.linalg.svd(A, full_matrices, compute_uv)), lambda A: A
    )


def norm(x, ord=None, axis=None, keepdims=False):
    return run("cupy.linalg.norm", np.linalg.norm, x, ord, axis, keepdims)


def solved(routine, a, function, shaped_like, *others, reads=np.asarray):
    """Run a routine of cuSOLVER; where it fails and nobody looks at its status, leave NaN.

    It fails too where ``reads``, the part of the matrix that it reads, is not finite.
    """
    if not isinstance(a, ndarray):
        raise TypeError(f"Unsupported type {type(a)}")
    if a.dtype.char not in "fdFD":
        a = a.astype(np.float64)
    failed = []

    def attempt(*matrices):
        try:
            if not np.isfinite(reads(matrices[0])).all():
                raise LinAlgError("NaN or infinity in the matrix")
            return function(*matrices)
        except LinAlgError as error:
            failed.append(error)
            return _of_nan(shaped_like(*matrices))

    result = run(f"cupy.linalg.{routine}", attempt, a, *others)
    if linalg_state() == "raise":
        look("cupy.linalg.devInfo", None)
        if failed:
            raise LinAlgError(f"Error reported by {routine} in cuSOLVER. devInfo = 1.")
    return result


def _of_nan(like):
    if isinstance(like, tuple):
        return tuple(map(_of_nan, like))
    return np.full_like(like, np.nan)


def _plain(result):
    return tuple(result) if isinstance(result, tuple) else result
