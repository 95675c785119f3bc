"""The L-shape: a student that is aligned with no teacher has no fan-out."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.options import admit_counts, admit_seed, admit_several
from pyntk.theory.tian.students import RECOVERED, Outcome, Protocol, finite, teach
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

UNALIGNED: float = 0.9
"""A student whose best correlation is below is aligned with no teacher."""
SMALL: float = 0.33
"""Largest mean ratio of fan-outs, unaligned to aligned; 74 runs of an independent implementation
gave .21, and .39 at most in one run."""
ENOUGH: float = 5.0
"""Students for each teacher from which on the gradient gets small and the claim is made."""


@routine(multiples=(1, 2, 5, 10), decays=(0.0, 1.0, 2.0), seeds=3, epochs=100, epoch_steps=1000)
def fan_out_alignment(
    *,
    teachers: int = 10,
    decays: Sequence[float] = (1.0,),
    multiples: Sequence[float] = (1, 5),
    seeds: int = 8,
    rows: int = 10_000,
    epochs: int = 20,
    epoch_steps: int = 500,
    start: float = 0.005,
    step_size: float = 0.01,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Students aligned with no teacher have no fan-out: the L-shape.

    At a critical point of SGD a student that is aligned with no teacher, and is sufficiently
    observed, has beta_jj = \|v_j\|^2 = 0. So in the plane of (best correlation with a teacher,
    norm of the fan-out) the students lie on an L: little fan-out up to a correlation near 1, and
    any fan-out there.

    Args:
        teachers: m, with fan-out about k^-p.
        decays: p.
        multiples: students for each teacher; the claim is made from 5 on.
        seeds: runs for each.
        rows: N, training inputs x ~ N(0, 1.5^2 I) in 100 dimensions; 50 outputs.
        epochs: how often ``epoch_steps`` steps are taken.
        epoch_steps: steps of SGD in an epoch, batches of 16.
        start: standard deviation of the students' weights at the start.
        step_size: for the mean over the batch.
        seed: of all runs.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :func:`pyntk.train`.
        watch: how far the routine is.

    Returns:
        For each p and multiple a check of the ratio of the largest fan-out of an unaligned student
        (correlation below .9) to that of an aligned one (above .95), mean over the runs, and one
        that every run has an aligned student. Series: ``ratio`` (decays, multiples, seeds);
        ``correlation_P_M`` and ``fan_out_P_M`` (seeds, students) for place P of the decays and
        place M of the multiples.

    References:
        Y. Tian, arXiv 1909.13458, the theorem on unspecialised students, and its figure.
    """
    admit_seed(seed)
    admit_counts(seeds=seeds)
    admit_several(decays=decays, multiples=multiples)
    every: dict[tuple[int, int], list[Outcome]] = {}
    for p, n, k in watch.over(list(np.ndindex(len(decays), len(multiples), seeds))):
        protocol = Protocol(
            teachers, multiples[n], decays[p], rows, epochs, epoch_steps,
            start=start, step_size=step_size,
        )  # fmt: skip
        run = teach(protocol, (seed, k), watch, at=[epochs], backend=backend, threads=threads)
        every.setdefault((p, n), []).append(run)
    checks = finite([run for runs in every.values() for run in runs])
    series, panels = {}, []
    ratios = np.empty((len(decays), len(multiples), seeds))
    for (p, n), runs in every.items():
        best = np.array([run.correlation.max(axis=0) for run in runs])
        fan_out = np.array([run.fan_out for run in runs])
        series[f"correlation_{p}_{n}"], series[f"fan_out_{p}_{n}"] = best, fan_out
        ratios[p, n] = [ratio(c, v) for c, v in zip(best, fan_out, strict=True)]
        name = f"p = {decays[p]:g}, {multiples[n]:g} x"
        loss = float(np.mean([run.loss[-1] for run in runs]))
        checks += of_one_size(name, multiples[n], ratios[p, n], loss)
        panels.append(_panel(name, best.ravel(), fan_out.ravel()))
    return Report(
        name="fan_out_alignment",
        title=f"{teachers} teachers, {epochs * epoch_steps} steps, students of {seeds} runs",
        checks=checks,
        series={"ratio": ratios, **series},
        data={"name": "N(0, 1.5^2 I)", "n": rows, "d": Protocol.d},
        settings={
            "decays": list(decays), "multiples": list(multiples), "seeds": seeds,
            "epochs": epochs, "steps": epoch_steps, "start": start, "step_size": step_size,
            "seed": seed,
        },
        panels=tuple(panels),
        columns=len(multiples),
    )  # fmt: skip


def ratio(correlation: Vector, fan_out: Vector) -> float:
    """Return the largest fan-out of the unaligned over that of the aligned students of a run.

    Args:
        correlation: (n,) best of each student.
        fan_out: (n,) norms.

    Returns:
        0 where nobody is unaligned, infinity where nobody is aligned, NaN for a NaN.
    """
    if np.isnan(correlation).any() or np.isnan(fan_out).any():
        return float("nan")
    aligned, not_aligned = fan_out[correlation > RECOVERED], fan_out[correlation < UNALIGNED]
    if not aligned.size:
        return float("inf")
    return float(not_aligned.max(initial=0.0) / aligned.max())


def of_one_size(name: str, multiple: float, ratios: Vector, loss: float) -> tuple[Check, ...]:
    """Check the ratio, and that every run has an aligned student."""
    speaks = multiple >= ENOUGH
    stands = f"the theorem asks for a gradient of 0 at every input; here the loss is {loss:.2g}"
    few = f", and with fewer than {ENOUGH:g} students for a teacher no bound was declared"
    aligned = float(np.isfinite(ratios).mean())
    return (
        Check(
            claim=f"{name}: fan-out, largest unaligned / largest aligned, mean over runs < bound",
            source="Tian, unspecialised students (1909.13458)",
            condition=stands + ("; bound declared beforehand" if speaks else few),
            predicted=0.0,
            measured=float(ratios.mean()),
            bound=SMALL,
            holds=bool(ratios.mean() < SMALL) if speaks else None,
        ),
        Check(
            claim=f"{name}: share of runs with an aligned student >= bound",
            source="Tian, alignment in the lowest layer (1909.13458)",
            condition=stands,
            predicted=1.0,
            measured=aligned,
            bound=1.0,
            holds=aligned == 1,
        ),
    )


def _panel(name: str, correlation: Vector, fan_out: Vector) -> Panel:
    known = ~np.isnan(correlation)
    top = max(float(np.nanmax(fan_out, initial=0.0)), 1e-3) * 1.05
    return Panel(
        f"Students, {name}", "best correlation with a teacher", "norm of the fan-out",
        (
            curve(correlation[known], fan_out[known], "a student", "points"),
            curve([RECOVERED, RECOVERED], [0, top], "recovered", "bound"),
        ),
        x_limits=(None, 1.02),
    )  # fmt: skip
