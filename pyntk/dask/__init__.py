"""Kernel matrices and their products on a Dask cluster.

``gram`` is a matrix as a ``dask.array``, ``operator`` multiplies with one that is never stored, and
a client is an ``executor=`` of :func:`pyntk.stream_gram`. Importing pyntk does not import this
module.
"""

try:
    import dask.array  # noqa: F401 - to say what is missing
    import distributed  # noqa: F401
except ModuleNotFoundError as error:
    if error.name not in ("dask", "distributed"):
        raise
    raise ImportError('pyntk.dask needs Dask; pip install "pyntk[dask]"') from error

from pyntk.dask.cluster import WorkersLostError
from pyntk.dask.products import DistributedOperator, operator
from pyntk.dask.tiles import gram

__all__ = ["DistributedOperator", "WorkersLostError", "gram", "operator"]
