"""The preconditioner of conjugate gradients: a Nystrom approximation, of what rank, made how."""

import math
from collections.abc import Callable
from typing import Any, Final, Literal

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.nystrom import (
    COLUMNS,
    Nystrom,
    count_products,
    from_landmarks,
    landmarks_bytes,
    nystrom,
    nystrom_bytes,
)
from pyntk.linalg.operators import product_bytes
from pyntk.linalg.system import System
from pyntk.linalg.where import Place
from pyntk.scalars import admit_integer

Preconditioner = Literal["nystrom", "landmarks"]

RANK: Final = 512
"""Of "nystrom", unless it is given: its sketch costs about 16 steps."""

RANKS: Final = (512, 2048)
"""Of "landmarks": 6 sqrt(n), within these; making it then costs about as much as some steps."""


def admit_rank(preconditioner: Any, rank: Any, system: System) -> int:
    """Return the rank of a preconditioner, 0 for none; raise ValueError or TypeError."""
    if preconditioner not in ("nystrom", "landmarks", None):
        raise ValueError(
            f"preconditioner must be 'nystrom', 'landmarks' or None, not {preconditioner!r}"
        )
    if preconditioner == "landmarks" and system.columns is None:
        raise ValueError("preconditioner='landmarks' takes rows, and an operator has none")
    if preconditioner is None:
        return 0
    n = system.n
    if rank is None:
        least, most = RANKS
        wanted = RANK if preconditioner == "nystrom" else min(max(6 * math.isqrt(n), least), most)
        return max(min(1, n), min(wanted, n // 2))
    width = admit_integer("rank", rank)
    if not 1 <= width <= n:
        raise ValueError(f"rank must be 1 to n = {n}, not {width}")
    return width


def products_of_preconditioner(preconditioner: Any, rank: int) -> int:
    """Return how many products making it takes."""
    return count_products(rank) if preconditioner == "nystrom" else 0


def approximation_bytes(preconditioner: Any, n: int, rank: int, place: Place) -> int:
    """Return what making it allocates at its highest point."""
    if preconditioner == "nystrom":
        return nystrom_bytes(n, rank, place) + product_bytes(n, min(rank, COLUMNS), place)
    return landmarks_bytes(n, rank, place)


def approximation(
    preconditioner: Any, system: System, rank: int, scale: float, random: np.random.Generator,
    advance: Callable[[], None],
) -> Nystrom:  # fmt: skip
    """Return a Nystrom approximation of K times the scale; ``advance`` is called per product."""
    if preconditioner == "nystrom":
        return nystrom(
            lambda V: system.product(V * scale), system.n, rank, random, advance, system.place
        )
    columns = system.columns
    assert columns is not None

    def scaled(chosen: Array) -> Array:
        C = columns(chosen)
        C *= scale
        return C

    return from_landmarks(scaled, system.n, rank, random)
