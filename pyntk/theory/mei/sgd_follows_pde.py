"""One-pass SGD beside the distributional dynamics that it follows."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.check import Check
from pyntk.theory.mei.dynamics import Flow, follow
from pyntk.theory.mei.one_pass import SHARES, Particles, one_pass
from pyntk.theory.mei.radial import Radial, gaussian_radii
from pyntk.theory.mei.radial_panels import histogram, quantile_panel, risk_panel
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

SETTLED: Final = 0.1
"""The time from which on the start no longer shows: the draw of N neurons moves the risk there."""
PLATEAU: Final = 3.0
"""The time up to which the risk of example 1 falls slowly; soon after, the radii part."""
RISK: Final = 0.03
"""How far the risks may be apart between these times."""
MEDIAN: Final = 0.015
"""How far the medians may be apart between these times, relative."""
RISK_LATER: Final = 0.05
"""How far the risks may be apart later, where the radii fall into two groups."""
LOW: Final = 1.2
"""Later: the largest 10 % quantile of |w|, where some neurons have turned back."""
HIGH: Final = 0.158
"""Later: how far the 90 % quantiles of |w| may be apart."""
ROUNDING: Final = 1e-6
"""A rise of the risk of the dynamics that is the error of their solver."""
FEW: Final = 5.0
"""The least N/d for which the theorem is taken to speak."""
COARSE: Final = 0.01
"""The largest epsilon d for which the theorem is taken to speak."""
SOURCE: Final = "Mei, Montanari, Nguyen Thm 3 (1804.06561)"


@routine(epsilon=1e-6, times=(0.001, 0.1, 1.0, 3.0, 4.0, 10.0), samples=100_000)
def sgd_follows_pde(
    *,
    d: int = 40,
    delta: float = 0.8,
    kappa: float = 0.8,
    width: int = 800,
    epsilon: float = 1e-5,
    xi: float = -0.25,
    times: Sequence[float] = (0.001, 0.1, 1.0, 3.0, 10.0),
    particles: int = 1000,
    samples: int = 40_000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""One-pass SGD follows the distributional dynamics: the same risk, the same law of radii.

    Two classes x ~ N(0, (1 +- delta)^2 I_d), y = +-1, and f(x) = (1/N) sum_i sigma(w_i.x), sigma =
    -2.5 up to 1/2, 7.5 from 3/2 on, linear between. Step k of SGD takes one fresh sample, w_i <-
    w_i + 2 s_k (y - f) sigma'(w_i.x) x with s_k = epsilon xi(t), t = (k + 1) epsilon, xi(t) = t^xi.
    For N >> d and epsilon << 1/d the law of w_i at step t / epsilon is close to rho_t, where d_t
    rho_t = 2 xi(t) div(rho_t grad Psi(w; rho_t)), and so is the risk R = E (y - f)^2. rho_t is
    spherically symmetric: the radii follow dr/dt = -2 xi(t) psi'(r; rho_t).

    Args:
        d: dimension of the data.
        delta: how far the standard deviations of the classes are from 1.
        kappa: w_i(0) ~ N(0, kappa^2/d I).
        width: N, neurons.
        epsilon: the step of time; T / epsilon steps are made.
        xi: exponent of xi, above -1.
        times: of the snapshots, increasing, multiples of epsilon.
        particles: radii of the distributional dynamics, at the quantiles of their law at time 0.
        samples: fresh ones that the risk of SGD is taken on.
        seed: of network and samples.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the risk and the median of \|w\| from t = 0.1 to 3, of the risk and the two
        groups of radii later, and that the risk never rises along the dynamics. Series: ``times``
        (k,), ``radii`` (k, width), ``risk`` (k,), ``quantiles`` (k, 3) of SGD, at 10, 50, 90 %;
        ``pde_radii`` (k, particles), ``pde_risk`` (k,), ``pde_quantiles`` (k, 3); ``seen`` and
        ``seen_risk`` (s,), ``seen_quantiles`` (s, 3) of SGD at further times; ``curve_times`` and
        ``curve_risk`` (c,), ``curve_quantiles`` (c, 3) of the dynamics; ``pde_path``, the risk
        after each step of the solver. :func:`pyntk.theory.mei.animation.animate` makes an animated
        GIF of the radii.

    References:
        arXiv 1804.06561, Theorem 3, example 1 and figure 1.
    """
    problem = Radial(d, delta)
    sgd = one_pass(
        problem, width=width, kappa=kappa, epsilon=epsilon, xi=xi, times=times, samples=samples,
        seed=seed, watch=watch, backend=backend, threads=threads,
    )  # fmt: skip
    fine = np.union1d(np.geomspace(sgd.seen[0], sgd.times[-1], 80), sgd.times)
    curve = follow(problem, gaussian_radii(particles, d, kappa), fine, xi=xi)
    pde = curve.at(sgd.times)
    condition = asked_for(d, width, epsilon, xi)
    return Report(
        name="sgd_follows_pde",
        title=f"N = {width} neurons in d = {d} dimensions, delta = {delta:g}, beside the PDE",
        checks=(*checks(sgd, pde, condition, speaks(d, width, epsilon)), falls(problem, pde)),
        series={
            "times": sgd.times, "radii": sgd.radii, "risk": sgd.risk,
            "quantiles": sgd.quantiles(SHARES), "seen": sgd.seen, "seen_risk": sgd.seen_risk,
            "seen_quantiles": sgd.seen_quantiles, "pde_radii": pde.radii, "pde_risk": pde.risk,
            "pde_quantiles": pde.quantiles(SHARES), "curve_times": curve.times,
            "curve_risk": curve.risk, "curve_quantiles": curve.quantiles(SHARES),
            "pde_path": curve.path,
        },
        data={"name": "two isotropic Gaussians", "d": d, "delta": delta},
        settings={
            "width": width, "kappa": kappa, "epsilon": epsilon, "xi": f"t^{xi:g}",
            "times": sgd.times.tolist(), "particles": particles, "samples": samples, "seed": seed,
        },
        notes=_diverged(sgd),
        panels=(
            *(histogram(sgd, pde, k) for k in _shown(len(sgd.times))),
            risk_panel(sgd, curve), quantile_panel(sgd, curve),
        ),
        columns=3,
    )  # fmt: skip


def asked_for(d: int, width: int, epsilon: float, xi: float) -> str:
    """Return what the theorem asks for, and how a run stands to it."""
    text = (
        f"N >> d and epsilon << 1/d, taken as N >= {FEW:g} d and epsilon d <= {COARSE:g}: "
        f"N/d = {width / d:g}, epsilon d = {epsilon * d:g}"
    )
    if xi < 0:
        text += f"; xi bounded: not so at t = 0 for t^{xi:g}, as in the paper's own figures"
    return text


def speaks(d: int, width: int, epsilon: float) -> bool:
    """Tell whether a run is in the range that the theorem is about."""
    return width >= FEW * d and epsilon * d <= COARSE


def checks(sgd: Particles, pde: Flow, condition: str, met: bool) -> tuple[Check, ...]:
    """Check a run of SGD against the dynamics at the same times."""
    later = sgd.times > PLATEAU * (1 + 1e-9)
    early = (sgd.times >= SETTLED * (1 - 1e-9)) & ~later
    found: list[Check] = []
    if early.any():
        words = f"{SETTLED:g} <= t <= {PLATEAU:g}"
        found += [
            _risks(sgd, pde, early, RISK, words, condition, met),
            _medians(sgd, pde, early, words, condition, met),
        ]
    if later.any():
        words = f"t > {PLATEAU:g}"
        found += [
            _risks(sgd, pde, later, RISK_LATER, words, condition, met),
            *_groups(sgd, pde, condition, met),
        ]
    return tuple(found)


def _risks(
    sgd: Particles, pde: Flow, at: Any, allowed: float, words: str, condition: str, met: bool
) -> Check:
    apart = np.where(at, np.abs(sgd.risk - pde.risk), -1)
    k = int(np.argmax(apart))  # a NaN counts as the largest
    return Check(
        claim=f"risk of SGD = risk of the PDE +- bound at {words} (worst: t = {sgd.times[k]:g})",
        source=SOURCE,
        condition=condition,
        predicted=float(pde.risk[k]),
        measured=float(sgd.risk[k]),
        bound=allowed,
        holds=bool(apart[k] <= allowed) if met else None,
    )


def _medians(sgd: Particles, pde: Flow, at: Any, words: str, condition: str, met: bool) -> Check:
    ratio = sgd.quantiles([0.5])[:, 0] / pde.quantiles([0.5])[:, 0]
    k = int(np.argmax(np.where(at, np.abs(ratio - 1), -1)))
    return Check(
        claim=(
            f"median |w| of SGD / of the PDE = 1 +- bound at {words} (worst: t = {sgd.times[k]:g})"
        ),
        source=SOURCE,
        condition=condition,
        predicted=1.0,
        measured=float(ratio[k]),
        bound=MEDIAN,
        holds=bool(abs(ratio[k] - 1) <= MEDIAN) if met else None,
    )


def _groups(sgd: Particles, pde: Flow, condition: str, met: bool) -> tuple[Check, ...]:
    """Check at the last time that some |w| are small again and the others large."""
    low, high = sgd.quantiles([0.1, 0.9])[-1]
    pde_low, pde_high = pde.quantiles([0.1, 0.9])[-1]
    t = sgd.times[-1]
    if not pde_low < LOW:
        return ()
    return (
        Check(
            claim=f"10 % quantile of |w| < bound at t = {t:g}: some neurons turn back",
            source=SOURCE,
            condition=condition,
            predicted=float(pde_low),
            measured=float(low),
            bound=LOW,
            holds=bool(low < LOW) if met else None,
        ),
        Check(
            claim=f"90 % quantile of |w|: SGD = PDE +- bound at t = {t:g}",
            source=SOURCE,
            condition=condition,
            predicted=float(pde_high),
            measured=float(high),
            bound=HIGH,
            holds=bool(abs(high - pde_high) <= HIGH) if met else None,
        ),
    )


def falls(problem: Radial, flow: Flow) -> Check:
    """Check that the risk, in closed form, does not rise from one snapshot to the next."""
    risk = np.array([problem.risk(radii) for radii in flow.radii])
    rise = float(np.diff(risk).max(initial=-np.inf))
    return Check(
        claim=f"the PDE's risk never rises: largest change over {len(risk)} snapshots <= bound",
        source="gradient flow of R (1804.06561)",
        condition="met by any solver that is accurate enough",
        predicted=None,
        measured=rise,
        bound=ROUNDING,
        holds=rise <= ROUNDING,
    )


def _shown(count: int) -> list[int]:
    """Return which of the snapshots get a histogram: four at most, the last among them."""
    return sorted({-(-j * (count - 1) // 3) for j in range(4)})


def _diverged(sgd: Particles) -> tuple[str, ...]:
    lost = np.isnan(sgd.risk)
    if not lost.any():
        return ()
    return (f"SGD diverged before t = {sgd.times[lost][0]:g}; the step is too large",)
