"""Progress with the time left, on standard error, where somebody watches."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self

from pyntk.dispatch import load

Report = Callable[[float, float], object]

REPORT_EVERY: Final = 0.05
"""Seconds between two reports."""


class Progress:
    """Counts steps on standard error, by tqdm where it is installed.

    Without tqdm one line says so and the work goes on. Use as a context manager.

    Args:
        total: number of steps.
        shown: False shows nothing.
    """

    def __init__(self, total: int, shown: bool):
        self._bar: Any = None
        if shown:
            self._bar = _open_bar(f"{total} steps of work", total=total, unit="step")

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


def watched(run: Callable[..., None], progress: Any, backend: str) -> Callable[..., None]:
    """Return a kernel that shows its progress.

    Args:
        run: a kernel of the backend.
        progress: True shows a bar; a callable(done, total) is called on the calling thread about
            every 50 ms, and once at the end with done = total.
        backend: whose kernels report how far they are; those on a CUDA device report the end only.

    Raises:
        TypeError: ``progress`` is neither a Boolean nor callable.
    """
    if progress is False:
        return run
    admit_progress(progress)
    set_progress = (lambda report: None) if backend == "cuda" else load(backend).set_progress

    def run_watched(**arguments: Any) -> None:
        bar = Share() if progress is True else None
        report: Report = bar.move if bar else progress
        seen = 1.0  # the total

        def during(done: float, total: float) -> None:
            nonlocal seen
            seen = total
            set_progress(None)  # a kernel that the report calls shows nothing
            try:
                report(done, total)
            finally:
                set_progress(during)

        set_progress(during)
        try:
            run(**arguments)
            during(seen, seen)
        finally:
            set_progress(None)
            if bar:
                bar.close()

    return run_watched


def admit_progress(progress: Any) -> None:
    """Raise TypeError for anything but True, False and a callable(done, total)."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(
            f"progress must be True, False or a callable(done, total), "
            f"not {type(progress).__name__}"
        )


@contextmanager
def counted(progress: Any, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function that takes the number of steps done, and shows it as :func:`watched` does.

    Args:
        progress: True shows a bar; a callable(done, total) is called at most every 50 ms, and at
            the end.
        total: number of steps.

    Raises:
        TypeError: ``progress`` is neither a Boolean nor callable.
    """
    admit_progress(progress)
    bar = (
        _open_bar("training", desc="training", total=total, unit="step")
        if progress is True
        else None
    )
    following = time.monotonic() + REPORT_EVERY

    def report(done: int) -> None:
        nonlocal following
        if bar is not None:
            bar.update(done - bar.n)
        elif callable(progress) and (done == total or time.monotonic() >= following):
            progress(done, total)
            following = time.monotonic() + REPORT_EVERY

    try:
        yield report
    finally:
        if bar is not None:
            bar.close()


class Share:
    """A bar of how much of a call is done."""

    def __init__(self) -> None:
        self._bar = _open_bar(
            "working", total=1.0, bar_format="{l_bar}{bar}| {elapsed}, {remaining} left"
        )

    def move(self, done: float, total: float) -> None:
        """Show that this much is done."""
        if self._bar is not None:
            self._bar.update(max(min(done / total, 1.0) - self._bar.n, 0.0))

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def _open_bar(work: str, **options: Any) -> Any:
    """Return a bar of tqdm; without tqdm say so on one line and return None."""
    try:
        from tqdm import tqdm
    except ModuleNotFoundError:
        print(f"{work}; tqdm would show the time left", file=sys.stderr)
        return None
    return tqdm(file=sys.stderr, leave=False, dynamic_ncols=True, **options)
