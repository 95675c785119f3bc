"""Data sets, tables that people have, label noise, splits."""

import sys

import numpy as np
import pytest

from pyntk.data import digits, load_table, redraw_labels, sphere, split, two_classes

ROWS = [[1.0, 2.5], [3.0, -4.0], [5.0, 6.0], [7.0, 8.0]]


def csv(tmp_path, text, name="table.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_digits():
    pytest.importorskip("sklearn")
    data = digits()
    assert data.X.shape == (360, 64)
    assert (data.y == 1).sum() == 178
    assert data.classes == ("0", "1")
    swapped = digits((1, 0))
    np.testing.assert_array_equal(swapped.y, -data.y)


def test_digits_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "pyntk\[explain\]"'):
        digits()


def test_sphere():
    data = sphere(50, 7, 3)
    np.testing.assert_allclose(np.linalg.norm(data.X, axis=1), 1)
    assert set(data.y) == {-1.0, 1.0}
    np.testing.assert_array_equal(data.X, sphere(50, 7, 3).X)
    with pytest.raises(ValueError, match="n = 0"):
        sphere(0, 3)


def test_redrawn_not_flipped():
    """Portion q moves q/2 of the labels; at portion 1 half of them keep their value."""
    y = np.ones(10_000)
    for portion in (0.0, 0.2, 1.0):
        noisy = redraw_labels(y, portion, np.random.default_rng(0))
        # Four standard deviations of the number of tails.
        assert abs((noisy < 0).mean() - portion / 2) <= 4 * np.sqrt(portion / 4 / 10_000)
    assert np.all(y == 1)
    with pytest.raises(ValueError, match="portion"):
        redraw_labels(y, 1.1, np.random.default_rng(0))


def test_portion_is_a_count():
    """Exactly round(q n) labels are drawn anew: the others are those of y."""
    y = np.full(10, 7.0)
    assert (redraw_labels(y, 0.3, np.random.default_rng(0)) == 7).sum() == 7


def test_split():
    a, b = split(20, 12, 5, 1)
    assert len(set(a) | set(b)) == 17
    for sizes in ((0, 5), (5, 0), (15, 6)):
        with pytest.raises(ValueError, match="out of 20"):
            split(20, *sizes, 1)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("a,b,kind\n1,2.5,x\n3,-4,y\n5,6,x\n7,8,y\n", None),
        ("a,b,kind\n1,2.5,x\n3,-4,y\n5,6,x\n7,8,y\n", "kind"),
        ("kind,a,b\nx,1,2.5\ny,3,-4\nx,5,6\ny,7,8\n", "0"),
        ("kind,a,b\nx,1,2.5\ny,3,-4\nx,5,6\ny,7,8\n", "kind"),
        ("a,kind,b\n1,x,2.5\n3,y,-4\n5,x,6\n7,y,8\n", "-2"),
        ("1,2.5,x\n3,-4,y\n\n5,6,x\n7,8,y\n", None),
        ("x;1;2.5\ny;3;-4\nx;5;6\ny;7;8\n", "0"),
        ("1,2.5,x\n3,-4,y\n5,6,x\n7,8,y\n", "2"),
        ("0,1,kind\n1,2.5,x\n3,-4,y\n5,6,x\n7,8,y\n", None),
        ('\ufeff"a","b","kind"\r\n1,2.5,x\r\n3,-4,y\r\n5,6,x\r\n7,8,y\r\n', "kind"),
    ],
)
def test_csv(tmp_path, text, target):
    data = load_table(csv(tmp_path, text), target)
    np.testing.assert_array_equal(data.X, ROWS)
    assert data.y.tolist() == [1, -1, 1, -1]
    assert data.classes == ("x", "y")
    assert data.name == "table"


@pytest.mark.parametrize(
    ("text", "target", "words"),
    [
        ("", None, "is empty"),
        ("a,b,kind\n", None, "header and no rows"),
        ("a,b,kind\n1,2,x\n3,oops,y\n", None, r"line 3: column 'b' holds 'oops', which is no"),
        ("a,b,kind\n1,2,x\n3,,y\n", None, "line 3: the value in column 'b' is missing"),
        ("1,2.5,x\n3,NA,y\n", None, "line 2: the value in column '1' is missing"),
        ("a,b,kind\n1,2,x\n3,inf,y\n", None, "line 3: column 'b' holds 'inf'"),
        ("a,b,kind\n1,2,x\n3,4,\n", None, "line 3: the label in column 'kind' is missing"),
        ("a,b,kind\n1,2,x\n3,4\n", None, "line 3: 2 cells, but 3 columns"),
        ("a,b,kind\n1,2,x\n3,4,y\n", "sort", "no column 'sort': its first line reads a, b, kind"),
        ("7,2,x\n3,4,y\n", "kind", "no column 'kind': its first line reads 7, 2, x"),
        ("a,b,kind\n1,2,x\n3,4,y\n", "3", "no column '3'"),
        ("kind\nx\ny\n", None, "no column besides the target"),
        ("a,b,kind\n1,2,x\n3,4,x\n", None, "two classes are needed"),
    ],
)
def test_bad_csv(tmp_path, text, target, words):
    with pytest.raises(ValueError, match=words):
        load_table(csv(tmp_path, text), target)


@pytest.mark.parametrize("names", [("X", "y"), ("data", "target"), ("x_train", "y_train")])
def test_npz(tmp_path, names):
    path = tmp_path / "arrays.npz"
    x, y = names
    images = np.array(ROWS).reshape(4, 1, 2)
    np.savez(path, **{x: images, y: np.array([[3], [5], [3], [5]]), "weights": np.ones(4)})
    data = load_table(path)
    np.testing.assert_array_equal(data.X, ROWS)
    assert data.y.tolist() == [1, -1, 1, -1]
    assert data.classes == ("3", "5")


def test_npz_names(tmp_path):
    path = tmp_path / "arrays.npz"
    np.savez(path, pixels=np.abs(ROWS).astype(np.uint8), digit=np.array(["b", "a", "b", "a"]))
    assert load_table(path, "digit").classes == ("a", "b")
    with pytest.raises(ValueError, match=r"no array y or target.*pixels \(4, 2\)"):
        load_table(path)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"y": np.ones(3), "X": np.ones((4, 2))}, "one array X of 3 rows"),
        ({"y": np.ones(3), "a": np.ones((3, 2)), "b": np.ones((3, 2))}, "one array X"),
        ({"y": np.ones((3, 2)), "X": np.ones((3, 2))}, r"shape \(n,\)"),
        ({"y": np.arange(2), "X": np.array([[1.0], [np.nan]])}, "row 1, column 0 is nan"),
        ({"y": np.arange(2), "X": np.array([["a"], ["b"]])}, "real numbers"),
        ({"y": np.arange(2), "X": np.array([[1], [{}]], dtype=object)}, "running code"),
    ],
)
def test_bad_npz(tmp_path, arrays, words):
    np.savez(tmp_path / "arrays.npz", **arrays)
    with pytest.raises(ValueError, match=words):
        load_table(tmp_path / "arrays.npz")


def test_not_an_archive(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ValueError, match=r"a\.npz"):
        load_table(tmp_path / "a.npz")
    (tmp_path / "b.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"b\.npz"):
        load_table(tmp_path / "b.npz")
    with pytest.raises(ValueError, match=r"\.csv and \.npz"):
        load_table(tmp_path / "c.parquet")
    with pytest.raises(FileNotFoundError):
        load_table(tmp_path / "absent.csv")


def test_classes():
    labels = ["10", "2.0", "2", "10", "7", "10", "2"]
    data = two_classes(np.arange(14).reshape(7, 2), labels, "numbers", None)
    assert data.classes == ("2", "10")
    assert data.y.tolist() == [-1, 1, 1, -1, -1, 1]
    assert "of 3 classes the two most frequent were taken: 2, 10" in data.notes
    chosen = two_classes(np.arange(14).reshape(7, 2), labels, "numbers", (7, "2"))
    assert chosen.y.tolist() == [-1, -1, 1, -1]
    with pytest.raises(ValueError, match="no class '3'; there are 3: 2, 7, 10"):
        two_classes(np.ones((7, 2)), labels, "numbers", (2, 3))
    with pytest.raises(ValueError, match="two different classes"):
        two_classes(np.ones((7, 2)), labels, "numbers", (2, "2.0"))
