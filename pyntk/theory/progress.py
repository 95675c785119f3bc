"""A progress bar with the time left, where somebody watches."""

import sys
from types import TracebackType
from typing import Any, Self


class Progress:
    """Counts steps on standard error, by tqdm where it is installed.

    Without tqdm one line says so and the work goes on. Use as a context manager.

    Args:
        total: number of steps.
        shown: False shows nothing.
    """

    def __init__(self, total: int, shown: bool):
        self._bar: Any = None
        if not shown:
            return
        try:
            from tqdm import tqdm
        except ModuleNotFoundError:
            print(f"{total} steps of work; tqdm would show the time left", file=sys.stderr)
            return
        self._bar = tqdm(total=total, file=sys.stderr, leave=False, dynamic_ncols=True, unit="step")

    def phase(self, name: str) -> None:
        """Name what is being done."""
        if self._bar is not None:
            self._bar.set_description(name)

    def advance(self) -> None:
        """Count one step."""
        if self._bar is not None:
            self._bar.update()

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
