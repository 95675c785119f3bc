"""Lemma 1 at every input and layer; a wrong gate, sign or path is of order 1."""

from dataclasses import replace

import numpy as np
import pytest

from pyntk.theory.tian import gradient_rule
from pyntk.theory.tian.deep import DeepNetwork, backward, descend, draw_network, forward
from pyntk.theory.tian.gradient_rule import identity, paths, rule_of


def pair(L, slope, seed=0, rows=40):
    """A teacher, its pass, a student, its pass, and the back-propagated gradients."""
    generator = np.random.default_rng(seed)
    teacher = draw_network((6, *range(4, 3 + L), 3), slope, generator, spread=2)
    student = draw_network((6, *range(8, 7 + L), 3), slope, generator, spread=2)
    X = generator.standard_normal((rows, 6))
    above, below = forward(teacher, X), forward(student, X)
    g = backward(student, below, above.outputs[-1] - below.outputs[-1])
    return teacher, above, student, below, g


@pytest.mark.parametrize("seed", range(3))
def test_routine(seed):
    report = gradient_rule(depths=(2, 3, 4, 6), slopes=(0.0, 0.1, -0.5), seed=seed)
    assert [check.holds for check in report.checks] == [True] * 15
    assert max(check.measured for check in report.checks) < 1e-13
    assert report.series["g"].shape == report.series["rule"].shape == (12, 400)


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_backward_by_differences(slope):
    """A bias adds to the pre-activation: g_l is minus the derivative of the loss in b_l."""
    _, above, student, _, g = pair(4, slope, rows=1)
    X, target, step = above.outputs[0], above.outputs[-1], 1e-6
    for l, b in enumerate(student.biases):
        for j in range(len(b)):
            losses = []
            for sign in (1, -1):
                b[j] += sign * step
                losses.append(0.5 * ((forward(student, X).outputs[-1] - target) ** 2).sum())
                b[j] -= sign * step
            assert g[l][0, j] == pytest.approx(-(losses[0] - losses[1]) / (2 * step), abs=1e-7)


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_paths(slope):
    """f_L = V_l (f_l, 1) for every layer."""
    _, _, student, below, _ = pair(5, slope)
    for V, F in zip(paths(student, below), below.outputs[1:], strict=True):
        found = (V[:, :, :-1] @ F[:, :, None])[:, :, 0] + V[:, :, -1]
        np.testing.assert_allclose(found, below.outputs[-1], atol=1e-12)


def wrong_rules(teacher, above, student, below):
    flipped = replace(below, gates=[1 - D for D in below.gates[:-1]] + below.gates[-1:])
    step_gates = replace(below, gates=[(D == 1.0) * 1.0 for D in below.gates])
    no_bias = DeepNetwork(teacher.weights, [0 * b for b in teacher.biases], teacher.slope)
    true = rule_of(teacher, above, student, below)
    wrong = {
        "sign": [-r for r in true],
        "other gates": rule_of(teacher, above, student, flipped),
        "teacher's paths without biases": rule_of(no_bias, above, student, below),
        "student for teacher": rule_of(student, below, student, below),
    }
    if student.slope:
        wrong["gates 0 and 1"] = rule_of(teacher, above, student, step_gates)
    return wrong


@pytest.mark.parametrize("slope", [0.0, 0.1])
@pytest.mark.parametrize("L", [2, 4])
def test_mutants(L, slope):
    teacher, above, student, below, g = pair(L, slope)
    assert identity("", g, rule_of(teacher, above, student, below)).holds
    for name, rule in wrong_rules(teacher, above, student, below).items():
        check = identity("", g, rule)
        assert check.holds is False, name
        assert check.measured > 0.01, name
    assert identity("", [g[0] * np.nan], g[:1]).holds is False


def test_descend_by_differences():
    _, above, student, _, _ = pair(3, 0.1)
    X, target = above.outputs[0], above.outputs[-1]
    before = DeepNetwork(
        [W.copy() for W in student.weights], [b.copy() for b in student.biases], 0.1
    )
    loss = descend(student, X, target, 1e-3)

    def loss_of(network):
        return 0.5 * ((forward(network, X).outputs[-1] - target) ** 2).sum() / len(X)

    assert loss == pytest.approx(loss_of(before))
    for old, new in zip(
        before.weights + before.biases, student.weights + student.biases, strict=True
    ):
        at, step = (0,) * old.ndim, 1e-6
        losses = []
        for sign in (1, -1):
            old[at] += sign * step
            losses.append(loss_of(before))
            old[at] -= sign * step
        derivative = (losses[0] - losses[1]) / (2 * step)
        assert new[at] - old[at] == pytest.approx(-1e-3 * derivative, rel=1e-4, abs=1e-11)


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ({"depths": (1, 2)}, "depths must be at least 2"),
        ({"depths": ()}, "depths must be one finite number or more"),
        ({"slopes": (np.nan,)}, "slopes must be one finite"),
        ({"rows": 0}, "rows must be at least 1"),
    ],
)
def test_refused(option, error):
    with pytest.raises(ValueError, match=error):
        gradient_rule(**option)
