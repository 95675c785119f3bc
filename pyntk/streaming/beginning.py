"""How a file is begun, or gone on with: at every instant a killed call can be resumed.

A manifest without blocks comes first, then the file: made under another name, allocated, flushed
and renamed. So a file at its place always has its whole length, and a manifest beside it.
"""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

from pyntk.streaming.manifest import Manifest, difference, manifest_path
from pyntk.streaming.npy_file import NpyFile, allocate, close, flush_folder, header, lock, open_npy


def begin(path: Path, wanted: Manifest) -> tuple[NpyFile, Manifest]:
    """Return the open file of a matrix and its manifest; a new file if there is none.

    Args:
        path: of the file.
        wanted: a manifest without blocks.

    Raises:
        ValueError: what is there is not this matrix, was altered, or is damaged.
        OSError: the file system refuses, or another call is writing.
    """
    shape, dtype = tuple(wanted.identity.shape), wanted.identity.dtype
    if path.exists():
        _admitted(path, wanted)
    else:
        _create(path, wanted)
    file = open_npy(path, shape, dtype, writing=True)
    try:
        manifest = _admitted(path, wanted)
        verify_finished(path, file, manifest)
    except BaseException:
        file.close()
        raise
    return file, manifest


def verify_finished(path: Path, file: NpyFile, manifest: Manifest) -> None:
    """Raise ValueError if a finished block is not what its checksums say."""
    for block, checksums in manifest.done:
        if file.checksums(block, symmetric=manifest.symmetric) != checksums:
            raise ValueError(
                f"{path} was altered: rows {block.i0} to {block.i1 - 1}, columns {block.j0} to "
                f"{block.j1 - 1}, or their mirror image, are not what was written; remove it and "
                f"{manifest_path(path).name} to begin anew"
            )


def refuse_existing(path: Path, *, resume: bool) -> None:
    """Raise FileExistsError for a file that is not to be resumed, or has no manifest."""
    manifest = manifest_path(path)
    there = [str(place) for place in (path, manifest) if place.exists()]
    if there and not resume:
        raise FileExistsError(errno.EEXIST, "it is there already, and resume=False", there[0])
    if there == [str(path)]:
        raise FileExistsError(
            errno.EEXIST, f"no {manifest.name} beside it: not a file of stream_gram", str(path)
        )


def admit_path(path: Any) -> Path:
    """Return ``path=`` as a path; raise TypeError or ValueError where it names no file."""
    name = path if isinstance(path, str) else getattr(path, "__fspath__", lambda: None)()
    if not isinstance(name, str):
        raise TypeError(f"path must be a string or a pathlib.Path, not {type(path).__name__}")
    place = Path(name)
    if not place.name:
        raise ValueError(f"path must name a file, not {name!r}")
    return place


def _admitted(path: Path, wanted: Manifest) -> Manifest:
    """Return the manifest that is there; raise ValueError if it is of another matrix."""
    found = Manifest.read(path)
    reason = difference(found.identity, wanted.identity)
    if reason is not None:
        raise ValueError(f"{path} is a file of another matrix: {reason}")
    return found


def _create(path: Path, wanted: Manifest) -> None:
    """Make the file, with room for all entries, and its manifest."""
    resumed = manifest_path(path).exists()
    if resumed and _admitted(path, wanted).done:
        raise ValueError(
            f"{path} is gone, and {manifest_path(path)} says that blocks of it are done; "
            "remove that to begin anew"
        )
    shape, dtype = tuple(wanted.identity.shape), wanted.identity.dtype
    first = header(shape, dtype)
    size = len(first) + shape[0] * shape[1] * int(dtype[2:])
    temporary = path.with_name(f".{path.name}.pyntk-part")
    descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        lock(descriptor, path)
        if path.exists():  # made by another call since we looked
            temporary.unlink()
            return
        try:
            os.ftruncate(descriptor, 0)  # what a killed call left takes no room
            _refuse_full_disk(path, size)
            if not resumed:
                wanted.write(path)
            allocate(descriptor, first, size)
        except OSError:
            temporary.unlink(missing_ok=True)
            if not resumed:
                manifest_path(path).unlink(missing_ok=True)
            raise
        os.replace(temporary, path)
        flush_folder(path)
    finally:
        close(descriptor)


def _refuse_full_disk(path: Path, size: int) -> None:
    free = shutil.disk_usage(path.parent).free
    if size > free:
        raise OSError(
            errno.ENOSPC, f"the file needs {size} bytes, and the disk has {free} free", str(path)
        )
