"""SGD learns clusters, and a wider network takes no more steps."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.liang.classes import ClassSample, draw_classes
from pyntk.theory.liang.clusters import gaussian_clusters
from pyntk.theory.liang.descent import (
    EXPERIMENT,
    IN_PAPER,
    Descent,
    accuracy,
    admit_counts,
    conditions,
    decades,
    descend,
    diverged,
    geometric,
    said,
)  # fmt: skip
from pyntk.theory.liang.steps_needed import MOST, TARGET, steps_needed
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEARNT: Final = 0.99
"""Least test accuracy at the last step."""
GROWTH: Final = (0.65, 1.7)
"""Of the geometric means of steps, narrow / wide: .78 - 1.45 contain 99.8 % of bootstrap means over
seven seeds; eta = .4 m^(-1/2) gives 1.9 and more, eta = .02 gives 4 and more."""
TIGHT: Final = 0.2
"""sigma of clusters that (A1) admits, with sigma_0 = 5."""


@routine(widths=(500, 1000, 2000, 4000, 8000, 16_000), repeats=5, races=7, judged=1000)
def learns_clusters(
    data: Any = "clusters",
    *,
    rows: int = 1000,
    held_out: int = 1000,
    widths: Sequence[int] = (500, 2000, 8000),
    steps: int = 400,
    batch: int = 16,
    step_size: Any = IN_PAPER,
    network: Callable[..., TwoLayer] = TwoLayer.clustered,
    records: int = 10,
    repeats: int = 1,
    race: tuple[int, int] = (250, 4000),
    races: int = 3,
    judged: int = 250,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""SGD on the softmax loss learns clusters, in a number of steps that the width does not raise.

    Let the classes be separated clusters: (A1) components of different classes are at least delta
    apart and have diameters of at most lambda delta, lambda <= 1 / (8 l); (A2) rows of unit norm.
    For every eps a network of m >= M = poly(k, l, 1/delta, 1/eps) neurons, trained by SGD with
    eta = 1 / (m poly(...)) for T = poly(k, l, 1/delta, 1/eps, log m) steps, has a test error of at
    most eps (Theorem 4.1). The polynomials are not given, so what is checked is the test accuracy
    after T steps, and that the number of steps to 95 % is the same for a narrow and a wide network
    at eta = c / m. The clusters of the paper's experiment do not meet (A1); a second, tighter set
    that does is drawn beside them.

    Args:
        data: "clusters" (the paper's: k = 10, l = 2, d = 1000), "digits", "mnist:DIR",
            "cifar10:DIR", (X, classes), or ``gaussian_clusters(...)`` of
            :mod:`pyntk.theory.liang`.
        rows: training rows.
        held_out: test rows.
        widths: the widths m of the accuracy curves.
        steps: T.
        batch: B, rows in a step.
        step_size: a schedule of :mod:`pyntk.schedule`, a number, or a function of m.
        network: makes the network at its start, as ``TwoLayer.clustered`` does.
        records: about so many steps at which the accuracy is looked at.
        repeats: runs of each width, each with seeds (and clusters) of its own.
        race: the narrow and the wide network whose steps to 95 % are compared.
        races: pairs of them, each with seeds (and clusters) of its own.
        judged: test rows in a race, at every step.
        seed: of data, networks and batches.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the test accuracy, on the data and on clusters that (A1) admits, and of the steps.
        Series: ``widths`` (w,), ``steps`` (t,), ``accuracy`` (w, repeats, t) on the test rows,
        ``race`` (2,), ``needed`` (races, 2) steps to 95 %, 150 where not reached.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, Theorem 4.1 and section 6.
    """
    admit_counts(
        widths=widths,
        steps=steps,
        records=records,
        repeats=repeats,
        race=race,
        races=races,
        judged=judged,
    )
    how = Descent(steps, batch, step_size, network, seed, {"backend": backend, "threads": threads})
    sample = draw_classes(data, rows, held_out, seed=seed)
    title = f"test accuracy on {sample.name}, step size {said(step_size)}"
    m, at = np.array(widths), geometric(steps, records)
    right = np.empty((len(m), repeats, len(at)))
    needed = np.empty((races, 2))

    def drawn(number: int) -> tuple[ClassSample, Descent]:
        other = seed + 100 * number
        if number == 0:
            return sample, how
        return draw_classes(data, rows, held_out, seed=other), replace(how, seed=other)

    try:
        for w, i in watch.over(list(np.ndindex(len(m), repeats)), 0.6):
            right[w, i] = test_accuracy(*drawn(i), int(m[w]), at, watch)
        for i in watch.over(range(races), 0.8):
            needed[i] = [steps_needed(*drawn(i), int(w), judged, watch) for w in watch.over(race)]
        proven = theorem_sample(sample, rows, held_out, seed)
        last = test_accuracy(proven, how, int(m.min()), [steps], watch)[0] if proven else np.nan
    except DivergenceError as error:
        return diverged("learns_clusters", title, sample, how, error)
    return Report(
        name="learns_clusters",
        title=title,
        checks=(
            learns(m, right[:, :, -1], sample, how),
            theorem(int(m.min()), float(last), proven or sample),
            growth(race, needed, sample, how),
        ),
        series={
            "widths": m, "steps": np.array(at), "accuracy": right, "race": np.array(race),
            "needed": needed,
        },
        data=sample.facts(),
        settings={
            "widths": list(widths), **how.facts(), "repeats": repeats, "race": list(race),
            "races": races,
        },
        notes=sample.notes,
        panels=_panels(m, np.array(at), right, np.array(race), needed),
    )  # fmt: skip


def test_accuracy(
    sample: ClassSample, how: Descent, m: int, at: Sequence[int], watch: Watch
) -> Vector:
    """Return the test accuracy after each of the steps ``at``."""
    run = descend(sample, m, how, watch, {"outputs": at}).run
    return accuracy(run.records["outputs"].values, sample.classes_test)


def theorem_sample(sample: ClassSample, rows: int, held_out: int, seed: int) -> ClassSample | None:
    """Return rows that (A1) admits: the data, or tighter clusters instead of the paper's."""
    if sample.separability.separated and sample.rank is not None:
        return sample
    if not sample.as_in_paper:
        return None
    tight = gaussian_clusters(rows + held_out, d=sample.X.shape[1], sigma=TIGHT, seed=seed)
    return draw_classes(tight, rows, held_out, seed=seed)


def learns(m: Vector, right: Matrix, sample: ClassSample, how: Descent) -> Check:
    """Check the test accuracy after all steps, at the width and repeat where it is least."""
    met, condition = conditions(sample, how)
    at = int(right.min(axis=1).argmin())
    return Check(
        claim=f"test accuracy at T >= bound, every m (least: m = {m[at]})",
        source=EXPERIMENT,
        condition=condition,
        predicted=None,
        measured=float(right.min()),
        bound=LEARNT,
        holds=bool((right >= LEARNT).all()) if met else None,
    )


def theorem(m: int, right: float, sample: ClassSample) -> Check:
    """Check the test accuracy on rows that meet the assumptions."""
    known = sample.separability
    met = known.separated and known.normalised and sample.rank is not None
    return Check(
        claim=f"test accuracy at T >= bound on clusters that (A1) admits, m = {m}",
        source="Li-Liang Thm 4.1 (1808.01204)",
        condition=known.sentence() + "; m and T beyond unspecified polynomials",
        predicted=None,
        measured=right if met else None,
        bound=LEARNT,
        holds=right >= LEARNT if met else None,
    )


def growth(race: Sequence[int], needed: Matrix, sample: ClassSample, how: Descent) -> Check:
    """Check that the narrow and the wide network need the same number of steps."""
    low, high = GROWTH
    narrow, wide = np.exp(np.log(np.maximum(needed, 1)).mean(axis=0))
    clustered = sample.rank is not None
    reached = (needed < MOST).any(axis=0).all()
    return Check(
        claim=f"steps to {TARGET:.0%}, m = {race[0]} / m = {race[1]}, in [{low}, {high}]",
        source=EXPERIMENT,
        condition=(
            f"clusters: {'met' if clustered else 'not met'}; eta = c/m asked, {said(how.step_size)}"
            f" taken; {sample.separability.sentence()}; means of {len(needed)} runs: "
            f"{narrow:.1f} and {wide:.1f} steps, {MOST} where not reached"
            + ("" if reached else ", and by one width never")
        ),
        predicted=1.0,
        measured=float(narrow / wide),
        bound=high,
        holds=bool(reached and low <= narrow / wide <= high) if clustered else None,
    )


def _panels(
    m: Vector, at: Vector, right: Matrix, race: Vector, needed: Matrix
) -> tuple[Panel, ...]:
    means = np.exp(np.log(np.maximum(needed, 1)).mean(axis=0))
    return (
        Panel(
            "Test accuracy", "step", "test accuracy",
            tuple(
                curve(
                    at, right[w].mean(0), f"m = {m[w]}", colour=w,
                    spread=right[w].std(0) if right.shape[1] > 1 else None,
                )
                for w in range(len(m))
            ),
            "symlog", y_limits=(0, 1.02),
        ),
        Panel(
            f"Steps to {TARGET:.0%}", "width $m$", "steps",
            (
                curve(np.tile(race, len(needed)), needed.ravel(), "runs", "points"),
                curve(race, means, "geometric mean", colour=1),
            ),
            "log", "log", x_limits=decades(race), y_limits=(1, MOST * 1.1),
        ),
    )  # fmt: skip
