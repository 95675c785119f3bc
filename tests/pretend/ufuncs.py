"""``cupy.ufunc``: elementwise functions, without ``where=``."""

import numpy as np

from .run import lower, run

NAMES = (
    "abs absolute add arccos arcsin arctan arctan2 bitwise_and bitwise_or bitwise_xor ceil "
    "copysign cos cosh divide equal exp exp2 expm1 floor floor_divide fmax fmin fmod frexp greater "
    "greater_equal hypot invert isfinite isinf isnan ldexp left_shift less less_equal log log10 "
    "log1p log2 logaddexp logical_and logical_not logical_or logical_xor maximum minimum mod "
    "multiply negative nextafter not_equal positive power reciprocal remainder right_shift rint "
    "sign signbit sin sinh sqrt square subtract tan tanh true_divide trunc"
)


class ufunc:  # noqa: N801
    """An elementwise function with the keywords out, dtype and casting."""

    __module__ = "cupy"

    def __init__(self, name):
        self._function = getattr(np, name)
        self.name, self.__name__ = f"cupy_{name}", name
        self.nin, self.nout, self.nargs = (
            self._function.nin, self._function.nout, self._function.nargs,
        )  # fmt: skip

    def __call__(self, *args, **kwargs):
        out = kwargs.pop("out", None)
        options = {key: kwargs.pop(key) for key in ("dtype", "casting") if key in kwargs}
        if kwargs:
            raise TypeError(f"Wrong arguments {kwargs}")
        if not self.nin <= len(args) <= self.nargs:
            raise TypeError(f"Wrong number of arguments for {self.name!r}.")
        if len(args) > self.nin:
            if out is not None:
                raise ValueError("Cannot specify 'out' as both a positional and keyword argument")
            out, args = args[self.nin :], args[: self.nin]
        if isinstance(out, tuple) and self.nout == 1:
            (out,) = out
        if self.nout == 1 or out is None:
            return run(f"cupy.{self.__name__}", self._function, *args, out=out, **options)
        results = run(f"cupy.{self.__name__}", self._function, *args, **options)
        for target, result in zip(out, results, strict=True):
            target[...] = result
        return out

    def outer(self, A, B, **kwargs):
        """Apply to all pairs."""
        return run(f"cupy.{self.__name__}.outer", self._function.outer, A, B, **kwargs)

    def reduce(self, array, axis=0, dtype=None, out=None, keepdims=False):
        """Sum or multiply along an axis; CuPy has no other reductions by ufuncs of ours."""
        if self.__name__ not in ("add", "multiply"):
            raise NotImplementedError(f"`{self.name}.reduce` is not supported yet")
        return run(f"cupy.{self.__name__}.reduce", self._function.reduce, array, axis=axis,
                   dtype=dtype, out=out, keepdims=keepdims)  # fmt: skip

    def at(self, a, indices, b=None):
        """Add, or take the larger or smaller, at some indices, repeated ones included."""
        if self.__name__ not in ("add", "subtract", "maximum", "minimum"):
            raise NotImplementedError(f"`{self.name}.at` is not supported yet")
        host = a._host.copy()
        reads = []
        self._function.at(host, lower(indices, reads), lower(b, reads))
        run(f"cupy.{self.__name__}.at", lambda: host, out=a)


UFUNCS = {name: ufunc(name) for name in NAMES.split()}
