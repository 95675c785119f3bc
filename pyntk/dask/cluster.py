"""What is known of a cluster: its client, and its workers that live."""

import time
from typing import Any, Final

from distributed import Client

WAIT: Final = 60.0
"""Seconds that are waited for a worker, where none is left."""


class WorkersLostError(RuntimeError):
    """No worker is left, or came within a minute."""


def admit_client(client: Any) -> Client:
    """Return a client; raise TypeError for anything else, and for one that is asynchronous."""
    if not isinstance(client, Client):
        raise TypeError(f"client must be a distributed.Client, not {type(client).__name__}")
    if client.asynchronous:
        raise TypeError("client must not be asynchronous: calls of pyntk wait for their result")
    return client


def living(client: Client) -> dict[str, int]:
    """Return the address of each worker that lives, and its threads; wait for one at need."""
    until = time.monotonic() + WAIT
    while not (workers := dict(client.nthreads())):
        if time.monotonic() > until:
            raise WorkersLostError(f"the cluster {client.scheduler.address} has no worker")
        time.sleep(0.1)
    return workers
