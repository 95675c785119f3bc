"""The kernels in C++ (``csrc/cpu``), compiled into ``pyntk._cpu``."""

from pyntk._cpu import (
    activation_patterns,
    eigh,
    finite_width_gram,
    instruction_set,
    lapack,
    ntk_diag,
    ntk_gram,
    ntk_gram_cross,
    ntk_matmul,
    ntk_matmul_cross,
    ntk_vjp,
    pattern_flips,
    set_progress,
    two_layer_forward,
    two_layer_gradient,
    two_layer_step,
)

__all__ = [
    "activation_patterns",
    "eigh",
    "finite_width_gram",
    "instruction_set",
    "lapack",
    "ntk_diag",
    "ntk_gram",
    "ntk_gram_cross",
    "ntk_matmul",
    "ntk_matmul_cross",
    "ntk_vjp",
    "pattern_flips",
    "set_progress",
    "two_layer_forward",
    "two_layer_gradient",
    "two_layer_step",
]
