"""Activation functions: their values and slopes through a network of one neuron."""

import numpy as np
import pytest

import pyntk
from pyntk.activation import leaky_relu, piecewise_linear, relu
from pyntk.contract import Activation

P = np.array([-3.0, -1, -0.5, -1e-300, 0, 1e-300, 0.25, 0.5, 1, 1.5, 2, 7])


def values(activation, backend):
    """sigma at P."""
    net = pyntk.TwoLayer([[1.0]], [1.0], scale=1, activation=activation, backend=backend)
    return net.forward(P[:, None])


def slopes(activation, backend):
    """sigma' at P: the gradient of the half squares with respect to x, by the residual."""
    net = pyntk.TwoLayer([[1.0]], [1.0], scale=1, activation=activation, backend=backend)
    y = net.forward(P[:, None]) - 1
    return net.loss_and_gradient(P[:, None], y, data=True)[1].dX[:, 0]


def test_relu(backend):
    assert (values(relu(), backend) == np.maximum(P, 0)).all()
    assert (values(None, backend) == np.maximum(P, 0)).all()
    assert (slopes(relu(), backend) == (P > 0)).all()
    assert (slopes(None, backend) == (P > 0)).all()
    assert (slopes(relu(derivative_at_zero=1), backend) == (P >= 0)).all()


def test_derivative_at_zero_of_the_class(backend):
    net = pyntk.TwoLayer([[1.0]], [1.0], derivative_at_zero=1, backend=backend)
    assert net.activation == relu(derivative_at_zero=1)
    assert net.loss_and_gradient([[0.0]], [-1.0], data=True)[1].dX == 1


def test_leaky_relu(backend):
    assert (values(leaky_relu(0.25), backend) == np.where(P > 0, P, 0.25 * P)).all()
    assert (slopes(leaky_relu(0.25), backend) == np.where(P > 0, 1, 0.25)).all()
    assert (slopes(leaky_relu(-2.0, derivative_at_zero=1), backend) == np.where(P < 0, -2, 1)).all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_piecewise_linear(backend, side):
    """Mei et al., example 1: -2.5 up to 1/2, 7.5 from 3/2 on."""
    sigma = piecewise_linear([0.5, 1.5], [-2.5, 7.5], derivative_at_knots=side)
    np.testing.assert_allclose(
        values(sigma, backend), np.interp(P, [0.5, 1.5], [-2.5, 7.5]), rtol=1e-14
    )
    inside = ((P >= 0.5) & (P < 1.5)) if side == "right" else ((P > 0.5) & (P <= 1.5))
    np.testing.assert_allclose(slopes(sigma, backend), np.where(inside, 10, 0), rtol=1e-14)


def test_outer_slopes_and_most_knots(backend):
    knots = np.arange(8) / 4
    heights = np.array([0, 1, -1, 2, -2, 3, -3, 4])
    sigma = piecewise_linear(knots, heights, slopes=(-1, 0.5))
    expected = np.interp(P, knots, heights) - np.minimum(P, 0) + np.maximum(P - 1.75, 0) / 2
    np.testing.assert_allclose(values(sigma, backend), expected, atol=1e-13)


def test_two_knots_are_a_relu(backend):
    X = np.random.default_rng(0).standard_normal((30, 4))
    net = pyntk.TwoLayer.ntk(50, 4, backend=backend)
    same = pyntk.TwoLayer(
        net.W, net.a, activation=piecewise_linear([-1, 0], [0, 0], slopes=(0, 1)), backend=backend
    )
    np.testing.assert_allclose(same.forward(X), net.forward(X), rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: relu(derivative_at_zero=2),
            ValueError,
            "derivative_at_zero must be 0 or 1, not 2",
        ),
        (lambda: relu(derivative_at_zero=0.5), ValueError, "derivative_at_zero must be 0 or 1"),
        (lambda: relu(derivative_at_zero="1"), ValueError, "derivative_at_zero must be 0 or 1"),
        (lambda: relu(derivative_at_zero=np.ones(2)), ValueError, "derivative_at_zero must be"),
        (lambda: leaky_relu(np.nan), ValueError, "slope must be finite, not nan"),
        (lambda: leaky_relu("0.1"), TypeError, "slope must be a number, not str"),
        (lambda: piecewise_linear([1, 1], [0, 0]), ValueError, "knots must be strictly ascending"),
        (lambda: piecewise_linear([0, 1], [0]), ValueError, "values must have shape .*t = 2 as in"),
        (lambda: piecewise_linear([], []), ValueError, "knots must be 1 to 8 numbers, not 0"),
        (lambda: piecewise_linear(range(9), range(9)), ValueError, "knots must be 1 to 8 numbers"),
        (lambda: piecewise_linear([0, np.nan], [0, 0]), ValueError, r"knots\[1\] is nan"),
        (lambda: piecewise_linear([0, 1], [0, np.inf]), ValueError, r"values\[1\] is inf"),
        (lambda: piecewise_linear([0], [0], slopes=(0, 1, 2)), ValueError, "slopes must be two"),
        (lambda: piecewise_linear([0], [0], slopes=(0, np.nan)), ValueError, r"slopes\[1\] is nan"),
        (lambda: piecewise_linear([0, 5e-324], [0, 1]), ValueError, "a slope must be finite"),
        (lambda: piecewise_linear("ab", [0, 1]), TypeError, "knots must hold real numbers"),
        (
            lambda: piecewise_linear([0], [0], derivative_at_knots="middle"),
            ValueError,
            "derivative_at_knots must be 'left' or 'right'",
        ),
    ],
)
def test_bad_activations(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("activation", "error", "message"),
    [
        ("relu", TypeError, "activation must be pyntk.activation.relu.*not str"),
        (relu, TypeError, "activation must be .*not function"),
        (((0.0,), (0.0, 1.0), 0.0, False), TypeError, "activation must be .*not tuple"),
        (Activation((0.0,), (1.0,)), ValueError, "one slope more, not 1 and 1"),
        (Activation((0.0, 0.0), (0.0, 1.0, 2.0)), ValueError, "knots must be strictly ascending"),
        (Activation((np.inf,)), ValueError, "a knot must be finite"),
        (Activation(value=np.nan), ValueError, "the value at the first knot must be finite"),
        (Activation((), (1.0,)), ValueError, "1 to 8 knots"),
    ],
)
def test_what_is_no_activation(activation, error, message):
    with pytest.raises(error, match=message):
        pyntk.TwoLayer([[1.0]], [1.0], activation=activation)


def test_an_activation_brings_its_own_derivative_at_zero():
    with pytest.raises(ValueError, match="derivative_at_zero is that of the default ReLU"):
        pyntk.TwoLayer([[1.0]], [1.0], activation=relu(), derivative_at_zero=0)
