"""Two classes of MNIST and CIFAR-10, from the files that people download.

MNIST comes as IDX files, CIFAR-10 as records of one label and 3072 pixels. Both are read plain or
gzipped, whatever they are called. Nothing is downloaded, and nothing is unpickled: loading a pickle
can run code. Images of other classes are passed over as they are read, so that memory is needed for
those of two classes alone.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.data import DataSet
from pyntk.memory import require

Bytes = NDArray[np.uint8]
Part = tuple[Bytes, Bytes, str]
"""(k, d) pixels, (k,) labels, and a sentence on where they come from."""

MNIST_FOLDERS: Final = (".", "MNIST/raw", "mnist", "MNIST")
CIFAR10_FOLDERS: Final = (".", "cifar-10-batches-bin", "cifar10", "CIFAR10")
"""Where the files are looked for, below the folder that is named."""

DIGITS: Final = tuple("0123456789")
OBJECTS: Final = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
BATCHES: Final = (*(f"data_batch_{k}.bin" for k in range(1, 6)), "test_batch.bin")

RECORD: Final = 1 + 3 * 32 * 32
"""Bytes of a labelled image of CIFAR-10."""
LARGEST: Final = 2**24
"""Pixels of an image; a header that claims more is taken for damaged."""
AT_ONCE: Final = 2**20
"""Bytes read at a time."""


def mnist(folder: str | Path, classes: tuple[Any, Any] | None = None) -> DataSet:
    """Return two classes of MNIST, or of a data set in its format: IDX files of unsigned bytes.

    Args:
        folder: has ``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or the two files
            ``t10k-...``, or all four, whose rows then follow those of training; or one of
            :data:`MNIST_FOLDERS` below it has.
        classes: two digits, the first of which is +1; (0, 1) if None.

    Returns:
        X (n, d) holds the pixels, 0 to 255, row by row.

    Raises:
        FileNotFoundError: no such files; the message says which are expected, and where.
        ValueError: a file is cut off, or not what its name says, or has no image of a class.
        MemoryError: so many images do not fit.
    """
    wanted = _numbers("MNIST", classes or (0, 1), DIGITS)
    place, found = _look(
        "MNIST", Path(folder), MNIST_FOLDERS,
        [f"{part}-{kind}" for part in ("train", "t10k") for kind in _IDX],
    )  # fmt: skip
    parts = []
    for part in ("train", "t10k"):
        images, labels = (found.get(f"{part}-{kind}") for kind in _IDX)
        if images and labels:
            parts.append(_idx_pair(images, labels, wanted))
        elif there := images or labels:
            absent = _IDX[1] if images else _IDX[0]
            raise ValueError(f"{place} has {there.name}, but no {part}-{absent}")
    return _two_classes("mnist", parts, wanted, DIGITS)


def cifar10(folder: str | Path, classes: tuple[Any, Any] | None = None) -> DataSet:
    """Return two classes of CIFAR-10 from the files of its binary version.

    Args:
        folder: has ``data_batch_1.bin`` to ``data_batch_5.bin`` and ``test_batch.bin``, or some of
            them; or one of :data:`CIFAR10_FOLDERS` below it has.
        classes: two names or numbers, the first of which is +1; airplane and automobile if None.

    Returns:
        X (n, 3072) holds the red, then the green, then the blue pixels, 0 to 255, row by row.

    Raises:
        FileNotFoundError: no such files; the message says which are expected, and where.
        ValueError: a file is cut off, or not what its name says, or has no image of a class.
        MemoryError: so many images do not fit.
    """
    wanted = _numbers("CIFAR-10", classes or (0, 1), OBJECTS)
    _, found = _look("CIFAR-10", Path(folder), CIFAR10_FOLDERS, BATCHES)
    parts = [_batch(path, wanted) for path in found.values()]
    return _two_classes("cifar10", parts, wanted, OBJECTS)


_IDX: Final = ("images-idx3-ubyte", "labels-idx1-ubyte")


def _look(
    name: str, folder: Path, below: Sequence[str], files: Sequence[str]
) -> tuple[Path, dict[str, Path]]:
    """Return the first folder that has any of the files, and the paths of those it has."""
    for place in (folder / sub for sub in below):
        found = {file: path for file in files if (path := _there(place, file))}
        if found:
            return place, found
    pickled = [p for sub in (*below, "cifar-10-batches-py") for p in _pickles(folder / sub)]
    if name == "CIFAR-10" and pickled:
        hint = (
            f"; {pickled[0]} is a Python pickle, which is not opened because that can run code: "
            "download the binary version, cifar-10-binary.tar.gz, and unpack it"
        )
    else:
        hint = "" if folder.is_dir() else "; there is no such folder"
    raise FileNotFoundError(
        f"no files of {name} in {folder} (nor in {', '.join(below[1:])} below it): expected are "
        f"{', '.join(files)}, plain or .gz{hint}"
    )


def _there(place: Path, file: str) -> Path | None:
    """Return the path of a file, which may end in .gz; 'images.idx3' is a usual misspelling."""
    names = (file, file.replace("-idx", ".idx"))
    paths = (place / (name + end) for name in names for end in ("", ".gz"))
    return next((path for path in paths if path.is_file()), None)


def _pickles(place: Path) -> list[Path]:
    return [path for path in (place / "data_batch_1", place / "test_batch") if path.is_file()]


def _numbers(name: str, classes: Sequence[Any], names: Sequence[str]) -> tuple[int, int]:
    """Return the numbers of two classes, given by number or by name."""
    chosen = []
    for given in classes:
        text = str(given).strip().lower()
        number = names.index(text) if text in names else int(text) if text.isdecimal() else -1
        if not 0 <= number < len(names):
            raise ValueError(f"{name} has no class {given!r}; it has {', '.join(names)}")
        chosen.append(number)
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError(f"{name}: two different classes are needed, not {tuple(classes)}")
    return chosen[0], chosen[1]


def _two_classes(
    name: str, parts: Sequence[Part], wanted: tuple[int, int], names: Sequence[str]
) -> DataSet:
    """Put the parts together; the first class is +1."""
    labels = np.concatenate([labels for _, labels, _ in parts])
    first, second = (names[k] for k in wanted)
    for number in wanted:
        if not (labels == number).any():
            raise ValueError(f"{name}: no image is of class {names[number]}")
    sizes = {pixels.shape[1] for pixels, _, _ in parts}
    if len(sizes) > 1:
        raise ValueError(f"{name}: the files hold images of {sorted(sizes)} pixels")
    require(f"reading {name}", 10 * len(labels) * max(sizes))
    X = np.concatenate([pixels for pixels, _, _ in parts]).astype(np.float64)
    y = np.where(labels == wanted[0], 1.0, -1.0)
    return DataSet(X, y, name, (first, second), tuple(said for _, _, said in parts))


def _idx_pair(images: Path, labels: Path, wanted: tuple[int, int]) -> Part:
    """Read the images of two classes from an IDX file, by the labels in another."""
    with _open(labels) as file:
        (n,) = _shape(file, labels, 1)
        require(f"reading {labels.name}", 2 * n)
        kinds = np.frombuffer(_exactly(file, n, labels), np.uint8)
        _end(file, labels)
    if n and kinds.max() >= len(DIGITS):
        raise ValueError(f"{labels.name}: label {kinds.max()} is no digit")
    kept = np.isin(kinds, wanted)
    with _open(images) as file:
        count, rows, columns = _shape(file, images, 3)
        if count != n:
            raise ValueError(f"{images.name} has {count} images, but {labels.name} {n} labels")
        d = rows * columns
        if not 1 <= d <= LARGEST:
            raise ValueError(f"{images.name} claims images of {rows} x {columns} pixels")
        require(f"reading {images.name}", int(kept.sum()) * d)
        pixels = np.empty((int(kept.sum()), d), np.uint8)
        step, filled = max(AT_ONCE // d, 1), 0
        for begin in range(0, n, step):
            chosen = kept[begin : begin + step]
            block = np.frombuffer(_exactly(file, len(chosen) * d, images), np.uint8)
            pixels[filled : filled + int(chosen.sum())] = block.reshape(-1, d)[chosen]
            filled += int(chosen.sum())
        _end(file, images)
    return pixels, kinds[kept], f"{len(pixels)} of {n} images of {images.name}"


def _shape(file: IO[bytes], path: Path, dimensions: int) -> tuple[int, ...]:
    """Read the header of an IDX file: 0, 0, the type, the number of dimensions, the dimensions."""
    expected = bytes([0, 0, 8, dimensions])
    magic = _exactly(file, 4, path)
    if magic != expected:
        raise ValueError(
            f"{path.name} starts with the bytes {magic.hex()}, not with {expected.hex()}: it is no "
            f"IDX file of unsigned bytes with {dimensions} dimension(s)"
        )
    header = np.frombuffer(_exactly(file, 4 * dimensions, path), ">u4")
    return tuple(int(size) for size in header)


def _batch(path: Path, wanted: tuple[int, int]) -> Part:
    """Read the images of two classes from a file of CIFAR-10's binary version."""
    found, n = [], 0
    with _open(path) as file:
        while block := _upto(file, AT_ONCE // RECORD * RECORD):
            whole, rest = divmod(len(block), RECORD)
            records = np.frombuffer(block, np.uint8, whole * RECORD).reshape(whole, RECORD)
            if whole and records[:, 0].max() >= len(OBJECTS):
                at = int(np.argmax(records[:, 0] >= len(OBJECTS)))
                raise ValueError(
                    f"{path.name}: the label of record {n + at} is {records[at, 0]}, not 0 to 9: "
                    "this is no file of CIFAR-10's binary version"
                )
            n += whole
            if rest:
                raise ValueError(
                    f"{path.name} is cut off, or no file of CIFAR-10's binary version: {rest} "
                    f"bytes follow {n} records of {RECORD}"
                )
            found.append(records[np.isin(records[:, 0], wanted)])
    if not n:
        raise ValueError(f"{path.name} is empty")
    kept = np.concatenate(found)
    return kept[:, 1:], kept[:, 0], f"{len(kept)} of {n} images of {path.name}"


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, through gzip where its first bytes say so."""
    with path.open("rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        if not packed:
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked  # type: ignore[misc]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path.name} is damaged or cut off: {error}") from None


def _upto(file: IO[bytes], count: int) -> bytes:
    """Read so many bytes, or what there is; memory grows with what is there, not with count."""
    parts, missing = [], count
    while missing and (part := file.read(min(missing, AT_ONCE))):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def _exactly(file: IO[bytes], count: int, path: Path) -> bytes:
    """Read so many bytes, or raise ValueError."""
    found = _upto(file, count)
    if len(found) < count:
        raise ValueError(f"{path.name} is cut off: {count - len(found)} bytes are missing")
    return found


def _end(file: IO[bytes], path: Path) -> None:
    """Raise ValueError where something follows; reading on also checks a gzip file's sum."""
    if file.read(1):
        raise ValueError(f"{path.name} is longer than its header says")
