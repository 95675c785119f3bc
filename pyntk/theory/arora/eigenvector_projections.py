"""The spectrum of H, and where labels lie in it: figure 1 of Arora et al."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import label_spectrum, ntk_gram
from pyntk.theory.arora import convergence
from pyntk.theory.arora import projection_checks as claims
from pyntk.theory.counts import admit_count
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

TOP: Final = (5, 10, 25, 50)
"""Numbers of leading eigenvectors that the energy of the labels is given for."""
LEAST_ROWS: Final = 20


@routine(data="mnist", rows=10_000, splits=1)
def eigenvector_projections(
    data: Any = "digits",
    *,
    rows: int = 250,
    splits: int = 10,
    draws: int = 10,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""True labels lie on the leading eigenvectors of H, random labels on all of them alike.

    Training follows \|u(k) - y\|^2 = sum_i (1 - eta lambda_i)^(2k) (v_i.y)^2, so labels that lie on
    eigenvectors of large eigenvalues are learned fast. For uniform random labels E (v_i.y)^2 = 1 at
    every i, whatever the eigenvectors, so k of n eigenvectors hold k/n of their energy on average;
    (v_i.y)^2 has a variance of at most 2. The worst labels, sqrt(n) v_n, lie on the last one.

    Args:
        data: a data set's name, a DataSet, or (X, y) with labels +1 and -1.
        rows: n.
        splits: samples of the data; the first one is drawn.
        draws: random labels of each sample.
        seed: of the samples and the random labels.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the trace, of the energy of the true labels in the leading eigenvectors (for 250
        digits beside declared values), and of the random labels: their mean square by tenths of the
        spectrum, and the law of all of them.
        Series, largest eigenvalue first: ``eigenvalues`` (splits, n), ``true`` (splits, n)
        \|v_i.y\|, ``random`` (splits, n, draws), ``top`` (t,) and the mean energy in so many
        eigenvectors, ``energy_true`` (t,), ``energy_random`` (t,), ``energy_spread`` (t,) the
        standard deviation of ``energy_true`` over the samples.

    Raises:
        ValueError: as :func:`pyntk.theory.sample.draw`; fewer than 20 distinct rows.

    References:
        arXiv 1901.08584, Theorem 4.1 and figure 1 (b, d).
    """
    rows, draws = admit_count("rows", rows, LEAST_ROWS), admit_count("draws", draws)
    splits = admit_count("splits", splits)
    generator = np.random.default_rng([seed, 1])
    eigenvalues, true, random, traces = [], [], [], []
    for s in watch.over(range(splits)):
        sample = draw(data, rows, seed=seed * splits + s)
        n = len(sample.y)
        if n < LEAST_ROWS:
            raise ValueError(f"X has {n} distinct rows; at least {LEAST_ROWS} are needed")
        H = ntk_gram(sample.X, backend=backend, threads=threads)
        traces.append(convergence.trace(H, sample.X.shape[1]))
        Y = np.concatenate([sample.y[:, None], generator.choice([-1.0, 1.0], (n, draws))], axis=1)
        values, squares = label_spectrum(H, Y, overwrite=True, backend=backend)
        eigenvalues.append(values[::-1])
        true.append(np.sqrt(squares[::-1, 0]))
        random.append(np.sqrt(squares[::-1, 1:]))
    values, labels, noise = np.array(eigenvalues), np.array(true), np.array(random)
    top = np.array([k for k in TOP if k < n])
    energy = np.cumsum(labels**2, axis=1)[:, top - 1] / n
    of_noise = np.cumsum(noise**2, axis=1)[:, top - 1].mean(axis=(0, 2)) / n
    return Report(
        name="eigenvector_projections",
        title=f"the spectrum of H on {sample.name}, and the labels in it",
        checks=(
            next((c for c in traces if not c.holds), traces[0]),
            claims.leading(labels**2 / n),
            *(
                claims.declared(int(k), energy[:, t])
                for t, k in enumerate(top)
                if isinstance(data, str) and (data, n) == ("digits", 250)
            ),
            claims.mean_square(noise),
            claims.half_normal(noise),
        ),
        series={
            "eigenvalues": values, "true": labels, "random": noise, "top": top,
            "energy_true": energy.mean(axis=0), "energy_spread": energy.std(axis=0),
            "energy_random": of_noise,
        },
        data={
            "name": sample.name, "n": n, "d": sample.X.shape[1],
            "lambda_max": float(values[0, 0]), "lambda_0": float(values[0, -1]),
        },
        settings={"splits": splits, "draws": draws, "seed": seed},
        notes=sample.notes,
        panels=_panels(values[0], labels[0], noise[0], noise),
        columns=3,
    )  # fmt: skip


def _panels(values: Vector, true: Vector, random: Matrix, noise: Matrix) -> tuple[Panel, ...]:
    n = len(values)
    index = np.arange(1, n + 1)
    edges = np.linspace(0, 4, 41)
    counts, _ = np.histogram(noise, edges, density=True)
    low = 10.0 ** np.floor(np.log10(max(min(values[-1], np.median(true) / 10), 1e-6)))
    return (
        Panel(
            "Eigenvalues and projections (figure 1)", "index $i$ (largest first)",
            r"$\lambda_i$,  $|v_i \cdot y|$",
            (
                curve(index, random[:, 0], r"$|v_i \cdot y|$, random labels", "points", colour=1),
                curve(index, true, r"$|v_i \cdot y|$, true labels", "points"),
                curve(index, values, r"eigenvalue $\lambda_i$", "predicted"),
            ),
            "linear", "log", y_limits=(low, None),
        ),
        Panel(
            "Energy in the leading eigenvectors", "eigenvectors", "share of $|y|^2$",
            (
                curve(index, np.cumsum(true**2) / n, "true labels", "steps"),
                curve(index, np.cumsum(random[:, 0] ** 2) / n, "random labels", "steps", colour=1),
                curve(index, index / n, "$k/n$", "predicted"),
                curve(index, index == n, "worst labels", "steps", colour=6),
            ),
            "log", y_limits=(0, 1.04),
        ),
        Panel(
            "Random labels", r"$|v_i \cdot y|$", "density",
            (
                curve(edges, counts, "all eigenvectors, samples and draws", "bars", colour=1),
                curve(edges, np.sqrt(2 / np.pi) * np.exp(-(edges**2) / 2), "$|N(0,1)|$",
                      "predicted"),
            ),
            y_limits=(0, None),
        ),
    )  # fmt: skip
