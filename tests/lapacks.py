"""Every LAPACK that is on this machine, and the two ways to a tridiagonal form."""

import pytest

from pyntk.backends import lapack_two_stage
from pyntk.backends.lapack_library import LIBRARIES, find

LAPACKS = [name for name in LIBRARIES if find(name)]
WAYS = [
    *((name, "one stage") for name in LAPACKS),
    *((name, "two stages") for name in LAPACKS if name in lapack_two_stage.FASTER_FROM),
]
every_lapack = pytest.mark.parametrize("library", LAPACKS)
every_way = pytest.mark.parametrize("way", WAYS, ids=", ".join)


def use(monkeypatch, library, stages=None):
    """Call this LAPACK from now on, and reduce matrices in one stage or in two."""
    monkeypatch.setenv("PYNTK_LAPACK", library)
    if stages is not None:
        size = 0 if stages == "two stages" else 2**63
        monkeypatch.setattr(lapack_two_stage, "FASTER_FROM", {"mkl": size, "numpy": size})
