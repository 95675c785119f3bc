"""Rows of which many pairs are near-parallel, beside generic rows of the same shape.

The angle of such a pair comes from the chord between the two unit rows, a second product.
"""

import numpy as np
from contenders import by_pyntk, missing
from data import gaussian, iris, near_parallel_share, patches
from grams import gram_work
from problem import Bound, Contender, Problem


def problems(quick):
    n = 768 if quick else 4096
    return [
        against_generic("raw patches", n, 256, lambda: patches(n, 16, np.float32)),
        against_generic("iris repeated", n, 4, lambda: iris(n, np.float32), package="sklearn"),
        against_generic("identical rows", n, 256, lambda: identical(n, 256), times=3, share=(1, 1)),
    ]


def against_generic(title, n, d, rows, times=2.3, share=(0.9, 1), package="numpy"):
    """Return the problem whose contenders differ in their rows, not in what they do with them."""
    generic = {f"pyntk {backend}": by_pyntk(backend, "generic") for backend in ("cpu", "numba")}
    special = {
        f"{name}, {title}": needs(package, by_pyntk(name.split()[1], title)) for name in generic
    }

    def data():
        arrays = {"generic": gaussian(n, d, np.float32)}
        if missing(package) is None:
            arrays[title] = rows()
            found = near_parallel_share(arrays[title])
            if not share[0] <= found <= share[1]:
                raise AssertionError(f"{title}: {found:.0%} of the pairs are near-parallel")
        return arrays

    return Problem(
        name=f"{title} against generic rows, float32, n={n} d={d}",
        data=data,
        contenders={**generic, **special},
        work=gram_work(n, d, "float32"),
        bounds=[Bound(f"{name}, {title}", "times", times, name) for name in generic],
    )


def needs(package, contender):
    """Return a contender that is absent where a package is."""
    return Contender(
        contender.start, contender.check, lambda: missing(package) or contender.absence()
    )


def identical(n, d):
    """One row again and again: each pair is its own duplicate."""
    return np.tile(gaussian(1, d, np.float32), (n, 1))


def test_gram(compete):
    compete()
