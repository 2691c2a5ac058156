"""Rows of tables and of memory, copied: as they are, or as columns."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.vectors import (
    INTEGER,
    Vector,
    Writer,
    apart,
    below,
    joined,
    load_part,
    transposed,
)
from deltarule.engines.compiled.places import PANEL
from deltarule.engines.compiled.shapes import PREFETCHED, STRIP


@intrinsic
def transpose_tile(typing: Any, memory: Any, to: Any, to_row: Any, at: Any, row: Any) -> Any:
    """Write the square of LANES by LANES numbers from `at` on to `to` on, rows as columns."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        to, to_row, at, row = write.arguments
        write_transposed(write, to, to_row, at, row)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 4), generate


def write_transposed(write: Writer, to: Any, to_row: Any, at: Any, row: Any) -> None:
    """Write the transposition of one square."""
    n = min(STRIP, write.lanes)
    kind = ir.VectorType(write.number, n)

    def part(r: int, j: int) -> Any:
        place = write.at(at, write.builder.mul(row, write.whole(r)), j)
        return write.builder.load(write.pointer(place, kind), align=write.width)

    for first in range(0, write.lanes, n):
        for i, column in enumerate(_columns(write, lambda r, j=first: part(r, j), n)):
            write.store(
                write.at(to, write.builder.mul(to_row, write.whole(first + i))), Vector(write.builder, column)
            )


def _columns(write: Writer, part: Callable[[int], Any], n: int) -> list[Any]:
    """Return the n columns of a strip of LANES rows; part(r) is row r.

    Rows n apart are joined, so that only parts of vectors are left to be transposed, which is cheaper.
    """
    rows = [joined(write.builder, [part(r) for r in range(k, write.lanes, n)]) for k in range(n)]
    return transposed(write.builder, rows)


@intrinsic
def copy_rows(
    typing: Any,
    memory: Any,
    to: Any,
    to_row: Any,
    table: Any,
    order: Any,
    start: Any,
    end: Any,
    first: Any,
    count: Any,
) -> Any:
    """Copy rows order[start:end] of a contiguous table to memory[to:]: `count` numbers from column `first` on.

    Where they leave room in their panel, a 1 follows them, then zeros up to a whole vector.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        to, to_row, table, order, start, end, first, count = write.arguments
        rows = context.make_array(signature.args[3])(context, builder, table)
        places = context.make_array(signature.args[4])(context, builder, order).data
        width = builder.extract_value(rows.shape, 1)
        one = write.constant(1.0)
        fits = builder.icmp_signed("<", count, write.whole(PANEL))  # else the next row begins there
        end_of_row = builder.select(fits, builder.add(count, write.whole(1)), count)
        with write.each(start, end) as r:
            example = builder.load(builder.gep(places, [r]))
            begin = builder.gep(rows.data, [builder.add(builder.mul(example, width), first)])
            here = builder.add(to, builder.mul(builder.sub(r, start), to_row))
            with write.each(write.whole(0), end_of_row, write.lanes) as n:
                left = builder.sub(count, n)
                mask, with_one = (
                    below(builder, m, write.lanes) for m in (left, builder.add(left, write.whole(1)))
                )
                pointer = builder.bitcast(builder.gep(begin, [n]), write.vector.as_pointer())
                value = Vector(builder, load_part(builder, pointer, write.vector, write.width, mask))
                write.store(write.at(here, n), value.where(mask, one.where(with_one, 0.0)))
        return context.get_dummy_value()

    return types.void(memory, types.intp, types.intp, table, order, *[types.intp] * 4), generate


@intrinsic
def _copy_strip(
    typing: Any,
    memory: Any,
    to: Any,
    to_row: Any,
    table: Any,
    order: Any,
    start: Any,
    end: Any,
    first: Any,
    count: Any,
) -> Any:
    """Copy numbers `first` to `count`, STRIP at most, of LANES rows of a table to columns; the last row is repeated."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        to, to_row, table, order, start, end, first, count = write.arguments
        rows = context.make_array(signature.args[3])(context, builder, table)
        places = context.make_array(signature.args[4])(context, builder, order).data
        width = builder.extract_value(rows.shape, 1)
        last, rest = builder.sub(end, write.whole(1)), builder.sub(count, first)
        kind, mask = ir.VectorType(write.number, STRIP), below(builder, rest, STRIP)

        def part(r: int) -> Any:
            row = write.at(start, r)
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
            begin = builder.mul(builder.load(builder.gep(places, [row])), width)
            pointer = builder.bitcast(builder.gep(rows.data, [builder.add(begin, first)]), kind.as_pointer())
            return load_part(builder, pointer, kind, write.width, mask)

        for i, column in enumerate(_columns(write, part, STRIP)):
            with builder.if_then(builder.icmp_signed("<", write.whole(i), rest)):
                place = builder.mul(to_row, builder.add(first, write.whole(i)))
                write.store(write.at(to, place), Vector(builder, column))
        return context.get_dummy_value()

    return types.void(memory, types.intp, types.intp, table, order, *[types.intp] * 4), generate


@njit(**OPTIONS)
def copy_columns(memory, to, to_row, table, order, start, end, count):
    """Copy up to LANES rows order[start:end] of a contiguous table, `count` numbers each, to columns of memory[to:]."""
    apart()
    for first in range(0, count, STRIP):
        _copy_strip(memory, to, to_row, table, order, start, end, first, count)


@intrinsic
def prefetch_rows(typing: Any, table: Any, order: Any, start: Any, end: Any) -> Any:
    """Ask for the rows order[start:end] of a contiguous table before they are needed; of long ones, for the beginning.

    Rows in random order are the one thing that the processor cannot foresee.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        table, order, start, end = arguments
        rows = context.make_array(signature.args[0])(context, builder, table)
        places = context.make_array(signature.args[1])(context, builder, order).data
        width = builder.extract_value(rows.shape, 1)
        line = ir.Constant(INTEGER, 64 // (signature.args[0].dtype.bitwidth // 8))
        most, one = ir.Constant(INTEGER, PREFETCHED), ir.Constant(INTEGER, 1)
        byte = ir.IntType(8).as_pointer()
        small = ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [byte, small, small, small])
        ask = cgutils.get_or_insert_function(builder.module, form, "llvm.prefetch.p0")
        last = builder.select(builder.icmp_signed("<", width, most), width, most)
        with cgutils.for_range_slice(builder, start, end, one, INTEGER) as (r, _):
            begin = builder.gep(rows.data, [builder.mul(builder.load(builder.gep(places, [r])), width)])

            def fetch(place: Any) -> None:
                pointer = builder.bitcast(builder.gep(begin, [place]), byte)
                builder.call(ask, [pointer, *(ir.Constant(small, n) for n in (0, 3, 1))])

            with cgutils.for_range_slice(builder, ir.Constant(INTEGER, 0), last, line, INTEGER) as (n, _):
                fetch(n)
            fetch(builder.sub(last, one))
        return context.get_dummy_value()

    return types.void(table, order, types.intp, types.intp), generate
