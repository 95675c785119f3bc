"""Eigenvalues and eigenvectors of a symmetric matrix."""

import operator
from typing import Any, NamedTuple

import numpy as np

from pyntk.arrays import Admitted, admit
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel, load
from pyntk.linalg.interruptible import interruptible
from pyntk.memory import require
from pyntk.places import goes_to_device, placed

Subset = tuple[int, int] | slice | None


class Eigenpairs(NamedTuple):
    """What :func:`eigh` returns."""

    eigenvalues: Array
    eigenvectors: Array


@placed
def eigh(
    H: Any, *, subset: Subset = None, overwrite: bool = False, backend: str | None = None
) -> Eigenpairs:
    """Eigenvalues and eigenvectors of a symmetric matrix, by LAPACK.

    All eigenvectors come by divide and conquer (syevd), an eighth of them or fewer by inverse
    iteration. ``python -m pyntk info`` says which LAPACK is called.

    Args:
        H: (n, n) real symmetric matrix, finite; only its lower triangle is read.
        subset: which eigenpairs, counted from the smallest eigenvalue: (lo, hi) or slice(lo, hi),
            both without hi, as everywhere in Python; slice(-k, None) are the k largest.
        overwrite: work in the memory of H, if it is C-contiguous float32 or float64, and leave
            something else there: the eigenvectors, if all are asked for, which are then no copy.
            Saves n^2 numbers; Ctrl-C is then served when LAPACK returns.
        backend: "cpu" or "numba" (both call the same LAPACK), or "cuda" (cuSOLVER through CuPy);
            None chooses by PYNTK_BACKEND, then by where H is.

    Returns:
        (eigenvalues, eigenvectors): (k,) ascending, and (n, k) whose column j belongs to eigenvalue
        j; of the dtype of H.

    Raises:
        ValueError: H is not square, has NaN or infinity, is read-only though it is to be
            overwritten, or is too large for this LAPACK: with 32-bit integers (SciPy's) n <=
            32,766, beyond which the size of its workspace overflows. A subset out of range.
        TypeError: H is no real array; a subset of the wrong type.
        MemoryError: more memory is needed than is available; the message has both numbers.
        numpy.linalg.LinAlgError: LAPACK did not converge.
        BackendError: the backend asked for cannot be used.
    """
    n, chosen = admit_order(H, backend)
    lo, hi = admit_subset(subset, n)
    inputs = admit(H=(H, "n n"))
    k, every = hi - lo, hi - lo == n
    # Without one it is CuPy: a copy, and about what syevd works in.
    workspace = getattr(load(chosen), "eigh_workspace", lambda n, k: 3 * n * n)
    numbers = (not overwrite) * n * n + (not every) * k * n + workspace(n, k)
    require("eigh", numbers * inputs.dtype.itemsize, on_device=inputs.on_device)
    A = admit_work(H, inputs, overwrite)
    w = inputs.empty(k)
    V = A if every and not inputs.on_device else inputs.empty(k, n)
    run = kernel("eigh", chosen)
    finish(lambda: run(A=A, first=lo, w=w, V=V), inputs, overwrite)
    return Eigenpairs(w, V.T)


@placed
def eigvalsh(
    H: Any, *, subset: Subset = None, overwrite: bool = False, backend: str | None = None
) -> Array:
    """Eigenvalues of a symmetric matrix, by LAPACK: a third of the price of :func:`eigh`, or less.

    Args:
        H: as for :func:`eigh`.
        subset: as for :func:`eigh`; all eigenvalues are computed, these are returned.
        overwrite: as for :func:`eigh`.
        backend: as for :func:`eigh`.

    Returns:
        (k,) eigenvalues, ascending, of the dtype of H.

    Raises:
        ValueError: as for :func:`eigh`.
        TypeError: as for :func:`eigh`.
        MemoryError: as for :func:`eigh`.
        numpy.linalg.LinAlgError: as for :func:`eigh`.
        BackendError: as for :func:`eigh`.
    """
    n, chosen = admit_order(H, backend)
    lo, hi = admit_subset(subset, n)
    inputs = admit(H=(H, "n n"))
    require(
        "eigvalsh", ((not overwrite) * n * n + 300 * n) * inputs.dtype.itemsize,
        on_device=inputs.on_device,
    )  # fmt: skip
    A, w = admit_work(H, inputs, overwrite), inputs.empty(n)
    run = kernel("eigvalsh", chosen)
    finish(lambda: run(A=A, w=w), inputs, overwrite)
    return w[lo:hi]


def admit_order(H: Any, backend: str | None) -> tuple[int, str]:
    """Return n and the backend; raise before H is looked at if LAPACK cannot count so far."""
    n = max(np.shape(H), default=0)
    chosen = choose(backend, goes_to_device(H))
    limit = getattr(load(chosen), "largest_order", None)
    if limit is not None and n > limit():
        raise ValueError(
            f"n = {n}: the workspace of LAPACK's syevd overflows 32-bit integers; NumPy's wheel "
            'and MKL (pip install "pyntk[mkl]") have 64-bit ones, see `python -m pyntk info`'
        )
    return n, chosen


def admit_subset(subset: Any, n: int) -> tuple[int, int]:
    """Return lo and hi of ``subset=``."""
    if subset is None:
        return 0, n
    if isinstance(subset, slice):
        lo, hi, step = subset.indices(n)
        if step != 1:
            raise ValueError(f"subset must be a slice without a step, not {subset}")
        return lo, max(lo, hi)
    try:
        lo, hi = map(operator.index, subset)
    except (TypeError, ValueError):
        raise TypeError(f"subset must be (lo, hi) or a slice, not {subset!r}") from None
    if not 0 <= lo <= hi <= n:
        raise ValueError(f"subset must be 0 <= lo <= hi <= n = {n}, not {(lo, hi)}")
    return lo, hi


def admit_work(H: Any, inputs: Admitted, overwrite: bool) -> Array:
    """Return the admitted H to work in: itself if it may be overwritten or is a copy already."""
    A = inputs[0]
    if inputs.on_device:
        return A  # CuPy works in a copy of its own
    shared = not isinstance(H, np.ndarray) or np.may_share_memory(A, H)
    if overwrite and not A.flags.writeable:
        raise ValueError("H is read-only, and overwrite=True")
    if overwrite or not shared:
        return A
    copy = inputs.empty(*A.shape)
    copy[...] = A
    return copy


def finish(work: Any, inputs: Admitted, overwrite: bool) -> None:
    """Run a kernel so that Ctrl-C returns at once, if it works in memory of its own."""
    if inputs.on_device or overwrite:
        work()
    else:
        interruptible(work)
