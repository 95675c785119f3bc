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
        seconds: at most, about: of the preconditioner and half as many steps again.
        least_seconds: at least, about: of the preconditioner and the fewest steps.
        steps: of conjugate gradients: those that the part took.
        fewest_steps: those that it took with the whole rank, a larger share of its rows.
        step_seconds: of a step.
        preconditioner_seconds: for making it.
        rows: of the part.
    """

    seconds: float
    least_seconds: float
    steps: int
    fewest_steps: int
    step_seconds: float
    preconditioner_seconds: float
    rows: int

    @property
    def steps_at_most(self) -> int:
        """The steps, and half as many again."""
        return math.ceil(MARGIN * self.steps)

    def __str__(self) -> str:
        return (
            f"between about {_readable(self.least_seconds)} and {_readable(self.seconds)}: "
            f"{_readable(self.preconditioner_seconds)} for the preconditioner, {self.fewest_steps} "
            f"to {self.steps_at_most} steps of {self.step_seconds:.2g} s, from fits of {self.rows} "
            "of the rows"
        )


def forecast(
    matrix: KernelMatrix, system: System, y: Array, ridge: float, preconditioner: Any, rank: int,
    seed: int, **how: Any,
) -> Forecast:  # fmt: skip
    """Fit a random part of the rows, and scale what that took.

    K / n has nearly the eigenvalues of the kernel's integral operator, whatever n; so a part with
    ridge and rank in proportion takes about as many steps where the eigenvalues fall slowly, and
    too many where they fall fast, which the whole rank then catches: the part takes too few.

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

    def solved(width: int) -> int:
        solution = reached(
            part, y[chosen], ridge=ridge * s / n, preconditioner=preconditioner,
            rank=width or None, seed=seed, start=None, progress=False, **how,
        )  # fmt: skip
        return max(solution.steps, 1)

    begin = time.perf_counter()
    steps = solved(max(1, rank * s // n) if rank else 0)
    step = (time.perf_counter() - begin) / (steps + 1) * (n / s) ** 2  # one checks the residual
    fewest = min(steps, solved(min(rank, s // 2))) if rank else steps
    if system.product != matrix.product:
        begin = time.perf_counter()
        system.product(system.place.contiguous(y.reshape(n, -1)))
        system.place.wait()
        step = time.perf_counter() - begin
    return Forecast(
        making + MARGIN * steps * step, making + fewest * step, steps, fewest, step, making, s
    )


def _seconds_of_making(preconditioner: Any, part: System, rank: int, times: float) -> float:
    """Return the seconds for the preconditioner of so many times the rows of a part.

    Products with random columns are quadratic in the rows, the rest is linear in them and quadratic
    in the rank.
    """
    width = min(rank, part.n // 2)
    begin = time.perf_counter()
    approximation(preconditioner, part, width, 1.0, np.random.default_rng(0), lambda: None)
    part.place.wait()
    seconds = (time.perf_counter() - begin) * (rank / width) ** 2
    return seconds * times ** (2 if preconditioner == "nystrom" else 1)


def _readable(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
