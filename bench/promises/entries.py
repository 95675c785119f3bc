"""The largest error of an entry of the Gram, by kind of pair and by depth: promises 1, 2, 3, 9.

Data, references and tolerances are those of the tests.
"""

import numpy as np
from promises.line import Line, worst_of

import reference
import test_promise_9 as deep_tables
import test_promises as promises
from bounds import L, is_rounded_once, unit_roundoff, units
from cases import equal_terms, long_rows, longest_rows, random_rows, rows_of_extreme_norm
from pyntk.contract import TRAINED, Recipe

PAIRS = {
    "angles from 0.1 to pi - 0.1": lambda angle, cosine: angle >= 0.1,
    "near-duplicates: angles below 0.1, down to 1e-14 and 0": (
        lambda angle, cosine: (angle < 0.1) & (cosine > 0)
    ),
    "nearly opposite rows: angles beyond pi - 0.1": (
        lambda angle, cosine: (angle < 0.1) & (cosine < 0)
    ),
}
"""By the angle from the nearer pole."""
GENERIC = {
    f"generic rows, d={d}": (lambda dtype, d=d: random_rows(60, d, dtype)) for d in (5, 64, 784)
}
HARD_SUMS = {"equal terms": equal_terms, "long rows": long_rows, "longest rows": longest_rows}
NORMS = {"extreme norms": rows_of_extreme_norm}
POLES = ("cluster", "pixels", "repeats")
CLUSTERS = {name: rows for name, rows in promises.DATA.items() if name.startswith(POLES)}
MODES = {"float32": (np.float32, {}), "float64": (np.float64, {})}
MODES |= {'float32, accumulate="float64"': (np.float32, {"float64_sums": True})}
HOSTS = ("cpu", "numba")
"""The backends that the public functions take host arrays to."""
ONCE = 1.02
"""Promise 1: in units in roundoff, where everything is rounded once."""


def normwise(K, exact, size, dtype):
    """Return |K - exact| / (u sqrt(K_ii K_jj)) of each entry, less what a subnormal is rounded by.

    Infinite where the entry is no number, or infinite though the exact one is within the range.
    """
    u, info = unit_roundoff(dtype), np.finfo(dtype)
    error = np.abs(K.astype(L) - exact) - L(info.smallest_subnormal)
    result = np.maximum(error, 0) / np.where(size == 0, L(info.tiny), u * size)
    overflowed = np.isinf(K) & (np.sign(K) == np.sign(exact))
    allowed = overflowed & (np.abs(exact) + 16 * u * size > L(info.max))
    return np.where(allowed, 0, np.where(np.isfinite(K), result, np.inf))


def gram(kernels, X, recipe):
    """Return K(X) by a backend."""
    shape = (len(X), len(X))
    (K,) = kernels.run(
        "ntk_gram", {"X": X, "recipe": recipe, "threads": 2}, {"K": (shape, X.dtype)}
    )
    return K


def errors(kernels, X, options):
    """Return the largest normwise error of each pair of rows over the kernels of one layer."""
    found = []
    for kind in TRAINED.values():
        recipe = Recipe(kind, **options)
        size = np.sqrt(reference.diagonal(X, recipe))
        exact, sizes = reference.gram(X, X, recipe), np.outer(size, size)
        found.append(normwise(gram(kernels, X, recipe), exact, sizes, X.dtype.type))
    return np.max(found, axis=0)


def by_pair(kernels, data, mode):
    """Return the largest error of each kind of pair in several sets of rows."""
    dtype, options = MODES[mode]
    worst = dict.fromkeys(PAIRS, 0.0)
    for rows in data.values():
        X = np.ascontiguousarray(rows(dtype))
        found, cosine = errors(kernels, X, options), promises.cosines(X)
        angle, _ = reference.angles_and_turns(X, X, Recipe())
        for name, chosen in PAIRS.items():
            worst[name] = max(worst[name], found[chosen(angle, cosine)].max(initial=0))
    return worst


def entries(backends, quick=False):
    """Return the lines of one layer."""
    lines = []
    clusters = dict(list(CLUSTERS.items())[1:4]) if quick else CLUSTERS
    for mode, (_, options) in MODES.items():
        bound = ONCE if options else 8.0
        pairs = {name: by_pair(each, clusters, mode) for name, each in backends.items()}
        sets = {"generic rows, d = 5, 64 and 784": GENERIC}
        others = {
            "norms from the smallest subnormal to the largest number": NORMS,
            "sums of 100 equal terms, of 20,000 and of 100,000 terms": HARD_SUMS,
        }
        lines += [_over(title, data, backends, mode, bound) for title, data in sets.items()]
        for title in PAIRS:
            lines.append(
                Line(title, mode, bound, {name: worst_of([pairs[name][title]]) for name in pairs})
            )
        lines += [_over(title, data, backends, mode, bound) for title, data in others.items()]
    return lines


def _over(title, data, backends, mode, bound):
    """Return the line of several sets of rows, every pair of theirs."""
    dtype, options = MODES[mode]
    found = {
        name: worst_of([errors(each, rows(dtype), options).max() for rows in data.values()])
        for name, each in backends.items()
    }
    return Line(title, mode, bound, found)


def ulps(backends, quick=False):
    """Return the lines of promise 1 in ulps, of the backends that the public functions take."""
    lines = []
    for name, recipe in promises.IN_FLOAT64.items():
        measured = {}
        for backend in [name for name in backends if name in HOSTS]:
            found = []
            for data in list(promises.DATA)[:: 4 if quick else 1]:
                errors_in_ulp, _, cosine = promises.rounded_once(backend, data, recipe)
                found.append(errors_in_ulp[np.abs(cosine) > 1e-5].max(initial=0))
            measured[backend] = worst_of(found)
        title = name if name.startswith("degree") else f'`trained="{name}"`'
        lines.append(Line(title, 'float32, accumulate="float64"', 0.51, measured))
    return lines


def deep(backends, quick=False):
    """Return the lines of many layers, over the frozen tables of promise 9."""
    found = {}
    for table, variances, dtype in deep_tables.FROZEN[: 4 if quick else None]:
        X, Z = deep_tables.rows(deep_tables.tables()[table], dtype)
        for recipe, exact in _frozen(table, variances, (len(X), len(Z))):
            if recipe.depth == 1 and recipe.bias_variance == 0:
                continue  # promises 2 and 3
            size = np.sqrt(np.outer(*(reference.diagonal(rows, recipe) for rows in (X, Z))))
            inputs = {"X": X, "Z": Z, "recipe": recipe, "threads": 2}
            worst = found.setdefault((np.dtype(dtype).name, recipe.depth), {})
            for name, kernels in backends.items():
                (K,) = kernels.run("ntk_gram_cross", inputs, {"K": (exact.shape, dtype)})
                error = normwise(K, exact, size, dtype).max()
                worst[name] = max(worst.get(name, 0), error)
    return [
        Line(
            "depth 1, with a bias" if depth == 1 else f"depth {depth}",
            dtype,
            _allowed(Recipe(0, depth, bias_variance=1.0), np.dtype(dtype).type),
            {name: worst_of([value]) for name, value in found[dtype, depth].items()},
        )
        for dtype, depth in sorted(found)
    ]


def _frozen(table, variances, shape):
    """Return (recipe, exact kernel) for each depth and kind of a frozen table."""
    a, b = (float(v) for v in variances.split(", "))
    frozen = deep_tables.tables()[table]
    for depth, layer in zip(frozen["depths"], frozen["values"][variances], strict=True):
        for kind in range(3):
            yield Recipe(kind, depth, a, b), deep_tables.numbers(layer[kind]).reshape(shape)


def _allowed(recipe, dtype):
    """Return the promise in units in roundoff of the dtype, as bounds.entry_tolerance has it."""
    if is_rounded_once(recipe, dtype):
        return float(1 + units(recipe) * unit_roundoff(np.float64) / unit_roundoff(dtype))
    return float(units(recipe))
