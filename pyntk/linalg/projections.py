"""The eigenvalues of a kernel matrix and how the labels lie on its eigenvectors."""

from typing import Any, NamedTuple

import numpy as np

from pyntk.arrays import admit
from pyntk.contract import Array
from pyntk.dispatch import kernel
from pyntk.linalg.spectrum import admit_order, admit_work, finish
from pyntk.memory import require
from pyntk.places import placed


class LabelSpectrum(NamedTuple):
    """What :func:`label_spectrum` returns."""

    eigenvalues: Array
    projections: Array


@placed
def label_spectrum(
    H: Any, y: Any, *, overwrite: bool = False, backend: str | None = None
) -> LabelSpectrum:
    """All eigenvalues of a symmetric matrix and the squared projections (v_k.y)^2 of labels y.

    These are what the theorems ask of the spectrum: ||y - u(t)||^2 = sum_k (1 - eta lambda_k)^(2 t)
    (v_k.y)^2 (Arora et al. 2019, arXiv 1901.08584, Theorem 4.1), y' H^-1 y = sum_k (v_k.y)^2 /
    lambda_k (its Theorem 5.1). No eigenvector is computed: H = Q T Q' with T tridiagonal, and the
    implicit QL iteration on T carries Q' y alone (G. Golub, J. Welsch, "Calculation of Gauss
    quadrature rules", Math. Comp. 23, 1969). So it takes what the eigenvalues take, and each label
    some 7 n^2 operations more.

    Within a cluster of eigenvalues closer than about n u max |lambda| the eigenvectors, and so the
    projections, are not determined by H; their sum over the cluster is, and the sum of all is
    |y|^2.

    Args:
        H: (n, n) real symmetric matrix, finite; only its lower triangle is read.
        y: (n,) or (n, labels) real numbers, finite. Integers beside a float32 H are taken in
            float32.
        overwrite: as for :func:`eigh`.
        backend: as for :func:`eigh`; "cuda" goes through the eigenvectors.

    Returns:
        (eigenvalues, projections): (n,) ascending, and (n,) or (n, labels) whose row k belongs to
        eigenvalue k; of the dtype of H and y.

    Raises:
        ValueError: as for :func:`eigh`; y has another length, NaN or infinity.
        TypeError: as for :func:`eigh`.
        MemoryError: as for :func:`eigh`.
        numpy.linalg.LinAlgError: the iteration did not converge.
        BackendError: as for :func:`eigh`.
    """
    n, chosen = admit_order(H, backend)
    is_vector = _is_vector(y)
    inputs = admit(H=(H, "n n"), y=(_labels(H, y), "n" if is_vector else "n labels"))
    labels = inputs[1][:, None] if is_vector else inputs[1]
    k = labels.shape[1]
    # A copy of H, or on a device what syevd needs; labels, rotated ones, and both in float64.
    matrices = 3 if inputs.on_device else (not overwrite)
    require(
        "label_spectrum",
        (matrices * n * n + 300 * n + 3 * n * k) * inputs.dtype.itemsize + 24 * n * k,
        on_device=inputs.on_device,
    )
    A, Y = admit_work(H, inputs, overwrite), inputs.contiguous(labels.T)
    w, P = inputs.empty(n), inputs.empty(k, n)
    run = kernel("label_spectrum", chosen)
    finish(lambda: run(A=A, Y=Y, w=w, P=P), inputs, overwrite)
    return LabelSpectrum(w, P[0] if is_vector else P.T)


def _is_vector(y: Any) -> bool:
    try:
        return np.ndim(y) == 1
    except ValueError:
        return False  # a ragged list: admit says so


def _labels(H: Any, y: Any) -> Any:
    """Return integer labels as float32 where H is and no digit is lost."""
    if getattr(H, "dtype", None) == np.float32 and getattr(y, "dtype", np.dtype("O")).kind in "iub":
        short = y.astype(np.float32)
        if bool((short == y).all()):
            return short
    return y
