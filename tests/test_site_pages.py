"""The pages of the site alone: examples run, commands exist, no page or name is forgotten."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import exact_matrices as exact
import pyntk
from pyntk.theory.catalogue import ROUTINES, SOURCES

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = {name: (DOCS / f"{name}.md").read_text() for name in ("index", "gallery", "how_to")}


def examples(page):
    return re.findall(r"```python\n(.*?)```", PAGES[page], re.DOTALL)


def run(page, sources):
    names = {}
    for example in sources:
        exec(compile(example, f"docs/{page}.md", "exec"), names)
    return names


def test_the_examples_of_the_first_page(capsys):
    names = run("index", examples("index"))
    assert len(examples("index")) == 3
    assert names["eigenvalues"].shape == (1000,)
    assert 0.003 < names["error"] < 0.03
    assert names["report"].holds is True
    assert names["report"].checks[0].measured < names["report"].checks[0].bound
    assert names["report"].series["largest"].shape == (2, 5)
    assert "2 of 2 checks hold" in capsys.readouterr().out


def test_the_four_lines_are_those_of_the_readme():
    assert examples("index")[0] in (ROOT / "README.md").read_text()


def test_the_examples_of_how_to(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X = exact.sphere(120, 4)
    labels = np.where(X @ [1, 2, 0, 0] > 0, "yes", "no")
    lines = [",".join([*map(str, x), label]) for x, label in zip(X, labels, strict=True)]
    Path("samples.csv").write_text("\n".join(["a,b,c,d,target", *lines]))
    table, products, blocks, _ = examples("how_to")
    assert len(table.strip().splitlines()) <= 11
    names = run("how_to", [table, products, blocks])
    H = pyntk.ntk_gram(names["X"])
    eigenvalues = np.linalg.eigvalsh(H)
    assert names["lambda_0"] == pytest.approx(eigenvalues[0], rel=1e-9)
    assert names["proved"].lower <= names["lambda_0"] <= names["proved"].upper
    y = names["samples"].y
    assert names["form"] == pytest.approx(y @ np.linalg.solve(H, y), rel=1e-9)
    assert "lambda_0 = " in capsys.readouterr().out
    assert names["leading"] == pytest.approx(eigenvalues[-5:])
    assert names["fit"].method == "matrix_free"
    assert names["scores"].shape == (10,)
    assert (names["block"] == H[:50]).all()
    assert (np.load("gram.npy") == H).all()


def test_the_pytorch_example_is_one_that_runs():
    """In tests/embedding, where PyTorch is."""
    assert examples("how_to")[3] in (DOCS / "embedding.md").read_text()


def test_pictures_and_commands_of_the_gallery():
    page = PAGES["gallery"]
    commands = re.findall(r"pyntk check (\w+)", page)
    assert re.findall(r"\(theory/(\w+)\.png\)", page) == commands
    assert {ROUTINES[name].source for name in commands} == set(SOURCES)
    assert all((DOCS / "theory" / f"{name}.png").is_file() for name in commands)


def test_links_lead_to_headings():
    for page in PAGES.values():
        for target, anchor in re.findall(r"\]\(([\w/]+\.md)#([\w-]+)\)", page):
            headings = re.findall(r"^#+ (.*)$", (DOCS / target).read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}
            assert anchor in slugs, (target, anchor)


def test_the_commands_of_the_first_page():
    names = re.findall(r"pyntk check (\w+)", PAGES["index"])
    assert set(names) <= {"list", *SOURCES, *ROUTINES}


def test_every_page_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text()
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert not {page for page in pages if f" {page}\n" not in menu}


@pytest.mark.parametrize("module", ["pyntk", *(f"pyntk.theory.{name}" for name in SOURCES)])
def test_every_public_name_is_in_the_reference(module):
    reference = "".join(path.read_text() for path in (DOCS / "api").glob("*.md"))
    names = re.findall(r"^::: (\S+)$", reference, re.MULTILINE)
    for name in importlib.import_module(module).__all__:
        full = f"{module}.{name}"
        assert name == "__version__" or full in names or f"{full}.{name}" in names, full
