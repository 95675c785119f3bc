"""Distributions of samples: each row is known by its number, and the laws are right."""

import numpy as np
import pytest

import pyntk
from pyntk.distributions import gaussian, gaussian_mixture, sphere

MEANS, STD = [[0.0, 1, -2], [3, 0, 0]], [[1, 0.5, 2], [0.1, 1, 1]]
TEACHER = pyntk.TwoLayer.small(6, 3, 2, std=1.0, seed=1, biases=True)
DISTRIBUTIONS = {
    "mixture": gaussian_mixture(MEANS, STD, [1, -1], weights=[1, 3]),
    "isotropic": gaussian_mixture(0, [1.8, 0.2], [[1.0, 0.5], [2, 3]], d=3),
    "gaussian": gaussian(3, std=[1, 2, 3], target=lambda X: X[:, 0] - X[:, 1]),
    "teacher": gaussian(3, std=1.5, target=TEACHER),
    "sphere": sphere(3, radius=2, target=TEACHER),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_a_row_depends_on_its_number_alone(backend, name, dtype):
    distribution = DISTRIBUTIONS[name]
    how = {"seed": 2**63, "dtype": dtype, "backend": backend}
    X, y = distribution.sample(1000, **how)
    assert X.dtype == dtype
    assert X.shape == (1000, 3)
    assert y.dtype == (np.int64 if name == "mixture" else dtype)
    for first, count in ((0, 1), (3, 500), (999, 1), (17, 0)):
        part, of_part = distribution.sample(count, first=first, **how)
        assert (part == X[first : first + count]).all()
        assert (of_part == y[first : first + count]).all()
    single, _ = distribution.sample(1000, threads=1, **how)
    assert (single == X).all()
    others = distribution.sample(1000, **{**how, "seed": 1})[0]
    assert (others != X).mean() > 0.99
    far, _ = distribution.sample(2, first=2**40, **how)
    assert np.isfinite(far).all()


def test_backends_draw_the_same_rows():
    draws = {}
    for name, why_not in pyntk.dispatch.available().items():
        if name != "cuda" and why_not is None:
            draws[name] = DISTRIBUTIONS["mixture"].sample(500, backend=name)
    for X, y in draws.values():
        assert (draws["numba"][0] == X).all()
        assert (draws["numba"][1] == y).all()


N = 200_000


def close(found, expected, spread):
    """Within five standard errors of N independent numbers of this standard deviation."""
    return (np.abs(found - expected) < 5 * np.asarray(spread) / np.sqrt(N)).all()


def test_moments_of_a_mixture(backend):
    X, y = DISTRIBUTIONS["mixture"].sample(N, seed=3, backend=backend)
    assert close((y == 1).mean(), 0.25, 0.5)
    for j, label in enumerate((1, -1)):
        part = X[y == label]
        share = np.sqrt(len(part) / N)
        assert close(part.mean(0), MEANS[j], np.array(STD[j]) / share)
        assert close(part.std(0), STD[j], np.array(STD[j]) / share)


def test_example_1_of_mei(backend):
    """|x|^2 / d is (1 +- Delta)^2 on average, its variance 2 (1 +- Delta)^4 / d."""
    mixture = gaussian_mixture(np.zeros((2, 40)), [1.8, 0.2], [1, -1])
    X, y = mixture.sample(20_000, backend=backend)
    for label, std in ((1, 1.8), (-1, 0.2)):
        squares = (X[y == label] ** 2).mean(1)
        assert abs(squares.mean() - std**2) < 5 * std**2 * np.sqrt(2 / 40 / len(squares))
    assert abs((y == 1).mean() - 0.5) < 5 * 0.5 / np.sqrt(len(y))
    other = gaussian_mixture(0, [1.8, 0.2], [1, -1], d=40).sample(20_000, backend=backend)
    assert (other[0] == X).all()


def test_a_weight_of_zero_is_never_drawn(backend):
    for weights in ([0, 1, 0, 2, 0], [0, 0, 1, 0, 0]):
        mixture = gaussian_mixture(0, 1, np.arange(5), weights=weights, d=1)
        drawn = np.unique(mixture.sample(10_000, backend=backend)[1])
        assert drawn.tolist() == np.flatnonzero(weights).tolist()


def test_moments_of_a_gaussian_and_its_targets(backend):
    X, y = DISTRIBUTIONS["gaussian"].sample(N, backend=backend)
    assert close(X.mean(0), 0, [1, 2, 3])
    assert close(X.std(0), [1, 2, 3], [1, 2, 3])
    assert (y == X[:, 0] - X[:, 1]).all()
    X, y = DISTRIBUTIONS["teacher"].sample(100, backend=backend)
    np.testing.assert_allclose(y, TEACHER.forward(X), rtol=1e-13)


@pytest.mark.parametrize("d", [1, 2, 3, 7, 100])
def test_the_sphere(backend, d):
    """Norms to rounding; E x_j = 0, E x_j^2 = radius^2 / d."""
    distribution = sphere(d, radius=3, target=lambda X: X[:, 0])
    for dtype in (np.float32, np.float64):
        X, _ = distribution.sample(N // 10, dtype=dtype, backend=backend)
        u = np.finfo(dtype).eps / 2
        # Roundings of the factor and of each product; in float64 also those of the sum by halves
        # (of squares that are exact), of the root, which halves them, and of the quotient.
        roundings = 2 if dtype == np.float32 else np.ceil(np.log2(d)) / 2 + 3
        norms = np.sqrt((X.astype(np.longdouble) ** 2).sum(1))
        assert (np.abs(norms - 3) < 3 * 1.01 * roundings * u).all()
        assert (np.abs(X.mean(0)) < 5 * 3 / np.sqrt(d * len(X))).all()
        assert (
            np.abs((X.astype(float) ** 2).mean(0) - 9 / d) < 5 * 9 / d * 1.5 / len(X) ** 0.5
        ).all()


GOOD = {"means": MEANS, "std": STD, "targets": [1, -1]}


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"means": [0.0, 1]}, ValueError, r"means must have shape \(j, d\), but has 1"),
        ({"means": np.zeros((3, 3))}, ValueError, "means must have shape .* with j = 2 as in targ"),
        ({"means": [[np.nan, 1, 2]] * 2}, ValueError, r"means\[0, 0\] is nan"),
        ({"means": np.zeros((2, 0))}, ValueError, "d >= 1"),
        ({"means": 0}, ValueError, "d must be given where means is a number"),
        ({"means": 0, "d": 0}, ValueError, "d must be at least 1"),
        ({"means": 0, "d": 2.5}, TypeError, "d must be an integer"),
        ({"d": 4}, ValueError, "d must be 3 as in means, not 4"),
        ({"std": -1}, ValueError, "std must be at least 0, not -1"),
        ({"std": [1, 2, 3]}, ValueError, r"std must have shape \(j,\) with j = 2 as in means"),
        ({"std": np.ones((2, 4))}, ValueError, r"std must have shape \(j, d\) with d = 3 as in"),
        ({"std": np.inf}, ValueError, "std.* is inf"),
        ({"std": "1"}, TypeError, "std must hold real numbers"),
        ({"targets": []}, ValueError, "means must have shape .* with j = 0"),
        ({"targets": 1.0}, ValueError, r"targets must have shape \(j,\), but has 0"),
        ({"targets": [1, np.nan]}, ValueError, r"targets\[1\] is nan"),
        ({"weights": [1]}, ValueError, r"weights must have shape \(j,\) with j = 2"),
        ({"weights": [0, 0]}, ValueError, "weights must be at least 0, and not all 0"),
        ({"weights": [2, -1]}, ValueError, "weights must be at least 0"),
    ],
)
def test_bad_mixtures(changes, error, message):
    with pytest.raises(error, match=message):
        gaussian_mixture(**{**GOOD, **changes})


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: gaussian(0, target=len), ValueError, "d must be at least 1"),
        (lambda: gaussian(3, target=None), TypeError, "target must be a function of X or a"),
        (lambda: gaussian(4, target=TEACHER), ValueError, "teacher must have d = 4 inputs, not 3"),
        (lambda: gaussian(3, std=[1, 2], target=len), ValueError, r"std must .* d = 3"),
        (lambda: gaussian(3, std=np.nan, target=len), ValueError, "std.* is nan"),
        (lambda: sphere(3, radius=-1, target=len), ValueError, "radius must be at least 0"),
        (lambda: gaussian(3), TypeError, "target"),
        (lambda: gaussian_mixture(0, 1, [], d=3), ValueError, "targets must name one component"),
    ],
)
def test_bad_distributions(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"n": -1}, ValueError, "n and first must be at least 0"),
        ({"n": 1.5}, TypeError, "n must be an integer"),
        ({"first": -1}, ValueError, "n and first must be at least 0"),
        ({"first": 2**63}, ValueError, "below 2"),
        ({"seed": -1}, ValueError, r"seed must be 0 to 2\^64 - 1, not -1"),
        ({"seed": 2**64}, ValueError, "seed must be 0 to"),
        ({"seed": 1.0}, TypeError, "seed must be an integer"),
        ({"dtype": np.int32}, ValueError, "dtype must be float32 or float64, not int32"),
        ({"dtype": "text"}, TypeError, "dtype must be float32 or float64, not 'text'"),
        ({"backend": "gpu"}, ValueError, "backend must be one of"),
        ({"threads": 0}, ValueError, "threads must be at least 1"),
        ({"n": 2**50}, MemoryError, "sample needs"),
    ],
)
def test_bad_draws(how, error, message):
    with pytest.raises(error, match=message):
        DISTRIBUTIONS["mixture"].sample(**{"n": 3, **how})


def test_targets_of_the_wrong_length(backend):
    with pytest.raises(ValueError, match=r"target\(X\) must have 5 rows as X, but has shape \(3,"):
        gaussian(3, target=lambda X: X[:3, 0]).sample(5, backend=backend)
    with pytest.raises(ValueError, match="target"):
        gaussian(3, target=lambda X: 1.0).sample(5, backend=backend)
