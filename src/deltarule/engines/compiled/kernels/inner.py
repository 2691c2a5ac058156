"""Inner products of rows, for the gradient of narrow layers: no factor needs a row for every example.

    C[m, n] = sum_k A[m, k] B[n, k]      or  C[m, n] += ...

with examples k side by side in A and B, as dL/da_k and h_{k-1} lie. Lane l of a vector sums the examples l, l + lanes,
l + 2 lanes, ... in their order, and the lanes are added in pairs; so an entry has the same bits whatever tile it falls
into, and wherever a chunk of whole vectors begins.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.tiles import ADD
from deltarule.engines.compiled.kernels.vectors import Variable, Vector, Writer, apart
from deltarule.engines.compiled.shapes import FLAT, INNER_COLUMNS, TALL

_NAMES = "c", "c_row", "c_step", "a", "a_row", "b", "b_row", "M", "K", "segment", "a_jump", "b_jump", "mode"


def _tile(rows: int, columns: int) -> Any:
    """Return the intrinsic of up to `rows` rows of A by `columns` rows of B; M says how many rows there are."""

    @intrinsic
    def tile(
        typing: Any, memory: Any, c: Any, c_row: Any, c_step: Any, a: Any, a_row: Any, b: Any, b_row: Any, M: Any,
        K: Any, segment: Any, a_jump: Any, b_jump: Any, mode: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            _emit(write, rows, columns, dict(zip(_NAMES, write.arguments, strict=True)))
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * len(_NAMES)), generate

    return tile


def _emit(write: Writer, rows: int, columns: int, given: dict[str, Any]) -> None:
    """Write the instructions of one tile."""
    builder, whole = write.builder, write.whole
    last = builder.sub(given["M"], whole(1))
    there = [builder.icmp_signed("<=", whole(r), last) for r in range(rows)]
    row_of = [
        builder.select(there[r], whole(r), last) for r in range(rows)
    ]  # what is not there repeats the last
    A = [builder.add(given["a"], builder.mul(row, given["a_row"])) for row in row_of]
    B = [builder.add(given["b"], builder.mul(whole(n), given["b_row"])) for n in range(columns)]
    sums = [[Variable(write.constant(0.0)) for _ in range(columns)] for _ in range(rows)]
    segments = builder.sdiv(
        builder.sub(builder.add(given["K"], given["segment"]), whole(1)), given["segment"]
    )

    with write.each(whole(0), segments) as s:
        a_jump, b_jump = builder.mul(s, given["a_jump"]), builder.mul(s, given["b_jump"])
        left = builder.sub(given["K"], builder.mul(s, given["segment"]))
        count = builder.select(builder.icmp_signed("<", left, given["segment"]), left, given["segment"])

        def add(n: Any, mask: Any, a_jump: Any = a_jump, b_jump: Any = b_jump) -> None:
            a = [write.load(write.at(place, a_jump, n), mask) for place in A]
            b = [write.load(write.at(place, b_jump, n), mask) for place in B]
            for r in range(rows):
                for v in range(columns):
                    sums[r][v].set(sums[r][v].get() + a[r] * b[v])

        write.over(count, add)

    totals = _totals(write, [total.get() for row in sums for total in row])
    is_added = builder.icmp_signed("==", given["mode"], whole(ADD))
    for r in range(rows):
        with builder.if_then(there[r]):
            for n in range(columns):
                place = builder.add(
                    given["c"],
                    builder.add(
                        builder.mul(whole(r), given["c_row"]), builder.mul(whole(n), given["c_step"])
                    ),
                )
                zero = ir.Constant(write.number, 0.0)
                old = builder.select(is_added, write.number_at(place), zero)
                write.set_number(place, builder.fadd(old, totals[r * columns + n]))


def _totals(write: Writer, vectors: list[Vector]) -> list[Any]:
    """Return the sum of each vector's numbers. All are added at once, in pairs of neighbours, then of pairs, ..."""
    builder, lanes, index = write.builder, write.lanes, ir.IntType(32)
    totals: list[Any] = []
    for first in range(0, len(vectors), lanes):
        some = [vector.value for vector in vectors[first : first + lanes]]
        some += [write.constant(0.0).value] * (lanes - len(some))
        width = 1  # of what is summed already
        while len(some) > 1:
            masks = [
                ir.Constant(
                    ir.VectorType(index, lanes),
                    [
                        begin + odd * width + n + source * lanes
                        for begin in range(0, lanes, 2 * width)
                        for source in (0, 1)
                        for n in range(width)
                    ],
                )
                for odd in (0, 1)
            ]
            some = [
                builder.fadd(*(builder.shuffle_vector(x, y, mask) for mask in masks))
                for x, y in zip(some[::2], some[1::2], strict=True)
            ]
            width *= 2
        totals += [builder.extract_element(some[0], ir.Constant(index, lane)) for lane in range(lanes)]
    return totals


_1, _2, _3, _4, _5, _6 = (
    _tile(TALL if columns < 3 else FLAT, columns) for columns in range(1, INNER_COLUMNS + 1)
)


@njit(**OPTIONS)
def _band(memory, c, c_row, c_step, a, a_row, b, b_row, M, N, rest):
    """Make a band of up to TALL rows, or FLAT where N > 2, and N columns."""
    apart()
    K, segment, a_jump, b_jump, mode = rest
    if N == 1:
        _1(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)
    elif N == 2:
        _2(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)
    elif N == 3:
        _3(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)
    elif N == 4:
        _4(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)
    elif N == 5:
        _5(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)
    else:
        _6(memory, c, c_row, c_step, a, a_row, b, b_row, M, K, segment, a_jump, b_jump, mode)


def inner(memory, c, c_row, c_step, a, a_row, b, b_row, M, N, K, segment, a_jump, b_jump, mode):
    """Make M rows of C and N of its columns.

    Places and strides count numbers of the memory. C[m, n] is memory[c + m c_row + n c_step]; A[m, k] is
    memory[a + m a_row + k], but a_jump further on, not `segment`, after each `segment` of k; B[n, k] likewise.
    """
    n = 0
    while n < N:
        left = N - n
        columns = min(left, INNER_COLUMNS) if left != 7 and left != 8 else 4
        rows = TALL if columns < 3 else FLAT
        for m in range(0, M, rows):
            _band(
                memory, c + m * c_row + n * c_step, c_row, c_step, a + m * a_row, a_row, b + n * b_row, b_row,
                min(rows, M - m), columns, (K, segment, a_jump, b_jump, mode),
            )  # fmt: skip
        n += columns


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
