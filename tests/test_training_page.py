"""docs/training.md: its examples run, and what it says of them holds."""

import re
from pathlib import Path

import numpy as np
import pytest

import pyntk
from pyntk.training import records

PAGE = (Path(__file__).parent.parent / "docs" / "training.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def names():
    found = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/training.md", "exec"), found)
    assert len(EXAMPLES) == 5
    return found


def test_the_first_example(names):
    loss, flips = names["run"].records["loss"], names["run"].records["flips"]
    assert loss.steps.tolist() == list(range(0, 101, 10))
    assert (np.diff(loss.values) < 0).all()
    assert flips.steps.tolist() == [1, 100]
    assert 0 < flips.values[1] < 0.05


def test_replicas(names):
    losses = np.array([run.records["loss"].values for run in names["replicas"]])
    assert losses.shape == (6, 2)
    assert (losses[:, 1] < losses[:, 0]).all()
    assert len(set(losses[:, 1])) == 6
    assert names["spread"] == losses[:, 1].std()


def test_arora_et_al(names):
    residual = np.linalg.norm(names["arora"].records["residual"].values, axis=1)
    assert np.abs(residual - names["predicted"]).max() < 0.03 * np.sqrt(200)
    assert names["arora"].records["distance"].values.relative[-1] < 0.1


def test_li_and_liang(names):
    values = {name: record.values for name, record in names["li"].records.items()}
    assert names["accuracy"] > 0.95
    assert values["loss"][-1] < 0.3 * values["loss"][0]
    assert values["flips"][-1] < 0.2
    assert (np.diff(values["distance"].frobenius) > 0).all()


def test_tian(names):
    losses = names["tian"].records["loss"].values
    assert losses[-1] < 0.1 * losses[0]
    assert names["tian"].records["weights"].values.W.shape == (5, 10, 20)


def test_mei_et_al(names):
    """The limit has risk 1.7044 and then 1.2094, and the median radius 1.108."""
    risks = names["mei"].records["loss"].values
    assert np.abs(risks - [1.7044, 1.2094]).max() < 0.05
    assert names["mei"].records["norms"].values[-1, 1] == pytest.approx(1.108, rel=0.03)


def test_samples_and_the_stable_step(names):
    assert names["rows"].shape == (3, 20)
    assert (names["targets"] == np.abs(names["rows"][:, 0])).all()
    assert 0 < names["stable"] < 10


def test_every_name_is_on_the_page():
    for name in records.NAMES:
        assert f'`"{name}"`' in PAGE
    for loss in pyntk.contract.LOSSES:
        assert f'`"{loss}"`' in PAGE
    for name in ("gaussian_mixture", "gaussian", "sphere"):
        assert f"`{name}(" in PAGE
    for name in ("constant", "inverse_width", "mean_field"):
        assert name in PAGE


def test_the_column_of_stable_steps():
    """H is the kernel of the network at the start; p (1 - p) is at most 1/4, here with f = 0."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((30, 5))
    net = pyntk.TwoLayer.antisymmetric(200, 5, seed=1)
    top = pyntk.eigh(pyntk.finite_width_gram(X, net.W))[0][-1]
    y = np.sign(X[:, 0])
    for loss, border in (("half_squares", 2), ("mean_squares", 30), ("logistic", 8 * 30)):
        with pytest.raises(pyntk.DivergenceError) as error:
            pyntk.train(net, (X, y), step_size=1e9, steps=100, loss=loss)
        assert error.value.stable_step_size == pytest.approx(border / top, rel=0.01)
