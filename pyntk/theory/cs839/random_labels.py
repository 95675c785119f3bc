"""Networks fit random labels, and take longer over them."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.data import redraw_labels
from pyntk.theory.counts import admit_count
from pyntk.theory.cs839.admit import number
from pyntk.theory.cs839.clusters import clusters
from pyntk.theory.cs839.corruption import Corruption, corruption_curve
from pyntk.theory.cs839.fitting import LEVELS, Fit, Task, fit
from pyntk.theory.cs839.label_checks import checks
from pyntk.theory.cs839.label_panels import panels
from pyntk.theory.cs839.memorise import memorise
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import Sample, draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
DECLARED: Final = 100
"""Rows of the clusters for which numbers were declared."""
FEATURES: Final = ("shuffled features", "random features", "Gaussian features")


@routine(width=16_384, held_out=2000, corruption=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9))
def random_labels(
    data: Any = "clusters",
    *,
    rows: int = 100,
    held_out: int = 400,
    width: int = 4096,
    steps: int = 2000,
    corruption: Sequence[float] = (0.25, 0.5, 0.75),
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""A network that fits true labels fits random ones too; only it takes longer, and is wrong.

    Gradient descent on the first layer, from f = 0 and with eta = 1/lambda_max(H), on the true
    labels; on the same labels in random order; on labels of which a portion q was redrawn; and on
    true labels with features in one random order for all rows, with features in another order for
    each row, and with Gaussian features. Each is fitted. How many steps that takes, the kernel
    predicts: those after which sqrt(sum_i (1 - eta lambda_i)^(2k) (v_i.y)^2 / n) is below a level.
    A fixed order of the features leaves H as it is, and so the time.

    Besides, any labels of n points in d dimensions are *represented* by a network of 2n + d
    weights, which is constructed.

    Args:
        data: "clusters" (four clusters on the sphere of R^50, in two classes), another data set's
            name, a DataSet, or (X, y).
        rows: n.
        held_out: rows to measure the test error on.
        width: m, even.
        steps: of training, at most; 1.5 times those that the kernel predicts are taken otherwise.
        corruption: portions q of labels to redraw, between 0 and 1.
        seed: of the data, the labels, and the network.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of fit, time, test error, complexity sqrt(2 y'H^-1 y/n), and of the network of
        2n + d weights. Series: ``levels`` (4,) of the root mean square residual; for the f ways to
        change the data, in the order of ``settings``: ``steps`` and ``predicted_steps`` (f, 4),
        ``train_error``, ``test_error``, ``complexity`` (f,); ``corruption`` (c,), portions from 0
        to 1; ``kernel_portions`` (q,), ``kernel_relative_steps`` (q, draws, 4) and ``kernel_error``
        (q, draws), predictions from redrawn labels; and for each way, its name in them,
        ``rmse_...`` and ``predicted_rmse_...`` (K + 1,).

    Raises:
        TypeError, ValueError: an option out of its range, or data as for
            :func:`pyntk.theory.sample.draw`.

    References:
        C. Zhang, S. Bengio, M. Hardt, B. Recht, O. Vinyals, ICLR 2017, arXiv 1611.03530, figure 1
        and Theorem 1; the times: S. Arora et al., arXiv 1901.08584, Theorem 4.1.
    """
    rows, held_out = admit_count("rows", rows, 4), admit_count("held_out", held_out)
    width, steps = admit_count("width", width, 2), admit_count("steps", steps)
    if width % 2:
        raise ValueError(f"width must be even, not {width}")
    portions = [number(f"corruption[{k}]", q, 0, 1) for k, q in enumerate(corruption)]
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    given = isinstance(data, str) and data == "clusters"
    sample = draw(clusters(rows + held_out, seed) if given else data, rows, held_out, seed=seed)
    if not len(sample.y_test):
        raise ValueError(f"data must have rows to hold out, beyond {len(sample.y)} to train on")
    tasks = variants(sample, portions, seed)
    fits: dict[str, Fit] = {}
    for kind in watch.over(list(tasks), share=0.95):
        fits[kind] = fit(tasks[kind], width=width, most=steps, seed=seed + 1, watch=watch, how=how)
    errors = memorised(tasks)
    kernel = corruption_curve(sample, np.random.default_rng([seed, 4]), how)
    n, d = sample.X.shape
    return Report(
        name="random_labels",
        title=f"{sample.name}, {len(tasks)} ways to change them, m = {width}",
        checks=checks(fits, errors, n, d, declared=given and n == DECLARED, width=width),
        series=_series(fits, portions, kernel),
        data={"name": sample.name, "n": n, "held_out": len(sample.y_test), "d": d},
        settings={"width": width, "most_steps": steps, "seed": seed, "ways": list(tasks)},
        notes=(
            *sample.notes,
            "the test labels are the true ones: only the training data were changed; with Gaussian "
            "features the test rows are Gaussian too, and their labels mean nothing",
        ),
        panels=panels(fits, portions, kernel),
    )


def variants(sample: Sample, portions: Sequence[float], seed: int) -> dict[str, Task]:
    """Return the tasks by name: true and random labels, corrupted ones, and changed features."""
    generator = np.random.default_rng([seed, 3])
    X, y, Z, z = sample.X, sample.y, sample.X_test, sample.y_test
    d = X.shape[1]
    tasks = {"true labels": Task(X, y, Z, z)}
    for q in portions:
        tasks[f"corruption {q:g}"] = Task(X, redraw_labels(y, q, generator), Z, z)
    tasks["random labels"] = Task(X, generator.permutation(y), Z, z)
    order = generator.permutation(d)
    changed = (
        (np.ascontiguousarray(X[:, order]), np.ascontiguousarray(Z[:, order])),
        (generator.permuted(X, axis=1), generator.permuted(Z, axis=1)),
        (_gaussian(X, generator), _gaussian(Z, generator)),
    )
    for name, (train_rows, test_rows) in zip(FEATURES, changed, strict=True):
        tasks[name] = Task(train_rows, y, test_rows, z)
    return tasks


def _gaussian(X: Matrix, generator: np.random.Generator) -> Matrix:
    """Return Gaussian rows with the mean and the deviation of all entries of X, of unit norm."""
    rows = generator.normal(X.mean(), X.std(), X.shape)
    unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


def memorised(tasks: dict[str, Task]) -> dict[str, float]:
    """Return the largest error of the network of 2n + d weights on true and on random labels."""
    found = {}
    for kind in ("true labels", "random labels"):
        X, y = tasks[kind].X, tasks[kind].y
        found[kind] = float(np.abs(memorise(X, y).forward(X) - y).max())
    return found


def _series(
    fits: dict[str, Fit], portions: Sequence[float], kernel: Corruption
) -> dict[str, NDArray[Any]]:
    """Return the arrays by name."""
    found: dict[str, NDArray[Any]] = {
        "levels": np.array(LEVELS),
        "corruption": np.array([0, *portions, 1]),
        "steps": np.array([one.steps for one in fits.values()]),
        "predicted_steps": np.array([one.predicted_steps for one in fits.values()]),
        "train_error": np.array([one.train_error for one in fits.values()]),
        "test_error": np.array([one.test_error for one in fits.values()]),
        "kernel_portions": kernel.portions,
        "kernel_relative_steps": kernel.steps,
        "kernel_error": kernel.error,
        "complexity": np.array([one.complexity for one in fits.values()]),
    }
    for kind, one in fits.items():
        name = kind.replace(" ", "_")
        found |= {f"rmse_{name}": one.rmse, f"predicted_rmse_{name}": one.predicted}
    return found
