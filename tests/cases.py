"""Inputs that hurt on purpose."""

import numpy as np

from pyntk.contract import DEGREE, TRAINED, Recipe

EDGES = (0, 1, 2, 5, 6, 11, 12, 13, 31, 32, 33, 63, 64, 65, 191, 192, 193)
"""Below, at and above every register, block and tile edge of the backends."""


def random_rows(n, d, dtype, seed=0):
    return np.random.default_rng([seed, n, d]).standard_normal((n, d)).astype(dtype)


def rows_at_angles(dtype):
    """Pairs at angles 1e-1 ... 1e-14 from each other, and from each other's opposite."""
    rng = np.random.default_rng(1)
    rows = []
    for angle in 10.0 ** -np.arange(1, 15):
        x, t = rng.standard_normal((2, 20))
        x /= np.linalg.norm(x)
        t -= (t @ x) * x
        t /= np.linalg.norm(t)
        neighbour = np.cos(angle) * x + np.sin(angle) * t
        rows += [x, neighbour, -3 * neighbour]
    return np.array(rows, dtype)


def rows_that_repeat(dtype):
    """Duplicates, multiples, opposites, zero rows, axes, a constant row."""
    x, y = random_rows(2, 7, dtype, seed=2)
    zero = np.zeros(7, dtype)
    axes = np.eye(7, dtype=dtype)
    return np.array(
        [x, x, y, 2 * x, -x, -4 * x, 3 * x, zero, y, zero, *axes, -axes[0], x * 0 + 1, -zero]
    )


def rows_of_extreme_norm(dtype):
    """From the smallest subnormal to the largest number, in one matrix."""
    info = np.finfo(dtype)
    x = random_rows(8, 6, dtype, seed=3)
    unit = x / np.abs(x).max(1, keepdims=True)
    factors = [info.max, info.max / 1024, 2.0**40, 1, 2.0**-40, info.tiny * 64, info.tiny, 0]
    rows = unit * np.array(factors, dtype)[:, None]
    rows[7, 2] = info.smallest_subnormal
    return rows.astype(dtype)


def rows_of_wide_norm(dtype):
    """From 2^-50 to 2^50: products of two and sums of them stay inside the range of float32."""
    return random_rows(6, 6, dtype, seed=8) * dtype(2) ** np.arange(-50, 51, 20)[:, None].astype(
        dtype
    )


def rows_near_zero(dtype):
    """A bias makes the kernel smooth at x = 0: its gradient does not vanish with the row."""
    tiny = random_rows(3, 3, dtype, seed=9)
    tiny[1] *= dtype(1e-20)
    tiny[2] *= dtype(1e-41 if dtype == np.float32 else 1e-290)
    return tiny, random_rows(2, 3, dtype, seed=10)


def pixels(dtype):
    """Non-negative, uncentred rows: most pairs are near-parallel."""
    rng = np.random.default_rng(4)
    return (200 + 40 * rng.random((70, 300))).astype(dtype)


def long_rows(dtype):
    """Sums of 20,000 terms; some of nearly equal terms, where every rounding goes the same way."""
    rows = random_rows(6, 20_000, dtype, seed=5)
    rows[2] = 0.1 + np.abs(rows[2])
    rows[3:] = 1 + 1e-3 * rows[3:]
    return rows


def longest_rows(dtype):
    """Sums of 100,000 nearly equal terms, at angles where a cosine comes from its product."""
    rows = 1 + 1e-3 * random_rows(3, 100_000, dtype, seed=7)
    rows[1, ::2] = 0
    rows[2, 75_000:] = 0
    return rows.astype(dtype)


def pairs_at_angles(dtype):
    """Three rows, and neighbours of theirs and of their opposites at angles 1e-1 ... 1e-14."""
    rng = np.random.default_rng(9)
    X, Z = rng.standard_normal((3, 3)), []
    for e in range(1, 15):
        for x, sign in zip(X, (1, -2, 0.5), strict=True):
            t = np.cross(x, rng.standard_normal(3))
            Z.append(sign * (x + 10.0**-e * np.linalg.norm(x) / np.linalg.norm(t) * t))
    return X.astype(dtype), np.array(Z, dtype)


def equal_terms(dtype):
    """Sums of equal terms, whose roundings all go the same way, at cosines up to the pole.

    Just inside the border of the chords the angle multiplies the error: 64 terms in one chain were
    off by 25 u. The worst that a scan found (terms, cosine, entry): below a border of 31/32 with
    11 u in float32, below 7/8 with 8.2 u in float64, below 13/16 with 6.6 and 7.1 u.
    """
    rows = []
    for d in (69, 72, 87):
        rows += [np.full(120, 1.1), np.zeros(120)]
        rows[-2][d:] = 0
        rows[-1][:64] = 1
    for d, cosine, size in (
        (15, 0.96632, 0.884), (38, 0.96492, 0.743), (45, 0.9674, 0.778), (50, 0.87278, 0.922),
        (34, 0.87226, 0.915), (31, 0.87293, 0.742), (116, 0.81148, 0.956), (116, 0.81058, 0.986),
    ):  # fmt: skip
        pair = np.zeros((2, 120))
        pair[:, :d] = size
        pair[[0, 1], [d, d + 1]] = size * np.sqrt(d * (1 / cosine - 1))
        rows += list(pair)
    return np.array(rows, dtype)


GRAM_CASES = {
    **{f"n={n}": (lambda dtype, n=n: random_rows(n, 5, dtype)) for n in EDGES},
    **{f"d={d}": (lambda dtype, d=d: random_rows(9, d, dtype)) for d in (1, 2, 63, 64, 65, 129)},
    "angles": rows_at_angles,
    "repeats": rows_that_repeat,
    "extreme norms": rows_of_extreme_norm,
    "pixels": pixels,
    "equal terms": equal_terms,
    "long rows": long_rows,
    "longest rows": longest_rows,
}


PRODUCT_CASES = {
    **{
        name: GRAM_CASES[name]
        for name in ("n=0", "n=1", "n=13", "n=65", "d=1", "d=65", "angles", "repeats")
    },
    "wide norms": rows_of_wide_norm,
}
"""Rows whose kernels stay inside the range, for products with them."""

GRADIENT_CASES = {
    "angles": pairs_at_angles,
    "repeats": lambda dtype: (
        rows_that_repeat(dtype)[[0, 1, 2, 4, 7, 10, 17]],
        rows_that_repeat(dtype)[[1, 3, 5, 7, 10]],
    ),
    "wide norms": lambda dtype: (rows_of_wide_norm(dtype), rows_of_wide_norm(dtype)[:, ::-1]),
    "near zero": rows_near_zero,
    "n=0": lambda dtype: (random_rows(0, 3, dtype), random_rows(2, 3, dtype)),
    "p=0": lambda dtype: (random_rows(2, 3, dtype), random_rows(0, 3, dtype)),
    "d=1": lambda dtype: (random_rows(3, 1, dtype), random_rows(4, 1, dtype)),
    "d=65": lambda dtype: (random_rows(1, 65, dtype), 3 + random_rows(2, 65, dtype, seed=1)),
    "n=65, p=193": lambda dtype: (random_rows(65, 2, dtype), random_rows(193, 2, dtype)),
    "n=193, p=64": lambda dtype: (random_rows(193, 2, dtype), random_rows(64, 2, dtype)),
}


def gradient_weights(n, p, dtype):
    """G (n, p): dense, or where that is many pairs zero but for fifty and the corners."""
    rng = np.random.default_rng([n, p])
    G = rng.standard_normal((n, p)).astype(dtype)
    if n * p > 1000:
        kept = np.zeros((n, p), bool)
        kept[rng.integers(0, n, 50), rng.integers(0, p, 50)] = True
        kept[[0, 0, -1, -1], [0, -1, 0, -1]] = True
        G[~kept] = 0
    return G


def trained(**values):
    return [Recipe(kind, **values) for kind in TRAINED.values()]


RECIPES = {
    "one layer": trained(),
    "degree": [Recipe(kind) for kind in DEGREE.values()],
    "float64 sums": [*trained(float64_sums=True), Recipe(DEGREE[1], float64_sums=True)],
    "variance": [Recipe(TRAINED["all"], weight_variance=0.7)],
    "one layer, bias": trained(bias_variance=0.01),
    "two layers, He": trained(depth=2, weight_variance=2.0),
    "three layers, He, bias": trained(depth=3, weight_variance=2.0, bias_variance=1.0),
    "three layers, large bias": trained(depth=3, weight_variance=0.7, bias_variance=5.0),
}
"""Kernel functions that a test goes through together: one recursion serves three kinds."""


def network(n, d, m, dtype, seed=0):
    """X (n, d), W (m, d), a (m,), g (n,)."""
    rng = np.random.default_rng([seed, n, d, m])
    return tuple(rng.standard_normal(shape).astype(dtype) for shape in ((n, d), (m, d), (m,), (n,)))


def network_on_the_kink(dtype):
    """Pre-activations that are exactly 0, from zero rows, zero neurons and orthogonal pairs."""
    X = np.array([[1, 0], [0, 1], [0, 0], [1, 1], [-1, 1]], dtype)
    W = np.array([[0, 1], [0, 0], [1, -1], [2, 0]], dtype)
    return X, W, np.array([1, 2, 3, 4], dtype), np.array([1, -2, 3, 5, 7], dtype)


def network_of_extreme_norm(dtype):
    """Rows and neurons from subnormal to huge, whose products are beyond the range or vanish."""
    X = rows_of_extreme_norm(dtype) / dtype(2**12)
    W = rows_of_extreme_norm(dtype)[::-1] / dtype(2**12)
    return X, W, np.linspace(1, 2, 8).astype(dtype), np.linspace(-2, 1, 8).astype(dtype)


NETWORK_CASES = {
    **{f"n={n}": (lambda dtype, n=n: network(n, 5, 7, dtype)) for n in EDGES},
    **{f"m={m}": (lambda dtype, m=m: network(7, 5, m, dtype)) for m in EDGES if m},
    **{f"d={d}": (lambda dtype, d=d: network(6, d, 9, dtype)) for d in (1, 2, 63, 64, 65, 193)},
    "several tiles": lambda dtype: network(150, 70, 300, dtype),
    "ragged tiles": lambda dtype: network(97, 128, 257, dtype),
    "kink": network_on_the_kink,
    "extreme norms": network_of_extreme_norm,
    "long rows": lambda dtype: (long_rows(dtype), *network(6, 20_000, 5, dtype)[1:]),
    "20,000 samples": lambda dtype: network(20_000, 2, 3, dtype),
    "20,000 neurons": lambda dtype: network(2, 3, 20_000, dtype),
    "20,000 inputs": lambda dtype: network(3, 20_000, 2, dtype),
}


def symmetric(kind, n, dtype):
    """Spectra on which eigensolvers fail: clustered, graded, rank-deficient, huge, tiny."""
    rng = np.random.default_rng(n)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = {
        "random": rng.standard_normal(n),
        "clustered": np.where(np.arange(n) % 3, 1.0, 1.0 + 1e-13),
        "graded": 10.0 ** -np.linspace(0, 30, n),
        "rank-deficient": np.where(np.arange(n) < n // 3, 1.0, 0.0),
        "huge": rng.standard_normal(n) * (1e30 if dtype == np.float32 else 1e290),
        "tiny": rng.standard_normal(n) * (1e-30 if dtype == np.float32 else 1e-290),
    }[kind]
    A = (Q * values) @ Q.T
    return ((A + A.T) / 2).astype(dtype)


SPECTRA = ("random", "clustered", "graded", "rank-deficient", "huge", "tiny")
