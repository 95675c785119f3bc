"""What is raced: a question, who answers it, how an answer is checked, what is expected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple


class Contender(NamedTuple):
    """One way to compute an answer.

    ``start(data)`` returns a runner (measure.Local or remote.Remote) that is ready to run.
    ``check(data, runner)`` raises AssertionError for a wrong answer, and returns the error of a
    right one in units in roundoff, or None where no such measure applies.
    ``absence()`` tells why the contender cannot take part on this machine, or returns None.
    """

    start: Callable[[Any], Any]
    check: Callable[[Any, Any], float | None]
    absence: Callable[[], str | None] = lambda: None


class Bound(NamedTuple):
    """What is expected of a contender; reported beside what was measured, never asserted.

    ``quantity`` is "times" (its median over that of the contender ``of``), "seconds" (its median)
    or "extra_bytes".
    """

    contender: str
    quantity: str
    at_most: float
    of: str | None = None


class Work(NamedTuple):
    """What no method can do without, for the share of the roofline."""

    flops: float
    bytes_written: float
    arithmetic: str  # "float32" or "float64"


@dataclass(frozen=True, eq=False)
class Problem:
    """A question put to every contender on the same arrays: a group of pytest-benchmark."""

    name: str
    data: Callable[[], Any]
    contenders: Mapping[str, Contender]
    work: Work | None = None
    bounds: Sequence[Bound] = ()

    def __repr__(self) -> str:
        return self.name
