"""Whether particles that start near one point stay together, by the second derivatives there."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.mei.near_a_point import Case, case
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

SOURCE: Final = "Mei et al., stability of a point mass (1804.06561)"
STATIONARY: Final = 1e-8
"""Largest gradient of the potential at the point, the accuracy of V and U in closed form."""
ALLOWED: Final = 0.05
"""Largest relative distance of a rate from the linear one, ours: perturbations of 1e-3."""
STAYS, LEAVES = 0.1, 10.0
"""Factors by which the cloud's distance must have shrunk, or grown, by the end; ours."""


@routine(particles=40)
def stability_of_a_point_mass(
    margins: Sequence[float] = (0.5, -0.25),
    *,
    particles: int = 16,
    radius: float = 0.01,
    amplitude: float = 1e-3,
    seed: int = 0,
    watch: Watch,
) -> Report:
    r"""A point mass is stable where Hess Psi is positive there; else its particles part.

    At a point mass delta at theta* with grad Psi(theta*; delta) = 0 the particle flow is, to first
    order in e_i = theta_i - theta*, d e_i / dt = -2 (A e_i + B mean e), with A = Hess V + Hess_11 U
    and B = Hess_12 U at (theta*, theta*). So it is stable if A > 0, for particles that part, and
    A + B > 0, for the mass as a whole, and not if either has a negative eigenvalue. B = E[grad
    sigma_* grad sigma_*'] >= 0, so the condition on A is the stronger one: a point mass that is the
    best of all point masses may still be left.

    The problem has two inputs, x ~ N(0, .6^2 I) with y = -margin or N((3, 0), .6^2 I) with y = 1 +
    margin, sigma_*(x; w) = sigma(w.x), sigma 0 up to 1, 1 from 2 on, linear between; theta* = (r,
    0) is the best point mass. With labels beyond the values of sigma it is stable, with labels
    well between them it is not.

    Args:
        margins: of the labels, a problem each.
        particles: in the cloud, at Gaussian places about theta*.
        radius: standard deviation of the cloud.
        amplitude: of the perturbations whose rates are measured.
        seed: of the cloud.
        watch: how far the routine is.

    Returns:
        For each margin checks that theta* is stationary, of the four rates 2 (eigenvalues of A and
        of A + B), and that the cloud stays or leaves. Series, c margins: ``point`` (c, 2),
        ``potential`` (c, 2) and ``whole`` (c, 2) eigenvalues of A and of A + B, ``apart`` (c, 2)
        and ``together`` (c, 2) the rates seen, ``times`` (c, k), ``distance`` (c, k) and ``risk``
        (c, k) along the flow, ``start`` and ``end`` (c, N, 2) of the cloud.

    References:
        arXiv 1804.06561, stability of point masses, from memory. The rates are the linear ones.
    """
    if not len(margins) or not all(math.isfinite(margin) for margin in margins):
        raise ValueError(f"margins must be finite numbers, not {margins}")
    if particles < 2:
        raise ValueError(f"particles must be at least 2, not {particles}")
    for name, size in {"radius": radius, "amplitude": amplitude}.items():
        if not (size > 0 and math.isfinite(size)):
            raise ValueError(f"{name} must be above 0, not {size}")
    cloud = radius * np.random.default_rng(seed).standard_normal((particles, 2))
    cases = [case(float(margin), cloud, amplitude) for margin in watch.over(list(margins))]
    return Report(
        name="stability_of_a_point_mass",
        title=f"the best point mass, and {particles} particles near it",
        checks=tuple(check for one in cases for check in checks(one)),
        series=_series(cases),
        data={"x": "two Gaussians in the plane", "margins": list(margins)},
        settings={
            "particles": particles, "radius": radius, "amplitude": amplitude, "seed": seed,
        },
        notes=("Hess_12 U >= 0 always, so A >= 0 implies A + B >= 0",),
        panels=tuple(panel for one in cases for panel in _panels(one)),
    )  # fmt: skip


def checks(one: Case) -> tuple[Check, Check, Check]:
    """Return the three checks of a case."""
    predicted = 2 * np.concatenate([one.potential, one.whole])
    ratio = np.concatenate([one.apart, one.together]) / predicted
    worst = int(np.argmax(np.abs(ratio - 1)))
    labels = _labels(one)
    return (
        Check(
            f"{labels}: |grad Psi(theta*; delta)| <= bound", SOURCE,
            "a point mass where the potential is stationary", 0.0, one.gradient, STATIONARY,
            bool(one.gradient <= STATIONARY),
        ),
        Check(
            f"{labels}: rates / (2 eigenvalues of A, A + B) = 1 +- bound, worst of 4",
            "linear order of the particle flow, ours (after 1804.06561)", _condition(one),
            1.0, float(ratio[worst]), ALLOWED, bool((np.abs(ratio - 1) <= ALLOWED).all()),
        ),
        _fate(one),
    )  # fmt: skip


def _fate(one: Case) -> Check:
    """Check that the cloud stays or leaves as the least eigenvalue says."""
    least = float(min(one.potential[0], one.whole[0]))
    factor = float(one.distance[-1] / one.distance[0])
    stable = least > 0
    said = "returns, distance last / first <= bound" if stable else (
        "leaves, distance last / first >= bound"
    )  # fmt: skip
    return Check(
        claim=f"{_labels(one)}: least eigenvalue {least:.3g}, the cloud {said}",
        source=SOURCE,
        condition=f"{_condition(one)}; twice differentiable there: met",
        predicted=None,
        measured=factor,
        bound=STAYS if stable else LEAVES,
        holds=bool(factor <= STAYS if stable else factor >= LEAVES),
    )


def _labels(one: Case) -> str:
    return f"labels {-one.margin:g} and {1 + one.margin:g}"


def _condition(one: Case) -> str:
    return f"grad Psi = 0 at theta* = ({one.point[0]:.4f}, 0): |grad| = {one.gradient:.1e}"


def _series(cases: list[Case]) -> dict[str, NDArray[Any]]:
    return {
        "point": np.array([one.point for one in cases]),
        "potential": np.array([one.potential for one in cases]),
        "whole": np.array([one.whole for one in cases]),
        "apart": np.array([one.apart for one in cases]),
        "together": np.array([one.together for one in cases]),
        "times": np.array([one.cloud.times for one in cases]),
        "distance": np.array([one.distance for one in cases]),
        "risk": np.array([one.cloud.risks for one in cases]),
        "start": np.array([one.cloud.particles[0] for one in cases]),
        "end": np.array([one.cloud.particles[-1] for one in cases]),
    }


def _panels(one: Case) -> tuple[Panel, Panel]:
    t, least = one.cloud.times, float(one.potential[0])
    away = one.distance / one.distance[0]
    start, end = one.cloud.particles[0], one.cloud.particles[-1]
    return (
        Panel(
            f"{_labels(one)}: least eigenvalue {least:.3g}", "time $t$",
            r"distance from $\theta^*$ / first",
            (
                curve(t, away, "particles, root mean square"),
                curve(t, np.exp(-2 * least * t), r"$e^{-2 \lambda_{\min} t}$", "predicted"),
            ),
            y_scale="log", y_limits=(float(away.min()) / 2, 2 * float(away.max())),
        ),
        Panel(
            f"R = {one.risk:.4f} at $\\theta^*$, {one.cloud.risks[-1]:.4f} at the end",
            "$w_1$", "$w_2$",
            (
                curve(start[:, 0], start[:, 1], "start", "points"),
                curve(end[:, 0], end[:, 1], "end", "points", colour=1),
                curve(one.point[:1], one.point[1:], r"$\theta^*$", colour=2),
            ),
        ),
    )  # fmt: skip
