"""Four clusters in two classes: the data on which true labels are easy and random ones are not."""

from typing import Final

import numpy as np

from pyntk.data import DataSet

CENTRES: Final = 4
DIMENSION: Final = 50
NOISE: Final = 0.15


def clusters(rows: int, seed: int = 0) -> DataSet:
    """Draw rows around four random unit centres of R^50, with noise of deviation .15 in each entry.

    The rows of the first two centres are of class +1, those of the others of class -1.

    Args:
        rows: how many, each with a centre drawn at random.
        seed: of the centres and the rows.
    """
    generator = np.random.default_rng(seed)
    centres = generator.standard_normal((CENTRES, DIMENSION))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    chosen = generator.integers(0, CENTRES, rows)
    X = centres[chosen] + NOISE * generator.standard_normal((rows, DIMENSION))
    y = np.where(chosen < CENTRES // 2, 1.0, -1.0)
    return DataSet(X, y, "clusters", ("centres 0, 1", "centres 2, 3"))
