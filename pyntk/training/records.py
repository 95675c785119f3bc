"""What can be recorded of a training run, and when."""

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyntk.arrays import to_host
from pyntk.contract import LOSSES, Array
from pyntk.memory import require
from pyntk.patterns import pattern_flips
from pyntk.scalars import admit_count, admit_integer
from pyntk.training.run import Distance, Record, Weights
from pyntk.training.trainee import Layers, Samples, Trainee

SLICE: Final = 2**17
"""Numbers of a weight matrix that are looked at at a time."""


@dataclass(frozen=True)
class Subject:
    """What is measured: a network, its start, and the samples to measure on."""

    trainee: Trainee
    start: Layers
    data: Samples | None
    """The data of the training; for a distribution, those of ``evaluate``."""
    evaluation: Samples | None
    quantiles: NDArray[np.float64]


class Quantity(NamedTuple):
    """How a quantity is measured and kept."""

    parts: dict[str, tuple[int, ...]]
    """The shape of each part of one measurement."""
    dtype: Any
    measure: Callable[[], tuple[Any, ...]]
    """Return the parts."""
    join: Callable[..., Any] = lambda values: values
    """Make the values of a record of the arrays of all measurements."""


def _loss(subject: Subject) -> Quantity:
    trainee, data = subject.trainee, _targets(subject, "loss")
    return Quantity({"": ()}, np.float64, lambda: (trainee.loss_of(data)[0],))


def _residual(subject: Subject) -> Quantity:
    trainee, data = subject.trainee, _targets(subject, "residual")
    half = LOSSES["half_squares"]  # whose derivative is f - y
    if trainee.loss not in (half, LOSSES["mean_squares"]):
        raise ValueError("record 'residual' is f - y: it needs a loss of squares")
    shape = _outputs_shape(trainee, data)
    return Quantity({"": shape}, trainee.dtype, lambda: (trainee.loss_of(data, half)[1],))


def _outputs(subject: Subject) -> Quantity:
    trainee, samples = subject.trainee, subject.evaluation
    if samples is None:
        raise ValueError("record 'outputs' needs evaluate=X or evaluate=(X, y)")
    shape = _outputs_shape(trainee, samples)
    return Quantity({"": shape}, trainee.dtype, lambda: (trainee.outputs_of(samples),))


def _distance(subject: Subject) -> Quantity:
    W, start = subject.trainee.layers.W, subject.start.W
    size = float(np.sqrt(_row_squares(W).sum()))

    def measure() -> tuple[float, float, float]:
        squares = _row_squares(W, start)
        moved = float(np.sqrt(squares.sum()))
        relative = moved / size if size else (np.inf if moved else 0.0)
        return moved, relative, float(np.sqrt(squares.max()))

    return Quantity(dict.fromkeys(Distance._fields, ()), np.float64, measure, Distance)


def _norms(subject: Subject) -> Quantity:
    W = subject.trainee.net.W
    quantiles = subject.quantiles
    return Quantity(
        {"": quantiles.shape},
        np.float64,
        lambda: (np.quantile(np.sqrt(_row_squares(W)), quantiles),),
    )


def _flips(subject: Subject) -> Quantity:
    trainee, data = subject.trainee, subject.data
    if data is None:
        raise ValueError("record 'flips' needs evaluate= where data is a distribution")
    start = trainee.patterns_of(data)
    pairs = data.X.shape[0] * trainee.layers.W.shape[0]

    def measure() -> tuple[float]:
        now = trainee.patterns_of(data)
        flips = pattern_flips(start, now, backend=trainee.backend, threads=trainee.threads)
        return (int(flips.sum()) / pairs,)

    return Quantity({"": ()}, np.float64, measure)


def _weights(subject: Subject) -> Quantity:
    net = subject.trainee.net
    names = [name for name in Weights._fields if getattr(net, name) is not None]
    return Quantity(
        {name: getattr(net, name).shape for name in names},
        subject.trainee.dtype,
        lambda: tuple(getattr(net, name) for name in names),
        lambda *arrays: Weights(
            **(dict.fromkeys(Weights._fields) | dict(zip(names, arrays, strict=True)))
        ),
    )


QUANTITIES: Final = {
    "loss": _loss,
    "residual": _residual,
    "distance": _distance,
    "flips": _flips,
    "outputs": _outputs,
    "weights": _weights,
    "norms": _norms,
}
"""The quantities that are measured between steps."""

NAMES: Final = ("batch_loss", *QUANTITIES)
"""All names; the losses of the batches come from the steps themselves."""


def quantities(subject: Subject, when: Mapping[str, NDArray[np.int64]]) -> dict[str, Quantity]:
    """Return the quantities of a run; raise MemoryError if their records do not fit."""
    found = {name: QUANTITIES[name](subject) for name in when if name in QUANTITIES}
    needed = sum(
        len(when[name]) * math.prod(shape) * np.dtype(quantity.dtype).itemsize
        for name, quantity in found.items()
        for shape in quantity.parts.values()
    )
    require("record", needed, hint="fewer steps need less")
    return found


class Series:
    """The measurements of one quantity."""

    def __init__(self, quantity: Quantity, steps: NDArray[np.int64]):
        self.steps = steps
        self._quantity, self._count = quantity, 0
        self._values = [
            np.empty((len(steps), *shape), quantity.dtype) for shape in quantity.parts.values()
        ]

    @property
    def due(self) -> int:
        """The number of steps at which the next measurement is due; beyond all at the end."""
        return int(self.steps[self._count]) if self._count < len(self.steps) else sys.maxsize

    def take(self) -> None:
        """Measure."""
        i = self._count
        with np.errstate(all="ignore"):  # a network that diverges
            parts = self._quantity.measure()
        for values, part in zip(self._values, parts, strict=True):
            values[i] = to_host(part).reshape(values.shape[1:]) if np.ndim(part) else part
        self._count = i + 1

    def record(self) -> Record:
        """Return what was measured so far."""
        seen = slice(self._count)
        values = self._quantity.join(*(values[seen] for values in self._values))
        return Record(self.steps[seen], values)


def admit_record(record: Any, steps: int) -> dict[str, NDArray[np.int64]]:
    """Return when each quantity of ``record=`` is measured: increasing step numbers.

    Raises:
        ValueError: an unknown name; an interval below 1; steps that are not increasing or not in
            0 ... steps; another interval than 1 for "batch_loss".
        TypeError: no mapping; neither an integer nor integers.
    """
    if record is None:
        return {}
    if not isinstance(record, Mapping):
        raise TypeError(
            f"record must be a mapping from names to steps, not {type(record).__name__}"
        )
    for name in record:
        if name not in NAMES:
            raise ValueError(f"record takes the names {', '.join(NAMES)}, not {name!r}")
    return {name: _when(name, when, steps) for name, when in record.items()}


def _when(name: str, when: Any, steps: int) -> NDArray[np.int64]:
    label = f"record[{name!r}]"
    if name == "batch_loss":
        if admit_integer(label, when) != 1:
            raise ValueError(f"{label} must be 1, every step, not {when}")
        return _counted(label, steps, 1)
    if np.ndim(when) == 0:
        every = admit_count(label, when)
        found = _counted(label, steps, every)
        return np.append(found, steps)
    numbers = [admit_integer(f"{label}[{i}]", value) for i, value in enumerate(when)]
    found = np.array(numbers, np.int64)
    if not len(found) or found[0] < 0 or found[-1] > steps or (np.diff(found) <= 0).any():
        raise ValueError(f"{label} must be increasing step numbers in 0 ... {steps}")
    return found


def _counted(label: str, steps: int, every: int) -> NDArray[np.int64]:
    """Return 0, every, 2 every ..., below steps."""
    require(label, 16 * (steps // every + 2))
    return np.arange(0, steps, every)


def _targets(subject: Subject, name: str) -> Samples:
    if subject.data is None or subject.data.Y is None:
        raise ValueError(f"record {name!r} needs evaluate=(X, y) where data is a distribution")
    return subject.data


def _outputs_shape(trainee: Trainee, samples: Samples) -> tuple[int, ...]:
    n, k = samples.X.shape[0], trainee.layers.A.shape[1]
    return (n,) if trainee.outputs is None else (n, k)


def _row_squares(W: Array, start: Array = None) -> NDArray[np.float64]:
    """Return the squared norms of the rows of W, or of W - start, some rows at a time."""
    squares = np.empty(W.shape[0])
    rows = max(1, SLICE // W.shape[1])
    for begin in range(0, W.shape[0], rows):
        part = slice(begin, begin + rows)
        D = W[part].astype(np.float64)
        if start is not None:
            D -= start[part]
        squares[part] = to_host((D * D).sum(1))
    return squares
