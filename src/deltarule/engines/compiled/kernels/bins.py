"""Numbers in bins: prefix sums of the first layer's weights, and the gradient from these back to weights and scales.

    V_0 = -sum_b w'_b mean_b,    V_b = V_{b-1} + w'_b,    w'_b = s_b w_b
    dL/dw'_b = sum_{n >= b} G_n - mean_b sum_n G_n,    dL/dw_b = s_b dL/dw'_b,    dL/ds_b = sum_i w_b dL/dw'_b

for each number and unit i, with G_n = dL/dV_n, see `deltarule.binned`. The lists of X have what V is multiplied by. V_b
stands where w'_b would, V_0 of number q in row n_0 + q, and the biases after these; a bias is no prefix sum.

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
from deltarule.engines.compiled.kernels.vectors import Variable, Vector, Writer, apart, call
from deltarule.engines.compiled.places import AT, BINNED, CHANGE, INPUT, MEANS, N_OUT, SCALED, SPANS, THETA

ABREAST = 4
"""Vectors of units whose sums are made at once: one sum waits for its last addition, and others need not."""


@intrinsic
def rise(
    typing: Any, memory: Any, v: Any, zeroth: Any, w: Any, row: Any, s: Any, means: Any, bins: Any, width: Any
) -> Any:
    """Set v_0 = -sum_b mean_b s_b w_b and v_b = v_0 + s_1 w_1 + ... + s_b w_b; rows of `width` numbers."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        v, zeroth, w, row, s, means, bins, width = write.arguments

        def sums(units: list[Any], masks: list[Any]) -> None:
            totals = [Variable(write.constant(0.0)) for _ in units]

            def scaled(b: Any) -> list[Vector]:
                factor, below = write.spread_at(write.at(s, b)), builder.mul(b, row)
                return [
                    factor * write.load(write.at(w, below, n), mask)
                    for n, mask in zip(units, masks, strict=True)
                ]

            with write.each(write.whole(0), bins) as b:
                mean = write.spread_at(write.at(means, b))
                for total, each in zip(totals, scaled(b), strict=True):
                    total.set(total.get() - mean * each)
            for total, n, mask in zip(totals, units, masks, strict=True):
                write.store(write.at(zeroth, n), total.get(), mask)
            with write.each(write.whole(0), bins) as b:
                for total, each, n, mask in zip(totals, scaled(b), units, masks, strict=True):
                    total.set(total.get() + each)
                    write.store(write.at(v, builder.mul(b, row), n), total.get(), mask)

        write.abreast(width, ABREAST, sums)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 8), generate


@intrinsic
def fall(
    typing: Any, memory: Any, g: Any, zeroth: Any, row: Any, w: Any, w_row: Any, s: Any, slopes: Any, means: Any,
    bins: Any, width: Any,
) -> Any:  # fmt: skip
    """Set g_b = s_b (g_b + ... + g_B - mean_b (g_0 + ... + g_B)), and add to slopes_b sum w_b g_b / s_b over units.

    Rows of `width` numbers.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        g, zeroth, row, w, w_row, s, slopes, means, bins, width = write.arguments

        def sums(units: list[Any], masks: list[Any]) -> None:
            each = list(zip(units, masks, strict=True))
            totals = [Variable(write.load(write.at(zeroth, n), mask)) for n, mask in each]
            with write.each(write.whole(0), bins) as b:
                for total, (n, mask) in zip(totals, each, strict=True):
                    total.set(total.get() + write.load(write.at(g, builder.mul(b, row), n), mask))
            running = [Variable(write.constant(0.0)) for _ in units]
            with write.each(write.whole(0), bins) as done:
                b = builder.sub(builder.sub(bins, write.whole(1)), done)
                mean, factor = (write.spread_at(write.at(begin, b)) for begin in (means, s))
                of_s = write.constant(0.0)
                for total, sum_, (n, mask) in zip(totals, running, each, strict=True):
                    at = write.at(g, builder.mul(b, row), n)
                    sum_.set(sum_.get() + write.load(at, mask))
                    slope = sum_.get() - mean * total.get()
                    of_s = of_s + slope * write.load(write.at(w, builder.mul(b, w_row), n), mask)
                    write.store(at, factor * slope, mask)
                to = write.at(slopes, b)
                write.set_number(to, builder.fadd(write.number_at(to), of_s.total()))

        write.abreast(width, ABREAST, sums)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 10), generate


@njit(**OPTIONS)
def rise_all(memory, layers, places, lists, first, end):
    """Make prefix sums of scaled weights, of the numbers from input `first` to `end`."""
    apart()
    theta, to, row, s = (
        places[THETA] + layers[1, AT],
        places[SCALED],
        layers[1, INPUT],
        places[THETA] + layers[0, AT],
    )
    for q in range(places[BINNED]):
        low, high = lists[places[SPANS] + 2 * q], lists[places[SPANS] + 2 * q + 1]
        if first <= low and high <= end:
            zeroth = to + (layers[0, N_OUT] + q) * row
            rise(
                memory, to + low * row, zeroth, theta + low * row, row, s + low, places[MEANS] + low,
                high - low, layers[1, N_OUT],
            )  # fmt: skip


@njit(**OPTIONS)
def fall_all(memory, layers, places, lists, g, weights, row, slopes, width):
    """Take the gradient by prefix sums, with that of the biases after it, in memory[g:] to that by weights and scales.

    In memory[weights:] are the weights, with rows `row` numbers apart; dL/ds is added to memory[slopes:].
    """
    apart()
    n_0, s = layers[0, N_OUT], places[THETA] + layers[0, AT]
    for q in range(places[BINNED]):
        low, high = lists[places[SPANS] + 2 * q], lists[places[SPANS] + 2 * q + 1]
        fall(
            memory, g + low * width, g + (n_0 + q) * width, width, weights + low * row, row, s + low, slopes + low,
            places[MEANS] + low, high - low, width,
        )  # fmt: skip
    biases = g + (n_0 + places[BINNED]) * width
    call(places[CHANGE], memory, (
        rowwise.COPY, g + n_0 * width, width, biases, width, g, width, 1, width, 0.0, 0.0
    ))  # fmt: skip
