"""Whether cuSOLVER's status is looked at: ``cupyx.errstate`` and ``cupyx.geterr``."""

import threading
from contextlib import contextmanager

_state = threading.local()


def linalg_state():
    """Return "ignore", which is the default, or "raise"."""
    return getattr(_state, "linalg", "ignore")


def geterr():
    """Return the state as a dictionary."""
    return dict.fromkeys(("divide", "over", "under", "invalid")) | {"linalg": linalg_state()}


@contextmanager
def errstate(*, divide=None, over=None, under=None, invalid=None, linalg=None):
    """Set the state for a while; CuPy has no other settings than those of linalg."""
    if any(value is not None for value in (divide, over, under, invalid)):
        raise NotImplementedError
    if linalg not in (None, "ignore", "raise"):
        raise NotImplementedError
    before = linalg_state()
    _state.linalg = linalg or before
    try:
        yield
    finally:
        _state.linalg = before
