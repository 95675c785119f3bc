"""ScaLAPACK from Python: matrices whose blocks lie on a grid of MPI processes, and calls by ctypes.

Block (I, J) of a matrix belongs to the process in row I mod p and column J mod q of the p x q grid.
Nothing here knows of kernels.
"""

import ctypes
import ctypes.util
import math
from dataclasses import dataclass
from typing import Any

import numpy as np


def owned(n: int, block: int, process: int, processes: int) -> np.ndarray:
    """Return the indices below n, ascending, of the blocks that one of the processes has.

    As many as ScaLAPACK's NUMROC counts; they stand in its local array in this order.
    """
    indices = np.arange(n)
    return indices[indices // block % processes == process]


def grid_shape(processes: int) -> tuple[int, int]:
    """Return p and q of the p x q grid of all processes that is nearest to a square, p <= q."""
    p = max(p for p in range(1, math.isqrt(processes) + 1) if processes % p == 0)
    return p, processes // p


@dataclass(frozen=True)
class Matrix:
    """The part of a matrix that this process has: local[i, j] is entry (rows[i], columns[j])."""

    rows: np.ndarray
    columns: np.ndarray
    local: np.ndarray
    descriptor: np.ndarray


class Grid:
    """The processes of MPI's world as a grid, and the routines of ScaLAPACK on it."""

    def __init__(self, library: ctypes.CDLL, world: Any, block: int) -> None:
        rank, size, context = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        library.Cblacs_pinfo(ctypes.byref(rank), ctypes.byref(size))
        if (rank.value, size.value) != (world.rank, world.size):
            raise OSError(
                f"mpi4py has rank {world.rank} of {world.size}, ScaLAPACK {rank.value} of "
                f"{size.value}: they are linked with different MPI libraries"
            )
        self.routines, self.world, self.block = library, world, block
        self.shape = grid_shape(world.size)
        self.row, self.column = divmod(world.rank, self.shape[1])
        library.Cblacs_get(-1, 0, ctypes.byref(context))
        library.Cblacs_gridinit(ctypes.byref(context), b"Row", *self.shape)
        self.context = context.value

    def rows(self, n: int) -> np.ndarray:
        """Return which of n rows this process has."""
        return owned(n, self.block, self.row, self.shape[0])

    def columns(self, n: int) -> np.ndarray:
        """Return which of n columns this process has."""
        return owned(n, self.block, self.column, self.shape[1])

    def zeros(self, m: int, n: int) -> Matrix:
        """Return this process's part of an (m, n) matrix of zeros, in Fortran's order."""
        rows, columns = self.rows(m), self.columns(n)
        local = np.zeros((len(rows), len(columns)), order="F")
        leading = max(1, len(rows))
        description = [1, self.context, m, n, self.block, self.block, 0, 0, leading]
        return Matrix(rows, columns, local, np.array(description, np.intc))

    def spread(self, y: np.ndarray) -> Matrix:
        """Return a vector as a matrix of one column, which the first column of the grid has."""
        Y = self.zeros(len(y), 1)
        Y.local[:] = y[Y.rows, None]
        return Y

    def call(self, name: str, *arguments: Any) -> None:
        """Call a Fortran subroutine: everything by reference, the lengths of strings at the end."""
        references: list[Any] = []
        for argument in arguments:
            if isinstance(argument, Matrix):  # the whole: it begins at (1, 1)
                first = ctypes.byref(ctypes.c_int(1))
                references += [_at(argument.local), first, first, _at(argument.descriptor)]
            elif isinstance(argument, bytes):
                references.append(ctypes.c_char_p(argument))
            elif isinstance(argument, np.ndarray):
                references.append(_at(argument))
            else:
                kind = ctypes.c_int if isinstance(argument, int) else ctypes.c_double
                references.append(ctypes.byref(kind(argument)))
        lengths = [ctypes.c_size_t(len(text)) for text in arguments if isinstance(text, bytes)]
        getattr(self.routines, f"{name}_")(*references, *lengths)

    def solve(self, name: str, *arguments: Any, least: int = 0, integers: bool = False) -> None:
        """Call a routine that ends in its workspace and INFO; raise if INFO is not 0.

        It is asked how much workspace it needs and given that, or ``least`` numbers.
        """
        work, whole = np.zeros(1), np.zeros(1, np.intc)
        query = (work, -1, whole, -1) if integers else (work, -1)
        self.checked(name, *arguments, *query)
        work = np.empty(max(int(work[0]), least))
        whole = np.empty(max(int(whole[0]), 1), np.intc)
        given = (work, len(work), whole, len(whole)) if integers else (work, len(work))
        self.checked(name, *arguments, *given)

    def summed(self, n: int, where: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Return the whole vector, on every process, of which each has a part."""
        parts, whole = np.zeros(n), np.empty(n)
        parts[where] = part
        self.world.Allreduce(parts, whole)
        return whole

    def checked(self, name: str, *arguments: Any) -> None:
        """Call a routine that ends in INFO; raise if that is not 0."""
        info = np.zeros(1, np.intc)
        self.call(name, *arguments, info)
        if info[0] < 0:
            raise ValueError(f"{name}: argument {-info[0]} was refused (INFO = {info[0]})")
        if info[0] > 0:
            raise np.linalg.LinAlgError(f"{name} did not converge (INFO = {info[0]})")


def trace_and_form(grid: Grid, K: Matrix, y: np.ndarray) -> tuple[float, float]:
    """Return the trace and y'Ky."""
    _, i, j = np.intersect1d(K.rows, K.columns, return_indices=True)
    Y, Ky = grid.spread(y), grid.zeros(len(y), 1)
    grid.call("pdsymm", b"L", b"L", len(y), 1, 1.0, K, Y, 0.0, Ky)
    parts = np.array([K.local[i, j].sum(), (Y.local * Ky.local).sum()])
    trace, form = grid.world.allreduce(parts)
    return trace, form


def label_spectrum(grid: Grid, K: Matrix, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues and (v_k.y)^2; K is overwritten, and no other matrix is needed.

    K = Q T Q' with T tridiagonal, T = S L S': the eigenvectors are Q S, so V'y = S'(Q'y).
    """
    n, q = len(y), len(K.columns)
    d, e, tau = np.zeros(q), np.zeros(q), np.zeros(q)
    grid.solve("pdsytrd", b"L", n, K, d, e, tau)
    rotated = grid.spread(y)
    grid.solve("pdormtr", b"L", b"L", b"T", n, 1, K, tau, rotated)
    # Each row of the grid has d and e, its first column Q'y; all ranks get the whole of each.
    w = grid.summed(n, K.columns, d * (grid.row == 0))
    off_diagonal = grid.summed(n, K.columns, e * (grid.row == 0))
    z = grid.summed(n, rotated.rows, rotated.local.sum(axis=1))
    # QL iteration on T; here "I" says that z, as one row, is multiplied by S.
    grid.checked("dsteqr2", b"I", n, w, off_diagonal, z, 1, 1, np.empty(2 * n))
    return w, z**2


def eigenpairs(grid: Grid, K: Matrix) -> tuple[np.ndarray, Matrix]:
    """Return all eigenvalues, ascending, and the eigenvectors; K is destroyed."""
    n, (rows, columns) = int(K.descriptor[2]), K.local.shape
    w, V = np.zeros(n), grid.zeros(n, n)
    # It asks for too little where n is about one block: then its call of pdormtr is refused, INFO
    # stays 0, and the vectors are wrong. So it gets what all the routines in it need.
    least = 2 * rows * columns + 10 * n + grid.block * (rows + columns + 2 * grid.block)
    grid.solve("pdsyevd", b"V", b"L", n, K, w, V, least=least, integers=True)
    grid.world.Bcast(w)  # a process that has no block does not always get it
    return w, V


def label_projections(grid: Grid, V: Matrix, y: np.ndarray) -> np.ndarray:
    """Return (v_k.y)^2 of eigenvectors that are spread over the ranks."""
    return grid.summed(len(y), V.columns, V.local.T @ y[V.rows]) ** 2


def norms_of_errors(grid: Grid, K: Matrix, w: np.ndarray, V: Matrix) -> tuple[float, float]:
    """Return the Frobenius norms of K V - V L and of the lower triangle of V'V - I."""
    n, R = len(w), grid.zeros(len(w), len(w))
    np.multiply(V.local, w[V.columns], out=R.local)
    grid.call("pdsymm", b"L", b"L", n, n, 1.0, K, V, -1.0, R)
    residual = grid.world.allreduce(np.linalg.norm(R.local) ** 2)
    np.equal.outer(R.rows, R.columns, out=R.local, casting="unsafe")
    grid.call("pdsyrk", b"L", b"T", n, n, 1.0, V, -1.0, R)
    return residual**0.5, grid.world.allreduce(np.linalg.norm(R.local) ** 2) ** 0.5


def load(path: str | None, vendor: str) -> ctypes.CDLL:
    """Load ScaLAPACK from a path, or the one of this MPI from where the system keeps libraries."""
    flavour = {"Open MPI": "scalapack-openmpi", "MPICH": "scalapack-mpich"}.get(vendor, "")
    names = [name for name in (flavour, "scalapack") if name]
    found = path or next(filter(None, map(ctypes.util.find_library, names)), None)
    if found is None:
        raise OSError(
            f"no ScaLAPACK for {vendor} is found ({', '.join(names)}): on Debian apt install "
            "libscalapack-openmpi-dev; elsewhere --scalapack PATH says where the library is"
        )
    try:
        library = ctypes.CDLL(found, mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        raise OSError(f"ScaLAPACK cannot be loaded: {error}") from None
    if not hasattr(library, "pdsyevd_") or not hasattr(library, "Cblacs_gridinit"):
        raise OSError(f"{found} is no ScaLAPACK with the BLACS in it")
    return library


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)
