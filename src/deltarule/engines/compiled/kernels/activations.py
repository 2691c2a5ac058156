"""h = g(a) and g'(a) in place, over rows of numbers.

The same formulas as `deltarule.maths.activations`, sharing the one exponential that both need.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from deltarule.engines.compiled.codes import ACTIVATION_CODES
from deltarule.engines.compiled.kernels.functions import exp, exp_minus_1, exp_parts, log1p
from deltarule.engines.compiled.kernels.vectors import Vector, Writer, larger, smaller
from deltarule.maths.activations import GELU, SELU, LeakyReLU

Pair = tuple[Vector, Vector]


def _relu(a: Vector) -> Pair:
    zero = a.like(0.0)
    return zero.where(a <= 0.0, a), a.like(1.0).where(a > 0.0, 0.0)  # NaN stays NaN


def _tanh(a: Vector) -> Pair:
    """With e = exp(-2 |a|): tanh |a| = (1 - e) / (1 + e), and the slope 1 - tanh^2."""
    less = exp_minus_1(2.0 * abs(a))
    h = (less / (less + 2.0)).with_sign_of(a)
    return h, 1.0 - h * h


def _sigmoid(a: Vector) -> Pair:
    e = exp(-abs(a))
    inverse = 1.0 / (e + 1.0)
    return e.where(a < 0.0, 1.0) * inverse, e * inverse * inverse


def _leaky_relu(a: Vector) -> Pair:
    slope = LeakyReLU.slope
    return a.where(a > 0.0, slope * a), a.like(1.0).where(a > 0.0, slope)


def _below(a: Vector) -> Pair:
    """Return exp and exp - 1 of min(a, 0)."""
    p, s, t = exp_parts(a.where(a < 0.0, 0.0))
    scale = s * t
    return (p + 1.0) * scale, scale * p + (scale - 1.0)


def _elu(a: Vector) -> Pair:
    e, less = _below(a)
    return a.where(a > 0.0, less), a.like(1.0).where(a > 0.0, e)


def _selu(a: Vector) -> Pair:
    e, less = _below(a)
    return SELU.s * a.where(a > 0.0, SELU.alpha * less), SELU.s * a.like(1.0).where(a > 0.0, SELU.alpha * e)


def _gelu(a: Vector) -> Pair:
    t = larger(-30.0, smaller(30.0, a))
    u = 2.0 * GELU.scale * (t + GELU.cubic * t * t * t)
    e = exp(-abs(u))
    inverse = 1.0 / (e + 1.0)
    s = e.where(u < 0.0, 1.0) * inverse
    slope = 2.0 * GELU.scale * (1.0 + 3.0 * GELU.cubic * t * t)
    return a * s, s + t * (e * inverse * inverse) * slope


def _silu(a: Vector) -> Pair:
    e = exp(-abs(a))
    inverse = 1.0 / (e + 1.0)
    s = e.where(a < 0.0, 1.0) * inverse
    return a * s, s + a * e * inverse * inverse


def _softplus(a: Vector) -> Pair:
    e = exp(-abs(a))
    return a.like(0.0).where(a <= 0.0, a) + log1p(e), e.where(a < 0.0, 1.0) / (e + 1.0)


def _identity(a: Vector) -> Pair:
    return a, a.like(1.0)


FORMULAS: dict[str, Callable[[Vector], Pair]] = {
    "identity": _identity,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "selu": _selu,
    "gelu": _gelu,
    "silu": _silu,
    "softplus": _softplus,
}
"""g(a) and g'(a)."""


@intrinsic
def _activate(typing: Any, memory: Any, code: Any, h: Any, d: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        code, h, d, count = write.arguments
        after = builder.append_basic_block("activated")
        choice = builder.switch(code, after)
        for name, formula in FORMULAS.items():
            block = builder.append_basic_block(name)
            choice.add_case(write.whole(ACTIVATION_CODES[name]), block)
            builder.position_at_end(block)
            with write.each(write.whole(0), count, write.lanes) as n:
                value, slope = formula(write.load(write.at(h, n)))
                write.store(write.at(h, n), value)
                write.store(write.at(d, n), slope)
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 4), generate


def activate(memory, code, h, d, rows, stride, count):
    """Replace the a in memory[h:] by g(a), and write g'(a) to memory[d:].

    Of each of `rows` rows, `stride` apart, the first `count` numbers, a multiple of the vector.
    """
    if count == stride:
        _activate(memory, code, h, d, rows * stride)
    else:
        for r in range(rows):
            _activate(memory, code, h + r * stride, d + r * stride, count)
