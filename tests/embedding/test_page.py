"""docs/embedding.md: its examples run, and what it says of them holds."""

import re
from pathlib import Path

import numpy as np
import pytest

from frameworks import framework

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text()
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))


def run(section):
    """Run the examples of a section; return their names."""
    names = {}
    examples = re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL)
    for example in examples:
        exec(compile(example, "docs/embedding.md", "exec"), names)
    return names, examples


def test_pytorch():
    framework("torch")
    names, examples = run("PyTorch")
    assert len(examples) == 4
    replacement = [line for line in examples[1].splitlines() if line]
    assert len(replacement) == 3
    expected = names["train"](names["model"], names["y"])
    losses = names["train"](names["fused"], names["y"])
    np.testing.assert_allclose(losses, expected, rtol=1e-4)  # float32, over 100 steps
    assert losses[-1] < losses[0] / 2
    assert (names["net"].a == names["start"].a).all()
    assert 0 < names["flipped"] < 0.1
    assert names["Z"].grad.isfinite().all()
    assert (names["Z"].grad != 0).any()


def test_jax():
    framework("jax")
    names, examples = run("JAX")
    assert len(examples) == 1
    assert names["values"][-1] < names["values"][0] / 2
    W, a = np.asarray(names["W"], float), names["net"].a
    X = np.asarray(names["X"], float)
    exact = ((X @ W.T > 0) * a) @ W / 2000**0.5
    sure = (np.abs(X @ W.T) > 2e-5).all(1)  # float32 sees on which side of the kink they are
    assert sure.mean() > 0.9
    found = np.asarray(names["per_sample"])
    np.testing.assert_allclose(found[sure], exact[sure], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("name", "minimum"), [("torch", "2.6"), ("jax", "0.6.1")])
def test_the_versions_are_those_of_the_package(name, minimum):
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert f'{name} = ["{name}>={minimum}"]' in project


def test_every_function_is_on_the_page():
    for name in (
        "torch.two_layer",
        "torch.TwoLayer",
        "torch.ntk_gram",
        "jax.two_layer",
        "jax.ntk_gram",
    ):
        assert f"`pyntk.{name}" in PAGE
