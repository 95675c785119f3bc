"""One-pass SGD on two isotropic Gaussians, watched at the times of the distributional dynamics."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pyntk import DivergenceError, TwoLayer, distributions, schedule
from pyntk.theory.mei.radial import Radial
from pyntk.theory.watch import Watch

Array = NDArray[np.float64]

SHARES: Final = (0.1, 0.5, 0.9)
"""Of the quantiles of |w|."""


@dataclass(frozen=True)
class Particles:
    """Neurons of a run of SGD; NaN from where it diverged.

    Attributes:
        times: (k,) of the snapshots, t = steps epsilon.
        radii: (k, N) of the neurons.
        risk: (k,) E (y - f)^2 on fresh samples, as many of one class as of the other.
        seen: (c,) times above 0, the snapshots and others.
        seen_risk: (c,) as ``risk``.
        seen_quantiles: (c, 3) of the radii, at SHARES.
    """

    times: Array
    radii: Array
    risk: Array
    seen: Array
    seen_risk: Array
    seen_quantiles: Array

    def quantiles(self, shares: ArrayLike) -> Array:
        """Return the quantiles of the radii, (k, len(shares))."""
        return np.asarray(np.quantile(self.radii, np.asarray(shares), axis=1).T)


def one_pass(
    problem: Radial,
    *,
    width: int,
    kappa: float,
    epsilon: float,
    times: ArrayLike,
    xi: float = 0.0,
    samples: int = 40_000,
    between: int = 10,
    step_size: Any = None,
    seed: int = 0,
    watch: Watch,
    **how: Any,
) -> Particles:
    """Run theta_i <- theta_i + 2 s_k (y - f) grad sigma(w_i.x), s_k = epsilon xi((k + 1) epsilon).

    Args:
        problem: data and activation.
        width: N.
        kappa: w_i ~ N(0, kappa^2/d I) at the start.
        epsilon: the step of time.
        times: (k,) increasing, of the snapshots, each a multiple of epsilon up to rounding.
        xi: the exponent p of xi(t) = t^p.
        samples: fresh ones that the risk is taken on, half of each class.
        between: other times at which risk and quantiles are taken, so many evenly in log t, and
            half as many evenly in t.
        step_size: what :func:`pyntk.train` shall take instead of the paper's steps.
        seed: of the network, the samples, and those of the risk.
        watch: of the routine.
        how: ``backend`` and ``threads``.

    Raises:
        ValueError: times that are no multiples of epsilon, or do not increase; too few samples.
    """
    if samples < 2:
        raise ValueError(f"samples must be at least 2, not {samples}")
    steps = snapshot_steps(times, epsilon)
    first, last = max(steps[0], 1), steps[-1]
    others = [*np.geomspace(first, last, between), *np.linspace(first, last, between // 2)]
    seen = np.union1d(steps, np.rint(others).astype(np.int64))
    network = TwoLayer.mean_field(
        width, problem.d, kappa=kappa, seed=seed, activation=problem.sigma, dtype=np.float32, **how
    )
    try:
        run = watch.train(
            network,
            problem.mixture(),
            loss="mean_squares",
            step_size=schedule.mean_field(epsilon, xi) if step_size is None else step_size,
            steps=int(steps[-1]),
            record={"weights": steps, "loss": seen, "norms": seen},
            evaluate=balanced(problem, samples, seed),
            quantiles=SHARES,
            seed=seed,
        )
    except DivergenceError as error:
        run = error.run
    W = run.records["weights"].values.W.astype(np.float64)
    risk = _padded(run.records["loss"].values, len(seen))
    after = seen > 0
    return Particles(
        times=np.asarray(steps * epsilon, np.float64),
        radii=_padded(np.linalg.norm(W, axis=2), len(steps)),
        risk=risk[np.isin(seen, steps)],
        seen=np.asarray(seen[after] * epsilon, np.float64),
        seen_risk=risk[after],
        seen_quantiles=_padded(run.records["norms"].values, len(seen))[after],
    )


def _padded(values: Array, count: int) -> Array:
    """Return values, (k, ...), with NaN for what a run that diverged has not recorded."""
    padded = np.full((count, *values.shape[1:]), np.nan)
    padded[: len(values)] = values
    return padded


def snapshot_steps(times: ArrayLike, epsilon: float) -> NDArray[np.int64]:
    """Return the steps, (k,), after which SGD is at these times.

    Raises:
        ValueError: epsilon is not above 0; times that do not increase, or not by epsilon.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon must be above 0, not {epsilon}")
    t = np.atleast_1d(np.asarray(times, np.float64))
    if not (t.ndim == 1 and len(t) and (t >= 0).all() and (t < np.inf).all()):
        raise ValueError("times must be finite numbers of at least 0")
    steps = np.rint(t / epsilon).astype(np.int64)
    if not (np.diff(steps) > 0).all() or steps[-1] < 1:
        raise ValueError(f"times must increase by epsilon = {epsilon:g} at least")
    return steps


def balanced(problem: Radial, samples: int, seed: int) -> tuple[Array, Array]:
    """Return fresh samples (X, y), as many of one class as of the other."""
    each = -(-samples // 2)
    delta, d = problem.delta, problem.d
    classes = [
        distributions.gaussian_mixture(0, [1 + sign * delta], [sign], d=d).sample(
            each, seed=(seed + 2**32 * (2 + int(sign))) % 2**64, dtype=np.float32
        )
        for sign in (1.0, -1.0)
    ]
    X, y = (np.concatenate(parts) for parts in zip(*classes, strict=True))
    return X, y


def squared_steps(epsilon: float, xi: float, steps: int) -> float:
    """Return sum_k s_k^2 over the steps: what the variance of the noise of SGD grows with."""
    t = (np.arange(steps) + 1) * epsilon
    return float(((epsilon * t**xi) ** 2).sum())
