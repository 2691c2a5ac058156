"""theta between a network, whose W_k and b_k lie one after another, and the engine's memory."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.meeting import look
from deltarule.engines.compiled.kernels.scales import scale_weights
from deltarule.engines.compiled.kernels.vectors import Variable, Writer, below
from deltarule.engines.compiled.places import (
    AT,
    BIAS,
    BIASES,
    INPUT,
    N_IN,
    N_OUT,
    SCALED,
    STRANDS,
    THETA,
    UNIT,
    WEIGHTS,
    WEIGHTS_ROW,
)
from deltarule.engines.compiled.threads import DIVERGED, STOP


@intrinsic
def sum_of_differences(typing: Any, memory: Any, count: Any) -> Any:
    """Return sum x - x over the first `count` numbers of the memory: 0 if all are finite, else NaN."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        (count,) = write.arguments
        total = Variable(write.constant(0.0))

        def add(n: Any, mask: Any) -> None:
            x = write.load(n, mask)
            total.set(total.get() + (x - x))

        write.over(count, add)
        return context.cast(builder, total.get().total(), memory.dtype, types.float64)

    return types.float64(memory, types.intp), generate


@intrinsic
def copy(
    typing: Any,
    x: Any,
    at: Any,
    row: Any,
    column: Any,
    y: Any,
    begin: Any,
    unit: Any,
    step: Any,
    rows: Any,
    width: Any,
) -> Any:
    """Copy y[begin + i unit + j step] to x[at + i row + j column] for i < rows and j < width."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        at, row, column, y, begin, unit, step, rows, width = write.arguments
        read = Writer(context, builder, signature.replace(args=(signature.args[4],)), [y])
        one = write.whole(1)
        are_rows = builder.and_(*(builder.icmp_signed("==", n, one) for n in (column, step)))
        with builder.if_else(are_rows) as (together, apart):
            with together, write.each(write.whole(0), rows) as i:
                to, of = builder.add(at, builder.mul(i, row)), builder.add(begin, builder.mul(i, unit))
                with write.each(write.whole(0), width, write.lanes) as j:
                    mask = below(builder, builder.sub(width, j), write.lanes)
                    write.store(write.at(to, j), read.load(write.at(of, j), mask), mask)
            with apart, write.each(write.whole(0), width) as j:
                to, of = builder.add(at, builder.mul(j, column)), builder.add(begin, builder.mul(j, step))
                with write.each(write.whole(0), rows) as i:
                    number = read.number_at(builder.add(of, builder.mul(i, unit)))
                    write.set_number(builder.add(to, builder.mul(i, row)), number)
        return context.get_dummy_value()

    return types.void(x, *[types.intp] * 3, y, *[types.intp] * 5), generate


@njit(**OPTIONS)
def transfer(memory, layers_of, places_of, lists, theta, is_taking):
    """Copy theta, (P,), to the memory, or from it."""
    begin = places_of[0, THETA]
    for s in range(max(1, places_of[0, STRANDS])):
        for k in range(1, layers_of.shape[1]):
            layer = layers_of[s, k]
            n_in, n_out, unit, step = layer[N_IN], layer[N_OUT], layer[UNIT], layer[INPUT]
            weights = begin + layer[AT]
            biases = weights + n_in * step
            if is_taking:
                copy(memory, weights, unit, step, theta, layer[WEIGHTS], layer[WEIGHTS_ROW], 1, n_out, n_in)
                copy(memory, biases, unit, 1, theta, layer[BIASES], 1, 1, n_out, layer[BIAS])
            else:
                copy(theta, layer[WEIGHTS], layer[WEIGHTS_ROW], 1, memory, weights, unit, step, n_out, n_in)
                copy(theta, layer[BIASES], 1, 1, memory, biases, unit, 1, n_out, layer[BIAS])
    if places_of[0, SCALED] > 0:
        layers, n = layers_of[0], layers_of[0, 0, N_OUT]
        s, of_theta = begin + layers[0, AT], len(theta) - n
        if is_taking:
            copy(memory, s, 0, 1, theta, of_theta, 0, 1, 1, n)
            scale_weights(memory, layers, places_of[0], lists, 0, n + 1)
        else:
            copy(theta, of_theta, 0, 1, memory, s, 0, 1, 1, n)


def take(memory, layers_of, places_of, lists, theta, before):
    """Copy theta to the memory, and then the memory's begin, which an epoch may return to, to `before`."""
    transfer(memory, layers_of, places_of, lists, theta, True)
    copy(before, 0, 0, 1, memory, 0, 0, 1, 1, len(before))


def give(memory, layers_of, places_of, lists, theta, before, counters, result):
    """Copy theta from the memory, if nothing diverged and the memory's begin, as long as `before`, is finite.

    result[0] becomes 1 then, and else 0.
    """
    is_good = look(counters, STOP) != DIVERGED and sum_of_differences(memory, len(before)) == 0.0
    result[0] = 1.0 if is_good else 0.0
    if is_good:
        transfer(memory, layers_of, places_of, lists, theta, False)
