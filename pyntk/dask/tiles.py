"""The kernel matrix as a dask.array: tiles that are computed when they are asked for."""

from typing import Any

import dask.array
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from pyntk.contract import Array
from pyntk.dask.cluster import admit_client
from pyntk.dispatch import choose
from pyntk.recipe import Accumulate, Trained, admit_recipe
from pyntk.scalars import admit_count
from pyntk.streaming.blocks import Task, admit_rows, default_rows
from pyntk.streaming.computed import entries
from pyntk.threads import admit_threads


def gram(
    X: Any,
    Z: Any = None,
    *,
    client: Any = None,
    rows_per_block: int | None = None,
    trained: Trained = "first",
    depth: int = 1,
    weight_variance: float = 1.0,
    bias_variance: float = 0.0,
    accumulate: Accumulate = None,
    threads: int = 1,
    backend: str | None = None,
) -> Any:
    """The matrix of :func:`ntk_gram`, to the bit, as a lazy ``dask.array``.

    Nothing is computed before it is asked for. Without Z tiles above the diagonal are the
    transposed ones below it, so each pair of rows is computed once.

    Args:
        X: (n, d) real numbers, finite, on the host.
        Z: (p, d), or None for Z = X.
        client: a ``distributed.Client`` whose workers are sent the rows, once; None puts them into
            the graph, which serves any scheduler of Dask, the one on threads too.
        rows_per_block: rows and columns of a tile; None makes tiles of about 64 MiB.
        trained: as for :func:`ntk_gram`.
        depth: as for :func:`ntk_gram`.
        weight_variance: as for :func:`ntk_gram`.
        bias_variance: as for :func:`ntk_gram`.
        accumulate: as for :func:`ntk_gram`.
        threads: of each tile; one, because Dask computes as many tiles as a worker has threads.
        backend: "cpu" or "numba", or None to choose.

    Returns:
        (n, n) or (n, p) dask.array.Array, float32 if all inputs are float32 (or shorter), else
        float64.

    Raises:
        ValueError, TypeError: as for :func:`ntk_gram`; an array on a CUDA device.
        BackendError: the backend asked for cannot be used.
    """
    recipe = admit_recipe(trained, depth, weight_variance, bias_variance, accumulate)
    admit_threads(threads)
    inputs = admit_rows("gram", X, Z)
    left, right, dtype = inputs[0], inputs[-1], inputs.dtype
    n, p = len(left), len(right)
    rows = default_rows(max(n, p), max(n, p), dtype.itemsize, symmetric=True)
    if rows_per_block is not None:
        rows = admit_count("rows_per_block", rows_per_block)
    how = (recipe, threads, choose(backend, on_device=False))
    token = tokenize(left, None if Z is None else right, how, rows)
    layer: dict[Any, Any] = {}
    X_keys = _place(layer, f"X-{token}", left, rows, client)
    Z_keys = X_keys if Z is None else _place(layer, f"Z-{token}", right, rows, client)
    name = f"ntk_gram-{token}"
    for i, X_key in enumerate(X_keys):
        for j, Z_key in enumerate(Z_keys):
            if Z is None and i < j:
                layer[name, i, j] = (_transposed, (name, j, i))
            elif Z is None and i == j:
                layer[name, i, j] = (_tile, X_key, None, *how)
            else:
                layer[name, i, j] = (_tile, X_key, Z_key, *how)
    chunks = (_lengths(n, rows), _lengths(p, rows))
    graph = HighLevelGraph.from_collections(name, layer)
    return dask.array.Array(graph, name, chunks, dtype=dtype)


def _place(layer: dict[Any, Any], name: str, X: Array, rows: int, client: Any) -> list[Any]:
    """Put blocks of rows into a graph, or on the workers; return what stands for each."""
    blocks = [X[begin : begin + rows] for begin in range(0, len(X), rows)] or [X]
    if client is not None:
        return list(admit_client(client).scatter(blocks, broadcast=True, hash=False))
    for number, block in enumerate(blocks):
        layer[name, number] = block
    return [(name, number) for number in range(len(blocks))]


def _tile(X: Array, Z: Array | None, recipe: Any, threads: int, backend: str) -> Array:
    return entries(Task(X, Z, recipe, threads, backend))


def _transposed(tile: Array) -> Array:
    return tile.T


def _lengths(n: int, rows: int) -> tuple[int, ...]:
    return tuple(min(rows, n - begin) for begin in range(0, n, rows)) or (0,)
