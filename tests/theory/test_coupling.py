"""True gradients and pseudo-gradients agree for the neurons that did not flip, and no others."""

import sys
from dataclasses import replace

import numpy as np
import pytest

import pyntk
from pyntk.theory.liang import coupling, gaussian_clusters
from pyntk.theory.liang.classes import draw_classes
from pyntk.theory.liang.descent import IN_PAPER, Descent, descend
from pyntk.theory.liang.pseudo_gradient import activations, coupled, in_float64, pseudo_gradient
from pyntk.theory.patterns import movement
from pyntk.theory.watch import Watch

SMALL = gaussian_clusters(1200, d=100)
HOW = Descent(400, 16, IN_PAPER, pyntk.TwoLayer.clustered, 0, {})
checks = sys.modules["pyntk.theory.liang.coupling"]


@pytest.fixture(scope="module")
def sample():
    return draw_classes(SMALL, 600, 600)


@pytest.fixture(scope="module")
def trained(sample):
    return descend(sample, 2000, HOW, Watch(), {})


@pytest.fixture(scope="module")
def paper():
    return coupling(widths=(500, 2000))


@pytest.fixture(scope="module")
def wide():
    return coupling(SMALL, rows=600, held_out=600)


def test_paper(paper):
    assert paper.holds
    assert [check.holds for check in paper.checks] == [True, None, None, True, True, True, True]
    low, high = paper.series["share"]
    assert 0.07 < low < 0.14  # .10
    assert 0.25 < high < 0.39  # .32
    assert paper.checks[0].measured == 0


def test_wide(wide):
    """At m = 8000 the bound says something."""
    above = wide.checks[3]
    assert wide.holds
    assert above.holds
    assert 0.3 < above.bound < above.measured < 0.65
    assert above.measured == wide.series["share"][2]
    assert (np.diff(wide.series["gradient_distance"]) < 0).all()
    shown = wide.series["shown"]
    assert shown.shape[1] > 100
    assert (shown[1] <= shown[0]).all()


def test_pseudo_gradient(sample, trained):
    """Against a sum over rows, classes and neurons, and the derivative of the frozen network."""
    net = in_float64(trained.net)
    X, classes = sample.centres, sample.centre_classes
    active = activations(trained.start, X)
    G = pseudo_gradient(net, X, classes, active)
    f = net.forward(X)
    o = np.exp(f) / np.exp(f).sum(1, keepdims=True)
    for r in (0, 17, 1999):
        by_hand = np.zeros(100)
        for i in range(len(X)):
            for k in range(10):
                error = o[i, k] - (classes[i] == k)
                by_hand += net.a[r, k] * error * active[r, i] * X[i] / len(X)
        assert G[r] == pytest.approx(by_hand, rel=1e-10, abs=1e-15)

    # With the patterns of now, the loss of the network that is linear in W is the true one.
    now = activations(net.W, X)

    def frozen_loss(W):
        F = (now * (W @ X.T)).T @ net.a
        top = F.max(1)
        return (np.log(np.exp(F.T - top).sum(0)) + top - F[np.arange(len(X)), classes]).mean()

    G = pseudo_gradient(net, X, classes, now)
    direction = np.random.default_rng(0).standard_normal(net.W.shape)
    h = 1e-6
    slope = (frozen_loss(net.W + h * direction) - frozen_loss(net.W - h * direction)) / (2 * h)
    assert (G * direction).sum() == pytest.approx(slope, rel=1e-6)
    true = net.loss_and_gradient(X, classes, loss="softmax")[1].dW
    assert np.abs(G - true).max() < 1e-13 * np.abs(true).max()


def test_exact_set(sample, trained):
    found = coupled(trained.start, trained.net, sample.centres, sample.centre_classes, 1e-12)
    assert found.different == 0
    assert 0.2 < found.share < 0.45
    assert found.share >= 1 - 20 * found.flips
    assert 0 < found.distance < 1


def test_current_patterns_are_found_out(sample, trained):
    """A pseudo-gradient with the patterns of now agrees everywhere."""
    found = coupled(trained.net.W, trained.net, sample.centres, sample.centre_classes, 1e-12)
    assert found.share == 1
    assert checks.share_below_one(np.array([2000]), np.array([found.share])).holds is False


def test_wrong_residuals_are_found_out(sample, trained):
    """Residuals of the network at its start: no neuron agrees."""
    net = in_float64(trained.net)
    X, classes = sample.centres, sample.centre_classes
    active = activations(trained.start, X)
    then = in_float64(trained.net)
    then.W[:] = trained.start
    true = net.loss_and_gradient(X, classes, loss="softmax")[1].dW
    apart = np.abs(true - pseudo_gradient(then, X, classes, active)).max(1)
    agrees = apart <= 1e-12 * np.abs(true).max()
    found = coupled(trained.start, trained.net, X, classes, 1e-12)
    wrong = replace(found, agrees=agrees)
    assert checks.same_set(np.array([2000]), [wrong]).holds is False


def test_flip_rule(sample, trained):
    right = movement(trained.start, trained.net.W, sample.X_test)
    assert checks.flip_rule([right], 600).holds
    half = np.linalg.norm(trained.update, axis=1) / 4
    wrong = movement(trained.start, trained.net.W, sample.X_test, moved=half)
    assert checks.flip_rule([right, wrong], 600).holds is False


def test_way(trained):
    assert 0 < checks.way(trained, HOW) < 0.1
    shorter = replace(HOW, steps=1, step_size=1e-5)
    ways = np.array([checks.way(trained, shorter)])
    assert checks.way_of_neuron(np.array([2000]), ways).holds is False
    assert checks.way_of_neuron(np.array([2000]), np.array([np.nan])).holds is False


def test_share_checks():
    m = np.array([500, 2000])
    share, bound = np.array([0.5, 0.4]), np.array([-1.0, 0.45])
    assert [check.holds for check in checks.share_above(m, share, bound)] == [None, False]
    assert checks.share_grows(m, share).holds is False
    assert checks.share_grows(m[:1], share[:1]).holds is None
    assert checks.share_grows(m, np.array([np.nan, 1])).holds is False


def test_too_large_a_step():
    assert not coupling(SMALL, widths=(50,), step_size=1e12).holds
