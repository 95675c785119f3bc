"""True and random labels: times, errors, the network of 2n + d weights, and wrong kernels."""

from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.data import sphere
from pyntk.theory.cs839 import label_checks as claims
from pyntk.theory.cs839 import random_labels
from pyntk.theory.cs839.clusters import clusters
from pyntk.theory.cs839.fitting import (
    LEVELS,
    expected_rmse,
    expected_steps,
    fit,
    steps_to,
)
from pyntk.theory.cs839.memorise import memorise
from pyntk.theory.cs839.random_labels import variants
from pyntk.theory.sample import draw
from pyntk.theory.watch import Watch

HOW = {"backend": None, "threads": None}
KINDS = ("true labels", "random labels")


def tasks_of(seed):
    sample = draw(clusters(500, seed), 100, 400, seed=seed)
    return variants(sample, (), seed)


def fits_of(seed, width=4096):
    tasks = tasks_of(seed)
    options = {"width": width, "most": 2000, "seed": seed + 1, "watch": Watch(), "how": HOW}
    return {kind: fit(tasks[kind], **options) for kind in KINDS}


@pytest.fixture(scope="module")
def report():
    return random_labels(corruption=(0.5,))


@pytest.fixture(scope="module")
def fits():
    return fits_of(1)


def test_claims_hold(report):
    assert [check.holds for check in report.checks] == [True] * 13
    steps = dict(zip(report.settings["ways"], report.series["steps"], strict=True))
    true, random = (steps[kind] for kind in KINDS)
    assert random[2] / true[2] > 2.2
    assert 1.4 <= random[3] / true[3] <= 2.6
    complexity = dict(zip(report.settings["ways"], report.series["complexity"], strict=True))
    assert complexity["true labels"] < 1.3
    assert 2.3 <= complexity["random labels"] <= 3.3
    assert complexity["shuffled features"] == pytest.approx(complexity["true labels"], rel=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_other_draws(seed, fits):
    found = fits if seed == 1 else fits_of(seed)
    true, random = (found[kind] for kind in KINDS)
    assert claims.slower(true, random, True).holds
    assert claims.slower_to_the_end(true, random, True).holds
    assert all(claims.as_predicted(kind, found[kind], 4096).holds for kind in KINDS)
    assert claims.true_generalises(true, True).holds
    assert claims.random_does_not(random, True).holds
    assert all(check.holds for check in claims.complexities(true, random, True))


@pytest.mark.parametrize("wrong", ["2 H", "H / 2", "H + H2"])
def test_wrong_kernel(wrong, fits):
    """Predictions with another kernel, and the step of this one, miss the times."""
    task = tasks_of(1)["random labels"]
    H = pyntk.ntk_gram(task.X)
    kernels = {"2 H": 2 * H, "H / 2": H / 2, "H + H2": pyntk.ntk_gram(task.X, trained="all")}
    eta = 1 / pyntk.eigvalsh(H)[-1]
    predicted = expected_steps(*pyntk.label_spectrum(kernels[wrong], task.y), eta)
    one = replace(fits["random labels"], predicted_steps=predicted)
    assert claims.as_predicted("random labels", one, 4096).holds is False


def test_too_narrow():
    found = fits_of(1, width=64)
    assert claims.as_predicted("random labels", found["random labels"], 64).holds is False


def test_same_labels_are_no_slower(fits):
    true, random = (fits[kind] for kind in KINDS)
    assert claims.slower(true, true, True).holds is False
    assert claims.slower_to_the_end(true, true, True).holds is False
    assert claims.true_generalises(random, True).holds is False
    assert claims.random_does_not(true, True).holds is False
    assert not any(check.holds for check in claims.complexities(random, true, True))
    assert claims.order_of_features(true, random).holds is False


def test_too_few_steps():
    short = random_labels(corruption=(), steps=3, width=256)
    assert short.checks[0].holds is False
    assert [check.holds for check in short.checks[3:5]] == [True, None]  # true labels get to .5
    assert claims.represents("true labels", np.nan, 100, 50).holds is False


def test_data_of_ones_own():
    """Numbers that were declared for the clusters say nothing of other data."""
    data = sphere(80, 10, 0)
    found = random_labels((data.X, data.y), rows=40, held_out=40, width=256, steps=200)
    assert [check.holds for check in found.checks][2:5] == [None] * 3
    assert found.checks[0].measured is not None
    assert found.data["n"] == 40
    with pytest.raises(ValueError, match=r"corruption\[0\] must be in \[0, 1\]"):
        random_labels(corruption=(1.5,))
    with pytest.raises(ValueError, match="width must be at least 2"):
        random_labels(width=1)
    with pytest.raises(ValueError, match="width must be even"):
        random_labels(width=3)


def test_expected_steps():
    """Bisection finds the first step of the whole curve."""
    generator = np.random.default_rng(0)
    eigenvalues = np.sort(generator.uniform(0.1, 3, 30))
    projections = 30 * generator.dirichlet(np.ones(30))
    eta = 1 / eigenvalues[-1]
    curve = expected_rmse(eigenvalues, projections, eta, np.arange(500))
    found = expected_steps(eigenvalues, projections, eta)
    assert len(found) == len(LEVELS)
    np.testing.assert_array_equal(found, steps_to(curve))
    left = expected_steps(np.array([0.0, 1.0]), np.ones(2), 1.0)  # sqrt(1/2) stays for ever
    assert np.isnan(left).all()


@pytest.mark.parametrize("kind", ["signs", "real", "classes"])
@pytest.mark.parametrize("seed", range(3))
def test_memorise(kind, seed):
    generator = np.random.default_rng([9, seed])
    X = generator.standard_normal((200, 30))
    y = {
        "signs": generator.choice([-1.0, 1.0], 200),
        "real": generator.standard_normal(200),
        "classes": generator.integers(0, 10, 200),
    }[kind]
    network = memorise(X, y, seed=seed)
    assert np.abs(network.forward(X) - y).max() < 1e-8
    assert len(np.unique(network.W, axis=0)) == 1
    assert network.W.shape[1] + network.a.size + network.b.size == 2 * 200 + 30


def test_memorise_in_float32():
    generator = np.random.default_rng(8)
    X, y = generator.standard_normal((200, 30)), generator.choice([-1.0, 1.0], 200)
    network = memorise(X, y, dtype=np.float32)
    error = np.abs(network.forward(X.astype(np.float32)) - y).max()
    assert error > 1e-4
    assert claims.represents("random labels", float(error), 200, 30).holds is False


def test_memorise_few_rows():
    assert memorise([[1.0, 2.0]], [3.0]).forward([[1.0, 2.0]]) == pytest.approx([3.0])
    with pytest.raises(ValueError, match="equal rows"):
        memorise([[1.0, 2.0], [1.0, 2.0]], [1, -1])
    with pytest.raises(ValueError, match="y must be finite"):
        memorise([[1.0, 2.0]], [np.nan])
    with pytest.raises(ValueError, match="X must be"):
        memorise([[1.0, 2.0]], [1.0, 2.0])
