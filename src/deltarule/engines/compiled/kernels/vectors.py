"""Vectors of numbers as Python objects whose arithmetic writes machine code.

Numba turns loops over single numbers into vector instructions only where LLVM finds that it may, and at a cost for
every loop. Formulas written over `Vector` are vector instructions by construction, the same for every number
of a run: `Writer` is handed the engine's memory inside an intrinsic, loads vectors from it, and stores them.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# llvmlite has no types.

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from deltarule.engines.compiled.processor import IS_WIDE, LANES_4, LANES_8

INTEGER = ir.IntType(64)
_INDEX = ir.IntType(32)
_FUSED = ("contract",)  # a product and a sum may become one instruction


@intrinsic
def apart(typing: Any) -> Any:
    """Keep the function in which this is called a function of its own, not copied into its callers."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def lanes_of(typing: Any, memory: Any) -> Any:
    """Return how many numbers of the memory a vector has."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return ir.Constant(INTEGER, LANES_4 if memory.dtype.bitwidth == 32 else LANES_8)

    return types.intp(memory), generate


@intrinsic
def bytes_of(typing: Any, memory: Any) -> Any:
    """Return how many bytes a number of the memory has."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        return ir.Constant(INTEGER, memory.dtype.bitwidth // 8)

    return types.intp(memory), generate


def _write_call(builder: ir.IRBuilder, address: Any, given: list[Any]) -> None:
    """Write the call of a kernel: Numba's functions take two places more, for a result and for an error."""
    place = cgutils.alloca_once(builder, ir.ArrayType(INTEGER, 2))
    two = [builder.gep(place, [ir.Constant(_INDEX, 0), ir.Constant(_INDEX, n)]) for n in range(2)]
    form = ir.FunctionType(_INDEX, [value.type for value in (*two, *given)])
    builder.call(builder.inttoptr(address, form.as_pointer()), [*two, *given])


@intrinsic
def call(typing: Any, address: Any, first: Any, rest: Any) -> Any:
    """Call the kernel at an address with the memory, or a letter's address, and a tuple of integers and float64."""
    kinds = [types.float64 if isinstance(kind, types.Float) else types.intp for kind in rest]

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        begin = arguments[1]
        if not isinstance(first, types.Integer):
            begin = Writer(context, builder, types.void(first), [begin]).data
        given = [
            context.cast(builder, builder.extract_value(arguments[2], n), kind, wanted)
            for n, (kind, wanted) in enumerate(zip(rest, kinds, strict=True))
        ]
        _write_call(builder, arguments[0], [begin, *given])
        return context.get_dummy_value()

    return types.void(types.int64, first, rest), generate


class Vector:
    """`lanes` numbers; the operators of Python, between vectors and with plain numbers."""

    def __init__(self, builder: ir.IRBuilder, value: Any) -> None:
        self.builder, self.value = builder, value

    @property
    def is_single(self) -> bool:
        """Whether the numbers have 4 bytes."""
        return isinstance(self.value.type.element, ir.FloatType) or self.value.type.element == ir.IntType(32)

    @property
    def dtype(self) -> type[np.floating[Any]]:
        return np.float32 if self.is_single else np.float64

    def like(self, number: Any) -> Vector:
        """Return a vector of one number, in this one's type."""
        if isinstance(number, Vector):
            return number
        return Vector(self.builder, ir.Constant(self.value.type, [number] * self.value.type.count))

    def _two(self, write: str, other: Any, *, is_turned: bool = False) -> Vector:
        other = self.like(other)
        x, y = (other.value, self.value) if is_turned else (self.value, other.value)
        flags = {"flags": _FUSED} if write.startswith("f") else {}
        return Vector(self.builder, getattr(self.builder, write)(x, y, **flags))

    @property
    def _is_real(self) -> bool:
        return not isinstance(self.value.type.element, ir.IntType)

    def __add__(self, other: Any) -> Vector:
        return self._two("fadd" if self._is_real else "add", other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Vector:
        return self._two("fsub" if self._is_real else "sub", other)

    def __rsub__(self, other: Any) -> Vector:
        return self._two("fsub", other, is_turned=True)

    def __mul__(self, other: Any) -> Vector:
        return self._two("fmul", other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Vector:
        return self._two("fdiv", other)

    def __rtruediv__(self, other: Any) -> Vector:
        return self._two("fdiv", other, is_turned=True)

    def __lshift__(self, bits: int) -> Vector:
        return self._two("shl", bits)

    def __rshift__(self, bits: int) -> Vector:
        return self._two("ashr", bits)

    def __neg__(self) -> Vector:
        return Vector(self.builder, self.builder.fneg(self.value))

    def __abs__(self) -> Vector:
        return self._call("fabs")

    def sqrt(self) -> Vector:
        return self._call("sqrt")

    def quick_sqrt(self) -> Vector:
        """Return the square root within 2 units in the last place, for numbers from 0 on.

        Where the processor has an approximate 1 / sqrt x, one step of Newton's method replaces the slow exact root:
        r = x y, r + r (1 - r y) / 2. A number beyond the normal ones counts as the nearest of them.
        """
        if not (IS_WIDE and self.is_single and self.value.type.count == 16):
            return self.sqrt()
        kind, flags = self.value.type, ir.IntType(16)
        form = ir.FunctionType(kind, [kind, kind, flags])
        approximate = cgutils.get_or_insert_function(
            self.builder.module, form, "llvm.x86.avx512.rsqrt14.ps.512"
        )
        limits = np.finfo(np.float32)
        x = larger(float(limits.tiny), smaller(float(limits.max), self))
        given = [x.value, x.value, ir.Constant(flags, -1)]
        y = Vector(self.builder, self.builder.call(approximate, given))
        r = x * y
        return r + (0.5 * r) * (1.0 - r * y)

    def with_sign_of(self, other: Vector) -> Vector:
        return self._call("copysign", other)

    def _call(self, name: str, *others: Vector) -> Vector:
        kind, given = self.value.type, [self.value, *(other.value for other in others)]
        full = f"llvm.{name}.v{kind.count}f{32 if self.is_single else 64}"
        form = ir.FunctionType(kind, [kind] * len(given))
        return Vector(
            self.builder,
            self.builder.call(cgutils.get_or_insert_function(self.builder.module, form, full), given),
        )

    def __lt__(self, other: Any) -> Any:
        return self.builder.fcmp_ordered("<", self.value, self.like(other).value)

    def __gt__(self, other: Any) -> Any:
        return self.builder.fcmp_ordered(">", self.value, self.like(other).value)

    def __le__(self, other: Any) -> Any:
        return self.builder.fcmp_ordered("<=", self.value, self.like(other).value)

    def where(self, condition: Any, other: Any) -> Vector:
        """Return this where the condition holds, the other elsewhere."""
        return Vector(self.builder, self.builder.select(condition, self.value, self.like(other).value))

    def total(self) -> Any:
        """Return the sum of the numbers, by halves of neighbours."""
        count = self.value.type.count
        numbers = [
            self.builder.extract_element(self.value, ir.Constant(ir.IntType(32), n)) for n in range(count)
        ]
        while len(numbers) > 1:
            numbers = [self.builder.fadd(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
        return numbers[0]

    def bits(self) -> Vector:
        """Return the numbers' bits as integers."""
        kind = ir.VectorType(ir.IntType(32 if self.is_single else 64), self.value.type.count)
        return Vector(self.builder, self.builder.bitcast(self.value, kind))

    def from_bits(self) -> Vector:
        """Return the numbers that have these bits."""
        kind = ir.VectorType(ir.FloatType() if self.is_single else ir.DoubleType(), self.value.type.count)
        return Vector(self.builder, self.builder.bitcast(self.value, kind))

    def to_reals(self) -> Vector:
        """Return integers as numbers."""
        kind = ir.VectorType(ir.FloatType() if self.is_single else ir.DoubleType(), self.value.type.count)
        return Vector(self.builder, self.builder.sitofp(self.value, kind))


def smaller(x: Any, y: Vector) -> Vector:
    """Return x where x < y, else y, a NaN in y included."""
    x = y.like(x)
    return x.where(x < y, y)


def larger(x: Any, y: Vector) -> Vector:
    """Return x where x > y, else y, a NaN in y included."""
    x = y.like(x)
    return x.where(x > y, y)


class Variable:
    """A vector that a loop changes; LLVM keeps it in a register."""

    def __init__(self, initial: Vector) -> None:
        self.builder = initial.builder
        self.place = cgutils.alloca_once(self.builder, initial.value.type)
        self.set(initial)

    def set(self, value: Vector) -> None:
        self.builder.store(value.value, self.place)

    def get(self) -> Vector:
        return Vector(self.builder, self.builder.load(self.place))


class Writer:
    """Writes the body of an intrinsic whose first argument is the engine's memory: an array or a pointer.

    Places are integers that count numbers of the memory.
    """

    def __init__(
        self, context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any, lanes: int | None = None
    ) -> None:
        self.builder = builder
        memory = signature.args[0]
        is_array = isinstance(memory, types.Array)
        self.data = (
            context.make_array(memory)(context, builder, arguments[0]).data if is_array else arguments[0]
        )
        self.number = context.get_data_type(memory.dtype)
        self.width = memory.dtype.bitwidth // 8
        self.lanes = lanes or (LANES_4 if self.width == 4 else LANES_8)
        self.vector = ir.VectorType(self.number, self.lanes)
        self.arguments = arguments[1:]

    def whole(self, n: int) -> Any:
        return ir.Constant(INTEGER, n)

    def at(self, *places: Any) -> Any:
        """Return the sum of places."""
        total = places[0]
        for place in places[1:]:
            total = self.builder.add(total, place if isinstance(place, ir.Value) else self.whole(place))
        return total

    def pointer(self, place: Any, kind: Any = None) -> Any:
        return self.builder.bitcast(self.builder.gep(self.data, [place]), (kind or self.vector).as_pointer())

    def load(self, place: Any, mask: Any = None) -> Vector:
        """Return the vector at a place, or the part of it for which the mask is on, and zeros elsewhere."""
        pointer = self.pointer(place)
        if mask is None:
            return Vector(self.builder, self.builder.load(pointer, align=self.width))
        return Vector(self.builder, load_part(self.builder, pointer, self.vector, self.width, mask))

    def store(self, place: Any, value: Vector, mask: Any = None) -> None:
        """Write a vector, or the part of it for which the mask is on."""
        store(self.builder, value.value, self.pointer(place), self.width, mask)

    def number_at(self, place: Any) -> Any:
        """Return the one number at a place."""
        return self.builder.load(self.builder.gep(self.data, [place]))

    def set_number(self, place: Any, number: Any) -> None:
        self.builder.store(number, self.builder.gep(self.data, [place]))

    def spread_at(self, place: Any) -> Vector:
        """Return a vector of the number at a place."""
        return Vector(self.builder, spread(self.builder, self.number_at(place), self.lanes))

    def spread(self, number: Any) -> Vector:
        """Return a vector of one number, given as a float64 of the machine code."""
        if self.width == 4:
            number = self.builder.fptrunc(number, self.number)
        return Vector(self.builder, spread(self.builder, number, self.lanes))

    def constant(self, number: float) -> Vector:
        return Vector(self.builder, ir.Constant(self.vector, [number] * self.lanes))

    @contextmanager
    def each(self, start: Any, stop: Any, step: int = 1) -> Generator[Any]:
        """Write a loop; gives its counter."""
        with cgutils.for_range_slice(self.builder, start, stop, self.whole(step), INTEGER) as (index, _):
            yield index

    def abreast(self, count: Any, several: int, write: Callable[[list[Any], list[Any]], None]) -> None:
        """As `over`, with 2^n vectors at once as long as there are so many: write(places, masks)."""
        many = self.builder.and_(count, self.whole(-several * self.lanes))
        with self.each(self.whole(0), many, several * self.lanes) as n:
            write([self.at(n, v * self.lanes) for v in range(several)], [None] * several)
        self.over(count, lambda n, mask: write([n], [mask]), many)

    def over(self, count: Any, write: Callable[[Any, Any], None], start: Any = None) -> None:
        """Write what is done with the vectors of `count` numbers: write(place, mask), where only a part has a mask.

        start: what comes before is left out, a multiple of `lanes`.
        """
        full = self.builder.and_(count, self.whole(-self.lanes))
        with self.each(self.whole(0) if start is None else start, full, self.lanes) as n:
            write(n, None)
        with self.builder.if_then(self.builder.icmp_signed("<", full, count)):
            write(full, below(self.builder, self.builder.sub(count, full), self.lanes))


def spread(builder: ir.IRBuilder, number: Any, lanes: int) -> Any:
    """Return a vector of one number."""
    nothing = ir.Constant(ir.VectorType(number.type, lanes), ir.Undefined)
    lane = builder.insert_element(nothing, number, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(lane, nothing, ir.Constant(ir.VectorType(_INDEX, lanes), [0] * lanes))


def below(builder: ir.IRBuilder, n: Any, lanes: int) -> Any:
    """Return the mask of the first n lanes, where n is from 0 on."""
    n = builder.trunc(n, _INDEX)
    steps = ir.Constant(ir.VectorType(_INDEX, lanes), list(range(lanes)))
    return builder.icmp_signed("<", steps, spread(builder, n, lanes))


def only(builder: ir.IRBuilder, n: Any, lanes: int) -> Any:
    """Return the mask of lane n."""
    steps = ir.Constant(ir.VectorType(_INDEX, lanes), list(range(lanes)))
    return builder.icmp_signed("==", steps, spread(builder, builder.trunc(n, _INDEX), lanes))


def store(builder: ir.IRBuilder, value: Any, pointer: Any, align: int, mask: Any = None) -> None:
    """Write a vector, or the part of it for which the mask is on."""
    if mask is None:
        builder.store(value, pointer, align=align)
        return
    kind = value.type
    name = f"llvm.masked.store.v{kind.count}f{8 * align}.p0"
    form = ir.FunctionType(ir.VoidType(), [kind, pointer.type, _INDEX, mask.type])
    function = cgutils.get_or_insert_function(builder.module, form, name)
    builder.call(function, [value, pointer, ir.Constant(_INDEX, align), mask])


def transposed(builder: ir.IRBuilder, rows: list[Any]) -> list[Any]:
    """Return the columns of squares that lie side by side: n rows of n numbers for each of them.

    Rows r and r + n/2 are interleaved into rows 2r and 2r + 1; log2(n) such shuffles are a transposition.
    """
    n, lanes = len(rows), rows[0].type.count
    masks = [
        ir.Constant(
            ir.VectorType(_INDEX, lanes),
            [square + first + i // 2 + lanes * (i % 2) for square in range(0, lanes, n) for i in range(n)],
        )
        for first in (0, n // 2)
    ]
    for _ in range(n.bit_length() - 1):
        rows = [
            builder.shuffle_vector(rows[r], rows[r + n // 2], mask) for r in range(n // 2) for mask in masks
        ]
    return rows


def joined(builder: ir.IRBuilder, parts: list[Any]) -> Any:
    """Return one vector of all the numbers of some, 2^n of them."""
    while len(parts) > 1:
        count = 2 * parts[0].type.count
        mask = ir.Constant(ir.VectorType(_INDEX, count), list(range(count)))
        parts = [builder.shuffle_vector(x, y, mask) for x, y in zip(parts[::2], parts[1::2], strict=True)]
    return parts[0]


def load_part(builder: ir.IRBuilder, pointer: Any, kind: Any, align: int, mask: Any) -> Any:
    """Return the vector at a pointer where the mask is on, zeros elsewhere, without touching what lies there."""
    name = f"llvm.masked.load.v{kind.count}f{8 * align}.p0"
    form = ir.FunctionType(kind, [pointer.type, _INDEX, mask.type, kind])
    function = cgutils.get_or_insert_function(builder.module, form, name)
    zeros = ir.Constant(kind, [0.0] * kind.count)
    return builder.call(function, [pointer, ir.Constant(_INDEX, align), mask, zeros])
