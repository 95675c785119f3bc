"""docs/spectrum.md: its examples run, and what they compute holds."""

import re
from pathlib import Path

import numpy as np
import pytest

import exact_matrices as exact
import pyntk

PAGE = (Path(__file__).parent.parent / "docs" / "spectrum.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X = exact.sphere(150, 4)
    labels = np.where(X @ [1, 2, 0, 0] > 0, "yes", "no")
    lines = [",".join([*map(str, x), label]) for x, label in zip(X, labels, strict=True)]
    (tmp_path / "samples.csv").write_text("\n".join(["a,b,c,d,target", *lines]))
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/spectrum.md", "exec"), names)
    H, y = pyntk.ntk_gram(names["X"]), names["samples"].y
    assert names["lambda_0"] == pytest.approx(np.linalg.eigvalsh(H)[0], rel=1e-9)
    assert names["form"].value in names["interval"]
    assert names["interval"].width < 1e-9 * names["form"].value
    assert names["bound"] == pytest.approx(np.sqrt(2 * names["form"].value / 150))
    assert 0.5 < names["score"] < 1
    ridged = H + 1e-6 * np.eye(150)
    assert names["solution"].x == pytest.approx(np.linalg.solve(ridged, y), rel=1e-8)
    assert names["solution"].jitter == 1e-6


def test_every_function_is_on_the_page():
    for name in (
        "lambda_min", "solve", "quadratic_form_inverse", "logdet", "leave_one_out_complexity",
        "leave_one_out_residuals", "eigh", "eigvalsh", "label_spectrum",
    ):  # fmt: skip
        assert f"`{name}(" in PAGE
        assert callable(getattr(pyntk, name))
