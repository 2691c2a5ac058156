"""The first layer over a sparse X: only what is not 0 is multiplied.

Of row n of X, the list of its inputs j and that of their values x_nj run from starts[n] to starts[n + 1].

    a_n  = b_1 + sum_j x_nj W_1[:, j]        over the list of row n
    dW_1[:, j] = sum_n x_nj dL/da_n          over the list of column j, db_1 over that of a column of ones

Both are sums of rows that lie together, each times a number: W_1 is kept as its transpose, dL/da_1 with a row for every
example. The lists of columns are made anew for each batch, one for every part of it that a thread makes, and are
summed in the order of the parts, which is that of the examples.

In memory are the values, and those of the lists of columns. Among the engine's integers, `lists`, are the starts and
inputs of X; for each position in the batch, where its row's list begins (places[FIRSTS]) and ends (places[ENDS]); from
places[COLUMNS_OF] on, n_0 + 3 numbers a part, of which the first n_0 + 2 say where the lists of columns begin; and
from places[COLUMN_ROWS] on, the positions in those lists.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.tiles import SET, STRIP, transpose_tile
from deltarule.engines.compiled.kernels.vectors import (
    Variable,
    Vector,
    Writer,
    apart,
    below,
    lanes_of,
    spread,
)
from deltarule.engines.compiled.plan import (
    AT,
    COLUMN_ROWS,
    COLUMN_VALUES,
    COLUMNS,
    COLUMNS_OF,
    ENDS,
    EXAMPLE_ROWS,
    FIRSTS,
    HEIGHT,
    INPUT,
    INPUTS,
    N_OUT,
    PANEL,
    PANEL_WIDTH,
    ROWS,
    ROWS_STEP,
    STARTS,
    THETA,
    TURNING,
    VALUES,
    H,
)


def _sums_of(vectors: int) -> Any:
    """Return the intrinsic of weighted sums of rows, so many vectors wide, one for each of some lists."""

    @intrinsic
    def weighted(
        typing: Any, memory: Any, to: Any, to_row: Any, begin: Any, begin_row: Any, lists: Any, firsts: Any, ends: Any,
        count: Any, values: Any, rows: Any, at: Any, row: Any, width: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            to, to_row, begin, begin_row, _, firsts, ends, count, values, rows, at, row, width = (
                write.arguments
            )
            data = context.make_array(signature.args[5])(context, builder, arguments[5]).data
            first_of, end_of, places = (builder.gep(data, [start]) for start in (firsts, ends, rows))
            numbers = builder.gep(write.data, [values])
            zeros = ir.Constant(write.vector, [0.0] * write.lanes)
            has_begin = builder.icmp_signed(">=", begin, write.whole(0))
            left = builder.sub(width, write.whole((vectors - 1) * write.lanes))
            mask = below(builder, left, write.lanes)
            masks = [None] * (vectors - 1) + [mask]
            sums = [Variable(Vector(builder, zeros)) for _ in range(vectors)]
            with write.each(write.whole(0), count) as n:
                start = builder.add(begin, builder.mul(n, begin_row))
                start = builder.select(has_begin, start, write.whole(0))
                for v in range(vectors):
                    found = write.load(write.at(start, v * write.lanes))
                    sums[v].set(Vector(builder, builder.select(has_begin, found.value, zeros)))
                limits = (builder.load(builder.gep(begin, [n])) for begin in (first_of, end_of))
                with write.each(*limits) as e:
                    x = Vector(builder, spread(builder, builder.load(builder.gep(numbers, [e])), write.lanes))
                    here = write.at(at, builder.mul(builder.load(builder.gep(places, [e])), row))
                    for v in range(vectors):
                        sums[v].set(sums[v].get() + x * write.load(write.at(here, v * write.lanes)))
                goal = builder.add(to, builder.mul(n, to_row))
                for v in range(vectors):
                    write.store(write.at(goal, v * write.lanes), sums[v].get(), masks[v])
            return context.get_dummy_value()

        integer = types.intp
        return types.void(memory, *[integer] * 4, lists, *[integer] * 8), generate

    return weighted


_1, _2, _3, _4 = (_sums_of(vectors) for vectors in range(1, STRIP + 1))


@njit(**OPTIONS)
def weighted_sums(
    memory, to, to_row, begin, begin_row, lists, firsts, ends, count, values, rows, at, row, width
):  # fmt: skip
    """Write begin_n + sum_e memory[values + e] memory[at + row lists[rows + e]:] to memory[to + n to_row:].

    For `count` n; e runs over list n, from lists[firsts + n] to lists[ends + n]; begin_n is what lies from
    begin + n begin_row on, and nothing where begin is negative; all are `width` numbers long, STRIP vectors at most.
    """
    apart()
    vectors = (width + lanes_of(memory) - 1) // lanes_of(memory)
    if vectors == 4:
        _4(memory, to, to_row, begin, begin_row, lists, firsts, ends, count, values, rows, at, row, width)
    elif vectors == 3:
        _3(memory, to, to_row, begin, begin_row, lists, firsts, ends, count, values, rows, at, row, width)
    elif vectors == 2:
        _2(memory, to, to_row, begin, begin_row, lists, firsts, ends, count, values, rows, at, row, width)
    else:
        _1(memory, to, to_row, begin, begin_row, lists, firsts, ends, count, values, rows, at, row, width)


@njit(**OPTIONS)
def list_rows(places, lists, order, begin, end, chunk):
    """Note where the lists of the examples order[begin:end] are, at their positions from a chunk on."""
    first = chunk * places[COLUMNS]
    for r in range(begin, end):
        lists[places[FIRSTS] + first + r] = lists[places[STARTS] + order[r]]
        lists[places[ENDS] + first + r] = lists[places[STARTS] + order[r] + 1]


@njit(**OPTIONS)
def multiply_listed(memory, layers, places, lists, chunk, count):
    """Make a_1 of the `count` examples of a chunk."""
    apart()
    lanes, columns, n, row = lanes_of(memory), places[COLUMNS], layers[1, N_OUT], layers[1, INPUT]
    theta, turning = places[THETA] + layers[1, AT], places[TURNING] + chunk * lanes * PANEL
    bias = theta + layers[0, N_OUT] * row
    h = layers[1, H] + chunk * layers[1, HEIGHT] * columns
    for first in range(0, n, STRIP * lanes):
        width = min(STRIP * lanes, n - first)
        for column in range(0, count, lanes):
            position = chunk * columns + column
            weighted_sums(
                memory, turning, PANEL, bias + first, 0, lists, places[FIRSTS] + position, places[ENDS] + position,
                min(lanes, count - column), places[VALUES], places[INPUTS], theta + first, row, width,
            )  # fmt: skip
            for j in range(0, width, lanes):
                transpose_tile(memory, h + (first + j) * columns + column, columns, turning + j, PANEL)
    for column in range(columns if n % lanes > 0 else 0):  # the transposed went beyond the units
        memory[h + n * columns + column] = 1.0


@njit(**OPTIONS)
def list_columns(memory, layers, places, lists, order, first, count, part):
    """List by columns what a part of the batch `order` has: `count` examples from position `first` on."""
    apart()
    starts, inputs, values = places[STARTS], places[INPUTS], places[VALUES]
    n, begin, entry = layers[0, N_OUT], places[COLUMNS_OF] + part * (layers[0, N_OUT] + 3), first
    for r in range(first):
        entry += lists[starts + order[r] + 1] - lists[starts + order[r]]
    lists[begin] = lists[begin + 1] = entry
    for j in range(2, n + 3):
        lists[begin + j] = 0
    for r in range(first, first + count):
        for e in range(lists[starts + order[r]], lists[starts + order[r] + 1]):
            lists[begin + lists[inputs + e] + 2] += 1
    lists[begin + n + 2] = count
    for j in range(2, n + 3):
        lists[begin + j] += lists[begin + j - 1]
    for r in range(first, first + count):  # lists[begin + 1 + j]: the next place in the list of column j
        for e in range(lists[starts + order[r]], lists[starts + order[r] + 1]):
            at = begin + 1 + lists[inputs + e]
            lists[places[COLUMN_ROWS] + lists[at]] = r
            memory[places[COLUMN_VALUES] + lists[at]] = memory[values + e]
            lists[at] += 1
        lists[places[COLUMN_ROWS] + lists[begin + 1 + n]] = r
        memory[places[COLUMN_VALUES] + lists[begin + 1 + n]] = 1.0
        lists[begin + 1 + n] += 1


@njit(**OPTIONS)
def add_listed(memory, layers, places, lists, block, to, to_row, chunk, first_part, parts, mode):
    """Set to, or add to, memory[to:] the gradient of a block of the first layer over examples from a chunk on.

    It is made strip by strip, so that dL/da_1 of a strip's units stays in the first cache. Their lists of columns are
    those of `parts` parts from `first_part` on.
    """
    apart()
    r0, r1, c0, c1, panel = block[1], block[2], block[3], block[4], layers[1, PANEL_WIDTH]
    strip, begin = STRIP * lanes_of(memory), layers[1, ROWS] + chunk * layers[1, ROWS_STEP]
    for part in range(first_part, first_part + parts):
        firsts = places[COLUMNS_OF] + part * (layers[0, N_OUT] + 3) + r0
        for c in range(c0, c1, strip):
            at, goal = begin + c // PANEL * places[EXAMPLE_ROWS] * panel + c % PANEL, to + c - c0
            start = goal - goal - 1 if mode == SET and part == first_part else goal
            weighted_sums(
                memory, goal, to_row, start, to_row, lists, firsts, firsts + 1, r1 - r0, places[COLUMN_VALUES],
                places[COLUMN_ROWS], at, panel, min(strip, c1 - c),
            )  # fmt: skip
