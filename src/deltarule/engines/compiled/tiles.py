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

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from deltarule.engines.compiled.keeping import OPTIONS
from deltarule.engines.compiled.vectors import (
    INTEGER,
    IS_WIDE,
    Kernel,
    Vector,
    Writer,
    apart,
    below,
    lanes_of,
    load_part,
    spread,
    store,
    transposed,
)

ROWS = 6 if IS_WIDE else 4
VECTORS = 4 if IS_WIDE else 2
"""The largest tile: ROWS rows of VECTORS vectors."""
PANEL = 64
"""Columns that lie together in B, a multiple of VECTORS vectors: its rows are PANEL or fewer numbers apart."""
PREFETCHED = 64
"""Numbers of a row that are asked for ahead; the processor follows a longer row by itself."""
SET, MULTIPLY, ADD = range(3)
"""What becomes of C."""

_NAMES = ("c", "c_row", "a", "a_row", "a_step", "b", "b_row", "N", "K", "segment", "a_jump", "mode")


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
    """Return the intrinsic of one tile; places and strides count numbers of `memory`."""

    @intrinsic
    def tile(
        typing: Any, memory: Any, c: Any, c_row: Any, a: Any, a_row: Any, a_step: Any, b: Any, b_row: Any,
        N: Any, K: Any, segment: Any, a_jump: Any, mode: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            _emit(write, rows, vectors, dict(zip(_NAMES, write.arguments, strict=True)))
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * len(_NAMES)), generate

    return tile


def _band(rows: int) -> Any:
    """Return the function that makes `rows` rows of C, up to VECTORS vectors of them."""
    _1, _2, _3, _4 = (_tile(rows, min(v, VECTORS)) for v in (1, 2, 3, 4))

    @njit(**OPTIONS)
    def band(memory, vectors, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode):
        apart()
        if vectors == 4:
            _4(memory, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        elif vectors == 3:
            _3(memory, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        elif vectors == 2:
            _2(memory, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)
        else:
            _1(memory, c, c_row, a, a_row, a_step, b, b_row, N, K, segment, a_jump, mode)

    return band


_six, _five, _four, _three, _two, _one = (_band(min(rows, ROWS)) for rows in (6, 5, 4, 3, 2, 1))


def _product(
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
        from_b, to_c = b + n // PANEL * b_panel + n % PANEL, c + n - first
        m = 0
        while m < M:
            to, of = to_c + m * c_row, a + m * a_row
            rest = M - m
            if ROWS == 6 and rest >= 6 and not 7 <= rest <= 9:
                _six(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 6
            elif ROWS == 6 and (rest == 5 or rest == 9):
                _five(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 5
            elif rest >= 4:
                _four(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 4
            elif rest == 3:
                _three(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 3
            elif rest == 2:
                _two(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 2
            else:
                _one(
                    memory, vectors, to, c_row, of, a_row, a_step, from_b, b_row, N, K, segment, a_jump, mode
                )
                m += 1
        n += vectors * lanes


product = Kernel(_product)


@intrinsic
def add_squares(typing: Any, memory: Any, at: Any, count: Any) -> Any:
    """Return sum x^2 in float64 over `count` numbers from `at` on; what follows them up to a whole vector must be 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        at, count = write.arguments
        lanes, integer = write.lanes, count.type
        wide = ir.VectorType(ir.DoubleType(), lanes)
        zero = ir.Constant(integer, 0)
        before = builder.block
        body, done = builder.append_basic_block("squares"), builder.append_basic_block("squares.done")
        builder.cbranch(builder.icmp_signed(">", count, zero), body, done)
        builder.position_at_end(body)
        n, total = builder.phi(integer), builder.phi(wide)
        x = write.load(write.at(at, n)).value
        x = builder.fpext(x, wide) if write.width == 4 else x
        summed = builder.fadd(total, builder.fmul(x, x, flags=("contract",)), flags=("contract",))
        following = builder.add(n, ir.Constant(integer, lanes))
        for phi, initial, then in ((n, zero, following), (total, ir.Constant(wide, [0.0] * lanes), summed)):
            phi.add_incoming(initial, before)
            phi.add_incoming(then, body)
        builder.cbranch(builder.icmp_signed("<", following, count), body, done)
        builder.position_at_end(done)
        result = builder.phi(wide)
        result.add_incoming(ir.Constant(wide, [0.0] * lanes), before)
        result.add_incoming(summed, body)
        parts = [builder.extract_element(result, ir.Constant(ir.IntType(32), lane)) for lane in range(lanes)]
        while len(parts) > 1:
            parts = [builder.fadd(x, y) for x, y in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]

    return types.float64(memory, types.intp, types.intp), generate


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

    def place(begin: Any, distance: Any, r: int) -> Any:
        return write.at(begin, write.builder.mul(distance, write.whole(r)))

    rows = [write.load(place(at, row, r)).value for r in range(write.lanes)]
    for r, column in enumerate(transposed(write.builder, rows)):
        write.store(place(to, to_row, r), Vector(write.builder, column))


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

    A 1 follows them, then zeros up to a whole vector.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        to, to_row, table, order, start, end, first, count = write.arguments
        rows = context.make_array(signature.args[3])(context, builder, table)
        places = context.make_array(signature.args[4])(context, builder, order).data
        width = builder.extract_value(rows.shape, 1)
        one = write.constant(1.0)
        with write.each(start, end) as r:
            example = builder.load(builder.gep(places, [r]))
            begin = builder.gep(rows.data, [builder.add(builder.mul(example, width), first)])
            here = builder.add(to, builder.mul(builder.sub(r, start), to_row))
            with write.each(write.whole(0), builder.add(count, write.whole(1)), write.lanes) as n:
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
def copy_columns(
    typing: Any, memory: Any, to: Any, to_row: Any, table: Any, order: Any, start: Any, end: Any, count: Any
) -> Any:
    """Copy rows order[start:end] of a contiguous table, `count` numbers each, to columns of memory[to:]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        to, to_row, table, order, start, end, count = write.arguments
        rows = context.make_array(signature.args[3])(context, builder, table)
        places = context.make_array(signature.args[4])(context, builder, order).data
        width = builder.extract_value(rows.shape, 1)
        with write.each(start, end) as r:
            example = builder.load(builder.gep(places, [r]))
            begin = builder.gep(rows.data, [builder.mul(example, width)])
            here = builder.gep(write.data, [builder.add(to, builder.sub(r, start))])
            with write.each(write.whole(0), count) as i:
                builder.store(
                    builder.load(builder.gep(begin, [i])), builder.gep(here, [builder.mul(i, to_row)])
                )
        return context.get_dummy_value()

    return types.void(memory, types.intp, types.intp, table, order, *[types.intp] * 3), generate


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
