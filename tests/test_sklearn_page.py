"""docs/scikit_learn.md: its examples run, and what it says of them holds."""

import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

PAGE = (Path(__file__).parent.parent / "docs" / "scikit_learn.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples():
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/scikit_learn.md", "exec"), names)
    assert len(EXAMPLES) == 3
    assert names["accuracy"] > 0.985
    assert names["expected"] > 0.985
    assert names["by_features"] > 0.97
    assert np.isfinite(names["mean"]).all()
    assert (names["deviation"] > 0).all()
    assert names["svm"].score(names["X_test"], names["y_test"]) > 0.985
    assert names["leading"].shape == (200, 2)
