"""The layers of the house: who may import whom, and how long a file may grow."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON = sorted((ROOT / "pyntk").rglob("*.py"))
EDGES = {"bench", "bench_report", "cli", "cli_check", "info", "plot", "plot_report", "__main__"}
PUBLIC = {
    "gram", "finite_width", "products", "derivatives", "network", "patterns", "data",
}  # fmt: skip
NETWORK = {"activation", "loss", "initial", "network_file", "parameters"}
MORE = {
    "data": {"tables"}, "finite_width": {"activation"}, "network": {"scalars", *NETWORK},
    "products": {"progress", "scalars"},
}  # fmt: skip
EMBEDDING = {"contract", "dispatch", "gram", "network", "passes", "recipe", "threads"}
# What the modules of a package may import beside each other.
PACKAGES = {
    "backends": {"_cpu", "_cuda"},
    "theory": {
        "", "activation", "data", "datasets", "distributions", "plot", "plot_report", "progress",
        "schedule",
    },
    "dask": {
        "arrays", "contract", "dispatch", "products", "recipe", "scalars", "streaming", "threads",
    },
    "sklearn": {"", "dask"},
    "torch": EMBEDDING | {"device_libraries"},
    "jax": EMBEDDING,
    # Cholesky calls LAPACK itself, backends.lapack.
    "linalg": {
        "arrays", "backends", "contract", "dispatch", "finite", "gram", "memory", "places", "plot",
        "products", "progress", "recipe", "scalars", "threads",
    },
    "streaming": {
        "", "arrays", "contract", "dispatch", "memory", "overflow", "progress", "recipe", "scalars",
        "threads",
    },
    "training": {
        "activation", "arrays", "contract", "dispatch", "distributions", "initial", "loss",
        "memory", "network", "patterns", "places", "progress", "recipe", "scalars", "schedule",
        "threads",
    },
}  # fmt: skip
ALLOWED = {
    "contract": set(),
    "threads": set(),
    "dispatch": {"contract"},
    "memory": {"contract"},
    "recipe": {"contract", "scalars"},
    "finite": set(),
    "overflow": {"contract", "finite"},
    "progress": {"dispatch"},
    "device_libraries": {"contract"},
    "places": {"contract", "device_libraries", "dispatch"},
    "arrays": {"contract", "dispatch", "finite", "memory", "places"},
    **{
        name: {"arrays", "dispatch", "contract", "threads", "memory", "overflow", "recipe"}
        | {"places"}
        | MORE.get(name, {"progress"})
        for name in PUBLIC
    },
    "tables": set(),
    "images": {"data", "memory"},
    "datasets": {"data", "images"},
    "scalars": set(),
    "activation": {"arrays", "contract", "scalars"},
    "loss": {"arrays", "contract"},
    "parameters": {"arrays", "contract", "places"},
    "initial": {"contract", "dispatch", "scalars"},
    "network_file": {"activation", "arrays", "contract", "initial"},
    "schedule": {"arrays", "loss", "memory", "scalars"},
    "distributions": {
        "arrays", "contract", "dispatch", "loss", "memory", "network", "scalars", "threads",
        "training",
    },
    "passes": {
        "activation", "arrays", "contract", "dispatch", "memory", "overflow", "scalars", "threads",
    },
}  # fmt: skip


def imports(path):
    """The modules of pyntk that a file imports, without the prefix; "" is pyntk itself."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        found |= {
            name.removeprefix("pyntk").strip(".") for name in names if name.startswith("pyntk")
        }
    return found


@pytest.mark.parametrize("path", PYTHON, ids=lambda path: str(path.relative_to(ROOT)))
def test_layers(path):
    module = path.relative_to(ROOT / "pyntk").with_suffix("").parts
    used = imports(path)
    packages = {name.split(".")[0] for name in used}
    if module[0] in PACKAGES:
        assert packages <= {module[0]} | PACKAGES[module[0]]
    elif module[0] in ALLOWED:
        assert packages <= ALLOWED[module[0]]
    else:
        assert module[0] in EDGES | {"__init__"}


def test_cpp_layers():
    """core and math include nothing above them; only bindings knows Python."""
    for path in (ROOT / "csrc").rglob("*.[hc]*"):
        text = path.read_text()
        folder = path.parent.name
        if folder != "bindings":
            assert "Python.h" not in text, path
            assert "pybind11/" not in text, path
        if folder in {"core", "math"}:
            assert '"../cpu' not in text, path
            assert '"../cuda' not in text, path


SOURCES = [
    path
    for folder in ("csrc", "pyntk", "tests", "bench")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".hpp", ".cpp", ".cu", ".cuh", ".sh"}
]


def test_files_stay_small():
    long = {str(path): n for path in SOURCES if (n := len(path.read_text().splitlines())) > 300}
    assert not long


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_links_lead_somewhere(page):
    """In a clean clone: a file that git does not know is not there."""
    for target in re.findall(r"\]\(([^):#]+)\)", (ROOT / page).read_text()):
        assert (ROOT / target).is_file(), target
