"""Masks of dropout over rows of units, as in `deltarule.maths.dropout`."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.vectors import Vector, Writer, spread
from deltarule.maths import dropout

mixed = njit(**OPTIONS)(dropout.mixed)
GOLDEN, WORD = np.int64(dropout.GOLDEN), np.int64(dropout.WORD)
WHOLE = ir.IntType(32)


@njit(**OPTIONS)
def salt(seed, t):
    """Return what update t of a run is to mix into its masks."""
    return mixed(mixed(seed % WORD) ^ t % WORD)


@intrinsic
def _drop(
    typing: Any, memory: Any, h: Any, d: Any, keys: Any, salt: Any, threshold: Any, scale: Any, count: Any
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        h, d, keys, salt, threshold, scale, count = write.arguments
        wholes = ir.VectorType(WHOLE, write.lanes)

        def constant(n: int) -> Any:
            return ir.Constant(wholes, [n] * write.lanes)

        salt, threshold = (
            spread(builder, builder.trunc(number, WHOLE), write.lanes) for number in (salt, threshold)
        )
        scale = write.spread(scale)
        with write.each(write.whole(0), count, write.lanes) as n:
            x = builder.xor(builder.fptosi(write.load(write.at(keys, n)).value, wholes), salt)
            for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
                x = builder.mul(builder.xor(x, builder.lshr(x, constant(shift))), constant(factor))
            x = builder.xor(x, builder.lshr(x, constant(16)))
            is_kept = builder.icmp_unsigned(">=", x, threshold)
            mask = Vector(builder, builder.select(is_kept, scale.value, scale.like(0.0).value))
            for place in (write.at(h, n), write.at(d, n)):
                write.store(place, mask * write.load(place))
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 5, types.float64, types.intp), generate


def drop(memory, h, d, rows, stride, count, keys, salt, first, threshold, real_scale):
    """Multiply `count` numbers of each of the rows h and d, `stride` apart, by the masks of units from `first` on.

    memory[keys:] has the key of every example; salt is the layer's.
    """
    for r in range(rows):
        unit = mixed((salt + (first + r) * GOLDEN) % WORD)
        _drop(memory, h + r * stride, d + r * stride, keys, unit, threshold, real_scale, count)
