"""Gram matrices that are written to a file as they are computed."""

import os
from contextlib import closing
from typing import Any

import numpy as np

from pyntk.contract import Array
from pyntk.dispatch import choose, named
from pyntk.memory import packed_bytes, require
from pyntk.overflow import warn_of_overflow
from pyntk.progress import Report, admit_progress
from pyntk.recipe import Accumulate, Trained, admit_recipe
from pyntk.scalars import admit_count
from pyntk.streaming.beginning import admit_path, begin, refuse_existing
from pyntk.streaming.blocks import Block, Source, admit_rows, default_rows, plan
from pyntk.streaming.computed import IN_FLIGHT, computed
from pyntk.streaming.manifest import Identity, Manifest, identify, keywords, rows_found
from pyntk.streaming.npy_file import PIECE
from pyntk.streaming.shares import Shares
from pyntk.threads import admit_threads


def stream_gram(
    X: Any,
    path: str | os.PathLike[str],
    *,
    Z: Any = None,
    rows_per_block: int | None = None,
    resume: bool = True,
    executor: Any = None,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    threads: int | None = None,
    backend: str | None = None,
    progress: bool | Report = False,
) -> Array:
    """The matrix of :func:`ntk_gram`, to the bit, in a .npy file, with bounded memory.

    The matrix is written in blocks of rows, these in parts of 64 MiB where they are larger. Without
    Z only entries on and below the diagonal are computed, and written to both halves. A manifest
    beside the file, ``path`` + ".json", has shape, dtype, keywords, the SHA-256 of X and Z, the
    version of pyntk, and the checksums (CRC-32) of the finished blocks. It is replaced, at once or
    not at all, when a block is on the disk (fsync); so a call that was killed, was interrupted or
    raised goes on after its last finished block when it is made again, and ends with the same bits.

    Args:
        X: (n, d) real numbers, finite, on the host; one row per sample.
        path: of the file; any program that reads .npy can map it.
        Z: (p, d), or None for Z = X.
        rows_per_block: rows of a block; None means as many as make a block of 64 MiB, or those of
            the file that is resumed. A block of at most rows_per_block^2 entries, or 64 MiB where
            that is more, is in memory at once; with Z, of rows_per_block p entries.
        resume: go on with the file that is there, if it is of the same X, Z, kernel, backend,
            version and blocks; its finished blocks are read and compared with their checksums.
            False refuses any file that is there.
        executor: an object with submit(function, argument), such as those of concurrent.futures or
            a client of Dask, that computes the blocks; their rows and results are pickled where it
            works in other processes. It has 4 blocks at once; a Dask cluster 2 more than threads,
            each block on one of them unless ``threads`` says otherwise. This call writes them, in
            order, and leaves it open.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`; of each block.
        backend: "cpu" or "numba", or None to choose; "cuda" moves the rows of each block to
            whichever CUDA device is free, of all that there are, and its entries back.
        progress: True shows a bar with the time left; a callable(done, total) is called about every
            50 ms, with the numbers of entries that are and have to be computed.

    Returns:
        (n, n) or (n, p) read-only numpy.memmap of the file, float32 if all inputs are float32 (or
        shorter), else float64.

    Raises:
        ValueError: as for :func:`ntk_gram`; a file that is there is of something else, was altered
            or cut: the message says what differs.
        TypeError: as for :func:`ntk_gram`; an array on a CUDA device, a path that is no string.
        FileExistsError: a file is there, and ``resume`` is False, or it has no manifest.
        BlockingIOError: another call is writing the file.
        OSError: the disk has too little room (the message has both numbers, and nothing is
            written), fails or is full: the finished blocks stay valid.
        MemoryError: as for :func:`ntk_gram`, for a block.
        BackendError: the backend asked for cannot be used.

    Warns:
        RuntimeWarning: an entry is beyond the range of the dtype and was set to infinity.
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    admit_threads(threads)
    admit_progress(progress)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor must have submit(), and {type(executor).__name__} has not")
    rows = None if rows_per_block is None else admit_count("rows_per_block", rows_per_block)
    place = admit_path(path)
    refuse_existing(place, resume=resume)
    inputs = admit_rows("stream_gram", X, Z)
    chosen = choose(backend, on_device=named(backend) == "cuda")
    source = Source(inputs, recipe, threads, chosen)
    n, p, width = len(inputs[0]), len(inputs[-1]), inputs.dtype.itemsize
    if rows is None:
        rows = rows_found(place) or default_rows(n, p, width, symmetric=source.symmetric)
    blocks = plan(n, p, rows, width, symmetric=source.symmetric)
    _require_memory(source, blocks, elsewhere=executor is not None or chosen == "cuda")
    file, manifest = begin(place, Manifest(_identity(source, rows), []))
    done, left = blocks[: len(manifest.done)], blocks[len(manifest.done) :]
    total, before = sum(block.size for block in blocks), sum(block.size for block in done)
    with (
        closing(file),
        Shares(progress, total, before) as shares,
        closing(computed(source, left, executor, shares)) as results,
    ):
        for block, K in results:
            checksums = file.write(block, K, symmetric=source.symmetric)
            file.flush()
            manifest.done.append((block, checksums))
            manifest.write(place)
            shares.advance(block.size)
        shares.finish()
    mapped = np.load(place, mmap_mode="r")
    largest = (inputs.largest[0], inputs.largest[-1])
    warn_of_overflow(mapped, recipe, inputs[0].shape[1], largest, stacklevel=3)
    return mapped


def _identity(source: Source, rows: int) -> Identity:
    from pyntk import __version__

    X, Z, symmetric = source.inputs[0], source.inputs[-1], source.symmetric
    return Identity(
        pyntk=__version__,
        backend=source.backend,
        kernel=keywords(source.recipe),
        X=identify(X),
        Z=None if symmetric else identify(Z),
        shape=[len(X), len(Z)],
        dtype=X.dtype.str,
        rows_per_block=rows,
    )


def _require_memory(source: Source, blocks: list[Block], *, elsewhere: bool) -> None:
    """Raise MemoryError if a block, or those that an executor has, do not fit."""
    largest = max(blocks, key=lambda block: block.size, default=Block(0, 0, 0, 0))
    itemsize, d = source.inputs.dtype.itemsize, source.inputs[0].shape[1]
    require(
        "stream_gram",
        largest.size * itemsize * (IN_FLIGHT if elsewhere else 1)
        + 2 * PIECE
        + packed_bytes(source.backend, source.recipe, itemsize, d, *largest.shape),
        hint="a smaller rows_per_block needs less",
    )
