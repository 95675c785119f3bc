"""Example 2: particles find the inputs that matter, and the reduced dynamics says how fast."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.distributions import gaussian_mixture
from pyntk.schedule import mean_field
from pyntk.theory.check import Check
from pyntk.theory.mei.particles import Flow, follow
from pyntk.theory.mei.two_radii import TwoGroups
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

RISK: Final = 0.03
"""Largest distance of SGD's risk from the reduced dynamics', as for the paper's example 1."""
RADIUS: Final = 0.05
"""Largest relative distance of the mean r1; ours, 1 / sqrt N of the quick preset."""
GROWS, FALLS = 2.0, 0.5
"""Factors by which the mean r1 must have grown and the mean r2 fallen by the end; ours."""
FIRST: Final = 0.01
RECORDS: Final = 13
HELD_OUT: Final = 20_000
NAMES: Final = ("a", "b", "r1", "r2")


@dataclass(frozen=True)
class Seen:
    """SGD at the recorded times: risk (k,), and means of a, b, r1, r2 over the neurons (k, 4)."""

    risk: Vector
    means: Matrix


@routine(width=800, informative=60, others=260)
def anisotropic(
    width: int = 400,
    *,
    informative: int = 15,
    others: int = 65,
    separation: float = 0.5,
    a: float = 1.0,
    b: float = 1.0,
    kappa: float = 0.8,
    epsilon: float = 1e-5,
    xi: float = -0.25,
    time: float = 30.0,
    points: int = 16,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Anisotropic Gaussians: r1 grows and r2 falls in SGD as in the dynamics of (a, b, r1, r2).

    x = (x1, x2) with x1 ~ N(0, (1 +- separation)^2 I) for y = +-1 and x2 ~ N(0, I), which says
    nothing of y. A neuron is theta = (a, w, b), sigma_* = a relu(w.x + b), all trained by one-pass
    SGD. From a start that is symmetric in the directions of w = (w1, w2) only the law of (a, b,
    r1, r2) matters, r1 = \|w1\| and r2 = \|w2\|: it follows d(a, b, r1, r2)/dt = -2 xi(t) grad Psi,
    with the two directions averaged over. SGD with steps epsilon xi(k epsilon) stays near it at t =
    k epsilon for many neurons and epsilon d small: mean r1 grows, mean r2 falls towards 0, and so
    does the risk.

    Args:
        width: N, neurons.
        informative: s0, inputs in x1.
        others: d - s0, inputs in x2.
        separation: Delta.
        a, b: of every neuron at the start, and
        kappa: w ~ N(0, kappa^2 I / d); the paper's start is not known to us, choose another.
        epsilon: SGD's step of time.
        xi: exponent of t in xi(t).
        time: t at the end.
        points: quantiles of each radius: points^2 particles follow the reduced dynamics.
        seed: of the start and the samples.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks that the risk never grows along the reduced dynamics, that SGD's risk and mean r1
        are near it, that mean r1 grows and mean r2 falls. Series: ``times`` (k,), ``risk`` (k,) and
        ``means`` (k, 4) of a, b, r1, r2 in SGD, ``reduced_risk`` (k,), ``reduced_means`` (k, 4),
        ``step_risks`` (s,) after each step of the reduced dynamics.

    References:
        arXiv 1804.06561, example 2, from memory; the average over directions is a series of ours.
    """
    _admit(width, informative, others, separation, kappa, time, epsilon, points)
    times = np.concatenate([[0.0], np.geomspace(min(FIRST, time / 2), time, RECORDS - 1)])
    groups = TwoGroups(informative, others, separation)
    reduced = follow(groups.slope, groups.start(a, b, kappa, points), times, xi=xi)
    d = informative + others
    generator = np.random.default_rng(seed)
    network = TwoLayer(
        (kappa / math.sqrt(d) * generator.standard_normal((width, d))).astype(np.float32),
        np.full(width, a, np.float32), np.full(width, b, np.float32),
        scale=1 / width, backend=backend, threads=threads,
    )  # fmt: skip
    std = np.ones((2, d))
    std[:, :informative] = [[1 + separation], [1 - separation]]
    mixture = gaussian_mixture(0, std, [1.0, -1.0], d=d)
    seen = _sgd(network, mixture, times, informative, epsilon, xi, seed, watch)
    predicted = reduced.particles.mean(axis=1)
    steps = reduced.step_risks
    return Report(
        name="anisotropic",
        title=f"{width} ReLU neurons, {informative} of {d} inputs matter",
        checks=checks(times, seen, reduced, predicted, f"epsilon d = {epsilon * d:g}, N = {width}"),
        series={
            "times": times, "risk": seen.risk, "means": seen.means,
            "reduced_risk": reduced.risks, "reduced_means": predicted, "step_risks": steps,
        },
        data={"d": d, "s0": informative, "Delta": separation},
        settings={"width": width, "a": a, "b": b, "kappa": kappa, "epsilon": epsilon, "xi": xi,
                  "time": time, "points": points, "seed": seed},
        panels=_panels(times, seen, reduced.risks, predicted),
    )  # fmt: skip


def checks(
    times: Vector, seen: Seen, reduced: Flow, predicted: Matrix, sizes: str
) -> tuple[Check, ...]:
    """Return the five checks, of the risk and the radii."""
    source = "Mei et al., example 2 (1804.06561)"
    near = f"many neurons, small epsilon d: {sizes}"
    rise = float(np.diff(reduced.step_risks).max())
    off = np.abs(seen.risk - reduced.risks)
    ratio = seen.means[:, 2] / predicted[:, 2]
    at, worst = int(np.argmax(off)), int(np.argmax(np.abs(ratio - 1)))
    grows, falls = seen.means[-1, 2:] / seen.means[0, 2:]
    return (
        Check(
            "the risk never grows along the reduced dynamics: largest rise <= bound", source,
            "a gradient flow: met", None, rise, 0.0, bool(rise <= 0),
        ),
        Check(
            f"risk of SGD = reduced dynamics +- bound, every time (worst: t = {times[at]:.3g})",
            source, near, float(reduced.risks[at]), float(seen.risk[at]), RISK,
            bool((off <= RISK).all()),
        ),
        Check(
            f"mean r1, SGD / reduced = 1 +- bound, every time (worst: t = {times[worst]:.3g})",
            source, near, 1.0, float(ratio[worst]), RADIUS,
            bool((np.abs(ratio - 1) <= RADIUS).all()),
        ),
        Check(
            "SGD: mean r1, last / first >= bound", source, near,
            float(predicted[-1, 2] / predicted[0, 2]), float(grows), GROWS, bool(grows >= GROWS),
        ),
        Check(
            "SGD: mean r2, last / first <= bound", source, near,
            float(predicted[-1, 3] / predicted[0, 3]), float(falls), FALLS, bool(falls <= FALLS),
        ),
    )  # fmt: skip


def _sgd(
    network: TwoLayer,
    mixture: Any,
    times: Vector,
    informative: int,
    epsilon: float,
    xi: float,
    seed: int,
    watch: Watch,
) -> Seen:
    """Train on fresh samples; a run that diverges is NaN."""
    steps = np.round(times / epsilon).astype(np.int64)
    try:
        run = watch.train(
            network, mixture, loss="mean_squares", trained="all", steps=int(steps[-1]),
            step_size=mean_field(epsilon, xi), seed=seed,
            record={"weights": steps, "loss": steps},
            evaluate=mixture.sample(HELD_OUT, seed=seed + 1),
        )  # fmt: skip
    except DivergenceError:
        return Seen(np.full(len(times), np.nan), np.full((len(times), 4), np.nan))
    weights = run.records["weights"].values
    W = weights.W.astype(np.float64)
    parts = [weights.a, weights.b] + [
        np.linalg.norm(part, axis=2) for part in (W[:, :, :informative], W[:, :, informative:])
    ]
    return Seen(
        run.records["loss"].values, np.stack([part.mean(axis=1) for part in parts], axis=1)
    )  # fmt: skip


def _admit(
    width: int, informative: int, others: int, separation: float, kappa: float, time: float,
    epsilon: float, points: int,
) -> None:  # fmt: skip
    counts = {"width": width, "informative": informative, "others": others, "points": points}
    for name, count in counts.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    if not 0 <= separation <= 1:
        raise ValueError(f"separation must be in [0, 1], not {separation}")
    for name, value in {"kappa": kappa, "time": time, "epsilon": epsilon}.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be above 0, not {value}")
    if time / 2 < epsilon * RECORDS or epsilon * RECORDS > FIRST:
        raise ValueError(f"epsilon must be smaller, for steps between the records: {epsilon:g}")


def _panels(times: Vector, seen: Seen, risks: Vector, predicted: Matrix) -> tuple[Panel, ...]:
    t = times[1:]
    means = [
        (curve(t, seen.means[1:, k], f"mean ${name[0]}{'_' + name[1] if name[1:] else ''}$",
               colour=k),
         curve(t, predicted[1:, k], "reduced dynamics" if k == 3 else "", "predicted"))
        for k, name in enumerate(NAMES)
    ]  # fmt: skip
    return (
        Panel(
            "What the neurons look like", "time $t$", "mean over the neurons",
            tuple(line for pair in means for line in pair), "log",
        ),
        Panel(
            "Risk", "time $t$", "$R$",
            (
                curve(t, seen.risk[1:], "SGD"),
                curve(t, risks[1:], "reduced dynamics", "predicted"),
            ),
            "log", "log",
        ),
    )  # fmt: skip
