"""All eigenvalues of a kernel matrix that no machine could hold, and how labels lie on its vectors.

    mpirun -n 4 python scalapack_eigh.py --X rows.npy --y labels.npy --out results

Each MPI rank computes, with pyntk, the blocks of the matrix that are its own; no rank ever has
more. The projections (v_k.y)^2 come without eigenvectors, as pyntk.label_spectrum has them;
--vectors computes these too, and tests them. Needs mpi4py and ScaLAPACK.
"""

import argparse
import io
import os
import resource
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scalapack
from mpi4py import MPI

import pyntk
from pyntk.memory import host_available

WORLD = MPI.COMM_WORLD


def main() -> None:
    """Print the memory that is needed; compute; print what came out, and test it."""
    options = parse()
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(options.threads)  # before ScaLAPACK loads its BLAS
    library = together(lambda: scalapack.load(options.scalapack, MPI.get_vendor()[0]))
    n, d = together(lambda: size(options))
    grid = together(lambda: scalapack.Grid(library, WORLD, options.block))
    together(lambda: admit_memory(grid, n, d, options))
    X, y = together(lambda: samples(options))

    K, V = grid.zeros(n, n), None
    timed("the kernel matrix", lambda: together(lambda: fill(K, X, grid.block, options)))
    trace, form = scalapack.trace_and_form(grid, K, y)
    if options.vectors:
        w, V = timed("eigenvalues and eigenvectors", lambda: scalapack.eigenpairs(grid, K))
        p = scalapack.label_projections(grid, V, y)
    else:
        w, p = timed("eigenvalues and projections", lambda: scalapack.label_spectrum(grid, K, y))
    norm, square = abs(w).max() or 1.0, y @ y or 1.0
    errors = {
        "|sum L - tr K| / |K|": abs(w.sum() - trace) / norm,
        "|sum (v.y)^2 - |y|^2| / |y|^2": abs(p.sum() - y @ y) / square,
        "|sum L (v.y)^2 - y'Ky| / (|K| |y|^2)": abs(w @ p - form) / norm / square,
    }
    if V is not None:
        fill(K, X, grid.block, options)  # what was in it is gone
        residual, errors["|V'V - I|"] = scalapack.norms_of_errors(grid, K, w, V)
        errors["|K V - V L| / |K|"] = residual / norm
    together(lambda: report(w, p, errors))
    if options.out:
        save(grid, options.out, w, p, V)
    most = WORLD.allreduce(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, MPI.MAX)
    say(f"most memory of a rank, with Python and the libraries: {most / 1024:.0f} MiB")


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--X", metavar="FILE", help=".npy of (n, d) rows, seen by every rank")
    parser.add_argument("--y", metavar="FILE", help=".npy of n labels; else signs of x_1 x_d")
    parser.add_argument("--n", type=int, default=1000, help="random rows, where no X is given")
    parser.add_argument("--d", type=int, default=20, help="their length")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trained", choices=("first", "last", "all"), default="first")
    parser.add_argument("--depth", type=int, default=1, help="as for pyntk.ntk_gram")
    parser.add_argument("--vectors", action="store_true", help="eigenvectors; 4 times the memory")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="where to write .npy files")
    parser.add_argument("--block", type=int, default=64, help="rows and columns of a block")
    parser.add_argument("--threads", type=int, default=1, help="of each rank")
    parser.add_argument("--scalapack", metavar="PATH", help="the library, where it is not found")
    return parser.parse_args()


def size(options: argparse.Namespace) -> tuple[int, int]:
    """Return n and d; no row is read."""
    shape = np.load(options.X, mmap_mode="r").shape if options.X else (options.n, options.d)
    if len(shape) != 2 or shape[0] < 2 or shape[1] < 1:
        raise ValueError(f"X must have (n, d) numbers, n >= 2 and d >= 1, not {shape}")
    if min(options.depth, options.block, options.threads) < 1:
        raise ValueError("depth, block and threads must be at least 1")
    return shape


def admit_memory(grid: scalapack.Grid, n: int, d: int, options: argparse.Namespace) -> None:
    """Print the bytes of a rank; raise where the ranks of a machine need more than it has."""
    rows, columns = len(grid.rows(n)), len(grid.columns(n))
    # K, and for vectors V and twice as much to work in; own rows, or all where they are random.
    matrices = (4 if options.vectors else 1) * rows * columns
    X = (rows if options.X else rows + 2 * n) * d
    blocks = grid.block * (3 * rows + columns + 2 * grid.block)
    needed = 8 * (matrices + X + blocks + 20 * n) + 32 * 2**20  # the tiles of pyntk
    machine = WORLD.Split_type(MPI.COMM_TYPE_SHARED)
    everybody, most = machine.allreduce(needed), WORLD.allreduce(needed, MPI.MAX)
    available, limit = host_available()
    count = (2 if options.vectors else 1) * rows * columns + blocks + 10 * n
    p, q = grid.shape
    say(f"{WORLD.size} ranks, {p} x {q}; n = {n}, d = {d}, blocks of {grid.block}")
    say(f"at most {most} bytes ({most / 2**20:.0f} MiB) per rank, Python and libraries aside")
    if everybody > available:
        raise MemoryError(
            f"the {machine.size} ranks on {MPI.Get_processor_name()} need {everybody} bytes, and "
            f"{available} are available ({limit}): take more machines"
        )
    if count >= 2**31:
        raise ValueError(
            f"an array of {count} numbers on a rank, and ScaLAPACK counts to 2^31: take more ranks"
        )


def samples(options: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Return rows (those of a file are read where they are used) and labels."""
    if options.X:
        X = np.load(options.X, mmap_mode="r")
    else:
        X = np.random.default_rng(options.seed).standard_normal((options.n, options.d))
        X /= np.linalg.norm(X, axis=1, keepdims=True)
    y = np.load(options.y) if options.y else np.where(X[:, 0] * X[:, -1] >= 0, 1.0, -1.0)
    if y.shape != X.shape[:1] or not np.isfinite(y).all():
        raise ValueError(f"{len(X)} finite labels are expected, not an array of {y.shape}")
    return X, y.astype(float)


def fill(K: scalapack.Matrix, X: np.ndarray, block: int, options: argparse.Namespace) -> None:
    """Compute this rank's blocks on and below the diagonal: ScaLAPACK reads no others."""
    mine = X[K.rows].astype(float)
    bad = K.rows[~np.isfinite(mine).all(axis=1)]
    if len(bad):
        raise ValueError(f"row {bad[0]} of X has NaN or infinity")
    for j in range(0, len(K.columns), block):
        columns = K.columns[j : j + block]
        below = int(np.searchsorted(K.rows, columns[0]))
        if below < len(K.rows):
            K.local[below:, j : j + block] = pyntk.ntk_gram(
                X[columns].astype(float), mine[below:],
                trained=options.trained, depth=options.depth, threads=options.threads,
            ).T  # fmt: skip


def report(w: np.ndarray, p: np.ndarray, errors: dict[str, float]) -> None:
    """Print eigenvalues and projections, and errors in units of n u, u = 2^-53; raise if large."""
    say(f"eigenvalues: {w[0]:.12e} to {w[-1]:.12e}")
    for k in range(len(w) - 1, max(len(w) - 6, -1), -1):
        say(f"  lambda_{k} = {w[k]:.6e}, (v_{k}.y)^2 = {p[k]:.6e}")
    units = {name: error / len(w) * 2**53 for name, error in errors.items()}
    for name, error in units.items():
        say(f"{name} = {error:.2g} n u")
    if not all(error < 100 for error in units.values()):
        raise ValueError("these eigenvalues or eigenvectors are wrong")


def save(
    grid: scalapack.Grid, folder: Path, w: np.ndarray, p: np.ndarray, V: scalapack.Matrix | None
) -> None:
    """Write eigenvalues.npy and projections.npy, and all ranks together vectors.npy."""
    if WORLD.rank == 0:
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "eigenvalues.npy", w)
        np.save(folder / "projections.npy", p)
    if V is None:
        return
    n, header = len(w), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": True, "shape": (n, n)}
    )
    if WORLD.rank == 0:
        (folder / "vectors.npy").write_bytes(header.getvalue())
    WORLD.Barrier()
    cyclic, blocks = [MPI.DISTRIBUTE_CYCLIC] * 2, [grid.block] * 2
    part = MPI.DOUBLE.Create_darray(
        WORLD.size, WORLD.rank, [n, n], cyclic, blocks, grid.shape, MPI.ORDER_F
    ).Commit()
    file = MPI.File.Open(WORLD, str(folder / "vectors.npy"), MPI.MODE_WRONLY)
    file.Set_view(len(header.getvalue()), MPI.DOUBLE, part)
    file.Write_all(V.local.ravel(order="K"))
    file.Close()


def say(line: str) -> None:
    """Print a line once."""
    if WORLD.rank == 0:
        print(line, flush=True)


def timed(what: str, call: Callable[[], Any]) -> Any:
    """Call, and print how long the slowest rank took."""
    WORLD.Barrier()
    begun = MPI.Wtime()
    result = call()
    say(f"{what}: {WORLD.allreduce(MPI.Wtime() - begun, MPI.MAX):.2f} s")
    return result


def together(call: Callable[[], Any]) -> Any:
    """Call; where a rank fails all of them exit, and one says why."""
    result, problem = None, None
    try:
        result = call()
    except (OSError, ValueError, MemoryError) as error:
        problem = f"{type(error).__name__} on rank {WORLD.rank}: {error}"
    problems = [text for text in WORLD.allgather(problem) if text]
    if problems:
        sys.exit(problems[0] if WORLD.rank == 0 else 1)
    return result


if __name__ == "__main__":
    try:
        main()
    except Exception:  # the others wait for this rank: end them, too
        traceback.print_exc()
        WORLD.Abort(1)
