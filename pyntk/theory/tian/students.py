"""Training a student on the outputs of a teacher, and which teachers it came to resemble."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.tian.correlation import activations, hidden, pearson
from pyntk.theory.tian.options import admit_counts, admit_positive
from pyntk.theory.tian.teacher import draw_teacher
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Inputs = Callable[[TwoLayer, "Protocol", Generator], Matrix]

RECOVERED: float = 0.95
"""The correlation above which a teacher counts as recovered."""


@dataclass(frozen=True)
class Protocol:
    """The experiment on two layers; the defaults are the paper's where it has one value.

    Attributes:
        teachers: m, neurons of the teacher.
        multiple: n = floor(m multiple) neurons of the student.
        decay: p, of the teacher's strengths (k + 1)^-p.
        rows: N, training inputs.
        epochs: how often ``steps`` steps are taken.
        steps: of SGD in an epoch.
        d: inputs, x ~ N(0, std^2 I).
        outputs: of both networks.
        std: of the inputs.
        start: standard deviation of the student's weights at the start; its biases start at 0.
        step_size: for the mean over the batch of half the squared error, summed over the outputs.
        batch: rows of a step, drawn with replacement.
        evaluated: inputs on which loss and correlations are taken.
    """

    teachers: int
    multiple: float
    decay: float
    rows: int
    epochs: int
    steps: int
    d: int = 100
    outputs: int = 50
    std: float = 1.5
    start: float = 0.005
    step_size: float = 0.01
    batch: int = 16
    evaluated: int = 2000

    def __post_init__(self) -> None:
        admit_counts(
            teachers=self.teachers, rows=self.rows, epochs=self.epochs, epoch_steps=self.steps,
            d=self.d, outputs=self.outputs, batch=self.batch, evaluated=self.evaluated,
        )  # fmt: skip
        admit_positive(
            multiple=self.multiple, std=self.std, start=self.start, step_size=self.step_size
        )
        if self.multiple < 1:
            raise ValueError(f"multiple must be at least 1, not {self.multiple}")

    @property
    def students(self) -> int:
        """Neurons of the student."""
        return int(self.teachers * self.multiple + 1e-9)


@dataclass(frozen=True)
class Outcome:
    """A student, epoch by epoch.

    Attributes:
        epochs: (r,) after how many epochs.
        best: (r, m) the largest correlation of each teacher with a student then.
        loss: (r,) mean over inputs and outputs of the squared error then.
        correlation: (m, n) of every teacher with every student, at the end.
        fan_out: (n,) norms of the students' fan-out at the end.
        diverged: whether training did; then everything that was not reached is NaN.
    """

    epochs: NDArray[np.int64]
    best: Matrix
    loss: Vector
    correlation: Matrix
    fan_out: Vector
    diverged: bool

    def recovered(self, epoch: int) -> int:
        """How many teachers some student resembled after so many epochs."""
        return int((self.best[self.epochs == epoch] > RECOVERED).sum())


def gaussian_inputs(teacher: TwoLayer, protocol: Protocol, generator: Generator) -> Matrix:
    """Return (N, d) inputs x ~ N(0, std^2 I), which do not know the teacher."""
    return protocol.std * generator.standard_normal((protocol.rows, protocol.d))


def teach(
    protocol: Protocol,
    run: Sequence[int],
    watch: Watch,
    *,
    at: Sequence[int] | None = None,
    inputs: Inputs = gaussian_inputs,
    backend: str | None = None,
    threads: int | None = None,
) -> Outcome:
    """Draw a teacher and data, train a student in float64, and see what it resembles.

    Teacher, training inputs and evaluation inputs depend on ``run`` and the teacher's options
    alone, so students of several sizes have the same teacher.

    Args:
        protocol: sizes and steps.
        run: whole numbers that name the run: a seed and which of its runs this is.
        watch: training counts as the part at hand.
        at: after which epochs the student is looked at; None for all, and the start.
        inputs: what draws the training inputs.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :func:`pyntk.train`.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    of_teacher, of_data, of_evaluation, of_student = np.random.SeedSequence(tuple(run)).spawn(4)
    teacher = draw_teacher(
        protocol.teachers, protocol.d, protocol.outputs,
        decay=protocol.decay, generator=np.random.default_rng(of_teacher), **how,
    )  # fmt: skip
    X = inputs(teacher, protocol, np.random.default_rng(of_data))
    seeds = of_student.generate_state(2)
    student = TwoLayer.small(
        protocol.students, protocol.d, protocol.outputs, std=protocol.start, biases=True,
        c=np.zeros(protocol.outputs), seed=int(seeds[0]), **how,
    )  # fmt: skip
    student.b = np.zeros(protocol.students)
    epochs = np.array(sorted(set(range(protocol.epochs + 1) if at is None else at)))
    try:
        done = watch.train(
            student, (X, teacher.forward(X)), trained="all", batch=protocol.batch,
            step_size=protocol.step_size / protocol.batch,
            steps=protocol.epochs * protocol.steps, seed=int(seeds[1]),
            record={"weights": epochs * protocol.steps},
        )  # fmt: skip
        diverged = False
    except DivergenceError as error:
        done, diverged = error.run, True
    held_out = np.random.default_rng(of_evaluation).standard_normal(
        (protocol.evaluated, protocol.d)
    )
    return _outcome(
        teacher, done.records["weights"].values, protocol.std * held_out, epochs, diverged
    )


def _outcome(
    teacher: TwoLayer, weights: Any, X: Matrix, epochs: NDArray[np.int64], diverged: bool
) -> Outcome:
    """Lay the students of all records beside their teacher."""
    of_teacher, target = activations(teacher, X), np.asarray(teacher.forward(X))
    best = np.full((len(epochs), of_teacher.shape[1]), np.nan)
    loss = np.full(len(epochs), np.nan)
    n = weights.a.shape[1]
    correlation, fan_out = np.full((best.shape[1], n), np.nan), np.full(n, np.nan)
    for r, (W, b, a, c) in enumerate(zip(*weights, strict=True)):
        H = hidden(X, W, b)
        correlation = pearson(of_teacher, H)
        best[r] = correlation.max(axis=1)
        loss[r] = ((H @ a + c - target) ** 2).mean()
        fan_out = np.linalg.norm(np.asarray(a, np.float64), axis=1)
    if diverged:
        correlation, fan_out = np.full_like(correlation, np.nan), np.full_like(fan_out, np.nan)
    return Outcome(epochs, best, loss, correlation, fan_out, diverged)


def finite(runs: Sequence[Outcome]) -> tuple[Check, ...]:
    """Return a check that fails where training diverged, and none where it did not."""
    diverged = sum(run.diverged for run in runs)
    if not diverged:
        return ()
    return (
        Check(
            claim=f"no run of {len(runs)} diverges",
            source="Tian, the protocol (1909.13458)",
            condition="step size and start of the protocol; these were too large",
            predicted=0.0,
            measured=float(diverged),
            bound=0.0,
            holds=False,
        ),
    )
