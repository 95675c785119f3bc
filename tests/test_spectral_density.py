"""spectral_density: exact where a quadrature is, with error bars neither too small nor too big."""

import numpy as np
import pytest

import pyntk

N, PROBES, STEPS = 300, 12, 20


def rows(n=N, d=8, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.fixture(scope="module")
def seen():
    """Rows, their density, the exact eigenvalues, and what each probe sees of them."""
    X = rows()
    density = pyntk.spectral_density(X, probes=PROBES, steps=STEPS, seed=3)
    values, vectors = np.linalg.eigh(pyntk.ntk_gram(X))
    V = np.random.default_rng(3).standard_normal((PROBES, N))
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    return density, values, (V @ vectors) ** 2


def test_shape(seen):
    density, values, _ = seen
    assert density.n == N
    assert density.nodes.shape == density.weights.shape == (PROBES, STEPS)
    np.testing.assert_allclose(density.weights.sum(axis=1), 1, rtol=1e-13)
    assert (density.weights >= 0).all()
    assert density.nodes.min() > values[0] * (1 - 1e-12)
    assert density.nodes.max() < values[-1] * (1 + 1e-12)


@pytest.mark.parametrize("power", [0, 1, 2, 7, 2 * STEPS - 1])
def test_moments_of_each_probe(seen, power):
    """A Gauss quadrature is exact for polynomials of degree 2 steps - 1."""
    density, values, share = seen
    exact = (share * (values / values[-1]) ** power).sum(axis=1)
    found = (density.weights * (density.nodes / values[-1]) ** power).sum(axis=1)
    np.testing.assert_allclose(found, exact, rtol=1e-10)


@pytest.mark.parametrize("function", [lambda t: t, np.sqrt, np.log], ids=["trace", "root", "log"])
def test_traces(seen, function):
    """Within five standard errors: by Student's t with 11 degrees, missed once in 2,500 times."""
    density, values, _ = seen
    estimate, error = density.trace_of(function)
    assert abs(estimate - function(values).sum()) < 5 * error
    assert error < 0.2 * np.abs(function(values)).sum()


def test_resolution_is_a_bound(seen):
    """What a probe sees of a bin, exactly, against its quadrature: for each probe on its own."""
    density, values, share = seen
    edges = np.geomspace(values[0] * 0.9, values[-1] * 1.1, 30)
    inside = (values[:, None] >= edges[:-1]) & (values[:, None] < edges[1:])
    for probe in range(PROBES):
        alone = density._replace(
            nodes=density.nodes[[probe]], weights=density.weights[[probe]]
        ).histogram(edges)
        exact = N * share[probe] @ inside
        assert (np.abs(alone.counts - exact) <= alone.resolution + 1e-9).all()


def test_counts_within_their_errors(seen):
    density, values, _ = seen
    for bins in (1, 12, 24, [0, 1, 5, 1e3]):
        histogram = density.histogram(bins)
        exact = np.histogram(values, histogram.edges)[0]
        assert len(histogram.counts) == len(histogram.edges) - 1
        reach = 4 * histogram.errors + histogram.resolution + 1e-9
        assert (np.abs(histogram.counts - exact) <= reach).all()


def test_errors_are_neither_too_small_nor_too_big():
    """Over 40 seeds with as many steps as rows: no quadrature error, errors in units of their own.

    The mean square of 40 x 4 of them is 1, with a standard deviation of 0.2 or so (the four bins of
    a seed are not independent, and its errors are estimates).
    """
    X = rows(40)
    values = np.linalg.eigvalsh(pyntk.ntk_gram(X))
    edges = [0, *(values[[8, 18, 30]] + 1e-9), 2 * values[-1]]
    exact = np.histogram(values, edges)[0]
    squares = []
    for seed in range(40):
        histogram = pyntk.spectral_density(X, probes=8, steps=40, seed=seed).histogram(edges)
        squares.append(((histogram.counts - exact) / histogram.errors) ** 2)
    assert 0.4 < np.mean(squares) < 1.6


def test_as_many_steps_as_rows():
    X = rows(30)
    density = pyntk.spectral_density(X, probes=2, steps=1000)
    assert density.nodes.shape == (2, 30)
    values = np.linalg.eigvalsh(pyntk.ntk_gram(X))
    np.testing.assert_allclose(density.nodes, [values, values], rtol=1e-9)


@pytest.mark.parametrize(
    "X", [np.zeros((20, 3)), rows(1), np.tile(rows(2), (10, 1)), rows(50, 1)],
    ids=["zeros", "one row", "duplicates", "one column"],
)  # fmt: skip
def test_few_different_eigenvalues(X):
    """The space of a probe ends early; its measure is then exact."""
    density = pyntk.spectral_density(X, probes=5, steps=10)
    values = np.linalg.eigvalsh(pyntk.ntk_gram(X))
    for power in (1, 2):
        exact = (values**power).sum()
        estimate, error = density.trace_of(lambda t, power=power: t**power)
        assert abs(estimate - exact) <= 6 * error + 1e-9 * exact
    histogram = density.histogram(5)
    np.testing.assert_allclose(histogram.counts.sum(), len(X), rtol=1e-12)


def test_scale():
    density, huge = (pyntk.spectral_density(rows() * size, steps=8) for size in (1, 1e150))
    np.testing.assert_allclose(huge.nodes, density.nodes * 1e300, rtol=1e-9)
    np.testing.assert_allclose(huge.weights, density.weights, rtol=1e-7)


def test_keywords_operators_float32_and_the_seed():
    X = rows()
    density = pyntk.spectral_density(X, depth=2, steps=5, seed=1)
    for same in (
        pyntk.spectral_density(X, depth=2, steps=5, seed=1),
        pyntk.spectral_density(pyntk.ntk_operator(X, depth=2), steps=5, seed=1),
    ):
        assert (same.nodes == density.nodes).all()
        assert (same.weights == density.weights).all()
    single = pyntk.spectral_density(X.astype(np.float32), depth=2, steps=5, seed=1)
    np.testing.assert_allclose(single.nodes[:, -1], density.nodes[:, -1], rtol=1e-5)


def test_one_probe_has_no_deviation(seen):
    density = pyntk.spectral_density(rows(), probes=1, steps=5)
    assert np.isnan(density.trace_of(np.log)[1])
    assert (density.histogram(3).errors > 0).any()


def test_plot(seen, tmp_path):
    figure = seen[0].plot(10)
    (axes,) = figure.axes
    assert axes.get_xscale() == "log"
    assert "300" in axes.get_title(loc="left")
    figure.savefig(tmp_path / "density.png", dpi=40)
    assert (tmp_path / "density.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"probes": 0}, ValueError, "probes must be at least 1"),
        ({"steps": 1}, ValueError, "steps must be at least 2"),
        ({"steps": 2.0}, TypeError, "steps must be an integer"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"depht": 1}, TypeError, "depht"),
    ],
)
def test_bad_arguments(how, error, message):
    with pytest.raises(error, match=message):
        pyntk.spectral_density(rows(7), **how)


def test_bad_bins(seen):
    for bins in (0, [1.0], [2.0, 1.0], [[1.0, 2.0]], [0.0, np.nan]):
        with pytest.raises(ValueError, match="bins must be"):
            seen[0].histogram(bins)
    with pytest.raises(ValueError, match="at least one row"):
        pyntk.spectral_density(np.zeros((0, 3)))
