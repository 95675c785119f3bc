"""The kernels where nothing was compiled: Numba, and LAPACK by ctypes."""

from functools import partial

from pyntk.backends import lapack_tridiagonal
from pyntk.backends.lapack_eigh import eigh, eigh_workspace, eigvalsh, largest_order
from pyntk.backends.numba_descent import two_layer_descent
from pyntk.backends.numba_finite_width import activation_patterns, finite_width_gram, pattern_flips
from pyntk.backends.numba_gram import ntk_diag, ntk_gram, ntk_gram_cross
from pyntk.backends.numba_matmul import ntk_matmul, ntk_matmul_cross
from pyntk.backends.numba_network import two_layer_forward, two_layer_gradient, two_layer_step
from pyntk.backends.numba_random import random_normals, random_uniforms
from pyntk.backends.numba_tridiagonal import tridiagonal_spectrum
from pyntk.backends.numba_vjp import ntk_vjp
from pyntk.backends.tiles import set_progress

__all__ = [
    "activation_patterns",
    "eigh",
    "eigh_workspace",
    "eigvalsh",
    "finite_width_gram",
    "label_spectrum",
    "largest_order",
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
    "tridiagonal_spectrum",
    "two_layer_descent",
    "two_layer_forward",
    "two_layer_gradient",
    "two_layer_step",
]

label_spectrum = partial(lapack_tridiagonal.label_spectrum, tridiagonal_spectrum)
