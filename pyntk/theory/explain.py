"""The training-speed and generalisation theorems of Arora et al., on given data."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from pyntk.data import redraw_labels
from pyntk.progress import Progress
from pyntk.theory.evidence import Settings, checks, label_noise, pose, series, train_on
from pyntk.theory.explanation import Explanation
from pyntk.theory.watch import Watch

MOST_ROWS: Final = 500
"""Training rows unless asked otherwise."""


def explain(
    X: Any,
    y: Any,
    *,
    rows: int | None = None,
    width: int | None = None,
    steps: int | None = None,
    seed: int = 0,
    epsilon: float = 0.1,
    delta: float = 0.01,
    draws: int | None = None,
    quick: bool = False,
    name: str = "data",
    notes: tuple[str, ...] = (),
    backend: str | None = None,
    threads: int | None = None,
    progress: bool = False,
) -> Explanation:
    """Lay what the theorems predict about two labelled classes beside what is measured.

    The rows are normalised, made distinct, and split into training and held-out rows. Then: the
    spectrum of H and the labels in its eigenvectors; a network trained on true and on random labels
    beside its predicted residual and distance; complexity and test error against label noise.

    Args:
        X: (n, d) finite real numbers, one row per sample, of any norm.
        y: (n,) labels, +1 and -1.
        rows: training rows; by default 70 % of the distinct ones, 500 at most. The others are held
            out, at most as many as are trained on, and 1000. Of more than 2 rows + 1000 rows so
            many are drawn at random first.
        width: m, even; by default as :func:`default_width` says.
        steps: steps of gradient descent, each of eta = 1/lambda_max; 200 by default, 60 if quick.
        seed: of the split, the start, and the noise.
        epsilon: Theorem 4.1's epsilon: how far, relative to the labels' norm (residual) or the
            prediction (distance), the network may be from what is predicted.
        delta: probability with which a bound that holds with high probability may fail.
        draws: draws of label noise for each portion; by default 10, or more where it takes more
            to see 1000 held-out labels at every portion.
        quick: fewer steps and half the width, where those are not given.
        name: of the data, for titles.
        notes: sentences about the data, passed on.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        progress: whether to show progress on standard error.

    Returns:
        The report: ``checks``, ``holds``, ``series``; ``summary()``, ``to_dict()``, ``plot()``.

    Raises:
        TypeError: X or y holds no real numbers.
        ValueError: wrong shapes, NaN or infinity, labels other than +1 and -1, too few distinct
            rows, or a parameter out of range.

    References:
        arXiv 1901.08584; arXiv 1810.02054.
    """
    _admit_integers(rows=rows, width=width, steps=steps, draws=draws, seed=seed)
    _admit_shares(epsilon=epsilon, delta=delta)
    how = {"backend": backend, "threads": threads}
    total = steps or (60 if quick else 200)
    with Progress(2 * total, progress) as bar, Watch(_counting(bar, 2 * total)) as watch:
        bar.phase("kernel")
        size = rows or MOST_ROWS
        problem = pose(
            X, y, lambda count: rows or min(size, count * 7 // 10), 2 * size + 1000, seed, how
        )
        n, d = problem.X.shape
        settings = Settings(
            width=width or default_width(n, d, quick=quick),
            steps=total,
            eta=1 / float(problem.eigenvalues[-1]),
            seed=seed,
            epsilon=epsilon,
            delta=delta,
            draws=draws or max(10, -(-1000 // len(problem.y_test))),
            backend=backend or "default",
        )
        noise = np.random.default_rng([seed, 1])
        outcomes = []
        labellings = {"true": problem.y, "random": redraw_labels(problem.y, 1.0, noise)}
        for kind in watch.over(list(labellings)):
            bar.phase(f"training on {kind} labels")
            outcomes.append(train_on(problem, kind, labellings[kind], settings, how, watch))
        bar.phase("label noise")
        curve = label_noise(problem, settings, noise)
    return Explanation(
        name="explain",
        title=name,
        checks=checks(problem, settings, outcomes, curve),
        series=series(problem, outcomes, curve),
        data={"name": name, **problem.facts(outcomes)},
        settings=settings.to_dict(),
        notes=(*notes, *problem.notes()),
    )


def _counting(bar: Progress, steps: int) -> Callable[[float, float], None]:
    """Return what moves a bar of so many steps to a share of the whole."""
    seen = 0

    def move(done: float, whole: float) -> None:
        nonlocal seen
        while seen < round(steps * done / whole):
            bar.advance()
            seen += 1

    return move


def default_width(n: int, d: int, *, quick: bool = False) -> int:
    """Return the neurons to train: a power of two, from 4096 to 32,768.

    It is the largest for which a step of training costs 2^32 floating-point operations at most
    (6 n d m; half of that if quick), so that data much larger than the digits do not take hours.
    """
    budget = 2**31 if quick else 2**32
    m = 4096
    while 2 * m <= 32768 and 6 * n * d * 2 * m <= budget:
        m *= 2
    return m


def _admit_integers(**values: int | None) -> None:
    """Raise unless every value is None or a positive integer (width: even; seed: 0 or more)."""
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{name} must be an integer, not {type(value).__name__}")
        least = 0 if name == "seed" else 1
        if value < least:
            raise ValueError(f"{name} must be at least {least}, not {value}")
        if name == "width" and value % 2:
            raise ValueError(
                f"width must be even (neurons come in pairs at the start), not {value}"
            )


def _admit_shares(**values: float) -> None:
    """Raise unless every value is strictly between 0 and 1."""
    for name, value in values.items():
        if not 0 < value < 1:
            raise ValueError(f"{name} must be between 0 and 1, not {value}")
