"""theta between a network, whose W_k and b_k lie one after another, and the engine's memory."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.vectors import Variable, Writer, below
from deltarule.engines.compiled.plan import AT, INPUT, N_IN, N_OUT, THETA, UNIT


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

        end = builder.and_(count, write.whole(-write.lanes))
        with write.each(write.whole(0), end, write.lanes) as n:
            add(n, None)
        add(end, below(builder, builder.sub(count, end), write.lanes))
        lanes = [
            builder.extract_element(total.get().value, ir.Constant(ir.IntType(32), lane))
            for lane in range(write.lanes)
        ]
        while len(lanes) > 1:
            lanes = [builder.fadd(a, b) for a, b in zip(lanes[::2], lanes[1::2], strict=True)]
        return context.cast(builder, lanes[0], memory.dtype, types.float64)

    return types.float64(memory, types.intp), generate


def take(memory, layers, places, theta, before):
    """Copy theta, (P,), to the memory, and then the memory's begin, which an epoch may return to, to `before`."""
    at = 0
    for k in range(1, len(layers)):
        n_in, n_out, unit, step = layers[k, N_IN], layers[k, N_OUT], layers[k, UNIT], layers[k, INPUT]
        to = places[THETA] + layers[k, AT]
        for i in range(n_out):
            if step == 1:  # a loop of its own becomes vector instructions
                for j in range(n_in):
                    memory[to + i * unit + j] = theta[at + i * n_in + j]
            else:
                for j in range(n_in):
                    memory[to + i * unit + j * step] = theta[at + i * n_in + j]
        at += n_out * n_in
        for i in range(n_out):
            memory[to + i * unit + n_in * step] = theta[at + i]
        at += n_out
    for n in range(len(before)):
        before[n] = memory[n]


def give(memory, layers, places, theta, before, result):
    """Copy theta from the memory; result[0] becomes 1 if the memory's begin, as long as `before`, is finite, else 0."""
    at = 0
    for k in range(1, len(layers)):
        n_in, n_out, unit, step = layers[k, N_IN], layers[k, N_OUT], layers[k, UNIT], layers[k, INPUT]
        begin = places[THETA] + layers[k, AT]
        for i in range(n_out):
            if step == 1:
                for j in range(n_in):
                    theta[at + i * n_in + j] = memory[begin + i * unit + j]
            else:
                for j in range(n_in):
                    theta[at + i * n_in + j] = memory[begin + i * unit + j * step]
        at += n_out * n_in
        for i in range(n_out):
            theta[at + i] = memory[begin + i * unit + n_in * step]
        at += n_out
    result[0] = 1.0 if sum_of_differences(memory, len(before)) == 0.0 else 0.0
