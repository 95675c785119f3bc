"""The contract of the training loops: random numbers and gradient descent, backend x dtype x case.

Against tests/training_reference.py: a step within eta times promise 13; what many steps do follows
from single ones, to the bit. More on random numbers is in tests/test_random.py.
"""

import numpy as np
import pytest

import training_reference as reference
from bounds import assert_within, unit_roundoff
from cases import network, network_on_the_kink, random_rows
from pyntk.activation import leaky_relu, piecewise_linear, relu
from pyntk.contract import LOSSES, STREAMS, TRAINED, Descent
from test_network_contract import both_dtypes, targets

L = np.longdouble
ALL_SAMPLES = np.zeros((0, 0), np.int64)
ACTIVATIONS = {
    "relu": relu(),
    "leaky": leaky_relu(0.1),
    "indicator at zero": relu(derivative_at_zero=1),
    "two knots": piecewise_linear([0.5, 1.5], [-2.5, 7.5]),
    "three knots": piecewise_linear([0, 0.5, 1.5], [-2.5, -4, 7.5], slopes=(-0.5, 0.25)),
}


def draw(kernels, kernel, n, p, *, seed=0, stream=0, first=0, threads=2, dtype=np.float64):
    inputs = {"seed": seed, "stream": stream, "first": first, "threads": threads}
    name = "U" if kernel == "random_uniforms" else "Z"
    return kernels.run(kernel, inputs, {name: ((n, p), dtype)})[0]


PLACES = [(0, 0, 0), (2**64 - 1, 5, 2**33 - 2), (0x299F31D0A4093822, 3, 2**62), (1, 2, 7)]


@pytest.mark.parametrize(("seed", "stream", "first"), PLACES)
@pytest.mark.parametrize(("n", "p"), [(0, 3), (3, 0), (5, 1), (4, 2), (3, 9), (2, 70)])
def test_random_uniforms(kernels, seed, stream, first, n, p):
    U = draw(kernels, "random_uniforms", n, p, seed=seed, stream=stream, first=first)
    assert (reference.uniforms(seed, stream, first, n, p) == U).all()


@pytest.mark.parametrize(("seed", "stream", "first"), PLACES)
@pytest.mark.parametrize(("n", "p"), [(0, 3), (3, 0), (5, 1), (4, 2), (3, 11), (2, 130)])
@both_dtypes
def test_random_normals(kernels, dtype, seed, stream, first, n, p):
    Z = draw(kernels, "random_normals", n, p, seed=seed, stream=stream, first=first, dtype=dtype)
    exact, radius = reference.normals(seed, stream, first, n, p)
    assert_within(Z, exact, reference.NORMAL * radius, dtype)


@pytest.mark.parametrize("kernel", ["random_uniforms", "random_normals"])
def test_a_random_number_depends_on_its_place_alone(kernels, kernel):
    whole = draw(kernels, kernel, 300, 37, seed=5, stream=1, first=11, threads=1)
    for threads in (2, 3):
        many = draw(kernels, kernel, 300, 37, seed=5, stream=1, first=11, threads=threads)
        assert (many == whole).all()
    assert (draw(kernels, kernel, 40, 37, seed=5, stream=1, first=211) == whole[200:240]).all()
    assert (draw(kernels, kernel, 20, 6, seed=5, stream=1, first=11) == whole[:20, :6]).all()


def descend(kernels, problem, sigma, descent, steps, order=ALL_SAMPLES, threads=2):
    """W, A, c, the losses and the number of steps; ``steps`` are the step sizes."""
    X, Y, W, A, c = problem
    inputs = {
        "X": X, "Y": Y, "order": np.asarray(order, np.int64), "step_sizes": np.array(steps, float),
        "activation": sigma, "descent": descent, "threads": threads,
    }  # fmt: skip
    outputs = {"losses": ((len(steps),), np.float64), "done": ((1,), np.int64)}
    *after, done = kernels.run("two_layer_descent", inputs, outputs, {"W": W, "A": A, "c": c})
    return [*after, int(done[0])]


def opened(n, d, m, k, dtype, loss="half_squares"):
    """X, Y, W, A, c."""
    X, W, *_ = network(n, d, m, dtype)
    A, c = random_rows(m, k, dtype, seed=8), random_rows(1, k, dtype, seed=12)[0]
    return X, targets(loss, n, k, dtype), W, A, c


def assert_one_step(kernels, problem, sigma, descent, eta, batch, exact_gates=False):
    """``batch`` are the rows of the step, or None: all."""
    X, Y, W, A, c = problem
    order = ALL_SAMPLES if batch is None else np.array([batch])
    *after, losses, done = descend(kernels, problem, sigma, descent, [eta], order)
    rows = slice(None) if batch is None else batch
    number = descent.first_step
    exact = reference.step(
        X[rows], Y[rows], W, A, c, sigma, descent, eta, number, exact_gates=exact_gates
    )
    assert done == 1
    assert abs(L(losses[0]) - exact.loss[0]) <= exact.loss[1]
    for P, (parameter, tolerance), name in zip(after, exact[1:], "WAc", strict=True):
        assert_within(P, parameter, tolerance, W.dtype, name)


def rows_of(n, batch):
    return np.random.default_rng(batch).permutation(n)[:batch]


SIZES = [
    *((16, 5, m, 1) for m in (1, 20, 31, 32, 33, 65, 200)),
    *((16, d, 20, 3) for d in (1, 2, 40, 101)),
    *((batch, 7, 33, k) for batch in (1, 2, 16, 33, None) for k in (1, 3, 50)),
    (1, 40, 200, 1), (100, 3, 5, 2), (1, 1, 1, 1),
]  # fmt: skip


@pytest.mark.parametrize(("batch", "d", "m", "k"), SIZES)
@both_dtypes
def test_two_layer_descent(kernels, dtype, batch, d, m, k):
    n = 40 if batch is None else 2 * batch + 3
    problem = opened(n, d, m, k, dtype)
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, m**-0.5)
    rows = None if batch is None else rows_of(n, batch)
    assert_one_step(kernels, problem, ACTIVATIONS["relu"], descent, 0.1, rows)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
@both_dtypes
def test_one_step_of_every_loss_and_activation(kernels, dtype, loss, activation, outputs):
    problem = opened(30, 6, 21, outputs, dtype, loss)
    descent = Descent(LOSSES[loss], TRAINED["all"], True, 0.3, weight_decay=0.5)
    assert_one_step(kernels, problem, ACTIVATIONS[activation], descent, 0.1, rows_of(30, 11))


@pytest.mark.parametrize("temperature", [0.0, 0.02])
@pytest.mark.parametrize("output_bias", [False, True])
@pytest.mark.parametrize("trained", TRAINED)
@both_dtypes
def test_what_is_not_trained_keeps_its_bits(kernels, dtype, trained, output_bias, temperature):
    problem = opened(9, 6, 35, 2, dtype)
    descent = Descent(
        LOSSES["mean_squares"], TRAINED[trained], output_bias, 0.2, 0.3, temperature,
        seed=2**64 - 3, first_step=2**40,
    )  # fmt: skip
    assert_one_step(kernels, problem, ACTIVATIONS["two knots"], descent, 0.1, rows_of(9, 5))
    W, A, c, *_ = descend(kernels, problem, ACTIVATIONS["relu"], descent, [0.1, 0.2])
    changed = [(P != Q).any() for P, Q in zip((W, A, c), problem[2:], strict=True)]
    last = trained != "first"
    assert changed == [trained != "last", last, last and output_bias]


@both_dtypes
def test_the_noise_is_the_random_numbers_of_its_rows(kernels, dtype):
    """In float64 too, where numbers of float32 would hide another term."""
    problem, sigma, m, number = opened(9, 7, 35, 3, dtype), ACTIVATIONS["relu"], 35, 12
    quiet = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.2, seed=5, first_step=number)
    still = descend(kernels, problem, sigma, quiet, [0.1])
    moved = descend(kernels, problem, sigma, quiet._replace(temperature=0.02), [0.1])
    amplitude = np.sqrt(L(2) * L(0.1) * L(0.02))
    for name, P, Q, rows in zip("WAc", still, moved[:3], (m, m, 1), strict=False):
        first, stream = number * rows, STREAMS[name]
        Z = draw(kernels, "random_normals", rows, P.shape[-1], seed=5, stream=stream, first=first)
        noise = amplitude * Z.reshape(P.shape).astype(L)
        tolerance = 4 * unit_roundoff(dtype) * (np.abs(P) + np.abs(noise))
        assert_within(Q, P.astype(L) + noise, tolerance, dtype, name)


@pytest.mark.parametrize("activation", ["relu", "leaky", "indicator at zero"])
@pytest.mark.parametrize("k", [1, 3])
@both_dtypes
def test_one_step_from_the_kink(kernels, dtype, k, activation):
    X, W, *_ = network_on_the_kink(dtype)
    problem = (X, targets("half_squares", 5, k, dtype), W, random_rows(4, k, dtype, seed=8))
    problem += (np.zeros(k, dtype),)
    descent, sigma = Descent(0, TRAINED["all"], True, 0.5), ACTIVATIONS[activation]
    assert_one_step(kernels, problem, sigma, descent, 0.1, None, exact_gates=True)


@pytest.mark.parametrize("k", [1, 3])
@both_dtypes
def test_a_sample_may_be_in_a_batch_more_than_once(kernels, dtype, k):
    problem = opened(5, 4, 40, k, dtype)
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.2)
    assert_one_step(kernels, problem, ACTIVATIONS["relu"], descent, 0.1, np.array([3, 1, 3, 3]))


STEPS = {"small": (3, 12, 6, 40), "shared": (300, 310, 101, 260), "large": (1500, 1510, 5, 1000)}
"""Batch, n, d, m: for one thread, for several, and beyond the cache."""
EMULATED = {"shared": (33, 40, 9, 65), "large": (70, 75, 9, 65)}  # CUDA goes by the batch alone
every_way = pytest.mark.parametrize("way", STEPS)


def opened_way(way, kernels, dtype):
    """The size of a batch, and a problem."""
    batch, n, d, m = (STEPS | (EMULATED if kernels.name == "emulator" else {}))[way]
    return batch, opened(n, d, m, 1, dtype)


@every_way
@both_dtypes
def test_one_step_of_every_way(kernels, dtype, way):
    batch, problem = opened_way(way, kernels, dtype)
    n, m = len(problem[0]), len(problem[2])
    descent = Descent(LOSSES["half_squares"], TRAINED["all"], True, m**-0.5, 0.1, 0.01, 3, 4)
    for rows in (rows_of(n, batch), None):
        assert_one_step(kernels, problem, ACTIVATIONS["relu"], descent, 1e-4, rows)


def order_of(batch, steps, n):
    if batch is None:
        return ALL_SAMPLES
    return np.random.default_rng(0).integers(0, n, (steps, batch))


@pytest.mark.parametrize(("activation", "temperature"), [("relu", 0.0), ("two knots", 0.01)])
@pytest.mark.parametrize("batch", [1, 9, None])
@both_dtypes
def test_many_steps_are_single_steps(kernels, dtype, batch, activation, temperature):
    problem, sigma, steps = opened(12, 6, 40, 2, dtype), ACTIVATIONS[activation], [0.1, 0.2, 0.1]
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.1, 0.2, temperature, 3, 5)
    order = order_of(batch, len(steps), 12)
    *together, done = descend(kernels, problem, sigma, descent, steps, order)
    assert done == len(steps)
    X, Y, *parameters = problem
    losses = []
    for t, eta in enumerate(steps):
        one = descent._replace(first_step=5 + t)
        *parameters, loss, _ = descend(
            kernels, (X, Y, *parameters), sigma, one, [eta], order[t : t + 1]
        )
        losses.append(loss[0])
    for P, Q in zip(together, (*parameters, losses), strict=True):
        assert (P == Q).all()


@pytest.mark.parametrize("batch", [1, 9, None])
@both_dtypes
def test_no_steps_change_nothing(kernels, dtype, batch):
    problem = opened(12, 6, 40, 2, dtype)
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.1, 0.2, 0.1)
    order = order_of(batch, 0, 12)
    *after, losses, done = descend(kernels, problem, ACTIVATIONS["relu"], descent, [], order)
    assert done == len(losses) == 0
    assert all((P == Q).all() for P, Q in zip(after, problem[2:], strict=True))


@every_way
@both_dtypes
def test_training_stops_before_the_step_whose_loss_is_too_large(kernels, dtype, way):
    batch, problem = opened_way(way, kernels, dtype)
    n, m, sigma = len(problem[0]), len(problem[2]), ACTIVATIONS["relu"]
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 1 / m, 0.1, 0.01, limit=1e8)
    order, steps = order_of(batch, 4, n), [1e-3, 1e6, 1e-3, 1e-3]
    *after, losses, done = descend(kernels, problem, sigma, descent, steps, order)
    assert done == 2
    assert (losses[:2] <= 1e8).all()
    assert losses[2] > 1e8
    assert np.isnan(losses[3])
    *before, of_before, _ = descend(kernels, problem, sigma, descent, steps[:2], order[:2])
    assert (of_before == losses[:2]).all()
    assert all((P == Q).all() for P, Q in zip(after, before, strict=True))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("batch", [1, 9, None])
@both_dtypes
def test_a_loss_that_is_no_number_stops_the_training(kernels, dtype, batch, bad):
    X, Y, W, A, c = opened(12, 6, 40, 2, dtype)
    A[7, 1] = bad
    W[7] = X[0]
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.1, limit=1e300)
    order = ALL_SAMPLES if batch is None else np.arange(2 * batch).reshape(2, batch) % 12
    problem = (X, Y, W, A, c)
    *after, losses, done = descend(kernels, problem, ACTIVATIONS["relu"], descent, [1, 1], order)
    assert done == 0
    assert not losses[0] <= 1e300
    assert np.isnan(losses[1])
    for P, Q in zip(after, (W, A, c), strict=True):
        np.testing.assert_array_equal(P, Q)


@every_way
@pytest.mark.parametrize("activation", ["relu", "two knots"])
def test_a_weight_that_is_no_number_stops_the_training(kernels, way, activation):
    batch, problem = opened_way(way, kernels, np.float32)
    problem[2][3, 1] = np.nan
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 0.1, limit=1e30)
    order = order_of(batch, 1, len(problem[0]))
    assert descend(kernels, problem, ACTIVATIONS[activation], descent, [1], order)[-1] == 0


@every_way
@both_dtypes
def test_threads_do_not_change_a_bit_of_a_descent(kernels, dtype, way):
    batch, problem = opened_way(way, kernels, dtype)
    n, m, sigma = len(problem[0]), len(problem[2]), ACTIVATIONS["relu"]
    descent = Descent(LOSSES["mean_squares"], TRAINED["all"], True, 1 / m, 0.1, 0.01)
    order = order_of(batch, 2, n)
    one, *more = (
        descend(kernels, problem, sigma, descent, [0.1, 0.1], order, threads=threads)
        for threads in (1, 2, 3)
    )
    for many in more:
        assert all(np.array_equal(P, Q) for P, Q in zip(one, many, strict=True))
