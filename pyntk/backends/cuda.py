"""The kernels in CUDA (``csrc/cuda``), compiled into ``pyntk._cuda``; LAPACK's through CuPy."""

from typing import Any

from pyntk._cuda import (
    activation_patterns,
    device_name,
    device_problem,
    finite_width_gram,
    ntk_diag,
    ntk_gram,
    ntk_gram_cross,
    ntk_matmul,
    ntk_matmul_cross,
    ntk_vjp,
    pattern_flips,
    random_normals,
    random_uniforms,
    two_layer_descent,
    two_layer_forward,
    two_layer_gradient,
    two_layer_step,
)

_problem = device_problem()
if _problem is not None:
    # What is missing is a part of the machine, but it is missing: an absence, not a defect.
    raise ModuleNotFoundError(f"pyntk._cuda cannot be used: {_problem}", name="pyntk._cuda")

import cupy  # noqa: E402 - only where a device is there
import cupyx  # noqa: E402

__all__ = [
    "activation_patterns",
    "device_name",
    "eigh",
    "eigvalsh",
    "finite_width_gram",
    "label_spectrum",
    "ntk_diag",
    "ntk_gram",
    "ntk_gram_cross",
    "ntk_matmul",
    "ntk_matmul_cross",
    "ntk_vjp",
    "pattern_flips",
    "random_normals",
    "random_uniforms",
    "two_layer_descent",
    "two_layer_forward",
    "two_layer_gradient",
    "two_layer_step",
]


def eigh(*, A: Any, first: int, w: Any, V: Any) -> None:
    """See :mod:`pyntk.contract`: all eigenpairs, by divide and conquer."""
    last = first + len(w)
    # CuPy calls cusolverDnXsyevd, whose sizes are 64-bit, and looks at its status only if asked.
    with cupyx.errstate(linalg="raise"):
        values, vectors = cupy.linalg.eigh(A, UPLO="L")
    w[...], V[...] = values[first:last], vectors[:, first:last].T


def eigvalsh(*, A: Any, w: Any) -> None:
    """See :mod:`pyntk.contract`."""
    with cupyx.errstate(linalg="raise"):
        w[...] = cupy.linalg.eigvalsh(A, UPLO="L")


def label_spectrum(*, A: Any, Y: Any, w: Any, P: Any) -> None:
    """See :mod:`pyntk.contract`: through the eigenvectors; the QL iteration has no parallelism."""
    with cupyx.errstate(linalg="raise"):
        w[...], vectors = cupy.linalg.eigh(A, UPLO="L")
    P[...] = (Y @ vectors) ** 2
