"""pyntk imports no framework; a missing one is an ImportError that says how to install it."""

import importlib
import subprocess
import sys

import pytest


def test_pyntk_imports_no_framework():
    code = "import sys, pyntk; print(sorted({'torch', 'jax'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(
    ("module", "missing", "message"),
    [
        ("pyntk.torch", "torch", r'pyntk.torch needs PyTorch.*; pip install "pyntk\[torch\]"'),
        ("pyntk.jax", "jax", r'pyntk.jax needs JAX.*; pip install "pyntk\[jax\]"'),
    ],
)
def test_a_missing_framework(module, missing, message, monkeypatch):
    for name in list(sys.modules):
        if name.startswith(module):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    with pytest.raises(ImportError, match=message):
        importlib.import_module(module)


def test_a_broken_framework_is_not_called_missing(monkeypatch, tmp_path):
    """What a framework itself fails to import is its own error."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("import a_module_that_torch_lacks\n")
    for name in list(sys.modules):
        if name.split(".")[0] == "torch" or name.startswith("pyntk.torch"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="a_module_that_torch_lacks"):
        importlib.import_module("pyntk.torch")
