"""Networks wider than the one that made the data are easier to train."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count
from pyntk.theory.cs839.admit import counts, number
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SOURCE: Final = "Livni, Shalev-Shwartz, Shamir, experiments (1410.1141)"
HARDER: Final = 1.3
"""Least ratio of the final errors of students 1 and 4 times as wide: declared beforehand."""
ALIKE: Final = 1.4
"""Largest ratio among the final errors of students 2, 4 and 8 times as wide: declared so too."""
WIDER: Final = (2, 4, 8)
RECORDS: Final = 20


@routine(multiples=(1, 2, 4, 8, 16), draws=96)
def wider_is_easier(
    *,
    d: int = 30,
    teacher: int = 10,
    multiples: Sequence[int] = (1, 2, 4, 8),
    rows: int = 5000,
    step_size: float = 0.02,
    divided: bool = False,
    batch: int = 32,
    steps: int = 20_000,
    draws: int = 24,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""A student wider than its teacher trains better by SGD; one as wide as the teacher stalls.

    Data are Gaussian x and a random two-layer network's outputs, scaled to mean 0 and variance 1.
    Students with 1, 2, 4 and 8 times as many neurons can all represent them; both of their layers
    are trained by SGD on half the mean squared error of a batch, all with the same step size, from
    w_r ~ N(0, (2/d) I) and a_r ~ N(0, 1/m). The student that is just wide enough ends with the
    largest error; beyond twice the width little changes. No theorem is behind the numbers: it is an
    experiment, and the bounds are declared from other draws. They are for problems of the default
    size: the preset paper has more draws and a wider student, not the paper's dimension.

    Args:
        d: inputs.
        teacher: neurons of the teacher.
        multiples: increasing; how many times as wide the students are.
        rows: training samples; as many new ones measure the error.
        step_size: of SGD, the same for all students.
        divided: divide the step size by the multiple; the claim is about equal ones.
        batch: samples in a step.
        steps: of SGD.
        draws: of teacher, data, starts and batches; all students of a draw see the same data.
        seed: of the draws.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the mean final errors. Series: ``multiples`` (w,), ``steps`` (k,), ``error`` (w,
        draws, k), mean squared error on new samples over their variance; NaN from where a run
        diverged.

    Raises:
        TypeError, ValueError: an option out of its range.

    References:
        R. Livni, S. Shalev-Shwartz, O. Shamir, "On the computational efficiency of training neural
        networks", NIPS 2014, arXiv 1410.1141.
    """
    d, teacher, rows = (
        admit_count("d", d),
        admit_count("teacher", teacher),
        admit_count("rows", rows, 2),
    )
    batch, steps, draws = (
        admit_count("batch", batch),
        admit_count("steps", steps),
        admit_count("draws", draws),
    )
    factors, eta = counts("multiples", multiples), number("step_size", step_size)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    recorded = np.unique(np.linspace(0, steps, RECORDS + 1).round().astype(np.int64))
    error = np.full((len(factors), draws, len(recorded)), np.nan)
    for draw in watch.over(range(draws)):
        X, y, X_test, y_test = task(d, teacher, rows, np.random.default_rng([seed, draw]))
        for w in watch.over(range(len(factors))):
            factor = factors[w]
            student = standard(
                factor * teacher, d, np.random.default_rng([seed, draw, factor]), how
            )
            size = eta / batch / (factor if divided else 1)
            try:
                run = watch.train(
                    student, (X, y), step_size=size, steps=steps, batch=batch, trained="all",
                    record={"outputs": recorded}, evaluate=X_test, seed=draw,
                )  # fmt: skip
            except DivergenceError as diverged:
                run = diverged.run
            outputs = run.records["outputs"].values
            error[w, draw, : len(outputs)] = ((outputs - y_test) ** 2).mean(axis=1)
    final = error[..., -1].mean(axis=1)
    return Report(
        name="wider_is_easier",
        title=f"students of a teacher with {teacher} neurons, {draws} draws, d = {d}",
        checks=(one_against_four(factors, final, draws), wider_alike(factors, final, draws)),
        series={"multiples": np.array(factors), "steps": recorded, "error": error},
        data={"d": d, "rows": rows, "teacher": teacher},
        settings={
            "step_size": eta, "divided": divided, "batch": batch, "steps": steps,
            "draws": draws, "seed": seed,
        },
        notes=(
            "the step size is the same for all students"
            if not divided
            else "the step size is divided by the multiple, which is not what the claim is about",
        ),
        panels=_panels(factors, recorded, error),
    )  # fmt: skip


def task(
    d: int, teacher: int, rows: int, generator: np.random.Generator
) -> tuple[Matrix, Vector, Matrix, Vector]:
    """Draw a teacher and Gaussian samples (rows, d) with its scaled outputs, twice as many."""
    W = generator.standard_normal((teacher, d))
    network = TwoLayer(W, generator.standard_normal(teacher))
    X = generator.standard_normal((2 * rows, d))
    outputs = network.forward(X)
    y = (outputs - outputs[:rows].mean()) / outputs[:rows].std()
    return X[:rows], y[:rows], X[rows:], y[rows:]


def standard(m: int, d: int, generator: np.random.Generator, how: dict[str, Any]) -> TwoLayer:
    """Draw a network with w_r ~ N(0, (2/d) I), a_r ~ N(0, 1/m) and no other factor."""
    W = (2 / d) ** 0.5 * generator.standard_normal((m, d))
    a = m**-0.5 * generator.standard_normal(m)
    return TwoLayer(W.astype(np.float32), a.astype(np.float32), scale=1.0, **how)


def one_against_four(factors: Sequence[int], final: Vector, draws: int) -> Check:
    """Check that the student as wide as the teacher ends with the larger error."""
    speaks = {1, 4} <= set(factors)
    measured = float(final[factors.index(1)] / final[factors.index(4)]) if speaks else None
    return Check(
        claim="final error: width of the teacher / 4 times as wide > bound",
        source=SOURCE,
        condition=(
            f"equal step sizes, standard start, both layers: see the settings; means of {draws} "
            "draws, 24 of them declared"
            if speaks
            else "multiples 1 and 4 are not both among those of this run"
        ),
        predicted=None,
        measured=measured,
        bound=HARDER,
        holds=None if measured is None else measured > HARDER,
    )


def wider_alike(factors: Sequence[int], final: Vector, draws: int) -> Check:
    """Check that beyond twice the width the final errors are about the same."""
    ends = final[[k for k, factor in enumerate(factors) if factor in WIDER]]
    speaks = len(ends) == len(WIDER)
    measured = float(ends.max() / ends.min()) if speaks else None
    return Check(
        claim="final error of 2, 4 and 8 times as wide: largest / smallest <= bound",
        source=SOURCE,
        condition=(
            f"as above; means of {draws} draws"
            if speaks
            else "multiples 2, 4 and 8 are not all among those of this run"
        ),
        predicted=1.0,
        measured=measured,
        bound=ALIKE,
        holds=None if measured is None else measured <= ALIKE,
    )


def _panels(factors: Sequence[int], steps: Any, error: Vector) -> tuple[Panel, ...]:
    """Return the mean errors along the run, and the final ones of every draw."""
    draws = error.shape[1]
    deviation = error.std(axis=1) / draws**0.5
    widths = np.repeat(factors, draws)
    final = error[..., -1]
    return (
        Panel(
            "Error on new samples, mean and its deviation", "steps of SGD",
            "mean squared error / variance",
            tuple(
                curve(steps, mean, f"{factor} x teacher", colour=k, spread=deviation[k])
                for k, (factor, mean) in enumerate(zip(factors, error.mean(axis=1), strict=True))
            ),
            "linear", "log",
        ),
        Panel(
            "After the last step", "times as wide as the teacher", "mean squared error / variance",
            (
                curve(widths, final.ravel(), "draws", "points"),
                curve(factors, final.mean(axis=1), "mean", colour=1),
            ),
            "linear", "log",
        ),
    )  # fmt: skip
