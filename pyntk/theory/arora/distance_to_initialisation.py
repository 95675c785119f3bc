"""How far the weights go from their start is what the labels cost: sqrt(y' H^-1 y) at most."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import finite_width_gram, solve
from pyntk.theory.arora import speed
from pyntk.theory.arora.admitted import admit_labels, admit_width
from pyntk.theory.arora.lazy_run import (
    DRAWN,
    LazyRun,
    Problem,
    hypotheses,
    pose,
    train_lazily,
)
from pyntk.theory.check import Check
from pyntk.theory.counts import admit_count, admit_positive
from pyntk.theory.panel import Curve, Panel, curve
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]

EPSILON: Final = 0.02
"""On the sphere, at the default sizes: a NumPy implementation showed .0074."""
EPSILON_ELSEWHERE: Final = 0.1
"""On any other data, whose smallest eigenvalues may ask for much wider networks."""
ROUNDING: Final = 1e-8
"""Relative, of the auxiliary sequence's limit in float64."""


@routine(rows=500, width=16384, steps=1000)
def distance_to_initialisation(
    data: Any = "sphere",
    *,
    rows: int = 100,
    width: int = 4096,
    steps: int = 200,
    step: float = 1.0,
    labels: Sequence[str] = ("true", "random"),
    start: str = "antisymmetric",
    kappa: float = 1.0,
    epsilon: float | None = None,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""The weights end no further from their start than sqrt(y' H^-1 y), as Lemma 5.3 says.

    \|W(k) - W(0)\|_F <= sqrt(y' H^-1 y) (1 + epsilon), and at every step k >= 1

        \|W(k) - W(0)\|_F^2 = sum_i (1 - (1 - eta lambda_i)^k)^2 / lambda_i (v_i.y)^2

    within epsilon, with (lambda_i, v_i) the eigenpairs of H: the sum of the gradient steps of the
    linearised network in closed form, which grows to y' H^-1 y. The proof goes through an auxiliary
    sequence, W~(k+1) = W~(k) - eta Z (Z' W~(k) - y) with Z' W the network linearised at its start,
    Z' Z = H(0): from W~(0) = 0 it tends to Z H(0)^-1 y, whose norm is sqrt(y' H(0)^-1 y). That
    limit is formed with the network's own gradients, and its norm held against the form.

    Args:
        data: a data set's name, a DataSet, or (X, y).
        rows: n.
        width: m.
        steps: K.
        step: eta lambda_max; the distance grows in k up to 1, and its prediction diverges above 2.
        labels: "true", "random" (coin tosses), "worst" (the eigenvector of lambda_0), "normal".
        start: "antisymmetric" (m even, u(0) = 0) or "plain" (the paper's; y - u(0) then stands for
            y).
        kappa: standard deviation of the entries of W(0).
        epsilon: the relative distance allowed; None for .02 on "sphere", and .1 elsewhere.
        seed: of data, labels and network.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the closed form, the bound, and the limit, for each labelling. Series: ``steps``
        (K + 1,), ``distance_L``, ``predicted_L`` (K + 1,) and ``limit_L``, ``limit_at_start_L``
        (1,), the forms of H and H(0), for each labelling L.

    References:
        arXiv 1901.08584, Lemma 5.3 and its proof, section 5.2.
    """
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    width, labels = admit_width(start, width), admit_labels(labels)
    steps, step = admit_count("steps", steps), admit_positive("step", step)
    epsilon = None if epsilon is None else admit_positive("epsilon", epsilon)
    problem = pose(data, rows, seed=seed, how=how, kappa=kappa)
    eta = step / problem.lambda_max
    on_sphere = isinstance(data, str) and data == "sphere"
    allowed = epsilon or (EPSILON if on_sphere else EPSILON_ELSEWHERE)
    runs = {
        kind: train_lazily(
            problem, kind, width=width, eta=eta, steps=steps, start=start, seed=seed, how=how,
            watch=watch, records=0,
        )
        for kind in watch.over(labels)
    }  # fmt: skip
    checks: list[Check] = []
    limits: dict[str, tuple[float | None, float | None]] = {}
    for kind, lazy in runs.items():
        said = hypotheses(problem, lazy, start, allowed)
        limit, singular = norm_of_labels(problem.H, lazy.initial)
        auxiliary, at_start = auxiliary_limit(problem, lazy, start, seed, how)
        limits[kind] = limit, at_start
        checks += [
            speed.distance(lazy.run, lazy.distance, allowed, kind, said),
            speed.distance_limit(lazy.run, limit, allowed, kind, singular or said),
            limit_of_the_sequence(auxiliary, at_start, kind),
        ]
    return Report(
        name="distance_to_initialisation",
        title=f"distance of the weights from their start on {problem.name}, m = {width}",
        checks=tuple(checks),
        series=_series(runs, limits),
        data=problem.facts(),
        settings={
            "width": width, "steps": steps, "eta": eta, "start": start, "kappa": kappa,
            "epsilon": allowed, "seed": seed,
        },
        notes=problem.notes,
        panels=_panels(runs, limits),
    )  # fmt: skip


def norm_of_labels(H: Vector, y: Vector) -> tuple[float | None, str]:
    """Return sqrt(y' H^-1 y) and nothing, or None and why there is none."""
    try:
        return float(np.sqrt(y @ solve(H, y).x)), ""
    except np.linalg.LinAlgError as error:
        return None, f"H is singular: {error}"


def auxiliary_limit(
    problem: Problem, lazy: LazyRun, start: str, seed: int, how: Mapping[str, Any]
) -> tuple[float | None, float | None]:
    r"""Return \|Z H(0)^-1 y\|_F and sqrt(y' H(0)^-1 y); None where H(0) is singular.

    y is y - u(0) where the start is not 0. The gradient of a network of outputs u for targets
    u + alpha is -Z alpha: so one gradient at the start forms the limit.
    """
    network = DRAWN[start](
        lazy.m, problem.X.shape[1], kappa=problem.kappa, seed=seed + 1, derivative_at_zero=1, **how
    )
    network.W = lazy.start
    H0 = finite_width_gram(problem.X, network.W, derivative_at_zero=1, **how)
    limit, _ = norm_of_labels(H0, lazy.initial)
    if limit is None:
        return None, None
    alpha = solve(H0, lazy.initial).x
    outputs = network.forward(problem.X)
    _, gradients = network.loss_and_gradient(problem.X, outputs + alpha)
    return float(np.linalg.norm(gradients.dW)), limit


def limit_of_the_sequence(auxiliary: float | None, form: float | None, labels: str) -> Check:
    """Check that the auxiliary sequence's limit has the norm that the proof gives it.

    Args:
        auxiliary: the norm of the limit, or None where H(0) is singular.
        form: sqrt(y' H(0)^-1 y), or None.
        labels: which labels, for the text of the claim.
    """
    ratio = None if auxiliary is None or form is None else auxiliary / form
    return Check(
        claim=f"{labels}: |W~(inf)| / sqrt(y'H(0)^-1 y) = 1 +- bound, the auxiliary sequence",
        source="Arora Lemma 5.3, proof (1901.08584)",
        condition=f"H(0) positive definite: {'not met' if ratio is None else 'met'}",
        predicted=1.0,
        measured=ratio,
        bound=ROUNDING,
        holds=None if ratio is None else abs(ratio - 1) <= ROUNDING,
    )


def _series(
    runs: Mapping[str, LazyRun], limits: Mapping[str, tuple[float | None, float | None]]
) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {"steps": next(iter(runs.values())).run.steps}
    for kind, lazy in runs.items():
        limit, at_start = (np.nan if value is None else value for value in limits[kind])
        found |= {
            f"distance_{kind}": lazy.run.distance,
            f"predicted_{kind}": lazy.distance,
            f"limit_{kind}": np.array([limit]),
            f"limit_at_start_{kind}": np.array([at_start]),
        }
    return found


def _panels(
    runs: Mapping[str, LazyRun], limits: Mapping[str, tuple[float | None, float | None]]
) -> tuple[Panel, ...]:
    way: list[Curve] = []
    off: list[Curve] = []
    for colour, (kind, lazy) in enumerate(runs.items()):
        k, told = lazy.run.steps, colour == len(runs) - 1
        way += [
            curve(k, lazy.run.distance, f"{kind} labels", colour=colour),
            curve(k, lazy.distance, "prediction" if told else "", "predicted"),
        ]
        limit = limits[kind][0]
        if limit is not None:
            label = r"$\sqrt{y^\top H^{-1} y}$" if told else ""
            way.append(curve([0, k[-1]], [limit, limit], label, "bound"))
        ratio = lazy.run.distance[1:] / lazy.distance[1:] - 1
        off.append(curve(k[1:], ratio, f"{kind} labels", colour=colour))
    return (
        Panel("Distance to initialisation", "step $k$", r"$\|W(k) - W(0)\|_F$", tuple(way)),
        Panel("Measured over predicted, less 1", "step $k$", "relative error", tuple(off)),
    )
