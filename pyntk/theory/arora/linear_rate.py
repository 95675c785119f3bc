"""Gradient descent on a wide network fits any labels at a linear rate that lambda_0 gives."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import eigvalsh, finite_width_gram
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora.admitted import admit_labels, admit_width
from pyntk.theory.arora.lazy_run import LazyRun, Problem, pose, train_lazily
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count, admit_positive
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

RECORDS: Final = 12
"""Steps at which the network's kernel H(k) is looked at."""


@routine(rows=500, width=16384, steps=1000)
def linear_rate(
    data: Any = "sphere",
    *,
    rows: int = 100,
    width: int = 4096,
    steps: int = 200,
    step: float = 1.0,
    labels: Sequence[str] = ("true", "random"),
    start: str = "antisymmetric",
    kappa: float = 1.0,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The squared residual falls by a factor 1 - eta lambda_0/2 a step at least, for any labels.

    \|u(k) - y\|^2 <= (1 - eta lambda_0/2)^k \|u(0) - y\|^2 for every k: full-batch gradient descent
    of step eta on Phi = 1/2 \|u - y\|^2, lambda_0 the least eigenvalue of H. It is proven for
    m = Omega(n^6/(lambda_0^4 delta^3)) neurons and eta = O(lambda_0/n^2), and tested far from both.
    What makes it true is tested beside it: the least eigenvalue of the network's own kernel H(k)
    stays above lambda_0/2 at every step. (The kernel alone gives the rate (1 - eta lambda_0)^2:
    the theorem leaves a factor of four for what the kernel may lose.)

    With more than d antipodal pairs lambda_0 = 0, and the theorem says nothing; nor does it hold
    for a step above 2/lambda_max, where the residual grows.

    Args:
        data: a data set's name, a DataSet, or (X, y).
        rows: n.
        width: m.
        steps: K.
        step: eta lambda_max.
        labels: "true", "random" (coin tosses), "worst" (the eigenvector of lambda_0), "normal".
        start: "antisymmetric" (m even, u(0) = 0) or "plain" (the paper's).
        kappa: standard deviation of the entries of W(0).
        seed: of data, labels and network.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the rate and of lambda_min(H(k)) for each labelling. Series: ``steps`` (K + 1,),
        ``bound`` (K + 1,) = (1 - eta lambda_0/2)^k, and for each labelling L ``squared_L``
        (K + 1,) = \|u(k) - y\|^2/\|u(0) - y\|^2, ``recorded_L`` (T,) steps and ``least_L`` (T,)
        least eigenvalues of H(k).

    References:
        arXiv 1810.02054, Theorem 4.1 (gradient descent), 3.2 (flow), Lemmas 3.2 and 3.3.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    width, labels = admit_width(start, width), admit_labels(labels)
    steps, step = admit_count("steps", steps), admit_positive("step", step)
    problem = pose(data, rows, seed=seed, how=how, kappa=kappa)
    eta, lambda_0 = step / problem.lambda_max, problem.lambda_0
    runs, least = {}, {}
    for kind in watch.over(labels):
        lazy = train_lazily(
            problem, kind, width=width, eta=eta, steps=steps, start=start, seed=seed, how=how,
            watch=watch, records=RECORDS, distances=False, keep_weights=True,
        )  # fmt: skip
        runs[kind], least[kind] = lazy, least_eigenvalues(problem, lazy, how)
    checks: list[Check] = []
    for kind, lazy in runs.items():
        checks.append(du.linear_rate(lazy.run, eta, lambda_0, kind))
        checks.append(du.kernel_keeps_its_least_eigenvalue(least[kind], lambda_0, kind))
    k = np.arange(steps + 1)
    squared = {kind: (lazy.run.residual / lazy.run.residual[0]) ** 2 for kind, lazy in runs.items()}
    bound = du.rate_bound(k, eta, lambda_0)
    return Report(
        name="linear_rate",
        title=f"squared residuals on {problem.name} against Theorem 4.1, m = {width}",
        checks=tuple(checks),
        series={
            "steps": k, "bound": bound,
            **{f"squared_{kind}": values for kind, values in squared.items()},
            **{f"recorded_{kind}": np.append(0, r.run.recorded) for kind, r in runs.items()},
            **{f"least_{kind}": values for kind, values in least.items()},
        },
        data=problem.facts(),
        settings={
            "width": width, "steps": steps, "eta": eta, "start": start, "kappa": kappa,
            "seed": seed,
        },
        notes=problem.notes,
        panels=_panels(problem, runs, squared, bound, least),
    )  # fmt: skip


def least_eigenvalues(problem: Problem, lazy: LazyRun, how: dict[str, Any]) -> Vector:
    """Return (1 + T,) lambda_min(H(k)) of the network, at the start and at the recorded steps."""
    looked = [lazy.start, *(() if lazy.run.weights is None else lazy.run.weights)]
    return np.array([
        float(eigvalsh(finite_width_gram(problem.X, W, derivative_at_zero=1, **how))[0])
        for W in looked
    ])  # fmt: skip


def _panels(
    problem: Problem,
    runs: dict[str, LazyRun],
    squared: dict[str, Vector],
    bound: Vector,
    least: dict[str, Vector],
) -> tuple[Panel, ...]:
    k = np.arange(len(bound))
    rates, kernels = [], []
    for colour, (kind, lazy) in enumerate(runs.items()):
        rates.append(curve(k, squared[kind], f"{kind} labels", colour=colour))
        at = np.append(0, lazy.run.recorded)
        kernels.append(curve(at, least[kind], f"{kind} labels", colour=colour))
    ends = np.array([0, k[-1]])
    lambda_0 = problem.lambda_0
    return (
        Panel(
            "Rate (Theorem 4.1)", "step $k$", r"$\|u(k) - y\|^2 / \|u(0) - y\|^2$",
            (*rates, curve(k, bound, r"$(1 - \eta \lambda_0/2)^k$", "bound")), "linear", "log",
        ),
        Panel(
            "Least eigenvalue of $H(k)$", "step $k$", r"$\lambda_{min}(H(k))$",
            (
                *kernels,
                curve(ends, [lambda_0, lambda_0], r"$\lambda_0$", "predicted"),
                curve(ends, [lambda_0 / 2, lambda_0 / 2], r"$\lambda_0/2$", "bound"),
            ),
            y_limits=(0, None),
        ),
    )  # fmt: skip
