"""The problem of a Gram matrix of generic rows: contenders, work, and what is expected."""

from functools import partial

import numpy as np
from contenders import gram_contenders
from data import gaussian
from problem import Bound, Problem, Work


def gram(title, n, d, dtype, names, bounds=(), more=None, **options):
    """Return the problem of ``pyntk.ntk_gram(X, **options)``.

    Args:
        title: what the name of the problem begins with; shape and dtype follow.
        names: the contenders.
        bounds: what is expected.
        more: further contenders by name.
    """
    return Problem(
        name=f"{title}, {dtype}, n={n} d={d}",
        data=partial(gaussian, n, d, dtype),
        contenders={**gram_contenders(names, **options), **(more or {})},
        work=gram_work(n, d, dtype, **options),
        bounds=bounds,
    )


def gram_work(n, d, dtype, **options):
    """Return half of the product of X with itself, diagonal included, and the n x n output."""
    in_double = options.get("accumulate") == "float64" or options.get("depth", 1) > 1
    arithmetic = "float64" if in_double else dtype
    return Work(n * (n + 1) * d, n * n * np.dtype(dtype).itemsize, arithmetic)


def at_most(times, others, contender="pyntk cpu"):
    """Return the bounds: the contender takes at most so many times as long as each other one."""
    return [Bound(contender, "times", times, other) for other in others]


def at_least(times, others, contender="pyntk cpu"):
    """Return the bounds: each other one takes at least so many times as long."""
    return at_most(1 / times, others, contender)
