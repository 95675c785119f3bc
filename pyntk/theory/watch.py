"""How far a routine is, over the parts it is made of; and training that it can follow."""

from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from pyntk import TwoLayer, train
from pyntk.progress import Share, admit_progress

Part = TypeVar("Part")


class Watch:
    """The progress of a routine, as one number from 0 to 1. Use as a context manager.

    Args:
        progress: True shows a bar on standard error, False nothing; a callable(done, total) is
            called with numbers from 0 to 1, and 1.

    Raises:
        TypeError: ``progress`` is neither a Boolean nor callable.
    """

    def __init__(self, progress: bool | Callable[[float, float], object] = False):
        admit_progress(progress)
        self._bar = Share() if progress is True else None
        self._report: Callable[[float, float], object] | None = (
            self._bar.move if self._bar else progress if callable(progress) else None
        )
        self._done, self._size = 0.0, 1.0  # the part being worked on, as a share of the whole
        self._told = -1.0

    def over(self, parts: Sequence[Part], share: float = 1.0) -> Iterator[Part]:
        """Yield the parts of the work, or of the part being worked on.

        Args:
            parts: what takes about equally long each.
            share: how much of the work at hand all of them are together.
        """
        begin, size = self._done, self._size
        for index, part in enumerate(parts):
            self._done = begin + size * share * index / len(parts)
            self._size = size * share / len(parts)
            self._tell(0.0)
            yield part
        self._done, self._size = begin + size * share, size * (1 - share)
        self._tell(0.0)

    @property
    def inside(self) -> Any:
        """What a function of pyntk takes as ``progress``, to count as the part at hand."""
        return self._inside if self._report else False

    def train(self, network: TwoLayer, data: Any, **options: Any) -> Any:
        """Run :func:`pyntk.train` as the part at hand; Ctrl-C is a KeyboardInterrupt.

        Returns:
            The run, whole.

        Raises:
            pyntk.DivergenceError: the step is too large; its ``run`` has the records up to there.
        """
        run = train(network, data, progress=self.inside, **options)
        if run.interrupted:
            raise KeyboardInterrupt
        return run

    def _inside(self, done: float, total: float) -> None:
        self._tell(min(done / total, 1.0) if total else 1.0)

    def _tell(self, share: float) -> None:
        """Report how much is done, never less than before: a part may have several calls."""
        done = min(self._done + self._size * share, 1.0)
        if self._report and done > self._told:
            self._told = done
            self._report(done, 1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._done, self._size = 1.0, 0.0  # whatever rounding left of the shares
                self._tell(1.0)
        finally:
            if self._bar is not None:
                self._bar.close()
