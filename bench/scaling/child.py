"""Measures ways, in a process of its own: ``python child.py REQUESTS``.

REQUESTS is a JSON list of {"way", "n", "d", "workers", "folder", "patience"}; a line of JSON
answers each.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

ROUNDS, ENOUGH = 7, 1.0
"""Calls, and the seconds after which there are no more than three; the median counts."""

LEAST, PATIENCE = 3, 8.0
"""Calls, as the first one alone may wait for pages; and the seconds after which there is no other,
or fewer (a request's patience)."""


def measured(request):
    """Return the seconds of a call, the bytes of the first one, and what it says of itself."""
    from data import gaussian
    from scaling.ways import OPEN

    X = gaussian(request["n"], request["d"], "float64")
    with OPEN[request["way"]](X, request) as job:
        rounds = []

        def timed():
            begin = time.perf_counter()
            answer = job.call()
            rounds.append(time.perf_counter() - begin)
            return answer

        def first():
            job.begin()
            return timed()

        needed, answer = job.meter(first)
        job.check(answer)
        del answer
        job.reset()
        most = min(PATIENCE, request["patience"])
        while sum(rounds) < most and len(rounds) < (ROUNDS if sum(rounds) < ENOUGH else LEAST):
            timed()
            job.reset()
    return {"seconds": statistics.median(rounds), "bytes": needed, **job.facts}


def main():
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not come between the replies
    for request in json.loads(sys.argv[1]):
        print(json.dumps(measured(request)), file=replies, flush=True)


if __name__ == "__main__":
    main()
