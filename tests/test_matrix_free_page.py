"""docs/matrix_free.md: its examples run, and what it says of them holds."""

import re
from pathlib import Path

import numpy as np

import pyntk

PAGE = (Path(__file__).parent.parent / "docs" / "matrix_free.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples():
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/matrix_free.md", "exec"), names)
    assert len(EXAMPLES) == 2
    X, fit = names["X"], names["fit"]
    K = pyntk.ntk_gram(X)
    exact = np.linalg.eigvalsh(K)
    assert (np.abs(names["values"] - exact[-30:]) <= names["residuals"] + 1e-12 * exact[-1]).all()
    reach = 4 * names["errors"] + names["resolution"]
    assert (np.abs(names["counts"] - np.histogram(exact, names["edges"])[0]) <= reach).all()
    np.testing.assert_allclose(
        names["solution"].x, fit.coefficients, atol=1e-4 * np.abs(fit.coefficients).max()
    )
    assert fit.method == "dense"
    assert (names["x"] == names["solution"].x).all()
    assert 0.7 < names["accuracy"] < 1
