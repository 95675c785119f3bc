"""Few activation patterns change while the network learns, so that its kernel hardly changes."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, finite_width_gram
from pyntk import pattern_flips as patterns_that_flipped
from pyntk.data import sphere
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora.admitted import admit_one_kind, admit_widths
from pyntk.theory.arora.lazy_run import LazyRun, Problem, independent, pose, train_lazily
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count, admit_positive
from pyntk.theory.panel import Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.training import KEPT_BYTES
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

RATIO: Final = (1.7, 2.3)
"""Where flips(m)/flips(4m) has to be; the law 1/sqrt(m) says 2."""
LOOKS: Final = 8
"""Steps at which patterns are looked at, evenly spread."""
PANEL_A: Final = (
    "the training error hardly depends on the width: the strong dependence in the paper's figure "
    "1 (a) does not come out with plain gradient descent of one step size"
)
ETA: Final = 0.1
"""The step on the paper's data, of which it says that it is fixed."""


@routine(rows=1000, widths=(500, 1000, 2000, 4000, 8000))
def pattern_flips(
    data: Any = "sphere",
    *,
    rows: int = 200,
    inputs: int | None = None,
    widths: Sequence[int] = (500, 1000, 2000, 4000, 8000),
    steps: int = 100,
    eta: float | None = None,
    labels: str = "normal",
    start: str = "plain",
    kappa: float = 1.0,
    delta: float = 0.01,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Few activation patterns flip in training, and fewer the wider the network.

    The pattern 1{w_r.x_i >= 0} can flip only where neuron r moved by \|w_r(0).x_i\| at least. So
    for neurons that moved by R at most, the expected share of flipped patterns is
    P(\|N(0, kappa^2)\| <= R) <= 2 R/(sqrt(2 pi) kappa), and H(k) stays close to H(0): an entry
    differs from the start's only by neurons that flipped on one of its two rows. R falls as
    \|y - u(0)\|/sqrt(m), and with it the share: flips(m)/flips(4m), each divided by its own
    \|y - u(0)\|, is about 2.

    The default is the set-up of the paper's figure 1, smaller: rows uniform on the unit sphere of
    R^n, labels N(0, 1), full-batch gradient descent of one step size for every width. Its panels
    (b), flips, and (c), movement, come out; the strong dependence of its panel (a), the training
    error, on the width does not, with one step size for all widths. (The paper does not give its
    step size.)

    Args:
        data: "sphere", another data set's name, a DataSet, or (X, y).
        rows: n.
        inputs: d of "sphere"; None for d = n.
        widths: the widths m.
        steps: K, epochs.
        eta: step; None for 0.1, or 1/lambda_max where that is smaller.
        labels: "normal" (N(0, 1)), "true", "random" (coin tosses), "worst" (the eigenvector of
            lambda_0).
        start: "plain" (the paper's) or "antisymmetric" (m even, u(0) = 0).
        kappa: standard deviation of the entries of W(0).
        delta: probability with which the bound on the share may fail.
        seed: of data, labels and networks.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the rule, the share, the kernel's change, and the ratios. Series: ``steps``
        (K + 1,), ``widths`` (w,), ``log_error`` (w, K + 1) log of the mean squared residual,
        ``moved`` (w, K + 1) max_r \|w_r(k) - w_r(0)\|; ``recorded`` (T,) steps and ``flips`` (w, T)
        shares.

    References:
        arXiv 1810.02054, Lemma 3.2 and figure 1.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    sizes, labels = admit_widths(start, widths), admit_one_kind(labels)
    rows, steps = admit_count("rows", rows), admit_count("steps", steps)
    delta = admit_positive("delta", delta, below=1)
    inputs = rows if inputs is None else admit_count("inputs", inputs)
    own = isinstance(data, str) and data == "sphere"
    found = sphere(rows, inputs, seed) if own else data
    problem = pose(found, rows, seed=seed, how=how, kappa=kappa)
    eta = min(ETA, 1 / problem.lambda_max) if eta is None else admit_positive("eta", eta)
    looks = _looks(steps, sizes[-1], problem.X.shape[1])
    runs = [
        train_lazily(
            problem, labels, width=m, eta=eta, steps=steps, start=start, seed=seed, how=how,
            watch=watch, records=looks,
        )
        for m in watch.over(sizes)
    ]  # fmt: skip
    n = len(problem.y)
    shares = [
        du.flip_share(r.run, kappa, n, independent(start, r.m), delta, f"m = {r.m}") for r in runs
    ]
    return Report(
        name="pattern_flips",
        title=f"activation patterns on {problem.name}, {labels} labels",
        checks=(
            rule(runs),
            nearest_to_failing(shares),
            kernel_change(problem, runs, how),
            *([ratios(runs)] if _fourfold(runs) else []),
        ),
        series=_series(runs),
        data=problem.facts(),
        settings={
            "widths": [r.m for r in runs], "steps": steps, "eta": eta, "labels": labels,
            "start": start, "kappa": kappa, "delta": delta, "seed": seed,
        },
        notes=(*problem.notes, *((PANEL_A,) if own and labels == "normal" else ())),
        panels=_panels(runs),
        columns=3,
    )  # fmt: skip


def rule(runs: Sequence[LazyRun]) -> Check:
    """Check the rule for every pair of neuron and row that flipped, in all runs."""
    return du.flip_rule([lazy.run for lazy in runs], f"{len(runs)} widths")


def nearest_to_failing(checks: Sequence[Check]) -> Check:
    """Return a check that failed; else the one whose measured value is nearest to its bound."""

    def closeness(check: Check) -> float:
        if check.holds is None or not check.bound or check.measured is None:
            return -1.0
        return np.inf if check.holds is False else check.measured / check.bound

    return max(checks, key=closeness)


def kernel_change(problem: Problem, runs: Sequence[LazyRun], how: Mapping[str, Any]) -> Check:
    r"""Check that the kernel changed by no more than the flips allow, pair by pair of rows.

    H_ij(K) and H_ij(0) differ only by neurons that flipped on row i or on row j, each by
    \|x_i.x_j\|/m: \|H_ij(K) - H_ij(0)\| <= \|x_i.x_j\| (s_i + s_j), s_i the share that flipped on
    row i. The check is of the largest of what is left over 1, at the width where it is largest.
    """
    over = np.array([_largest_change(problem, lazy, how) for lazy in runs])
    at = int(np.argmax(np.nan_to_num(over, nan=np.inf)))
    return Check(
        claim=f"max |H_ij(K)-H_ij(0)| / (|x_i.x_j| (s_i+s_j)) <= 1, every m (worst: {runs[at].m})",
        source="Du Lemma 3.2, proof (1810.02054)",
        condition="s_i: the share of neurons that flipped on row i; any training: met",
        predicted=None,
        measured=float(over[at]),
        bound=1.0,
        holds=bool((over <= 1).all()),
    )


def _largest_change(problem: Problem, lazy: LazyRun, how: Mapping[str, Any]) -> float:
    """Return the check's measured value for one run; NaN if it diverged."""
    if lazy.run.diverged is not None:
        return float("nan")
    X, how = problem.X, {"derivative_at_zero": 1, **how}
    weights = [lazy.start.astype(np.float64), lazy.network.W.astype(np.float64)]
    H0, H = (finite_width_gram(X, W, **how) for W in weights)
    patterns = [TwoLayer(W, np.ones(lazy.m), **how).patterns(X) for W in weights]
    share = patterns_that_flipped(*patterns) / lazy.m
    allowed = np.abs(X @ X.T) * (share[:, None] + share[None, :])
    # Both kernels are rounded: a unit in the last place of each entry is not a change.
    rounding = 8 * np.finfo(np.float64).eps * (np.abs(H) + np.abs(H0))
    return float(((np.abs(H - H0) - rounding) / np.maximum(allowed, 1e-300)).max())


def ratios(runs: Sequence[LazyRun]) -> Check:
    r"""Check flips(m)/flips(4m) at the last step, each flips divided by its \|y - u(0)\|."""
    found = {}
    for few, many in _fourfold(runs):
        known = few.run.diverged is None and many.run.diverged is None
        found[few.m] = _share_per_size(few) / _share_per_size(many) if known else np.nan
    off = {m: np.inf if np.isnan(ratio) else abs(np.log(ratio / 2)) for m, ratio in found.items()}
    m = max(off, key=lambda width: off[width])
    low, high = RATIO
    return Check(
        claim=f"s(m)/s(4m) = 2 +- bound, s = flips / |y-u(0)|, every m (worst: m = {m})",
        source="Du Lemma 3.2, fig. 1(b) (1810.02054)",
        condition="R ~ |y-u(0)|/sqrt(m): for widths at which the kernel hardly changes",
        predicted=2.0,
        measured=found[m],
        bound=(high - low) / 2,
        holds=all(low <= ratio <= high for ratio in found.values()),
    )


def _share_per_size(lazy: LazyRun) -> float:
    r"""Return the share of flips at the last step, divided by \|y - u(0)\|."""
    return float(lazy.run.flips[-1] / np.linalg.norm(lazy.initial))


def _fourfold(runs: Sequence[LazyRun]) -> list[tuple[LazyRun, LazyRun]]:
    """Return the pairs of runs of widths m and 4m."""
    by_width = {lazy.m: lazy for lazy in runs}
    return [(lazy, by_width[4 * m]) for m, lazy in by_width.items() if 4 * m in by_width]


def _looks(steps: int, width: int, inputs: int) -> list[int]:
    """Return the steps to look at, evenly spread, as many as memory allows at the largest width."""
    count = min(LOOKS, steps, max(1, KEPT_BYTES // (4 * width * inputs)))
    last_first = np.linspace(steps, 0, count, endpoint=False).round().astype(int)
    found: list[int] = np.unique(last_first).tolist()
    return found


def _log_error(lazy: LazyRun) -> Vector:
    """Return (K + 1,) the logarithm of the mean squared residual."""
    logarithm: Vector = np.log(lazy.run.residual**2 / len(lazy.y))
    return logarithm


def _series(runs: Sequence[LazyRun]) -> dict[str, NDArray[Any]]:
    return {
        "steps": runs[0].run.steps,
        "widths": np.array([lazy.m for lazy in runs]),
        "log_error": np.array([_log_error(lazy) for lazy in runs]),
        "moved": np.array([lazy.run.moved for lazy in runs]),
        "recorded": runs[0].run.recorded,
        "flips": _padded([lazy.run.flips for lazy in runs]),
    }


def _padded(rows: Sequence[Vector]) -> Vector:
    """Return rows as one array, NaN where a run that diverged has none."""
    most = max(map(len, rows))
    return np.array([np.append(row, np.full(most - len(row), np.nan)) for row in rows])


def _panels(runs: Sequence[LazyRun]) -> tuple[Panel, ...]:
    """Figure 1 of the paper: training error, flips and movement against the epochs."""
    errors, flips, moved = [], [], []
    for colour, lazy in enumerate(runs):
        run, name = lazy.run, f"$m$ = {lazy.m:,}"
        errors.append(curve(run.steps, _log_error(lazy), name, colour=colour))
        at = np.append(0, run.recorded)
        flips.append(curve(at, np.append(0.0, run.flips), name, colour=colour))
        moved.append(curve(run.steps, run.moved, name, colour=colour))
    epochs = "epochs"
    return (
        Panel("(a) Training error", epochs, r"$\log(\|u - y\|^2 / n)$", tuple(errors)),
        Panel("(b) Flipped patterns", epochs, "share of all patterns", tuple(flips)),
        Panel("(c) Largest movement", epochs, r"$\max_r \|w_r - w_r(0)\|$", tuple(moved)),
    )
