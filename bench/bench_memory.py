"""What the first Gram of a fresh process needs above its argument and its output."""

import numpy as np
from contenders import absence_of_backend, pyntk_elsewhere
from grams import gram
from problem import Bound

MIB = 1 << 20
NAME = "pyntk cpu, fresh process"


def problems(quick):
    n = 1024 if quick else 8192
    return [
        fresh(n, 784, "float32", np.float32),
        fresh(n, 784, "float64", np.float64),
        fresh(n, 784, "float32", np.float64, accumulate="float64"),
        fresh(n, 784, "float32", np.float64, trained="all", depth=3),
    ]


def fresh(n, d, dtype, arithmetic, **options):
    """At most 32 MiB plus one packed copy of X in the arithmetic that is used."""
    title = ", ".join(["memory", *(f"{name}={value}" for name, value in options.items())])
    packed = n * d * np.dtype(arithmetic).itemsize
    contender = pyntk_elsewhere({}, lambda: absence_of_backend("cpu"), **options)
    return gram(
        title, n, d, dtype, (), [Bound(NAME, "extra_bytes", 32 * MIB + packed)],
        more={NAME: contender}, **options,
    )  # fmt: skip


def test_gram(compete):
    compete()
