"""A contender at work: the time of a call, its extra memory, entries of its answer.

It imports NumPy and the standard library alone, for it also runs in the environments of other
libraries (serve.py).
"""

import time

import numpy as np
from peak_memory import extra_memory


class Local:
    """A contender in this process.

    Args:
        call: returns the answer; everything before it (compilation, conversion of the input) is
            done, everything that the answer needs (its own memory) is not.
        repeat: calls in one round, for calls too short for the clock.
        factor: what the answer must be multiplied by to be the one that was asked for.
    """

    def __init__(self, call, repeat=1, factor=1.0):
        self.call, self.repeat, self.factor = call, repeat, factor
        self.answer = None

    def run(self):
        """Return the seconds of a call; keep the answer of the last one."""
        self.answer = None  # its memory is free again
        start = time.perf_counter()
        for _ in range(self.repeat):
            self.answer = self.call()
        return (time.perf_counter() - start) / self.repeat

    def extra_memory(self):
        """Return the bytes that a call needs above its arguments and its answer."""
        needed, answer = extra_memory(self.call)
        return max(0, needed - _bytes(answer))

    def entries(self, i, j):
        """Return entries (i, j) of the last answer, times the factor."""
        return self.factor * np.asarray(self.answer)[i, j].astype(np.float64)

    def forget(self):
        """Free the answer."""
        self.answer = None

    def close(self):
        """End the contender."""
        self.call = self.answer = None


def _bytes(answer):
    """Return the size of an answer: an array, or a tuple of answers."""
    if isinstance(answer, (tuple, list)):
        return sum(map(_bytes, answer))
    return getattr(answer, "nbytes", 0)
