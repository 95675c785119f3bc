"""docs/network.md: its examples run, and what it says of them holds."""

import re
from pathlib import Path

import numpy as np
import pytest

import pyntk

PAGE = (Path(__file__).parent.parent / "docs" / "network.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/network.md", "exec"), names)
    assert len(EXAMPLES) == 3
    size = np.linalg.norm(names["y"])
    assert abs(names["residual"] - names["predicted"]) < 0.05 * size  # additive, as in theorem 4.1
    assert names["residual"] < size / 2
    assert 0 < names["flipped"] < 0.05
    assert names["papers"].activation.right
    assert names["loss"] < np.log(3)
    assert (tmp_path / "classifier.npz").is_file()


def rows():
    X = np.random.default_rng(0).standard_normal((30, 4))
    return X, pyntk.TwoLayer.ntk(50, 4, seed=1)


def test_divisors():
    """Half squares of all, mean squares without a half: their gradients differ by 2 / n."""
    X, net = rows()
    half = net.loss_and_gradient(X, X[:, 0])
    mean = net.loss_and_gradient(X, X[:, 0], loss="mean_squares")
    assert mean[0] == pytest.approx(2 / 30 * half[0], rel=1e-14)
    np.testing.assert_allclose(mean[1].dW, 2 / 30 * half[1].dW, rtol=1e-13, atol=1e-16)
    outputs = pyntk.TwoLayer.clustered(50, 4, 3, seed=1)
    F, Y = outputs.forward(X), X[:, :3]
    value, _ = outputs.loss_and_gradient(X, Y, loss="mean_squares")
    assert value == pytest.approx(((F - Y) ** 2).sum() / 30, rel=1e-14)


@pytest.mark.parametrize(("loss", "border"), [("half_squares", 2), ("mean_squares", 30)])
def test_stable_steps(loss, border):
    """On either side of the border, along the largest eigenvector."""
    X, _ = rows()
    for factor, grows in ((0.9, False), (1.1, True)):
        net = pyntk.TwoLayer.antisymmetric(20_000, 4, seed=1)
        eigenvalues, vectors = pyntk.eigh(pyntk.finite_width_gram(X, net.W))
        y = 1e-6 * vectors[:, -1]
        losses = []
        for _ in range(20):
            value, gradients = net.loss_and_gradient(X, y, loss=loss)
            losses.append(value)
            net.W -= factor * border / eigenvalues[-1] * gradients.dW
        assert (losses[-1] > losses[0]) == grows


def test_every_initialiser_and_loss_is_on_the_page():
    for name in ("ntk", "antisymmetric", "clustered", "small", "mean_field"):
        assert f"`{name}(" in PAGE
        assert callable(getattr(pyntk.TwoLayer, name))
    for loss in pyntk.contract.LOSSES:
        assert f'`"{loss}"`' in PAGE
