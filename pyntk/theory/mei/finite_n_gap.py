"""How far the risk of N particles drawn from a measure is from the risk of the measure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, distributions
from pyntk.activation import piecewise_linear
from pyntk.theory.check import Check
from pyntk.theory.mei.gaussian_hinges import Hinges, as_hinges, expectation, product
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ALLOWED: float = 0.03
"""Largest relative distance of N (E R_N - R) from the coefficient: 3 standard errors at N = 80
with 2000 draws, more at smaller N."""
SHARP: float = 3.0
"""Standard errors that must fit in it; with larger ones the check can only fail, not hold,"""
UNLIKELY: float = 5.0
"""and does where the distance is above so many of them."""


@routine(widths=(10, 20, 40, 80, 160, 320), draws=8000)
def finite_n_gap(
    data: Any = "mixture",
    *,
    rows: int = 1000,
    d: int = 40,
    separation: float = 0.8,
    kappa: float = 0.8,
    widths: Sequence[int] = (10, 20, 40, 80),
    draws: int = 2000,
    power: float = 1.0,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""N particles drawn from rho have the risk R(rho) + C/N on average: the gap is 1/N, exactly.

    For theta_1, ..., theta_N independent with the law rho, R_N(theta) = E_x (y - (1/N) sum_i
    sigma_*(x; theta_i))^2 has the mean R(rho) + C/N with C = int U(theta, theta) d rho - int int
    U d rho d rho = E_x Var_theta sigma_*(x; theta). So inf R_N <= inf R + K/N. Here rho is the
    start w ~ N(0, kappa^2 I / d) of the paper's example 1, sigma_*(x; w) = sigma(w.x) with sigma
    -2.5 up to 1/2, 7.5 from 3/2 on, linear between. All of R_N, R and C are taken over the same
    rows x; R and C are in closed form, for w.x is Gaussian given x.

    Args:
        data: "mixture" (x ~ N(0, (1 + separation)^2 I) with y = 1, or N(0, (1 - separation)^2 I)
            with y = -1), (X, y), or a data set by name, whose rows are scaled to the norm sqrt d.
        rows: of the pool.
        d: inputs of the mixture.
        separation: Delta of the mixture.
        kappa: of the law of w.
        widths: the numbers N of particles.
        draws: independent networks for each N.
        power: the output is N^-power times the sum; the claim is about 1.
        seed: of the data and the networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        A check of N (E R_N - R) / C = 1. Series: ``widths`` (w,), ``scaled_gap`` (w,) of
        N (E R_N - R), ``standard_error`` (w,) of it, ``risks`` (w, draws).

    References:
        arXiv 1804.06561: the gap of at most K/N between inf R_N and inf R; the exact coefficient
        is ours.
    """
    X, y, name = _pool(data, rows, d, separation, seed)
    N = _widths(widths)
    if draws < 2:
        raise ValueError(f"draws must be at least 2, not {draws}")
    if not kappa > 0:
        raise ValueError(f"kappa must be above 0, not {kappa}")
    sigma = piecewise_linear([0.5, 1.5], [-2.5, 7.5])
    risk, coefficient = limit(as_hinges(sigma), X, y, kappa)
    risks = np.empty((len(N), draws))
    for w, n in enumerate(watch.over(N.tolist())):
        for k in range(draws):
            network = TwoLayer.mean_field(
                n, X.shape[1], kappa=kappa, seed=seed + 1 + k * len(N) + w, scale=n**-power,
                activation=sigma, backend=backend, threads=threads,
            )  # fmt: skip
            risks[w, k] = np.square(network.forward(X) - y).mean()
    gap = N * (risks.mean(axis=1) - risk)
    error = N * risks.std(axis=1, ddof=1) / np.sqrt(draws)
    return Report(
        name="finite_n_gap",
        title=f"the risk of N particles against that of their law, {draws} draws",
        checks=(gap_is_exact(N, gap, coefficient, error, power),),
        series={"widths": N, "scaled_gap": gap, "standard_error": error, "risks": risks},
        data={"name": name, "n": len(y), "d": X.shape[1], "R": risk, "C": coefficient},
        settings={"widths": N.tolist(), "draws": draws, "kappa": kappa, "power": power,
                  "seed": seed},
        panels=_panels(N, risks, risk, coefficient, gap, error),
    )  # fmt: skip


def limit(hinges: Hinges, X: Matrix, y: Vector, kappa: float) -> tuple[float, float]:
    """Return R(rho) and C over the rows of X for w ~ N(0, kappa^2 I / d): w.x is Gaussian."""
    zero = np.zeros(len(X))
    deviation = kappa * np.linalg.norm(X, axis=1) / np.sqrt(X.shape[1])
    mean = expectation(hinges, zero, deviation).value
    square = product(hinges, (zero, deviation), (zero, deviation), deviation**2).value
    return float(np.square(y - mean).mean()), float((square - mean**2).mean())


def gap_is_exact(
    N: NDArray[Any], gap: Vector, coefficient: float, error: Vector, power: float
) -> Check:
    """Check N (E R_N - R) / C = 1, and say nothing where the draws are too few to tell."""
    scale = coefficient if coefficient > 0 else np.nan
    ratio, share = gap / scale, error / scale
    off = np.abs(ratio - 1)
    at = int(np.argmax(off))
    enough = bool((share <= ALLOWED / SHARP).all())
    right = bool((off <= np.where(share <= ALLOWED / SHARP, ALLOWED, UNLIKELY * share)).all())
    return Check(
        claim=f"N (E R_N - R) / (E_x Var sigma_*) = 1 +- bound, every N (worst: N = {N[at]})",
        source="exact gap, ours (after Mei et al., inf R_N <= inf R + K/N, 1804.06561)",
        condition=(
            f"independent particles, output N^-1 sum: {'met' if power == 1 else 'not met'} "
            f"(N^-{power:g}); R_N, R and C over the same rows; standard error {share[at]:.1%}"
            f"{'' if enough or not right else ', too few draws to tell'}"
        ),
        predicted=1.0,
        measured=float(ratio[at]),
        bound=ALLOWED,
        holds=right and (True if enough else None),
    )


def _pool(data: Any, rows: int, d: int, separation: float, seed: int) -> tuple[Matrix, Vector, str]:
    if not isinstance(data, str) or data != "mixture":
        sample = draw(data, rows, seed=seed)
        return sample.X * np.sqrt(sample.X.shape[1]), sample.y, sample.name
    if rows < 1 or not 0 <= separation <= 1:
        raise ValueError(f"rows must be at least 1 and separation in [0, 1]: {rows}, {separation}")
    mixture = distributions.gaussian_mixture(0, [1 + separation, 1 - separation], [1, -1], d=d)
    X, y = mixture.sample(rows, seed=seed)
    return X, y.astype(np.float64), f"isotropic Gaussians, Delta = {separation:g}"


def _widths(widths: Sequence[int]) -> NDArray[np.int64]:
    N = np.asarray(widths)
    if N.ndim != 1 or not len(N) or N.dtype.kind not in "iu" or (N < 1).any():
        raise ValueError(f"widths must be integers of at least 1, not {widths}")
    return N.astype(np.int64)


def _panels(
    N: NDArray[np.int64],
    risks: Matrix,
    risk: float,
    coefficient: float,
    gap: Vector,
    error: Vector,
) -> tuple[Panel, ...]:
    level = np.full(len(N), coefficient)
    return (
        Panel(
            "The mean risk above the limit", "particles $N$", r"$E\,R_N - R(\rho)$",
            (
                curve(N, risks.mean(axis=1) - risk, "networks, mean"),
                curve(N, coefficient / N, "$C/N$", "predicted"),
            ),
            "log", "log",
        ),
        Panel(
            "Times $N$, with two standard errors", "particles $N$", r"$N (E\,R_N - R(\rho))$",
            (
                curve(N, gap, "networks", spread=2 * error),
                curve(N, level, r"$C = E_x\,\mathrm{Var}_\theta\,\sigma_*$", "predicted"),
            ),
            "log", y_limits=(0.9 * coefficient, 1.1 * coefficient) if coefficient > 0 else (0, 1),
        ),
    )  # fmt: skip
