"""What a training run leaves behind."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyntk.network import TwoLayer


class Distance(NamedTuple):
    """How far the first layer (W, b) is from where it began; arrays (records,)."""

    frobenius: Any
    r"""\|W - W(0)\|_F."""
    relative: Any
    r"""\|W - W(0)\|_F / \|W(0)\|_F."""
    largest: Any
    r"""max_r \|w_r - w_r(0)\|."""


class Weights(NamedTuple):
    """Copies of the parameters; the first index counts the records. None as in the network."""

    W: Any
    b: Any
    a: Any
    c: Any


@dataclass(frozen=True)
class Record:
    """One quantity over the run.

    Attributes:
        steps: (records,) the step numbers; step k means after k steps.
        values: what was measured then: an array whose first index counts the records, or a
            :class:`Distance` or :class:`Weights` of such arrays.
    """

    steps: NDArray[np.int64]
    values: Any


@dataclass(frozen=True)
class Run:
    """A training run.

    Attributes:
        net: the network, which was trained in place.
        steps: steps done.
        interrupted: whether Ctrl-C ended it.
        records: what was recorded, by name.
    """

    net: TwoLayer = field(repr=False)
    steps: int
    interrupted: bool
    records: dict[str, Record] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the network as arrays by name: what ``numpy.savez`` takes."""
        found: dict[str, Any] = {
            "steps": np.int64(self.steps),
            "interrupted": np.bool_(self.interrupted),
        }
        for name, record in self.records.items():
            found[f"{name}.steps"] = record.steps
            if isinstance(record.values, (Distance, Weights)):
                parts = record.values._asdict()
                found |= {f"{name}.{part}": v for part, v in parts.items() if v is not None}
            else:
                found[f"{name}.values"] = record.values
        return found


class DivergenceError(ArithmeticError):
    """Training diverged; the network is as it was before the call.

    Attributes:
        step: the number of steps after which the loss was NaN, infinite or beyond the limit.
        step_size: of the last step before.
        stable_step_size: 2 / lambda_max at the start: see docs/training.md.
        run: what was recorded until then.
    """

    def __init__(
        self, message: str, *, step: int, step_size: float, stable_step_size: float, run: Run
    ):
        super().__init__(message)
        self.step, self.step_size, self.stable_step_size = step, step_size, stable_step_size
        self.run = run
