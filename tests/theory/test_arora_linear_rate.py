"""The linear rate holds on a wide network; not with too large a step, nor on too narrow a net."""

import numpy as np
import pytest

from pyntk import finite_width_gram
from pyntk.theory.arora import convergence as du
from pyntk.theory.arora import linear_rate
from pyntk.theory.training import TrainingRun


@pytest.fixture(scope="module")
def report():
    return linear_rate(labels=("true", "random", "worst"))


def verdicts(report):
    return [check.holds for check in report.checks]


def test_it_holds_at_every_step(report):
    assert verdicts(report) == [True] * 6, report.summary()
    s = report.series
    for kind in ("true", "random", "worst"):
        assert (s[f"squared_{kind}"][1:] <= s["bound"][1:]).all()
        assert s[f"squared_{kind}"][0] == 1
    eta, lambda_0 = report.settings["eta"], report.data["lambda_0"]
    np.testing.assert_allclose(s["bound"], (1 - eta * lambda_0 / 2) ** s["steps"])


def test_the_networks_kernel_keeps_its_least_eigenvalue(report):
    lambda_0 = report.data["lambda_0"]
    for kind in ("true", "random", "worst"):
        assert (report.series[f"least_{kind}"] >= lambda_0 / 2).all()
        assert len(report.series[f"least_{kind}"]) == len(report.series[f"recorded_{kind}"])


def test_a_plain_start():
    assert linear_rate(start="plain", labels="random").holds


def test_too_large_a_step():
    """Above 2/lambda_max the residual grows; far above, training diverges: an answer both times."""
    for step in (2.5, 8.0):
        found = linear_rate(step=step, steps=30, labels="random")
        assert found.checks[0].holds is False
        assert found.checks[0].measured > 1
    assert found.checks[0].measured == np.inf
    found.plot()


def test_too_narrow():
    """Eight neurons in four pairs cannot fit 100 labels: their kernel is singular."""
    found = linear_rate(width=8, labels="random")
    assert verdicts(found) == [False, False]
    assert found.series["least_random"][0] < 1e-12


def test_a_singular_kernel():
    """An even circle: lambda_0 = 0, and the theorem does not speak."""
    angle = 2 * np.pi * np.arange(40) / 40
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = linear_rate((X, np.where(X[:, 0] > 0.1, 1, -1)), rows=40, width=512, steps=20)
    assert verdicts(found) == [None] * 4
    assert "not met" in found.checks[0].condition
    assert found.holds


def test_duplicates_give_zero():
    """Two equal rows make H singular to the bit: what the claim is given then is 0."""
    assert du.linear_rate(constant_run(1.0), 0.1, 0.0, "").holds is None
    assert du.kernel_keeps_its_least_eigenvalue(np.zeros(3), 0.0, "").holds is None


def test_a_rate_that_is_too_slow():
    slow = constant_run(0.99)
    assert du.linear_rate(slow, 1.0, 0.039, "").holds is True
    assert du.linear_rate(slow, 1.0, 0.05, "").holds is False
    assert du.kernel_keeps_its_least_eigenvalue(np.array([1.0, 0.6]), 1.0, "").holds
    assert du.kernel_keeps_its_least_eigenvalue(np.array([1.0, 0.4]), 1.0, "").holds is False
    assert du.kernel_keeps_its_least_eigenvalue(np.array([1.0, np.nan]), 1.0, "").holds is False


def test_wrong_kernels():
    """A kernel 8 times too large promises a rate that the network does not keep."""
    found = linear_rate(labels="worst")
    eta, lambda_0 = found.settings["eta"], found.data["lambda_0"]
    residual = 10 * np.sqrt(found.series["squared_worst"])
    run = TrainingRun(found.series["steps"], residual, residual, np.empty(0, np.int64), ())
    assert du.linear_rate(run, eta, lambda_0, "").holds is True
    assert du.linear_rate(run, eta, 8 * lambda_0, "").holds is False


def test_least_eigenvalues_by_numpy(report):
    """The start's, of a network drawn as the routine draws it."""
    generator = np.random.default_rng(1)  # seed + 1
    W = np.repeat(generator.standard_normal((2048, 50)), 2, axis=0).astype(np.float32)
    sample = np.random.default_rng(0)
    X = sample.standard_normal((100, 50))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    least = np.linalg.eigvalsh(finite_width_gram(X, W, derivative_at_zero=1))[0]
    assert report.series["least_true"][0] == pytest.approx(least, rel=1e-6)


def constant_run(factor):
    """|u(k) - y| = factor^k."""
    residual = factor ** np.arange(51.0)
    return TrainingRun(np.arange(51), residual, residual, np.empty(0, np.int64), ())


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"labels": "cubic"}, ValueError, "labels must be one of"),
        ({"start": "zero"}, ValueError, "start must be one of"),
        ({"width": 15}, ValueError, "width must be even"),
        ({"width": 0}, ValueError, "width must be at least 1"),
        ({"width": 2.0}, TypeError, "width must be a whole number"),
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"step": 0.0}, ValueError, "step must be positive"),
    ],
)
def test_bad_options(options, error, words):
    with pytest.raises(error, match=words):
        linear_rate(**{"rows": 10, "width": 16, "steps": 1, **options})
