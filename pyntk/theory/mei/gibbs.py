"""Where noisy SGD ends: the Gibbs measure, and which noise it asks for."""

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import DivergenceError, TwoLayer
from pyntk.activation import leaky_relu, piecewise_linear
from pyntk.schedule import mean_field
from pyntk.theory.check import Check
from pyntk.theory.mei.problem import MeanField
from pyntk.theory.mei.stationary_law import (
    Law,
    effective_samples,
    gibbs_law,
    kolmogorov_smirnov,
)
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]

ALLOWED: Final = 0.03
"""Largest distance of var beta lambda from 1; its standard error is below .01 by the defaults."""
KOLMOGOROV: Final = 1.63
"""The 1 % point of sqrt n times the Kolmogorov-Smirnov distance of n independent samples."""
SNAPSHOTS: Final = 40
BURN_IN: Final = 0.2
"""Share of the run that is not looked at."""
BATCH: Final = 50
"""Samples in a step of the second problem: their noise is small beside the one that is added."""
GIBBS_NOISE: Final = 4.0
FAR: Final = 1e100
BINS: Final = 80


@routine(particles=4000, time=200.0)
def gibbs(
    particles: int = 1000,
    *,
    beta: float = 2.0,
    decay: float = 0.5,
    epsilon: float = 2e-3,
    time: float = 80.0,
    noise: float = GIBBS_NOISE,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Noisy SGD ends in the Gibbs measure exp(-beta Psi_lambda) / Z if its noise is 4 s / beta.

    A step is theta_i <- (1 - 2 lambda s) theta_i + 2 s (y - y^) grad sigma_*(x; theta_i) + sqrt(c s
    / beta) z, s = epsilon. Its limit is the flow of the free energy F(rho) = R(rho)/2 + (lambda/2)
    int |theta|^2 d rho - Ent(rho)/beta, run at the speed 2, and the only fixed point rho of that
    flow is proportional to exp(-beta Psi_lambda(theta; rho)), Psi_lambda = V + int U d rho +
    lambda |theta|^2 / 2. Only c = 4 belongs to it. Two problems of one parameter:

    - linear, sigma_* = theta, y = 0: the law is N(0, 1 / (beta lambda)), so var beta lambda = 1
      (c = 2 gives 1/2);
    - x ~ N(0, 1.8^2) with y = 1 or N(0, .2^2) with y = -1, sigma_*(x; theta) = sigma(theta x), the
      paper's example 1 with d = 1: rho is found on a grid, V and U in closed form.

    Args:
        particles: N.
        beta: inverse temperature.
        decay: lambda.
        epsilon: the step s, constant (xi = 1).
        time: epsilon times the number of steps.
        noise: c, the variance of the noise times beta / s.
        seed: of the samples and the noise.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of var beta lambda = 1 in the linear problem, and of the Kolmogorov-Smirnov distance
        of all snapshots from rho in the other, against its 1 % point for as many samples as they
        are worth. Series: ``linear`` (N,) and ``nonlinear`` (N,) theta at the end, ``edges``
        (k + 1,) of bins, ``linear_density`` (k,) and ``nonlinear_density`` (k,) of all snapshots;
        ``theta`` (g,), ``density`` (g,) of rho, ``potential`` (g,) Psi_lambda.

    References:
        arXiv 1804.06561, noisy SGD and its stationary law, from memory. The factor 4 follows from
        the flow above, by which it is defined here.
    """
    _admit(particles, beta, decay, epsilon, time, noise)
    problem = MeanField.of_mixture(
        0, [1.8, 0.2], [1, -1], d=1, activation=piecewise_linear([0.5, 1.5], [-2.5, 7.5])
    )
    wide = 1 / math.sqrt(beta * decay)
    start = np.random.default_rng(seed).normal(0, wide, (particles, 1))
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    linear = TwoLayer(
        np.zeros((particles, 1)), np.ones(particles), scale=1 / particles,
        activation=leaky_relu(1.0), **how,
    )  # fmt: skip
    one_row = (np.ones((1, 1)), np.zeros(1))
    runs: list[Matrix] = []
    cases = [
        (linear, one_row, None),
        (problem.network(start, **how), problem.distribution(), BATCH),
    ]
    for network, data, batch in watch.over(cases):
        try:
            run = watch.train(
                network, data, loss="mean_squares", batch=batch, steps=math.ceil(time / epsilon),
                step_size=mean_field(epsilon), weight_decay=2 * decay / particles,
                temperature=noise / (2 * beta * particles), seed=seed,
                record={"weights": _snapshots(math.ceil(time / epsilon))},
            )  # fmt: skip
            runs.append(_within_reach(run.records["weights"].values.W[:, :, 0]))
        except DivergenceError:
            runs.append(np.full((1, particles), np.nan))
    law = gibbs_law(problem, beta, decay, reach=6 * wide + 4)
    edges = np.linspace(-4 * wide, 4 * wide, BINS + 1)
    densities = [_histogram(run, edges) for run in runs]
    return Report(
        name="gibbs",
        title=f"the law of {particles} noisy particles, noise {noise:g} s / beta",
        checks=(
            variance(runs[0], beta, decay, noise),
            distance(runs[1], law, noise),
        ),
        series={
            "linear": runs[0][-1], "nonlinear": runs[1][-1], "edges": edges,
            "linear_density": densities[0], "nonlinear_density": densities[1],
            "theta": law.theta, "density": law.density, "potential": law.potential,
        },
        data={"linear": "sigma_* = theta, y = 0", "nonlinear": "example 1 with d = 1"},
        settings={"particles": particles, "beta": beta, "lambda": decay, "epsilon": epsilon,
                  "time": time, "noise": noise, "seed": seed},
        panels=_panels(edges, densities, law, beta * decay),
    )  # fmt: skip


def variance(snapshots: Matrix, beta: float, decay: float, noise: float) -> Check:
    """Check var beta lambda = 1 over the particles of each snapshot, about their own mean."""
    measured = float(snapshots.var(axis=1, ddof=1).mean() * beta * decay)
    return Check(
        claim="linear sigma_*: variance times beta lambda = 1 +- bound",
        source="Mei et al., noisy SGD (1804.06561)",
        condition=_condition(noise),
        predicted=1.0,
        measured=measured,
        bound=ALLOWED,
        holds=bool(abs(measured - 1) <= ALLOWED),
    )


def distance(snapshots: Matrix, law: Law, noise: float) -> Check:
    """Check the Kolmogorov-Smirnov distance of the snapshots from the law."""
    samples = effective_samples(snapshots)
    far = kolmogorov_smirnov(snapshots, law)
    bound = KOLMOGOROV / math.sqrt(samples)
    return Check(
        claim="piecewise linear sigma: Kolmogorov-Smirnov distance from exp(-beta Psi)/Z <= bound",
        source="Mei et al., noisy SGD (1804.06561)",
        condition=(
            f"{_condition(noise)}; the 1 % point for {samples:.0f} independent samples, what "
            f"{snapshots.size} correlated ones are worth"
        ),
        predicted=None,
        measured=far,
        bound=bound,
        holds=bool(far <= bound),
    )


def _snapshots(steps: int) -> list[int]:
    first = math.ceil(BURN_IN * steps)
    return sorted({int(step) for step in np.linspace(first, steps, SNAPSHOTS)})


def _within_reach(snapshots: Matrix) -> Matrix:
    """Return the snapshots, NaN where particles went so far that their squares may overflow."""
    return np.where(np.abs(snapshots) < FAR, snapshots, np.nan)


def _condition(noise: float) -> str:
    stands = "met" if noise == GIBBS_NOISE else "not met"
    return f"noise 4 s / beta: {stands} ({noise:g} s / beta); small steps, many particles"


def _admit(
    particles: int, beta: float, decay: float, epsilon: float, time: float, noise: float
) -> None:
    if particles < 2:
        raise ValueError(f"particles must be at least 2, not {particles}")
    positive = {"beta": beta, "decay": decay, "epsilon": epsilon, "time": time}
    for name, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"{name} must be above 0, not {value}")
    if not (noise >= 0 and math.isfinite(noise)):
        raise ValueError(f"noise must be at least 0, not {noise}")
    if time < 2 * epsilon:
        raise ValueError(f"time must be at least two steps of {epsilon:g}, not {time:g}")


def _histogram(snapshots: Matrix, edges: Vector) -> Vector:
    counts, _ = np.histogram(snapshots[np.isfinite(snapshots)], edges)
    return np.asarray(counts / (snapshots.size * (edges[1] - edges[0])))


def _panels(
    edges: Vector, densities: list[Vector], law: Law, precision: float
) -> tuple[Panel, ...]:
    line = np.linspace(edges[0], edges[-1], 200)
    normal = np.sqrt(precision / (2 * np.pi)) * np.exp(-0.5 * precision * line**2)
    limits = (float(edges[0]), float(edges[-1]))
    return (
        Panel(
            "Linear activation", r"$\theta$", "density",
            (
                curve(edges, densities[0], "noisy SGD", "bars"),
                curve(line, normal, r"$N(0, 1/\beta\lambda)$", "predicted"),
            ),
            x_limits=limits,
        ),
        Panel(
            "Example 1 in one dimension", r"$\theta$", "density",
            (
                curve(edges, densities[1], "noisy SGD", "bars"),
                curve(law.theta, law.density, r"$e^{-\beta\Psi_\lambda}/Z$", "predicted"),
            ),
            x_limits=limits,
        ),
    )  # fmt: skip
