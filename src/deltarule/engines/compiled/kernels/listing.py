"""The first layer over a sparse X: only what is not 0 is multiplied.

Of row n of X, the list of its inputs j and that of their values x_nj run from starts[n] to starts[n + 1].

    a_n            = b_1 + sum_j x_nj W_1[:, j]
    dL/dW_1[:, j] += x_nj dL/da_n                   for every j, and dL/db_1 += dL/da_n

over the list of row n. Both go through rows that lie together: W_1 and its gradient are kept as their transposes,
dL/da_1 with a row for every example.

In memory are the values. Among the engine's integers, `lists`, are the starts and inputs of X and, for each position in
the batch, where its row's list begins (places[FIRSTS]) and ends (places[ENDS]).
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.tiles import SET, STRIP, transpose_tile
from deltarule.engines.compiled.kernels.vectors import (
    Variable,
    Vector,
    Writer,
    apart,
    below,
    call,
    lanes_of,
    spread,
)
from deltarule.engines.compiled.places import (
    AT,
    CHANGE,
    COLUMNS,
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
        typing: Any, memory: Any, to: Any, to_row: Any, begin: Any, lists: Any, firsts: Any, ends: Any, count: Any,
        values: Any, rows: Any, at: Any, row: Any, width: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            to, to_row, begin, _, firsts, ends, count, values, rows, at, row, width = write.arguments
            data = context.make_array(signature.args[4])(context, builder, arguments[4]).data
            first_of, end_of, places = (builder.gep(data, [start]) for start in (firsts, ends, rows))
            numbers = builder.gep(write.data, [values])
            left = builder.sub(width, write.whole((vectors - 1) * write.lanes))
            mask = below(builder, left, write.lanes)
            masks = [None] * (vectors - 1) + [mask]
            initial = [write.load(write.at(begin, v * write.lanes)) for v in range(vectors)]
            sums = [Variable(vector) for vector in initial]
            with write.each(write.whole(0), count) as n:
                for v in range(vectors):
                    sums[v].set(initial[v])
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
        return types.void(memory, *[integer] * 3, lists, *[integer] * 8), generate

    return weighted


_1, _2, _3, _4 = (_sums_of(vectors) for vectors in range(1, STRIP + 1))


@njit(**OPTIONS)
def weighted_sums(
    memory, to, to_row, begin, lists, firsts, ends, count, values, rows, at, row, width
):  # fmt: skip
    """Write memory[begin:] + sum_e memory[values + e] memory[at + row lists[rows + e]:] to memory[to + n to_row:].

    For `count` n; e runs over list n, from lists[firsts + n] to lists[ends + n]; all are `width` numbers long, STRIP
    vectors at most.
    """
    apart()
    vectors = (width + lanes_of(memory) - 1) // lanes_of(memory)
    if vectors == 4:
        _4(memory, to, to_row, begin, lists, firsts, ends, count, values, rows, at, row, width)
    elif vectors == 3:
        _3(memory, to, to_row, begin, lists, firsts, ends, count, values, rows, at, row, width)
    elif vectors == 2:
        _2(memory, to, to_row, begin, lists, firsts, ends, count, values, rows, at, row, width)
    else:
        _1(memory, to, to_row, begin, lists, firsts, ends, count, values, rows, at, row, width)


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
                memory, turning, PANEL, bias + first, lists, places[FIRSTS] + position, places[ENDS] + position,
                min(lanes, count - column), places[VALUES], places[INPUTS], theta + first, row, width,
            )  # fmt: skip
            for j in range(0, width, lanes):
                transpose_tile(memory, h + (first + j) * columns + column, columns, turning + j, PANEL)
    for column in range(columns if n % lanes > 0 else 0):  # the transposed went beyond the units
        memory[h + n * columns + column] = 1.0


def _products_of(vectors: int) -> Any:
    """Return the intrinsic of outer products of lists and rows, the latter so many vectors wide."""

    @intrinsic
    def spread_out(
        typing: Any, memory: Any, to: Any, to_row: Any, bias: Any, lists: Any, firsts: Any, ends: Any, count: Any,
        values: Any, inputs: Any, at: Any, row: Any, width: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            to, to_row, bias, _, firsts, ends, count, values, inputs, at, row, width = write.arguments
            data = context.make_array(signature.args[4])(context, builder, arguments[4]).data
            first_of, end_of, places = (builder.gep(data, [start]) for start in (firsts, ends, inputs))
            numbers = builder.gep(write.data, [values])
            left = builder.sub(width, write.whole((vectors - 1) * write.lanes))
            masks = [None] * (vectors - 1) + [below(builder, left, write.lanes)]

            def add(goal: Any, x: Any) -> None:
                for v in range(vectors):
                    place = write.at(goal, v * write.lanes)
                    write.store(place, write.load(place, masks[v]) + x * delta[v], masks[v])

            with write.each(write.whole(0), count) as n:
                here = write.at(at, builder.mul(n, row))
                delta = [write.load(write.at(here, v * write.lanes)) for v in range(vectors)]
                limits = (builder.load(builder.gep(begin, [n])) for begin in (first_of, end_of))
                with write.each(*limits) as e:
                    x = Vector(builder, spread(builder, builder.load(builder.gep(numbers, [e])), write.lanes))
                    add(write.at(to, builder.mul(builder.load(builder.gep(places, [e])), to_row)), x)
                add(bias, 1.0)
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * 3, lists, *[types.intp] * 8), generate

    return spread_out


_products_1, _products_2, _products_3, _products_4 = (
    _products_of(vectors) for vectors in range(1, STRIP + 1)
)


@njit(**OPTIONS)
def add_products(memory, to, to_row, bias, lists, firsts, ends, count, values, inputs, at, row, width):
    """Add memory[values + e] memory[at + n row:] to memory[to + to_row lists[inputs + e]:], and once to memory[bias:].

    For `count` n; e runs over list n, from lists[firsts + n] to lists[ends + n]; all are `width` numbers long, STRIP
    vectors at most.
    """
    apart()
    vectors = (width + lanes_of(memory) - 1) // lanes_of(memory)
    if vectors == 4:
        _products_4(memory, to, to_row, bias, lists, firsts, ends, count, values, inputs, at, row, width)
    elif vectors == 3:
        _products_3(memory, to, to_row, bias, lists, firsts, ends, count, values, inputs, at, row, width)
    elif vectors == 2:
        _products_2(memory, to, to_row, bias, lists, firsts, ends, count, values, inputs, at, row, width)
    else:
        _products_1(memory, to, to_row, bias, lists, firsts, ends, count, values, inputs, at, row, width)


@njit(**OPTIONS)
def add_listed(memory, layers, places, lists, block, to, to_row, count, mode):
    """Set to, or add to, memory[to:] the gradient of a block of the first layer over `count` examples.

    It is made strip by strip, so that what it is added to may stay in the first cache.
    """
    apart()
    n_in, r0, r1, c0, c1 = layers[0, N_OUT], block[1], block[2], block[3], block[4]
    panel, strip = layers[1, PANEL_WIDTH], STRIP * lanes_of(memory)
    if mode == SET:
        call(places[CHANGE], memory, (
            rowwise.FILL, to, to_row, 0, 0, to, to_row, r1 - r0, c1 - c0, 0.0, 0.0
        ))  # fmt: skip
    firsts = places[FIRSTS]
    ends = places[ENDS] if r0 < n_in else firsts  # where only biases learn, lists are of no interest
    for c in range(c0, c1, strip):
        goal, at = to + c - c0, layers[1, ROWS] + c // PANEL * places[EXAMPLE_ROWS] * panel + c % PANEL
        add_products(
            memory, goal - r0 * to_row, to_row, goal + (n_in - r0) * to_row, lists, firsts, ends, count,
            places[VALUES], places[INPUTS], at, panel, min(strip, c1 - c),
        )  # fmt: skip
