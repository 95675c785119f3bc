"""Running the tiles of a Numba kernel on Python threads.

The compiled functions release the GIL; Numba's own parallel layers are not used (one of them kills
a forked child, the other aborts under many threads).
"""

import itertools
import threading
from collections.abc import Callable


def over_tiles(task: Callable[[int], None], tiles: int, threads: int) -> None:
    """Call task(0), ..., task(tiles - 1), each once, on at most so many threads.

    The calling thread works too, so Ctrl-C is served between two tiles; the others then stop after
    the tile at hand.
    """
    counter = itertools.count()  # next() on it is one step under the GIL
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while not errors and (tile := next(counter)) < tiles:
                task(tile)
        except BaseException as error:
            errors.append(error)

    helpers = [
        threading.Thread(target=work, name="pyntk-tiles") for _ in range(min(threads, tiles) - 1)
    ]
    for helper in helpers:
        helper.start()
    work()
    for helper in helpers:
        helper.join()
    if errors:
        raise errors[0]
