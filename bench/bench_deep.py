"""ntk_gram with every layer trained: one hidden layer, and three."""

from contenders import PYNTK, SYRK, by_pyntk
from grams import at_least, at_most, gram

EVERYBODY = (*PYNTK, "NumPy formula", "PyTorch formula", "neural-tangents", "scikit-ntk", *SYRK)
FIRST = {
    f"pyntk {backend}, first layer": by_pyntk(backend, trained="first")
    for backend in ("cpu", "numba")
}


def problems(quick):
    n = 768 if quick else 4096
    numba = at_most(6, ["pyntk cpu"], contender="pyntk numba")
    return [
        gram(
            "all layers, depth 1", n, 784, "float32", EVERYBODY,
            [*at_most(1.15, ["pyntk cpu, first layer"]), *numba],
            more=FIRST, trained="all", depth=1,
        ),
        gram(
            "all layers, depth 3", n, 784, "float32", EVERYBODY,
            [*at_least(4, ["neural-tangents"]), *numba], trained="all", depth=3,
        ),
    ]  # fmt: skip


def test_gram(compete):
    compete()
