"""No neuron moves far while the network learns: its way shrinks as 1/sqrt(m)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.arora.admitted import admit_one_kind, admit_widths
from pyntk.theory.arora.lazy_run import LazyRun, Problem, pose, train_lazily
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count, admit_positive
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

CONSTANT: Final = 0.08
"""How far sqrt(m) max_r |w_r(K) - w_r(0)| may vary over the widths, from least to largest."""
ROUNDING: Final = 1e-4
"""Relative, of float32 training, in comparing a path with the sum of its steps."""


@routine(rows=500, widths=(4096, 16384, 65536), steps=1000)
def movement(
    data: Any = "sphere",
    *,
    rows: int = 100,
    widths: Sequence[int] = (1024, 4096, 16384),
    steps: int = 200,
    step: float = 1.0,
    labels: str = "true",
    start: str = "antisymmetric",
    kappa: float = 1.0,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Every neuron stays within 4 sqrt(n) \|y - u(0)\|/(sqrt(m) lambda_0) of where it began.

    For all k, max_r \|w_r(k) - w_r(0)\| <= 4 sqrt(n) \|y - u(0)\| / (sqrt(m) lambda_0), lambda_0
    the least eigenvalue of H. Its first line in the proof is exact for any network and step:
    a gradient step moves a neuron by eta sqrt(n/m) \|u(k) - y\| at most, so
    max_r \|w_r(k) - w_r(0)\| <= eta sqrt(n/m) sum_{j<k} \|u(j) - y\|. The true movement is one to
    two orders below the bound, and follows its 1/sqrt(m) closely.

    Args:
        data: a data set's name, a DataSet, or (X, y).
        rows: n.
        widths: the widths m.
        steps: K.
        step: eta lambda_max.
        labels: "true", "random" (coin tosses), "worst" (the eigenvector of lambda_0), "normal".
        start: "antisymmetric" (m even, u(0) = 0) or "plain" (the paper's).
        kappa: standard deviation of the entries of W(0).
        seed: of data, labels and networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the bound, of the sum of the steps, and, with several widths, of the 1/sqrt(m)
        law. Series: ``steps`` (K + 1,), ``widths`` (w,), ``moved`` (w, K + 1) max_r \|w_r(k) -
        w_r(0)\|, ``path`` (w, K + 1) the sum of the steps, ``bound`` (w,).

    References:
        arXiv 1810.02054, Lemma 3.3, Corollary 4.1, figure 1 (c); arXiv 1901.08584, Lemma C.1.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    sizes, labels = admit_widths(start, widths), admit_one_kind(labels)
    steps, step = admit_count("steps", steps), admit_positive("step", step)
    problem = pose(data, rows, seed=seed, how=how, kappa=kappa)
    eta = step / problem.lambda_max
    runs: dict[int, LazyRun] = {}
    for m in watch.over(sizes):
        runs[m] = train_lazily(
            problem, labels, width=m, eta=eta, steps=steps, start=start, seed=seed, how=how,
            watch=watch, records=0,
        )  # fmt: skip
    every = np.array(sizes)
    moved = np.array([lazy.run.moved for lazy in runs.values()])
    path = np.array([path_length(lazy) for lazy in runs.values()])
    bound = np.array([movement_bound(problem, lazy) for lazy in runs.values()])
    checks = [within_bound(problem, every, moved, bound), within_path(every, moved, path)]
    if len(every) > 1:
        initial = np.array([np.linalg.norm(lazy.initial) for lazy in runs.values()])
        checks.append(one_over_root(every, moved, initial))
    return Report(
        name="movement",
        title=f"largest movement of a neuron on {problem.name}, {labels} labels",
        checks=tuple(checks),
        series={
            "steps": np.arange(steps + 1), "widths": every, "moved": moved, "path": path,
            "bound": bound,
        },
        data=problem.facts(),
        settings={
            "widths": list(sizes), "steps": steps, "eta": eta, "labels": labels, "start": start,
            "kappa": kappa, "seed": seed,
        },
        notes=problem.notes,
        panels=_panels(problem, runs, moved, bound),
    )  # fmt: skip


def movement_bound(problem: Problem, lazy: LazyRun) -> float:
    r"""4 sqrt(n) \|y - u(0)\| / (sqrt(m) lambda_0); infinite where lambda_0 = 0."""
    if problem.lambda_0 == 0:
        return float("inf")
    size = float(np.linalg.norm(lazy.initial))
    return 4 * float(np.sqrt(len(lazy.y) / lazy.m)) * size / problem.lambda_0


def path_length(lazy: LazyRun) -> Vector:
    r"""eta sqrt(n/m) sum_{j<k} \|u(j) - y\|, for k = 0 .. K: no neuron can have gone further."""
    gone = np.append(0.0, np.cumsum(lazy.run.residual[:-1]))
    length: Vector = lazy.eta * np.sqrt(len(lazy.y) / lazy.m) * gone
    return length


def within_bound(problem: Problem, m: NDArray[np.int64], moved: Vector, bound: Vector) -> Check:
    """Check the corollary's bound, at the width where it comes nearest to failing."""
    largest = np.nan_to_num(moved, nan=np.inf).max(axis=1)
    at = int(np.argmax(largest / bound))
    met = problem.lambda_0 > 0
    return Check(
        claim=f"max |w_r(k)-w_r(0)| <= 4 sqrt(n)|y-u(0)|/(sqrt(m) lambda_0) (worst: m = {m[at]})",
        source="Du Cor 4.1, Arora Lemma C.1 (1810.02054, 1901.08584)",
        condition=(
            "lambda_0 > 0: met; proven where the rate of Theorem 4.1 holds; every width and step"
            if met
            else "lambda_0 > 0: not met"
        ),
        predicted=None,
        measured=float(largest[at]),
        bound=float(bound[at]),
        holds=bool((largest <= bound).all()) if met else None,
    )


def within_path(m: NDArray[np.int64], moved: Vector, path: Vector) -> Check:
    """Check that no neuron went further than the sum of its largest possible steps."""
    with np.errstate(invalid="ignore"):
        ratio = np.nan_to_num(moved[:, 1:] / path[:, 1:], nan=np.inf)
    w, k = np.unravel_index(int(np.argmax(ratio)), ratio.shape)
    return Check(
        claim=f"max |w_r(k)-w_r(0)| / (eta sqrt(n/m) sum |u(j)-y|) <= 1 (worst: m = {m[w]})",
        source="Du Lemma 3.3, proof (1810.02054)",
        condition=f"rows of unit norm, any step; rounding {ROUNDING:g}; worst at k = {k + 1}",
        predicted=None,
        measured=float(ratio[w, k]),
        bound=1 + ROUNDING,
        holds=bool((ratio <= 1 + ROUNDING).all()),
    )


def one_over_root(m: NDArray[np.int64], moved: Vector, initial: Vector) -> Check:
    r"""Check that sqrt(m) times the largest movement, per \|y - u(0)\|, is the same at every m.

    Args:
        m: (w,) widths.
        moved: (w, K + 1); the last step is looked at.
        initial: (w,) \|y - u(0)\|.
    """
    scaled = np.sqrt(m) * moved[:, -1] / initial
    mean = float(scaled.mean())
    spread = float((scaled.max() - scaled.min()) / mean)
    return Check(
        claim=f"sqrt(m) max |w_r(K)-w_r(0)| / |y-u(0)|, m = {m[0]} .. {m[-1]}: range/mean <= bound",
        source="Du Cor 4.1, fig. 1(c) (1810.02054)",
        condition=f"the bound's 1/sqrt(m); {mean:.4g} on average; 8 % declared beforehand",
        predicted=0.0,
        measured=spread,
        bound=CONSTANT,
        holds=spread <= CONSTANT,
    )


def _panels(
    problem: Problem, runs: Mapping[int, LazyRun], moved: Vector, bound: Vector
) -> tuple[Panel, ...]:
    k = np.arange(moved.shape[1])
    m = np.array(list(runs))
    paths = [curve(k, moved[w], f"$m$ = {m[w]:,}", colour=w) for w in range(len(m))]
    first = (
        Panel("Largest movement", "step $k$", r"$\max_r \|w_r(k) - w_r(0)\|$", tuple(paths)),
    )  # fmt: skip
    if len(m) == 1:
        return first
    lines = [
        curve(m, moved[:, -1], "measured"),
        curve(m, moved[0, -1] * np.sqrt(m[0] / m), r"$\propto 1/\sqrt{m}$", "predicted"),
    ]
    if problem.lambda_0 > 0:
        lines.append(curve(m, bound, "bound (Corollary 4.1)", "bound"))
    return (
        *first,
        Panel(
            f"After {k[-1]} steps", "width $m$", r"$\max_r \|w_r(K) - w_r(0)\|$",
            tuple(lines), "log", "log",
        ),
    )  # fmt: skip
