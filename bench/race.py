"""Rounds of all contenders of a problem in turn, so that a slow minute hits all of them.

pytest-benchmark runs one test to its end before the next begins; on a shared machine the ratio of
two such medians is a matter of luck. So the first test of a group runs the whole race, and each
test hands its contender's rounds to pytest-benchmark, whose clock (:class:`Replay`) stands still
but for the seconds that were measured.
"""

import random
import time
from typing import NamedTuple

PAUSE = 0.05
"""Seconds between two runs: for so long threads of BLAS and OpenMP spin when they have finished."""


class Rounds(NamedTuple):
    """How many rounds a race has: ``least``, then more until it took ``seconds``, or ``most``.

    A contender that ran for ``patience`` seconds sits out after ENOUGH rounds.
    """

    least: int = 7
    most: int = 41
    seconds: float = 10.0
    patience: float = 12.0


ENOUGH = 3


class Lane:
    """One contender of a race, and what came out; an exception is an outcome."""

    def __init__(self, name):
        self.name, self.runner, self.failure = name, None, None
        self.seconds = []
        self.extra_bytes = self.error_u = None

    def attempt(self, step, *arguments):
        """Take a step, unless an earlier one failed."""
        if self.failure is None:
            try:
                step(*arguments)
            except Exception as failure:
                self.failure = failure

    def warm_up(self, problem, data):
        """Prepare the contender and let it run once, for its memory alone."""
        self.runner = problem.contenders[self.name].start(data)
        self.extra_bytes = self.runner.extra_memory()

    def run(self):
        """Run a round, and free the answer outside of it."""
        time.sleep(PAUSE)
        self.seconds.append(self.runner.run())
        self.runner.forget()

    def finish(self, problem, data):
        """Run the last round and check the answer that it took the time of."""
        self.seconds.append(self.runner.run())
        self.error_u = problem.contenders[self.name].check(data, self.runner)
        self.runner.forget()

    def close(self):
        """End the contender."""
        if self.runner is not None:
            self.runner.close()


def race(problem, names, rounds):
    """Return the lane of each contender that is named, the race over."""
    data = problem.data()
    lanes = [Lane(name) for name in names]
    shuffle = random.Random(0)
    try:
        for lane in lanes:
            lane.attempt(lane.warm_up, problem, data)
        begin = time.monotonic()
        for number in range(rounds.most - 1):
            if number >= rounds.least - 1 and time.monotonic() - begin > rounds.seconds:
                break
            for lane in shuffle.sample(lanes, len(lanes)):  # nobody has always the same predecessor
                if len(lane.seconds) < ENOUGH - 1 or sum(lane.seconds) < rounds.patience:
                    lane.attempt(lane.run)
        for lane in lanes:
            lane.attempt(lane.finish, problem, data)
    finally:
        for lane in lanes:
            lane.close()
    return {lane.name: lane for lane in lanes}


class Replay:
    """A clock that pytest-benchmark reads, and a call that takes the given seconds by it."""

    def __init__(self):
        self.now = 0.0
        self.seconds = iter(())

    def __call__(self):
        """Advance the clock by the next round."""
        self.now += next(self.seconds)

    def read(self):
        """Return the time."""
        return self.now
