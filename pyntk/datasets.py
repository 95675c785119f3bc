"""Data sets by the names that the command line and the theory checks know them by."""

import os
from pathlib import Path
from typing import Any, Final

from pyntk.data import DataSet, digits, load_table, sphere
from pyntk.images import cifar10, mnist

IMAGES: Final = {"mnist": mnist, "cifar10": cifar10}
FOLDER: Final = "PYNTK_DATA"
"""Environment variable: the folder of image files where the name says none."""
NAMES: Final = (
    "digits, sphere, mnist[:DIR], cifar10[:DIR] (DIR: $PYNTK_DATA, else ./data), "
    "or a .csv or .npz file"
)
"""What can be named, for messages and help."""


def find(name: str, *, rows: int, seed: int = 0, classes: tuple[Any, Any] | None = None) -> DataSet:
    """Return two classes of a data set.

    Args:
        name: ``"digits"`` (scikit-learn's), ``"sphere"`` (``rows`` rows in 50 dimensions, drawn by
            ``seed``), ``"mnist:DIR"`` or ``"cifar10:DIR"`` (:mod:`pyntk.images` says which files
            DIR has; without ``:DIR`` it is that of the environment variable PYNTK_DATA, or
            ``data``), or the path of a ``.csv`` or ``.npz`` file.
        rows: how many rows are needed, where they are drawn.
        seed: of the draw.
        classes: the two classes, the first of which is +1; of images the first two if None.

    Raises:
        OSError: a file cannot be read.
        ValueError: no such data set, or its content is not as it has to be.
        MemoryError: it does not fit.
        ModuleNotFoundError: a package that carries the data is absent.
    """
    if name == "sphere":
        return sphere(rows, 50, seed)
    if name == "digits":
        return digits(classes or (0, 1))
    kind, colon, folder = name.partition(":")
    if kind in IMAGES:
        if colon and not folder:
            raise ValueError(f"{name!r} names no folder: {kind}:DIR, or {kind} alone")
        if folder:
            return IMAGES[kind](folder, classes)
        try:
            return IMAGES[kind](os.environ.get(FOLDER) or "data", classes)
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{error}; name a folder, {kind}:DIR, or set {FOLDER}"
            ) from None
    if Path(name).suffix.lower() in {".csv", ".npz"}:
        return load_table(name, classes=classes)
    raise ValueError(f"there is no data set {name!r}: {NAMES}")
