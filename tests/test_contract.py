"""The contract: backend x kernel x dtype x shape, on inputs that hurt, against tests/reference.py.

Outputs arrive full of NaN, so an entry left unwritten shows. Tolerances are the promises
(tests/bounds.py): 8 u normwise for the Grams, (8 + 0.4 depth) u for deep ones, (4 + log2 of the
number of terms) u times the size of the terms for sums.
"""

import numpy as np
import pytest

import reference
import test_network_contract
import test_spectrum_contract
import test_training_contract
from backends import CONTRACT, CUDA_ABSENCE
from bounds import (
    assert_gradient,
    assert_gram,
    assert_product,
    assert_sum,
    assert_within,
    entry_tolerance,
)
from cases import (
    GRADIENT_CASES,
    GRAM_CASES,
    NETWORK_CASES,
    PRODUCT_CASES,
    RECIPES,
    gradient_weights,
    network,
    random_rows,
)
from pyntk.contract import NAMES

L = np.longdouble
DTYPES = (np.float32, np.float64)
both_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
every_network = pytest.mark.parametrize("case", NETWORK_CASES)


def gram_cases():
    """Every case for the kernels of one layer, those that hurt for all recipes."""
    # Long sums are slow in the emulator, and the same for every kernel.
    shallow = [(case, "variance" if "long" in case else "one layer") for case in GRAM_CASES]
    return shallow + [(case, recipes) for case in HURTING for recipes in list(RECIPES)[1:]]


def with_others(X):
    """Z: every third row of X, and some more."""
    return np.concatenate([X[::-3], random_rows(14, X.shape[1], X.dtype.type, seed=6)])


HURTING = ("angles", "repeats", "extreme norms", "n=13", "n=65", "d=65")
overflow_is_expected = pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")


@pytest.mark.parametrize(("case", "recipes"), gram_cases())
@both_dtypes
@overflow_is_expected
def test_ntk_gram(kernels, dtype, case, recipes):
    X = GRAM_CASES[case](dtype)
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "recipe": recipe, "threads": 2}
        (K,) = kernels.run("ntk_gram", inputs, {"K": ((len(X), len(X)), dtype)})
        assert_gram(K, X, X, recipe, dtype)
        assert (K == K.T).all()


@pytest.mark.parametrize(("case", "recipes"), gram_cases())
@both_dtypes
@overflow_is_expected
def test_ntk_gram_cross(kernels, dtype, case, recipes):
    X = GRAM_CASES[case](dtype)
    Z = with_others(X)
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "Z": Z, "recipe": recipe, "threads": 2}
        (K,) = kernels.run("ntk_gram_cross", inputs, {"K": ((len(X), len(Z)), dtype)})
        assert_gram(K, X, Z, recipe, dtype)


@pytest.mark.parametrize("recipes", RECIPES)
@pytest.mark.parametrize("case", HURTING)
@both_dtypes
@overflow_is_expected
def test_ntk_diag(kernels, dtype, case, recipes):
    X = GRAM_CASES[case](dtype)
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "recipe": recipe, "threads": 2}
        (k,) = kernels.run("ntk_diag", inputs, {"k": ((len(X),), dtype)})
        exact = reference.diagonal(X, recipe)
        assert_within(k, exact, entry_tolerance(exact, exact, recipe, dtype), dtype, recipe)
        (K,) = kernels.run("ntk_gram", inputs, {"K": ((len(X), len(X)), dtype)})
        assert (k == np.diag(K)).all()


@pytest.mark.parametrize("recipes", RECIPES)
@pytest.mark.parametrize("case", PRODUCT_CASES)
@both_dtypes
def test_ntk_matmul(kernels, dtype, case, recipes):
    X = PRODUCT_CASES[case](dtype)
    V = random_rows(len(X), len(case), dtype)  # 3 to 10 columns
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "V": V, "recipe": recipe, "first": 0, "threads": 2}
        (Y,) = kernels.run("ntk_matmul", inputs, {"Y": (V.shape, dtype)})
        assert_product(Y, X, X, V, recipe, dtype)


@pytest.mark.parametrize("first", [1, 31, 32, 33, 150, 299, 300])
@pytest.mark.parametrize("recipes", ["one layer", "three layers, He, bias"])
@both_dtypes
def test_ntk_matmul_without_the_leading_square(kernels, dtype, recipes, first):
    X, V = random_rows(300, 5, dtype), random_rows(300, 3, dtype, seed=1)
    recipe = RECIPES[recipes][-1]
    inputs = {"X": X, "V": V, "recipe": recipe, "first": first, "threads": 2}
    (Y,) = kernels.run("ntk_matmul", inputs, {"Y": (V.shape, dtype)})
    assert_product(Y, X, X, V, recipe, dtype, first)


@pytest.mark.parametrize("recipes", RECIPES)
@pytest.mark.parametrize("case", PRODUCT_CASES)
@both_dtypes
def test_ntk_matmul_cross(kernels, dtype, case, recipes):
    X = PRODUCT_CASES[case](dtype)
    Z = with_others(X)
    V = random_rows(len(Z), 17 if case == "n=13" else 1, dtype)
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "Z": Z, "V": V, "recipe": recipe, "threads": 2}
        (Y,) = kernels.run("ntk_matmul_cross", inputs, {"Y": ((len(X), V.shape[1]), dtype)})
        assert_product(Y, X, Z, V, recipe, dtype)


@pytest.mark.parametrize("recipes", RECIPES)
@pytest.mark.parametrize("case", GRADIENT_CASES)
@both_dtypes
def test_ntk_vjp(kernels, dtype, case, recipes):
    X, Z = (np.ascontiguousarray(rows) for rows in GRADIENT_CASES[case](dtype))
    G = gradient_weights(len(X), len(Z), dtype)
    for recipe in RECIPES[recipes]:
        inputs = {"X": X, "Z": Z, "G": G, "recipe": recipe, "threads": 2}
        (dX,) = kernels.run("ntk_vjp", inputs, {"dX": (X.shape, dtype)})
        assert_gradient(dX, X, Z, G, recipe, dtype)


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


@pytest.mark.parametrize("recipes", ["one layer", "float64 sums", "three layers, He, bias"])
@both_dtypes
def test_threads_do_not_change_a_bit(kernels, dtype, recipes):
    X, Z, _, _ = network(200, 30, 130, dtype)
    V, W, G = (random_rows(*shape, dtype) for shape in ((200, 5), (130, 5), (200, 130)))
    assert_same_bits(
        kernels,
        {
            "ntk_gram": ({"X": X}, {"K": ((200, 200), dtype)}),
            "ntk_gram_cross": ({"X": X, "Z": Z}, {"K": ((200, 130), dtype)}),
            "ntk_diag": ({"X": X}, {"k": ((200,), dtype)}),
            "ntk_matmul": ({"X": X, "V": V, "first": 70}, {"Y": ((200, 5), dtype)}),
            "ntk_matmul_cross": ({"X": X, "Z": Z, "V": W}, {"Y": ((200, 5), dtype)}),
            "ntk_vjp": ({"X": X, "Z": Z, "G": G}, {"dX": (X.shape, dtype)}),
        },
        {"recipe": RECIPES[recipes][-1]},
    )


def assert_same_bits(kernels, calls, common):
    for kernel, (inputs, outputs) in calls.items():
        (one,) = kernels.run(kernel, {**inputs, **common, "threads": 1}, outputs)
        for threads in (2, 3):
            (many,) = kernels.run(kernel, {**inputs, **common, "threads": threads}, outputs)
            assert (one == many).all(), kernel


def test_cuda_on_a_device():
    """One line in the report, instead of a skip per case, where no GPU ran the contract."""
    if "cuda" not in CONTRACT:
        pytest.skip(f"the contract was not run on a GPU, eigh on CUDA not at all: {CUDA_ABSENCE}")


def test_every_kernel_has_a_contract():
    others = (test_network_contract, test_spectrum_contract, test_training_contract)
    every = [*globals(), *(name for module in others for name in vars(module))]
    assert set(NAMES) <= {name.removeprefix("test_") for name in every if name.startswith("test_")}
