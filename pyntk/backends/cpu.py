"""The kernels in C++ (``csrc/cpu``), compiled into ``pyntk._cpu``; LAPACK's by ctypes."""

from functools import partial

from pyntk._cpu import (
    activation_patterns,
    finite_width_gram,
    instruction_set,
    ntk_diag,
    ntk_gram,
    ntk_gram_cross,
    ntk_matmul,
    ntk_matmul_cross,
    ntk_vjp,
    pattern_flips,
    random_normals,
    random_uniforms,
    set_progress,
    tridiagonal_spectrum,
    two_layer_descent,
    two_layer_forward,
    two_layer_gradient,
    two_layer_step,
)
from pyntk.backends import lapack_tridiagonal
from pyntk.backends.lapack_eigh import eigh, eigh_workspace, eigvalsh, largest_order

__all__ = [
    "activation_patterns",
    "eigh",
    "eigh_workspace",
    "eigvalsh",
    "finite_width_gram",
    "instruction_set",
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
