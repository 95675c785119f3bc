"""Stochastic gradient descent: runs of ``pyntk.train`` beside loops in NumPy, Numba and PyTorch."""

import importlib
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from contenders import absence_of_backend, missing
from measure import Local
from problem import Bound, Contender, Problem, Work

import pyntk
from pyntk.activation import piecewise_linear
from pyntk.contract import STREAMS
from pyntk.dispatch import choose, kernel
from pyntk.distributions import gaussian_mixture
from pyntk.schedule import mean_field

BATCH, STEP_SIZE, SEED = 16, 0.01, 0
STUDENTS = {20: (20_000, 3.0, 6.0), 200: (10_000, 1.5, 2.0)}
"""Neurons of a student, steps, and how many times as long NumPy and PyTorch are expected to take.

PyTorch takes 1 s or so. What ``train`` does once, before its first step, takes 2 to 4 ms.
"""
NUMPY, TORCH = "NumPy, one BLAS thread", "PyTorch autograd"

KNOTS, VALUES, STDS = (0.5, 1.5), (-2.5, 7.5), (1.8, 0.2)
NUMPY_ROWS, NUMBA_COLUMNS = "NumPy loop, active rows", "Numba loop, neurons inside"
PARTICLES = {0.1: (1.2094, 1.108), 1.0: (1.0483, 1.501)}
"""Time t = steps * epsilon; risk and median norm of a neuron by the mean-field equation there."""
EVALUATED = 20_000  # samples of each class, for the risk


def problems(quick):
    time, steps = (0.1, 10_000) if quick else (1.0, 50_000)
    return [
        *(
            student_problem(m, 1000 if quick else many, *faster)
            for m, (many, *faster) in STUDENTS.items()
        ),
        one_pass_problem(800, 40, steps, time),
    ]


def student_problem(m, steps, *faster):
    """Tian, arXiv 1909.13458: a student of m neurons learns a teacher of 20 with 50 outputs."""
    d, outputs = 100, 50
    return Problem(
        name=f"student-teacher SGD, float32, {m} students, {steps} steps",
        data=partial(student_and_teacher, m, d, outputs, steps),
        contenders={
            **{f"pyntk {backend}": student_by_pyntk(backend) for backend in ("cpu", "numba")},
            NUMPY: student_by("numpy_sgd", "mini_batches", "threadpoolctl"),
            TORCH: student_by("torch_sgd", "by_autograd", "torch"),
            "PyTorch formulas": student_by("torch_sgd", "by_formulas", "torch"),
        },
        work=Work(steps * BATCH * m * (4 * (d + 1) + 6 * outputs), 0, "float32"),
        bounds=[
            Bound("pyntk cpu", "times", 1 / times, of)
            for times, of in zip(faster, (NUMPY, TORCH), strict=True)
        ],
    )


class Student(NamedTuple):
    """What a student begins with, what it learns from, and where exact arithmetic takes it."""

    X: Any  # (n, d + 1), the last column is 1
    Y: Any
    W: Any  # (m, d + 1), the last column is b
    A: Any
    c: Any
    order: Any  # (steps, BATCH), the rows of X that make up each batch
    trained: Any  # (W, A, c) in float64


def student_and_teacher(m, d, outputs, steps, n=10_000, teachers=20):
    """The protocol of Tian's code, where the strengths of the teachers fall as 1/i."""
    rng = np.random.default_rng(0)
    levels = np.linspace(-1, 1, 9)
    X = np.column_stack([rng.normal(0, 1.5, (n, d)), np.ones(n)])
    of_teachers = rng.choice(levels, (teachers, d))
    of_teachers /= np.linalg.norm(of_teachers, axis=1, keepdims=True)
    of_teachers = np.column_stack([of_teachers, np.full(teachers, -0.1)])
    top = rng.choice(levels, (teachers, outputs)) / np.arange(1, teachers + 1)[:, None]
    Y = np.maximum(X @ of_teachers.T, 0) @ top - 0.1
    W = np.column_stack([rng.normal(0, 0.005, (m, d)), np.zeros(m)])
    A = rng.normal(0, 0.005, (m, outputs))
    arrays = [array.astype(np.float32) for array in (X, Y, W, A, np.zeros(outputs))]
    order = batches_of_pyntk(n, steps)
    return Student(*arrays, order, in_double(*arrays, order))


def batches_of_pyntk(n, steps):
    """Return the rows that ``pyntk.train`` draws: floor(u n), u uniform, a row for each step."""
    U = np.empty((steps, BATCH))
    draw = kernel("random_uniforms", choose(None, on_device=False))
    draw(seed=SEED, stream=STREAMS["batches"], first=0, threads=1, U=U)
    return (n * U).astype(np.int64)


def in_double(X, Y, W, A, c, order):
    """Train in float64: the formulas, a pass over memory for each operation."""
    X, Y, W, A, c = (array.astype(np.float64) for array in (X, Y, W, A, c))
    for rows in order:
        H = np.maximum(X[rows] @ W.T, 0)
        residual = H @ A + c - Y[rows]
        dW = ((residual @ A.T) * (H > 0)).T @ X[rows]
        dA, dc = H.T @ residual, residual.sum(0)
        W -= STEP_SIZE / BATCH * dW
        A -= STEP_SIZE / BATCH * dA
        c -= STEP_SIZE / BATCH * dc
    return W, A, c


def student_by_pyntk(backend):
    def start(data):
        X, Y = np.ascontiguousarray(data.X[:, :-1]), data.Y

        def call(steps):
            net = pyntk.TwoLayer(
                data.W[:, :-1], data.A, data.W[:, -1], data.c, scale=1, backend=backend
            )
            # half_squares is the sum over a batch.
            pyntk.train(
                net, (X, Y), step_size=STEP_SIZE / BATCH, steps=steps, batch=BATCH,
                trained="all", seed=SEED,
            )  # fmt: skip
            return np.column_stack([net.W, net.b]), net.a, net.c

        call(2)  # loads the backend, compiles Numba's kernels
        return Local(partial(call, len(data.order)))

    return Contender(start, check_student, partial(absence_of_backend, backend))


def student_by(module, function, package):
    def start(data):
        train = getattr(importlib.import_module(module), function)
        return Local(partial(train, *data[:-1], STEP_SIZE))

    return Contender(start, check_student, partial(missing, package))


def check_student(data, runner):
    """Compare with float64 on the same batches.

    Each pre-activation that float32 rounds to the other side of 0 moves W by 1e-4 to 2e-3 of its
    way (at most 1e-6 before the first); other batches move it by 0.2 and more.
    """
    for ours, exact, start in zip(runner.answer, data.trained, data[2:5], strict=True):
        error = np.linalg.norm(ours - exact) / np.linalg.norm(exact - start)
        if not error < 0.02:
            raise AssertionError(f"relative error {error:.3g}")


def one_pass_problem(m, d, steps, time):
    """Mei, Montanari, Nguyen, arXiv 1804.06561, example 1: fresh samples, one a step."""
    return Problem(
        name=f"one-pass SGD, float32, m={m} d={d}, {steps} steps",
        data=partial(neurons, m, d, steps, time),
        contenders={
            **{f"pyntk {backend}": one_pass_by_pyntk(backend) for backend in ("cpu", "numba")},
            NUMPY_ROWS: one_pass_by("numpy_sgd", "one_pass"),
            "NumPy loop, all rows": one_pass_by("numpy_sgd", "one_pass_of_all_rows"),
            NUMBA_COLUMNS: one_pass_by("numba_sgd", "one_pass_transposed", "numba"),
            "Numba loop, inputs inside": one_pass_by("numba_sgd", "one_pass", "numba"),
        },
        work=Work(steps * 2 * m * d, 0, "float32"),  # what moves is a part of it
        bounds=[
            Bound("pyntk cpu", "times", 1 / 10, NUMPY_ROWS),
            Bound("pyntk cpu", "times", 1 / 2, NUMBA_COLUMNS),
        ],
    )


class Neurons(NamedTuple):
    """The neurons at the start, and how far they go: steps of epsilon = time / steps."""

    W: Any
    steps: int
    time: float


def neurons(m, d, steps, time):
    rng = np.random.default_rng(0)
    return Neurons(rng.normal(0, 0.8 / d**0.5, (m, d)).astype(np.float32), steps, time)


def one_pass_by_pyntk(backend):
    def start(data):
        m, d = data.W.shape
        samples = gaussian_mixture(0, STDS, [1, -1], d=d)
        sigma = piecewise_linear(KNOTS, VALUES)
        schedule = mean_field(data.time / data.steps, -1 / 4)

        def call(steps):
            net = pyntk.TwoLayer(
                data.W, np.ones(m, np.float32), scale=1 / m, activation=sigma, backend=backend
            )
            pyntk.train(
                net, samples, step_size=schedule, steps=steps, loss="mean_squares", seed=SEED
            )
            return net.W

        call(2)
        return Local(partial(call, data.steps))

    return Contender(start, check_one_pass, partial(absence_of_backend, backend))


def one_pass_by(module, function, package="threadpoolctl"):
    def start(data):
        train = getattr(importlib.import_module(module), function)
        epsilon = data.time / data.steps
        step_sizes = epsilon * (np.arange(1, data.steps + 1) * epsilon) ** (-1 / 4)
        train(data.W, step_sizes[:2], STDS, KNOTS, VALUES, SEED)  # compiles Numba's loops
        return Local(partial(train, data.W, step_sizes, STDS, KNOTS, VALUES, SEED))

    return Contender(start, check_one_pass, partial(missing, package))


def check_one_pass(data, runner):
    """Compare with the mean-field equation: 0.03 for the risk, 1.5 % for the median norm."""
    W = np.asarray(runner.answer)
    risk, norm = risk_of(W), np.median(np.linalg.norm(W, axis=1))
    expected_risk, expected_norm = PARTICLES[data.time]
    if not abs(risk - expected_risk) <= 0.03:
        raise AssertionError(f"risk {risk:.4f}, not {expected_risk}")
    if not abs(norm / expected_norm - 1) <= 0.015:
        raise AssertionError(f"median norm {norm:.4f}, not {expected_norm}")


def risk_of(W):
    """Return the mean of (y - f(x))^2 over samples that are always the same."""
    rng = np.random.default_rng(1)
    risks = []
    for y, std in zip((1, -1), STDS, strict=True):
        X = rng.standard_normal((EVALUATED, W.shape[1]), np.float32) * np.float32(std)
        f = np.interp(X @ W.T, KNOTS, VALUES).mean(1)
        risks.append(((y - f) ** 2).mean())
    return np.mean(risks)


def test_training(compete):
    compete()
