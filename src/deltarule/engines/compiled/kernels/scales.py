"""The scales of inputs, h_0 = s * x, without a look at the examples: they are folded into the first layer.

    a_1 = W_1 (s * x) + b_1 = W' x + b_1,    W' = W_1 diag(s)

The products over examples work with W', as if there were no scales, and make G' = dL/dW'. Then, by the chain rule,

    dL/dW_1[i, j] = G'[i, j] s[j],    dL/ds[j] = sum_i W_1[i, j] G'[i, j]

s lies in theta as layer 0, and after it a 1, which the biases beside W_1 are multiplied by.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.bins import fall_all, rise_all
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.passes import change
from deltarule.engines.compiled.kernels.vectors import Variable, Writer, apart, call, lanes_of
from deltarule.engines.compiled.places import (
    AT,
    BINNED,
    CHANGE,
    GRADIENT,
    INPUT,
    IS_TURNED,
    N_OUT,
    SCALED,
    SLOPES,
    SPANS,
    THETA,
    UNIT,
)


@intrinsic
def scale_rows(typing: Any, memory: Any, y: Any, x: Any, row: Any, s: Any, rows: Any, width: Any) -> Any:
    """Set y[r] = s[r] x[r] for every row r of `width` numbers, `row` numbers apart."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        y, x, row, s, rows, width = write.arguments
        with write.each(write.whole(0), rows) as r:
            to, of = (write.at(begin, builder.mul(r, row)) for begin in (y, x))
            factor = write.spread_at(write.at(s, r))

            def multiply(n: Any, mask: Any) -> None:
                write.store(write.at(to, n), factor * write.load(write.at(of, n), mask), mask)

            write.over(width, multiply)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 6), generate


@intrinsic
def scale_gradient(
    typing: Any, memory: Any, g: Any, w: Any, w_row: Any, s: Any, slopes: Any, rows: Any, width: Any
) -> Any:
    """Set slopes[r] = sum w[r] g[r], and then g[r] = s[r] g[r], for every row r of `width` numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        g, w, w_row, s, slopes, rows, width = write.arguments
        with write.each(write.whole(0), rows) as r:
            at, weights = write.at(g, builder.mul(r, width)), write.at(w, builder.mul(r, w_row))
            factor, total = write.spread_at(write.at(s, r)), Variable(write.constant(0.0))

            def multiply(n: Any, mask: Any) -> None:
                slope = write.load(write.at(at, n), mask)
                total.set(total.get() + slope * write.load(write.at(weights, n), mask))
                write.store(write.at(at, n), factor * slope, mask)

            write.over(width, multiply)
            write.set_number(write.at(slopes, r), total.get().total())
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 7), generate


@njit(**OPTIONS)
def scale_weights(memory, layers, places, lists, first, end):
    """Make the columns of [W_1 diag(s), b_1] from input `first` to `end`; the biases are input n_0.

    Where numbers are in bins, their prefix sums; no bins of a number are beyond `first` or `end`.
    """
    apart()
    theta, to, s = places[THETA] + layers[1, AT], places[SCALED], places[THETA] + layers[0, AT]
    n, unit, step = layers[1, N_OUT], layers[1, UNIT], layers[1, INPUT]
    if layers[1, IS_TURNED]:
        n_0, plain = layers[0, N_OUT], plain_inputs(layers, places, lists)
        if first < plain:
            scale_rows(
                memory, to + first * step, theta + first * step, step, s + first, min(end, plain) - first, n
            )
        rise_all(memory, layers, places, lists, first, end)
        if end > n_0:
            scale_rows(memory, to + (n_0 + places[BINNED]) * step, theta + n_0 * step, step, s + n_0, 1, n)
        return
    call(places[CHANGE], memory, (
        rowwise.PRODUCT, to + first, unit, theta + first, unit, s + first, 0, n, end - first, 0.0, 0.0
    ))  # fmt: skip


@njit(**OPTIONS)
def plain_inputs(layers, places, lists):
    """Return how many inputs are not in bins; they are the first."""
    return lists[places[SPANS]] if places[BINNED] > 0 else layers[0, N_OUT]


@njit(**OPTIONS)
def slopes_of(layers, memory, places, n):
    """Return the place of what block n adds to dL/ds."""
    lanes = lanes_of(memory)
    return places[SLOPES] + n * ((layers[0, N_OUT] + lanes) // lanes * lanes)


@njit(**OPTIONS)
def through_scales(memory, layers, places, lists, block, n, gradient):
    """Take a block of G', number n, in memory[gradient:], to dL/dW_1, and note what it adds to dL/ds.

    Where numbers are in bins, a block with any input but the biases has all, and G' is by prefix sums.
    """
    apart()
    r0, c0, rows, width = block[1], block[3], block[2] - block[1], block[4] - block[3]
    row = layers[1, INPUT] if layers[1, IS_TURNED] else layers[1, UNIT]
    weights, s = places[THETA] + layers[1, AT] + r0 * row + c0, places[THETA] + layers[0, AT]
    slopes = slopes_of(layers, memory, places, n)
    if layers[1, IS_TURNED]:
        n_0 = layers[0, N_OUT]
        if places[BINNED] > 0 and r0 < n_0:
            rows = plain_inputs(layers, places, lists)
            change(memory, places, rowwise.FILL, slopes + rows, 0, 0, 0, 1, n_0 - rows, 0.0, 0.0)
            fall_all(memory, layers, places, lists, gradient, weights, row, slopes, width)
            scale_gradient(
                memory, gradient + n_0 * width, weights + n_0 * row, row, s + n_0, slopes + n_0, 1, width
            )
        scale_gradient(memory, gradient, weights, row, s + r0, slopes + r0, rows, width)
        return
    change(memory, places, rowwise.FILL, slopes + c0, 0, 0, 0, 1, width, 0.0, 0.0)
    call(places[CHANGE], memory, (
        rowwise.ADD_PRODUCT, slopes + c0, 0, weights, row, gradient, width, rows, width, 0.0, 0.0
    ))  # fmt: skip
    change(memory, places, rowwise.MULTIPLY, gradient, width, s + c0, 0, rows, width, 0.0, 0.0)


@njit(**OPTIONS)
def add_slopes(memory, layers, places, blocks, first, end):
    """Add up dL/ds from input `first` to `end`, block by block, to its place in the gradient."""
    apart()
    to = places[GRADIENT] + layers[0, AT]
    change(memory, places, rowwise.FILL, to + first, 0, 0, 0, 1, end - first, 0.0, 0.0)
    low, high = (1, 2) if layers[1, IS_TURNED] else (3, 4)
    for n in range(len(blocks)):
        if blocks[n, 0] == 1:
            begin, stop = max(first, blocks[n, low]), min(end, blocks[n, high])
            if begin < stop:
                slopes = slopes_of(layers, memory, places, n)
                change(
                    memory, places, rowwise.ADD, to + begin, 0, slopes + begin, 0, 1, stop - begin, 0.0, 0.0
                )
