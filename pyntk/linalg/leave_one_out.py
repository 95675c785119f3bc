"""What leaving one sample out changes, for all samples after one factorisation.

With G = H + ridge I and its inverse, by the inverse of a bordered matrix:

- y'G^-1 y - y_-k' G_-k^-1 y_-k = (G^-1 y)_k^2 / (G^-1)_kk;
- y_k - f_-k(x_k) = (G^-1 y)_k / (G^-1)_kk, f_-k the kernel regression on the others.
"""

from typing import Any

import numpy as np

from pyntk.contract import Array
from pyntk.linalg.cholesky import factorise, refuse_singular
from pyntk.linalg.symmetric import admit_labels, admit_symmetric
from pyntk.places import placed
from pyntk.scalars import admit_number


@placed
def leave_one_out_complexity(
    H: Any = None, y: Any = None, *, X: Any = None, **kernel: Any
) -> Array:
    """How much each sample adds to y' H^-1 y: the complexity-gap score of every sample.

    y'H^-1 y - y_-k' H_-k^-1 y_-k = (H^-1 y)_k^2 / (H^-1)_kk, H_-k without row and column k.

    Args:
        H: (n, n) positive definite, of which only the lower triangle is read; or None.
        y: (n,) or (n, k).
        X: (n, d) rows whose kernel matrix is meant; or None.
        **kernel: keywords of :func:`ntk_gram`, with X alone.

    Returns:
        Of the shape of y, and where it is; everything is computed in float64.

    Raises:
        TypeError: as for :func:`solve`.
        ValueError: as for :func:`solve`.
        numpy.linalg.LinAlgError: the matrix is not positive definite.
        MemoryError: as for :func:`solve`.

    References:
        K. Nohyun, H. Choi, H. W. Chung, "Data valuation without training of a model", ICLR 2023,
        arXiv 2301.00930.
    """
    inverse_y, inverse_diagonal = _inverse("leave_one_out_complexity", H, y, X, 0.0, kernel)
    return inverse_y**2 / inverse_diagonal


@placed
def leave_one_out_residuals(
    H: Any = None, y: Any = None, *, X: Any = None, ridge: float = 0.0, **kernel: Any
) -> Array:
    """What the kernel regression on the other samples misses each label by: y_k - f_-k(x_k).

    f_-k(x) = h_-k(x)' (H_-k + ridge I)^-1 y_-k, and the result is (G^-1 y)_k / (G^-1)_kk with
    G = H + ridge I.

    Args:
        H: as for :func:`leave_one_out_complexity`.
        y: as for :func:`leave_one_out_complexity`.
        X: as for :func:`leave_one_out_complexity`.
        ridge: at least 0.
        **kernel: keywords of :func:`ntk_gram`, with X alone.

    Returns:
        Of the shape of y, and where it is; everything is computed in float64.

    Raises:
        TypeError: as for :func:`solve`.
        ValueError: as for :func:`solve`.
        numpy.linalg.LinAlgError: H + ridge I is not positive definite.
        MemoryError: as for :func:`solve`.

    References:
        C. Rasmussen, C. Williams, "Gaussian Processes for Machine Learning", 2006, section 5.4.2.
    """
    added = admit_number("ridge", ridge, least=0)
    inverse_y, inverse_diagonal = _inverse("leave_one_out_residuals", H, y, X, added, kernel)
    return inverse_y / inverse_diagonal


def _inverse(
    call: str, H: Any, y: Any, X: Any, ridge: float, kernel: dict[str, Any]
) -> tuple[Array, Array]:
    """Return G^-1 y of the shape of y, and the diagonal of G^-1 to divide it by."""
    matrix = admit_symmetric(call, H, X, kernel, definite=not ridge)
    Y, is_vector, _ = admit_labels(y, matrix)
    factor = factorise(call, matrix, matrix.diagonal + ridge, np.float64)
    refuse_singular(matrix.name, factor)
    solution = factor.solve(Y)
    inverse_diagonal = factor.inverse_diagonal()[:, None]
    return (solution[:, 0], inverse_diagonal[:, 0]) if is_vector else (solution, inverse_diagonal)
