"""What a network learns from clusters has the rank of their number."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer, eigvalsh
from pyntk.theory.check import Check
from pyntk.theory.liang.classes import ClassSample, draw_classes
from pyntk.theory.liang.descent import (
    IN_PAPER,
    Descent,
    Trained,
    accuracy,
    admit_counts,
    descend,
    diverged,
)
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEAST: Final = 0.15
"""The singular value k l of the update is above this share of the largest; .35 - .38 was seen."""
GAP: Final = 0.1
"""The next one is below this share of it; .02 was seen."""
NO_GAP: Final = 0.5
"""With random labels the next one is above this share of it; .95 was seen."""
HARDER: Final = 0.3
"""Random labels cost at least so much training accuracy after the same steps."""
KEPT: Final = 60
"""Singular values that are kept and shown."""
LOW_RANK: Final = "Li-Liang section 6, W(T)-W(0) (1808.01204)"


@routine(widths=(500, 1000, 2000, 4000, 8000, 16_000))
def low_rank_update(
    data: Any = "clusters",
    *,
    rows: int = 1000,
    held_out: int = 1000,
    widths: Sequence[int] = (500, 2000, 8000),
    steps: int = 400,
    batch: int = 16,
    step_size: Any = IN_PAPER,
    network: Callable[..., TwoLayer] = TwoLayer.clustered,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The update W(T) - W(0) has about as many large singular values as there are clusters, k l.

    The pseudo-gradient of a neuron is a combination of rows, and the rows of a component are all
    near its centre; so the update W(T) - W(0), not W(T) itself, is near a matrix of rank k l. With
    the labels permuted over the same rows the gap at k l is gone, and the training accuracy after
    as many steps is lower: a network that can fit any labels learns structure first.

    Args:
        data: "clusters" (the paper's: k = 10, l = 2, d = 1000), "digits", "mnist:DIR",
            "cifar10:DIR", (X, classes), or ``gaussian_clusters(...)`` of
            :mod:`pyntk.theory.liang`.
        rows: training rows.
        held_out: further rows.
        widths: the widths m; the middle one is trained on permuted labels too.
        steps: T.
        batch: B, rows in a step.
        step_size: a schedule of :mod:`pyntk.schedule`, a number, or a function of m.
        network: makes the network at its start, as ``TwoLayer.clustered`` does.
        seed: of data, networks and batches.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the gap at k l, of its absence with permuted labels, and of the training accuracy.
        Series: ``widths`` (w,), ``singular_values`` (w, s) of the update, the largest s,
        ``top_share`` (w,) of its squared norm in the k l largest (NaN without clusters),
        ``permuted`` (s,) with permuted labels, ``training_accuracy`` (2,) with the labels and with
        permuted ones.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, section 6.
    """
    admit_counts(widths=widths, steps=steps)
    how = Descent(steps, batch, step_size, network, seed, {"backend": backend, "threads": threads})
    sample = draw_classes(data, rows, held_out, seed=seed)
    title = f"singular values of W(T) - W(0) on {sample.name}"
    m = np.array(widths)
    middle = sorted(widths)[len(m) // 2]
    shuffled = sample.permuted(seed + 2)
    values: list[Vector] = []
    right = np.empty(2)
    try:
        for w in watch.over(range(len(m) + 1)):
            labelled, width = (sample, int(m[w])) if w < len(m) else (shuffled, int(middle))
            trained = descend(labelled, width, how, watch, {})
            values.append(singular_values(trained.update))
            if width == middle:
                right[w // len(m)] = fitted(trained, labelled)
    except DivergenceError as error:
        return diverged("low_rank_update", title, sample, how, error)
    shown = min(KEPT, *(len(one) for one in values))
    top = [share_in_front(one, sample.rank) for one in values[:-1]]
    return Report(
        name="low_rank_update",
        title=title,
        checks=(
            *(check for w in range(len(m)) for check in gap(int(m[w]), values[w], sample)),
            no_gap(int(middle), values[-1], sample),
            harder(int(middle), right, sample),
        ),
        series={
            "widths": m, "singular_values": np.stack([one[:shown] for one in values[:-1]]),
            "top_share": np.array(top), "permuted": values[-1][:shown], "training_accuracy": right,
        },
        data=sample.facts(),
        settings={"widths": list(widths), **how.facts()},
        notes=sample.notes,
        panels=_panels(m, middle, values, sample.rank, shown),
    )  # fmt: skip


def singular_values(update: Matrix) -> Vector:
    """Return the singular values, descending; those below 1e-8 of the largest are rounding."""
    small = update if update.shape[0] < update.shape[1] else update.T
    values: Vector = np.sqrt(np.maximum(eigvalsh(small @ small.T)[::-1], 0))
    return values


def share_in_front(values: Vector, rank: int | None) -> float:
    """Return the share of the squared norm in the largest ``rank`` singular values."""
    return float("nan") if rank is None else float((values[:rank] ** 2).sum() / (values**2).sum())


def fitted(trained: Trained, sample: ClassSample) -> float:
    """Return the accuracy on the training rows."""
    outputs = trained.net.forward(sample.X.astype(np.float32))
    return float(accuracy(outputs, sample.classes))


def gap(m: int, values: Vector, sample: ClassSample) -> list[Check]:
    """Check that the singular values are large up to k l, and small beyond."""
    rank = sample.rank
    if rank is None or rank >= len(values):
        return [_silent(f"a gap in the singular values of W(T)-W(0) at k l, m = {m}", sample)]
    last, following = float(values[rank - 1] / values[0]), float(values[rank] / values[rank - 1])
    condition = f"k l = {rank} clusters; the constants are declared, the paper shows a figure"
    return [
        Check(
            claim=f"sv_{rank} / sv_1 of W(T)-W(0) > bound, m = {m}",
            source=LOW_RANK,
            condition=condition,
            predicted=None,
            measured=last,
            bound=LEAST,
            holds=last > LEAST,
        ),
        Check(
            claim=f"sv_{rank + 1} / sv_{rank} of W(T)-W(0) < bound, m = {m}",
            source=LOW_RANK,
            condition=condition,
            predicted=None,
            measured=following,
            bound=GAP,
            holds=following < GAP,
        ),
    ]


def no_gap(m: int, values: Vector, sample: ClassSample) -> Check:
    """Check that there is no gap at k l with permuted labels."""
    rank = sample.rank
    if rank is None or rank >= len(values):
        return _silent(f"no gap at k l with permuted labels, m = {m}", sample)
    following = float(values[rank] / values[rank - 1])
    return Check(
        claim=f"permuted labels: sv_{rank + 1} / sv_{rank} > bound, m = {m}",
        source=LOW_RANK,
        condition="the same rows, labels that the clusters do not explain: met",
        predicted=None,
        measured=following,
        bound=NO_GAP,
        holds=following > NO_GAP,
    )


def harder(m: int, right: Vector, sample: ClassSample) -> Check:
    """Check that permuted labels are learnt more slowly."""
    lost = float(right[0] - right[1])
    return Check(
        claim=f"permuted labels: training accuracy lower by at least the bound, m = {m}",
        source="Li-Liang section 1, random labels (1808.01204)",
        condition=f"the same steps: {right[0]:.3f} with the labels, {right[1]:.3f} permuted",
        predicted=None,
        measured=lost,
        bound=HARDER,
        holds=lost >= HARDER if sample.rank is not None else None,
    )


def _silent(claim: str, sample: ClassSample) -> Check:
    """Return a check that does not apply: no clusters, or more of them than singular values."""
    return Check(
        claim=claim,
        source=LOW_RANK,
        condition=(
            f"fewer clusters than inputs and neurons: not met. {sample.separability.sentence()}"
        ),
        predicted=None,
        measured=None,
        bound=None,
        holds=None,
    )


def _panels(
    m: Vector, middle: int, values: Sequence[Vector], rank: int | None, shown: int
) -> tuple[Panel, ...]:
    index = np.arange(1, shown + 1)
    top = max(float(one[0]) for one in values)
    edge = () if rank is None else (curve([rank, rank], [0, top], f"k l = {rank}", "bound"),)
    x, y = "index", "singular value"
    true = tuple(curve(index, values[w][:shown], f"m = {m[w]}", colour=w) for w in range(len(m)))
    at = m.tolist().index(middle)
    return (
        Panel("W(T) - W(0)", x, y, (*edge, *true)),
        Panel(
            f"Permuted labels, m = {middle}", x, y,
            (
                *edge,
                curve(index, values[at][:shown], "labels", colour=at),
                curve(index, values[-1][:shown], "permuted labels", colour=3),
            ),
        ),
    )  # fmt: skip
