"""The picture of fitting true and random labels."""

from collections.abc import Mapping, Sequence

import numpy as np

from pyntk.theory.cs839.corruption import Corruption
from pyntk.theory.cs839.fitting import LEVELS, Fit
from pyntk.theory.panel import Curve, Panel, curve


def panels(
    fits: Mapping[str, Fit], portions: Sequence[float], kernel: Corruption
) -> tuple[Panel, ...]:
    """Return residuals, time and test error against corruption, and times against predictions."""
    q = [0.0, *portions, 1.0]
    shown = [fits[k] for k in ("true labels", *(f"corruption {p:g}" for p in portions),
                               "random labels")]  # fmt: skip
    time: list[Curve] = []
    for colour, level in enumerate((0.1, 0.01)):
        at, mean = LEVELS.index(level), kernel.at(level).mean(axis=1)
        relative = [one.steps[at] / shown[0].steps[at] for one in shown]
        time += [
            curve(q, relative, f"to rmse {level:g}", colour=colour),
            curve(kernel.portions, mean, "", "predicted", spread=kernel.at(level).std(axis=1),
                  colour=colour),
        ]  # fmt: skip
    time.append(curve([0], [1], f"kernel, {kernel.error.shape[1]} draws", "predicted"))
    error = (
        curve(q, [one.test_error for one in shown], "networks, at the end"),
        curve(kernel.portions, kernel.error.mean(axis=1), f"kernel, {kernel.error.shape[1]} draws",
              "predicted", spread=kernel.error.std(axis=1)),
    )  # fmt: skip
    portion = "portion of redrawn labels"
    return (
        _residuals(fits),
        Panel("Time to fit (figure 1b)", portion, "steps, relative to true labels", tuple(time)),
        Panel("Test error (figure 1c)", portion, "share of held-out rows", error),
        _steps(fits),
    )


def _residuals(fits: Mapping[str, Fit]) -> Panel:
    """Return the residuals of labels and features changed altogether."""
    kinds = ("true labels", "shuffled features", "Gaussian features", "random features",
             "random labels")  # fmt: skip
    curves = []
    for colour, kind in enumerate(kinds):
        k = 1 + np.arange(len(fits[kind].rmse))
        curves.append(curve(k, fits[kind].rmse, kind, colour=colour))
        curves.append(curve(k, fits[kind].predicted, "", "predicted"))
    curves.append(curve([1], [1], "kernel's prediction", "predicted"))
    return Panel(
        "Residual (Zhang et al., figure 1a)", "steps $k$ + 1", "root mean square residual",
        tuple(curves), "log", "log", y_limits=(5e-3, 1.5),
    )  # fmt: skip


def _steps(fits: Mapping[str, Fit]) -> Panel:
    """Return the steps to each level beside the predicted ones."""
    every = np.array([one.steps for one in fits.values()])
    predicted = np.array([one.predicted_steps for one in fits.values()])
    reached = predicted[np.isfinite(every)]
    ends = [reached.min(), reached.max()] if reached.size else [1.0, 1.0]
    points = (
        curve(predicted[:, at], every[:, at], f"to rmse {level:g}", "points", colour=at)
        for at, level in enumerate(LEVELS)
    )
    return Panel(
        "Steps, all ways", "kernel's prediction", "network",
        (*points, curve(ends, ends, "equal", "predicted")), "log", "log",
    )  # fmt: skip
