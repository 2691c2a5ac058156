"""Numbers in bins: prefix sums of the first layer's weights, and the gradient from these back to weights.

    V_0 = -sum_b w_b mean_b,    V_b = V_{b-1} + w_b;    dL/dw_b = sum_{n >= b} G_n - mean_b sum_n G_n

for each number and unit, with G_n = dL/dV_n, see `deltarule.binned`. The lists of X have what V is multiplied by. V_b
stands where w_b would, V_0 of number q in row n_0 + q, and the biases after these; a bias is no prefix sum.

Among the engine's integers, `lists`, are the first bin and the end of each number's; in memory, mean_b.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels import rowwise
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.vectors import Variable, Writer, apart, call
from deltarule.engines.compiled.places import BINNED, CHANGE, MEANS, N_OUT, SPANS


@intrinsic
def rise(typing: Any, memory: Any, v: Any, row: Any, zeroth: Any, means: Any, bins: Any, width: Any) -> Any:
    """Set v_0 = -sum_b mean_b w_b and v_b = v_0 + w_1 + ... + w_b, in place of w_b; rows of `width` numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        v, row, zeroth, means, bins, width = write.arguments

        def sums(n: Any, mask: Any) -> None:
            total = Variable(write.constant(0.0))
            with write.each(write.whole(0), bins) as b:
                w = write.load(write.at(v, builder.mul(b, row), n), mask)
                total.set(total.get() - write.spread_at(write.at(means, b)) * w)
            write.store(write.at(zeroth, n), total.get(), mask)
            with write.each(write.whole(0), bins) as b:
                at = write.at(v, builder.mul(b, row), n)
                total.set(total.get() + write.load(at, mask))
                write.store(at, total.get(), mask)

        write.over(width, sums)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 6), generate


@intrinsic
def fall(typing: Any, memory: Any, g: Any, row: Any, zeroth: Any, means: Any, bins: Any, width: Any) -> Any:
    """Set dL/dw_b = g_b + ... + g_B - mean_b (g_0 + ... + g_B), in place of g_b; rows of `width` numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        g, row, zeroth, means, bins, width = write.arguments

        def sums(n: Any, mask: Any) -> None:
            total = Variable(write.load(write.at(zeroth, n), mask))
            with write.each(write.whole(0), bins) as b:
                total.set(total.get() + write.load(write.at(g, builder.mul(b, row), n), mask))
            running = Variable(write.constant(0.0))
            with write.each(write.whole(0), bins) as done:
                b = builder.sub(builder.sub(bins, write.whole(1)), done)
                at = write.at(g, builder.mul(b, row), n)
                running.set(running.get() + write.load(at, mask))
                slope = running.get() - write.spread_at(write.at(means, b)) * total.get()
                write.store(at, slope, mask)

        write.over(width, sums)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 6), generate


@njit(**OPTIONS)
def rise_all(memory, layers, places, lists, to, row, first, end):
    """Make prefix sums of rows of weights in memory[to:], of the numbers from input `first` to `end`."""
    apart()
    for q in range(places[BINNED]):
        low, high = lists[places[SPANS] + 2 * q], lists[places[SPANS] + 2 * q + 1]
        if first <= low and high <= end:
            zeroth = to + (layers[0, N_OUT] + q) * row
            rise(memory, to + low * row, row, zeroth, places[MEANS] + low, high - low, layers[1, N_OUT])


@njit(**OPTIONS)
def fall_all(memory, layers, places, lists, to, row, width):
    """Take the gradient by prefix sums, with that of the biases after it, in memory[to:] to that by weights."""
    apart()
    n_0 = layers[0, N_OUT]
    for q in range(places[BINNED]):
        low, high = lists[places[SPANS] + 2 * q], lists[places[SPANS] + 2 * q + 1]
        fall(memory, to + low * row, row, to + (n_0 + q) * row, places[MEANS] + low, high - low, width)
    biases = to + (n_0 + places[BINNED]) * row
    call(places[CHANGE], memory, (
        rowwise.COPY, to + n_0 * row, row, biases, row, to, row, 1, width, 0.0, 0.0
    ))  # fmt: skip
