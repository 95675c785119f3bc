"""``cupy.random.default_rng``: other numbers than CuPy's, which a test does not know either."""

import numpy as np

from .run import lift


class Generator:
    """A part of ``cupy.random.Generator``."""

    __module__ = "cupy.random"

    def __init__(self, seed):
        self._numbers = np.random.default_rng(seed)

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        return self._put(self._numbers.standard_normal(size), dtype, out)

    def random(self, size=None, dtype=np.float64, out=None):
        return self._put(self._numbers.random(size), dtype, out)

    def integers(self, low, high=None, size=None, dtype=np.int64, endpoint=False):
        return self._put(self._numbers.integers(low, high, size, np.int64, endpoint), dtype, None)

    @staticmethod
    def _put(numbers, dtype, out):
        drawn = lift("cupy.random", np.asarray(numbers).astype(dtype))
        if out is None:
            return drawn
        out[...] = drawn
        return out


def default_rng(seed=None):
    return Generator(seed)
