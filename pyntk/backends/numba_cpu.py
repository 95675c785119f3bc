"""The kernels where nothing was compiled: Numba, and LAPACK through SciPy."""

from typing import Any

import scipy.linalg

from pyntk.backends.numba_gram import (
    activation_patterns,
    finite_width_gram,
    ntk_gram,
    ntk_gram_cross,
)
from pyntk.backends.numba_network import two_layer_forward, two_layer_gradient

__all__ = [
    "activation_patterns",
    "eigh",
    "finite_width_gram",
    "ntk_gram",
    "ntk_gram_cross",
    "two_layer_forward",
    "two_layer_gradient",
]


def eigh(*, A: Any, w: Any, V: Any) -> None:
    """See :mod:`pyntk.contract`."""
    if A.shape[0] == 0:
        return
    w[:], vectors = scipy.linalg.eigh(A, driver="evd", check_finite=False)
    V[:] = vectors.T
