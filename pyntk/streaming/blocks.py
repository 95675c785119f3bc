"""The blocks that a matrix is computed, written and recorded in.

Both halves of a symmetric matrix are written from the blocks on and below its diagonal. A file is
cheap to write in long pieces of its rows, and the mirror image of a block has pieces as long as the
block is high; so blocks are square where the number of bytes allows no more.
"""

import math
from typing import Any, Final, NamedTuple

from pyntk.arrays import Admitted, admit
from pyntk.contract import Array, Recipe
from pyntk.dispatch import kernel
from pyntk.progress import Report, watched
from pyntk.threads import admit_threads

BLOCK_BYTES: Final = 64 * 2**20
"""Of a block, where the number of rows does not ask for more."""

SQUARES_APART: Final = 16
"""A square on the diagonal of this share of BLOCK_BYTES is a block: half of it is computed."""


class Block(NamedTuple):
    """Rows [i0, i1) and columns [j0, j1) of a matrix.

    Of a symmetric one j1 <= i1; with j1 = i1 the block ends in a square on the diagonal, else all
    of it is below the diagonal.
    """

    i0: int
    i1: int
    j0: int
    j1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.i1 - self.i0, self.j1 - self.j0

    @property
    def size(self) -> int:
        """Number of entries."""
        return (self.i1 - self.i0) * (self.j1 - self.j0)

    def mirrored(self) -> "Block":
        """Return the part of the upper half that this block of a symmetric matrix determines."""
        return Block(self.j0, min(self.j1, self.i0), self.i0, self.i1)


def default_rows(n: int, p: int, itemsize: int, *, symmetric: bool) -> int:
    """Return the rows of a block of about BLOCK_BYTES, evenly divided."""
    entries = BLOCK_BYTES // itemsize
    most = math.isqrt(entries) if symmetric else max(1, entries // max(p, 1))
    return max(1, -(-n // max(1, -(-n // most))))


def plan(n: int, p: int, rows: int, itemsize: int, *, symmetric: bool) -> list[Block]:
    """Return all blocks of an (n, p) matrix, in the order in which they are written.

    With the last block of some rows of a symmetric matrix its leading square up to there is done.
    """
    blocks = []
    width = rows * max(1, BLOCK_BYTES // (rows * rows * itemsize))
    apart = rows * rows * itemsize >= BLOCK_BYTES // SQUARES_APART
    for i0 in range(0, n, rows):
        i1 = min(n, i0 + rows)
        if symmetric:
            end = i0 if apart else i1
            blocks += [Block(i0, i1, j0, min(end, j0 + width)) for j0 in range(0, end, width)]
            if apart:
                blocks.append(Block(i0, i1, i0, i1))
        elif p:
            blocks.append(Block(i0, i1, 0, p))
    return blocks


def admit_rows(call: str, X: Any, Z: Any = None) -> Admitted:
    """Return rows X, and Z if there is one; raise ValueError or TypeError, on a device too."""
    inputs = admit(X=(X, "n d")) if Z is None else admit(X=(X, "n d"), Z=(Z, "p d"))
    if inputs.on_device:
        raise TypeError(
            f"X is on a CUDA device, and {call} takes arrays on the host; "
            "cupy.asnumpy(X) copies one"
        )
    return inputs


class Task(NamedTuple):
    """What computes a block, here or elsewhere: everything in it can be pickled."""

    X: Array
    """The rows of the block."""
    Z: Array | None
    """The rows of its columns; None for those of X."""
    recipe: Recipe
    threads: int | None
    backend: str


class Source(NamedTuple):
    """A matrix whose blocks are computed: admitted rows, and the kernel."""

    inputs: Admitted
    recipe: Recipe
    threads: int | None
    backend: str

    @property
    def symmetric(self) -> bool:
        """Whether there is no Z."""
        return len(self.inputs) == 1

    def task(self, block: Block) -> Task:
        """Return the task of a block."""
        X, Z = self.inputs[0], self.inputs[-1]
        square = self.symmetric and block[:2] == block[2:]
        return Task(
            X[block.i0 : block.i1], None if square else Z[block.j0 : block.j1],
            self.recipe, self.threads, self.backend,
        )  # fmt: skip


def compute(task: Task, K: Array, progress: bool | Report = False) -> None:
    """Compute a block into K."""
    symmetric = task.Z is None
    run = kernel("ntk_gram" if symmetric else "ntk_gram_cross", task.backend)
    run = watched(run, progress, task.backend)
    rows: dict[str, Any] = {"X": task.X} if symmetric else {"X": task.X, "Z": task.Z}
    run(**rows, recipe=task.recipe, threads=admit_threads(task.threads), K=K)
