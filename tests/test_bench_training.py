"""What the benchmarks of training rest on: loops that do the same, and checks that refuse."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCH = Path(__file__).parent.parent / "bench"
NEEDS = {"numpy_sgd": "threadpoolctl", "numba_sgd": "numba", "torch_sgd": "torch"}


@pytest.fixture(autouse=True)
def _bench_on_the_path(monkeypatch):
    for folder in (BENCH / "peers", BENCH):
        monkeypatch.syspath_prepend(folder)


def peer(module):
    pytest.importorskip(NEEDS[module])
    return importlib.import_module(module)


def small_student(steps=60):
    from bench_training import student_and_teacher

    return student_and_teacher(7, 5, 3, steps, n=50, teachers=4)


def run(contender, data):
    """Run a contender and return its check's verdict: an error, or None."""
    runner = contender.start(data)
    runner.run()
    try:
        contender.check(data, runner)
    except AssertionError as error:
        return str(error)
    finally:
        runner.close()
    return None


@pytest.mark.parametrize(
    ("module", "function"),
    [("numpy_sgd", "mini_batches"), ("torch_sgd", "by_autograd"), ("torch_sgd", "by_formulas")],
)
def test_the_peers_do_what_the_formulas_say(module, function):
    """In float64, where the rounding of 60 steps is some 1e-14."""
    from bench_training import STEP_SIZE

    train = getattr(peer(module), function)
    data = small_student()
    start = [array.astype(np.float64) for array in data[:5]]
    before = [array.copy() for array in start]
    for ours, exact in zip(train(*start, data.order, STEP_SIZE), data.trained, strict=True):
        assert ours.dtype == np.float64
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-12)
    for array, untouched in zip(start, before, strict=True):
        assert (array == untouched).all()


def test_pyntk_learns_from_the_same_batches(backend):
    from bench_training import student_by_pyntk

    assert run(student_by_pyntk(backend), small_student()) is None


def test_other_batches_another_step_size_and_fewer_steps_are_refused():
    from bench_training import STEP_SIZE, check_student
    from measure import Local

    mini_batches = peer("numpy_sgd").mini_batches
    data = small_student(steps=1000)
    for order, step_size, right in (
        (data.order, STEP_SIZE, True),
        (data.order, 1.05 * STEP_SIZE, False),
        (data.order[::-1], STEP_SIZE, False),
        (data.order[:900], STEP_SIZE, False),
    ):
        runner = Local(lambda o=order, s=step_size: mini_batches(*data[:5], o, s))
        runner.run()
        if right:
            check_student(data, runner)
        else:
            with pytest.raises(AssertionError, match="relative error"):
                check_student(data, runner)


STEPS = 200
OF_ONE_PASS = {"stds": (0.5, 0.25), "knots": (0.5, 1.5), "values": (-2.5, 7.5), "seed": 3}


def one_pass(W, samples, step_sizes):
    """theta_i <- theta_i + 2 s_k (y - f) sigma'(theta_i.x) x, as the paper writes it."""
    for (x, y), s in zip(samples, step_sizes, strict=True):
        p = W @ x
        f = np.interp(p, [0.5, 1.5], [-2.5, 7.5]).mean()
        W = W + 2 * s * (y - f) * np.where((p > 0.5) & (p <= 1.5), 10.0, 0.0)[:, None] * x
    return W


def the_samples_of(module):
    """The samples that a peer draws."""
    rng = np.random.default_rng(OF_ONE_PASS["seed"])
    first, second = OF_ONE_PASS["stds"]
    if module == "numpy_sgd":
        X, y = peer(module).fresh_samples(rng, STEPS, 6, (first, second), np.float64)
        return list(zip(X, y, strict=True))
    samples = []
    for _ in range(STEPS):
        y = 1 if rng.random() < 0.5 else -1
        samples.append(((first if y == 1 else second) * rng.standard_normal(6), y))
    return samples


@pytest.mark.parametrize("module", ["numpy_sgd", "numba_sgd"])
def test_the_one_pass_peers_do_what_the_formula_says(module):
    W = np.random.default_rng(0).standard_normal((30, 6))
    step_sizes = 1e-2 / np.arange(1, STEPS + 1) ** 0.5
    exact = one_pass(W, the_samples_of(module), step_sizes)
    assert np.linalg.norm(exact - W) > 0.05 * np.linalg.norm(W)
    names = [name for name in vars(peer(module)) if name.startswith("one_pass")]
    assert len(names) == 2
    for name in names:
        ours = getattr(peer(module), name)(W, step_sizes, **OF_ONE_PASS)
        np.testing.assert_allclose(ours, exact, rtol=0, atol=1e-6)


def test_the_risk_at_the_start_is_that_of_the_mean_field_equation():
    """1.7044 for infinitely many neurons, 7.4 / m more for m; the samples give it to 0.01."""
    from bench_training import neurons, risk_of

    assert abs(risk_of(neurons(800, 40, 1, 1).W) - 1.7044 - 7.4 / 800) < 0.02


def test_one_pass_of_pyntk_follows_the_mean_field_equation(backend):
    from bench_training import neurons, one_pass_by_pyntk

    assert run(one_pass_by_pyntk(backend), neurons(800, 40, 10_000, 0.1)) is None


def test_one_pass_by_the_peers_follows_it_and_half_of_the_way_is_refused():
    from bench_training import check_one_pass, neurons, one_pass_by

    peer("numba_sgd")
    data = neurons(800, 40, 10_000, 0.1)
    for function in ("one_pass", "one_pass_transposed"):
        assert run(one_pass_by("numba_sgd", function, "numba"), data) is None
    half = one_pass_by("numba_sgd", "one_pass_transposed", "numba").start(
        data._replace(steps=5_000, time=0.05)
    )
    half.run()
    with pytest.raises(AssertionError, match=r"risk|median norm"):
        check_one_pass(data, half)
