"""Which labels generalise: the bound on the test error, over the portion of random labels."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk import eigh, ntk_gram
from pyntk.theory.arora.convergence import trace
from pyntk.theory.arora.noise import (
    LEAST_RANK_CORRELATION,
    PORTIONS,
    NoiseCurve,
    curve_of,
    error_below_bound,
    noisy_labels,
    random_labels_cost_more,
    rise_together,
)
from pyntk.theory.arora.noisy_networks import train_on_noise
from pyntk.theory.arora.pure_noise import (
    DIGITS_RANKS,
    digits_curve,
    expected_squares,
    noise_cannot_be_learnt,
    noise_costs_the_trace,
)
from pyntk.theory.panel import Curve, Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import Sample, draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]


@routine(data="mnist", rows=10_000, held_out=2000, network=True, width=10_000, steps=100)
def generalisation(
    data: Any = "digits",
    *,
    rows: int = 250,
    held_out: int = 110,
    portions: Sequence[float] = PORTIONS,
    draws: int = 10,
    network: bool = False,
    width: int = 8192,
    steps: int = 1000,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The test error of a wide network is below sqrt(2 y' H^-1 y / n), and grows with it.

    With probability 1 - delta, for a loss l with values in [0, 1] that is 1-Lipschitz and has
    l(y, y) = 0, the network W(k) after k >= Omega(log(n/delta)/(eta lambda_0)) steps has

        E l(f(x), y) <= sqrt(2 y' H^-1 y / n) + O(sqrt(log(n / (lambda_0 delta)) / n)).

    The constant of the O is not given, so the leading term, the complexity, is what is checked, and
    only where it is below 1. As in figure 2, a portion q of the labels is replaced by coin tosses,
    in training and held-out data alike (redrawn: half of them keep their value), for q from 0 to 1.
    What is tested is the limit of training a wide network from f = 0, the interpolant
    f(z) = H(z, X) H^-1 y; with ``network`` also networks of ``width`` neurons.

    Redrawing has an exact mean, ours: with r = round(q n) labels redrawn,
    E y'H^-1 y = p y_0' H^-1 y_0 + (1 - p) trace(H^-1), p = (n - r)(n - r - 1) / (n (n - 1)).

    On the digits 0 and 1 with 250 training rows the numbers of an independent computation are
    checked too.

    Args:
        data: a data set's name, a DataSet, or (X, y).
        rows: n, training rows.
        held_out: rows on which the test error is measured.
        portions: q, portions of random labels, ascending.
        draws: independent redrawings for each portion.
        network: train networks, one for each portion, on its first redrawing. The preset paper
            does, for 100 steps, which takes most of its time: half an hour or more.
        width: m, of the networks.
        steps: of their full-batch gradient descent, eta = 1/lambda_max.
        seed: of the split, the noise, and the networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the kernel's trace, the theorem, the mean over redrawings, the rank correlation of
        complexity and error, and chance at q = 1. Series: ``portions`` (q,); ``complexity``,
        ``error`` (0-1), ``loss`` (min(\|f - y\|, 1)) and ``absolute`` (\|f - y\|), (q, draws);
        ``expected`` (q,), root mean square complexity; with ``network`` also ``network_error``,
        ``network_loss``, ``network_absolute``, ``network_distance`` (of the held-out outputs from
        those of H's gradient descent after as many steps) and ``descent_error`` (of the latter),
        (q,).

    Raises:
        numpy.linalg.LinAlgError: H is singular to working precision.

    References:
        arXiv 1901.08584, Theorem 5.1, Corollary 5.2, section 5 and figure 2.
    """
    q = _admitted(portions, draws)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    sample = draw(data, rows, held_out, seed=seed)
    if not len(sample.y_test):
        raise ValueError("held_out must be at least 1")
    n, d = sample.X.shape
    H, cross = ntk_gram(sample.X, **how), ntk_gram(sample.X_test, sample.X, **how)
    generator = np.random.default_rng([seed, 3])
    Y = noisy_labels(sample.y, q, draws, generator)
    Y_test = noisy_labels(sample.y_test, q, draws, generator)
    found = curve_of(H, cross, q, Y, Y_test)
    eigenvalues, vectors = eigh(H, backend=backend)
    expected = np.sqrt(expected_squares(eigenvalues, vectors.T @ sample.y, q))
    known, inverse = _is_digits(sample), float((1 / eigenvalues).sum())
    checks = [
        trace(H, d),
        error_below_bound(found),
        *([random_labels_cost_more(found, H, inverse)] if q[0] == 0 and q[-1] == 1 else []),
        noise_costs_the_trace(found, eigenvalues),
        rise_together(found, DIGITS_RANKS if known else LEAST_RANK_CORRELATION),
        noise_cannot_be_learnt(found, len(sample.y_test)),
        *(digits_curve(found) if known else ()),
    ]
    series: dict[str, NDArray[Any]] = {**asdict(found), "expected": expected}
    if network:
        trained = train_on_noise(
            sample, cross, Y[:, 0], Y_test[:, 0], (eigenvalues, vectors),
            width=width, steps=steps, seed=seed, how=how, watch=watch,
        )  # fmt: skip
        checks += trained.checks(found)
        series |= trained.series()
    return Report(
        name="generalisation",
        title=f"complexity and test error on {sample.full_name}, labels redrawn",
        checks=tuple(checks),
        series=series,
        data={
            "name": sample.full_name, "n": n, "held_out": len(sample.y_test), "d": d,
            "lambda_0": float(eigenvalues[0]), "lambda_max": float(eigenvalues[-1]),
        },
        settings={
            "portions": q, "draws": draws, "seed": seed,
            **({"width": width, "steps": steps} if network else {}),
        },
        notes=sample.notes,
        panels=_panels(found, expected, series),
        columns=3,
    )  # fmt: skip


def _admitted(portions: Sequence[float], draws: int) -> Vector:
    """Return the portions as an array, or raise ValueError."""
    q = np.asarray(portions, np.float64)
    if q.ndim != 1 or len(q) < 2 or not (np.diff(q) > 0).all() or not (0 <= q[0] < q[-1] <= 1):
        raise ValueError("portions must be at least two ascending numbers in [0, 1]")
    if draws < 1:
        raise ValueError(f"draws must be at least 1, not {draws}")
    return q


def _is_digits(sample: Sample) -> bool:
    """Tell whether the sample is the one that the numbers of :func:`digits_curve` are for."""
    return (sample.name, sample.classes, sample.X.shape) == ("digits", ("0", "1"), (250, 64))


def _panels(
    found: NoiseCurve, expected: Vector, series: dict[str, NDArray[Any]]
) -> tuple[Panel, ...]:
    """Figure 2 of the paper, a panel for each of its curves."""
    q, x = found.portions, "portion of random labels"
    losses = _measured(q, series, "absolute", 0)
    return (
        Panel(r"$\ell_1$ test loss", x, "mean $|f - y|$", losses, y_limits=(0, None)),
        Panel(
            "0-1 test error", x, "share of wrong signs",
            (*_measured(q, series, "error", 1), curve(q, 0 * q + 0.5, "chance", "bound")),
        ),
        Panel(
            "Complexity", x, r"$\sqrt{2 y^\top H^{-1} y / n}$",
            (
                _band(q, found.complexity, "labels", 2),
                curve(q, expected, "exact root mean square", "predicted"),
                curve(q, 0 * q + 1, "1: vacuous above", "bound"),
            ),
        ),
    )  # fmt: skip


def _measured(q: Vector, series: dict[str, NDArray[Any]], name: str, colour: int) -> Any:
    """Return the interpolant's mean curve and, where there are any, the networks' values."""
    curves: tuple[Curve, ...] = (_band(q, series[name], "interpolant of $H$", colour),)
    if f"network_{name}" in series:
        curves += (curve(q, series[f"network_{name}"], "networks", "points", colour=6),)
    return curves


def _band(q: Vector, values: NDArray[Any], label: str, colour: int) -> Curve:
    """Return the mean over the draws with a band of one standard deviation."""
    return curve(q, values.mean(axis=1), label, colour=colour, spread=values.std(axis=1))
