"""The risk that SGD and the dynamics reach, against how far the two classes are apart."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.mei.dynamics import follow
from pyntk.theory.mei.one_pass import one_pass
from pyntk.theory.mei.radial import Radial, gaussian_radii
from pyntk.theory.mei.sgd_follows_pde import RISK_LATER, SOURCE, asked_for, speaks
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

POINTS: Final = 13
"""Values of delta on the curves of the dynamics, beside those of SGD."""
DELTAS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@routine(deltas=DELTAS, dimensions=(40, 80, 160), width=800, epsilon=1e-5)
def risk_against_delta(
    *,
    deltas: Sequence[float] = (0.2, 0.4, 0.6, 0.8),
    dimensions: Sequence[int] = (40, 80),
    width: int = 400,
    kappa: float = 0.8,
    epsilon: float = 2e-5,
    xi: float = -0.25,
    time: float = 10.0,
    particles: int = 500,
    samples: int = 40_000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The risk after a given time is the same for SGD and the dynamics, whatever delta and d.

    Two classes x ~ N(0, (1 +- delta)^2 I_d), y = +-1; the network, its steps and the distributional
    dynamics are those of ``sgd_follows_pde``. The farther the classes are apart, the easier they
    are to tell, but the longer the dynamics stay on their plateau for large delta: at a given time
    the risk is least in between.

    Args:
        deltas: how far the standard deviations are from 1, each between 0 and 1, increasing.
        dimensions: d, one or several.
        width: N, neurons.
        kappa: w_i(0) ~ N(0, kappa^2/d I).
        epsilon: the step of time.
        xi: exponent of xi(t) = t^xi, above -1.
        time: T, a multiple of epsilon; T / epsilon steps are made.
        particles: radii of the dynamics, at the quantiles of their law at time 0.
        samples: fresh ones that the risk of SGD is taken on.
        seed: of networks and samples.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        A check for each d that the risks agree at every delta. Series: ``dimensions`` (p,),
        ``deltas`` (q,), ``risk`` (p, q) of SGD, ``pde_risk`` (p, q), ``curve_deltas`` (c,),
        ``curve_risk`` (p, c) of the dynamics at more values of delta.

    References:
        arXiv 1804.06561, Theorem 3, example 1 and figure 2. The paper's numbers of steps and
        dimensions are not taken as known: they are options.
    """
    delta = np.array(deltas, np.float64)
    if not (len(delta) and (np.diff(delta) > 0).all()):
        raise ValueError(f"deltas must be one at least, and increase, not {deltas}")
    if not len(dimensions):
        raise ValueError("dimensions must be one at least")
    fine = np.union1d(np.linspace(delta[0], delta[-1], POINTS).round(9), delta)
    risk = np.empty((len(dimensions), len(delta)))
    pde = np.empty((len(dimensions), len(fine)))
    for place in watch.over(list(np.ndindex(pde.shape))):
        row, column = place
        problem = Radial(dimensions[row], float(fine[column]))
        start = gaussian_radii(particles, problem.d, kappa)
        pde[row, column] = follow(problem, start, [time], xi=xi).risk[-1]
        for k in np.flatnonzero(delta == fine[column]):
            sgd = one_pass(
                problem, width=width, kappa=kappa, epsilon=epsilon, times=[time], xi=xi,
                samples=samples, between=2, seed=seed, watch=watch, backend=backend,
                threads=threads,
            )  # fmt: skip
            risk[row, k] = sgd.risk[-1]
    beside = pde[:, np.searchsorted(fine, delta)]
    return Report(
        name="risk_against_delta",
        title=f"N = {width} neurons at t = {time:g}, {round(time / epsilon):,} steps of SGD",
        checks=tuple(
            same(d, delta, risk[row], beside[row], asked_for(d, width, epsilon, xi),
                 speaks(d, width, epsilon))
            for row, d in enumerate(dimensions)
        ),
        series={
            "dimensions": np.array(dimensions), "deltas": delta, "risk": risk,
            "pde_risk": beside, "curve_deltas": fine, "curve_risk": pde,
        },
        data={"name": "two isotropic Gaussians"},
        settings={
            "width": width, "kappa": kappa, "epsilon": epsilon, "xi": f"t^{xi:g}", "time": time,
            "particles": particles, "samples": samples, "seed": seed,
        },
        panels=_panels(dimensions, delta, risk, fine, pde),
    )  # fmt: skip


def same(d: int, delta: Array, sgd: Array, pde: Array, condition: str, met: bool) -> Check:
    """Check that the risks of SGD and of the dynamics, (q,), agree at every delta."""
    apart = np.abs(sgd - pde)
    k = int(np.argmax(apart))  # a NaN counts as the largest
    return Check(
        claim=f"d = {d}: risk of SGD = risk of the PDE +- bound (worst: delta = {delta[k]:g})",
        source=SOURCE,
        condition=condition,
        predicted=float(pde[k]),
        measured=float(sgd[k]),
        bound=RISK_LATER,
        holds=bool(apart[k] <= RISK_LATER) if met else None,
    )


def _panels(
    dimensions: Sequence[int], delta: Array, risk: Array, fine: Array, pde: Array
) -> tuple[Panel, ...]:
    last = len(pde) - 1
    lines = [
        curve(fine, values, "PDE" if row == last else "", "predicted")
        for row, values in enumerate(pde)
    ]
    dots = [
        curve(*_apart(delta, values), f"SGD, d = {d}", colour=row)
        for row, (d, values) in enumerate(zip(dimensions, risk, strict=True))
    ]
    gaps = [
        curve(*_apart(delta, values - row[np.searchsorted(fine, delta)]), f"d = {d}", colour=k)
        for k, (d, values, row) in enumerate(zip(dimensions, risk, pde, strict=True))
    ]
    ends = delta[[0, -1]]
    bounds = [
        curve(ends, [sign * RISK_LATER] * 2, "bound" if sign > 0 else "", "bound")
        for sign in (1, -1)
    ]
    return (
        Panel(r"Risk against $\Delta$", r"$\Delta$", r"$R = E\,(y - f)^2$", (*lines, *dots)),
        Panel("SGD less the PDE", r"$\Delta$", r"$R_{SGD} - R_{PDE}$", (*gaps, *bounds)),
    )


def _apart(x: Array, y: Array) -> tuple[Array, Array]:
    """Return points with gaps between them, so that no line joins them."""
    nothing = np.full(len(x), np.nan)
    return np.stack([x, nothing], axis=1).ravel(), np.stack([y, nothing], axis=1).ravel()
