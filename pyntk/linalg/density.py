"""How the eigenvalues of a kernel matrix that is never stored are distributed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pyntk.arrays import to_host
from pyntk.contract import Array
from pyntk.linalg.operators import (
    SymmetricOperator,
    admit_operator,
    admit_seed,
    placed_by_operator,
    product_bytes,
)
from pyntk.linalg.steps import Steps
from pyntk.memory import WORKING, require
from pyntk.progress import Report
from pyntk.scalars import admit_count, admit_integer

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Histogram(NamedTuple):
    """Estimated numbers of eigenvalues between edges.

    Attributes:
        edges: (bins + 1,) ascending; a bin has its lower edge, and the last one both.
        counts: (bins,) estimates.
        errors: (bins,) their standard errors over random probes.
        resolution: (bins,) how far, beyond that, the finite number of steps can be off: a bound.
    """

    edges: Array
    counts: Array
    errors: Array
    resolution: Array


class SpectralDensity(NamedTuple):
    """The eigenvalue distribution of a symmetric (n, n) operator, by Gauss quadratures.

    Its arrays are NumPy's, wherever the operator is.

    Attributes:
        n: the order of the operator.
        nodes: (probes, steps), ascending in each row.
        weights: (probes, steps), of sum 1 in each row.
    """

    n: int
    nodes: Array
    weights: Array

    def trace_of(self, function: Callable[[Array], Array]) -> tuple[float, float]:
        """Estimate the trace of f(K), the sum of f over the eigenvalues.

        Exact in the quadrature for polynomials of degree 2 steps - 1; elsewhere the more steps the
        better.

        Args:
            function: f, of an array; np.log gives the log-determinant.

        Returns:
            (estimate, its standard error over the probes; NaN for a single probe).
        """
        values = self.n * (self.weights * function(self.nodes)).sum(axis=1)
        return float(values.mean()), _standard_error(values)

    def histogram(self, bins: Any = 24) -> Histogram:
        """Estimate how many eigenvalues there are in each bin.

        A probe v, uniform on the sphere, sees the eigenvalues in a bin with the weight
        sum (v_i.v)^2, a Beta variable: with m of n eigenvalues in the bin, n times the mean over p
        probes has the variance 2 m (n - m) / ((n + 2) p). ``errors`` are its root, with the
        estimate for m, or the deviation over the probes where that is larger. ``resolution`` is
        the inequality of Chebyshev, Markov and Stieltjes: at any point the quadrature's
        distribution function differs from the exact one by less than the two weights around it.

        Args:
            bins: their edges, (bins + 1,) ascending; or their number, 1 or more, from the least to
                the largest node, in equal ratios if all are positive, else in equal differences.
        """
        edges = self._edges(bins) if np.ndim(bins) == 0 else _admit_edges(bins)
        below = np.stack([self._below(edge, edge == edges[-1]) for edge in edges])
        counts = self.n * (below[1:, :, 0] - below[:-1, :, 0])
        windows = self.n * (below[1:, :, 1] + below[:-1, :, 1])
        mean, probes = np.clip(counts.mean(axis=1), 0, self.n), counts.shape[1]
        formula = np.sqrt(2 * mean * (self.n - mean) / ((self.n + 2) * probes))
        sample = [0.0 if probes == 1 else _standard_error(row) for row in counts]
        return Histogram(edges, mean, np.maximum(formula, sample), windows.mean(axis=1))

    def plot(self, bins: Any = 24) -> "Figure":
        """Draw the histogram with its error bars (two standard errors and the resolution).

        Raises:
            ModuleNotFoundError: matplotlib is not installed; the message says how to install it.
        """
        from pyntk.plot import histogram_figure

        return histogram_figure(*self.histogram(bins), self.n)

    def _edges(self, bins: Any) -> Array:
        number = admit_count("bins", bins)
        seen = self.nodes[self.weights > 1e-30]  # the square of a rounding: no node
        low, high = float(seen.min()), float(seen.max())
        if low == high:
            low, high = low - abs(low) / 2 - (low == 0), high + abs(high) / 2 + (low == 0)
        spaced = np.geomspace if low > 0 else np.linspace
        edges: Array = spaced(low, high, number + 1)
        edges[0], edges[-1] = low, high
        return edges

    def _below(self, edge: float, inclusive: bool = False) -> Array:
        """Return per probe the weight below an edge, and how far off that can be.

        With nodes t_1 < t_2 < ... and weights w: the exact distribution function F has
        w_1 + ... + w_(i-1) <= F(t_i) <= w_1 + ... + w_i, so that between t_i and t_(i+1) the sum to
        w_i is off by w_i below and w_(i+1) above.
        """
        inside = self.nodes <= edge if inclusive else self.nodes < edge
        index = inside.sum(axis=1)
        padded = np.pad(self.weights, ((0, 0), (1, 1)))
        probe = np.arange(len(index))
        around = np.maximum(padded[probe, index], padded[probe, index + 1])
        return np.stack([(self.weights * inside).sum(axis=1), around], axis=1)


def spectral_density(
    op_or_X: Any,
    *,
    probes: int = 16,
    steps: int = 64,
    seed: int = 0,
    progress: bool | Report = False,
    **kernel: Any,
) -> SpectralDensity:
    """Estimate the distribution of the eigenvalues from ``steps`` products.

    Stochastic Lanczos quadrature: for each random unit vector v, Lanczos's tridiagonal matrix gives
    the Gauss quadrature of the spectral measure sum_i (v_i.v)^2 delta(lambda_i), whose mean over v
    is the distribution of the eigenvalues. All probes share each product; each has its own basis,
    fully reorthogonalised, so memory is proportional to n (d + probes steps). On a CUDA device the
    bases stay there; a step brings two numbers of each probe to the host.

    Args:
        op_or_X: (n, d) rows, whose kernel matrix is meant; or a real symmetric LinearOperator, of
            scipy.sparse.linalg for host arrays or cupyx.scipy.sparse.linalg for a device.
        probes: random vectors, 1 or more; errors fall with their root.
        steps: Lanczos steps, 2 or more; n where that is less.
        seed: of the probes.
        progress: True shows a bar; a callable(done, total) is called after each product.
        **kernel: keywords of :func:`ntk_operator`, with rows alone.

    Returns:
        A :class:`SpectralDensity`, with ``histogram()``, ``plot()`` and ``trace_of(f)``.

    Raises:
        ValueError: as for :func:`ntk_operator`; no rows; a number out of its range.
        TypeError: as for :func:`ntk_operator`; keywords beside an operator.
        MemoryError: more memory is needed than is available; the message has both numbers.

    References:
        S. Ubaru, J. Chen, Y. Saad, SIAM J. Matrix Anal. Appl. 38, 2017;
        L. Lin, Y. Saad, C. Yang, SIAM Review 58, 2016, arXiv 1308.5467;
        G. Golub, G. Meurant, "Matrices, Moments and Quadrature", 2010, section 2.2 (the bounds).
    """
    return _density(
        op_or_X, kernel, probes=probes, steps=steps, seed=seed, progress=progress,
        backend=kernel.get("backend"),
    )  # fmt: skip


@placed_by_operator
def _density(
    op_or_X: Any, /, kernel: dict[str, Any], *, probes: Any, steps: Any, seed: Any, progress: Any,
    backend: str | None,
) -> SpectralDensity:  # fmt: skip
    count, length = admit_count("probes", probes), admit_integer("steps", steps)
    if length < 2:
        raise ValueError(f"steps must be at least 2, not {length}")
    random = admit_seed(seed)
    multiply = admit_operator(op_or_X, kernel)
    n, place = multiply.n, multiply.place
    if n == 0:
        raise ValueError("X must have at least one row")
    length = min(length, n)
    require(
        "spectral_density",
        8 * n * count * (length + 6) + product_bytes(n, count, place) + WORKING,
        on_device=place.on_device,
        hint="fewer probes or steps need less",
    )
    with Steps(progress, length) as counted:
        diagonals, beside = _lanczos(multiply, count, length, random, counted)
    nodes, weights = np.empty((count, length)), np.empty((count, length))
    for probe in range(count):
        T = np.diag(diagonals[probe]) + np.diag(beside[probe, :-1], -1)
        values, vectors = np.linalg.eigh(T)
        nodes[probe], weights[probe] = values * multiply.scale, vectors[0] ** 2
    return SpectralDensity(n, nodes, weights)


def _lanczos(
    multiply: SymmetricOperator, probes: int, length: int, random: np.random.Generator,
    counted: Steps,
) -> tuple[Array, Array]:  # fmt: skip
    """Return the diagonals (probes, length), and what is beside them, of Lanczos's matrices."""
    n, place = multiply.n, multiply.place
    basis = place.xp.zeros((probes, length, n))
    diagonals, beside = np.zeros((probes, length)), np.zeros((probes, length))
    first = place.moved(random.standard_normal((probes, n)))
    basis[:, 0] = first / np.linalg.norm(first, axis=1)[:, None]
    for step in range(length):
        W = place.contiguous(multiply(basis[:, step].T).T)
        counted.advance()
        along = np.zeros_like(W, shape=probes)
        for probe in range(probes):
            so_far, w = basis[probe, : step + 1], W[probe]
            for _ in range(2):
                overlap = so_far @ w
                w -= overlap @ so_far
                along[probe] += overlap[step]
        diagonals[:, step], sizes = to_host(np.stack([along, np.linalg.norm(W, axis=1)]))
        # The space of a probe is invariant: its measure is known, and the rest stays zero.
        largest = np.maximum(1.0, np.abs(diagonals).max(axis=1))
        ended = sizes <= 8 * np.finfo(float).eps * largest
        if step + 1 < length:
            beside[:, step] = np.where(ended, 0, sizes)
            basis[:, step + 1] = W / place.moved(np.where(ended, np.inf, sizes))[:, None]
    return diagonals, beside


def _standard_error(values: Array) -> float:
    """Return the standard error of the mean; NaN for a single value."""
    number = len(values)
    return float(values.std(ddof=1) / np.sqrt(number)) if number > 1 else float("nan")


def _admit_edges(bins: Any) -> Array:
    edges = np.asarray(bins, np.float64)
    if edges.ndim != 1 or len(edges) < 2 or not (np.diff(edges) > 0).all():
        raise ValueError("bins must be a number, or two or more edges in ascending order")
    return edges
