"""More students for each teacher: more teachers are recovered, and sooner."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.tian.options import admit_counts, admit_seed, admit_several
from pyntk.theory.tian.over_realisation_checks import Sweep, checks_of
from pyntk.theory.tian.students import RECOVERED, Outcome, Protocol, finite, teach
from pyntk.theory.watch import Watch

LOOKS: int = 21
"""About how often a long run is looked at."""


@routine(teachers=20, decays=(1.0, 2.0), seeds=4, epochs=100, epoch_steps=1000)
def over_realisation(
    *,
    teachers: int = 10,
    decays: Sequence[float] = (1.0,),
    multiples: Sequence[float] = (1, 2, 5, 10),
    seeds: int = 8,
    rows: int = 10_000,
    epochs: int = 20,
    epoch_steps: int = 500,
    early: int = 5,
    start: float = 0.005,
    step_size: float = 0.01,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""With more students than teachers, more teachers are recovered, and sooner.

    Students of m, 2 m, 5 m and 10 m neurons learn the same teachers of m neurons with fan-out
    about k^-p. A teacher is recovered when some student's activation has a correlation above .95
    with it. The weak teachers are what the exactly sized student misses: its neurons are taken.
    The preset ``paper`` has the paper's m = 20, p = 1 and 2, and 100,000 steps, and is compared
    with the losses that its figures show.

    Args:
        teachers: m.
        decays: p.
        multiples: students for each teacher.
        seeds: runs for each p and multiple; all multiples share teachers and data.
        rows: N, training inputs x ~ N(0, 1.5^2 I) in 100 dimensions; 50 outputs.
        epochs: how often ``epoch_steps`` steps are taken.
        epoch_steps: steps of SGD in an epoch, batches of 16.
        early: the epoch that "sooner" is about.
        start: standard deviation of the students' weights at the start.
        step_size: for the mean over the batch.
        seed: of all runs.
        backend: "cpu" or "numba"; None chooses.
        threads: as for :func:`pyntk.train`.
        watch: how far the routine is.

    Returns:
        Checks of the teachers recovered early and at the end, and, at the paper's sizes, of the
        losses. Series: ``epochs`` (r,); ``recovered`` (decays, multiples, seeds, r) how many of
        the teachers; ``loss`` (decays, multiples, seeds, r) mean squared error on new inputs;
        ``rate_early``, ``rate_late`` (decays, multiples, m) share of the runs that recovered
        teacher k.

    References:
        Y. Tian, arXiv 1909.13458, the experiments on over-realisation.
    """
    admit_seed(seed)
    admit_counts(seeds=seeds, early=early, epochs=epochs)
    admit_several(decays=decays, multiples=multiples)
    if early > epochs:
        raise ValueError(f"early must be an epoch, at most {epochs}, not {early}")
    at = looks(epochs, early)
    shape = (len(decays), len(multiples), seeds)
    every: dict[tuple[int, ...], Outcome] = {}
    for p, n, k in watch.over(list(np.ndindex(*shape))):
        protocol = Protocol(
            teachers, multiples[n], decays[p], rows, epochs, epoch_steps,
            start=start, step_size=step_size,
        )  # fmt: skip
        every[p, n, k] = teach(
            protocol, (seed, k), watch, at=at.tolist(), backend=backend, threads=threads
        )

    def gathered(name: str) -> NDArray[Any]:
        values = np.array([getattr(every[i], name) for i in np.ndindex(*shape)])
        return values.reshape(shape + values.shape[1:])

    hit = gathered("best") > RECOVERED
    sweep = Sweep(
        teachers, tuple(decays), tuple(multiples), rows, epochs, epoch_steps, early, at,
        hit.sum(axis=-1), gathered("loss"),
    )  # fmt: skip
    rates = {"early": hit[:, :, :, at == early], "late": hit[:, :, :, -1:]}
    rate = {name: values[:, :, :, 0].mean(axis=2) for name, values in rates.items()}
    return Report(
        name="over_realisation",
        title=f"{teachers} teachers, up to {max(multiples):g} times as many students, {seeds} runs",
        checks=finite(list(every.values())) + checks_of(sweep),
        series={
            "epochs": at, "recovered": sweep.recovered, "loss": sweep.loss,
            "rate_early": rate["early"], "rate_late": rate["late"],
        },
        data={"name": "N(0, 1.5^2 I)", "n": rows, "d": Protocol.d},
        settings={
            "decays": list(decays), "multiples": list(multiples), "seeds": seeds,
            "epochs": epochs, "steps": epoch_steps, "start": start, "step_size": step_size,
            "seed": seed,
        },
        panels=tuple(
            panel
            for p in range(len(decays))
            for panel in _panels(sweep, p, rate["early"][p], rate["late"][p])
        ),
    )  # fmt: skip


def looks(epochs: int, early: int) -> NDArray[np.int64]:
    """Return after which epochs a student is looked at: 0, early, the last, and some between."""
    between = np.linspace(0, epochs, min(epochs + 1, LOOKS)).round().astype(np.int64)
    return np.union1d(between, [1, early])


def _panels(
    sweep: Sweep, p: int, early: NDArray[np.float64], late: NDArray[np.float64]
) -> tuple[Panel, ...]:
    k = np.arange(1, sweep.teachers + 1)
    named = list(enumerate(f"{multiple:g} x" for multiple in sweep.multiples))
    decay = f"$p = {sweep.decays[p]:g}$"
    recovered, loss = sweep.recovered[p].mean(axis=1), sweep.log_loss[p].mean(axis=1)
    return (
        Panel(
            f"Recovered, {decay}", "epoch", f"teachers of {sweep.teachers}, mean over runs",
            tuple(curve(sweep.at, recovered[i], text, colour=i) for i, text in named),
        ),
        Panel(
            f"Loss on new inputs, {decay}", "epoch", r"mean over runs of $\log_{10}$ loss",
            tuple(curve(sweep.at, loss[i], text, colour=i) for i, text in named),
        ),
        *(
            Panel(
                f"After {epochs} epochs, {decay}", "teacher $k$", "share of runs that recover it",
                tuple(curve(k, rate[i], text, colour=i) for i, text in named),
                y_limits=(-0.03, 1.03),
            )
            for epochs, rate in ((sweep.early, early), (sweep.epochs, late))
        ),
    )  # fmt: skip
