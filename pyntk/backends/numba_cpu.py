"""The kernels where nothing was compiled: Numba, and LAPACK through SciPy."""

from pyntk.backends.numba_gram import (
    activation_patterns,
    finite_width_gram,
    ntk_gram,
    ntk_gram_cross,
)
from pyntk.backends.numba_network import two_layer_forward, two_layer_gradient
from pyntk.backends.scipy_lapack import eigh

__all__ = [
    "activation_patterns",
    "eigh",
    "finite_width_gram",
    "ntk_gram",
    "ntk_gram_cross",
    "two_layer_forward",
    "two_layer_gradient",
]
