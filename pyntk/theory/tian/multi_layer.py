"""Students of several hidden layers: the lowest is aligned best, given enough inputs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.correlation import pearson
from pyntk.theory.tian.deep import DeepNetwork, descend, draw_network, forward
from pyntk.theory.tian.deep_teacher import draw_deep_teacher
from pyntk.theory.tian.options import (
    admit_ascending,
    admit_counts,
    admit_positive,
    admit_seed,
    admit_several,
)
from pyntk.theory.tian.students import RECOVERED
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LOOKS: int = 16
"""How often a student is looked at."""
EVALUATED: int = 2000
"""New inputs on which correlations and losses are taken."""
TRANSITION: float = 0.1
"""Least difference of the lowest layer's correlation, most inputs against fewest. The paper's
figure shows .73 at 5000 inputs and 1 from 20,000 on, for layers of 50 to 125."""
BLOWN: float = 1e6
"""A loss that ends a run."""


@dataclass(frozen=True)
class Training:
    """The options that all runs share."""

    steps: int
    step_size: float
    batch: int
    std: float


@routine(
    layers=(50, 75, 100, 125),
    d=20,
    outputs=100,
    multiple=2,
    sample_sizes=(2000, 20_000),
    seeds=1,
    steps=20_000,
    step_size=0.2,
)
def multi_layer(
    *,
    layers: Sequence[int] = (5, 6, 7, 8),
    d: int = 10,
    outputs: int = 20,
    multiple: int = 5,
    sample_sizes: Sequence[int] = (100, 500, 20_000),
    seeds: int = 2,
    steps: int = 6000,
    step_size: float = 0.1,
    batch: int = 64,
    std: float = 10.0,
    seed: int = 0,
    watch: Watch,
) -> Report:
    r"""The lowest layer of a deep student aligns with its teacher's, given enough inputs.

    By Lemma 1 the gradient of the lowest layer is again D_1 (A_1 f*_1 - B_1 f_1), with A_1 and
    B_1 that depend on the input. The theorem on alignment speaks of this layer, at a gradient of 0.
    The layers above are aligned only as far as those below are. Measured is, layer by layer, the
    correlation of each teacher's activation with the student's that is most like it, mean over the
    teachers of the layer.

    pyntk trains two layers natively; this routine alone runs on a small vectorised NumPy module,
    in float64, and its sizes are far below the paper's (layers of 50 to 125 with 10 times as many
    students, two million inputs, 100 epochs). The preset ``paper`` has its layers and its
    step with twice as many students, 20,000 inputs and 20,000 steps: minutes.

    Args:
        layers: neurons of the teacher's hidden layers.
        d: inputs, x ~ N(0, std^2 I).
        outputs: of both.
        multiple: students for each teacher.
        sample_sizes: N, training inputs, ascending.
        seeds: runs for each N.
        steps: of SGD.
        step_size: for the mean over batch and outputs of the squared error.
        batch: rows of a step, drawn with replacement.
        std: of the inputs.
        seed: of all runs.
        watch: how far the routine is.

    Returns:
        Checks of the lowest layer. Series: ``steps`` (r,); ``sample_sizes`` (s,);
        ``correlation`` (s, seeds, r, layers); ``loss`` (s, seeds, r) mean squared error on new
        inputs.

    References:
        Y. Tian, arXiv 1909.13458, Lemma 1, the theorem on alignment in the lowest layer, and the
        experiments on several layers.
    """
    rows = sample_sizes
    admit_seed(seed)
    admit_several(layers=layers)
    for width in layers:
        admit_counts(layers=width)
    admit_counts(d=d, outputs=outputs, multiple=multiple, seeds=seeds, steps=steps, batch=batch)
    admit_positive(step_size=step_size, std=std)
    admit_ascending(sample_sizes=rows)
    training = Training(steps, step_size, batch, std)
    looked_at = np.unique(np.linspace(0, steps, LOOKS + 1).astype(np.int64))
    correlation = np.full((len(rows), seeds, len(looked_at), len(layers)), np.nan)
    loss = np.full(correlation.shape[:3], np.nan)
    for r, k in watch.over(list(np.ndindex(len(rows), seeds))):
        of_teacher, of_rest = np.random.SeedSequence((seed, k)).spawn(2)
        teacher = draw_deep_teacher((d, *layers, outputs), std, np.random.default_rng(of_teacher))
        of_run = np.random.default_rng(of_rest)
        student = draw_network((d, *(n * multiple for n in layers), outputs), 0.0, of_run)
        correlation[r, k], loss[r, k] = follow(
            teacher, student, rows[r], training, looked_at, of_run, watch
        )
    end = correlation[:, :, -1].mean(axis=1)
    return Report(
        name="multi_layer",
        title=f"{len(layers)} hidden layers, {multiple} students for a teacher, {seeds} runs",
        checks=checks_of(rows, correlation[:, :, 0].mean(axis=1), end, loss[:, :, -1].mean(axis=1)),
        series={
            "steps": looked_at, "sample_sizes": np.array(rows),
            "correlation": correlation, "loss": loss,
        },
        data={"name": f"N(0, {std:g}^2 I)", "d": d},
        settings={
            "layers": list(layers), "outputs": outputs, "steps": steps,
            "step_size": step_size, "batch": batch, "seed": seed,
        },
        panels=(
            _over_steps(looked_at, correlation[-1].mean(axis=0), rows[-1]),
            _over_rows(np.array(rows), end),
        ),
    )  # fmt: skip


def follow(
    teacher: DeepNetwork,
    student: DeepNetwork,
    rows: int,
    training: Training,
    looked_at: NDArray[np.int64],
    generator: np.random.Generator,
    watch: Watch,
) -> tuple[Matrix, Vector]:
    """Train a student in place; return its correlations (r, layers) and losses (r,).

    What comes after a loss that is not finite, or above 10^6, is NaN.
    """
    d = teacher.weights[0].shape[1]
    held_out = training.std * generator.standard_normal((EVALUATED, d))
    X = training.std * generator.standard_normal((rows, d))
    above, Y = forward(teacher, held_out), forward(teacher, X).outputs[-1]
    found = np.full((len(looked_at), teacher.depth - 1), np.nan)
    loss = np.full(len(looked_at), np.nan)
    step = 2 * training.step_size / Y.shape[1]  # descend() sums half the squares over the outputs
    with np.errstate(over="ignore", invalid="ignore"):
        for i in watch.over(range(len(looked_at))):
            for _ in range(looked_at[i] - (looked_at[i - 1] if i else 0)):
                batch = generator.integers(0, rows, training.batch)
                if not descend(student, X[batch], Y[batch], step) < BLOWN:
                    return found, loss
            below = forward(student, held_out)
            loss[i] = ((above.outputs[-1] - below.outputs[-1]) ** 2).mean()
            pairs = zip(above.outputs[1:-1], below.outputs[1:-1], strict=True)
            found[i] = [pearson(wanted, there).max(axis=1).mean() for wanted, there in pairs]
    return found, loss


def checks_of(rows: Sequence[int], start: Matrix, end: Matrix, loss: Vector) -> tuple[Check, ...]:
    """Return the checks; ``start`` and ``end`` (N, layers) are means over the runs."""
    lowest, above = end[-1, 0], end[-1, 1:]
    stands = f"the theorem asks for a gradient of 0 at every input; here the loss is {loss[-1]:.2g}"
    checks = [
        _check(
            f"N = {rows[-1]}: mean best correlation in the lowest layer >= bound",
            f"{stands}; the bound is the threshold of recovery",
            lowest, RECOVERED, bool(lowest >= RECOVERED),
        ),
        _check(
            f"lowest layer, N = {rows[-1]} minus N = {rows[0]}, best correlation >= bound",
            f"the figure has more inputs and larger layers; loss {loss[0]:.2g} for the fewest",
            lowest - end[0, 0], TRANSITION, bool(lowest - end[0, 0] >= TRANSITION),
        ),
        _check(
            f"N = {rows[-1]}: the least any layer's correlation rose during training > bound",
            "an observation; no theorem says so of the layers above the lowest",
            (end[-1] - start[-1]).min(), 0.0, bool((end[-1] > start[-1]).all()),
        ),
    ]  # fmt: skip
    if above.size:
        checks.append(
            _check(
                f"N = {rows[-1]}: lowest layer minus the best of those above > bound",
                "an observation; the theorem speaks of the lowest layer alone",
                lowest - above.max(), 0.0, bool(lowest > above.max()),
            )
        )  # fmt: skip
    return tuple(checks)


def _check(claim: str, condition: str, measured: float, bound: float, holds: bool) -> Check:
    return Check(
        claim=claim,
        source="Tian, experiments on several layers (1909.13458)",
        condition=condition,
        predicted=None,
        measured=float(measured),
        bound=bound,
        holds=holds,
    )


def _over_steps(steps: NDArray[np.int64], correlation: Matrix, rows: int) -> Panel:
    return Panel(
        f"Best correlation, N = {rows}", "step", "mean over teachers and runs",
        tuple(
            curve(steps, correlation[:, k], f"layer {k + 1}", colour=k)
            for k in range(correlation.shape[1])
        ),
        y_limits=(None, 1.01),
    )  # fmt: skip


def _over_rows(rows: NDArray[np.int64], end: Matrix) -> Panel:
    return Panel(
        "At the end, by the number of inputs", "training inputs $N$", "best correlation",
        tuple(curve(rows, end[:, k], f"layer {k + 1}", colour=k) for k in range(end.shape[1])),
        "log",
        y_limits=(None, 1.01),
    )  # fmt: skip
