"""ntk_gram of one hidden layer beside what others do, and beside its limit (SYRK)."""

from contenders import FORMULAS, PYNTK, SYRK
from grams import at_least, at_most, gram

EVERYBODY = (*PYNTK, *FORMULAS, "neural-tangents", *SYRK)
NUMBA = at_most(6, ["pyntk cpu"], contender="pyntk numba")


def problems(quick):
    n, wide = (768, 2048) if quick else (4096, 16384)
    return [
        gram(
            "first layer", n, 784, "float32", EVERYBODY,
            [*at_most(1.15, SYRK), *at_least(3.3, ["NumPy formula"]),
             *at_least(5, ["neural-tangents"]), *NUMBA],
        ),
        gram("first layer", n, 784, "float64", EVERYBODY, [*at_most(1.20, SYRK), *NUMBA]),
        gram(
            "first layer, accumulate=float64", n, 784, "float32",
            (*PYNTK, "NumPy formula", *SYRK), [*at_most(1.15, SYRK), *NUMBA],
            accumulate="float64",
        ),
        gram(
            "first layer, short rows", wide, 64, "float32",
            (*PYNTK, "NumPy formula", "PyTorch formula", "neural-tangents", *SYRK),
            [*at_most(1.20, SYRK), *at_least(6, ["NumPy formula"]), *NUMBA],
        ),
    ]  # fmt: skip


def test_gram(compete):
    compete()
