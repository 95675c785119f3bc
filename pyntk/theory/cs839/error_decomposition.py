"""How far a trained predictor is from the best one, in three parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyntk.theory.counts import admit_count
from pyntk.theory.cs839.admit import counts, number
from pyntk.theory.cs839.decomposition import Errors, checks
from pyntk.theory.cs839.decomposition_panels import panels
from pyntk.theory.cs839.descent import LeastSquares, least_squares
from pyntk.theory.cs839.population import Population, population, target, unreachable
from pyntk.theory.report import Report
from pyntk.theory.routine import routine
from pyntk.theory.watch import Watch

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@routine(widths=(20, 50, 100, 200, 400, 800), sizes=(200, 500, 1000, 2000, 5000, 10_000), draws=20)
def error_decomposition(
    *,
    d: int = 10,
    widths: Sequence[int] = (20, 50, 100, 200, 400),
    sizes: Sequence[int] = (200, 500, 1000, 2000),
    times: Sequence[int] = (1, 10, 100, 1000, 10_000, 100_000, 1_000_000),
    noise: float = 0.1,
    draws: int = 10,
    seed: int = 0,
    backend: str | None = None,
    threads: int | None = None,
    watch: Watch,
) -> Report:
    r"""Excess risk is approximation + estimation + optimisation error; the last may be negative.

    With g* the truth, h_opt the best predictor of the class, h^_opt the one that fits the n samples
    best, and h^ the one that training has reached,

        R(h^) - R(g*) = [R(h_opt) - R(g*)] + [R(h^_opt) - R(h_opt)] + [R(h^) - R(h^_opt)].

    R is the risk on the *population*, so the first two are at least 0. The third is not: stopping
    early regularises.

    The class is p random ReLU features on the sphere of R^d, the truth sin(3 x_1) + 3 x_2 x_3, the
    noise Gaussian. The population risk is exact (closed form), and so is gradient descent at any
    number of steps, by the eigenvectors of their covariance: 1 - (1 - eta lambda)^t of the way in
    the direction of lambda, eta = 1/lambda_max. A smaller width has some of the features of a
    larger one, and a smaller size some of its samples.

    Args:
        d: inputs, at least 3.
        widths: p, increasing.
        sizes: n, increasing.
        times: steps of gradient descent t, increasing.
        noise: standard deviation of the noise.
        draws: independent draws of features and samples.
        seed: of all draws.
        backend: "cpu" or "numba"; None chooses.
        threads: at most so many CPU threads.
        watch: how far the routine is.

    Returns:
        Checks of the sum, of the signs, and of how each part depends on p, n and t. Series:
        ``widths`` (w,), ``sizes`` (s,), ``times`` (t,), ``approximation`` and ``estimation`` (w, s,
        draws), ``optimisation`` and ``total`` (w, s, draws, t), ``unreachable`` (1,).

    Raises:
        TypeError, ValueError: an option out of its range.

    References:
        L. Bottou, O. Bousquet, "The tradeoffs of large scale learning", NIPS 2007.
    """
    p, n, t = counts("widths", widths), counts("sizes", sizes), counts("times", times)
    d, draws = admit_count("d", d, least=3), admit_count("draws", draws)
    noise = number("noise", noise)
    how: dict[str, Any] = {"backend": backend, "threads": threads}
    parts = np.empty((len(p), len(n), draws, 2))
    later = np.empty((len(p), len(n), draws, 2, len(t)))
    for draw in watch.over(range(draws)):
        V, X, y = sample(p[-1], n[-1], d, noise, np.random.default_rng([seed, draw]))
        features = np.maximum(X @ V.T, 0)
        for w in watch.over(range(len(p))):
            truth = population(V[: p[w]], **how)
            best = truth.best()
            for s, rows in enumerate(n):
                fit = least_squares(features[:rows, : p[w]], y[:rows], backend)
                parts[w, s, draw], later[w, s, draw] = decompose(truth, best, fit, t)
    errors = Errors(
        np.array(p), np.array(n), np.array(t),
        parts[..., 0], parts[..., 1], later[..., 0, :], later[..., 1, :], unreachable(d), noise,
    )  # fmt: skip
    return Report(
        name="error_decomposition",
        title=f"{draws} draws of ReLU features on the sphere, d = {d}",
        checks=checks(errors),
        series=errors.series(),
        data={"truth": "sin(3 x_1) + 3 x_2 x_3", "d": d, "noise": noise},
        settings={"widths": p, "sizes": n, "times": t, "draws": draws, "seed": seed},
        notes=(
            "R is the exact risk on the population; on the training sample the estimation error "
            "would come out negative",
            "a negative optimisation error is no mistake: training stopped before it fitted the "
            "noise",
        ),
        panels=panels(errors),
    )


def sample(
    p: int, n: int, d: int, noise: float, generator: np.random.Generator
) -> tuple[Matrix, Matrix, Vector]:
    """Draw V (p, d) standard normal, X (n, d) uniform on the sphere, and y (n,)."""
    V = generator.standard_normal((p, d))
    X = generator.standard_normal((n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return V, X, target(X) + noise * generator.standard_normal(n)


def decompose(
    truth: Population, best: Vector, fit: LeastSquares, times: Sequence[int]
) -> tuple[Vector, Matrix]:
    """Return (2,) approximation and estimation error, and (2, T) optimisation error and total.

    The parts are differences of risks, as they are defined. The total is reached another way, as
    the risk of h_opt, E g*^2 - c'theta_opt, and the distance E (h^ - h_opt)^2: the two agree if and
    only if h_opt is the minimiser of the population risk.

    Args:
        truth: the population.
        best: (p,) theta of h_opt.
        fit: least squares on the sample.
        times: (T,) steps of gradient descent.
    """
    fitted, trained = fit.minimiser(), fit.descent(times)
    approximation = truth.excess(best)
    estimation = truth.excess(fitted) - approximation
    optimisation = truth.excess(trained) - truth.excess(fitted)
    total = truth.energy - truth.cross @ best + truth.distance(trained, best)
    return np.array([approximation, estimation]), np.stack([optimisation, total])
