"""Teachers and the protocol of training, number by number."""

import numpy as np
import pytest

from pyntk.theory import tian
from pyntk.theory.tian.deep import forward
from pyntk.theory.tian.deep_teacher import draw_deep_teacher
from pyntk.theory.tian.students import Protocol, teach
from pyntk.theory.tian.teacher import CHOICES, draw_teacher, strengths
from pyntk.theory.watch import Watch

SHORT = Protocol(teachers=4, multiple=2.5, decay=1.0, rows=50, epochs=3, steps=20, d=10, outputs=6)


def test_teacher():
    teacher = draw_teacher(20, 100, 50, decay=2.0, generator=np.random.default_rng(0))
    W, fan_out = teacher.W, teacher.a / strengths(20, 2.0)[:, None]
    np.testing.assert_allclose(np.linalg.norm(W, axis=1), 1)
    assert (teacher.b == -0.1).all()
    assert (teacher.c == -0.1).all()
    assert teacher.scale == 1
    assert np.isin(np.round(fan_out, 12), CHOICES).all()
    np.testing.assert_array_equal(teacher.a[0], fan_out[0])  # the strongest is not divided
    norms = np.linalg.norm(fan_out, axis=1)
    assert norms.mean() == pytest.approx((50 * 5 / 12) ** 0.5, rel=0.05)  # 4.6 = .645 sqrt(50)
    smallest = np.abs(W).min(axis=1, where=W != 0, initial=1)  # a quarter, scaled
    ratios = W / smallest[:, None]
    np.testing.assert_allclose(ratios, np.round(ratios), atol=1e-9)


def test_strengths():
    np.testing.assert_allclose(strengths(3, 1.0), [1, 1 / 2, 1 / 3])
    np.testing.assert_allclose(strengths(3, 2.0), [1, 1 / 4, 1 / 9])
    assert (strengths(5, 0.0) == 1).all()


def test_no_room_for_teachers():
    with pytest.raises(ValueError, match="no 3 teachers with different directions"):
        draw_teacher(3, 1, 2, decay=1.0, generator=np.random.default_rng(0))
    with pytest.raises(ValueError, match="decay must be finite"):
        draw_teacher(3, 5, 2, decay=np.nan, generator=np.random.default_rng(0))


def test_deep_teacher():
    """Every neuron is active on half of the inputs, every output has mean 0 and deviation 1."""
    teacher = draw_deep_teacher((10, 5, 6, 7, 8, 20), 10.0, np.random.default_rng(0))
    through = forward(teacher, 10 * np.random.default_rng(1).standard_normal((20_000, 10)))
    for gates in through.gates[:-1]:
        np.testing.assert_allclose(gates.mean(axis=0), 0.5, atol=0.03)
    np.testing.assert_allclose(through.outputs[-1].mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(through.outputs[-1].std(axis=0), 1, atol=0.1)
    for W in teacher.weights[:-1]:
        np.testing.assert_allclose(np.linalg.norm(W, axis=1), 1)


class Seen(Watch):
    """A watch that keeps what training was asked for."""

    def train(self, network, data, **options):
        self.start = [np.array(part) for part in (network.W, network.b, network.a, network.c)]
        self.data, self.options = data, options
        return super().train(network, data, **options)


def test_protocol():
    with Seen() as watch:
        run = teach(SHORT, (0, 1), watch)
    W, b, a, c = watch.start
    assert W.shape == (10, 10)  # 2.5 times 4 students
    assert np.concatenate([W.ravel(), a.ravel()]).std() == pytest.approx(0.005, rel=0.15)
    assert not b.any()
    assert not c.any()
    assert watch.options["step_size"] == 0.01 / 16  # a mean over the batch, a sum over outputs
    assert watch.options["batch"] == 16
    assert watch.options["trained"] == "all"
    assert watch.options["steps"] == 60
    assert watch.data[0].std() == pytest.approx(1.5, rel=0.1)
    assert run.epochs.tolist() == [0, 1, 2, 3]
    assert run.best.shape == (4, 4)
    assert run.correlation.shape == (4, 10)
    np.testing.assert_array_equal(run.best[-1], run.correlation.max(axis=1))
    assert run.loss[-1] < run.loss[0]


def test_students_of_all_sizes_share_teacher_and_data():
    losses = []
    for multiple in (1, 3):
        protocol = Protocol(4, multiple, 1.0, 50, 1, 1, d=10, outputs=6, start=1e-9)
        with Seen() as watch:
            losses.append((teach(protocol, (3, 1), watch, at=[0]).loss[0], watch.data[0]))
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-6)
    np.testing.assert_array_equal(losses[0][1], losses[1][1])
    with Seen() as watch:
        other = teach(protocol, (3, 2), watch, at=[0])
    assert other.loss[0] != pytest.approx(losses[0][0], rel=1e-3)


@pytest.mark.parametrize("multiple", [1, 2, 10])
def test_one_step(multiple):
    """One row, so that all batches are it sixteen times: W += lr grad of half the squares."""
    protocol = Protocol(3, multiple, 1.0, 1, 1, 1, d=8, outputs=5, start=0.3)
    with Seen() as watch:
        run = watch_weights(protocol, watch)
    (x,), (y,) = watch.data
    W, b, a, c = (part.astype(float) for part in watch.start)
    h = np.maximum(W @ x + b, 0)
    residual = y - h @ a - c
    g = (h > 0) * (a @ residual)
    expected = (W + 0.01 * np.outer(g, x), b + 0.01 * g, a + 0.01 * np.outer(h, residual))
    for part, found in zip((*expected, c + 0.01 * residual), run, strict=True):
        np.testing.assert_allclose(found[-1], part, rtol=1e-12, atol=1e-14)


def watch_weights(protocol, watch):
    kept = {}

    def train(network, data, **options):
        kept["run"] = Seen.train(watch, network, data, **options)
        return kept["run"]

    watch_train, watch.train = watch.train, train
    try:
        teach(protocol, (0, 0), watch)
    finally:
        watch.train = watch_train
    return kept["run"].records["weights"].values


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"teachers": 0}, ValueError, "teachers must be at least 1"),
        ({"rows": 1.5}, TypeError, "rows must be a whole number"),
        ({"epoch_steps": True}, TypeError, "epoch_steps must be a whole number"),
        ({"multiples": (0.5,)}, ValueError, "multiple must be at least 1"),
        ({"multiples": ()}, ValueError, "multiples must be one"),
        ({"multiples": 2}, TypeError, "multiples must be a sequence"),
        ({"decays": (np.inf,)}, ValueError, "decays must be one finite"),
        ({"start": 0.0}, ValueError, "start must be above 0"),
        ({"step_size": np.nan}, ValueError, "step_size must be above 0"),
        ({"step_size": "small"}, TypeError, "step_size must be a number"),
        ({"seeds": 0}, ValueError, "seeds must be at least 1"),
        ({"early": 30}, ValueError, "early must be an epoch, at most 20"),
    ],
)
def test_refused(option, error, text):
    with pytest.raises(error, match=text):
        tian.over_realisation(**option)


@pytest.mark.parametrize(
    ("option", "error", "text"),
    [
        ({"sample_sizes": (30,)}, ValueError, "sample_sizes must be two"),
        ({"sample_sizes": (60, 30)}, ValueError, "sample_sizes must be two numbers or more, asc"),
        ({"sample_sizes": (30, 60.5)}, TypeError, "sample_sizes must be a whole number"),
        ({"seeds": 0}, ValueError, "seeds must be at least 1"),
    ],
)
@pytest.mark.parametrize("routine", [tian.teacher_aware_data, tian.multi_layer])
def test_refused_sizes(routine, option, error, text):
    with pytest.raises(error, match=text):
        routine(**option)


@pytest.mark.parametrize("name", tian.__all__)
def test_refused_seed(name):
    with pytest.raises(ValueError, match="seed must be at least 0, not -1"):
        getattr(tian, name)(seed=-1)
    with pytest.raises(TypeError, match="seed must be a whole number"):
        getattr(tian, name)(seed=0.5)
