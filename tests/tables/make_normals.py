"""Writes normals.json: normal numbers as they were when the first release drew them.

``python tests/tables/make_normals.py [backend]``. Their bits are a promise: what a seed gave once,
it gives on every backend and in every release. tests/test_random.py holds them against longdouble.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from pyntk.dispatch import load

ROWS = (
    {"seed": 0, "stream": 0, "first": 0, "n": 6, "p": 7},
    {"seed": 2**64 - 1, "stream": 5, "first": 2**40 + 3, "n": 2, "p": 41},
    {"seed": 12345678901234567, "stream": 3, "first": 2**63 - 100, "n": 60, "p": 1},
)
BLOCK = {"seed": 1, "stream": 0, "first": 0, "shape": [1000, 41]}


def draw(kernels, place, n, p):
    Z = np.empty((n, p), np.float32)
    place = {name: place[name] for name in ("seed", "stream", "first")}
    kernels.random_normals(**place, threads=1, Z=Z)
    return Z


def main():
    kernels = load(sys.argv[1] if len(sys.argv) > 1 else "cpu")
    rows = []
    for place in ROWS:
        Z = draw(kernels, place, place["n"], place["p"])
        numbers = [[float(z).hex() for z in row] for row in Z]
        rows.append({**{k: place[k] for k in ("seed", "stream", "first")}, "numbers": numbers})
    Z = draw(kernels, BLOCK, *BLOCK["shape"])
    block = {**BLOCK, "sha256": hashlib.sha256(Z.astype("<f4").tobytes()).hexdigest()}
    text = json.dumps({"rows": rows, "block": block}, indent=1)
    (Path(__file__).parent / "normals.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
