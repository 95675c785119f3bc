"""The risk of isotropic data as their dimension grows: a closed limit, reached like 1/d."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.mei.radial import Radial, gaussian_mean
from pyntk.theory.mei.sampled_risk import sampled_risk
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

CONSTANT: Final = 0.03
"""How far d (R_d - R_inf) may change between the dimensions compared, relative."""
FROM: Final = 320
"""The least dimension of which 1/d is taken to be the leading term."""
ERRORS: Final = 4.0
"""How many standard errors a sampled risk may be from the closed form."""
SOURCE: Final = "Mei, Montanari, Nguyen example 1 (1804.06561)"


@routine(dimensions=(10, 20, 40, 80, 160, 320, 640, 1250, 2500, 5000, 10_000, 20_000), batches=400)
def large_d_limit(
    *,
    delta: float = 0.8,
    radii: Sequence[float] = (0.5, 0.8, 1.0, 2.0, 4.0),
    dimensions: Sequence[int] = (20, 40, 80, 160, 320, 640, 1250, 2500, 5000),
    sampled: int = 40,
    batches: int = 40,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The risk of neurons of norm r tends to a closed form as d grows, with an error c(r)/d.

    For y = +-1, x ~ N(0, (1 +- delta)^2 I_d) and w uniform on the sphere of radius r, f(x) =
    sbar(r \|x\|), sbar(u) = E sigma(u xi_1), xi_1 a coordinate of a uniform unit vector. As d
    grows \|x\| concentrates, and R_d(r) -> R_inf(r) = 1/2 (1 - q_+(r))^2 + 1/2 (1 + q_-(r))^2
    with q_+-(r) = E sigma((1 +- delta) r G), G standard normal. R_d has a closed form but for one
    integral over \|x\|; it is laid beside networks with random w.

    Args:
        delta: how far the standard deviations of the classes are from 1.
        radii: r, above 0.
        dimensions: d, increasing, at least 2.
        sampled: the dimension in which R_d is also estimated with random networks.
        batches: of samples and networks, for that.
        seed: of samples and networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        A check per radius that d (R_d - R_inf) is the same for every d from 320 on, and one of R_d
        against random networks. Series: ``radii`` (r,), ``dimensions`` (k,), ``risk`` (r, k),
        ``limit`` (r,), ``q_plus`` and ``q_minus`` (r,), ``coefficient`` (r, k), d (R_d - R_inf),
        ``sampled`` and ``standard_error`` (r,).

    References:
        arXiv 1804.06561, example 1 and its limit of large d. The rate 1/d is ours.
    """
    r, d = np.array(radii, np.float64), np.array(dimensions)
    if not (r > 0).all() or not np.isfinite(r).all():
        raise ValueError(f"radii must be finite numbers above 0, not {radii}")
    if len(d) < 2 or not (np.diff(d) > 0).all():
        raise ValueError(f"dimensions must be two at least, and increase, not {dimensions}")
    problems = [Radial(int(k), delta) for k in d]
    limit = np.array([problems[0].limit_risk(radius) for radius in r])
    risk = np.empty((len(r), len(d)))
    for k in watch.over(range(len(d))):
        risk[:, k] = [problems[k].risk(radius) for radius in r]
    draws = [
        sampled_risk(Radial(sampled, delta), float(radius), batches, seed, backend, threads)
        for radius in r
    ]
    estimate, error = (np.array(values) for values in zip(*draws, strict=True))
    closed = np.array([Radial(sampled, delta).risk(radius) for radius in r])
    coefficient = d * (risk - limit[:, None])
    return Report(
        name="large_d_limit",
        title=f"neurons on a sphere, delta = {delta:g}, d = {d[0]} to {d[-1]}",
        checks=(
            *(rate(radius, d, c) for radius, c in zip(r, coefficient, strict=True)),
            closed_form(sampled, r, closed, estimate, error),
        ),
        series={
            "radii": r, "dimensions": d, "risk": risk, "limit": limit,
            "q_plus": gaussian_mean(problems[0].sigma, (1 + delta) * r),
            "q_minus": gaussian_mean(problems[0].sigma, (1 - delta) * r),
            "coefficient": coefficient, "sampled": estimate, "standard_error": error,
        },
        data={"name": "two isotropic Gaussians", "delta": delta},
        settings={"sampled": sampled, "batches": batches, "seed": seed},
        panels=_panels(r, d, risk - limit[:, None]),
    )  # fmt: skip


def rate(radius: float, d: NDArray[np.int64], coefficient: Array) -> Check:
    """Check that the coefficient, (k,), does not depend on the dimension from FROM on."""
    far = coefficient[d >= FROM] if (d >= FROM).sum() >= 2 else coefficient
    ratio = far / far[-1]
    worst = float(ratio[np.argmax(np.abs(ratio - 1))])
    least = d[-len(far)]
    return Check(
        claim=f"r = {radius:g}: d (R_d - R_inf), d = {least} ... / that at d = {d[-1]}: 1 +- bound",
        source=SOURCE,
        condition=f"d large: taken as d >= {FROM}; {'met' if least >= FROM else 'not met'}",
        predicted=1.0,
        measured=worst,
        bound=CONSTANT,
        holds=abs(worst - 1) <= CONSTANT,
    )


def closed_form(d: int, r: Array, closed: Array, sampled: Array, error: Array) -> Check:
    """Check R_d in closed form against random networks, at the radius where they differ most."""
    apart = (sampled - closed) / error
    k = int(np.argmax(np.abs(apart)))
    return Check(
        claim=f"d = {d}: R_d sampled = R_d in closed form +- bound (worst: r = {r[k]:g})",
        source="exact, ours (after 1804.06561, example 1)",
        condition=f"an expectation: the bound is {ERRORS:g} standard errors of the sample",
        predicted=float(closed[k]),
        measured=float(sampled[k]),
        bound=float(ERRORS * error[k]),
        holds=bool(abs(apart[k]) <= ERRORS),
    )


def _panels(r: Array, d: NDArray[np.int64], gaps: Array) -> tuple[Panel, ...]:
    labels = [f"r = {radius:g}" for radius in r]
    line = np.abs(gaps).max() * d[0] / d
    distances = [curve(d, np.abs(gap), labels[k], colour=k) for k, gap in enumerate(gaps)]
    return (
        Panel(
            "Distance from the limit", "dimension $d$", r"$|R_d - R_\infty|$",
            (*distances, curve(d, line, "proportional to $1/d$", "bound")), "log", "log",
        ),
        Panel(
            "Its coefficient", "dimension $d$", r"$d\,(R_d - R_\infty)$",
            tuple(curve(d, d * gap, colour=k) for k, gap in enumerate(gaps)), "log",
        ),
    )  # fmt: skip
