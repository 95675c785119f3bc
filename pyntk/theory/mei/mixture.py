"""A Gaussian mixture with labels, as callers give it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


class Mixture(NamedTuple):
    """Components N(means[j], deviations[j]^2), coordinate by coordinate.

    Attributes:
        means, deviations: (J, d).
        labels: (J,) y of each.
        weights: (J,) of sum 1.
    """

    means: Matrix
    deviations: Matrix
    labels: Vector
    weights: Vector


def admit_mixture(
    means: ArrayLike,
    std: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None,
    d: int | None,
) -> Mixture:
    """Return a mixture of what :meth:`MeanField.of_mixture` takes.

    Raises:
        ValueError: shapes that do not go together, NaN, a negative deviation or weight.
    """
    y = _finite("labels", labels)
    if y.ndim != 1 or not len(y):
        raise ValueError(f"labels must have shape (components,), not {y.shape}")
    mu = _finite("means", means)
    if mu.ndim == 0:
        if d is None or d < 1:
            raise ValueError(f"d must be at least 1 where means is a number, not {d}")
        mu = np.full((len(y), d), mu)
    if mu.ndim != 2 or len(mu) != len(y) or (d is not None and mu.shape[1] != d):
        raise ValueError(f"means must have shape ({len(y)}, {d or 'd'}), not {mu.shape}")
    s = _finite("std", std)
    if s.shape not in ((), (len(y),), mu.shape):
        raise ValueError(f"std must be a number, (components,) or as means, not {s.shape}")
    if (s < 0).any():
        raise ValueError(f"std must be at least 0, not {s.min()}")
    share = np.ones(len(y)) if weights is None else _finite("weights", weights)
    if share.shape != y.shape:
        raise ValueError(f"weights must have shape {y.shape}, not {share.shape}")
    if (share < 0).any() or not share.sum() > 0:
        raise ValueError("weights must be at least 0, and not all 0")
    deviations = np.broadcast_to(s[:, None] if s.ndim == 1 else s, mu.shape)
    return Mixture(mu, deviations.copy(), y, share / share.sum())


def _finite(name: str, value: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(value, np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite")
    return array
