"""Stochastic gradient descent as in Li and Liang: one network of each width, and what it leaves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import DivergenceError, Run, TwoLayer, schedule
from pyntk.theory.check import Check
from pyntk.theory.liang.classes import ClassSample
from pyntk.theory.report import Report
from pyntk.theory.watch import Watch

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]

EXPERIMENT: Final = "Li-Liang section 6, experiment (1808.01204)"
IN_PAPER: Final = schedule.inverse_width(10)
"""The paper's step size on clusters: eta = 10 / m, for batches of 16."""


@dataclass(frozen=True)
class Descent:
    """How a network is made and trained.

    Attributes:
        steps: T.
        batch: B, rows of each step, drawn with replacement.
        step_size: a schedule of :mod:`pyntk.schedule`, a number eta, or a function of the width m
            that returns one.
        network: makes the network at its start: ``network(m, d, outputs, seed=..., dtype=...)``.
        seed: of the network; the batches take another.
        how: backend and threads.
    """

    steps: int
    batch: int
    step_size: Any
    network: Callable[..., TwoLayer]
    seed: int
    how: Mapping[str, Any]

    def eta(self, m: int) -> Any:
        """Return the step size of a network of m neurons, as :func:`pyntk.train` takes it."""
        return self.step_size(m) if callable(self.step_size) else self.step_size

    def started(self, sample: ClassSample, m: int) -> TwoLayer:
        """Return the network of m neurons at its start, float32."""
        seed = [self.seed, m]
        return self.network(m, sample.X.shape[1], sample.k, seed=seed, dtype=np.float32, **self.how)

    def length(self, m: int) -> float:
        """Return the sum of the step sizes, eta T where they are constant."""
        return float(schedule.step_sizes(self.eta(m), self.steps, m).sum())

    @property
    def as_in_paper(self) -> bool:
        """Whether steps, batch and step size are those of the paper's experiment on clusters."""
        same_step = isinstance(self.step_size, schedule.InverseWidth) and self.step_size == IN_PAPER
        return same_step and (self.steps, self.batch) == (400, 16)

    def facts(self) -> dict[str, Any]:
        """Return what a report says of the training."""
        return {
            "T": self.steps, "B": self.batch, "step size": said(self.step_size), "seed": self.seed,
        }  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """A network after its training.

    Attributes:
        start: (m, d) W(0).
        net: the network.
        run: what was recorded.
    """

    start: NDArray[Any]
    net: TwoLayer
    run: Run

    @property
    def update(self) -> Matrix:
        """(m, d) W(T) - W(0), float64: the weights as the exact numbers they are."""
        difference: Matrix = np.subtract(self.net.W, self.start, dtype=np.float64)
        return difference

    @property
    def m(self) -> int:
        """Neurons."""
        return len(self.start)


def descend(
    sample: ClassSample, m: int, how: Descent, watch: Watch, record: Mapping[str, Any]
) -> Trained:
    """Train the first layer of a network of m neurons by SGD on the softmax cross-entropy.

    Args:
        sample: the rows; ``outputs`` are recorded on the held-out ones.
        m: neurons.
        how: the training.
        watch: how far the routine is.
        record: as for :func:`pyntk.train`.

    Raises:
        pyntk.DivergenceError: the step is too large.
    """
    net = how.started(sample, m)
    start = np.array(net.W)
    run = watch.train(
        net, (sample.X.astype(np.float32), sample.classes), loss="softmax", batch=how.batch,
        step_size=how.eta(m), steps=how.steps, seed=how.seed + 1, record=record,
        evaluate=sample.X_test.astype(np.float32),
    )  # fmt: skip
    return Trained(start, net, run)


def admit_counts(**counts: Any) -> None:
    """Check counts, or sequences of them: integers of at least 1, and no sequence empty.

    Raises:
        ValueError: one is not; the message names it.
        TypeError: one is no integer.
    """
    for name, given in counts.items():
        numbers = list(given) if np.ndim(given) else [given]
        if not numbers:
            raise ValueError(f"{name} must not be empty")
        for number in numbers:
            if not isinstance(number, int | np.integer):
                raise TypeError(f"{name} must be an integer, not {type(number).__name__}")
            if number < 1:
                raise ValueError(f"{name} must be at least 1, not {number}")


def accuracy(outputs: NDArray[Any], classes: Labels) -> Matrix:
    """Return the share of rows whose own class has the largest output.

    Args:
        outputs: (..., n, k); a row with NaN counts as wrong.
        classes: (n,).

    Returns:
        (...,) float64.
    """
    right = (outputs.argmax(-1) == classes) & np.isfinite(outputs).all(-1)
    share: Matrix = right.mean(-1)
    return share


def geometric(steps: int, count: int) -> list[int]:
    """Return 0 and about ``count`` steps spread geometrically over 1 .. ``steps``."""
    spread = np.geomspace(1, steps, max(min(count, steps), 1)).round().astype(int)
    return sorted({0, *spread.tolist(), steps})


def decades(values: ArrayLike) -> tuple[float, float]:
    """Return the powers of ten around positive numbers: the limits of a logarithmic axis."""
    sizes = np.asarray(values, np.float64)
    sizes = np.log10(sizes[sizes > 0]) if (sizes > 0).any() else np.zeros(1)
    low, high = float(np.floor(sizes.min())), float(np.ceil(sizes.max()))
    return 10.0**low, 10.0 ** max(high, low + 1)


def said(step_size: Any) -> str:
    """Return a step size for a line of text."""
    if isinstance(step_size, schedule.InverseWidth):
        return f"{step_size.c:g}/m"
    return "a function of m" if callable(step_size) else str(step_size)


def conditions(sample: ClassSample, how: Descent) -> tuple[bool, str]:
    """Return whether a run is the paper's experiment on clusters, and say how it stands to it."""
    met = sample.as_in_paper and how.as_in_paper
    return met, (
        "the experiment's clusters (k = 10, l = 2, d = 1000, sigma_0 = 5 sigma), T = 400, B = 16, "
        f"eta = 10/m: {'met' if met else 'not met'}"
    )


def diverged(
    name: str, title: str, sample: ClassSample, how: Descent, error: DivergenceError
) -> Report:
    """Return the report of a training that diverged."""
    m = len(error.run.net.W)
    check = Check(
        claim=f"training stays finite (m = {m})",
        source="Li-Liang, section 6 (1808.01204)",
        condition=f"step size {said(how.step_size)}: {error}",
        predicted=None,
        measured=error.step_size,
        bound=error.stable_step_size,
        holds=False,
    )
    return Report(
        name=name, title=title, checks=(check,), series={}, data=sample.facts(),
        settings=how.facts(), notes=sample.notes,
    )  # fmt: skip
