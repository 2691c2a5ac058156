"""The first layer over a sparse X: only what is not 0 is multiplied.

Of row n of X, the list of its inputs j and that of their values x_nj run from starts[n] to starts[n + 1].

    a_n            = b_1 + sum_j x_nj W_1[:, j]
    dL/dW_1[:, j] += x_nj dL/da_n                   for every j, and dL/db_1 += dL/da_n

over the list of row n. Where numbers are in bins, W_1 is V, and its gradient then becomes that by the weights, see
`bins.py`. Both go through rows that lie together: W_1 and its gradient are kept as their transposes,
dL/da_1 with a row for every example.

In memory are the values. Among the engine's integers, `lists`, are the starts and inputs of X and, for each position in
the batch, where its row's list begins (places[FIRSTS]) and ends (places[ENDS]).
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.copying import transpose_tile
from deltarule.engines.compiled.kernels.tiles import SET
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
    BINNED,
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
    READ,
    ROWS,
    STARTS,
    THETA,
    TURNING,
    VALUES,
    H,
)
from deltarule.engines.compiled.shapes import STRIP


class Strip:
    """Writes what goes through some lists beside rows of memory, so many vectors wide: its arguments, and its loops."""

    def __init__(self, write: Writer, vectors: int, lists: Any) -> None:
        self.write, self.vectors, builder = write, vectors, write.builder
        (
            self.to,
            self.to_row,
            self.start,
            _,
            firsts,
            ends,
            self.count,
            values,
            inputs,
            self.at,
            self.row,
            width,
        ) = write.arguments
        self.firsts, self.ends, self.inputs = (
            builder.gep(lists, [begin]) for begin in (firsts, ends, inputs)
        )
        self.values = builder.gep(write.data, [values])
        left = builder.sub(width, write.whole((vectors - 1) * write.lanes))
        self.masks = [None] * (vectors - 1) + [below(builder, left, write.lanes)]

    def row_at(self, place: Any, n: Any, row: Any) -> Any:
        """Return the place of row n of those from `place` on."""
        return self.write.at(place, self.write.builder.mul(n, row))

    def load(self, place: Any) -> list[Vector]:
        return [self.write.load(self.write.at(place, v * self.write.lanes)) for v in range(self.vectors)]

    def store(self, place: Any, values: list[Vector]) -> None:
        for v, (value, mask) in enumerate(zip(values, self.masks, strict=True)):
            self.write.store(self.write.at(place, v * self.write.lanes), value, mask)

    @contextmanager
    def entries(self, n: Any) -> Generator[tuple[Vector, Any]]:
        """Write a loop over list n; gives an entry's value, in all numbers of a vector, and its input."""
        write, builder = self.write, self.write.builder
        limits = (builder.load(builder.gep(begin, [n])) for begin in (self.firsts, self.ends))
        with write.each(*limits) as e:
            x = spread(builder, builder.load(builder.gep(self.values, [e])), write.lanes)
            yield Vector(builder, x), builder.load(builder.gep(self.inputs, [e]))


def _write_sums(strip: Strip, n: Any) -> None:
    """Write to[n] = start + sum_e x_e at[j_e]."""
    sums = [Variable(vector) for vector in strip.load(strip.start)]
    with strip.entries(n) as (x, j):
        for total, w in zip(sums, strip.load(strip.row_at(strip.at, j, strip.row)), strict=True):
            total.set(total.get() + x * w)
    strip.store(strip.row_at(strip.to, n, strip.to_row), [total.get() for total in sums])


def _write_products(strip: Strip, n: Any) -> None:
    """Write to[j_e] += x_e at[n] for every e, and start += at[n]."""
    delta = strip.load(strip.row_at(strip.at, n, strip.row))

    def add(place: Any, x: Any) -> None:
        strip.store(place, [old + x * d for old, d in zip(strip.load(place), delta, strict=True)])

    with strip.entries(n) as (x, j):
        add(strip.row_at(strip.to, j, strip.to_row), x)
    add(strip.start, 1.0)


def _of_width(vectors: int, write_list: Callable[[Strip, Any], None]) -> Any:
    """Return the intrinsic that does something for `count` lists, so many vectors wide."""

    @intrinsic
    def through_lists(
        typing: Any, memory: Any, to: Any, to_row: Any, start: Any, lists: Any, firsts: Any, ends: Any, count: Any,
        values: Any, inputs: Any, at: Any, row: Any, width: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            data = context.make_array(signature.args[4])(context, builder, arguments[4]).data
            strip = Strip(Writer(context, builder, signature, arguments), vectors, data)
            with strip.write.each(strip.write.whole(0), strip.count) as n:
                write_list(strip, n)
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * 3, lists, *[types.intp] * 8), generate

    return through_lists


def _of_any_width(write_list: Callable[[Strip, Any], None]) -> Any:
    """Return the function that does something for lists, up to STRIP vectors wide."""
    _1, _2, _3, _4 = (_of_width(vectors, write_list) for vectors in range(1, STRIP + 1))

    @njit(**OPTIONS)
    def through_lists(memory, to, to_row, start, lists, firsts, ends, count, values, inputs, at, row, width):
        apart()
        vectors = (width + lanes_of(memory) - 1) // lanes_of(memory)
        if vectors == 4:
            _4(memory, to, to_row, start, lists, firsts, ends, count, values, inputs, at, row, width)
        elif vectors == 3:
            _3(memory, to, to_row, start, lists, firsts, ends, count, values, inputs, at, row, width)
        elif vectors == 2:
            _2(memory, to, to_row, start, lists, firsts, ends, count, values, inputs, at, row, width)
        else:
            _1(memory, to, to_row, start, lists, firsts, ends, count, values, inputs, at, row, width)

    return through_lists


weighted_sums, add_products = _of_any_width(_write_sums), _of_any_width(_write_products)
"""The forward and the backward pass over `count` lists n of entries e, from lists[firsts + n] to lists[ends + n], with
values x_e and inputs j_e. Rows from `to`, `start` and `at` on are `width` numbers long, STRIP vectors at most."""


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
    theta, turning = places[THETA] + layers[1, READ], places[TURNING] + chunk * lanes * PANEL
    bias = theta + (layers[0, N_OUT] + places[BINNED]) * row
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


@njit(**OPTIONS)
def add_listed(memory, layers, places, lists, block, to, to_row, count, mode):
    """Set to, or add to, memory[to:] the gradient of a block of the first layer over `count` examples.

    It is made strip by strip, so that what it is added to may stay in the first cache.
    """
    apart()
    n_in, r0, r1, c0, c1 = layers[0, N_OUT], block[1], block[2], block[3], block[4]
    more = places[BINNED] if r0 < n_in else 0  # rows of what is no weight, before that of the biases
    panel, strip = layers[1, PANEL_WIDTH], STRIP * lanes_of(memory)
    if mode == SET:
        call(places[CHANGE], memory, (
            rowwise.FILL, to, to_row, 0, 0, to, to_row, r1 - r0 + more, c1 - c0, 0.0, 0.0
        ))  # fmt: skip
    firsts = places[FIRSTS]
    ends = places[ENDS] if r0 < n_in else firsts  # where only biases learn, lists are of no interest
    for c in range(c0, c1, strip):
        goal, at = to + c - c0, layers[1, ROWS] + c // PANEL * places[EXAMPLE_ROWS] * panel + c % PANEL
        add_products(
            memory, goal - r0 * to_row, to_row, goal + (n_in - r0 + more) * to_row, lists, firsts, ends, count,
            places[VALUES], places[INPUTS], at, panel, min(strip, c1 - c),
        )  # fmt: skip
