"""exp, log and log1p over vectors, without branches.

Each takes a Vector of float32 or float64 and gives the same type, within 4 units in the last place (in float32
over the whole range, which the tests go through).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import NDArray

from deltarule.engines.compiled.kernels.vectors import Vector, larger, smaller

LOG_2, LOG2_E = math.log(2.0), 1.0 / math.log(2.0)


def polynomial(x: Vector, coefficients: list[float]) -> Vector:
    """Return the polynomial by Horner's rule, lowest power first."""
    total = x.like(coefficients[-1])
    for c in coefficients[-2::-1]:
        total = total * x + c
    return total


@cache
def _exp_tail(degree: int) -> list[float]:
    """Return the coefficients of (exp(r) - 1 - r) / r^2 on |r| <= log(2) / 2, interpolated at Chebyshev's points."""

    def tail(r: NDArray[np.float64]) -> NDArray[np.float64]:
        return sum(r**n / math.factorial(n + 2) for n in range(16)) + np.zeros_like(r)

    end = math.log(2.0) / 2
    fitted = Chebyshev.interpolate(tail, degree, domain=[-end, end])
    return [float(c) for c in fitted.convert(kind=Polynomial).coef]


def _exp_less_1(r: Vector) -> Vector:
    """Return exp(r) - 1 for |r| <= log(2) / 2."""
    return r + r * r * polynomial(r, _exp_tail(4 if r.is_single else 11))


def exp_parts(x: Vector, rest: Vector | None = None) -> tuple[Vector, Vector, Vector]:
    """Return p, s, t with exp(x) = (1 + p) s t: x = n log 2 + r, p = exp(r) - 1, s t = 2^n.

    2^n in two halves reaches subnormals. `rest` is what is to be added to x, where their sum would be rounded.
    """
    if x.is_single:
        lowest, highest, mantissa, bias = -104.0, 89.0, 23, 127
        high, low = 0.693359375, -2.12194440054690583e-4
    else:
        lowest, highest, mantissa, bias = -746.0, 710.0, 52, 1023
        high, low = 0.6931471803691238, 1.9082149292705877e-10
    magic = 1.5 * 2.0**mantissa  # adding it rounds to a whole number
    x = larger(lowest, smaller(highest, x))  # NaN stays NaN
    shifted = (x if rest is None else x + rest) * LOG2_E + magic
    n = shifted.bits() - _bits(magic, x)
    whole = shifted - magic
    r = (x - whole * high) - whole * low
    if rest is not None:
        r = r + rest
    half = n >> 1
    s = ((half + bias) << mantissa).from_bits()
    t = ((n - half + bias) << mantissa).from_bits()
    return _exp_less_1(r), s, t


def exp_minus_1(t: Vector) -> tuple[Vector, Vector]:
    """Return exp(-t) - 1 and 4 exp(-t), which is exact to the least normal number, for t >= 0.

    A whole n shifted to the exponent's place is 2^n, and what `magic` adds to it is shifted out. So 4 exp(-t) is made
    of 2^(n+2), which is 0 where t is as large as can be.
    """
    if t.is_single:
        mantissa, bias, high, low = 23, 127, 0.693359375, -2.12194440054690583e-4
    else:
        mantissa, bias, high, low = 52, 1023, 0.6931471803691238, 1.9082149292705877e-10
    magic = 1.5 * 2.0**mantissa
    t = smaller((bias + 2) * LOG_2, t)
    shifted = magic - t * LOG2_E
    whole = shifted - magic
    p = _exp_less_1((-(whole * high) - t) - whole * low)
    s = ((shifted.bits() << mantissa) + (bias + 2 << mantissa)).from_bits()
    quarter = 0.25 * s
    return quarter * p + (quarter - 1.0), s * p + s


def _bits(number: float, x: Vector) -> int:
    """Return the bits of a number in x's type as an integer."""
    return int(np.array(number, x.dtype).view(np.int32 if x.is_single else np.int64))


def exp(x: Vector) -> Vector:
    """Return e^x; 0 below and infinity above the range of the type."""
    p, s, t = exp_parts(x)
    return (p + 1.0) * s * t


def _atanh(s: Vector) -> Vector:
    """Return atanh s = s + s^3/3 + s^5/5 + ... for |s| <= 1/3."""
    z = s * s
    return s + s * z * polynomial(z, [1.0 / n for n in range(3, 17 if s.is_single else 35, 2)])


def log1p(x: Vector) -> Vector:
    """Return log(1 + x) for 0 <= x <= 1: 2 atanh(x / (2 + x))."""
    return 2.0 * _atanh(x / (x + 2.0))


def log(x: Vector) -> Vector:
    """Return log x for a normal x > 0: n log 2 + 2 atanh((m - 1) / (m + 1)), sqrt(1/2) <= m < sqrt(2)."""
    mantissa = 23 if x.is_single else 52
    n = (x.bits() - _bits(0.5**0.5, x)) >> mantissa
    m = (x.bits() - (n << mantissa)).from_bits()
    return n.to_reals() * LOG_2 + 2.0 * _atanh((m - 1.0) / (m + 1.0))
