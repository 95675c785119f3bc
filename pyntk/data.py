"""Data sets with two classes, and label noise."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk.tables import read_csv, read_npz

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class DataSet:
    """Rows and labels of two classes.

    Attributes:
        X: (n, d) float64, as found: not normalised.
        y: (n,) float64, +1 for the first class and -1 for the second.
        name: for titles.
        classes: names of the first and of the second class.
        notes: what was chosen or left out, one sentence each.
    """

    X: NDArray[np.float64]
    y: Vector
    name: str
    classes: tuple[str, str]
    notes: tuple[str, ...] = ()


def digits(classes: tuple[Any, Any] = (0, 1)) -> DataSet:
    """Return two classes of the 8 x 8 handwritten digits that scikit-learn carries (d = 64).

    Args:
        classes: two digits; the first is +1.

    Raises:
        ModuleNotFoundError: scikit-learn is not installed; the message says how to install it.
        ValueError: a class that is not there.
    """
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"the digits come with scikit-learn, which is absent ({error}): "
            'pip install "pyntk[explain]"'
        ) from error
    bunch = load_digits()
    return two_classes(bunch.data, [str(k) for k in bunch.target], "digits", classes)


def sphere(n: int, d: int, seed: int = 0) -> DataSet:
    """Return n rows uniform on the unit sphere of R^d, labelled by the side of a random hyperplane.

    Raises:
        ValueError: n < 1 or d < 1.
    """
    if n < 1 or d < 1:
        raise ValueError(f"a sphere needs n >= 1 and d >= 1, not n = {n}, d = {d}")
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    b = generator.standard_normal(d)
    return DataSet(X, np.where(b @ X.T > 0, 1.0, -1.0), "sphere", ("b.x > 0", "b.x <= 0"))


def load_table(
    path: str | Path, target: str | None = None, classes: tuple[Any, Any] | None = None
) -> DataSet:
    """Read two classes of a ``.csv`` or ``.npz`` file.

    A ``.csv`` has one row per sample, a header or not; every column but the target holds numbers.
    An ``.npz`` has an array of labels and an array of rows (extra dimensions are flattened); arrays
    of Python objects are refused, because loading them could run code.

    Args:
        path: the file.
        target: ``.csv``: name of the column of labels, or its index from 0 (negative from the end);
            the last column if None. ``.npz``: name of the array of labels; y, target, labels or
            y_train if None.
        classes: names of the two classes, the first of which is +1; the two most frequent if None.

    Raises:
        OSError: the file cannot be read.
        ValueError: what is in the file is not as above; the message names row and column.
    """
    path = Path(path)
    readers = {".csv": read_csv, ".npz": read_npz}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ValueError(
            f"{path.name}: pyntk reads .csv and .npz, not {path.suffix or 'such a file'}"
        )
    X, labels = reader(path, target)
    return two_classes(X, labels, path.stem, classes)


def two_classes(
    X: ArrayLike, labels: list[str], name: str, classes: tuple[Any, Any] | None
) -> DataSet:
    """Keep the rows of two classes and label them +1 and -1.

    Args:
        X: (n, d) rows.
        labels: n class names.
        name: of the data.
        classes: two class names (numbers are compared as numbers: 3 is "3.0"); None takes the two
            most frequent, in ascending order.

    Raises:
        ValueError: fewer than two classes, or a class that is not there.
    """
    names = np.array([_canonical(label) for label in labels], dtype=np.str_)
    found, counts = np.unique(names, return_counts=True)
    notes = []
    if len(found) < 2:
        raise ValueError(f"{name}: two classes are needed, but every label is {found.tolist()}")
    if classes is None:
        order = np.argsort(-counts, kind="stable")[:2]
        pair = sorted((str(found[k]) for k in order), key=_ascending)
        if len(found) > 2:
            notes.append(
                f"of {len(found)} classes the two most frequent were taken: {pair[0]}, {pair[1]}"
            )
    else:
        pair = [_canonical(label) for label in classes]
    if pair[0] == pair[1]:
        raise ValueError(f"{name}: two different classes are needed, not {pair[0]} twice")
    for label in pair:
        if label not in found:
            shown = ", ".join(sorted((str(f) for f in found), key=_ascending)[:10])
            raise ValueError(
                f"{name}: there is no class {label!r}; there are {len(found)}: {shown}"
                + (", ..." if len(found) > 10 else "")
            )
    rows = np.isin(names, pair)
    y = np.where(names[rows] == pair[0], 1.0, -1.0)
    return DataSet(np.asarray(X, np.float64)[rows], y, name, (pair[0], pair[1]), tuple(notes))


def redraw_labels(y: ArrayLike, portion: float, generator: np.random.Generator) -> Vector:
    """Replace a portion of the labels by fair coin tosses, +1 or -1.

    They are redrawn, not flipped: half of them keep their value on average, so that portion 1 is
    pure noise and not the opposite labelling (Arora et al., arXiv 1901.08584, section 5).

    Args:
        y: (n,) labels, +1 or -1.
        portion: 0 .. 1; round(portion n) labels are redrawn.
        generator: source of the noise.

    Returns:
        (n,) float64, a new array.

    Raises:
        ValueError: portion is not in [0, 1].
    """
    if not 0 <= portion <= 1:
        raise ValueError(f"portion must be in [0, 1], not {portion}")
    noisy = np.array(y, np.float64)
    chosen = generator.permutation(len(noisy))[: round(portion * len(noisy))]
    noisy[chosen] = generator.choice([-1.0, 1.0], len(chosen))
    return noisy


def split(
    n: int, train: int, held_out: int, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return two disjoint random sets of indices below n, of the given sizes.

    Raises:
        ValueError: train + held_out > n, or one of them is below 1.
    """
    if train < 1 or held_out < 1 or train + held_out > n:
        raise ValueError(f"cannot take {train} training and {held_out} held-out rows out of {n}")
    order = np.random.default_rng(seed).permutation(n)
    return order[:train], order[train : train + held_out]


def _canonical(label: Any) -> str:
    """Return the name of a class: a whole number without its decimal point, other text stripped."""
    text = str(label).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number)


def _ascending(name: str) -> tuple[bool, float, str]:
    """Sort numbers by value, then other names by text."""
    try:
        return (False, float(name), name)
    except ValueError:
        return (True, 0.0, name)
