"""A matrix in a .npy file, written and read by blocks, each with its checksums.

Blocks are written by pwrite, not through a memory map: there a full disk would end the process.
"""

import contextlib
import errno
import io
import os
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from pyntk.contract import Array
from pyntk.streaming.blocks import Block

PIECE: Final = 4 * 2**20
"""Bytes that are read or written at once, and of the mirror image of a part of a block."""

FLUSH_EVERY: Final = 16 * 2**20
"""Bytes after which the disk is waited for: Ctrl-C is not served meanwhile."""

_CANNOT_ALLOCATE: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)

Checksums = tuple[int, int]
"""CRC-32 of the bytes of a block by rows, and of those of its mirror image (0 without one)."""


class NpyFile:
    """An open .npy file of a matrix, locked against other writers until it is closed."""

    def __init__(self, path: Path, descriptor: int, matrix: Array, start: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._columns, self._itemsize = matrix.shape[1], matrix.dtype.itemsize
        self._start, self._dtype = start, matrix.dtype
        self._pending = 0

    def write(self, block: Block, K: Array, *, symmetric: bool) -> Checksums:
        """Write a block, and its mirror image; return their checksums."""
        data: memoryview = K.data.cast("B")
        taken = 0
        for offset, length in self._pieces(block):
            self._write(data[taken : taken + length], offset)
            taken += length
        return zlib.crc32(data), self._write_mirrored(block.mirrored(), K) if symmetric else 0

    def _write_mirrored(self, image: Block, K: Array) -> int:
        checksum = 0
        height = max(1, PIECE // max(1, K.shape[0] * self._itemsize))
        for j0 in range(image.i0, image.i1, height):
            part = Block(j0, min(image.i1, j0 + height), image.j0, image.j1)
            columns = slice(part.i0 - image.i0, part.i1 - image.i0)
            data: memoryview = np.ascontiguousarray(K[:, columns].T).data.cast("B")
            taken = 0
            for offset, length in self._pieces(part):
                self._write(data[taken : taken + length], offset)
                taken += length
            checksum = zlib.crc32(data, checksum)
        return checksum

    def checksums(self, block: Block, *, symmetric: bool) -> Checksums:
        """Return the checksums of what the file holds."""
        return self._checksum(block), self._checksum(block.mirrored()) if symmetric else 0

    def _checksum(self, block: Block) -> int:
        checksum, buffer = 0, bytearray(PIECE)
        for offset, length in self._pieces(block):
            piece = memoryview(buffer)[:length]
            if os.preadv(self._descriptor, [piece], offset) != length:
                raise OSError(errno.EIO, "the file ends before its last entry", str(self._path))
            checksum = zlib.crc32(piece, checksum)
        return checksum

    def _pieces(self, block: Block) -> Iterator[tuple[int, int]]:
        """Yield offsets and lengths, in bytes, of what the file has of a block together."""
        width = (block.j1 - block.j0) * self._itemsize
        rows = range(block.i0, block.i1)
        if block.j1 - block.j0 == self._columns:
            width, rows = width * len(rows), range(block.i0, block.i0 + 1)
        for i in rows:
            begin = self._start + (i * self._columns + block.j0) * self._itemsize
            for taken in range(0, width, PIECE):
                yield begin + taken, min(PIECE, width - taken)

    def _write(self, data: memoryview, offset: int) -> None:
        _write_all(self._descriptor, data, offset)
        self._pending += len(data)
        if self._pending >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Return when what was written is on the disk."""
        os.fsync(self._descriptor)
        self._pending = 0

    def close(self) -> None:
        """Close the file, and give its lock back."""
        close(self._descriptor)


def open_npy(path: Path, shape: tuple[int, ...], dtype: Any, *, writing: bool) -> NpyFile:
    """Open a file that holds a matrix of this shape and dtype.

    Raises:
        ValueError: it does not.
        BlockingIOError: another process writes it.
    """
    descriptor = os.open(path, os.O_RDWR if writing else os.O_RDONLY)
    try:
        if writing:
            lock(descriptor, path)
        with open(descriptor, "rb", closefd=False) as file:
            found, start = _header(file, path)
        if found != (shape, False, np.dtype(dtype)):
            raise ValueError(f"{path} holds an array of {_described(*found)}, not of "
                             f"{_described(shape, False, np.dtype(dtype))}")  # fmt: skip
        matrix = _matrix(shape, dtype)
        size, expected = os.fstat(descriptor).st_size, start + matrix.size * matrix.itemsize
        if size != expected:
            raise ValueError(f"{path} has {size} bytes, not {expected}: it was cut or added to")
        return NpyFile(path, descriptor, matrix, start)
    except BaseException:
        close(descriptor)
        raise


def header(shape: tuple[int, ...], dtype: Any) -> bytes:
    """Return the first bytes of a .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file,
        {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape},
    )
    return file.getvalue()


def allocate(descriptor: int, first: bytes, size: int) -> None:
    """Write the first bytes of a file, and reserve this many bytes for it on the disk."""
    _write_all(descriptor, memoryview(first), 0)
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _CANNOT_ALLOCATE:
            raise
        os.ftruncate(descriptor, size)
    os.fsync(descriptor)


def lock(descriptor: int, path: Path) -> None:
    """Lock a file against other writers, until :func:`close`; BlockingIOError where there is one.

    A forked process would share the lock, and workers can outlive a call that is killed: so they
    close the file.
    """
    import fcntl  # Unix alone, and pyntk is imported elsewhere, too

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(errno.EWOULDBLOCK, "another call is writing it", str(path)) from None
    except OSError:
        pass  # a file system without locks
    _close_in_forked_processes()
    _locked.add(descriptor)


def close(descriptor: int) -> None:
    """Close a file, and give its lock back if it has one."""
    _locked.discard(descriptor)
    os.close(descriptor)


_locked: Final[set[int]] = set()
"""Descriptors of files that are locked by this process."""


@cache
def _close_in_forked_processes() -> None:
    """Register that, once."""
    os.register_at_fork(after_in_child=_close_locked)


def _close_locked() -> None:
    while _locked:
        with contextlib.suppress(OSError):
            os.close(_locked.pop())


def flush_folder(path: Path) -> None:
    """Return when the names in the folder of a file are on the disk."""
    with contextlib.suppress(PermissionError):  # a folder that may be written and not read
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _header(file: Any, path: Path) -> tuple[Any, int]:
    """Return shape, order and dtype, and where the data begin."""
    try:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError(f"its format is {version}")
        return np.lib.format.read_array_header_1_0(file), file.tell()
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path} is no .npy file of stream_gram: {error}") from None


def _matrix(shape: tuple[int, ...], dtype: Any) -> Array:
    """Return an array of this shape that takes no memory."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def _described(shape: tuple[int, ...], fortran: bool, dtype: Any) -> str:
    return f"shape {shape}, dtype {dtype.str}" + (", by columns" if fortran else "")


def _write_all(descriptor: int, data: memoryview, offset: int) -> None:
    """Write all bytes: a disk that is nearly full takes a part of them first."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
