"""The loop over the steps: chunks of them, each one call of the kernel."""

import time
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pyntk.arrays import to_host
from pyntk.contract import Array, Descent
from pyntk.dispatch import kernel
from pyntk.training.batches import Batches
from pyntk.training.trainee import Samples, Trainee

CHUNK_SECONDS: Final = 0.1
"""About how long a call takes: progress is shown between two of them."""
FIRST_CHUNK: Final = 1
"""Steps of the first call, whose pace is not known."""
GROWTH: Final = 16
LARGEST_CHUNK: Final = 2**20
"""Steps: 8 MiB of losses, and as many of step sizes."""


class Loop:
    """Trains a network over its batches; stops anywhere and goes on to the same bits.

    Args:
        trainee: what is trained.
        batches: of all steps.
        sizes: (steps,) step sizes.
        descent: how; its first_step is that of the chunk.
        losses: (steps,) array that takes the loss of each batch, or None.
    """

    def __init__(
        self,
        trainee: Trainee,
        batches: Batches,
        sizes: NDArray[np.float64],
        descent: Descent,
        losses: NDArray[np.float64] | None,
    ):
        self._trainee, self._batches, self._sizes = trainee, batches, sizes
        self._descent, self._losses, self._pace = descent, losses, FIRST_CHUNK
        # One assignment, so that an interrupt finds either chunk, never half of both.
        self._position: tuple[int, Array] = (0, np.zeros(1, np.int64))
        self.loss = float("nan")
        """The last loss of a batch that was seen."""

    @property
    def steps(self) -> int:
        """Steps done."""
        first, done = self._position
        return first + int(done[0])

    def to(self, stop: int, report: Callable[[int], object]) -> bool:
        """Go on to ``stop`` steps, reporting between chunks; False if a loss is not at most the
        limit: then its step is not done."""
        while (first := self.steps) < stop:
            chosen = self._batches.steps(first, min(self._pace, stop - first))
            began = time.perf_counter()
            self._chunk(first, *chosen)
            if self.steps < first + chosen.taken:
                return False
            spent = max(time.perf_counter() - began, 1e-6)
            pace = int(chosen.taken * min(CHUNK_SECONDS / spent, GROWTH))
            self._pace = min(max(1, pace), LARGEST_CHUNK)
            report(first + chosen.taken)
        return True

    def ends_well(self) -> bool:
        """Tell whether the loss of the last batch is at most the limit after the last step too."""
        samples, order, _ = self._batches.steps(self.steps - 1, 1)
        if order.shape[0]:
            samples = Samples(samples.X[order[0]], samples.Y[order[0]])
        self.loss, _ = self._trainee.loss_of(samples)
        return self.loss <= self._descent.limit

    def _chunk(self, first: int, samples: Samples, order: Array, count: int) -> None:
        trainee, (W, A, c) = self._trainee, self._trainee.layers
        losses, done = trainee.empty(count, dtype=np.float64), trainee.empty(1, dtype=np.int64)
        losses[:], done[:] = np.nan, 0
        self._position = (first, done)
        try:
            kernel("two_layer_descent", trainee.backend)(
                X=samples.X, Y=samples.Y, order=order,
                step_sizes=trainee.placed(self._sizes[first : first + count]),
                activation=trainee.net.activation,
                descent=self._descent._replace(first_step=first), threads=trainee.threads,
                W=W, A=A, c=c, losses=losses, done=done,
            )  # fmt: skip
        finally:
            if self._losses is not None:
                self._losses[first : first + count] = to_host(losses)
        if int(done[0]) < count:
            self.loss = float(losses[int(done[0])])
