"""What happened on the pretended machine, for tests to ask."""

from contextlib import contextmanager
from typing import NamedTuple


class Copy(NamedTuple):
    nbytes: int
    stream: int
    device: int


class Launch(NamedTuple):
    """Something ran: a kernel of pyntk ("ntk_gram") or a function of a library ("cupy.add")."""

    name: str
    stream: int
    device: int


class Synchronisation(NamedTuple):
    """The host waited for a stream, or for all of a device: stream None."""

    stream: int | None
    device: int


class Log:
    """Counters of what happened.

    Attributes:
        to_host: a Copy for each copy from a device to the host.
        to_device: a Copy for each copy from the host to a device.
        between_devices: a Copy for each copy from a device to another.
        launches: a Launch for everything that ran.
        synchronisations: a Synchronisation for each time the host waited.
        races: sentences about accesses whose order no stream, event or synchronisation gives.
        overruns: sentences about what was written behind the end of an allocation.
    """

    def __init__(self):
        self.clear()

    def clear(self):
        """Forget everything."""
        self.to_host, self.to_device, self.between_devices = [], [], []
        self.launches, self.synchronisations, self.races, self.overruns = [], [], [], []

    @property
    def kernels(self):
        """The launches of kernels of pyntk."""
        return [launch for launch in self.launches if "." not in launch.name]

    @property
    def streams(self):
        """The (device, stream) pairs on which something ran."""
        return {(launch.device, launch.stream) for launch in self.launches}

    @property
    def largest_to_host(self):
        """The bytes of the largest copy to the host; 0 if there was none."""
        return max((copy.nbytes for copy in self.to_host), default=0)

    @property
    def largest_to_device(self):
        """The bytes of the largest copy to a device; 0 if there was none."""
        return max((copy.nbytes for copy in self.to_device), default=0)

    def named(self, name):
        """Return the launches of this name."""
        return [launch for launch in self.launches if launch.name == name]


log = Log()
"""Everything since the machine was installed."""

_watching = []


@contextmanager
def recorded():
    """Give a Log of what happens inside."""
    inside = Log()
    _watching.append(inside)
    try:
        yield inside
    finally:
        _watching.remove(inside)


def note(kind, entry):
    """Append an entry to ``log`` and to the logs of all :func:`recorded` that are open."""
    for each in (log, *_watching):
        getattr(each, kind).append(entry)
