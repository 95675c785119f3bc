"""The devices and streams of the stand-in for PyTorch."""

import threading

from . import order
from .machine import machine

_here = threading.local()


def index_of(device):
    """Return the number of a device that is given by number, name or ``torch.device``."""
    if isinstance(device, int):
        return device
    _, _, index = str(device).partition(":")
    return int(index) if index else machine.device


def forget():
    """Let the default streams be current."""
    _here.streams = {}


class Stream:
    """``torch.cuda.Stream``; those of PyTorch do not wait for the default stream."""

    __module__ = "torch.cuda.streams"

    def __init__(self, device=None, handle=None):
        self.device_index = machine.device if device is None else index_of(device)
        self.cuda_stream = machine.new_handle() if handle is None else handle
        if handle is None:
            order.be_non_blocking((self.device_index, self.cuda_stream))

    def __eq__(self, other):
        return isinstance(other, Stream) and self.cuda_stream == other.cuda_stream

    def __hash__(self):
        return self.cuda_stream

    def __cuda_stream__(self):
        return 0, self.cuda_stream

    def wait_stream(self, other):
        order.wait(self._queue(), order.clock(other._queue()))

    def synchronize(self):
        machine.synchronise(self.cuda_stream, self.device_index)

    def _queue(self):
        return self.device_index, order.canonical(self.cuda_stream)


class stream:  # noqa: N801
    """``torch.cuda.stream``: a context manager that makes a stream the current one."""

    def __init__(self, stream):
        self._stream = stream

    def __enter__(self):
        self._before = current_stream(self._stream.device_index)
        _streams()[self._stream.device_index] = self._stream

    def __exit__(self, *error):
        _streams()[self._stream.device_index] = self._before


class on_device:  # noqa: N801
    """``torch.cuda.device``: a context manager that makes a device the current one."""

    def __init__(self, device):
        self._index = index_of(device)

    def __enter__(self):
        self._before, machine.device = machine.device, self._index

    def __exit__(self, *error):
        machine.device = self._before


def current_stream(device=None):
    index = machine.device if device is None else index_of(device)
    return _streams().get(index) or default_stream(index)


def default_stream(device=None):
    return Stream(machine.device if device is None else index_of(device), handle=0)


def _streams():
    if not hasattr(_here, "streams"):
        forget()
    return _here.streams
