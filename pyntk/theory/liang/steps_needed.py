"""How many steps a network takes to a test accuracy."""

from typing import Final

import numpy as np

from pyntk.theory.liang.classes import ClassSample
from pyntk.theory.liang.descent import Descent, accuracy
from pyntk.theory.watch import Watch

TARGET: Final = 0.95
"""Test accuracy."""
MOST: Final = 150
"""Steps after which a network counts as having taken so many."""
CHUNK: Final = 10
"""Steps between which training can stop."""


def steps_needed(sample: ClassSample, how: Descent, m: int, judged: int, watch: Watch) -> int:
    """Return the first step at which the test accuracy is 95 %, or 150.

    Args:
        sample: the rows.
        how: the training; its number of steps does not count.
        m: neurons.
        judged: held-out rows at which every step is looked at.
        watch: how far the routine is.

    Raises:
        pyntk.DivergenceError: the step is too large.
    """
    net = how.started(sample, m)
    data = sample.X.astype(np.float32), sample.classes
    rows, classes = sample.X_test[:judged].astype(np.float32), sample.classes_test[:judged]
    for chunk in watch.over(range(MOST // CHUNK)):
        run = watch.train(
            net, data, loss="softmax", batch=how.batch, step_size=how.eta(m), steps=CHUNK,
            seed=1000 * (how.seed + 1) + chunk, record={"outputs": 1}, evaluate=rows,
        )  # fmt: skip
        reached = accuracy(run.records["outputs"].values, classes) >= TARGET
        if reached.any():
            return chunk * CHUNK + int(reached.argmax())
    return MOST
