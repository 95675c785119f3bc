"""Distributions of samples, drawn by a counter-based generator: a row is known by its number.

Row i of a draw depends on (seed, first + i) alone: the same bits for any number of rows, threads,
and on every backend (as far as the target function does not mix rows).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from pyntk.arrays import DOUBLE, SINGLE, admit, to_host
from pyntk.contract import Array
from pyntk.dispatch import choose
from pyntk.loss import dimensions
from pyntk.memory import require
from pyntk.network import TwoLayer
from pyntk.scalars import admit_count, admit_integer, admit_number
from pyntk.threads import admit_threads
from pyntk.training.draw import Draw, admit_seed


class Distribution:
    """Samples (x, y) that can be drawn in any number, each by its row number.

    Attributes:
        d: length of x.
    """

    def __init__(self, d: int):
        self.d = d

    def sample(
        self,
        n: int,
        *,
        seed: int = 0,
        first: int = 0,
        dtype: Any = np.float64,
        backend: str | None = None,
        threads: int | None = None,
    ) -> tuple[Array, Array]:
        """Return rows first ... first + n - 1 of the samples that a seed means.

        One-pass SGD with ``seed`` and batches of B takes rows k B ... k B + B - 1 in step k.

        Args:
            n: rows.
            seed: 0 ... 2^64 - 1.
            first: the number of the first row.
            dtype: float32 or float64; the normal numbers are those of float32 in both.
            backend: as for :func:`ntk_gram`; "cuda" draws on the device.
            threads: as for :func:`ntk_gram`.

        Returns:
            X (n, d) and y (n,) or (n, outputs); classes stay integers.

        Raises:
            ValueError, TypeError: an argument out of its range; a target of another length than n.
            MemoryError: as for :func:`ntk_gram`.
            BackendError: the backend asked for cannot be used.
        """
        rows, start = admit_integer("n", n), admit_integer("first", first)
        if rows < 0 or start < 0 or start + rows > 2**62:
            raise ValueError(f"n and first must be at least 0, and below 2^62, not {n}, {first}")
        wanted = _admit_dtype(dtype)
        chosen = choose(backend, backend == "cuda")
        require("sample", 2 * rows * self.d * wanted.itemsize, on_device=chosen == "cuda")
        draw = Draw(admit_seed(seed), chosen, admit_threads(threads))
        X, y = self._sample(rows, start, wanted, draw)
        return X, (y.astype(wanted) if y.dtype.kind == "f" else y)

    def _sample(self, n: int, first: int, dtype: Any, draw: Draw) -> tuple[Array, Array]:
        raise NotImplementedError


class Mixture(Distribution):
    """See :func:`gaussian_mixture`."""

    def __init__(self, means: Array, std: Array, targets: Array, shares: Array):
        super().__init__(means.shape[1])
        self._means, self._std, self._targets = means, std, targets
        # Component j where shares[0] + ... + shares[j - 1] <= u < shares[0] + ... + shares[j].
        self._borders = np.cumsum(shares)[:-1]

    def _sample(self, n: int, first: int, dtype: Any, draw: Draw) -> tuple[Array, Array]:
        U = draw.uniforms("components", first, n, 1)[:, 0]
        component = np.searchsorted(draw.placed(self._borders), U, side="right")
        X = draw.normals("samples", first, n, self.d, dtype)
        X *= draw.placed(self._std.astype(dtype))[component]
        if self._means.any():
            X += draw.placed(self._means.astype(dtype))[component]
        return X, draw.placed(self._targets)[component]


class Single(Distribution):
    """One Gaussian, or the uniform distribution on a sphere: see :func:`gaussian`."""

    def __init__(self, d: int, std: Array, radius: float | None, target: Any):
        super().__init__(d)
        self._std, self._radius, self._target = std, radius, _admit_target(target, d)

    def _sample(self, n: int, first: int, dtype: Any, draw: Draw) -> tuple[Array, Array]:
        X = draw.normals("samples", first, n, self.d, dtype)
        if self._radius is None:
            X *= draw.placed(self._std.astype(dtype))
        else:
            X *= (self._radius / _norms(X)).astype(dtype)
        y = self._target(X)
        if getattr(y, "shape", None) is None:
            y = np.asarray(y)
        if y.ndim not in (1, 2) or y.shape[0] != n:
            raise ValueError(f"target(X) must have {n} rows as X, but has shape {tuple(y.shape)}")
        return X, y


def gaussian_mixture(
    means: Any, std: Any, targets: Any, *, weights: Any = None, d: int | None = None
) -> Mixture:
    """Return the mixture of N(means[j], std[j]^2 I), whose samples have the target targets[j].

    ``gaussian_mixture(0, [1 + Delta, 1 - Delta], [1, -1], d=40)`` is example 1 of Mei et al.

    Args:
        means: (components, d), or one number for all entries of all, with ``d``.
        std: standard deviations: a number, (components,), or (components, d).
        targets: (components,) or (components, outputs); integers are classes or labels.
        weights: (components,) probabilities up to a factor; None for equal ones.
        d: length of a sample, where ``means`` is a number.

    Raises:
        ValueError: lengths that differ, NaN or infinity, a negative standard deviation or weight.
        TypeError: no real arrays.

    References:
        S. Mei, A. Montanari, P.-M. Nguyen, arXiv 1804.06561, example 1; Y. Li, Y. Liang, arXiv
        1808.01204, section 6.
    """
    Y = _table("targets", targets, "j k" if dimensions(targets) == 2 else "j")
    classes = np.asarray(targets).dtype.kind in "iub"
    if dimensions(means) == 0:
        if d is None:
            raise ValueError("d must be given where means is a number")
        M = np.full((len(Y), admit_count("d", d)), admit_number("means", means))
    else:
        M = _table("means", means, "j d", targets=Y)
        if d is not None and d != M.shape[1]:
            raise ValueError(f"d must be {M.shape[1]} as in means, not {d}")
    if len(Y) == 0:
        raise ValueError("targets must name one component at least")
    shares = np.ones(len(Y)) if weights is None else _table("weights", weights, "j", targets=Y)
    if (shares < 0).any() or not shares.sum() > 0:
        raise ValueError("weights must be at least 0, and not all 0")
    S = _deviations(std, M, each="j")
    return Mixture(M, S, Y.astype(np.int64) if classes else Y, shares / shares.sum())


def gaussian(d: int, *, std: Any = 1.0, target: Any) -> Single:
    """Return x ~ N(0, std^2 I) in d dimensions with y = target(x).

    Args:
        d: length of x.
        std: standard deviation, a number or (d,).
        target: a function of X (n, d), row by row, that returns (n,) or (n, outputs); or a
            :class:`pyntk.TwoLayer`, the teacher.

    Raises:
        ValueError: an argument out of its range, a teacher with other inputs.
        TypeError: a target that is neither.

    References:
        Y. Tian, arXiv 1909.13458: a teacher on N(0, 1.5^2 I).
    """
    d = admit_count("d", d)
    return Single(d, _deviations(std, np.zeros((1, d)), each="d"), None, target)


def sphere(d: int, *, radius: float = 1.0, target: Any) -> Single:
    """Return x uniform on the sphere of this radius in d dimensions with y = target(x).

    Args:
        d: length of x.
        radius: of the sphere.
        target: as for :func:`gaussian`.

    Raises:
        ValueError, TypeError: as for :func:`gaussian`.
    """
    d = admit_count("d", d)
    return Single(d, np.ones((1, 1)), admit_number("radius", radius, least=0), target)


def _norms(Z: Array) -> Array:
    """Return the norms of the rows, (n, 1), with sums by halves: entry by entry, so that the
    bits of a row do not depend on the others in any array library."""
    S = Z.astype(np.float64)
    S *= S
    while (width := S.shape[1]) > 1:
        half = (width + 1) // 2
        S[:, : width - half] += S[:, half:]
        S = S[:, :half]
    # A row of zeros, once in a very long time for d = 1, stays one.
    return np.sqrt(S) + (S == 0)


def _table(name: str, value: Any, letters: str, **beside: Array) -> Array:
    """Admit a table with a row for each component, as a NumPy array of float64."""
    others = {other: (array, "j" + " k" * (array.ndim - 1)) for other, array in beside.items()}
    table = admit(**others, **{name: (value, letters)})[-1]
    return to_host(table).astype(np.float64)


def _deviations(std: Any, means: Array, *, each: str) -> Array:
    """Return ``std=`` as (components, 1) or (components, d); one dimension is a number for each."""
    letters = {0: "", 1: each}.get(dimensions(std), "j d")
    S = to_host(admit(means=(means, "j d"), std=(std, letters))[1]).astype(np.float64)
    if (S < 0).any():
        raise ValueError(f"std must be at least 0, not {S.min()}")
    if letters == "":
        return np.full((len(means), 1), S)
    return S[:, None] if letters == "j" else S.reshape(-1, means.shape[1])


def _admit_target(target: Any, d: int) -> Callable[[Array], Any]:
    if isinstance(target, TwoLayer):
        if target.W.shape[1] != d:
            raise ValueError(f"the teacher must have d = {d} inputs, not {target.W.shape[1]}")
        return target.forward
    if not callable(target):
        raise TypeError(
            f"target must be a function of X or a pyntk.TwoLayer, not {type(target).__name__}"
        )
    return target  # type: ignore[no-any-return]


def _admit_dtype(dtype: Any) -> np.dtype[Any]:
    try:
        wanted: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"dtype must be float32 or float64, not {dtype!r}") from None
    if wanted not in (SINGLE, DOUBLE):
        raise ValueError(f"dtype must be float32 or float64, not {wanted}")
    return wanted
