"""Which samples each step takes: blocks of steps whose bounds do not depend on the chunks.

A block is drawn whole and kept while its steps are done, so what is drawn depends on the seed
alone, not on how many steps a call of the kernel takes.
"""

from typing import Final, NamedTuple

import numpy as np

from pyntk.contract import Array
from pyntk.distributions import Distribution
from pyntk.training.draw import Draw
from pyntk.training.trainee import Samples, Trainee

BLOCK: Final = 2**21
"""Bytes of fresh samples, or of drawn row numbers, that are held at a time, about."""


class Steps(NamedTuple):
    """What the kernel takes for some steps."""

    samples: Samples
    order: Array
    """(taken, batch) row numbers; (0, 0) for all samples in each step."""
    taken: int


class Batches:
    """The batches of steps 0 ... steps - 1; subclasses draw a block of them.

    Attributes:
        size: samples in a batch.
        block: steps in a block.
    """

    def __init__(self, size: int, block: int, steps: int):
        self.size, self.block, self._steps = size, max(1, block), steps
        self._held = -1
        self._samples: Samples
        self._order: Array

    def steps(self, first: int, most: int) -> Steps:
        """Return the batches of steps first, first + 1 ...: as many as the block has, or most."""
        block, begin = divmod(first, self.block)
        if block != self._held:
            self._held = -1
            count = min(self.block, self._steps - block * self.block)
            self._samples, self._order = self._draw(block * self.block, count)
            self._held = block
        order = self._order[begin : begin + most]
        return Steps(self._samples, order, order.shape[0])

    def _draw(self, first: int, count: int) -> tuple[Samples, Array]:
        raise NotImplementedError


class FullBatch(Batches):
    """All samples in every step: gradient descent."""

    def __init__(self, trainee: Trainee, samples: Samples):
        super().__init__(samples.X.shape[0], 1, 0)
        self._samples, self._order = samples, trainee.empty(0, 0, dtype=np.int64)

    def steps(self, first: int, most: int) -> Steps:
        """Return no row numbers: any number of steps."""
        return Steps(self._samples, self._order, most)


class WithReplacement(Batches):
    """Row numbers floor(u n), u from row k of the stream of batches in step k."""

    def __init__(self, samples: Samples, size: int, steps: int, draw: Draw):
        super().__init__(size, BLOCK // (16 * size), steps)
        self._samples, self._source = samples, draw

    def _draw(self, first: int, count: int) -> tuple[Samples, Array]:
        U = self._source.uniforms("batches", first, count, self.size)
        U *= self._samples.X.shape[0]  # below n: u <= 1 - 2^-53, and n < 2^53
        return self._samples, U.astype(np.int64)


class WithoutReplacement(Batches):
    """Epochs of floor(n / B) batches: the first rows of a permutation that is drawn anew.

    The permutation of epoch e sorts row e of the stream of batches.
    """

    def __init__(self, samples: Samples, size: int, steps: int, draw: Draw):
        n = samples.X.shape[0]
        self._per_epoch = n // size
        epochs = max(1, BLOCK // (16 * n))
        super().__init__(size, epochs * self._per_epoch, steps)
        self._samples, self._source = samples, draw

    def _draw(self, first: int, count: int) -> tuple[Samples, Array]:
        epochs = -(-count // self._per_epoch)
        n = self._samples.X.shape[0]
        U = self._source.uniforms("batches", first // self._per_epoch, epochs, n)
        rows = np.argsort(U, axis=1, kind="stable")[:, : self._per_epoch * self.size]
        return self._samples, rows.reshape(-1, self.size).astype(np.int64)


class Fresh(Batches):
    """New samples in every step: rows k B ... k B + B - 1 of a distribution in step k."""

    def __init__(
        self, trainee: Trainee, distribution: Distribution, size: int, steps: int, seed: int
    ):
        width = trainee.layers.W.shape[1] + trainee.layers.A.shape[1]
        super().__init__(size, BLOCK // (size * width * trainee.dtype.itemsize), steps)
        self._trainee, self._distribution, self._seed = trainee, distribution, seed

    def _draw(self, first: int, count: int) -> tuple[Samples, Array]:
        rows = count * self.size
        samples = self.rows(first * self.size, rows)
        order = np.arange(rows).reshape(count, self.size)
        return samples, self._trainee.placed(order)

    def rows(self, first: int, count: int) -> Samples:
        """Return these rows of the distribution as kernels take them."""
        trainee = self._trainee
        X, y = self._distribution.sample(
            count, seed=self._seed, first=first, dtype=trainee.dtype, backend=trainee.backend,
            threads=trainee.threads,
        )  # fmt: skip
        return trainee.samples(X, y)
