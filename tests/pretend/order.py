"""Which work comes before which: vector clocks of the streams, the events and the host.

Streams run beside each other unless an event or the host orders them; the legacy default stream
waits for the blocking streams of its device, and they for it.
"""

import threading

from .record import note

DEFAULT = 0
"""The legacy default stream of a device; the pointers 0 and 1 are both it."""

_lock = threading.RLock()
_clocks = {}
_non_blocking = set()
_freed = {}
_host = {}


def forget():
    """Begin anew."""
    for state in (_clocks, _non_blocking, _freed, _host):
        state.clear()


def canonical(stream):
    """Return 0 for each pointer of the legacy default stream."""
    return DEFAULT if stream == 1 else stream


def be_non_blocking(queue):
    """Take a (device, stream) out of the order with the default stream."""
    _non_blocking.add(queue)


def clock(queue):
    """Return what is before the next work on a (device, stream)."""
    with _lock:
        own = _clocks.setdefault(queue, {})
        _merge(own, _host)
        if queue not in _non_blocking:
            device, stream = queue
            for other, theirs in _clocks.items():
                beside = other[0] == device and other != queue and other not in _non_blocking
                if beside and DEFAULT in (stream, other[1]):
                    _merge(own, theirs)
        return own


def tick(queue):
    """Begin some work on a (device, stream)."""
    own = clock(queue)
    own[queue] = own.get(queue, 0) + 1
    return own


def wait(queue, before):
    """Order a clock before the next work on a (device, stream)."""
    _merge(clock(queue), before)


def host_waits(before):
    """Order a clock before whatever the host does next."""
    with _lock:
        _merge(_host, before)


def host_waits_for_device(device):
    """Order all work on a device before whatever the host does next."""
    for queue in list(_clocks):
        if queue[0] == device:
            host_waits(clock(queue))


class Accesses:
    """Who read and wrote an allocation, each with the count of its stream's clock."""

    def __init__(self):
        self._written, self._read = {}, {}

    def read(self, queue, now, what):
        """Note that work ``what`` on a (device, stream) at a clock reads it."""
        self._check(self._written, queue, now, f"{what} reads what {{}} may still write")
        self._read[queue] = now[queue]

    def write(self, queue, now, what):
        """Note that work ``what`` on a (device, stream) at a clock writes it."""
        self._check(self._written, queue, now, f"{what} writes what {{}} may still write")
        self._check(self._read, queue, now, f"{what} writes what {{}} may still read")
        self._written, self._read = {queue: now[queue]}, {}

    def free(self, queue):
        """Give the memory back to the pool of a stream, which may hand it out again at once."""
        uses = dict(self._written)
        _merge(uses, self._read)
        _freed.setdefault(queue, []).append(uses)

    @staticmethod
    def _check(others, queue, now, sentence):
        for other, count in others.items():
            if now.get(other, 0) < count:
                note("races", sentence.format(_name(other)) + f"; it is on {_name(queue)}")


def reuse(queue):
    """Check that what was freed to the pool of a (device, stream) is not in use elsewhere."""
    now = clock(queue)
    for uses in _freed.pop(queue, []):
        for other, count in uses.items():
            if now.get(other, 0) < count:
                note("races", f"memory of {_name(queue)} was freed, and {_name(other)} may use it")


def _name(queue):
    return f"stream {queue[1]:#x} of device {queue[0]}"


def _merge(into, other):
    for queue, count in list(other.items()):
        into[queue] = max(into.get(queue, 0), count)
