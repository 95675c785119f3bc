"""Long sums in a step of gradient descent: equal terms, whose roundings go the same way.

Added one by one, or in chains of 16 that are added one by one, they are off by more than 100 u.
"""

import numpy as np
import pytest

from pyntk.contract import LOSSES, TRAINED, Descent
from test_network_contract import both_dtypes
from test_training_contract import ACTIVATIONS, assert_one_step

SIZES = {"inputs": (3, 20_000, 2), "samples": (20_000, 2, 3), "neurons": (2, 3, 20_000)}


@pytest.mark.parametrize("long", SIZES)
@both_dtypes
def test_one_step_of_long_sums(kernels, dtype, long):
    part = 4 if kernels.name == "emulator" else 1  # it is slow
    n, d, m = (-(-size // part) for size in SIZES[long])
    X, Y = np.full((n, d), 0.7, dtype), np.full((n, 1), 3.1, dtype)
    W, A = np.full((m, d), 1.3 / d, dtype), np.full((m, 1), 1 / 3, dtype)
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 1 / m)
    problem = (X, Y, W, A, np.ones(1, dtype))
    assert_one_step(kernels, problem, ACTIVATIONS["relu"], descent, 0.1, None)
