"""The activation function in Numba on rows of pre-activations: values and slopes.

As numba_sigma does for tiles of scaled products. A homogeneous one is taken in the precision of the
rows, any other in float64 and rounded once. Knot by knot, so that the loops become vectors.
"""

from typing import Any

import numba


@numba.njit(nogil=True, cache=True, error_model="numpy")
def take_row_values(sigma: Any, slopes: Any, P: Any, v: Any, S: Any) -> None:
    """S = sigma(P); `slopes` are those of sigma in the type of P, v (columns,) is scratch."""
    columns = P.shape[1]
    if sigma.homogeneous:
        below, above = slopes[0], slopes[1]
        for i in range(P.shape[0]):
            for r in range(columns):
                S[i, r] = P[i, r] * (above if P[i, r] > 0 else below)
        return
    # Piece by piece from the first knot on: nothing cancels, and a flat piece stays flat.
    first, last = sigma.knots[0], sigma.knots.size - 1
    for i in range(P.shape[0]):
        for r in range(columns):  # of what is no number too, which would be lost in a minimum
            below = 0.0 if P[i, r] >= first else P[i, r] - first
            v[r] = sigma.values[0] + sigma.slopes[0] * below
        for j in range(last):
            begin, end, slope = sigma.knots[j], sigma.knots[j + 1], sigma.slopes[j + 1]
            for r in range(columns):
                v[r] += slope * (min(max(P[i, r], begin), end) - begin)
        begin, slope = sigma.knots[last], sigma.slopes[last + 1]
        for r in range(columns):
            S[i, r] = v[r] + slope * max(P[i, r] - begin, 0.0)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def weigh_rows(sigma: Any, slopes: Any, P: Any, slope: Any, E: Any) -> None:
    """E <- E sigma'(P); `slope` (columns,) is scratch."""
    columns = P.shape[1]
    for i in range(P.shape[0]):
        slope[:] = slopes[0]
        for j in range(sigma.knots.size):
            knot, after = sigma.knots[j], slopes[j + 1]
            if sigma.right:
                for r in range(columns):
                    slope[r] = after if P[i, r] >= knot else slope[r]
            else:
                for r in range(columns):
                    slope[r] = after if P[i, r] > knot else slope[r]
        for r in range(columns):
            E[i, r] *= slope[r]
