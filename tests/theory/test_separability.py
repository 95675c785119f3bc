"""Clusters are drawn as asked, and the separability of rows is what all their pairs say."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from pyntk.theory.liang import Clusters, gaussian_clusters, separability
from pyntk.theory.liang.classes import draw_classes

BALLS = {1: [(0, 0), (2, 2)], -1: [(0, 2), (2, 0)]}
"""Figure 3 of the paper: centres of balls of diameter 1/10."""


def figure_3(n=40, seed=0):
    generator = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(n) / n + generator.random()
    circle = 0.05 * np.stack([np.cos(angle), np.sin(angle)], 1)
    X, classes, components = [], [], []
    for label, centres in BALLS.items():
        for number, centre in enumerate(centres):
            X.append(circle + centre)
            classes += [label] * n
            components += [number] * n
    return np.concatenate(X), np.array(classes), np.array(components)


def brute_force(X, classes, components):
    """delta and the largest diameter, pair by pair."""
    delta, diameter = np.inf, 0.0
    for i in range(len(X)):
        for j in range(i):
            distance = np.linalg.norm(X[i] - X[j])
            if classes[i] != classes[j]:
                delta = min(delta, distance)
            elif components[i] == components[j]:
                diameter = max(diameter, distance)
    return delta, diameter


def test_figure_3():
    X, classes, components = figure_3()
    two = separability(X, classes, components)
    assert (two.k, two.l) == (2, 2)
    assert two.delta == pytest.approx(1.9, abs=0.01)
    assert two.diameter == pytest.approx(0.1, abs=1e-12)
    assert two.separated
    assert not two.normalised
    one = separability(X, classes, np.zeros(len(X)))
    assert one.l == 1
    assert not one.separated
    assert "not met" in one.sentence()
    found = separability(X, classes)
    assert found.found
    assert found.clustered
    assert (found.l, found.diameter, found.delta) == (2, two.diameter, two.delta)
    assert len(np.unique(np.stack([found.components, two.components]), axis=1).T) == 4


@pytest.mark.parametrize("seed", range(4))
def test_all_pairs(seed):
    generator = np.random.default_rng(seed)
    X = generator.standard_normal((50, 3)) * generator.choice([1e-3, 1, 30])
    X[7] = X[3]
    classes, components = generator.integers(0, 3, 50), generator.integers(0, 4, 50)
    classes[7] = classes[3]
    known = separability(X, classes, components)
    delta, diameter = brute_force(X, classes, components)
    assert known.delta == pytest.approx(delta, rel=1e-9)
    assert known.diameter == pytest.approx(diameter, rel=1e-9)
    assert known.ratio == pytest.approx(diameter / delta, rel=1e-9)
    assert known.asked == 1 / (8 * known.l)
    # Found: every component within the limit, and one fewer component beyond it.
    found = separability(X, classes)
    for part in range(found.components.max() + 1):
        members = X[found.components == part]
        assert pdist(members).max(initial=0) <= found.delta * found.asked
        assert len(np.unique(classes[found.components == part])) == 1
    assert found.separated
    assert not found.clustered
    assert "no clusters" in found.sentence()


def test_close_rows():
    """Distances that cancel in |x|^2 + |y|^2 - 2 x.y."""
    X = np.ones((4, 5))
    X[1, 0] += 1e-9
    X[2:] += 1
    X[3, 0] += 3e-9
    known = separability(X, [0, 1, 0, 1], [0, 0, 1, 1])
    assert known.delta == pytest.approx(1e-9, rel=1e-6)
    equal = separability(np.ones((4, 5)), [0, 0, 1, 1])
    assert equal.delta == 0
    assert not equal.separated


def test_paper_clusters_do_not_meet_a1():
    """Gaussian components in d = 1000: diameter / distance is about sigma / sigma_0, not 1/16."""
    data = gaussian_clusters(1000)
    known = separability(data.X, data.classes, data.components)
    assert (known.k, known.l, known.asked) == (10, 2, 1 / 16)
    assert 0.2 < known.ratio < 0.27
    assert not known.separated
    assert known.normalised
    tight = gaussian_clusters(1000, sigma=0.2)
    known = separability(tight.X, tight.classes, tight.components)
    assert known.ratio < 0.05
    assert known.separated
    found = separability(tight.X, tight.classes)
    assert (found.l, found.clustered) == (2, True)
    pairs = np.unique(np.stack([found.components, known.components]), axis=1)
    assert pairs.shape[1] == 20


def test_gaussian_clusters():
    data = gaussian_clusters(4000, classes=3, components=4, d=200, sigma=2, sigma_0=3, seed=5)
    assert np.bincount(data.components, minlength=12).min() > 250  # 333 expected, +- 18
    assert (data.classes == data.centre_classes[data.components]).all()
    assert np.allclose(np.linalg.norm(data.X, axis=1), 1)
    assert np.allclose(np.linalg.norm(data.centres, axis=1), 1)
    # cos(x, mu) = |mu| / |x| about 3 / sqrt(13).
    cosines = (data.X * data.centres[data.components]).sum(1)
    assert cosines.mean() == pytest.approx(3 / 13**0.5, abs=0.03)
    again = gaussian_clusters(4000, classes=3, components=4, d=200, sigma=2, sigma_0=3, seed=5)
    assert (data.X == again.X).all()


def test_bad_input():
    X = np.eye(4)
    for wrong, message in (
        ({"X": X[0], "classes": [0]}, "X must have shape"),
        ({"X": X * np.nan, "classes": [0, 0, 1, 1]}, "X must be finite"),
        ({"X": X, "classes": [0, 1]}, "classes must have shape"),
        ({"X": X, "classes": [0, 0, 1, 1], "components": [0]}, "components must have shape"),
    ):
        with pytest.raises(ValueError, match=message):
            separability(**wrong)
    for wrong in ({"n": 0}, {"d": 0}, {"components": 0}, {"sigma": -1}, {"sigma_0": np.inf}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            gaussian_clusters(**{"n": 10, **wrong})
    with pytest.raises(ValueError, match="both"):
        gaussian_clusters(5, sigma=0, sigma_0=0)


def test_draw():
    sample = draw_classes("clusters", 100, 60, seed=3)
    assert (sample.X.shape, sample.X_test.shape, sample.rank) == ((100, 1000), (60, 1000), 20)
    assert sample.as_in_paper
    X, classes, _ = figure_3()
    labels = np.where(classes > 0, "cat", "dog")
    own = draw_classes((np.vstack([X, 0 * X[:1]]), [*labels, "dog"]), 200, 50)
    assert "dropped: 1 rows of zeros" in own.notes
    assert any("160 rows" in note for note in own.notes)
    assert len(own.X) + len(own.X_test) == 160
    assert np.allclose(np.linalg.norm(own.X, axis=1), 1)
    assert set(own.classes) == {0, 1}
    shuffled = own.permuted(0)
    assert (np.bincount(shuffled.classes) == np.bincount(own.classes)).all()
    assert (shuffled.classes != own.classes).any()


def test_draw_digits():
    sample = draw_classes("digits", 1000, 300)
    assert (sample.k, sample.rank, len(sample.centres)) == (10, None, 10)
    assert np.bincount(sample.classes).min() > 60
    assert any("no clusters" in note for note in sample.notes)


def idx(path, numbers):
    """Write an IDX file of unsigned bytes."""
    shape = np.array(numbers.shape, ">u4").tobytes()
    path.write_bytes(bytes([0, 0, 8, numbers.ndim]) + shape + numbers.astype(np.uint8).tobytes())


def test_draw_mnist(tmp_path):
    """All ten classes of a data set of which the reader gives two at a time."""
    generator = np.random.default_rng(0)
    labels = np.arange(200) % 10
    images = generator.integers(0, 50, (200, 4, 3))
    images[np.arange(200), labels // 3, labels % 3] = 250
    idx(tmp_path / "train-images-idx3-ubyte", images)
    idx(tmp_path / "train-labels-idx1-ubyte", labels)
    sample = draw_classes(f"mnist:{tmp_path}", 150, 50)
    assert (sample.k, sample.X.shape, sample.name) == (10, (150, 12), "mnist")
    for X, classes in ((sample.X, sample.classes), (sample.X_test, sample.classes_test)):
        assert (X.argmax(1) == classes).mean() > 0.9
    assert (np.bincount(np.append(sample.classes, sample.classes_test)) == 20).all()


def test_draw_refuses():
    X = np.eye(6)
    y = [0, 0, 0, 1, 1, 1]
    for data, error, message in (
        ("nowhere", ValueError, "no data set"),
        (7, TypeError, "data must be"),
        ((X, y[:3]), ValueError, "classes must have shape"),
        ((X[0], y), ValueError, "X must have shape"),
        ((X + 1j, y), TypeError, "real numbers"),
        ((np.where(X, np.inf, 0), y), ValueError, "finite"),
        ((X, [0] * 6), ValueError, "two classes"),
        ((X, np.array(y) * np.nan), ValueError, "classes must be finite"),
    ):
        with pytest.raises(error, match=message):
            draw_classes(data, 3, 2)
    with pytest.raises(ValueError, match="held_out"):
        draw_classes((X, y), 3, 0)


def test_own_clusters():
    """A caller's own components are taken as they are."""
    X, classes, _ = figure_3()
    whole = Clusters(X, (classes < 0) * 1, (classes < 0) * 1, np.eye(2), np.arange(2), "balls")
    assert draw_classes(whole, 100, 60).rank == 2
