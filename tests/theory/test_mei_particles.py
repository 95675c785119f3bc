"""The particle flow: the risk falls, and radii and one-pass SGD do the same."""

import numpy as np
import pytest

import pyntk
from pyntk.activation import piecewise_linear
from pyntk.schedule import mean_field
from pyntk.theory.mei.dynamics import follow as follow_radii
from pyntk.theory.mei.particles import flow, follow
from pyntk.theory.mei.problem import MeanField
from pyntk.theory.mei.radial import Radial

RAMP = piecewise_linear([0.5, 1.5], [-2.5, 7.5])
TIMES = [0.0, 0.02, 0.1, 0.3]


@pytest.fixture(scope="module")
def problem():
    return MeanField.of_mixture(0, [1.8, 0.2], [1, -1], d=2, activation=RAMP)


@pytest.fixture(scope="module")
def rings(problem):
    """Particles on three circles, 16 on each."""
    angles = 2 * np.pi * np.arange(16) / 16
    radii = np.array([0.6, 0.9, 1.3])
    start = np.stack([np.multiply.outer(radii, f(angles)).ravel() for f in (np.cos, np.sin)], 1)
    return radii, start, flow(problem, start, TIMES, xi=-0.25)


def test_risk_falls(rings):
    _, start, run = rings
    assert (np.diff(run.step_risks) <= 0).all()
    assert run.times.tolist() == TIMES
    assert (run.particles[0] == start).all()
    assert run.risks[-1] < run.risks[0]
    assert run.step_times[-1] == pytest.approx(TIMES[-1])


def test_agrees_with_the_radii(rings):
    """Circles stay circles, and their radii follow the reduced dynamics.

    The rule for |x| in those has kinks between its nodes in two dimensions, 2e-3 of a radius.
    """
    radii, _, run = rings
    reduced = follow_radii(Radial(2, 0.8, RAMP), radii, TIMES[1:], xi=-0.25)
    for k in range(1, len(TIMES)):
        norms = np.linalg.norm(run.particles[k], axis=1).reshape(3, 16)
        assert norms.std(axis=1).max() <= 1e-6
        assert norms.mean(axis=1) == pytest.approx(reduced.radii[k - 1], abs=5e-3)
        assert run.risks[k] == pytest.approx(reduced.risk[k - 1], abs=5e-3)


@pytest.mark.parametrize(("factor", "agrees"), [(1.0, True), (0.5, False)])
def test_agrees_with_sgd(problem, rings, factor, agrees):
    """One-pass SGD from the same particles; with half the step (no factor 2) it does not."""
    _, start, run = rings
    epsilon = 2e-5
    network = problem.network(start)
    pyntk.train(
        network, problem.distribution(), loss="mean_squares", seed=5,
        step_size=mean_field(factor * epsilon, lambda t: (t / factor) ** -0.25),
        steps=round(0.1 / epsilon),
    )  # fmt: skip
    norms = np.linalg.norm(network.W, axis=1).reshape(3, 16).mean(axis=1)
    expected = np.linalg.norm(run.particles[2], axis=1).reshape(3, 16).mean(axis=1)
    moved = np.abs(expected - np.array([0.6, 0.9, 1.3])).max()
    assert (np.abs(norms - expected).max() <= 0.2 * moved) == agrees


def test_clock():
    """xi changes the clock alone: t^(-1/4) takes until t what 1 takes until 4/3 t^(3/4)."""
    start = np.array([[1.0]])
    powers = follow(lambda theta: (-theta, 0.0), start, [0.5, 2.0], xi=-0.25, tolerance=1e-6)
    assert powers.particles[:, 0, 0] == pytest.approx(
        np.exp(-4 / 3 * np.array([0.5, 2.0]) ** 0.75), abs=1e-4
    )


def test_masses(problem):
    """A particle with twice the mass is two particles."""
    theta = np.array([[0.8, 0.1], [0.3, -0.9]])
    weighted = flow(problem, theta, [0.1], masses=[2 / 3, 1 / 3], tolerance=1e-5)
    double = flow(problem, theta[[0, 0, 1]], [0.1], tolerance=1e-5)
    assert double.particles[0, 1:] == pytest.approx(weighted.particles[0], abs=1e-6)


def test_bad_input(problem):
    theta = np.ones((2, 2))
    for message, arguments, options in [
        ("times", ([0.2, 0.1],), {}),
        ("times", ([-0.1],), {}),
        ("times", ([np.nan],), {}),
        ("xi", ([0.1],), {"xi": -1.0}),
        ("tolerance", ([0.1],), {"tolerance": 0.0}),
    ]:
        with pytest.raises(ValueError, match=message):
            flow(problem, theta, *arguments, **options)
    with pytest.raises(ArithmeticError, match="cannot be followed"):
        follow(lambda theta: (theta**3, 0.0), np.ones((1, 1)), [1.0])
