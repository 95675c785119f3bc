"""Writes deep.json: deep kernels and their gradients by tests/textbook.py, in 21 digits.

``python tests/tables/make.py``, a quarter of a minute. Rows are given as hexadecimal floats. Pairs
are X x Z; values are lists over the layers of ``depths``, then over (first, last, all), then over
the pairs row by row; gradients the same with d numbers a pair.
"""

import json
import re
import sys
from pathlib import Path

import mpmath
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

import textbook  # noqa: E402 - a folder beside this one
from pyntk.contract import Recipe  # noqa: E402

VARIANCES = ((2.0, 0.0), (0.7, 0.0), (1.0, 0.01), (2.0, 1.0), (0.7, 5.0))
DEPTHS = (1, 2, 3, 5, 10, 200)
GRADIENT_VARIANCES = ((2.0, 0.0), (2.0, 1.0))
GRADIENT_DEPTHS = (2, 10, 200)


def angles():
    """A row, and others at angles 1e-1 ... 1e-14 from it or its opposite, of several norms."""
    rng = np.random.default_rng(20)
    x = rng.standard_normal(3)
    x /= np.linalg.norm(x)
    rows = [x, -x, -0.75 * x, 3 * x, np.zeros(3), np.cross(x, [1, 0, 0])]
    for e in range(1, 15):
        t = np.cross(x, rng.standard_normal(3))
        neighbour = x + 10.0**-e * t / np.linalg.norm(t)
        rows += [(1, 1, 0.37)[e % 3] * neighbour, *([-2.5 * neighbour] if e % 2 else [])]
    return np.array([x]), np.array(rows)


def axes():
    """The same in float32 as in float64: rows beside an axis, of angles down to 1e-14."""
    near = [(1, 10.0**-e, 0) for e in (1, 2, 4, 7, 10, 14)]
    rows = [*near, *(tuple(-2 * v for v in row) for row in near), (0, 0, 3), (8, 0, 0), (-1, 0, 0)]
    return np.float32([[1, 0, 0]]).astype(float), np.float32(rows).astype(float)


def norms():
    """From the smallest subnormal of float32 to its largest number; exact in float32."""
    row = np.float32([0.6, -0.5, 0.3])
    factors = np.float32([2.0**-100, 2.0**-50, 2.0**-3, 1, 7, 2.0**30, 2.0**127])
    rows = np.float32([1, -0.5, 0.25]) * factors[:, None]
    rows = [*rows, [2.0**-149, 0, 0], [3.4028234e38, -3.4028234e38, 0]]
    X = np.stack([row, row * np.float32(2.0**-110), row * np.float32(2.0**110)])
    return X.astype(float), np.float32(rows).astype(float)


def wide_norms():
    """From the smallest subnormal of float64 to its largest number."""
    rows = np.array([0.3, -1.7, 0.9]) * 10.0 ** np.array([-300, -160, -8, 8, 160, 307])[:, None]
    largest = np.finfo(float).max
    return np.array([[1.1, 0.2, 0.4]]), np.array([*rows, [5e-324, 0, 0], [largest, largest, 0]])


def moderate_angles():
    """Angles of 0.2 to 0.5: around the borders where a cosine is exchanged for a chord."""
    rng = np.random.default_rng(21)
    x = rng.standard_normal(30)
    rows = []
    for angle in np.repeat([0.22, 0.252, 0.256, 0.27, 0.36, 0.51], 3):
        t = rng.standard_normal(30)
        t -= (t @ x) / (x @ x) * x
        rows.append(np.cos(angle) * x + np.sin(angle) * np.sqrt((x @ x) / (t @ t)) * t)
    return 8 * x[None], np.array(rows) * 2.0 ** rng.integers(-1, 12, 18)[:, None]


def digits(value):
    return mpmath.nstr(value, 21, min_fixed=1, max_fixed=0) if value else "0"


def table(X, Z, variances, depths, of_pair):
    """{"a, b": [depth][kind][numbers of all pairs]}."""
    rows, columns = ([textbook.numbers(row) for row in S] for S in (X, Z))
    result = {}
    for a, b in variances:
        recipe = Recipe(depth=max(depths), weight_variance=a, bias_variance=b)
        pairs = [of_pair(x, z, recipe) for x in rows for z in columns]
        result[f"{a}, {b}"] = [
            [[digits(v) for pair in pairs for v in pair[depth - 1][kind]] for kind in range(3)]
            for depth in depths
        ]
    return result


def values_of_pair(x, z, recipe):
    return [[[value] for value in layer] for layer in textbook.kinds(x, z, recipe)]


def gradients_of_pair(x, z, recipe):
    by_entry = textbook.gradient(x, z, recipe)
    return [
        [[entry[layer][kind] for entry in by_entry] for kind in range(3)]
        for layer in range(recipe.depth)
    ]


if __name__ == "__main__":
    tables = {}
    for rows in (angles, moderate_angles, axes, norms, wide_norms):
        X, Z = rows()
        with mpmath.workdps(textbook.DIGITS):
            values = table(X, Z, VARIANCES, DEPTHS, values_of_pair)
        tables[rows.__name__] = {
            "X": [[v.hex() for v in row] for row in X.tolist()],
            "Z": [[v.hex() for v in row] for row in Z.tolist()],
            "depths": DEPTHS,
            "values": values,
        }
        if rows in (angles, axes):
            with mpmath.workdps(textbook.DIGITS + 40):
                tables[rows.__name__]["gradient depths"] = GRADIENT_DEPTHS
                tables[rows.__name__]["gradients"] = table(
                    X, Z, GRADIENT_VARIANCES, GRADIENT_DEPTHS, gradients_of_pair
                )
    text = json.dumps(tables, indent=0)
    lists = re.sub(r"\[([^\[\]]*)\]", lambda found: found[0].replace("\n", ""), text)
    (HERE / "deep.json").write_text(lists + "\n")
