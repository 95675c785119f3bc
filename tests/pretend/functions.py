"""The functions of CuPy on arrays, with its keywords and no more."""

import numpy as np

from .array import ndarray
from .run import check_device, look, run


def _of_array(name):
    """Return a function of one array that takes axis, out and keepdims, as max does."""
    function = getattr(np, name)

    def reduction(a, axis=None, out=None, keepdims=False):
        return run(f"cupy.{name}", function, _array(a), axis=axis, out=out, keepdims=keepdims)

    return reduction


def _summing(name):
    """Return a function of one array that takes dtype too, as sum does."""
    function = getattr(np, name)

    def reduction(a, axis=None, dtype=None, out=None, keepdims=False):
        return run(f"cupy.{name}", function, _array(a), axis=axis, dtype=dtype, out=out,
                   keepdims=keepdims)  # fmt: skip

    return reduction


max, min, amax, amin, any, all = map(_of_array, ("max", "min", "amax", "amin", "any", "all"))
sum, prod, mean, nansum = map(_summing, ("sum", "prod", "mean", "nansum"))


def argmax(a, axis=None, dtype=None, out=None, keepdims=False):
    return run("cupy.argmax", np.argmax, _array(a), axis=axis, out=out, keepdims=keepdims)


def argmin(a, axis=None, dtype=None, out=None, keepdims=False):
    return run("cupy.argmin", np.argmin, _array(a), axis=axis, out=out, keepdims=keepdims)


def std(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return run("cupy.std", np.std, _array(a), axis, dtype, ddof=ddof, out=out, keepdims=keepdims)


def cumsum(a, axis=None, dtype=None, out=None):
    return run("cupy.cumsum", np.cumsum, _array(a), axis=axis, dtype=dtype, out=out)


def diff(a, n=1, axis=-1, prepend=None, append=None):
    beside = {"prepend": prepend, "append": append}
    given = {key: value for key, value in beside.items() if value is not None}
    return run("cupy.diff", np.diff, _array(a), n, axis, **given)


def clip(a, a_min, a_max, out=None):
    return run("cupy.clip", np.clip, _array(a), a_min, a_max, out=out)


def where(condition, x=None, y=None):
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("Must provide both 'x' and 'y' or neither.")
    return run("cupy.where", np.where, condition, x, y)


def nonzero(a):
    look("cupy.nonzero", None)
    return run("cupy.nonzero", np.nonzero, _array(a))


def flatnonzero(a):
    look("cupy.nonzero", None)
    return run("cupy.nonzero", np.flatnonzero, _array(a))


def count_nonzero(a, axis=None):
    return run("cupy.count_nonzero", np.count_nonzero, _array(a), axis=axis)


def unique(ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *,
           equal_nan=True):  # fmt: skip
    look("cupy.unique", None)
    return run("cupy.unique", np.unique, _array(ar), return_index, return_inverse, return_counts,
               axis, equal_nan=equal_nan)  # fmt: skip


def isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    return run("cupy.isclose", np.isclose, a, b, rtol, atol, equal_nan)


def allclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=False):
    return run("cupy.allclose", np.allclose, a, b, rtol, atol, equal_nan)


def array_equal(a1, a2, equal_nan=False):
    return run("cupy.array_equal", np.array_equal, a1, a2, equal_nan)


def may_share_memory(a, b, max_work=None):
    if not (isinstance(a, ndarray) and isinstance(b, ndarray)):
        return False
    return bool(np.may_share_memory(a._host, b._host))


def shares_memory(a, b, max_work=None):
    return bool(np.shares_memory(_array(a)._host, _array(b)._host))


# Shapes and order


def shape(a):
    return a.shape if isinstance(a, ndarray) else np.shape(a)


def ndim(a):
    return a.ndim if isinstance(a, ndarray) else np.ndim(a)


def size(a, axis=None):
    return _array(a).size if axis is None else _array(a).shape[axis]


def reshape(a, newshape, order="C", *, copy=None):
    return _array(a).reshape(newshape, order=order, copy=copy)


def ravel(a, order="C"):
    return _array(a).ravel(order)


def transpose(a, axes=None):
    return _array(a).transpose() if axes is None else _array(a).transpose(*axes)


def swapaxes(a, axis1, axis2):
    return _array(a).swapaxes(axis1, axis2)


def squeeze(a, axis=None):
    return _array(a).squeeze(axis)


def expand_dims(a, axis):
    return a._viewing(a, np.expand_dims(_array(a)._host, axis))


def broadcast_to(array, shape):
    return _array(array)._writable_view(lambda host: np.broadcast_to(host, shape))


def concatenate(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = [_array(one) for one in tup]
    return run("cupy.concatenate", np.concatenate, arrays, axis, dtype=dtype, casting=casting,
               out=out)  # fmt: skip


def stack(tup, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = [_array(one) for one in tup]
    return run("cupy.stack", np.stack, arrays, axis, dtype=dtype, casting=casting, out=out)


def hstack(tup, *, dtype=None, casting="same_kind"):
    return run("cupy.hstack", np.hstack, [_array(one) for one in tup], dtype=dtype, casting=casting)


def vstack(tup, *, dtype=None, casting="same_kind"):
    return run("cupy.vstack", np.vstack, [_array(one) for one in tup], dtype=dtype, casting=casting)


def repeat(a, repeats, axis=None):
    return run("cupy.repeat", np.repeat, _array(a), repeats, axis)


def tile(A, reps):
    return run("cupy.tile", np.tile, _array(A), reps)


def take(a, indices, axis=None, out=None):
    return run("cupy.take", np.take, _array(a), indices, axis, out=out)


def tril(m, k=0):
    return run("cupy.tril", np.tril, _array(m), k)


def triu(m, k=0):
    return run("cupy.triu", np.triu, _array(m), k)


def fill_diagonal(a, val, wrap=False):
    check_device(_array(a))
    a.diagonal()[...] = val


def sort(a, axis=-1, kind=None):
    _check_kind(kind)
    return run("cupy.sort", lambda host: np.sort(host, axis, kind="stable"), _array(a))


def argsort(a, axis=-1, kind=None):
    _check_kind(kind)
    return run("cupy.argsort", lambda host: np.argsort(host, axis, kind="stable"), _array(a))


def searchsorted(a, v, side="left", sorter=None):
    return run("cupy.searchsorted", np.searchsorted, _array(a), v, side, sorter)


def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *,
             interpolation=None):  # fmt: skip
    return run("cupy.quantile", np.quantile, _array(a), q, axis, method=method, keepdims=keepdims,
               out=out)  # fmt: skip


# Products


def matmul(*args, out=None):
    a, b = args
    return run("cupy.matmul", np.matmul, a, b, out=out)


def dot(a, b, out=None):
    return run("cupy.dot", np.dot, a, b, out=out)


def vdot(a, b):
    return run("cupy.vdot", np.vdot, a, b)


def inner(a, b):
    return run("cupy.inner", np.inner, a, b)


def outer(a, b, out=None):
    return run("cupy.outer", np.outer, a, b, out=out)


def tensordot(a, b, axes=2):
    return run("cupy.tensordot", np.tensordot, a, b, axes)


def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    return run("cupy.trace", np.trace, _array(a), offset, axis1, axis2, dtype, out=out)


def einsum(*operands, **kwargs):
    return run("cupy.einsum", np.einsum, *operands, **kwargs)


def _array(value):
    if not isinstance(value, ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    return value


def _check_kind(kind):
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
