"""The kernel against closed forms: values, a spectrum, and the finite-width kernel around it."""

import mpmath
import numpy as np
import pytest

import pyntk
from pyntk.contract import TRAINED, Recipe
from pyntk.data import sphere
from pyntk.theory.arora.convergence import concentration_bound

HALF = mpmath.mpf(1) / 2
COSINES = {
    "-1": -1,
    "-1/2": -HALF,
    "0": 0,
    "1/4": HALF / 2,
    "1/2": HALF,
    "1/sqrt2": mpmath.sqrt(HALF),
    "0.9": mpmath.mpf("0.9"),
    "1": 1,
}


def closed_forms(rho):
    """H, S and H + S at a cosine, to 30 digits."""
    with mpmath.workdps(30):
        theta = mpmath.acos(rho)
        H = rho * (mpmath.pi - theta) / (2 * mpmath.pi)
        S = (mpmath.sin(theta) + (mpmath.pi - theta) * rho) / (2 * mpmath.pi)
        return {"first": float(H), "last": float(S), "all": float(H + S)}


@pytest.mark.parametrize("trained", ["first", "last", "all"])
@pytest.mark.parametrize("rho", COSINES.values(), ids=COSINES.keys())
def test_values(kernels, rho, trained):
    with mpmath.workdps(30):
        z = np.array([[float(rho), float(mpmath.sqrt(1 - mpmath.mpf(rho) ** 2))]])
    inputs = {"X": np.array([[1.0, 0.0]]), "Z": z, "recipe": Recipe(TRAINED[trained]), "threads": 1}
    (K,) = kernels.run("ntk_gram_cross", inputs, {"K": ((1, 1), np.float64)})
    assert K[0, 0] == pytest.approx(closed_forms(rho)[trained], abs=1e-12)


def test_printed_constants():
    """The twelve digits that the closed forms above must give."""
    assert closed_forms(-HALF)["all"] == pytest.approx(-0.028834442811, abs=1e-12)
    assert closed_forms(HALF / 2)["first"] == pytest.approx(0.072553827907, abs=1e-12)
    assert closed_forms(mpmath.mpf("0.9"))["last"] == pytest.approx(0.454769199422, abs=1e-12)


def circle(n):
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def test_circle_spectrum(kernels):
    """H on n equally spaced points is circulant: its eigenvalues are cosine sums of one row."""
    n = 65
    inputs = {"X": circle(n), "recipe": Recipe(TRAINED["first"]), "threads": 1}
    (H,) = kernels.run("ntk_gram", inputs, {"K": ((n, n), np.float64)})
    eigenvalues = np.linalg.eigvalsh(H)
    with mpmath.workdps(30):
        angles = [2 * mpmath.pi * j / n for j in range(n)]
        row = [
            mpmath.cos(t) * (mpmath.pi - min(t, 2 * mpmath.pi - t)) / (2 * mpmath.pi)
            for t in angles
        ]
        exact = [
            float(sum(row[j] * mpmath.cos(angles[j * k % n]) for j in range(n)) / n)
            for k in range(n)
        ]
    np.testing.assert_allclose(eigenvalues / n, np.sort(exact), atol=1e-12, rtol=0)
    series = [sum(fourier(abs(k + n * j)) for j in range(-20000, 20001)) for k in range(n // 2 + 1)]
    full = np.sort([series[min(k, n - k)] for k in range(n)])
    np.testing.assert_allclose(eigenvalues / n, full, atol=1e-8, rtol=0)


def fourier(k):
    """Coefficient of exp(i k theta) of cos(theta) (pi - |theta|) / (2 pi) on the circle."""
    if k == 1:
        return 0.125
    return 0.0 if k % 2 else (k**2 + 1) / (np.pi**2 * (k**2 - 1) ** 2)


def test_even_circle_is_singular(backend):
    """More than d antipodal pairs: odd frequencies from 3 on are in the null space."""
    eigenvalues, _ = pyntk.eigh(pyntk.ntk_gram(circle(64), backend=backend), backend=backend)
    assert abs(eigenvalues[0]) < 1e-13


def start_errors(backend, seeds, n=100, m=10_000):
    """H(0) - H on n rows of a sphere for several starts, and the rows."""
    X = sphere(n, 10, 0).X
    H = pyntk.ntk_gram(X, backend=backend)
    starts = (np.random.default_rng([seed, 9]).standard_normal((m, 10)) for seed in seeds)
    return X, [pyntk.finite_width_gram(X, W, backend=backend) - H for W in starts]


def test_concentration(backend):
    """Hoeffding's bound on the largest entry, for each of five starts."""
    _, errors = start_errors(backend, range(5))
    assert max(np.abs(error).max() for error in errors) <= concentration_bound(100, 10_000, 0.01)


def test_second_moment(backend):
    """E |H(0) - H|_F^2 exactly: a mean of m products of a cosine and a coin of probability p.

    One start scatters by 13 % here, because few directions dominate; the root mean square of 20
    starts scatters by 3 %.
    """
    X, errors = start_errors(backend, range(20))
    cosine = np.clip(X @ X.T, -1, 1)
    p = (np.pi - np.arccos(cosine)) / (2 * np.pi)
    np.fill_diagonal(p, 0.5)
    exact = np.sqrt((cosine**2 * p * (1 - p)).sum() / 10_000)
    measured = np.sqrt(np.mean([np.linalg.norm(error) ** 2 for error in errors]))
    assert measured == pytest.approx(exact, rel=0.15)
