"""docs/gpu.md: its examples run on the pretended device, and what it says of copies holds."""

import re
from pathlib import Path

import numpy as np

import pyntk
from pretend import log
from pretended import pretended_device  # noqa: F401

PAGE = (Path(__file__).parent.parent / "docs" / "gpu.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples(device, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stays, comes_back, unseen, streamed = EXAMPLES
    names = {}
    exec(stays, names)
    X, K, Y, w, V, x, c, top = (names[name] for name in ("X", "K", "Y", "w", "V", "x", "c", "top"))
    assert all(isinstance(array, device.ndarray) for array in (K, Y, w, V, x, c, top))
    expected = pyntk.ntk_gram(device.asnumpy(X))
    np.testing.assert_allclose(device.asnumpy(K), expected, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(device.asnumpy(w), np.linalg.eigvalsh(expected), atol=1e-12)
    np.testing.assert_allclose(
        device.asnumpy(Y), expected @ device.asnumpy(X[:, :2]), rtol=1e-12, atol=1e-12
    )

    y = device.asnumpy(X[:, 0])
    np.testing.assert_allclose(device.asnumpy(x), np.linalg.solve(expected, y), rtol=1e-7)
    ridged = expected + 0.1 * np.eye(len(y))
    np.testing.assert_allclose(
        device.asnumpy(c), np.linalg.solve(ridged, y), atol=1e-5 * np.linalg.norm(y)
    )
    np.testing.assert_allclose(device.asnumpy(top), np.linalg.eigvalsh(expected)[-3:], rtol=1e-8)

    exec(comes_back, names)
    assert type(names["H"]) is type(names["outputs"]) is np.ndarray
    assert (np.diagonal(names["H"]) == 0.5).all()
    assert isinstance(names["net"].W, device.ndarray)
    losses = names["run"].records["loss"].values
    assert losses[-1] < losses[0]

    log.clear()
    exec(unseen, names)
    assert not log.to_host
    assert not log.synchronisations
    exec(streamed, names)
    assert (np.load("gram.npy") == pyntk.ntk_gram(names["rows"], backend="cuda")).all()
    assert not log.races


def test_one_small_copy_per_call(device):
    X = device.asarray(np.eye(9))
    log.clear()
    pyntk.ntk_gram(X)
    pyntk.ntk_matmul(X, X, X)
    assert [copy.nbytes for copy in log.to_host] == [16, 48]
    assert len(log.synchronisations) == 2
