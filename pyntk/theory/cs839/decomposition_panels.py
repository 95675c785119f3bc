"""The picture of the three parts of the error."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.cs839.decomposition import WIDTH, Errors
from pyntk.theory.panel import Curve, Panel, curve

Vector = NDArray[np.float64]


def gaussian_estimation(errors: Errors, w: int) -> tuple[Vector, Vector]:
    """Return sizes n > p + 1, and (approximation error + noise^2) p / (n - p - 1) for width w.

    That is the mean estimation error of Gaussian features whose approximation error is noise.
    """
    p, n = errors.widths[w], errors.sizes.astype(np.float64)
    n = n[n > p + 1]
    left = float(errors.approximation[w].mean()) + errors.noise**2
    return n, left * p / (n - p - 1)


def panels(errors: Errors) -> tuple[Panel, ...]:
    """Return the parts against width, sample size, and steps twice."""
    e = errors
    w = int(np.argmin(np.abs(e.widths - WIDTH)))
    s = int(np.argmin(np.abs(e.sizes - 500)))
    mean = [a.mean(axis=2) for a in (e.approximation, e.estimation, e.optimisation, e.total)]
    approximation, estimation, optimisation, total = mean
    ends = [approximation, estimation, optimisation[..., -1], total[..., -1]]
    flat = np.ones(len(e.times))
    floor = curve(e.widths, np.full(len(e.widths), e.unreachable), "infinitely many", "bound")
    gaussian = curve(*gaussian_estimation(e, w), "Gaussian features", "predicted")
    by_steps = {
        k: [approximation[w, k] * flat, estimation[w, k] * flat, optimisation[w, k], total[w, k]]
        for k in sorted({0, len(e.sizes) - 1})
    }
    return (
        Panel(
            f"Width, n = {e.sizes[s]}, last step", "width $p$", "excess risk",
            (*_parts(e.widths, [a[:, s] for a in ends]), floor), "log", x_limits=_decades(e.widths),
        ),
        Panel(
            f"Samples, p = {e.widths[w]}, at the best fit", "samples $n$", "excess risk",
            (*_parts(e.sizes, [approximation[w], estimation[w]]), gaussian), "log", "log",
            x_limits=_decades(e.sizes),
        ),
        *(
            Panel(
                f"Steps, p = {e.widths[w]}, n = {e.sizes[k]}", "steps $t$", "excess risk",
                _parts(e.times, values), "log",
            )
            for k, values in by_steps.items()
        ),
    )  # fmt: skip


def _parts(x: Any, values: list[Any]) -> tuple[Curve, ...]:
    names = ("approximation", "estimation", "optimisation", "total")
    return tuple(
        curve(x, y, name, colour=k) for k, (name, y) in enumerate(zip(names, values, strict=False))
    )


def _decades(x: Any) -> tuple[float, float]:
    """Return the powers of ten around positive numbers."""
    return float(10 ** np.floor(np.log10(min(x)))), float(10 ** np.ceil(np.log10(max(x))))
