"""Gram matrices that are in a file."""

import os
from contextlib import closing

import numpy as np

from pyntk.contract import Array
from pyntk.streaming.beginning import admit_path, verify_finished
from pyntk.streaming.manifest import Manifest
from pyntk.streaming.npy_file import open_npy


def open_gram(path: str | os.PathLike[str], *, verify: bool = False) -> Array:
    """The matrix that :func:`stream_gram` has written to a file.

    Args:
        path: of the file.
        verify: read all of it, and compare it with the checksums of the manifest.

    Returns:
        (n, p) read-only numpy.memmap.

    Raises:
        ValueError: the matrix is not complete; the file or its manifest is of something else, was
            altered or cut: the message says which.
        TypeError: a path that is no string.
        OSError: a file that is not there (FileNotFoundError) or cannot be read.
    """
    place = admit_path(path)
    manifest = Manifest.read(place)
    identity = manifest.identity
    if not manifest.complete:
        done, total = len(manifest.done), len(manifest.blocks)
        raise ValueError(
            f"{place} is not complete: {done} of {total} blocks are done; "
            "stream_gram with the same arguments goes on with it"
        )
    shape = tuple(identity.shape)
    with closing(open_npy(place, shape, identity.dtype, writing=False)) as file:
        if verify:
            verify_finished(place, file, manifest)
    return np.load(place, mmap_mode="r")
