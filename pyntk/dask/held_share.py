"""A share of an operator as the client sees it: who holds it, and what it was asked."""

from concurrent.futures import CancelledError
from typing import Any, Final

from distributed import Client

from pyntk.contract import Array
from pyntk.dask.cluster import WorkersLostError, living
from pyntk.dask.share import Share

LOOK: Final = 1.0
"""Seconds between two looks whether a worker that computes still lives."""

MOVES: Final = 20
"""Workers that may die in a row before they are given up: what they are asked may kill them."""


class HeldShare:
    """The pairs of rows of which the later one is in [begin, end), held by an actor on one worker.

    Attributes:
        end: how many rows of V it takes, and of K V it gives.
        address: of the worker.
        lost: how many workers died with it.
    """

    def __init__(
        self, client: Client, X: Array, begin: int, end: int, kernel: dict[str, Any]
    ) -> None:
        self._client, self._X, self._begin, self._kernel = client, X[:end], begin, kernel
        self.end = end
        self._actor: Any = None
        # Dask frees an actor whose future nobody holds; of its own an actor has that of whichever
        # client of this process it finds.
        self._made: Any = None
        self._asked: Any = None
        self.address, self.lost, self._in_a_row = "", 0, 0

    def move_to(self, address: str) -> None:
        """Have a worker hold it; if it dies meanwhile, the next answer is None."""
        self.drop()
        self.address = address
        threads = self._kernel["threads"] or living(self._client).get(address)
        kernel = {**self._kernel, "threads": threads}
        try:
            X = self._client.scatter(self._X, workers=[address], hash=False)
            self._made = self._client.submit(
                Share, X, self._begin, kernel, actor=True, workers=[address], pure=False
            )
        except (OSError, KeyError):  # no such worker any more
            return
        self._actor = self._await(self._made)

    def ask(self, V: Array) -> None:
        """Begin a product with the first rows of V."""
        try:
            self._asked = None if self._actor is None else self._actor.product(V[: self.end])
        except RuntimeError:  # Dask knows that its worker died
            self._asked = None

    def answer(self) -> Array | None:
        """Return the product that was asked for, or None if the worker died.

        Raises:
            WorkersLostError: many workers died of it, one after the other.
        """
        part = None if self._asked is None else self._await(self._asked)
        self._asked = None
        if part is None:
            self.lost += 1
            self._in_a_row += 1
            if self._in_a_row > MOVES:
                raise WorkersLostError(f"{MOVES} workers in a row died of a product")
        else:
            self._in_a_row = 0
        return part

    def drop(self) -> None:
        """Have it held by nobody."""
        self._actor = self._asked = self._made = None
        self.address = ""

    def _await(self, future: Any) -> Any:
        """Return the result of a future, or None if the worker died."""
        while True:
            try:
                return future.result(timeout=LOOK)
            except TimeoutError:
                if self.address not in living(self._client):
                    return None
            except (OSError, CancelledError):  # a connection that broke, rows that were lost
                return None
