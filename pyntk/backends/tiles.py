"""Running the tiles of a Numba kernel on Python threads.

The compiled functions release the GIL; Numba's own parallel layers are not used (one of them kills
a forked child, the other aborts under many threads).
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

REPORT_EVERY = 0.05  # seconds; also the longest wait before Ctrl-C is served

_of_this_thread = threading.local()


def set_progress(callback: Callable[[int, int], None] | None) -> None:
    """Have the kernels that this thread calls report callback(done, total), or None: no more.

    The calling thread calls it between its tiles, at most every REPORT_EVERY, and at the end.
    """
    _of_this_thread.progress = callback


def over_tiles(
    task: Callable[[int], None], tiles: int, threads: int, *, reported: bool = True
) -> None:
    """Call task(0), ..., task(tiles - 1), each once, on at most so many threads.

    Ctrl-C is served at once; the threads then stop after the tile at hand.
    """
    over_rounds(task, [range(tiles)], tiles, threads, reported=reported)


def over_rounds(
    task: Callable[[Any], None],
    rounds: Iterable[Iterable[Any]],
    tiles: int,
    threads: int,
    *,
    reported: bool = True,
) -> None:
    """Call task on each tile of each round; a round begins when the one before it has ended.

    So sums that tiles of different rounds add to have the same order for any number of threads.
    """
    progress = getattr(_of_this_thread, "progress", None) if reported else None
    following = iter(rounds)
    done = 0
    next_report = time.monotonic() + REPORT_EVERY

    def report() -> None:
        nonlocal next_report
        if progress is not None and time.monotonic() >= next_report:
            progress(done, tiles)
            next_report = time.monotonic() + REPORT_EVERY

    if min(threads, tiles) <= 1:
        for tiles_ahead in following:
            for tile in tiles_ahead:
                task(tile)
                done += 1
                report()
    else:
        shared = _Rounds(task, following)
        helpers = [
            threading.Thread(target=shared.work, name="pyntk-tiles")
            for _ in range(min(threads, tiles))
        ]
        try:
            for helper in helpers:
                helper.start()
            for helper in helpers:
                while helper.is_alive():
                    helper.join(REPORT_EVERY)
                    done = shared.done
                    report()
        except BaseException:
            shared.stop()
            raise
        finally:
            for helper in helpers:
                if helper.ident is not None:
                    helper.join()
        if shared.errors:
            raise shared.errors[0]
    if progress is not None:
        progress(tiles, tiles)


class _Rounds:
    """The rounds as several threads take tiles from them.

    The thread that waits for them takes no lock of it: an interrupt could leave that locked.
    """

    def __init__(self, task: Callable[[Any], None], following: Iterator[Iterable[Any]]):
        self._task, self._following = task, following
        self._changed = threading.Condition(threading.Lock())
        self._at_hand: Iterator[Any] = iter(())  # what is left of the round that runs
        self._running = self.done = 0
        self.errors: list[BaseException] = []
        self._stopped = False

    def stop(self) -> None:
        """Have the threads end after the tile at hand; takes no lock."""
        self._stopped = True

    def work(self) -> None:
        """Call the task on one tile after another."""
        try:
            while (taken := self._take()) is not None:
                self._task(*taken)
                with self._changed:
                    self._running -= 1
                    self.done += 1
                    if not self._running:
                        self._changed.notify_all()
        except BaseException as error:
            self.errors.append(error)
            self.stop()

    def _take(self) -> tuple[Any] | None:
        with self._changed:
            while not self._stopped:
                for tile in self._at_hand:
                    self._running += 1
                    return (tile,)
                if self._running:
                    self._changed.wait(REPORT_EVERY)
                elif (tiles_ahead := next(self._following, None)) is None:
                    return None
                else:
                    self._at_hand = iter(tiles_ahead)
                    self._changed.notify_all()
        return None
