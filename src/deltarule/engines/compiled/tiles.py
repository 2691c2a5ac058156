"""The matrix product of the engine: tiles of C that stay in vector registers while they are summed.

    C[m, n] = start[m, n] + sum_k A[m, k] B[k, n]          or  C[m, n] *= sum_k A[m, k] B[k, n]

All three products of back-propagation have this form, with rows of B and C contiguous:

    a_k     = b_k + h_{k-1} W_k^T          A = h_{k-1},   B = W_k^T (a transposed copy)
    delta_k = g'_k * (delta_{k+1} W_{k+1}) A = delta_{k+1}, B = W_{k+1}
    dW_k    = delta_k^T h_{k-1}            A = delta_k^T, B = h_{k-1}

A tile is ROWS rows of A by up to four vectors of B: every number of A is broadcast once and every vector of B
loaded once for each tile, and the sums never leave the registers. An entry of C is always summed in the order of
k, whatever the tile it falls into, so that no cut of the rows among threads changes a bit.

Widths are padded to whole vectors (`LANES_4`), row counts to 4; see `plan.py`.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.functions import OPTIONS, apart

_FEATURES: dict[str, bool] = llvmlite.binding.get_host_cpu_features()
IS_WIDE = bool(_FEATURES.get("avx512f"))
"""Whether there are 32 registers of 64 bytes: room for tiles of 6 by 4 vectors."""
LANES_4: int = 16 if IS_WIDE else 8
LANES_8: int = 8 if IS_WIDE else 4
"""Numbers in a vector: of 4 bytes, of 8 bytes."""
ROWS = 6 if IS_WIDE else 4
VECTORS = 4 if IS_WIDE else 2
"""The largest tile: ROWS rows of VECTORS vectors."""


def _emit(builder: ir.IRBuilder, lanes: int, rows: int, vectors: int, a: dict[str, Any]) -> None:
    """Write the instructions of one tile; `a` holds pointers c, start, a, b and strides of type intp."""
    integer = a["K"].type
    number = a["b"].type.pointee
    vector = ir.VectorType(number, lanes)
    width = 4 if isinstance(number, ir.FloatType) else 8
    nothing = ir.Constant(vector, ir.Undefined)
    first = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
    grid = [(r, v) for r in range(rows) for v in range(vectors)]

    def whole(n: int) -> Any:
        return ir.Constant(integer, n)

    def place(pointer: Any, stride: Any, r: int, v: int) -> Any:
        row = builder.gep(pointer, [builder.mul(stride, whole(r))])
        return builder.bitcast(builder.gep(row, [whole(v * lanes)]), vector.as_pointer())

    def load(pointer: Any) -> Any:
        return builder.load(pointer, align=width)

    begin = {(r, v): load(place(a["start"], a["start_stride"], r, v)) for r, v in grid}
    before = builder.block
    body, done = builder.append_basic_block("tile"), builder.append_basic_block("tile.done")
    builder.cbranch(builder.icmp_signed(">", a["K"], whole(0)), body, done)

    builder.position_at_end(body)
    k = builder.phi(integer)
    a_k, b_k = builder.phi(a["a"].type), builder.phi(a["b"].type)
    total = {cell: builder.phi(vector) for cell in grid}
    b = [load(place(b_k, whole(0), 0, v)) for v in range(vectors)]
    summed = {}
    for r in range(rows):
        number_r = builder.load(builder.gep(a_k, [builder.mul(a["a_row"], whole(r))]))
        lane = builder.insert_element(nothing, number_r, ir.Constant(ir.IntType(32), 0))
        spread = builder.shuffle_vector(lane, nothing, first)
        for v in range(vectors):
            product = builder.fmul(spread, b[v], flags=("contract",))
            summed[r, v] = builder.fadd(total[r, v], product, flags=("contract",))
    following = builder.add(k, whole(1))
    for phi, initial, then in (
        (k, whole(0), following),
        (a_k, a["a"], builder.gep(a_k, [a["a_step"]])),
        (b_k, a["b"], builder.gep(b_k, [a["b_stride"]])),
        *((total[cell], begin[cell], summed[cell]) for cell in grid),
    ):
        phi.add_incoming(initial, before)
        phi.add_incoming(then, body)
    builder.cbranch(builder.icmp_signed("<", following, a["K"]), body, done)

    builder.position_at_end(done)
    result = {}
    for cell in grid:
        result[cell] = builder.phi(vector)
        result[cell].add_incoming(begin[cell], before)
        result[cell].add_incoming(summed[cell], body)
    is_into = builder.icmp_signed("!=", a["into"], whole(0))
    with builder.if_then(is_into):
        for r, v in grid:
            where = place(a["c"], a["c_stride"], r, v)
            builder.store(builder.fmul(result[r, v], load(where)), where, align=width)
    with builder.if_then(builder.not_(is_into)):
        for r, v in grid:
            builder.store(result[r, v], place(a["c"], a["c_stride"], r, v), align=width)


def _tile(rows: int, vectors: int) -> Any:
    """Return the intrinsic of one tile; offsets and strides count numbers of `memory`."""

    @intrinsic
    def tile(
        typing: Any, memory: Any, c: Any, c_stride: Any, start: Any, start_stride: Any,
        a: Any, a_row: Any, a_step: Any, b: Any, b_stride: Any, K: Any, into: Any,
    ) -> Any:  # fmt: skip
        names = [
            "c",
            "c_stride",
            "start",
            "start_stride",
            "a",
            "a_row",
            "a_step",
            "b",
            "b_stride",
            "K",
            "into",
        ]

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            given = dict(zip(names, arguments[1:], strict=True))
            for name in ("c", "start", "a", "b"):
                given[name] = builder.gep(array.data, [given[name]])
            width = signature.args[0].dtype.bitwidth // 8
            _emit(builder, LANES_4 if width == 4 else LANES_8, rows, vectors, given)
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * len(names)), generate

    return tile


_1x1, _1x2, _1x4 = (_tile(1, v) for v in (1, 2, 4))
_4x1, _4x2, _4x4 = (_tile(4, v) for v in (1, 2, 4))
_6x1, _6x2, _6x4 = (_tile(6, v) for v in (1, 2, 4))


@njit(**OPTIONS)
def product(memory, c, cs, start, ss, a, ar, ak, b, bs, M, N, K, into):
    """C = start + A B, or C *= start + A B where `into` is 1, for M rows and N columns of C.

    Rows beyond M may be written, up to a multiple of 4. c, start, a and b are places in `memory`; cs, ss and bs the
    distances of rows, ar and ak those of A's rows and steps.
    """
    apart()
    lanes = LANES_4 if memory.itemsize == 4 else LANES_8
    n = 0
    while n < N:
        left = (N - n) // lanes
        vectors = 4 if left >= 4 and VECTORS == 4 else 2 if left >= 2 else 1
        m = 0
        while m < M:
            C, S, A = c + m * cs + n, start + m * ss + n, a + m * ar
            if M - m == 1:
                if vectors == 4:
                    _1x4(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                elif vectors == 2:
                    _1x2(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                else:
                    _1x1(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                m += 1
            elif ROWS == 6 and M - m >= 6 and M - m != 8:
                if vectors == 4:
                    _6x4(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                elif vectors == 2:
                    _6x2(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                else:
                    _6x1(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                m += 6
            else:
                if vectors == 4:
                    _4x4(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                elif vectors == 2:
                    _4x2(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                else:
                    _4x1(memory, C, cs, S, ss, A, ar, ak, b + n, bs, K, into)
                m += 4
        n += vectors * lanes


@intrinsic
def add_squares(typing: Any, memory: Any, at: Any, count: Any) -> Any:
    """Return sum x^2 in float64 over `count` numbers from `at` on, a multiple of the vector."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = signature.args[0].dtype.bitwidth // 8
        lanes = LANES_4 if width == 4 else LANES_8
        integer = arguments[2].type
        number = context.get_data_type(signature.args[0].dtype)
        vector, wide = ir.VectorType(number, lanes), ir.VectorType(ir.DoubleType(), lanes)
        zero = ir.Constant(integer, 0)
        before, begin = builder.block, builder.gep(array.data, [arguments[1]])
        body, done = builder.append_basic_block("squares"), builder.append_basic_block("squares.done")
        builder.cbranch(builder.icmp_signed(">", arguments[2], zero), body, done)
        builder.position_at_end(body)
        n, total = builder.phi(integer), builder.phi(wide)
        x = builder.load(builder.bitcast(builder.gep(begin, [n]), vector.as_pointer()), align=width)
        x = builder.fpext(x, wide) if width == 4 else x
        summed = builder.fadd(total, builder.fmul(x, x, flags=("contract",)), flags=("contract",))
        following = builder.add(n, ir.Constant(integer, lanes))
        for phi, initial, then in ((n, zero, following), (total, ir.Constant(wide, [0.0] * lanes), summed)):
            phi.add_incoming(initial, before)
            phi.add_incoming(then, body)
        builder.cbranch(builder.icmp_signed("<", following, arguments[2]), body, done)
        builder.position_at_end(done)
        result = builder.phi(wide)
        result.add_incoming(ir.Constant(wide, [0.0] * lanes), before)
        result.add_incoming(summed, body)
        whole = ir.Constant(ir.DoubleType(), 0.0)
        for lane in range(lanes):
            part = builder.extract_element(result, ir.Constant(ir.IntType(32), lane))
            whole = builder.fadd(whole, part)
        return whole

    return types.float64(memory, types.intp, types.intp), generate


@intrinsic
def transpose_tile(typing: Any, memory: Any, to: Any, to_stride: Any, at: Any, stride: Any) -> Any:
    """Write the square of LANES by LANES numbers from `at` on to `to` on, rows as columns.

    Rows r and r + LANES/2 are interleaved into rows 2r and 2r + 1; log2(LANES) such shuffles are a transposition.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        width = signature.args[0].dtype.bitwidth // 8
        lanes = LANES_4 if width == 4 else LANES_8
        vector = ir.VectorType(context.get_data_type(signature.args[0].dtype), lanes)
        integer = arguments[1].type

        def place(begin: Any, distance: Any, r: int) -> Any:
            offset = builder.add(begin, builder.mul(distance, ir.Constant(integer, r)))
            return builder.bitcast(builder.gep(array.data, [offset]), vector.as_pointer())

        rows = [builder.load(place(arguments[3], arguments[4], r), align=width) for r in range(lanes)]
        half = lanes // 2
        masks = [
            ir.Constant(
                ir.VectorType(ir.IntType(32), lanes), [first + i // 2 + lanes * (i % 2) for i in range(lanes)]
            )
            for first in (0, half)
        ]
        for _ in range(lanes.bit_length() - 1):
            rows = [
                builder.shuffle_vector(rows[r], rows[r + half], mask) for r in range(half) for mask in masks
            ]
        for r in range(lanes):
            builder.store(rows[r], place(arguments[1], arguments[2], r), align=width)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 4), generate
