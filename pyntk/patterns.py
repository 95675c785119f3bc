"""Activation patterns, 64 neurons a word, and how many of them differ."""

from typing import Any

import numpy as np

from pyntk.arrays import Admitted, refuse_mixed_places
from pyntk.contract import Array
from pyntk.dispatch import choose, kernel
from pyntk.places import is_device_array, placed
from pyntk.threads import admit_threads


@placed
def pattern_flips(
    P: Any, Q: Any, *, backend: str | None = None, threads: int | None = None
) -> Array:
    """Return how many neurons are active on a row in one pattern and not in the other.

    Args:
        P: (n, words) patterns, uint64, as :meth:`TwoLayer.patterns` returns them.
        Q: patterns of the same shape, of another network or another time.
        backend: as for :func:`ntk_gram`.
        threads: as for :func:`ntk_gram`.

    Returns:
        (n,) array of int64; divided by m, the share of flipped patterns.

    Raises:
        ValueError: another number of dimensions than two, shapes that differ.
        TypeError: an argument that is no array of uint64, arrays in different places.
        BackendError: the backend asked for cannot be used.

    References:
        S. Du, X. Zhai, B. Poczos, A. Singh, arXiv 1810.02054, lemma 3.2.
    """
    words = _admit(P=P, Q=Q)
    chosen, count = choose(backend, words.on_device), admit_threads(threads)
    flips = words.empty(words.lengths["n"], dtype=np.int64)
    kernel("pattern_flips", chosen)(P=words[0], Q=words[1], threads=count, flips=flips)
    return flips


def _admit(**arguments: Any) -> Admitted:
    """Admit patterns: C-contiguous, native and aligned arrays of uint64 of one shape and place."""
    for name, value in arguments.items():
        dtype = getattr(value, "dtype", None)
        if not (is_device_array(value) or isinstance(value, np.ndarray)) or dtype != np.uint64:
            found = type(value).__name__ if dtype is None else f"an array of {dtype}"
            raise TypeError(
                f"{name} must be an array of uint64, as patterns() returns, not {found}"
            )
        if value.ndim != 2:
            raise ValueError(f"{name} must have shape (n, words), not {tuple(value.shape)}")
    P, Q = arguments.values()
    if P.shape != Q.shape:
        raise ValueError(f"P and Q must have one shape, not {tuple(P.shape)} and {tuple(Q.shape)}")
    on_device = refuse_mixed_places(**arguments)
    admitted = Admitted(_contiguous(array, on_device) for array in (P, Q))
    admitted.dtype, admitted.on_device = np.dtype(np.uint64), on_device
    admitted.lengths = {"n": P.shape[0], "words": P.shape[1]}
    return admitted


def _contiguous(array: Any, on_device: bool) -> Array:
    if on_device:
        import cupy

        return cupy.ascontiguousarray(cupy.asarray(array))
    return np.require(array, np.uint64, ["C", "A"]).view(np.ndarray)
