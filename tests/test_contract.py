"""The contract: backend x kernel x dtype x shape, on inputs that hurt, against tests/reference.py.

Outputs arrive full of NaN, so an entry left unwritten shows. Tolerances are the promises: 8 u
normwise for the Grams, (4 + log2 of the number of terms) u times the size of the terms for sums.
"""

import numpy as np
import pytest

import reference
from backends import CONTRACT, CUDA_ABSENCE
from cases import GRAM_CASES, NETWORK_CASES, SPECTRA, network, random_rows, symmetric
from pyntk.contract import NAMES, TRAINED

L = np.longdouble
DTYPES = (np.float32, np.float64)
both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
every_gram = pytest.mark.parametrize("case", GRAM_CASES)
every_network = pytest.mark.parametrize("case", NETWORK_CASES)
every_training = pytest.mark.parametrize("trained", TRAINED)


def unit_roundoff(dtype):
    return L(np.finfo(dtype).eps) / 2


def assert_gram(K, X, Z, trained, dtype):
    """Each entry within 8 u sqrt(K_ii K_jj); beyond the range of the dtype it is infinite."""
    exact = reference.ntk(X, Z, trained)
    diagonal = 1 if trained == "all" else L(0.5)
    scale = diagonal * np.outer(reference.row_norms(X), reference.row_norms(Z))
    tolerance = 8 * unit_roundoff(dtype) * scale + L(np.finfo(dtype).smallest_subnormal)
    largest = L(np.finfo(dtype).max)
    beyond = np.abs(exact) > largest
    assert np.isinf(K[beyond & (np.abs(exact) > largest + tolerance)]).all()
    inside = ~beyond & np.isfinite(K)
    assert (inside | (np.abs(exact) > largest - tolerance)).all()
    error = np.abs(K.astype(L) - exact)[inside]
    assert (error <= tolerance[inside]).all(), f"{(error / tolerance[inside]).max() * 8} u"


def assert_sum(result, exact, size, terms, dtype, doubt=0):
    """Within (4 + log2 terms) u of the size of the terms; beyond the range infinite."""
    assert not np.isnan(result).any()
    tolerance = (4 + np.log2(max(terms, 1))) * unit_roundoff(dtype) * size + doubt
    tolerance = tolerance + L(np.finfo(dtype).smallest_subnormal)
    largest = L(np.finfo(dtype).max)
    finite = np.isfinite(result)
    assert (finite | (np.abs(exact) > largest - tolerance)).all()
    error = np.abs(result.astype(L) - exact)[finite]
    assert (error <= tolerance[finite]).all(), f"{(error / tolerance[finite]).max()} of the bound"


@every_training
@every_gram
@both_dtypes
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_ntk_gram(kernels, dtype, case, trained):
    X = GRAM_CASES[case](dtype)
    inputs = {"X": X, "trained": TRAINED[trained], "threads": 2}
    (K,) = kernels.run("ntk_gram", inputs, {"K": ((len(X), len(X)), dtype)})
    assert_gram(K, X, X, trained, dtype)
    assert (K == K.T).all()


@every_training
@every_gram
@both_dtypes
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_ntk_gram_cross(kernels, dtype, case, trained):
    X = GRAM_CASES[case](dtype)
    Z = np.concatenate([X[::-3], random_rows(14, X.shape[1], dtype, seed=6)])
    inputs = {"X": X, "Z": Z, "trained": TRAINED[trained], "threads": 2}
    (K,) = kernels.run("ntk_gram_cross", inputs, {"K": ((len(X), len(Z)), dtype)})
    assert_gram(K, X, Z, trained, dtype)


@every_network
@both_dtypes
def test_two_layer_forward(kernels, dtype, case):
    X, W, a, _ = NETWORK_CASES[case](dtype)
    inputs = {"X": X, "W": W, "a": a, "scale": 0.3, "threads": 2}
    (f,) = kernels.run("two_layer_forward", inputs, {"f": ((len(X),), dtype)})
    assert_sum(f, *reference.forward(X, W, a, L(0.3)), W.size, dtype)


@every_network
@both_dtypes
def test_two_layer_gradient(kernels, dtype, case):
    X, W, a, g = NETWORK_CASES[case](dtype)
    inputs = {"X": X, "W": W, "a": a, "g": g, "scale": 0.3, "threads": 2}
    (dW,) = kernels.run("two_layer_gradient", inputs, {"dW": (W.shape, dtype)})
    P, size = reference.preactivations(X, W)
    unsure = (np.abs(P) <= (4 + np.log2(X.shape[1])) * unit_roundoff(dtype) * size) & (size > 0)
    if case == "kink":  # small integers: every pre-activation is exact, and so is every gate
        unsure[:] = False
    exact, terms, doubt = reference.gradient(X, W, a, g, L(0.3), unsure)
    assert_sum(dW, exact, terms, len(X), dtype, doubt)


@every_network
@both_dtypes
def test_activation_patterns(kernels, dtype, case):
    X, W, *_ = NETWORK_CASES[case](dtype)
    n, m = len(X), len(W)
    shape = (n, -(-m // 64))
    inputs = {"X": X, "W": W, "threads": 2}
    (P,) = kernels.run("activation_patterns", inputs, {"P": (shape, np.uint64)})
    bits = (P[:, :, None] >> np.arange(64, dtype=np.uint64) & np.uint64(1)).reshape(
        n, shape[1] * 64
    ) == 1
    assert not bits[:, m:].any()
    values, size = reference.preactivations(X, W)
    sure = np.abs(values) > (4 + np.log2(X.shape[1])) * unit_roundoff(dtype) * size
    if case == "kink":
        sure[:] = True
    assert (bits[:, :m] == reference.patterns(X, W))[sure].all()


@every_network
@both_dtypes
def test_finite_width_gram(kernels, dtype, case):
    X, W, *_ = NETWORK_CASES[case](dtype)
    X = X[:200]
    n, m = len(X), len(W)
    active = reference.patterns(X, W)
    padded = np.zeros((n, -(-m // 64) * 64), np.uint64)
    padded[:, :m] = active
    P = (padded.reshape(n, padded.shape[1] // 64, 64) << np.arange(64, dtype=np.uint64)).sum(
        2, dtype=np.uint64
    )
    inputs = {"X": X, "P": P, "m": m, "threads": 2}
    (H,) = kernels.run("finite_width_gram", inputs, {"H": ((n, n), dtype)})
    assert_sum(H, *reference.finite_width(X, active), X.shape[1], dtype)
    assert (H == H.T).all()


@pytest.mark.parametrize("n", [0, 1, 2, 33, 90])
@pytest.mark.parametrize("kind", SPECTRA)
@both_dtypes
def test_eigh(lapack, dtype, kind, n):
    """LAPACK's test ratios, threshold 30."""
    A = symmetric(kind, n, dtype)
    w, V = lapack.run("eigh", {"A": A}, {"w": ((n,), dtype), "V": ((n, n), dtype)})
    assert not np.isnan(w).any()
    assert (np.diff(w) >= 0).all()
    A, w, V, u = A.astype(L), w.astype(L), V.astype(L), unit_roundoff(dtype)
    if n == 0:
        return
    size = np.abs(A).sum(1).max()
    assert np.abs(A - (V.T * w) @ V).sum(1).max() <= 30 * n * u * size
    assert np.abs(V @ V.T - np.eye(n)).sum(1).max() <= 30 * n * u


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_change_a_bit(kernels, threads):
    X, W, a, g = network(200, 30, 300, np.float64)
    calls = {
        "ntk_gram": ({"X": X, "trained": 2}, {"K": ((200, 200), np.float64)}),
        "two_layer_forward": ({"X": X, "W": W, "a": a, "scale": 1.0}, {"f": ((200,), np.float64)}),
        "two_layer_gradient": (
            {"X": X, "W": W, "a": a, "g": g, "scale": 1.0},
            {"dW": (W.shape, np.float64)},
        ),
    }
    for kernel, (inputs, outputs) in calls.items():
        one = kernels.run(kernel, {**inputs, "threads": 1}, outputs)
        many = kernels.run(kernel, {**inputs, "threads": threads}, outputs)
        assert all((p == q).all() for p, q in zip(one, many, strict=True))


def test_cuda_on_a_device():
    """One line in the report, instead of a skip per case, where no GPU ran the contract."""
    if "cuda" not in CONTRACT:
        pytest.skip(f"the contract was not run on a GPU, eigh on CUDA not at all: {CUDA_ABSENCE}")


def test_every_kernel_has_a_contract():
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert set(NAMES) <= tests
