"""How long a matrix-free fit will take: foretold from the same fit of a part of its rows."""

import math
import time
from typing import Any, Final, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.cg import reached
from pyntk.linalg.preconditioner import approximation
from pyntk.linalg.symmetric import KernelMatrix
from pyntk.linalg.system import System, system_of

PART: Final = 12
"""One of so many rows: a step costs 1/144, and the preconditioner 1/12."""

MARGIN: Final = 1.5
"""Times the steps of the part: what all rows took is in docs/matrix_free.md."""

FEWEST: Final = 1000
"""Rows from which on a fit is foretold; and the rows of the smallest part."""


class Forecast(NamedTuple):
    """What a matrix-free fit is expected to take.

    Attributes:
        seconds: of the preconditioner and half as many steps again.
        steps: of conjugate gradients: those that the part took.
        step_seconds: of a step.
        preconditioner_seconds: for making it.
        rows: of the part.
    """

    seconds: float
    steps: int
    step_seconds: float
    preconditioner_seconds: float
    rows: int

    @property
    def steps_at_most(self) -> int:
        """The steps, and half as many again."""
        return math.ceil(MARGIN * self.steps)

    def __str__(self) -> str:
        return (
            f"within about {_readable(self.seconds)}: {_readable(self.preconditioner_seconds)} for "
            f"the preconditioner, {self.steps} steps of {self.step_seconds:.2g} s, as many as the "
            f"same fit of {self.rows} of the rows took, and room for half as many again"
        )


def forecast(
    matrix: KernelMatrix, system: System, y: Array, ridge: float, preconditioner: Any, rank: int,
    seed: int, **how: Any,
) -> Forecast:  # fmt: skip
    """Fit a random part of the rows, and scale what that took.

    K / n has nearly the eigenvalues of the kernel's integral operator, whatever n; so a part with
    ridge and rank in proportion takes about as many steps.

    Args:
        matrix: the kernel of all rows.
        system: whose products they are.
        y: (n,) or (n, k) targets.
        ridge: of all rows.
        preconditioner: of the fit of all rows, or None.
        rank: of the preconditioner for all rows, or 0.
        seed: of the choice, and of the preconditioner.
        **how: ``tol`` and ``most_steps``.
    """
    n = matrix.n
    s = min(n, max(FEWEST, n // PART))
    chosen = np.sort(np.random.default_rng(seed).permutation(n)[:s])
    part = system_of(
        KernelMatrix(matrix.X[chosen], matrix.kernel, from_single=False), None
    )  # fmt: skip
    making = _seconds_of_making(preconditioner, part, rank, n / s) if rank else 0.0
    begin = time.perf_counter()
    solution = reached(
        part, y[chosen], ridge=ridge * s / n, preconditioner=preconditioner,
        rank=max(1, rank * s // n) if rank else None, seed=seed, start=None, progress=False, **how,
    )  # fmt: skip
    steps = max(solution.steps, 1)
    step = (time.perf_counter() - begin) / (steps + 1) * (n / s) ** 2  # one checks the residual
    if system.product != matrix.product:
        begin = time.perf_counter()
        system.product(np.ascontiguousarray(y.reshape(n, -1)))
        step = time.perf_counter() - begin
    return Forecast(making + MARGIN * steps * step, steps, step, making, s)


def _seconds_of_making(preconditioner: Any, part: System, rank: int, times: float) -> float:
    """Return the seconds for the preconditioner of so many times the rows of a part.

    Products with random columns are quadratic in the rows, the rest is linear in them and quadratic
    in the rank.
    """
    width = min(rank, part.n // 2)
    begin = time.perf_counter()
    approximation(preconditioner, part, width, 1.0, np.random.default_rng(0), lambda: None)
    seconds = (time.perf_counter() - begin) * (rank / width) ** 2
    return seconds * times ** (2 if preconditioner == "nystrom" else 1)


def _readable(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
