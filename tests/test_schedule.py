"""Step sizes: the schedules of the sources and what train() makes of step_size=."""

import numpy as np
import pytest

import pyntk
from pyntk import schedule
from pyntk.schedule import step_sizes


def test_constant_and_inverse_width():
    assert step_sizes(0.5, 3, 7).tolist() == [0.5] * 3
    assert step_sizes(np.float32(0.5), 3, 7).tolist() == [0.5] * 3
    assert step_sizes(schedule.constant(2), 3, 7).tolist() == [2.0] * 3
    assert step_sizes(schedule.inverse_width(10), 2, 4).tolist() == [2.5] * 2
    assert step_sizes(schedule.constant(2), 10**12, 7).strides == (0,)  # no array


def test_mean_field():
    """m s_k with s_k = epsilon xi((k + 1) epsilon): xi is never taken at 0."""
    k = np.arange(5)
    sizes = step_sizes(schedule.mean_field(1e-3, -0.25), 5, 800)
    np.testing.assert_allclose(sizes, 800 * 1e-3 * ((k + 1) * 1e-3) ** -0.25, rtol=1e-15)
    of_function = schedule.mean_field(1e-3, lambda t: 1 / (1 + t))
    expected = 800 * 1e-3 / (1 + (k + 1) * 1e-3)
    np.testing.assert_allclose(step_sizes(of_function, 5, 800), expected, rtol=1e-15)
    assert step_sizes(schedule.mean_field(0.25), 5, 8).tolist() == [2.0] * 5


def test_arrays_and_functions():
    assert step_sizes([1, 2, 3], 3, 7).tolist() == [1.0, 2.0, 3.0]
    assert step_sizes(lambda k: 1 / (k + 1), 4, 7).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    assert step_sizes(np.zeros(0), 0, 7).shape == (0,)


def test_a_schedule_in_training(backend):
    """As the same numbers by hand."""
    X = np.random.default_rng(0).standard_normal((20, 4))
    networks = [pyntk.TwoLayer.mean_field(30, 4, seed=1, backend=backend) for _ in range(2)]
    how = {"steps": 50, "loss": "mean_squares", "batch": 1, "seed": 2}
    times = np.arange(1, 51) * 1e-2
    pyntk.train(networks[0], (X, X[:, 0]), step_size=schedule.mean_field(1e-2, -0.5), **how)
    pyntk.train(networks[1], (X, X[:, 0]), step_size=30 * 1e-2 * times**-0.5, **how)
    assert (networks[0].W == networks[1].W).all()


def test_one_step_of_mei(backend):
    """theta_i + 2 s (y - f) grad sigma_*(x; theta_i), no 1/N left."""
    X, y, s = np.array([[0.5, -1.0]]), np.array([2.0]), 1e-2
    net = pyntk.TwoLayer.mean_field(7, 2, seed=1, backend=backend)
    W, f = net.W.copy(), net.forward(X)[0]
    pyntk.train(net, (X, y), step_size=schedule.mean_field(s), steps=1, loss="mean_squares")
    expected = W + 2 * s * (y - f) * (W @ X.T > 0) * X
    np.testing.assert_allclose(net.W, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("step_size", "error", "message"),
    [
        (-1, ValueError, "step_size must be at least 0, not -1"),
        (np.nan, ValueError, "step_size must be finite, not nan"),
        (np.inf, ValueError, "step_size must be finite, not inf"),
        ("1", TypeError, "step_size must be a number, not str"),
        (None, TypeError, "step_size must be a number, not NoneType"),
        (True, TypeError, "step_size must be a number, not bool"),
        ([], ValueError, r"step_size must have shape \(3,\), not \(0,\)"),
        ([1, 2], ValueError, r"step_size must have shape \(3,\), not \(2,\)"),
        ([[1, 2, 3]], ValueError, r"step_size must have shape \(steps,\), but has 2 dim"),
        ([1, 2, -3], ValueError, r"step_size\[2\] is -3.0; it must be at least 0"),
        ([1, np.nan, 3], ValueError, r"step_size\[1\] is nan"),
        (lambda k: 1 / k, ValueError, r"step_size\[0\] is inf"),
        (lambda k: 1.0, ValueError, "step_size must have shape"),
        (lambda k: k - 1.0, ValueError, r"step_size\[0\] is -1.0"),
        (lambda k: None, TypeError, "step_size must be an array, not None"),
        (schedule.mean_field(1, lambda t: -t), ValueError, r"step_size\[0\] is -3.0"),
    ],
)
def test_bad_step_sizes(step_size, error, message):
    with pytest.raises(error, match=message):
        step_sizes(step_size, 3, 3)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: schedule.constant(-1), ValueError, "c must be at least 0"),
        (lambda: schedule.inverse_width(np.nan), ValueError, "c must be finite"),
        (lambda: schedule.mean_field(-1), ValueError, "epsilon must be at least 0"),
        (lambda: schedule.mean_field(1, np.inf), ValueError, "xi must be finite"),
        (lambda: schedule.mean_field(1, "t"), TypeError, "xi must be a number, not str"),
    ],
)
def test_bad_schedules(make, error, message):
    with pytest.raises(error, match=message):
        make()
