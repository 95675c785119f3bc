"""Equally spaced points on the circle, where the spectrum of H is known in closed form."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def circle(n: int) -> Matrix:
    """Return n equally spaced points on the unit circle, (n, 2)."""
    angle = 2 * np.pi * np.arange(n) / n
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def circle_eigenvalues(n: int) -> Vector:
    r"""lambda_k / n of H on n equally spaced points, for the frequencies k = 0 .. n - 1.

    H is circulant with row cos(t_j) g_j, t_j = 2 pi j / n, g_j = 1/2 - min(j, n - j) / n, so that
    lambda_k = (G_(k-1) + G_(k+1)) / 2 with G the discrete Fourier transform of the triangle g. Two
    differences of g leave it at j = 0 and opposite alone, which gives G in closed form: for k not 0

    - n odd: G_k / n = 1 / (2 n cos(pi k / (2 n)))^2 for even k, and the same with sin for odd k;
    - n even: G_k / n = 1 / (n sin(pi k / n))^2 for odd k, and 0 for even k;

    G_0 / n = (1 + 1/n^2) / 4 for odd n, 1/4 for even n. As n grows, lambda_k / n tends to the
    coefficient c_k of :func:`fourier`; aliasing makes it sum_j c_\|k + n j\|. For even n all odd
    frequencies but 1 and n - 1 are 0.

    Returns:
        (n,) float64.

    References:
        The coefficients are those of R. Basri, D. Jacobs, Y. Kasten, S. Kritchman, NeurIPS 2019,
        arXiv 1906.00425; the sum over the aliases is ours.
    """
    k = np.arange(n)
    odd = k % 2 == 1
    angle = np.pi * k / n
    G = np.zeros(n)
    if n % 2:
        G[odd] = 1 / (2 * n * np.sin(angle[odd] / 2)) ** 2
        G[~odd] = 1 / (2 * n * np.cos(angle[~odd] / 2)) ** 2
        G[0] = (1 + 1 / n**2) / 4
    else:
        G[odd] = 1 / (n * np.sin(angle[odd])) ** 2
        G[0] = 1 / 4
    eigenvalues: Vector = (np.roll(G, 1) + np.roll(G, -1)) / 2
    return eigenvalues


def fourier(k: int) -> float:
    """Return c_k, the coefficient of exp(i k t) in cos(t) (pi - |t|) / (2 pi), k >= 0.

    It is 0 for odd k >= 3, 1/8 for k = 1, and (k^2 + 1) / (pi (k^2 - 1))^2 for even k.
    """
    if k == 1:
        return 0.125
    return 0.0 if k % 2 else (k**2 + 1) / (np.pi * (k**2 - 1)) ** 2
