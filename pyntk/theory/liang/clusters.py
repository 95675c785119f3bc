"""Data in clusters, as in the experiments of Li and Liang: Gaussian components of each class."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Clusters:
    """Rows of unit norm that come from the components of some classes.

    Attributes:
        X: (n, d) rows of unit norm.
        classes: (n,) class of each row, 0 .. k - 1.
        components: (n,) component of each row, 0 .. k l - 1.
        centres: (k l, d) the components' means, scaled to unit norm.
        centre_classes: (k l,) the class of each component.
        name: for titles.
        as_in_paper: whether k, l, d and the scales are those of the paper's experiment.
    """

    X: Matrix
    classes: Labels
    components: Labels
    centres: Matrix
    centre_classes: Labels
    name: str
    as_in_paper: bool = False


def gaussian_clusters(
    n: int,
    *,
    classes: int = 10,
    components: int = 2,
    d: int = 1000,
    sigma: float = 1.0,
    sigma_0: float = 5.0,
    seed: int = 0,
) -> Clusters:
    """Draw rows of k classes with l Gaussian components each, all equally likely, and scale them.

    A component is N(mu, (sigma^2 / d) I) with a mean mu ~ N(0, (sigma_0^2 / d) I); a row and a
    centre are divided by their norm, which (A2) asks for. The defaults are those of the paper.

    Args:
        n: rows.
        classes: k.
        components: l, of each class.
        d: inputs.
        sigma: about the distance of a row from its mean, before the scaling.
        sigma_0: about the norm of a mean.
        seed: of the means, and of the rows.

    Raises:
        ValueError: a count below 1, a negative or infinite scale, or sigma = sigma_0 = 0.

    References:
        Y. Li, Y. Liang, arXiv 1808.01204, section 6.
    """
    for name, count in {"n": n, "classes": classes, "components": components, "d": d}.items():
        if count < 1:
            raise ValueError(f"{name} must be at least 1, not {count}")
    for name, scale in {"sigma": sigma, "sigma_0": sigma_0}.items():
        if not 0 <= scale < np.inf:
            raise ValueError(f"{name} must be finite and at least 0, not {scale}")
    if sigma == 0 == sigma_0:
        raise ValueError("sigma and sigma_0 cannot both be 0: a row of zeros has no direction")
    generator = np.random.default_rng(seed)
    means = sigma_0 * d**-0.5 * generator.standard_normal((classes * components, d))
    chosen = generator.integers(0, len(means), n)
    X = means[chosen] + sigma * d**-0.5 * generator.standard_normal((n, d))
    centres = means if sigma_0 else np.ones_like(means)
    return Clusters(
        unit_rows(X), chosen // components, chosen, unit_rows(centres),
        np.arange(len(means)) // components,
        f"{classes} x {components} clusters in d = {d}",
        (classes, components, d, sigma, sigma_0) == (10, 2, 1000, 1.0, 5.0),
    )  # fmt: skip


def unit_rows(X: Any) -> Matrix:
    """Divide every row by its norm; a row of zeros stays."""
    rows = np.asarray(X, np.float64)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    scaled = rows / np.where(largest > 0, largest, 1)  # keeps the squares in range
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit: Matrix = scaled / np.where(norms > 0, norms, 1)
    return unit
