"""docs/streaming.md: its examples run, and what it says of them holds."""

import json
import re
from pathlib import Path

import numpy as np

import pyntk

PAGE = (Path(__file__).parent.parent / "docs" / "streaming.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    names = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/streaming.md", "exec"), names)
    capfd.readouterr()  # the bar
    assert len(EXAMPLES) == 4
    X = names["X"]
    H = pyntk.ntk_gram(X, trained="all", depth=2)
    for name in ("K", "again", "plain"):
        np.testing.assert_array_equal(names[name], H)
    np.testing.assert_array_equal(names["half"], pyntk.ntk_gram(X))
    np.testing.assert_array_equal(names["across"], pyntk.ntk_gram(X, X[:100]))
    np.testing.assert_allclose(names["largest"], np.linalg.eigvalsh(H)[-5:], rtol=1e-4)
    np.testing.assert_array_equal(names["eigenvalues"], pyntk.eigvalsh(H))
    assert np.isfinite(names["solution"].x).all()


def test_the_manifest_has_what_the_page_says(tmp_path):
    pyntk.stream_gram(np.ones((3, 2)), tmp_path / "K.npy")
    manifest = json.loads((tmp_path / "K.npy.json").read_text())
    section = PAGE[PAGE.index("## The manifest") : PAGE.index("## Memory and time")]
    assert set(re.findall(r"`(\w+)`", section)) - {"null"} == manifest.keys()
