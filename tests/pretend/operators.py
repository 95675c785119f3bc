"""The operators of ``cupy.ndarray``; what mixes with host arrays is refused where it runs."""

import numpy as np

from . import namespace


def _function(name):
    return getattr(namespace.cupy, name)


def _leaves_it_to(other):
    """Tell whether Python is to ask the other operand, as CuPy does by NumPy's rules."""
    if not hasattr(other, "__array_ufunc__"):
        return getattr(other, "__array_priority__", 0) > 100
    return other.__array_ufunc__ is None


def _binary(name):
    def operator(self, other):
        return NotImplemented if _leaves_it_to(other) else _function(name)(self, other)

    return operator


def _reflected(name):
    def operator(self, other):
        return NotImplemented if _leaves_it_to(other) else _function(name)(other, self)

    return operator


def _in_place(name):
    def operator(self, other):
        return _function(name)(self, other, out=self)

    return operator


def _unary(name):
    def operator(self):
        return _function(name)(self)

    return operator


def _comparison(name, of_objects=None):
    def operator(self, other):
        plain = other is None or type(other).__eq__ is object.__eq__
        if of_objects is not None and plain:
            return _function(of_objects)(self.shape, dtype=np.bool_)
        return NotImplemented if _leaves_it_to(other) else _function(name)(self, other)

    return operator


class Operators:
    """Everything between arrays that Python writes with a sign."""

    __slots__ = ()

    __add__, __radd__, __iadd__ = _binary("add"), _reflected("add"), _in_place("add")
    __sub__, __rsub__ = _binary("subtract"), _reflected("subtract")
    __mul__, __rmul__ = _binary("multiply"), _reflected("multiply")
    __isub__, __imul__ = _in_place("subtract"), _in_place("multiply")
    __truediv__, __rtruediv__ = _binary("true_divide"), _reflected("true_divide")
    __itruediv__ = _in_place("true_divide")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __ifloordiv__ = _in_place("floor_divide")
    __mod__, __rmod__, __imod__ = (
        _binary("remainder"), _reflected("remainder"), _in_place("remainder"),
    )  # fmt: skip
    __pow__, __rpow__, __ipow__ = _binary("power"), _reflected("power"), _in_place("power")
    __matmul__, __rmatmul__ = _binary("matmul"), _reflected("matmul")
    __lshift__, __rlshift__ = _binary("left_shift"), _reflected("left_shift")
    __rshift__, __rrshift__ = _binary("right_shift"), _reflected("right_shift")
    __ilshift__, __irshift__ = _in_place("left_shift"), _in_place("right_shift")
    __and__, __rand__, __iand__ = (
        _binary("bitwise_and"), _reflected("bitwise_and"), _in_place("bitwise_and"),
    )  # fmt: skip
    __or__, __ror__, __ior__ = (
        _binary("bitwise_or"), _reflected("bitwise_or"), _in_place("bitwise_or"),
    )  # fmt: skip
    __xor__, __rxor__, __ixor__ = (
        _binary("bitwise_xor"), _reflected("bitwise_xor"), _in_place("bitwise_xor"),
    )  # fmt: skip
    __neg__, __pos__, __abs__ = _unary("negative"), _unary("positive"), _unary("absolute")
    __invert__ = _unary("invert")
    __lt__, __le__ = _comparison("less"), _comparison("less_equal")
    __gt__, __ge__ = _comparison("greater"), _comparison("greater_equal")
    __eq__, __ne__ = _comparison("equal", "zeros"), _comparison("not_equal", "ones")
    __hash__ = None

    def __bool__(self):
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self.get())

    def __int__(self):
        return int(self.get())

    def __float__(self):
        return float(self.get())

    def __complex__(self):
        return complex(self.get())

    def __repr__(self):
        return repr(self.get())

    def __str__(self):
        return str(self.get())

    def __format__(self, specification):
        return format(self.get(), specification)

    def __len__(self):
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        with self.device:
            return self.copy()

    def __reduce__(self):
        return _function("array"), (self.get(order="A"),)
