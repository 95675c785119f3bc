"""Nystrom approximations: from below, and as near as the theory says; their preconditioner."""

import numpy as np
import pytest

import pyntk
from pyntk.linalg.nystrom import from_landmarks, nystrom

N = 400


def rows(n=N, d=10, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


@pytest.mark.parametrize("rank", [1, 7, 400])
def test_nystrom(rank):
    """From below; the sum of what it misses is within (1 + k / (p - 1)) of the best, at p = 5."""
    K = pyntk.ntk_gram(rows())
    values = np.linalg.eigvalsh(K)[::-1]
    U, found = nystrom(lambda V: K @ V, N, rank, np.random.default_rng(0))
    assert np.abs(U.T @ U - np.eye(len(found))).max() < 1e-12
    assert (np.diff(found) <= 0).all()
    assert (found > 0).all()
    np.testing.assert_array_less(found, values[: len(found)] * (1 + 1e-10))
    missed = K - U * found @ U.T
    assert np.linalg.eigvalsh(missed)[0] > -1e-10 * values[0]
    if rank == 7:
        # In expectation, by theorem 4.1 of Tropp et al. (2017): twice it for one draw.
        assert np.trace(missed) < 2 * (1 + 2 / (7 - 2 - 1)) * values[2:].sum()
    if rank == 400:
        np.testing.assert_allclose(found, values, rtol=1e-6)


@pytest.mark.parametrize("rank", [1, 7, 400])
def test_landmarks(rank):
    """From below, right on the rows that were drawn, and all of K where all were."""
    K = pyntk.ntk_gram(rows())
    values = np.linalg.eigvalsh(K)[::-1]
    drawn = []

    def columns(chosen):
        drawn.extend(chosen)
        return K[:, chosen]

    U, found = from_landmarks(columns, N, rank, np.random.default_rng(0))
    assert len(set(drawn)) == rank
    assert drawn == sorted(drawn)
    assert np.abs(U.T @ U - np.eye(len(found))).max() < 1e-12
    assert (np.diff(found) <= 0).all()
    near = U * found @ U.T
    assert np.linalg.eigvalsh(K - near)[0] > -1e-10 * values[0]
    np.testing.assert_allclose(near[drawn], K[drawn], atol=1e-10 * values[0])


@pytest.mark.parametrize(
    "near",
    [
        lambda K: nystrom(lambda V: K @ V, N, 30, np.random.default_rng(0)),
        lambda K: from_landmarks(lambda chosen: K[:, chosen], N, 30, np.random.default_rng(0)),
    ],
    ids=["nystrom", "landmarks"],
)
def test_an_approximation_of_low_rank(near):
    K = pyntk.ntk_gram(rows(d=1))
    U, found = near(K)
    assert len(found) == 2
    np.testing.assert_allclose(U * found @ U.T, K, atol=1e-10 * found[0])


def test_preconditioner_formula():
    K = pyntk.ntk_gram(rows())
    approximation = nystrom(lambda V: K @ V, N, 20, np.random.default_rng(0))
    U, values = approximation
    R = rows(d=3, seed=1)
    P = U * ((values + 0.3) / (values[-1] + 0.3)) @ U.T + np.eye(N) - U @ U.T
    np.testing.assert_allclose(P @ approximation.preconditioner(0.3)(R), R, atol=1e-10)
