"""Progress of an iteration: a bar of its steps, or a call for each."""

from types import TracebackType
from typing import Any, Self

from pyntk.progress import Progress, admit_progress


class Steps:
    """Counts the steps of an iteration; use as a context manager.

    Args:
        progress: False; True for a bar on standard error; a callable(done, total) for each step.
        total: the most steps there can be.

    Raises:
        TypeError: ``progress`` is neither.
    """

    def __init__(self, progress: Any, total: int) -> None:
        admit_progress(progress)
        self._bar = Progress(total, progress is True)
        self._report = progress if callable(progress) else None
        self.done, self.total = 0, total

    def advance(self) -> None:
        """Count one step."""
        self.done += 1
        self._bar.advance()
        if self._report is not None:
            self._report(self.done, self.total)

    def __enter__(self) -> Self:
        self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.__exit__(kind, error, trace)
