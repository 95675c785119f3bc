"""Products with a kernel matrix that is shared among the workers of a cluster, never stored."""

import math
from collections import Counter
from itertools import accumulate as partial_sums
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import numpy as np
from distributed import Client
from scipy.sparse.linalg import LinearOperator

from pyntk.contract import Array
from pyntk.dask.cluster import admit_client, living
from pyntk.dask.held_share import HeldShare
from pyntk.dispatch import choose
from pyntk.recipe import Accumulate, Trained, admit_recipe
from pyntk.streaming.blocks import admit_rows
from pyntk.threads import admit_threads


def operator(
    X: Any,
    client: Any,
    *,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    threads: int | None = None,
    backend: str | None = None,
) -> "DistributedOperator":
    """K(X, X) as a LinearOperator whose products the workers of a Dask cluster make.

    Each worker has rows, and an actor for its share of the pairs of rows, each of which is computed
    once. A product sends V to each and takes back what its share adds to K V. It is an operator for
    :func:`cg_solve` and :func:`eigsh`, and the ``operator=`` of :func:`kernel_regression`. When a
    worker dies, a living one (or the one that replaces it) takes its share, and the product is
    made; its bits do not depend on who made it.

    Use it as a context manager, or call ``close()``: the workers hold the rows until then.

    Args:
        X: (n, d) real numbers, finite, on the host.
        client: a ``distributed.Client``, not asynchronous.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        threads: of each worker; None means as many as Dask gave it.
        backend: "cpu" or "numba", or None to choose, here as on the workers.

    Raises:
        ValueError, TypeError: as for :func:`ntk_operator`; a client that is none.
        WorkersLostError: the cluster has no worker.
        BackendError: the backend asked for cannot be used.
    """
    admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    admit_threads(threads)
    inputs = admit_rows("operator", X)
    kernel = {
        "trained": trained, "depth": depth, "weight_variance": weight_variance,
        "bias_variance": bias_variance, "accumulate": accumulate, "threads": threads,
        "backend": choose(backend, on_device=False),
    }  # fmt: skip
    return DistributedOperator(inputs[0], admit_client(client), kernel)


class DistributedOperator(LinearOperator):  # type: ignore[misc]
    """What :func:`pyntk.dask.operator` returns.

    Attributes:
        replaced: how often a share went to another worker because its own had died.
    """

    def __init__(self, X: Array, client: Client, kernel: dict[str, Any]) -> None:
        super().__init__(X.dtype, (len(X), len(X)))
        self._client = client
        workers = living(client)
        self._shares = [
            HeldShare(client, X, begin, end, kernel)
            for begin, end in _bounds(len(X), list(workers.values()))
        ]
        for share, address in zip(self._shares, workers, strict=False):
            share.move_to(address)

    @property
    def replaced(self) -> int:
        """See above."""
        return sum(share.lost for share in self._shares)

    def _matmat(self, V: Array) -> Array:
        if not self._shares:
            raise ValueError("the operator was closed: its workers hold no rows any more")
        self._spread()
        V = np.ascontiguousarray(V)
        for share in self._shares:
            share.ask(V)
        Y = np.zeros(V.shape)
        for share in self._shares:
            Y[: share.end] += self._answer(share, V)
        return Y.astype(np.result_type(self.dtype, V), copy=False)

    def _matvec(self, v: Array) -> Array:
        return self._matmat(v.reshape(-1, 1))[:, 0]

    _rmatmat, _rmatvec = _matmat, _matvec

    def _answer(self, share: HeldShare, V: Array) -> Array:
        while (part := share.answer()) is None:  # its worker died
            share.move_to(self._freest())
            share.ask(V)
        return part

    def _spread(self) -> None:
        """Give a share of a worker that has several to one that has none."""
        held = self._held()
        for share in self._shares:
            free = self._freest()
            if held[share.address] > 1 and not held[free]:
                share.move_to(free)
                held = self._held()

    def _freest(self) -> str:
        """Return the address of the living worker that has the fewest shares."""
        held = self._held()
        return min(living(self._client), key=lambda address: held[address])

    def _held(self) -> Counter[str]:
        return Counter(share.address for share in self._shares)

    def close(self) -> None:
        """Take the shares from the workers; the operator cannot be used any more."""
        for share in self._shares:
            share.drop()
        self._shares = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _bounds(n: int, threads: list[int]) -> list[tuple[int, int]]:
    """Return rows [begin, end) whose pairs with earlier ones are in proportion to the threads.

    There are e (e + 1) / 2 pairs of the first e rows. No range is empty.
    """
    shares = [part / sum(threads) for part in partial_sums(threads, initial=0)]
    ends = [round(n * math.sqrt(share)) for share in shares]
    return [bounds for bounds in pairwise(ends) if bounds[0] < bounds[1]] or [(0, n)]
