"""Products in vector registers for Numba, where those of numba_product are too large a unit.

A panel is some terms times the lanes of a vector of VECTOR bytes, which LLVM puts in as many
registers as the machine needs. It is given the loop as vector instructions: what it makes of loops
over arrays keeps the sums in memory, at a third of the speed.
"""

from collections.abc import Callable
from typing import Any

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils as untyped_cgutils
from numba.core import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array as untyped_make_array

cgutils: Any = untyped_cgutils
make_array: Any = untyped_make_array

VECTOR = 64
CHAIN = 16
"""Terms per straight chain, which a compensated sum collects: see numba_product."""


def _tile(rows: int, across: int, *, subtract: bool = False, outer: bool = False) -> Any:
    """Return the function (A, i, panels, s, decay, out) that multiplies some rows with some panels.

    out[s + p, i + r] = sum_k A[i + r, k] panels[s + p, k], or with ``subtract`` decay times itself
    minus that; ``outer`` means that there is one term.
    """

    @intrinsic
    def tile(typing: Any, A: Any, i: Any, panels: Any, s: Any, decay: Any, out: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            A, panels, out = (
                _Array(context, builder, signature.args[place], arguments[place])
                for place in (0, 2, 5)
            )
            _, i, _, s, decay, _ = arguments
            tiles = [(r, p) for p in range(across) for r in range(rows)]
            row = [_plus(builder, i, r) for r in range(rows)]
            panel = [_plus(builder, s, p) for p in range(across)]

            def products(k: Any) -> Any:
                a = [A.vector_of(A.number(row[r], k)) for r in range(rows)]
                x = [panels.vector(panel[p], k) for p in range(across)]
                return [builder.fmul(a[r], x[p], flags=("contract",)) for r, p in tiles]

            if outer:
                results = products(ir.Constant(i.type, 0))
            else:
                results = _sums(builder, products, panels.shape[1], len(tiles), panels.vector_type)
            factor = A.vector_of(decay)
            for (r, p), result in zip(tiles, results, strict=True):
                if subtract:
                    before = builder.fmul(factor, out.vector(panel[p], row[r]), flags=("contract",))
                    result = builder.fsub(before, result, flags=("contract",))
                out.store(result, panel[p], row[r])
            return context.get_dummy_value()

        return types.void(A, types.intp, panels, types.intp, A.dtype, out), generate

    return tile


def _sums(builder: Any, products: Callable[[Any], Any], terms: Any, count: int, of: Any) -> Any:
    """Return sums over the terms: straight chains in `rest`, which `sums` collect (Kahan's sum)."""
    zero = ir.Constant(of, None)
    sums, rest = (
        [cgutils.alloca_once_value(builder, zero) for _ in range(count)] for _ in range(2)
    )
    step = ir.Constant(terms.type, CHAIN)
    with cgutils.for_range_slice(builder, ir.Constant(terms.type, 0), terms, step) as (start, _):
        end = builder.add(start, step)
        stop = builder.select(builder.icmp_signed("<", end, terms), end, terms)
        with cgutils.for_range(builder, stop, start=start) as loop:
            for term, c in zip(products(loop.index), rest, strict=True):
                builder.store(builder.fadd(builder.load(c), term, flags=("contract",)), c)
        for h, c in zip(sums, rest, strict=True):
            before, more = builder.load(h), builder.load(c)
            total = builder.fadd(before, more)
            builder.store(builder.fsub(more, builder.fsub(total, before)), c)
            builder.store(total, h)
    return [builder.fadd(builder.load(h), builder.load(c)) for h, c in zip(sums, rest, strict=True)]


def _plus(builder: Any, index: Any, offset: int) -> Any:
    return builder.add(index, ir.Constant(index.type, offset))


class _Array:
    """An array of Numba, while code is generated."""

    def __init__(self, context: Any, builder: Any, type_: Any, value: Any):
        array = make_array(type_)(context, builder, value)
        self.builder, self.data = builder, array.data
        self.strides = cgutils.unpack_tuple(builder, array.strides, type_.ndim)
        self.shape = cgutils.unpack_tuple(builder, array.shape, type_.ndim)
        self.number_type = context.get_data_type(type_.dtype)
        self.size = context.get_abi_sizeof(self.number_type)
        self.vector_type = ir.VectorType(self.number_type, VECTOR // self.size)

    def number(self, *at: Any) -> Any:
        return self.builder.load(self._address(at, self.number_type))

    def vector(self, *at: Any) -> Any:
        return self.builder.load(self._address(at, self.vector_type), align=self.size)

    def store(self, vector: Any, *at: Any) -> None:
        self.builder.store(vector, self._address(at, self.vector_type), align=self.size)

    def vector_of(self, number: Any) -> Any:
        """Return a vector of equal numbers."""
        nothing, int32 = ir.Constant(self.vector_type, ir.Undefined), ir.IntType(32)
        one = self.builder.insert_element(nothing, number, ir.Constant(int32, 0))
        zeros = ir.Constant(ir.VectorType(int32, self.vector_type.count), None)
        return self.builder.shuffle_vector(one, nothing, zeros)

    def _address(self, at: Any, type_: Any) -> Any:
        builder = self.builder
        address = builder.bitcast(self.data, ir.IntType(8).as_pointer())
        for index, stride in zip(at, self.strides, strict=False):
            address = builder.gep(address, [builder.mul(index, stride)])
        return builder.bitcast(address, type_.as_pointer())


_six, _three, _one, _one_by_four = _tile(6, 1), _tile(3, 1), _tile(1, 1), _tile(1, 4)
_subtract_six, _subtract_one = _tile(6, 1, subtract=True), _tile(1, 1, subtract=True)
_outer_eight, _outer_one = (_tile(rows, 1, subtract=True, outer=True) for rows in (8, 1))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def product(A: Any, panels: Any, out: Any) -> None:
    """out[s] = A panels[s]: A (rows, terms), panels (vectors, terms, lanes)."""
    rows, one = A.shape[0], A.dtype.type(1)
    if rows == 1:
        s = 0
        while s + 4 <= panels.shape[0]:
            _one_by_four(A, 0, panels, s, one, out)
            s += 4
        while s < panels.shape[0]:
            _one(A, 0, panels, s, one, out)
            s += 1
        return
    for s in range(panels.shape[0]):
        i = 0
        while i + 6 <= rows:
            _six(A, i, panels, s, one, out)
            i += 6
        if i + 3 <= rows:
            _three(A, i, panels, s, one, out)
            i += 3
        while i < rows:
            _one(A, i, panels, s, one, out)
            i += 1


@numba.njit(nogil=True, cache=True, error_model="numpy")
def subtract_product(A: Any, panels: Any, decay: Any, out: Any) -> None:
    """out[s] <- decay out[s] - A panels[s]."""
    rows = A.shape[0]
    for s in range(panels.shape[0]):
        i = 0
        if panels.shape[1] == 1:
            while i + 8 <= rows:
                _outer_eight(A, i, panels, s, decay, out)
                i += 8
            while i < rows:
                _outer_one(A, i, panels, s, decay, out)
                i += 1
        while i + 6 <= rows:
            _subtract_six(A, i, panels, s, decay, out)
            i += 6
        while i < rows:
            _subtract_one(A, i, panels, s, decay, out)
            i += 1
