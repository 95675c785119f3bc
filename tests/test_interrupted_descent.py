"""Ctrl-C in two_layer_descent: what was done is told, and the parameters are those after it."""

import contextlib
import signal
import time

import numpy as np
import pytest

from cases import network, random_rows
from interrupts import assert_prompt
from pyntk.activation import relu
from pyntk.contract import TRAINED, Descent
from pyntk.dispatch import load

STEPS = 300_000  # seconds


def train(backend, problem, order, steps):
    """The parameters, losses and number of steps, and the time of the interrupt."""
    X, Y, *parameters = problem
    W, A, c = (P.copy() for P in parameters)
    losses, done = np.full(steps, 7.0), np.full(1, -1)
    descent = Descent(1, TRAINED["all"], True, 1 / len(W), 0.1, limit=1e9)
    with contextlib.suppress(KeyboardInterrupt):
        load(backend).two_layer_descent(
            X=X, Y=Y, order=order, step_sizes=np.full(steps, 1e-3), activation=relu(),
            descent=descent, threads=2, W=W, A=A, c=c, losses=losses, done=done,
        )  # fmt: skip
    return (W, A, c), losses, int(done[0]), time.monotonic()


SIZES = {"small": (16, 40, 200), "shared": (200, 150, 500), "large": (3000, 20, 500)}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_an_interrupt_leaves_the_parameters_of_the_steps_done(backend, size):
    n, d, m = size
    X, W, *_ = network(n, d, m, np.float32)
    problem = (X, random_rows(n, 1, np.float32), W, random_rows(m, 1, np.float32, seed=1))
    problem += (np.zeros(1, np.float32),)
    order = np.zeros((0, 0), np.int64)
    train(backend, problem, order, 2)  # compiled before the time is taken

    def seconds_until_interrupted():
        previous, begin = signal.signal(signal.SIGALRM, interrupt), time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            parameters, losses, done, end = train(backend, problem, order, STEPS)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        assert 0 < done < STEPS
        assert np.isfinite(losses[:done]).all()
        assert np.isnan(losses[done + 1 :]).all()
        again, of_again, as_many, _ = train(backend, problem, order, done)
        assert as_many == done
        assert (of_again == losses[:done]).all()
        assert all((P == Q).all() for P, Q in zip(parameters, again, strict=True))
        return end - begin - 0.3

    assert_prompt(seconds_until_interrupted)


def interrupt(*_):
    raise KeyboardInterrupt
