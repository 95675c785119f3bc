"""The kernels where nothing was compiled: Numba, and LAPACK through SciPy."""

from pyntk.backends.numba_descent import two_layer_descent
from pyntk.backends.numba_finite_width import activation_patterns, finite_width_gram, pattern_flips
from pyntk.backends.numba_gram import ntk_diag, ntk_gram, ntk_gram_cross
from pyntk.backends.numba_matmul import ntk_matmul, ntk_matmul_cross
from pyntk.backends.numba_network import two_layer_forward, two_layer_gradient, two_layer_step
from pyntk.backends.numba_random import random_normals, random_uniforms
from pyntk.backends.numba_vjp import ntk_vjp
from pyntk.backends.scipy_lapack import eigh
from pyntk.backends.tiles import set_progress

__all__ = [
    "activation_patterns",
    "eigh",
    "finite_width_gram",
    "ntk_diag",
    "ntk_gram",
    "ntk_gram_cross",
    "ntk_matmul",
    "ntk_matmul_cross",
    "ntk_vjp",
    "pattern_flips",
    "random_normals",
    "random_uniforms",
    "set_progress",
    "two_layer_descent",
    "two_layer_forward",
    "two_layer_gradient",
    "two_layer_step",
]
