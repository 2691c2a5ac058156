"""The matrix product of the engine: tiles of C that stay in vector registers while they are summed.

    C[m, n] = sum_k A[m, k] B[k, n]      or  C[m, n] *= ...      or  C[m, n] += ...

All three products of back-propagation have this form, with rows of B and C contiguous; examples lie side by side
in h_k and delta_k, and h_k ends in a row of ones, which is the input of the biases:

    a_k     = [W_k b_k] h_{k-1}           A = [W_k b_k],  B = h_{k-1}
    delta_k = g'_k * W_{k+1}^T delta_{k+1}  A = W_{k+1}^T,  B = delta_{k+1}
    [dW_k db_k] = delta_k h_{k-1}^T       A = delta_k,    B = h_{k-1}^T   (or its transpose, A = h_{k-1}, B = delta_k^T)

A may have any strides, so W needs no transposed copy; only in a long product a block of it is turned at a time. A tile
is ROWS rows of A by up to four vectors of B: every number of A is broadcast once and every vector of B loaded once for
each tile, and the sums never leave the registers. An entry of C is always summed in the order of k, whatever the tile
it falls into, so that no cut of the work among threads changes a bit.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.copying import transpose_tile
from deltarule.engines.compiled.kernels.vectors import (
    Vector,
    Writer,
    apart,
    below,
    bytes_of,
    lanes_of,
    spread,
    store,
)
from deltarule.engines.compiled.places import PANEL
from deltarule.engines.compiled.processor import LANES_4
from deltarule.engines.compiled.shapes import (
    ACROSS,
    BREADTH,
    DEEPEST,
    IN_FIRST,
    IN_SECOND,
    IS_BLOCKED,
    LEAST,
    ROWS,
    SHALLOW,
    TALLEST,
    TALLEST_TURNED,
    VECTORS,
)

SET, MULTIPLY, ADD, KEEP = range(4)
"""What becomes of C; KEEP: the sums wait for the next k."""
_ZERO = np.int64(0)
"""As a number and not as a literal, for which Numba would compile everything once more."""

_NAMES = "c_row", "a_row", "a_step", "b_row", "N", "K", "segment", "a_jump", "start", "mode"
"""What bands are told beside their places."""


def _unforeseen(builder: Any, number: Any) -> Any:
    """Return an integer of which LLVM does not know how it was made.

    Else it sums the distances of the rows of A up from one to the next, which takes longer than a tile's products.
    """
    kind = ir.FunctionType(number.type, [number.type])
    return builder.asm(kind, "", "=r,0", [number], side_effect=False)


def _emit(write: Writer, rows: int, vectors: int, a: dict[str, Any], begin_b: Any, kept: Any) -> None:
    """Write the instructions of one tile: a loop over k within a loop over segments of k.

    kept: where the sums of a tile are between two blocks of k.
    """
    builder, lanes, align = write.builder, write.lanes, write.width
    grid = [(r, v) for r in range(rows) for v in range(vectors)]
    whole = write.whole

    def vector_at(pointer: Any, v: int) -> Any:
        return builder.bitcast(builder.gep(pointer, [whole(v * lanes)]), write.vector.as_pointer())

    outer, inner, after, done = (
        builder.append_basic_block(name) for name in ("segment", "k", "next", "sums")
    )
    places = {(r, v): vector_at(kept, r * vectors + v) for r, v in grid}
    first, going_on, before = (builder.append_basic_block(name) for name in ("first", "going_on", "before"))
    builder.cbranch(builder.icmp_signed("==", a["start"], whole(0)), first, going_on)
    builder.position_at_end(first)
    builder.branch(before)
    builder.position_at_end(going_on)
    so_far = {cell: builder.load(place, align=align) for cell, place in places.items()}
    builder.branch(before)
    builder.position_at_end(before)
    zeros = ir.Constant(write.vector, [0.0] * lanes)
    initial = {cell: builder.phi(write.vector) for cell in grid}
    for cell, phi in initial.items():
        phi.add_incoming(zeros, first)
        phi.add_incoming(so_far[cell], going_on)
    begin_a = builder.gep(write.data, [a["a"]])
    rows_of_a = [_unforeseen(builder, builder.mul(a["a_row"], whole(r))) for r in range(rows)]
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
        *((total[cell], initial[cell], summed[cell]) for cell in grid),
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
    block = builder.append_basic_block("keep")
    choice.add_case(whole(KEEP), block)
    builder.position_at_end(block)
    for cell, place in places.items():
        builder.store(summed[cell], place, align=align)
    builder.branch(end)
    builder.position_at_end(end)


def _band(rows: int) -> Any:
    """Return the intrinsic of `bands` bands of `rows` rows of C, below each other, and up to VECTORS vectors of them.

    Places and strides count numbers of `memory`.
    """

    @intrinsic
    def band(
        typing: Any, memory: Any, kept: Any, b: Any, bands: Any, vectors: Any, c: Any, a: Any, rest: Any
    ) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            kept, b, bands, vectors, c, a, rest = write.arguments
            given = {name: builder.extract_value(rest, n) for n, name in enumerate(_NAMES)}
            end = builder.append_basic_block("bands_done")
            choice = builder.switch(vectors, end)
            for count in range(1, VECTORS + 1):
                block = builder.append_basic_block("tiles")
                choice.add_case(write.whole(count), block)
                builder.position_at_end(block)
                with write.each(write.whole(0), bands) as n:
                    row = builder.mul(n, write.whole(rows))
                    places = {
                        "c": builder.add(c, builder.mul(row, given["c_row"])),
                        "a": builder.add(a, builder.mul(row, given["a_row"])),
                    }
                    here = builder.gep(kept, [builder.mul(row, write.whole(count * write.lanes))])
                    _emit(write, rows, count, given | places, b, here)
                builder.branch(end)
            builder.position_at_end(end)
            return context.get_dummy_value()

        return types.void(memory, kept, b, bands, vectors, c, a, rest), generate

    return band


_six, _five, _four, _three, _two, _one = map(_band, (6, 5, 4, 3, 2, 1))


@intrinsic
def _room(typing: Any, memory: Any) -> Any:
    """Return where there is room on the stack for the sums of a block, its part of B, and that of A if it is turned."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind, size = context.get_data_type(memory.dtype), memory.dtype.bitwidth // 8
        turned = (TALLEST_TURNED // size + LANES_4) * (DEEPEST + LANES_4)
        return cgutils.alloca_once(builder, kind, (TALLEST + DEEPEST) * BREADTH // size + turned)

    return types.CPointer(memory.dtype)(memory), generate


@intrinsic
def _beyond(typing: Any, pointer: Any, numbers: Any) -> Any:
    """Return the pointer so many numbers on."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return types.CPointer(pointer.dtype)(pointer, types.intp), generate


@intrinsic
def _copy_vector(typing: Any, to: Any, at: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, types.void(to), [arguments[0]])
        place = builder.bitcast(arguments[1], write.vector.as_pointer())
        write.store(write.whole(0), Vector(builder, builder.load(place, align=write.width)))
        return context.get_dummy_value()

    return types.void(to, at), generate


@njit(**OPTIONS)
def _pack(to, b, b_row, width, count):
    """Copy `count` rows of B, of whole vectors, so that what a tile goes through lies together."""
    apart()
    lanes = lanes_of(to)
    tile = VECTORS * lanes
    full = width // tile * tile
    rest = width - full
    for k in range(count):
        for n in range(0, full, tile):
            for v in range(0, tile, lanes):
                _copy_vector(_beyond(to, n * count + k * tile + v), _beyond(b, k * b_row + n + v))
        for n in range(0, rest, lanes):
            _copy_vector(_beyond(to, full * count + k * rest + n), _beyond(b, k * b_row + full + n))


@intrinsic
def _place_of(typing: Any, memory: Any, pointer: Any) -> Any:
    """Return how many numbers after the memory's first one a pointer is: a place on the stack as one of the memory."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        here, first = (
            builder.ptrtoint(each, write.whole(0).type) for each in (write.arguments[0], write.data)
        )
        return builder.sdiv(builder.sub(here, first), write.whole(write.width))

    return types.intp(memory, pointer), generate


@njit(**OPTIONS)
def _turn(memory, to, to_row, a, a_step, rows, count):
    """Copy `count` columns of A, whose numbers lie side by side, so that what follows in k lies together."""
    apart()
    lanes = lanes_of(memory)
    for k in range(0, count, lanes):
        for m in range(0, rows, lanes):
            transpose_tile(memory, to + m * to_row + k, to_row, a + m + k * a_step, a_step)


@njit(**OPTIONS)
def _strip(memory, kept, b, M, vectors, c, a, rest):
    """Make the tiles of M rows of C below each other."""
    c_row, a_row, row = rest[0], rest[1], vectors * lanes_of(memory)
    bands = M // ROWS
    if bands > 0 and 0 < M % 6 < 4:  # 4 + 3, 4 + 4 and 5 + 4 rows are better than 6 and few
        bands -= 1
    _six(memory, kept, b, bands, vectors, c, a, rest)
    m = bands * ROWS
    if M - m == 5 or M - m == 9:
        _five(memory, _beyond(kept, m * row), b, 1, vectors, c + m * c_row, a + m * a_row, rest)
        m += 5
    bands = (M - m) // 4
    _four(memory, _beyond(kept, m * row), b, bands, vectors, c + m * c_row, a + m * a_row, rest)
    m += 4 * bands
    if M - m == 3:
        _three(memory, _beyond(kept, m * row), b, 1, vectors, c + m * c_row, a + m * a_row, rest)
    elif M - m == 2:
        _two(memory, _beyond(kept, m * row), b, 1, vectors, c + m * c_row, a + m * a_row, rest)
    elif M - m == 1:
        _one(memory, _beyond(kept, m * row), b, 1, vectors, c + m * c_row, a + m * a_row, rest)


@njit(**OPTIONS)
def _block_of(memory, K, segment, is_across):
    """Return k and rows of a block: about equal parts of K, in whole segments."""
    apart()
    size = bytes_of(memory)
    deep = min(ACROSS if is_across else DEEPEST, IN_FIRST // (VECTORS * lanes_of(memory) * size))
    unit = segment if segment < K else 1
    blocks = (K + deep - 1) // deep
    deep = max(1, min(deep, (K + blocks - 1) // blocks + unit - 1) // unit) * unit
    return deep, min(TALLEST, max(LEAST, IN_SECOND // (deep * size) // ROWS * ROWS))


def product(
    memory, c, c_row, a, a_row, a_step, b, b_row, b_panel, M, first, end, K, segment, a_jump, mode
):  # fmt: skip
    """Make M rows of C, and of them the columns from `first` to `end`; memory[c] is the first of them.

    Places and strides count numbers of the memory. A[m, k] is memory[a + m a_row + k a_step], but a_jump further
    on, not segment * a_step, after each `segment` of k. B[k, n] is memory[b + n // PANEL b_panel + k b_row +
    n % PANEL].
    """
    if IS_BLOCKED and M >= LEAST and K > SHALLOW and (segment == K or segment <= PANEL):
        _product_by_blocks(
            memory, c, c_row, a, a_row, a_step, b, b_row, b_panel, M, first, end, K, segment, a_jump, mode
        )  # fmt: skip
        return
    lanes, n = lanes_of(memory), first
    kept = _beyond(memory, 0)  # nothing is kept
    while n < end:
        vectors = min(VECTORS, (end - n + lanes - 1) // lanes, (PANEL - n % PANEL + lanes - 1) // lanes)
        count = min(end - n, vectors * lanes)
        rest = c_row, a_row, a_step, b_row, count, K, segment, a_jump, _ZERO, mode
        b_n = _beyond(memory, b + n // PANEL * b_panel + n % PANEL)
        _strip(memory, kept, b_n, M, vectors, c + n - first, a, rest)
        n += vectors * lanes


@njit(**OPTIONS)
def _product_by_blocks(
    memory, c, c_row, a, a_row, a_step, b, b_row, b_panel, M, first, end, K, segment, a_jump, mode
):  # fmt: skip
    """Make a long product in blocks: some columns of C, of these some rows, and these by blocks of k.

    Between blocks of k the sums of all tiles are kept on the stack. Within a block B is packed, and A turned where
    its rows do not go along k.
    """
    apart()
    lanes, size, room = lanes_of(memory), bytes_of(memory), _room(memory)
    is_across = a_row == 1 and a_step != 1 and segment == K  # the rows of A do not go along k
    is_turned = is_across and K > DEEPEST
    deep, tall = _block_of(memory, K, segment, is_across and not is_turned)
    wide = BREADTH // size
    if is_turned:
        tall = min(tall, TALLEST_TURNED // size)
    turned = _place_of(memory, _beyond(room, (TALLEST + DEEPEST) * wide))
    for left in range(first // wide * wide, end, wide):
        right = min(end, left + wide)
        for top in range(0, M, tall):
            rows = min(tall, M - top)
            for k in range(0, K, deep):
                count = min(deep, K - k)
                a_k = a + top * a_row + (k * a_step if segment == K else k // segment * a_jump)
                row_k, step_k = a_row, a_step
                if is_turned:
                    row_k, step_k = (count + lanes - 1) // lanes * lanes, 1
                    _turn(memory, turned, row_k, a_k, a_step, rows, count)
                    a_k = turned
                kept, packed = room, _beyond(room, TALLEST * wide)
                n = max(first, left)
                while n < right:
                    edge = min(right, (n // PANEL + 1) * PANEL)
                    b_n = _beyond(memory, b + n // PANEL * b_panel + n % PANEL + k * b_row)
                    _pack(packed, b_n, b_row, (edge - n + lanes - 1) // lanes * lanes, count)
                    while n < edge:
                        vectors = min(VECTORS, (edge - n + lanes - 1) // lanes)
                        row = vectors * lanes
                        rest = (
                            c_row, row_k, step_k, row, min(edge - n, row), count, min(segment, count), a_jump, k,
                            mode if k + count == K else KEEP,
                        )  # fmt: skip
                        _strip(memory, kept, packed, rows, vectors, c + top * c_row + n - first, a_k, rest)
                        kept, packed, n = _beyond(kept, rows * row), _beyond(packed, count * row), n + row
