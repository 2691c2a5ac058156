"""h = g(a) and g'(a) in place, over a run of numbers.

The same formulas as `deltarule.maths.activations`, sharing the one exponential that both need.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from numba import njit

from deltarule.engines.compiled.functions import OPTIONS, apart, exp, exp_parts, larger, like, log1p, smaller
from deltarule.maths.activations import ACTIVATIONS, GELU, SELU, LeakyReLU

CODES: dict[str, int] = {name: code for code, name in enumerate(ACTIVATIONS)}

# Numba freezes globals into the machine code.
_IDENTITY, _SIGMOID, _TANH, _RELU, _LEAKY_RELU = (
    CODES[name] for name in ("identity", "sigmoid", "tanh", "relu", "leaky_relu")
)
_ELU, _SELU, _GELU, _SILU, _SOFTPLUS = (CODES[name] for name in ("elu", "selu", "gelu", "silu", "softplus"))
_SLOPE, _SCALE, _ALPHA = LeakyReLU.slope, SELU.s, SELU.alpha
_ROOT, _CUBIC = GELU.scale, GELU.cubic


@njit(**OPTIONS)
def activate(code, memory, h_at, d_at, count):
    """Replace the a in memory[h_at:] by g(a), and write g'(a) to memory[d_at:]; `count` numbers."""
    apart()
    h, d = memory[h_at : h_at + count], memory[d_at : d_at + count]
    zero, one, two = like(h[0], 0.0), like(h[0], 1.0), like(h[0], 2.0)
    if code == _RELU:
        for i in range(count):
            a = h[i]
            d[i] = one if a > zero else zero
            h[i] = a if not a <= zero else zero  # NaN stays NaN
    elif code == _TANH:  # with e = exp(-2 |a|): tanh |a| = (1 - e) / (1 + e), and 4 e / (1 + e)^2
        for i in range(count):
            a = h[i]
            p, s, t = exp_parts(-two * abs(a))
            e, less = (one + p) * s * t, s * t * p + (s * t - one)
            inverse = one / (two + less)
            value = -less * inverse
            h[i] = -value if a < zero else value
            d[i] = two * two * e * inverse * inverse
    elif code == _SIGMOID:
        for i in range(count):
            a = h[i]
            e = exp(-abs(a))
            inverse = one / (one + e)
            h[i] = (e if a < zero else one) * inverse
            d[i] = e * inverse * inverse
    elif code == _LEAKY_RELU:
        slope = like(zero, _SLOPE)
        for i in range(count):
            a = h[i]
            d[i] = one if a > zero else slope
            h[i] = a if a > zero else slope * a
    elif code == _ELU:
        for i in range(count):
            a = h[i]
            e, less = _below(a)
            h[i] = a if a > zero else less
            d[i] = one if a > zero else e
    elif code == _SELU:
        scale, alpha = like(zero, _SCALE), like(zero, _ALPHA)
        for i in range(count):
            a = h[i]
            e, less = _below(a)
            h[i] = scale * (a if a > zero else alpha * less)
            d[i] = scale * (one if a > zero else alpha * e)
    elif code == _GELU:
        two_root, cubic, bound = like(zero, 2.0 * _ROOT), like(zero, _CUBIC), like(zero, 30.0)
        three_cubic = like(zero, 3.0 * _CUBIC)
        for i in range(count):
            a = h[i]
            t = larger(-bound, smaller(bound, a))
            u = two_root * (t + cubic * t * t * t)
            e = exp(-abs(u))
            inverse = one / (one + e)
            s = (e if u < zero else one) * inverse
            h[i] = a * s
            d[i] = s + t * (e * inverse * inverse) * two_root * (one + three_cubic * t * t)
    elif code == _SILU:
        for i in range(count):
            a = h[i]
            e = exp(-abs(a))
            inverse = one / (one + e)
            s = (e if a < zero else one) * inverse
            h[i] = a * s
            d[i] = s + a * e * inverse * inverse
    elif code == _SOFTPLUS:
        for i in range(count):
            a = h[i]
            e = exp(-abs(a))
            h[i] = (a if not a <= zero else zero) + log1p(e)
            d[i] = (e if a < zero else one) / (one + e)
    else:
        for i in range(count):
            d[i] = one


@njit(**OPTIONS)
def _below(a):
    """Return exp and exp - 1 of min(a, 0)."""
    zero = like(a, 0.0)
    p, s, t = exp_parts(a if a < zero else zero)
    scale = s * t
    return (like(a, 1.0) + p) * scale, scale * p + (scale - like(a, 1.0))
