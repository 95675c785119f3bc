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

    The calling thread works too, so Ctrl-C is served between two tiles; the others then stop after
    the tile at hand.
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
    # Entered itself: an interrupt inside Condition's own __enter__ would leave it locked.
    lock = threading.Lock()
    changed = threading.Condition(lock)
    following = iter(rounds)
    at_hand: Iterator[Any] = iter(())  # what is left of the round that runs
    running = done = 0
    errors: list[BaseException] = []
    next_report = time.monotonic() + REPORT_EVERY

    def report() -> None:
        nonlocal next_report
        if progress is not None and time.monotonic() >= next_report:
            progress(done, tiles)
            next_report = time.monotonic() + REPORT_EVERY

    def take(between: Callable[[], None]) -> tuple[Any] | None:
        nonlocal at_hand, running
        while True:
            with lock:
                if errors:
                    return None
                for tile in at_hand:
                    running += 1
                    return (tile,)
                if running:
                    changed.wait(REPORT_EVERY)
                elif (tiles_ahead := next(following, None)) is None:
                    return None
                else:
                    at_hand = iter(tiles_ahead)
                    changed.notify_all()
            between()

    def work(between: Callable[[], None]) -> None:
        nonlocal running, done
        try:
            while (taken := take(between)) is not None:
                task(*taken)
                with lock:
                    running -= 1
                    done += 1
                    if not running:
                        changed.notify_all()
                between()
        except BaseException as error:
            errors.append(error)

    helpers = [
        threading.Thread(target=work, args=(lambda: None,), name="pyntk-tiles")
        for _ in range(min(threads, tiles) - 1)
    ]
    for helper in helpers:
        helper.start()
    work(report)
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]
    if progress is not None:
        progress(tiles, tiles)
