"""Two starts of one network: from the wider one SGD learns, from the narrower one it is stuck."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.mei.dynamics import Flow, follow
from pyntk.theory.mei.one_pass import Particles, one_pass
from pyntk.theory.mei.radial import NON_MONOTONE, Radial, gaussian_radii
from pyntk.theory.mei.sgd_noise import noise_radius
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

STUCK_RISK: Final = 0.05
"""How far the risk of SGD may be from that of w = 0, where it is stuck."""
STUCK_RADIUS: Final = 0.02
"""The largest median |w| of SGD that is stuck."""
FREE_RISK: Final = 0.27
"""How far the risk of SGD may be from that of the dynamics, where it is not stuck."""
FREE_RADIUS: Final = 0.04
"""How far the median |w| of SGD may be from that of the dynamics, where it is not stuck."""
EXACT: Final = 1e-6
"""How far the dynamics may end from the risk of w = 0."""
LEARNT: Final = 0.1
"""The largest risk of the dynamics that have learnt, at the end."""
QUIET: Final = 0.5
"""The largest noise of SGD, against kappa, with which it is taken to follow the dynamics."""
SOURCE: Final = "Mei, Montanari, Nguyen example 3 (1804.06561)"


@routine(d=320, width=800, epsilon=2e-7)
def initialisation_dichotomy(
    *,
    d: int = 100,
    delta: float = 0.5,
    stuck: float = 0.1,
    free: float = 0.4,
    width: int = 200,
    epsilon: float = 1e-6,
    xi: float = 0.0,
    times: Sequence[float] = (0.002, 0.01, 0.025, 0.05),
    end: float = 2.0,
    particles: int = 1000,
    samples: int = 40_000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""With an activation that dips, SGD from too small a start is stuck; from a larger it learns.

    sigma is -2.5 up to 0, dips to -4 at 1/2, and is 7.5 from 3/2 on, linear between. From w_i ~
    N(0, kappa^2/d I) with small kappa every neuron sees the dip alone and shrinks: all w_i -> 0,
    where f = sigma(0) and R = 1/2 (1 - sigma(0))^2 + 1/2 (1 + sigma(0))^2 = 7.25. From a larger
    kappa the neurons get over the dip and the risk goes to nearly 0.

    The claim is about the distributional dynamics; SGD follows them where its noise is small. A
    step adds a random vector of variance (2 s_k)^2 g, g = E (y - f)^2 sigma'(w.x)^2 \|x\|^2, of
    the order of d. Until the dynamics have collapsed it moves a neuron by sqrt(4 g sum s_k^2), and
    that must be small against kappa: epsilon << kappa^2/d, and no xi that is infinite at 0. With
    epsilon = 1e-5 and xi = t^(-1/4) the noise is of the size of kappa = 0.1, and SGD escapes.

    Args:
        d: dimension of the data.
        delta: the standard deviations of the classes are 1 +- delta.
        stuck: the smaller kappa.
        free: the larger kappa.
        width: N, neurons.
        epsilon: the step of time.
        xi: exponent of xi(t) = t^xi, above -1.
        times: of the snapshots of SGD, increasing, multiples of epsilon; it ends at the last.
        end: the time to which the dynamics are followed.
        particles: radii of the dynamics, at the quantiles of their law at time 0.
        samples: fresh ones that the risk of SGD is taken on.
        seed: of networks and samples.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of risk and median \|w\| of both runs at the last time, and of where the dynamics
        end. Series: ``kappa`` (2,), ``times`` (k,), ``risk`` (2, k), ``median`` (2, k) of SGD;
        ``pde_times`` (c,), ``pde_risk`` and ``pde_median`` (2, c); ``radii`` (2, width), of SGD
        at the last time; ``noise`` (2,), of SGD against kappa.

    References:
        arXiv 1804.06561, example 3 (non-monotone activation). The estimate of the noise is ours.
    """
    problem = Radial(d, delta, NON_MONOTONE)
    kappas = (stuck, free)
    runs, flows, noise = [], [], []
    for kappa in watch.over(kappas):
        sgd = one_pass(
            problem, width=width, kappa=kappa, epsilon=epsilon, xi=xi, times=times,
            samples=samples, seed=seed, watch=watch, backend=backend, threads=threads,
        )  # fmt: skip
        fine = np.geomspace(sgd.seen[0], max(end, sgd.times[-1]), 60)
        start = gaussian_radii(particles, d, kappa)
        flow = follow(problem, start, np.union1d(fine, sgd.times), xi=xi)
        runs.append(sgd)
        flows.append(flow)
        moved = noise_radius(problem, flow, kappa, epsilon, xi, sgd.times[-1], seed)
        noise.append(moved / kappa)
    times_ = runs[0].times
    return Report(
        name="initialisation_dichotomy",
        title=f"kappa = {stuck:g} and {free:g}, N = {width} neurons in d = {d} dimensions",
        checks=(
            *stuck_checks(problem, runs[0], flows[0], noise[0]),
            *free_checks(runs[1], flows[1], noise[1]),
            *ends(problem, *flows),
        ),
        series={
            "kappa": np.array(kappas), "times": times_,
            "risk": np.array([run.risk for run in runs]),
            "median": np.array([run.quantiles([0.5])[:, 0] for run in runs]),
            "pde_times": flows[0].times, "pde_risk": np.array([flow.risk for flow in flows]),
            "pde_median": np.array([flow.quantiles([0.5])[:, 0] for flow in flows]),
            "radii": np.array([run.radii[-1] for run in runs]), "noise": np.array(noise),
        },
        data={"name": "two isotropic Gaussians", "d": d, "delta": delta},
        settings={
            "width": width, "epsilon": epsilon, "xi": f"t^{xi:g}", "times": times_.tolist(),
            "particles": particles, "samples": samples, "seed": seed,
        },
        panels=_panels(kappas, runs, flows),
    )  # fmt: skip


def risk_at_zero(problem: Radial) -> float:
    """Return R where all w are 0 and f = sigma(0)."""
    return problem.risk(np.zeros(1))


def stuck_checks(problem: Radial, sgd: Particles, flow: Flow, noise: float) -> tuple[Check, Check]:
    """Check that SGD is stuck at w = 0 at its last time."""
    t = sgd.times[-1]
    met = noise <= QUIET
    condition = (
        f"the noise of SGD moves a neuron by {noise:.2g} kappa until the PDE has collapsed; "
        f"small enough to follow it up to {QUIET:g} kappa: {'met' if met else 'not met'}"
    )
    at_zero = risk_at_zero(problem)
    median = float(sgd.quantiles([0.5])[-1, 0])
    return (
        Check(
            claim=f"small start: risk of SGD at t = {t:g} = risk of w = 0 +- bound",
            source=SOURCE,
            condition=condition,
            predicted=at_zero,
            measured=float(sgd.risk[-1]),
            bound=STUCK_RISK,
            holds=bool(abs(sgd.risk[-1] - at_zero) <= STUCK_RISK) if met else None,
        ),
        Check(
            claim=f"small start: median |w| of SGD at t = {t:g} < bound",
            source=SOURCE,
            condition=condition,
            predicted=float(flow.at([t]).quantiles([0.5])[0, 0]),
            measured=median,
            bound=STUCK_RADIUS,
            holds=bool(median < STUCK_RADIUS) if met else None,
        ),
    )


def free_checks(sgd: Particles, flow: Flow, noise: float) -> tuple[Check, Check]:
    """Check that SGD is on its way with the dynamics at its last time."""
    t = sgd.times[-1]
    pde = flow.at([t])
    met = noise <= QUIET
    condition = (
        f"the noise of SGD moves a neuron by {noise:.2g} kappa; taken to follow the PDE up to "
        f"{QUIET:g} kappa: {'met' if met else 'not met'}"
    )
    median, predicted = float(sgd.quantiles([0.5])[-1, 0]), float(pde.quantiles([0.5])[0, 0])
    return (
        Check(
            claim=f"larger start: risk of SGD at t = {t:g} = that of the PDE +- bound",
            source=SOURCE,
            condition=condition,
            predicted=float(pde.risk[0]),
            measured=float(sgd.risk[-1]),
            bound=FREE_RISK,
            holds=bool(abs(sgd.risk[-1] - pde.risk[0]) <= FREE_RISK) if met else None,
        ),
        Check(
            claim=f"larger start: median |w| of SGD at t = {t:g} = that of the PDE +- bound",
            source=SOURCE,
            condition=condition,
            predicted=predicted,
            measured=median,
            bound=FREE_RADIUS,
            holds=bool(abs(median - predicted) <= FREE_RADIUS) if met else None,
        ),
    )


def ends(problem: Radial, stuck: Flow, free: Flow) -> tuple[Check, Check]:
    """Check where the dynamics end from either start."""
    condition = "kappa on either side of the border, which example 3 puts between 0.1 and 0.4"
    at_zero = risk_at_zero(problem)
    return (
        Check(
            claim=f"small start: PDE ends at the risk of w = 0 +- bound (t = {stuck.times[-1]:g})",
            source=SOURCE,
            condition=condition,
            predicted=at_zero,
            measured=float(stuck.risk[-1]),
            bound=EXACT,
            holds=bool(abs(stuck.risk[-1] - at_zero) <= EXACT),
        ),
        Check(
            claim=f"larger start: PDE ends at a risk <= bound (t = {free.times[-1]:g})",
            source=SOURCE,
            condition=condition,
            predicted=None,
            measured=float(free.risk[-1]),
            bound=LEARNT,
            holds=bool(free.risk[-1] <= LEARNT),
        ),
    )


def _panels(
    kappas: tuple[float, float], runs: list[Particles], flows: list[Flow]
) -> tuple[Panel, ...]:
    risk, radius = [], []
    for j, (kappa, sgd) in enumerate(zip(kappas, runs, strict=True)):
        label = f"SGD, $\\kappa$ = {kappa:g}"
        risk.append(curve(sgd.seen, sgd.seen_risk, label, colour=j))
        radius.append(curve(sgd.seen, sgd.seen_quantiles[:, 1], label, colour=j))
    for label, flow in zip(("", "PDE"), flows, strict=True):
        risk.append(curve(flow.times, flow.risk, label, "predicted"))
        radius.append(curve(flow.times, flow.quantiles([0.5])[:, 0], label, "predicted"))
    return (
        Panel("Risk", "time $t$", r"$R = E\,(y - f)^2$", tuple(risk), "log"),
        Panel("Median of |w|", "time $t$", "median of |w|", tuple(radius), "log"),
    )
