"""Drawing from the counter-based generator: numbers known by seed, stream, row and column."""

from typing import Any, Final

import numpy as np

from pyntk.arrays import Admitted, admit
from pyntk.contract import STREAMS, Array
from pyntk.dispatch import kernel
from pyntk.initial import placed_for
from pyntk.scalars import admit_integer

LARGEST_SEED: Final = 2**64 - 1


def admit_seed(seed: Any) -> int:
    """Return a seed of the counter-based generator: 0 ... 2^64 - 1."""
    number = admit_integer("seed", seed)
    if not 0 <= number <= LARGEST_SEED:
        raise ValueError(f"seed must be 0 to 2^64 - 1, not {number}")
    return number


class Draw:
    """The random numbers of a seed, formed on a backend and where its arrays are."""

    def __init__(self, seed: int, backend: str, threads: int):
        self._seed, self._backend, self._threads = seed, backend, threads
        self._place: Admitted = admit(place=(self.placed(np.empty(0)), "n"))

    def normals(self, stream: str, first: int, n: int, d: int, dtype: Any) -> Array:
        """Return (n, d) normal numbers: rows first ... first + n - 1 of the stream."""
        Z = self._place.empty(n, d, dtype=dtype)
        self._run("random_normals", stream, first, Z=Z)
        return Z

    def uniforms(self, stream: str, first: int, n: int, d: int) -> Array:
        """Return (n, d) uniform numbers in [0, 1) of float64."""
        U = self._place.empty(n, d, dtype=np.float64)
        self._run("random_uniforms", stream, first, U=U)
        return U

    def placed(self, table: Array) -> Array:
        """Return a NumPy array where the numbers are."""
        return placed_for(self._backend, table)

    def _run(self, name: str, stream: str, first: int, **numbers: Array) -> None:
        kernel(name, self._backend)(
            seed=self._seed, stream=STREAMS[stream], first=first, threads=self._threads, **numbers
        )
