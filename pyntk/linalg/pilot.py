"""How long a matrix-free fit will take: foretold from the same fit of a part of its rows."""

import math
import time
from typing import Any, Final, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.cg import reached
from pyntk.linalg.symmetric import KernelMatrix
from pyntk.linalg.system import System, system_of

PART: Final = 12
"""One of so many rows: a step costs 1/144, and the preconditioner 1/12."""

MARGIN: Final = 1.5
"""Times the steps of the part: all rows took 0.9 to 1.4 times as many (docs/matrix_free.md)."""

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
    matrix: KernelMatrix, system: System, y: Array, ridge: float, rank: int, seed: int, **how: Any
) -> Forecast:
    """Fit a random part of the rows, with the ridge scaled to it, and scale what that took.

    K / n has nearly the eigenvalues of the kernel's integral operator, whatever n, so a part with
    the ridge in proportion takes about as many steps; rather fewer, where the rank is a larger
    share of its rows.

    Args:
        matrix: the kernel of all rows.
        system: whose products they are.
        y: (n,) or (n, k) targets.
        ridge: of all rows.
        rank: of the preconditioner for all rows.
        seed: of the choice, and of the preconditioner.
        **how: ``tol`` and ``most_steps``.
    """
    n = matrix.n
    s = min(n, max(FEWEST, n // PART))
    chosen = np.sort(np.random.default_rng(seed).permutation(n)[:s])
    part = KernelMatrix(matrix.X[chosen], matrix.kernel, from_single=False)
    moments = [time.perf_counter()]
    solution = reached(
        system_of(part, None), y[chosen], ridge=ridge * s / n, preconditioner="landmarks",
        rank=min(rank, s // 2), seed=seed, start=None,
        progress=lambda *seen: moments.append(time.perf_counter()), **how,
    )  # fmt: skip
    moments.append(time.perf_counter())
    steps = max(solution.steps, 1)
    step = (moments[-1] - moments[1]) / steps  # the last moment is that of one more product
    making = max(moments[1] - moments[0] - step, 0.0)
    making *= n / s * (rank / min(rank, s // 2)) ** 2
    step *= (n / s) ** 2
    if system.product != matrix.product:
        begin = time.perf_counter()
        system.product(np.ascontiguousarray(y.reshape(n, -1)))
        step = time.perf_counter() - begin
    return Forecast(making + MARGIN * steps * step, steps, step, making, s)


def _readable(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.2g} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
