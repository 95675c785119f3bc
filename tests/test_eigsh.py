"""eigsh: against a dense eigensolver, and what it says of itself."""

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, aslinearoperator

import pyntk

N = 700
"""Above the size at which the matrix is formed, for k = 10."""


def rows(d=12, seed=0, n=N):
    return np.random.default_rng(seed).standard_normal((n, d))


def check(found, K, wanted, tol):
    """The values, in ascending order; the vectors; the residuals, as they are said to be."""
    exact = np.linalg.eigvalsh(K)
    size = np.abs(exact).max()
    assert found.eigenvalues.dtype == found.eigenvectors.dtype == np.float64
    assert (np.diff(found.eigenvalues) >= 0).all()
    V = found.eigenvectors
    residuals = np.linalg.norm(K @ V - V * found.eigenvalues, axis=0)
    np.testing.assert_allclose(found.residuals, residuals, atol=1e-13 * len(K) ** 0.5 * size)
    assert (found.residuals <= 2 * tol * size).all()
    assert np.abs(V.T @ V - np.eye(V.shape[1])).max() < 1e-12
    # |lambda - exact| is at most the residual (Parlett, theorem 4.5.1).
    assert (np.abs(found.eigenvalues - exact[wanted]) <= residuals + 1e-13 * size).all()


HARD = {
    "generic": rows(),
    "duplicates": np.concatenate([rows()[:350], rows()[:350]]),
    "two different rows": np.resize([[1.0, 2.0], [3.0, -1.0]], (N, 2)),
    "an invariant subspace": rows(1),
    "near-parallel": 1 + 1e-3 * rows(5),
    "graded norms": rows(5) * np.logspace(-8, 0, N)[:, None],
}


@pytest.mark.parametrize("X", HARD.values(), ids=HARD)
def test_largest(backend, X):
    K = pyntk.ntk_gram(X)
    check(pyntk.eigsh(X, 10, backend=backend), K, slice(-10, None), 1e-10)


@pytest.mark.parametrize("exponent", [-150, 150])
def test_scale(exponent):
    """Entries of 1e-300 and of 1e300: their squares are no float64 numbers."""
    X, size = rows(), 10.0**exponent
    found, plain = pyntk.eigsh(X * size, 10), pyntk.eigsh(X, 10)
    np.testing.assert_allclose(found.eigenvalues / size / size, plain.eigenvalues, rtol=1e-9)


def test_zero_matrix():
    found = pyntk.eigsh(np.zeros((N, 3)), 10)
    assert not found.eigenvalues.any()
    assert not found.residuals.any()


def test_kernel_keywords_and_operators():
    X = rows()
    how = {"trained": "all", "depth": 2, "bias_variance": 0.1}
    K = pyntk.ntk_gram(X, **how)
    check(pyntk.eigsh(X, 10, **how), K, slice(-10, None), 1e-10)
    check(pyntk.eigsh(pyntk.ntk_operator(X, **how), 10), K, slice(-10, None), 1e-10)
    negative = aslinearoperator(-K)
    check(pyntk.eigsh(negative, 10, "smallest"), -K, slice(0, 10), 1e-6)


def test_float32():
    """Products rounded to float32: 1e-5 of the largest eigenvalue."""
    X = rows().astype(np.float32)
    K = pyntk.ntk_gram(X.astype(float))
    found, exact = pyntk.eigsh(X, 10), np.linalg.eigvalsh(K)
    assert np.abs(found.eigenvalues - exact[-10:]).max() < 1e-5 * exact[-1]
    assert (found.residuals < 2e-5 * exact[-1]).all()


@pytest.mark.parametrize("d", [4, 12])
def test_smallest(d):
    X = rows(d)
    check(pyntk.eigsh(X, 3, "smallest"), pyntk.ntk_gram(X), slice(0, 3), 1e-6)


@pytest.mark.parametrize("n", [1, 2, 100])
def test_small_matrices(n):
    """These are formed, and every pair can be asked for."""
    X = rows(n=n)
    K = pyntk.ntk_gram(X)
    for which in ("largest", "smallest"):
        found = pyntk.eigsh(X, n, which)
        check(found, K, slice(None), 1e-13)
        few = pyntk.eigsh(X, 1, which).eigenvalues
        assert few == pytest.approx(found.eigenvalues[0 if which == "smallest" else -1])


def test_the_seed_decides_every_bit():
    X = rows()
    one, two, other = (pyntk.eigsh(X, 10, seed=seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert (one.eigenvectors != other.eigenvectors).any()


@pytest.mark.parametrize("most", [1, 3])
def test_what_was_reached(most):
    X = rows()
    with pytest.raises(np.linalg.LinAlgError, match=r"residual is .* tol = 1e-10") as error:
        pyntk.eigsh(X, 10, most_steps=most)
    assert isinstance(error.value, pyntk.NotConvergedError)
    reached, K = error.value.reached, pyntk.ntk_gram(X)
    V = reached.eigenvectors
    residuals = np.linalg.norm(K @ V - V * reached.eigenvalues, axis=0)
    np.testing.assert_allclose(reached.residuals, residuals, rtol=1e-9)
    assert reached.residuals.max() > 1e-10 * np.linalg.eigvalsh(K)[-1]


def test_below_the_roundings_is_not_reached():
    with pytest.raises(pyntk.NotConvergedError) as error:
        pyntk.eigsh(rows(), 3, tol=1e-18, most_steps=40)
    reached = error.value.reached
    assert reached.residuals.max() < 1e-13 * reached.eigenvalues[-1]


@pytest.mark.parametrize(
    ("how", "error", "message"),
    [
        ({"k": 0}, ValueError, "k must be at least 1"),
        ({"k": 8}, ValueError, "k must be at most n = 7"),
        ({"k": 1.5}, TypeError, "k must be an integer"),
        ({"k": 1, "which": "LM"}, ValueError, "which must be 'largest' or 'smallest'"),
        ({"k": 1, "tol": -1}, ValueError, "tol must be at least 0"),
        ({"k": 1, "tol": np.nan}, ValueError, "tol must be finite"),
        ({"k": 1, "most_steps": 0}, ValueError, "most_steps must be at least 1"),
        ({"k": 1, "progress": "yes"}, TypeError, "progress must be True, False or a callable"),
        ({"k": 1, "seed": -1}, ValueError, "seed must be at least 0"),
        ({"k": 1, "depht": 2}, TypeError, "depht"),
        ({"k": 1, "depth": 0}, ValueError, "depth"),
    ],
)
def test_bad_arguments(how, error, message):
    with pytest.raises(error, match=message):
        pyntk.eigsh(rows(n=7), **how)


def test_bad_operators():
    with pytest.raises(ValueError, match="square"):
        pyntk.eigsh(aslinearoperator(np.ones((3, 2))), 1)
    with pytest.raises(TypeError, match="float32 or float64, not complex128"):
        pyntk.eigsh(aslinearoperator(np.eye(3) * 1j), 1)
    with pytest.raises(TypeError, match="depth= describes the kernel of X"):
        pyntk.eigsh(aslinearoperator(np.eye(3)), 1, depth=2)
    broken = LinearOperator((9, 9), matmat=lambda V: V * np.nan, dtype=float, matvec=None)
    with pytest.raises(ValueError, match="product with the operator is not finite"):
        pyntk.eigsh(broken, 1)
