"""What is measured for an explanation: the problem, the runs, the noise curve, and their checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, eigh, finite_width_gram, ntk_gram
from pyntk.data import split
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora import noise as generalisation
from pyntk.theory.arora import speed
from pyntk.theory.arora.noise import NoiseCurve
from pyntk.theory.check import Check
from pyntk.theory.rows import Angles, Rows, angles, clean
from pyntk.theory.training import TrainingRun, train
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Settings:
    """What was chosen; see :func:`pyntk.theory.explain`."""

    width: int
    steps: int
    eta: float
    seed: int
    epsilon: float
    delta: float
    draws: int
    backend: str
    kappa: float = 1.0

    @property
    def independent(self) -> int:
        """m': independent neurons of the antisymmetric start."""
        return self.width // 2

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name."""
        return {**asdict(self), "training_dtype": "float32", "kernel_dtype": "float64"}


@dataclass(frozen=True)
class Problem:
    """Training rows, held-out rows, and the kernel with its spectrum.

    Attributes:
        X: (n, d) training rows of unit norm.
        y: (n,) their labels.
        y_test: (p,) labels of the held-out rows.
        H: (n, n) float64.
        cross: (p, n) kernel between held-out and training rows.
        eigenvalues: (n,) ascending.
        vectors: (n, n) whose columns are the eigenvectors.
        cleaned: all rows and what was dropped.
        angles: how close the training rows come to being parallel.
        singular: why H cannot be inverted; empty if it can.
    """

    X: Matrix
    y: Vector
    y_test: Vector
    H: Matrix
    cross: Matrix
    eigenvalues: Vector
    vectors: Matrix
    cleaned: Rows
    angles: Angles
    singular: str

    def facts(self, outcomes: Sequence["Outcome"]) -> dict[str, Any]:
        """Return the data in numbers."""
        low, high = float(self.eigenvalues[0]), float(self.eigenvalues[-1])
        return {
            "n": len(self.y),
            "held_out": len(self.y_test),
            "d": self.X.shape[1],
            "zero_rows": self.cleaned.zero,
            "duplicates": self.cleaned.duplicates,
            "conflicting": self.cleaned.conflicting,
            "near_parallel": self.angles.near_parallel,
            "antipodal": self.angles.antipodal,
            "least_angle": self.angles.least,
            "lambda_max": high,
            "lambda_0": low,
            "condition": high / low if low > 0 else None,
            **{
                f"top_ten_{o.kind}": float((o.projections[-10:] ** 2).sum() / len(self.y))
                for o in outcomes
            },
        }

    def notes(self) -> tuple[str, ...]:
        """Say what was dropped and what could not be done."""
        notes = []
        if self.cleaned.sampled_from:
            notes.append(
                f"{len(self.cleaned.y) + self.cleaned.zero + self.cleaned.duplicates} of "
                f"{self.cleaned.sampled_from} rows were drawn at random, and the others left out"
            )
        if self.cleaned.zero:
            notes.append(f"{self.cleaned.zero} zero rows were dropped: they have no direction")
        if self.cleaned.duplicates:
            notes.append(
                f"{self.cleaned.duplicates} rows with the direction of an earlier row were "
                f"dropped, {self.cleaned.conflicting} of them with another label than the row that "
                "was kept: two equal rows make H singular"
            )
        if self.singular:
            notes.append(f"no complexity and no interpolant: {self.singular}")
        return tuple(notes)


@dataclass(frozen=True)
class Outcome:
    r"""A run on one set of labels, beside its prediction.

    Attributes:
        kind: "true" or "random".
        projections: (n,) v_i.y.
        H0: (n, n) kernel of the network at the start.
        run: what was measured.
        residual: (K + 1,) predicted.
        distance: (K + 1,) predicted.
        limit: sqrt(y' H^-1 y), or None where H is singular.
    """

    kind: str
    projections: Vector
    H0: Matrix
    run: TrainingRun
    residual: Vector
    distance: Vector
    limit: float | None


def pose(
    X: Any, y: Any, rows: Callable[[int], int], most: int, seed: int, how: Mapping[str, Any]
) -> Problem:
    """Clean and split the rows; compute the kernel and its spectrum.

    Args:
        X: (n, d) rows.
        y: (n,) labels.
        rows: how many rows to train on, given how many distinct ones there are.
        most: rows to look at, drawn at random where there are more.
        seed: of that draw and of the split.
        how: ``backend`` and ``threads``.
    """
    cleaned = clean(X, y, most, seed)
    count = len(cleaned.y)
    if count < 4:
        raise ValueError(f"X has {count} distinct rows that are not zero; at least 4 are needed")
    n = rows(count)
    training, held_out = split(count, n, max(min(count - n, n, 1000), 1), seed)
    x, z = cleaned.X[training], cleaned.X[held_out]
    H = ntk_gram(x, **how)
    eigenvalues, vectors = eigh(H, backend=how["backend"])
    try:
        generalisation.solve(H, cleaned.y[training])
        singular = ""
    except np.linalg.LinAlgError as error:
        singular = str(error)
    return Problem(
        X=x,
        y=cleaned.y[training],
        y_test=cleaned.y[held_out],
        H=H,
        cross=ntk_gram(z, x, **how),
        eigenvalues=eigenvalues,
        vectors=vectors,
        cleaned=cleaned,
        angles=angles(x),
        singular=singular,
    )


def train_on(
    problem: Problem,
    kind: str,
    y: Vector,
    settings: Settings,
    how: Mapping[str, Any],
    watch: Watch,
) -> Outcome:
    """Train a fresh network on labels y, and predict what it does."""
    n, d = problem.X.shape
    network = TwoLayer.antisymmetric(
        settings.width, d, kappa=settings.kappa, seed=settings.seed, dtype=np.float32, **how
    )
    H0 = finite_width_gram(problem.X, network.W, **how)
    run = train(network, problem.X, y, eta=settings.eta, steps=settings.steps, watch=watch)
    c = problem.vectors.T @ y
    spectrum = (problem.eigenvalues, c, settings.eta, run.steps)
    complexity = None if problem.singular else generalisation.complexity(problem.H, y)
    return Outcome(
        kind=kind,
        projections=c,
        H0=H0,
        run=run,
        residual=speed.predicted_residual(*spectrum),
        distance=speed.predicted_distance(*spectrum),
        limit=None if complexity is None else complexity * float(np.sqrt(n / 2)),
    )


def label_noise(
    problem: Problem, settings: Settings, generator: np.random.Generator
) -> NoiseCurve | None:
    """Return complexity and test error against label noise, or None where H is singular."""
    if problem.singular:
        return None
    return generalisation.noise_curve(
        problem.H,
        problem.cross,
        problem.y,
        problem.y_test,
        draws=settings.draws,
        generator=generator,
    )


def checks(
    problem: Problem, settings: Settings, outcomes: Sequence[Outcome], curve: NoiseCurve | None
) -> tuple[Check, ...]:
    """Return every check, in the order of the table."""
    s, n = settings, len(problem.y)
    lambda_0 = float(problem.eigenvalues[0])
    regime = speed.regime(s.eta, lambda_0, n, s.width, s.epsilon)
    found = [
        du.trace(problem.H, problem.X.shape[1]),
        du.least_eigenvalue(problem.eigenvalues, problem.angles.least, problem.angles.antipodal),
        du.concentration(outcomes[0].H0, problem.H, s.independent, s.delta),
    ]
    for o in outcomes:
        found += [
            speed.training_speed(o.run, o.residual, s.epsilon, o.kind, regime),
            speed.distance(o.run, o.distance, s.epsilon, o.kind, regime),
            speed.distance_limit(o.run, o.limit, s.epsilon, o.kind, problem.singular or regime),
            du.linear_rate(o.run, s.eta, lambda_0, o.kind),
            du.flip_share(o.run, s.kappa, n, s.independent, s.delta, o.kind),
            du.flip_rule(o.run, o.kind),
        ]
    if curve is not None:
        found += [
            generalisation.random_labels_cost_more(curve, problem.H),
            generalisation.error_below_bound(curve),
            generalisation.rise_together(curve),
        ]
    return tuple(found)


def series(
    problem: Problem, outcomes: Sequence[Outcome], curve: NoiseCurve | None
) -> dict[str, NDArray[Any]]:
    """Return the raw arrays by name; eigenvalues and projections with the largest first."""
    found: dict[str, NDArray[Any]] = {
        "eigenvalues": problem.eigenvalues[::-1],
        "steps": outcomes[0].run.steps,
        "recorded_steps": outcomes[0].run.recorded,
    }
    for o in outcomes:
        found |= {
            f"projection_{o.kind}": np.abs(o.projections[::-1]),
            f"residual_{o.kind}": o.run.residual,
            f"predicted_residual_{o.kind}": o.residual,
            f"distance_{o.kind}": o.run.distance,
            f"predicted_distance_{o.kind}": o.distance,
            f"flips_{o.kind}": o.run.flips,
            f"movement_{o.kind}": o.run.largest,
        }
    return found | ({} if curve is None else asdict(curve))
