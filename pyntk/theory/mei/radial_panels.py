"""Pictures of the law of |w|: SGD beside the distributional dynamics."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.mei.dynamics import Flow
from pyntk.theory.mei.one_pass import SHARES, Particles
from pyntk.theory.panel import Panel, curve

Array = NDArray[np.float64]

BINS: Final = 30


def bin_edges(*radii: Array) -> Array:
    """Return edges that hold all the radii, (BINS + 1,); what is not finite does not count."""
    every = np.concatenate([r[np.isfinite(r)] for r in radii])
    low, high = float(every.min()), float(every.max())
    margin = 0.05 * (high - low) + 1e-6 * (1 + high)
    return np.linspace(max(low - margin, 0.0), high + margin, BINS + 1)


def outline(radii: Array, edges: Array) -> tuple[Array, Array]:
    """Return a histogram's outline as the density of the radii, x and y (2 BINS + 2,)."""
    density = np.histogram(radii, edges, density=True)[0]
    return np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(density, 2), [0.0]])


def histogram(sgd: Particles, pde: Flow, k: int) -> Panel:
    """Lay the two laws of |w| at the k-th snapshot over each other."""
    measured = sgd.radii[k][np.isfinite(sgd.radii[k])]
    edges = bin_edges(measured, pde.radii[k])
    bars = [curve(edges, np.histogram(measured, edges, density=True)[0], "SGD", "bars")]
    return Panel(
        f"Law of |w| at t = {sgd.times[k]:g}", "|w|", "density",
        (*bars[: len(measured)], curve(*outline(pde.radii[k], edges), "PDE", "predicted")),
    )  # fmt: skip


def risk_panel(sgd: Particles, flow: Flow) -> Panel:
    """Show the risk over time."""
    return Panel(
        "Risk", "time $t$", r"$R = E\,(y - f)^2$",
        (
            curve(sgd.seen, sgd.seen_risk, "SGD"),
            curve(flow.times, flow.risk, "PDE", "predicted"),
        ),
        "log",
    )  # fmt: skip


def quantile_panel(sgd: Particles, flow: Flow) -> Panel:
    """Show quantiles of |w| over time."""
    lines = flow.quantiles(SHARES).T
    last = len(SHARES) - 1
    found = [
        curve(sgd.seen, points, f"SGD, {share:.0%}", colour=j)
        for j, (share, points) in enumerate(zip(SHARES, sgd.seen_quantiles.T, strict=True))
    ]
    found += [
        curve(flow.times, line, "PDE" if j == last else "", "predicted")
        for j, line in enumerate(lines)
    ]
    return Panel("Quantiles of |w|", "time $t$", "|w|", tuple(found), "log")
