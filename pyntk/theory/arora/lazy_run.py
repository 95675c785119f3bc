r"""One training run beside what the kernel predicts of it: what the claims on training share.

Full-batch gradient descent of step eta on Phi = 1/2 \|u - y\|^2 follows u(k) - y =
(I - eta H)^k (u(0) - y) up to an error that vanishes with the width.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pyntk import TwoLayer, eigh, ntk_gram
from pyntk.data import redraw_labels
from pyntk.theory.arora import speed
from pyntk.theory.counts import admit_positive
from pyntk.theory.rows import UNIT_ROUNDOFF
from pyntk.theory.sample import draw
from pyntk.theory.training import TrainingRun, train
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

DRAWN: Final = {"antisymmetric": TwoLayer.antisymmetric, "plain": TwoLayer.ntk}
"""How a network of a start is drawn."""


@dataclass(frozen=True)
class Problem:
    """Rows of unit norm, their labels, and the kernel that gradient descent follows.

    Attributes:
        X: (n, d) rows.
        y: (n,) labels of the data, +1 and -1.
        H: (n, n) kernel: of the first layer, or of both.
        eigenvalues: (n,) ascending.
        vectors: (n, n) whose columns are the eigenvectors.
        trained: "first" or "all".
        kappa: standard deviation of the entries of W(0).
        name: of the data.
        notes: what was dropped or chosen.
    """

    X: Matrix
    y: Vector
    H: Matrix
    eigenvalues: Vector
    vectors: Matrix
    trained: str
    kappa: float
    name: str
    notes: tuple[str, ...]

    @property
    def lambda_max(self) -> float:
        """The largest eigenvalue."""
        return float(self.eigenvalues[-1])

    @property
    def lambda_0(self) -> float:
        """The smallest eigenvalue; 0 where it is not larger than its rounding, n u lambda_max."""
        least = float(self.eigenvalues[0])
        return least if least > len(self.y) * UNIT_ROUNDOFF * self.lambda_max else 0.0

    def labels(self, kind: str, seed: int) -> Vector:
        """Return (n,) labels.

        Args:
            kind: "true", those of the data; "random", coin tosses; "worst", sqrt(n) v, v the
                eigenvector of lambda_0; "normal", N(0, 1).
            seed: of what is drawn.
        """
        generator = np.random.default_rng([seed, 1])
        n = len(self.y)
        if kind == "true":
            return self.y
        if kind == "random":
            return redraw_labels(self.y, 1.0, generator)
        if kind == "worst":
            worst: Vector = np.sqrt(n) * self.vectors[:, 0]
            return worst
        return generator.standard_normal(n)

    def facts(self) -> dict[str, Any]:
        """Return the data in numbers."""
        n, d = self.X.shape
        return {
            "name": self.name, "n": n, "d": d,
            "lambda_max": self.lambda_max, "lambda_0": float(self.eigenvalues[0]),
        }  # fmt: skip


@dataclass(frozen=True)
class LazyRun:
    r"""A run on one set of labels.

    Attributes:
        kind: of the labels.
        m: neurons.
        eta: step.
        y: (n,) labels.
        initial: (n,) y - u(0).
        network: as trained; as at the start, if the run diverged.
        start: (m, d) W(0).
        run: what was measured.
        residual: (K + 1,) predicted \|u(k) - y\|.
        distance: (K + 1,) predicted \|W(k) - W(0)\|_F.
        projections: (n,) v_i.(y - u(0)).
    """

    kind: str
    m: int
    eta: float
    y: Vector
    initial: Vector
    network: TwoLayer
    start: NDArray[Any]
    run: TrainingRun
    residual: Vector
    distance: Vector
    projections: Vector

    @property
    def size(self) -> float:
        r"""\|y\|."""
        return float(np.linalg.norm(self.y))


def pose(
    data: Any,
    rows: int,
    *,
    seed: int,
    how: Mapping[str, Any],
    trained: str = "first",
    kappa: float = 1.0,
) -> Problem:
    """Draw rows, and compute the kernel with its spectrum.

    Args:
        data: as for :func:`pyntk.theory.sample.draw`.
        rows: n.
        seed: of the data.
        how: ``backend`` and ``threads``.
        trained: "first" for H; "all" for H + kappa^2 S, S the kernel of the last layer.
        kappa: standard deviation of the entries of W(0).

    Raises:
        ValueError: unusable data, another ``trained``, kappa that is not positive.
    """
    if trained not in ("first", "all"):
        raise ValueError(f"trained must be 'first' or 'all', not {trained!r}")
    admit_positive("kappa", kappa)
    sample = draw(data, rows, seed=seed)
    H = ntk_gram(sample.X, **how)
    if trained == "all":
        H += kappa**2 * ntk_gram(sample.X, trained="last", **how)
    eigenvalues, vectors = eigh(H, backend=how["backend"])
    return Problem(
        sample.X, sample.y, H, eigenvalues, vectors, trained, kappa, sample.name, sample.notes
    )


def train_lazily(
    problem: Problem,
    kind: str,
    *,
    width: int,
    eta: float,
    steps: int,
    start: str,
    seed: int,
    how: Mapping[str, Any],
    watch: Watch,
    **recorded: Any,
) -> LazyRun:
    """Train a fresh float32 network, and predict what it does.

    Args:
        problem: data and kernel.
        kind: of the labels.
        width: m neurons.
        eta: step.
        steps: K.
        start: "antisymmetric", neurons in pairs and u(0) = 0, or "plain", independent ones.
        seed: of labels and network.
        how: ``backend`` and ``threads``.
        watch: how far the training is.
        **recorded: as for :func:`pyntk.theory.training.train`.
    """
    y = problem.labels(kind, seed)
    network = DRAWN[start](
        width, problem.X.shape[1], kappa=problem.kappa, seed=seed + 1, dtype=np.float32,
        derivative_at_zero=1, **how,
    )  # fmt: skip
    initial = y - network.forward(problem.X)
    W = network.W.copy()
    run = train(
        network, problem.X, y, eta=eta, steps=steps, trained=problem.trained, watch=watch,
        **recorded,
    )  # fmt: skip
    projections = problem.vectors.T @ initial
    spectrum = (problem.eigenvalues, projections, eta, run.steps)
    return LazyRun(
        kind, width, eta, y, initial, network, W, run,
        speed.predicted_residual(*spectrum), speed.predicted_distance(*spectrum), projections,
    )  # fmt: skip


def predicted_errors(problem: Problem, lazy: LazyRun) -> Matrix:
    """-(I - eta H)^k (y - u(0)), all rows at the steps whose errors were kept: (S, n)."""
    factors = 1.0 - lazy.eta * problem.eigenvalues
    powers = factors[None, :] ** lazy.run.sampled[:, None]
    errors: Matrix = -(powers * lazy.projections) @ problem.vectors.T
    return errors


def independent(start: str, m: int) -> int:
    """Return m', the independent neurons of a start."""
    return m // 2 if start == "antisymmetric" else m


def hypotheses(problem: Problem, lazy: LazyRun, start: str, epsilon: float) -> str:
    """Say how a run stands to what Theorem 4.1 and Lemma 5.3 ask for."""
    of_start = (
        "u(0) ~ 0 (met exactly by the antisymmetric start)"
        if start == "antisymmetric"
        else "u(0) ~ 0 (not met by the plain start: predicted from y - u(0))"
    )
    n = len(problem.y)
    said = speed.regime(lazy.eta, problem.lambda_0, n, lazy.m, epsilon, of_start)
    at = lazy.run.diverged
    return said if at is None else f"training diverged at step {at}; {said}"
