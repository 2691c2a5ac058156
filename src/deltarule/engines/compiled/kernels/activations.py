"""h = g(a) and g'(a) in place, over rows of numbers.

The same formulas as `deltarule.maths.activations`, sharing the one exponential that both need.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.polynomial import Chebyshev, Polynomial

from deltarule.engines.compiled.codes import ACTIVATION_CODES
from deltarule.engines.compiled.kernels.functions import exp, exp_minus_1, exp_parts, log1p, polynomial
from deltarule.engines.compiled.kernels.vectors import Vector, Writer, larger, smaller
from deltarule.maths.activations import GELU, SELU, LeakyReLU

Pair = tuple[Vector, Vector]

NEAR = 0.35
"""How near to a zero of gelu' or silu' a polynomial takes over; farther away, 1 + x loses two bits at most."""
ROOT_OF_SILU, ROOT_OF_GELU = -1.2784645427610738, -0.7524614220710162
"""Where the slopes pass 0."""


def _relu(a: Vector) -> Pair:
    zero = a.like(0.0)
    return zero.where(a <= 0.0, a), a.like(1.0).where(a > 0.0, 0.0)  # NaN stays NaN


def _tanh(a: Vector) -> Pair:
    """With e = exp(-2 |a|): tanh |a| = (1 - e) / (1 + e), and the slope 4 e / (1 + e)^2; 1 - tanh^2 would cancel."""
    less, four_e = exp_minus_1(2.0 * abs(a))
    inverse = 1.0 / (less + 2.0)
    return (less * inverse).with_sign_of(a), four_e * inverse * inverse


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


def _sigmoid_parts(x: Vector, rest: Vector | None = None) -> tuple[Vector, Vector, Vector]:
    """Return v and w with sigmoid(x) = v w, and sigmoid(-x); x + rest where there is a rest.

    w is 1, or the last factor of exp(-|x|): who multiplies by it at the end keeps the digits that an exp(-|x|) below
    the normal numbers would lose.
    """
    is_below = x < 0.0
    p, s, t = exp_parts(x.where(is_below, -x), None if rest is None else rest.where(is_below, -rest))
    part = (p + 1.0) * s
    e = part * t
    inverse = 1.0 / (e + 1.0)
    one = x.like(1.0)
    return part.where(is_below, one) * inverse, t.where(is_below, one), one.where(is_below, e) * inverse


@cache
def _near_zero(factor: Callable[[float], float], root: float) -> list[float]:
    """Return the coefficients of factor(root + d) / d for |d| < NEAR, interpolated at points of which none is 0."""
    fitted = Chebyshev.interpolate(
        lambda d: np.array([factor(root + each) / each for each in d]), 7, domain=[-NEAR, NEAR]
    )
    return [float(c) for c in fitted.convert(kind=Polynomial).coef]


def _passing_zero(a: Vector, direct: Vector, factor: Callable[[float], float], root: float) -> Vector:
    """Return the factor of a slope, by its formula or, in single precision near its root, by d P(d), d = a - root."""
    if not a.is_single:
        return direct
    high = float(np.float32(root))
    d = (a - high) - (root - high)
    return (d * polynomial(d, _near_zero(factor, root))).where(abs(d) < NEAR, direct)


def _factor_of_gelu(a: float) -> float:
    two_u = 2.0 * GELU.scale * (a + GELU.cubic * a**3)
    return 1.0 + a * 2.0 * GELU.scale * (1.0 + 3.0 * GELU.cubic * a * a) / (1.0 + math.exp(two_u))


def _factor_of_silu(a: float) -> float:
    return 1.0 + a / (1.0 + math.exp(a))


def _two_u(t: Vector) -> tuple[Vector, Vector | None]:
    """Return 2u = A t + B t^3, in single precision as a sum of two, for exp(2u) multiplies its rounding by 2u.

    With r the eighth next to t, and A and B cut to so few bits, A r + B r^3 is exact; what is cut off is the second.
    """
    A, B = 2.0 * GELU.scale, 2.0 * GELU.scale * GELU.cubic
    if not t.is_single:
        return A * t + B * t * t * t, None
    short_A, short_B = round(256.0 * A) / 256.0, round(256.0 * B) / 256.0
    magic = 1.5 * 2.0**20  # adding it rounds to eighths
    r = (t + magic) - magic
    rest, cube = t - r, r * r * r
    low = (A - short_A) * r + (B - short_B) * cube + rest * (A + B * (t * t + t * r + r * r))
    return short_A * r + short_B * cube, low


def _gelu(a: Vector) -> Pair:
    bound = 12.0 if a.is_single else 30.0  # beyond, the sigmoid is 0 or 1
    t = larger(-bound, smaller(bound, a))
    v, w, other = _sigmoid_parts(*_two_u(t))
    slope_of_two_u = 2.0 * GELU.scale * (1.0 + 3.0 * GELU.cubic * t * t)
    factor = _passing_zero(a, 1.0 + t * other * slope_of_two_u, _factor_of_gelu, ROOT_OF_GELU)
    return a * (v * w), v * factor * w


def _silu(a: Vector) -> Pair:
    v, w, other = _sigmoid_parts(a)
    factor = _passing_zero(a, 1.0 + a * other, _factor_of_silu, ROOT_OF_SILU)
    return a * (v * w), v * factor * w


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
