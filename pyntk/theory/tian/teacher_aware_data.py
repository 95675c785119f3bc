"""Training inputs placed beside the teachers' boundaries, against random ones."""

from collections.abc import Sequence

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from pyntk import TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.options import admit_ascending, admit_counts, admit_seed, admit_several
from pyntk.theory.tian.students import Outcome, Protocol, finite, gaussian_inputs, teach
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

OFFSET: tuple[float, float] = (2.0, 2.0)
"""Distance from the boundary: the first number, plus the second times a uniform number."""
FEW, MANY = 30, 450
"""Inputs between which the paper's figure shows the transition for random ones."""
RANDOM_FEW: float = 0.45
"""Largest mean best correlation with FEW random inputs; the figure shows .22 to .3."""
AWARE_FEW: float = 0.7
"""The least with FEW inputs beside the boundaries; the figure shows .78 to .98."""
RANDOM_MANY: float = 0.9
"""The least with MANY random inputs or more; the figure shows about 1."""


@routine(
    multiples=(1, 2, 5, 10),
    sample_sizes=(30, 60, 90, 120, 150, 195, 270, 390, 510, 810, 1110),
    epoch_steps=5000,
    seeds=2,
)
def teacher_aware_data(
    *,
    teachers: int = 5,
    multiples: Sequence[float] = (2,),
    decay: float = 1.0,
    sample_sizes: Sequence[int] = (30, 60, 120, 195, 300, 450, 900),
    seeds: int = 4,
    epochs: int = 20,
    epoch_steps: int = 1000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Inputs on both sides of the teachers' boundaries need far fewer samples than random ones.

    The theorem for small gradients asks for a data set that knows the teachers: points on each
    boundary w*_k.x + b*_k = 0 and beside it, on both sides. Such a set of N inputs, and N inputs
    x ~ N(0, 1.5^2 I), train the same students; what is measured is the best correlation of each
    teacher on new Gaussian inputs, mean over the teachers. With random inputs it rises only when
    N passes a few times the dimension, 100.

    Args:
        teachers: m, with fan-out about k^-p.
        multiples: students for each teacher.
        decay: p.
        sample_sizes: N, ascending.
        seeds: runs for each N, multiple and kind of data.
        epochs: how often ``epoch_steps`` steps are taken.
        epoch_steps: steps of SGD in an epoch, batches of 16.
        seed: of all runs.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :func:`pyntk.train`.
        watch: how far the routine is.

    Returns:
        Checks, for every multiple, of the correlation at the least N for both kinds of data, at
        the largest for random ones, and of the difference. Series: ``sample_sizes`` (r,);
        ``correlation_random``, ``correlation_aware``, ``loss_random``, ``loss_aware``
        (multiples, r, seeds).

    References:
        Y. Tian, arXiv 1909.13458, the theorem for small gradients, and its figure on sample sizes.
    """
    admit_seed(seed)
    admit_counts(seeds=seeds)
    admit_several(multiples=multiples)
    admit_ascending(sample_sizes=sample_sizes)
    kinds = (gaussian_inputs, beside_boundaries)
    shape = (len(kinds), len(multiples), len(sample_sizes), seeds)
    correlation, loss = np.empty(shape), np.empty(shape)
    every: list[Outcome] = []
    for kind, n, r, k in watch.over(list(np.ndindex(*shape))):
        protocol = Protocol(teachers, multiples[n], decay, sample_sizes[r], epochs, epoch_steps)
        run = teach(
            protocol, (seed, k), watch, at=[epochs], inputs=kinds[kind],
            backend=backend, threads=threads,
        )  # fmt: skip
        correlation[kind, n, r, k], loss[kind, n, r, k] = run.best[-1].mean(), run.loss[-1]
        every.append(run)
    checks = finite(every)
    for n, multiple in enumerate(multiples):
        checks += of_one_size(multiple, np.array(sample_sizes), *correlation[:, n].mean(axis=-1))
    return Report(
        name="teacher_aware_data",
        title=f"{teachers} teachers, students trained on N inputs, {seeds} runs",
        checks=checks,
        series={
            "sample_sizes": np.array(sample_sizes),
            "correlation_random": correlation[0], "correlation_aware": correlation[1],
            "loss_random": loss[0], "loss_aware": loss[1],
        },
        data={"name": "N(0, 1.5^2 I), and beside the boundaries", "d": Protocol.d},
        settings={
            "multiples": list(multiples), "decay": decay, "seeds": seeds, "epochs": epochs,
            "steps": epoch_steps, "seed": seed,
        },
        panels=(
            _panel("Best correlation, mean over teachers", sample_sizes, multiples, correlation),
            _panel("Loss on new inputs", sample_sizes, multiples, loss),
        ),
    )  # fmt: skip


def beside_boundaries(teacher: TwoLayer, protocol: Protocol, generator: Generator) -> Matrix:
    """Return (N, d) inputs on the teachers' boundaries and on both sides of them.

    Teacher after teacher: a Gaussian point, moved onto the boundary along w*, that point moved
    up and down along w* by a random distance, and so on until there are N. All are then scaled
    to the root mean square norm of the Gaussian inputs.

    References:
        Y. Tian, arXiv 1909.13458, the data sets that the theory suggests.
    """
    count = -(-protocol.rows // 3)
    which = np.arange(count) % protocol.teachers
    w, b = np.asarray(teacher.W)[which], np.asarray(teacher.b)[which]
    points = protocol.std * generator.standard_normal((count, protocol.d))
    points -= ((points * w).sum(axis=1) + b)[:, None] * w
    nearest, further = OFFSET
    away = (nearest + further * generator.uniform(size=count))[:, None] * w
    X = np.stack([points, points + away, points - away], axis=1).reshape(-1, protocol.d)
    X *= protocol.std * protocol.d**0.5 / np.linalg.norm(X, axis=1, keepdims=True)
    return X[: protocol.rows]


def of_one_size(
    multiple: float, rows: NDArray[np.int64], random: Vector, aware: Vector
) -> tuple[Check, ...]:
    """Check the transition of one size of student; ``random`` and ``aware`` are (r,) means."""
    few, many = bool(rows[0] <= FEW), bool(rows[-1] >= MANY and multiple >= 2)
    return (
        _check(
            f"{multiple:g} x, N = {rows[0]}: best correlation with random inputs <= bound",
            float(random[0]), RANDOM_FEW, bool(random[0] <= RANDOM_FEW) if few else None,
        ),
        _check(
            f"{multiple:g} x, N = {rows[0]}: best correlation beside the boundaries >= bound",
            float(aware[0]), AWARE_FEW, bool(aware[0] >= AWARE_FEW) if few else None,
        ),
        _check(
            f"{multiple:g} x, N = {rows[-1]}: best correlation with random inputs >= bound",
            float(random[-1]), RANDOM_MANY, bool(random[-1] >= RANDOM_MANY) if many else None,
        ),
    )  # fmt: skip


def _check(claim: str, measured: float, bound: float, holds: bool | None) -> Check:
    return Check(
        claim=claim,
        source="Tian, figure on sample sizes (1909.13458)",
        condition=(
            f"the figure has N = {FEW} to 1110 and twice as many students or more where N >= "
            f"{MANY}; the theorem asks for a small gradient on a data set that knows the teachers"
        ),
        predicted=None,
        measured=measured,
        bound=bound,
        holds=holds,
    )


def _panel(title: str, rows: Sequence[int], multiples: Sequence[float], values: Matrix) -> Panel:
    kinds = ("random", "aware")
    return Panel(
        title, "training inputs $N$", "mean over runs",
        tuple(
            curve(rows, values[kind, n].mean(axis=-1), f"{kinds[kind]}, {multiple:g} x",
                  colour=len(multiples) * kind + n)
            for kind in range(2)
            for n, multiple in enumerate(multiples)
        ),
        "log",
    )  # fmt: skip
