"""eigh beside NumPy's and SciPy's."""

import numpy as np
import pytest
import scipy.linalg

import pyntk

CONTENDERS = {
    "pyntk cpu": lambda H: pyntk.eigh(H, backend="cpu"),
    "pyntk numba": lambda H: pyntk.eigh(H, backend="numba"),
    "numpy": np.linalg.eigh,
    "scipy evr": lambda H: scipy.linalg.eigh(H, driver="evr"),
}


@pytest.mark.parametrize("contender", CONTENDERS)
@pytest.mark.parametrize("n", [1024])
def test_eigh(benchmark, n, contender):
    H = pyntk.ntk_gram(np.random.default_rng(0).standard_normal((n, 50)))
    benchmark.group = f"eigh, float64, n={n}"
    values, vectors = benchmark.pedantic(
        lambda: CONTENDERS[contender](H), rounds=3, warmup_rounds=1
    )
    assert np.abs(H @ vectors - vectors * values).max() < 1e-12 * values[-1]
