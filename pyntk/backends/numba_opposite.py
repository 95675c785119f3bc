"""The angle between nearly opposite rows of floats in Numba, by ``csrc/math/opposite.hpp``."""

from typing import Any

import numba
import numpy as np

from pyntk.backends.numba_product import BLOCK, times_power_of_two

OPPOSITE_BORDER = 2.0**-40
"""Below this t = 1 - |cos| the rounding of the unit rows is felt in a float32 entry."""


@numba.njit(nogil=True, cache=True, error_model="numpy")
def mend(c: Any, t: Any, Z: Any, z_norms: Any, J0: int, X: Any, x_norms: Any, I: int) -> None:
    """Replace c = cos theta and t of a span of tiles, (span, BLOCK, BLOCK), where c is nearly -1.

    Z and X are the rows as given, float32; norms are (lengths, exponents), each (blocks, BLOCK).
    """
    for J in range(c.shape[0]):
        for j in range(min(BLOCK, Z.shape[0] - (J0 + J) * BLOCK)):
            for i in range(min(BLOCK, X.shape[0] - I * BLOCK)):
                if c[J, j, i] < 0 and t[J, j, i] < OPPOSITE_BORDER:
                    t[J, j, i] = _opposite_t(
                        Z[(J0 + J) * BLOCK + j], z_norms[0][J0 + J, j], z_norms[1][J0 + J, j],
                        X[I * BLOCK + i], x_norms[0][I, i], x_norms[1][I, i],
                    )  # fmt: skip
                    c[J, j, i] = t[J, j, i] - 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _opposite_t(
    x: Any, x_length: float, x_exponent: int, z: Any, z_length: float, z_exponent: int
) -> float:
    d = x.size
    p, q, e = np.empty(d), np.empty(d), np.empty(d)
    j = 0
    for k in range(d):
        p[k] = times_power_of_two(np.float64(x[k]), -x_exponent)
        q[k] = times_power_of_two(np.float64(z[k]), -z_exponent)
        e[k] = p[k] * (1 / x_length) - q[k] * (1 / z_length)
        if abs(e[k]) > abs(e[j]):
            j = k
    w = q * p[j] - q[j] * p
    along = (w * e).sum() / (e * e).sum()
    across = 0.0
    for k in range(d):
        across += (w[k] - along * e[k]) ** 2
    length = x_length * z_length * abs(e[j])
    return 2 * across / (length * length)  # type: ignore[no-any-return]
