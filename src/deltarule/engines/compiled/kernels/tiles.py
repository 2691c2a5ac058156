"""The matrix product of the engine: tiles of C that stay in vector registers while they are summed.

    C[m, n] = sum_k A[m, k] B[k, n]      or  C[m, n] *= ...      or  C[m, n] += ...

All three products of back-propagation have this form, with rows of B and C contiguous; examples lie side by side
in h_k and delta_k, and h_k ends in a row of ones, which is the input of the biases:

    a_k     = [W_k b_k] h_{k-1}           A = [W_k b_k],  B = h_{k-1}
    delta_k = g'_k * W_{k+1}^T delta_{k+1}  A = W_{k+1}^T,  B = delta_{k+1}
    [dW_k db_k] = delta_k h_{k-1}^T       A = delta_k,    B = h_{k-1}^T   (or its transpose, A = h_{k-1}, B = delta_k^T)

A may have any strides, so W needs no transposed copy. A tile is ROWS rows of A by up to four vectors of B: every
number of A is broadcast once and every vector of B loaded once for each tile, and the sums never leave the
registers. An entry of C is always summed in the order of k, whatever the tile it falls into, so that no cut of the
work among threads changes a bit.
"""

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
    Variable,
    Vector,
    Writer,
    apart,
    below,
    joined,
    lanes_of,
    load_part,
    spread,
    store,
    transposed,
)
from deltarule.engines.compiled.places import PANEL
from deltarule.engines.compiled.processor import IS_WIDE

ROWS = 6
VECTORS = 4 if IS_WIDE else 2
"""The largest tile: ROWS rows of VECTORS vectors.

Its sums, a row of B and a number of A fill the registers: 24 + 4 + 1 of 32, or 12 + 2 + 1 of 16. Measured by
benchmarks/products.py on Zen 4 (64 and 32-byte vectors) and on Zen 3 (32), where four rows leave a quarter unused.
"""
STRIP = 4
"""Columns that are transposed together."""
PREFETCHED = 64
"""Numbers of a row that are asked for ahead; the processor follows a longer row by itself."""
SET, MULTIPLY, ADD = range(3)
"""What becomes of C."""

_NAMES = ("bands", "c", "c_row", "a", "a_row", "a_step", "b", "b_row", "N", "K", "segment", "a_jump", "mode")


def _emit(write: Writer, rows: int, vectors: int, a: dict[str, Any]) -> None:
    """Write the instructions of one tile: a loop over k within a loop over segments of k."""
    builder, lanes, align = write.builder, write.lanes, write.width
    grid = [(r, v) for r in range(rows) for v in range(vectors)]
    whole = write.whole

    def vector_at(pointer: Any, v: int) -> Any:
        return builder.bitcast(builder.gep(pointer, [whole(v * lanes)]), write.vector.as_pointer())

    before = builder.block
    outer, inner, after, done = (
        builder.append_basic_block(name) for name in ("segment", "k", "next", "sums")
    )
    zeros = ir.Constant(write.vector, [0.0] * lanes)
    begin_a, begin_b = (builder.gep(write.data, [a[name]]) for name in ("a", "b"))
    rows_of_a = [builder.mul(a["a_row"], whole(r)) for r in range(rows)]
    builder.branch(outer)

    builder.position_at_end(outer)
    left, a_segment, b_segment = (builder.phi(kind.type) for kind in (a["K"], begin_a, begin_b))
    total = {cell: builder.phi(write.vector) for cell in grid}
    count = builder.select(builder.icmp_signed("<", left, a["segment"]), left, a["segment"])
    builder.branch(inner)

    builder.position_at_end(inner)
    k, a_k, b_k = builder.phi(left.type), builder.phi(begin_a.type), builder.phi(begin_b.type)
    running = {cell: builder.phi(write.vector) for cell in grid}
    b = [builder.load(vector_at(b_k, v), align=align) for v in range(vectors)]
    summed = {}
    for r in range(rows):
        wide = spread(builder, builder.load(builder.gep(a_k, [rows_of_a[r]])), lanes)
        for v in range(vectors):
            product = builder.fmul(wide, b[v], flags=("contract",))
            summed[r, v] = builder.fadd(running[r, v], product, flags=("contract",))
    k_next = builder.add(k, whole(1))
    a_next, b_next = builder.gep(a_k, [a["a_step"]]), builder.gep(b_k, [a["b_row"]])
    builder.cbranch(builder.icmp_signed("<", k_next, count), inner, after)
    for phi, first, then in (
        (k, whole(0), k_next),
        (a_k, a_segment, a_next),
        (b_k, b_segment, b_next),
        *((running[cell], total[cell], summed[cell]) for cell in grid),
    ):
        phi.add_incoming(first, outer)
        phi.add_incoming(then, inner)

    builder.position_at_end(after)
    left_next = builder.sub(left, count)
    a_next_segment = builder.gep(a_segment, [a["a_jump"]])
    builder.cbranch(builder.icmp_signed(">", left_next, whole(0)), outer, done)
    for phi, first, then in (
        (left, a["K"], left_next),
        (a_segment, begin_a, a_next_segment),
        (b_segment, begin_b, b_next),
        *((total[cell], zeros, summed[cell]) for cell in grid),
    ):
        phi.add_incoming(first, before)
        phi.add_incoming(then, after)

    builder.position_at_end(done)
    mask = below(builder, builder.sub(a["N"], whole((vectors - 1) * lanes)), lanes)
    begin_c = builder.gep(write.data, [a["c"]])
    where = {(r, v): vector_at(builder.gep(begin_c, [builder.mul(a["c_row"], whole(r))]), v) for r, v in grid}
    end = builder.append_basic_block("stored")
    choice = builder.switch(a["mode"], end)
    for mode in (SET, MULTIPLY, ADD):
        block = builder.append_basic_block("store")
        choice.add_case(whole(mode), block)
        builder.position_at_end(block)
        for cell in grid:
            value = Vector(builder, summed[cell])
            if mode != SET:
                old = Vector(builder, builder.load(where[cell], align=align))
                value = value * old if mode == MULTIPLY else value + old
            store(builder, value.value, where[cell], align, mask if cell[1] == vectors - 1 else None)
        builder.branch(end)
    builder.position_at_end(end)


def _tile(rows: int, vectors: int) -> Any:
    """Return the intrinsic of a tile for `bands` bands of rows; places and strides count numbers of `memory`."""

    @intrinsic
    def tile(
        typing: Any, memory: Any, bands: Any, c: Any, c_row: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_row: Any,
        N: Any, K: Any, segment: Any, a_jump: Any, mode: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            a = dict(zip(_NAMES, write.arguments, strict=True))
            with write.each(write.whole(0), a["bands"]) as band:
                row = builder.mul(band, write.whole(rows))
                places = {
                    name: builder.add(a[name], builder.mul(row, a[f"{name}_row"])) for name in ("c", "a")
                }
                _emit(write, rows, vectors, a | places)
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * len(_NAMES)), generate

    return tile


def _band(rows: int) -> Any:
    """Return the function that makes bands of `rows` rows of C, up to VECTORS vectors of them."""
    _1, _2, _3, _4 = (_tile(rows, min(v, VECTORS)) for v in (1, 2, 3, 4))

    @njit(**OPTIONS)
    def band(memory, bands, vectors, c, a, rest):
        apart()
        if bands == 0:
            return
        c_row, a_row, a_step, b, b_row, N, K, segment, a_jump, mode = rest
        if vectors == 4:
            _4(memory, bands, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        elif vectors == 3:
            _3(memory, bands, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        elif vectors == 2:
            _2(memory, bands, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        else:
            _1(memory, bands, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)

    return band


_six, _five, _four, _three, _two, _one = map(_band, (6, 5, 4, 3, 2, 1))


def product(
    memory, c, c_row, a, a_row, a_step, b, b_row, b_panel, M, first, end, K, segment, a_jump, mode
):  # fmt: skip
    """Make M rows of C, and of them the columns from `first` to `end`; memory[c] is the first of them.

    Places and strides count numbers of the memory. A[m, k] is memory[a + m a_row + k a_step], but a_jump further
    on, not segment * a_step, after each `segment` of k. B[k, n] is memory[b + n // PANEL b_panel + k b_row +
    n % PANEL].
    """
    lanes = lanes_of(memory)
    n = first
    while n < end:
        vectors = min(VECTORS, (end - n + lanes - 1) // lanes, (PANEL - n % PANEL + lanes - 1) // lanes)
        N = min(end - n, vectors * lanes)
        rest = c_row, a_row, a_step, b + n // PANEL * b_panel + n % PANEL, b_row, N, K, segment, a_jump, mode
        c_n = c + n - first
        bands = M // ROWS
        if bands > 0 and 0 < M % 6 < 4:  # 4 + 3, 4 + 4 and 5 + 4 rows are better than 6 and few
            bands -= 1
        _six(memory, bands, vectors, c_n, a, rest)
        m = bands * ROWS
        if M - m == 5 or M - m == 9:
            _five(memory, 1, vectors, c_n + m * c_row, a + m * a_row, rest)
            m += 5
        bands = (M - m) // 4
        _four(memory, bands, vectors, c_n + m * c_row, a + m * a_row, rest)
        m += 4 * bands
        if M - m == 3:
            _three(memory, 1, vectors, c_n + m * c_row, a + m * a_row, rest)
        elif M - m == 2:
            _two(memory, 1, vectors, c_n + m * c_row, a + m * a_row, rest)
        elif M - m == 1:
            _one(memory, 1, vectors, c_n + m * c_row, a + m * a_row, rest)
        n += vectors * lanes


@intrinsic
def dot(typing: Any, memory: Any, x: Any, y: Any, count: Any) -> Any:
    """Return sum x y in float64 over `count` numbers of memory[x:] and memory[y:]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        x, y, count = write.arguments
        wide = ir.VectorType(ir.DoubleType(), write.lanes)
        total = Variable(Vector(builder, ir.Constant(wide, [0.0] * write.lanes)))

        def add(n: Any, mask: Any) -> None:
            factors = [write.load(write.at(place, n), mask).value for place in (x, y)]
            if write.width == 4:
                factors = [builder.fpext(factor, wide) for factor in factors]
            total.set(total.get() + Vector(builder, factors[0]) * Vector(builder, factors[1]))

        write.over(count, add)
        return total.get().total()

    return types.float64(memory, types.intp, types.intp, types.intp), generate


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
