"""Data sets by name."""

import gzip

import numpy as np
import pytest

from image_files import records, write_mnist
from pyntk import datasets
from pyntk.datasets import find
from pyntk.theory.rows import angles, clean
from pyntk.theory.sample import draw


def test_names(tmp_path):
    assert find("sphere", rows=7).X.shape == (7, 50)
    np.testing.assert_array_equal(
        find("sphere", rows=7, seed=3).X, find("sphere", rows=7, seed=3).X
    )
    (tmp_path / "t.csv").write_text("a,b,kind\n1,2,x\n3,4,y\n5,6,z\n")
    assert find(str(tmp_path / "t.csv"), rows=1, classes=("z", "x")).classes == ("z", "x")
    with pytest.raises(FileNotFoundError):
        find(str(tmp_path / "absent.npz"), rows=1)


def test_digits():
    pytest.importorskip("sklearn")
    assert find("digits", rows=1).X.shape == (360, 64)
    assert find("digits", rows=1, classes=(3, 8)).classes == ("3", "8")


@pytest.mark.parametrize("name", ["nothing", "", "Digits", "mnist2:there", "table.parquet"])
def test_no_such_data(name):
    with pytest.raises(ValueError, match=r"there is no data set .* digits, sphere, mnist"):
        find(name, rows=1)


def test_images_in_a_folder(tmp_path):
    data = find(f"mnist:{write_mnist(tmp_path / 'a:b')}", rows=1)
    assert (data.name, len(data.y)) == ("mnist", 5)
    assert find(f"mnist:{tmp_path / 'a:b'}", rows=1, classes=(7, 1)).classes == ("7", "1")
    (tmp_path / "data_batch_1.bin").write_bytes(records([0, 1]).tobytes())
    assert find(f"cifar10:{tmp_path}", rows=1).X.shape == (2, 3072)
    with pytest.raises(ValueError, match="names no folder"):
        find("mnist:", rows=1)


def test_the_folder_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(datasets.FOLDER, raising=False)
    with pytest.raises(
        FileNotFoundError, match=r"in data .*name a folder, mnist:DIR, or set PYNTK"
    ):
        find("mnist", rows=1)
    write_mnist(tmp_path / "data/MNIST/raw", pack=gzip.compress, end=".gz")
    assert len(find("mnist", rows=1).y) == 5
    write_mnist(tmp_path / "elsewhere", "t10k")
    monkeypatch.setenv(datasets.FOLDER, str(tmp_path / "elsewhere"))
    assert find("mnist", rows=1).notes == ("5 of 6 images of t10k-images-idx3-ubyte",)
    monkeypatch.setenv(datasets.FOLDER, str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        find("cifar10", rows=1)


def test_draw(tmp_path):
    sample = draw(f"mnist:{write_mnist(tmp_path)}", 3, 2, seed=1)
    assert sample.X.shape == (3, 12)
    assert sample.X_test.shape == (2, 12)
    np.testing.assert_allclose(np.linalg.norm(sample.X, axis=1), 1)
    assert (sample.name, sample.classes) == ("mnist", ("0", "1"))


def test_draw_takes_what_there_is():
    generator = np.random.default_rng(0)
    X, y = generator.standard_normal((10, 3)), generator.choice([-1, 1], 10)
    sample = draw((X, y), 20, 10, seed=1)
    assert (len(sample.y), len(sample.y_test), sample.name) == (7, 3, "your data")
    assert "there are 10 distinct rows: 7 train, 3 are held out" in sample.notes
    twice = draw((np.concatenate([X, 2 * X]), np.concatenate([y, -y])), 5, 5)
    assert (
        "10 rows with the direction of an earlier row (10 of them with another label)"
        in (twice.notes[0])
    )
    assert len(draw((X, y), 10).y_test) == 0


@pytest.mark.parametrize(
    ("data", "sizes", "error", "words"),
    [
        (3, (5, 5), TypeError, "a name, a DataSet or .X, y., not int"),
        ((1, 2, 3), (5, 5), TypeError, "a name, a DataSet or .X, y., not tuple"),
        (np.ones((2, 3)), (5, 5), TypeError, "not ndarray"),
        ((np.eye(5), np.full(5, 2)), (5, 5), ValueError, r"\+1 and -1 only, not 2"),
        ((np.ones((9, 2)), np.ones(9)), (5, 5), ValueError, "X has 1 distinct rows"),
        ("sphere", (1, 5), ValueError, "rows must be >= 2"),
        ("sphere", (5, -1), ValueError, "held_out >= 0"),
        ("spheres", (5, 5), ValueError, "there is no data set 'spheres'"),
    ],
)
def test_draw_refuses(data, sizes, error, words):
    with pytest.raises(error, match=words):
        draw(data, *sizes)


@pytest.mark.parametrize("cells", [1, 30, 100])
def test_close_rows_are_found_in_parts(monkeypatch, cells):
    """As many cosines at a time as fit: which pairs are close does not depend on it."""
    X = np.random.default_rng(0).standard_normal((12, 3))
    X[7], X[9], X[11] = 2 * X[1], -X[2], X[3] * (1 + 1e-8)
    X[5] = X[4] + 1e-5
    y = np.ones(12)
    whole, close = clean(X, y), angles(clean(X, y).X)
    monkeypatch.setattr("pyntk.theory.rows.CELLS", cells)
    parts = clean(X, y)
    np.testing.assert_array_equal(parts.X, whole.X)
    found = angles(parts.X)
    assert (found.near_parallel, found.antipodal) == (close.near_parallel, close.antipodal)
    assert found.least == close.least
    assert (whole.duplicates, close.antipodal) == (2, 1)
    assert close.near_parallel == 1
