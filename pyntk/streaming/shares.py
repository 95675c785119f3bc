"""How much of a file is done, for somebody who watches."""

import time
from types import TracebackType
from typing import Any, Final, Self

from pyntk.progress import REPORT_EVERY, Report, Share, admit_progress

COMPUTED: Final = 0.5
"""Share of a block that is done when it is computed, and not yet written."""


class Shares:
    """Shows the share of the entries that are done, over all blocks. Use as a context manager.

    Args:
        progress: True shows a bar; a callable(done, total) is called about every 50 ms, and once at
            the end with done = total.
        total: number of entries to compute.
        done: of which are there already.
    """

    def __init__(self, progress: Any, total: int, done: int) -> None:
        admit_progress(progress)
        self._bar = Share() if progress is True else None
        self._report: Report | None = self._bar.move if self._bar else progress or None
        self._total, self._done, self._following = total, done, 0.0

    def within(self, size: int) -> bool | Report:
        """Return the progress of the computation of a block of so many entries."""
        if self._report is None:
            return False
        return lambda done, total: self._show(self._done + COMPUTED * size * done / total)

    def advance(self, size: int) -> None:
        """A block of so many entries is written."""
        self._done += size
        self._show(self._done)

    def finish(self) -> None:
        """Everything is there."""
        if self._report is not None:
            self._report(max(self._total, 1), max(self._total, 1))

    def _show(self, done: float) -> None:
        now = time.monotonic()
        if self._report is not None and done < self._total and now >= self._following:
            self._report(done, self._total)
            self._following = time.monotonic() + REPORT_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
