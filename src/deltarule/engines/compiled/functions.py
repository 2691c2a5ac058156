"""exp, log and their relatives without branches, so that loops over them become vector instructions.

Numba has no vectorised mathematics of its own. Each function takes a float32 or a float64 and gives the same type,
within 4 units in the last place (in float32 over the whole range, which the tests go through).
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic, overload

OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy", "fastmath": {"contract"}}
"""Of every kernel: no GIL, no exceptions in loops, products and sums may fuse, nothing is reordered."""


@intrinsic
def like(typing: Any, x: Any, value: Any) -> Any:
    """Return value in the type of x: a literal would make float64 of everything it touches."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.cast(builder, arguments[1], signature.args[1], signature.args[0])

    return x(x, value), generate


@intrinsic
def apart(typing: Any) -> Any:
    """Keep the function in which this is called a function of its own, not copied into its callers.

    It is compiled once then, and its loops keep the vector instructions that they lose inside a large caller.
    """

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def _bits(typing: Any, x: Any) -> Any:
    """Return the bits of a float as an integer of its width."""
    integer = types.int32 if x == types.float32 else types.int64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_data_type(integer))

    return integer(x), generate


@intrinsic
def _from_bits(typing: Any, n: Any) -> Any:
    """Return the float that has these bits."""
    real = types.float32 if n == types.int32 else types.float64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], context.get_data_type(real))

    return real(n), generate


@intrinsic
def smaller(typing: Any, x: Any, y: Any) -> Any:
    """Return x if x < y, else y (which a NaN in x becomes)."""
    return x(x, x), _select("<")


@intrinsic
def larger(typing: Any, x: Any, y: Any) -> Any:
    """Return x if x > y, else y (which a NaN in x becomes)."""
    return x(x, x), _select(">")


def _select(comparison: str) -> Any:
    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        x, y = arguments
        return builder.select(builder.fcmp_ordered(comparison, x, y), x, y)

    return generate


def exp_parts(x: Any) -> Any:
    """Return p, s, t with exp(x) = (1 + p) s t: x = n log 2 + r, p = exp(r) - 1, s t = 2^n."""
    raise NotImplementedError


@overload(exp_parts, jit_options=OPTIONS)
def _exp_parts(x: Any) -> Any:
    """Taylor's polynomial on |r| <= log(2) / 2, of degree 7 or 13; 2^n in two halves reaches subnormals."""
    is_single = x == types.float32
    real, integer = (np.float32, np.int32) if is_single else (np.float64, np.int64)
    lowest, highest = (real(-104.0), real(89.0)) if is_single else (real(-746.0), real(710.0))
    magic = real(1.5 * 2.0 ** (23 if is_single else 52))  # adding it rounds to a whole number
    magic_bits = integer(magic.view(integer))
    log2_e = real(1.4426950408889634)
    high = real(0.693359375) if is_single else real(0.6931471803691238)
    low = real(-2.12194440054690583e-4) if is_single else real(1.9082149292705877e-10)
    bias, mantissa = (integer(127), integer(23)) if is_single else (integer(1023), integer(52))
    one = integer(1)

    def parts(x: Any) -> Any:
        x = larger(lowest, smaller(highest, x))  # NaN stays NaN
        shifted = x * log2_e + magic
        n = integer(_bits(shifted) - magic_bits)  # Numba's int32 + int32 is an int64
        whole = shifted - magic
        r = (x - whole * high) - whole * low
        p = _exp_tail(r)
        half = integer(n >> one)
        s = _from_bits(integer((half + bias) << mantissa))
        t = _from_bits(integer((n - half + bias) << mantissa))
        return r + r * r * p, s, t

    return parts


def _exp_tail(r: Any) -> Any:
    """Return (exp(r) - 1 - r) / r^2."""
    raise NotImplementedError


@overload(_exp_tail, jit_options=OPTIONS)
def _exp_tail_of(r: Any) -> Any:
    if r == types.float32:
        c2, c3, c4, c5, c6, c7 = (np.float32(1.0 / f) for f in (2, 6, 24, 120, 720, 5040))

        def tail(r: Any) -> Any:
            return c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7))))

        return tail

    def tail64(r: Any) -> Any:
        p = 1.0 / 6227020800.0
        p = p * r + 1.0 / 479001600.0
        p = p * r + 1.0 / 39916800.0
        p = p * r + 1.0 / 3628800.0
        p = p * r + 1.0 / 362880.0
        p = p * r + 1.0 / 40320.0
        p = p * r + 1.0 / 5040.0
        p = p * r + 1.0 / 720.0
        p = p * r + 1.0 / 120.0
        p = p * r + 1.0 / 24.0
        p = p * r + 1.0 / 6.0
        return p * r + 0.5

    return tail64


def atanh_tail(z: Any) -> Any:
    """Return (atanh(s) / s - 1) / z for z = s^2 <= 1/9: 1/3 + z/5 + z^2/7 + ..."""
    raise NotImplementedError


@overload(atanh_tail, jit_options=OPTIONS)
def _atanh_tail(z: Any) -> Any:
    if z == types.float32:
        c3, c5, c7, c9, c11, c13, c15 = (np.float32(1.0 / f) for f in range(3, 17, 2))

        def tail(z: Any) -> Any:
            return c3 + z * (c5 + z * (c7 + z * (c9 + z * (c11 + z * (c13 + z * c15)))))

        return tail

    def tail64(z: Any) -> Any:
        p = 1.0 / 33.0
        p = p * z + 1.0 / 31.0
        p = p * z + 1.0 / 29.0
        p = p * z + 1.0 / 27.0
        p = p * z + 1.0 / 25.0
        p = p * z + 1.0 / 23.0
        p = p * z + 1.0 / 21.0
        p = p * z + 1.0 / 19.0
        p = p * z + 1.0 / 17.0
        p = p * z + 1.0 / 15.0
        p = p * z + 1.0 / 13.0
        p = p * z + 1.0 / 11.0
        p = p * z + 1.0 / 9.0
        p = p * z + 1.0 / 7.0
        p = p * z + 1.0 / 5.0
        return p * z + 1.0 / 3.0

    return tail64


@njit(**OPTIONS)
def exp(x: Any) -> Any:
    """Return e^x; 0 below and infinity above the range of the type."""
    p, s, t = exp_parts(x)
    return (like(x, 1.0) + p) * s * t


@njit(**OPTIONS)
def log1p(x: Any) -> Any:
    """Return log(1 + x) for 0 <= x <= 1: 2 atanh(s) with s = x / (2 + x)."""
    s = x / (like(x, 2.0) + x)
    z = s * s
    return like(x, 2.0) * (s + s * z * atanh_tail(z))


def log(x: Any) -> Any:
    """Return log x for a normal x > 0: n log 2 + 2 atanh((m - 1) / (m + 1)), sqrt(1/2) <= m < sqrt(2)."""
    raise NotImplementedError


@overload(log, jit_options=OPTIONS)
def _log(x: Any) -> Any:
    is_single = x == types.float32
    real, integer = (np.float32, np.int32) if is_single else (np.float64, np.int64)
    mantissa = integer(23 if is_single else 52)
    root = integer(real(0.5**0.5).view(integer))
    one, two, log_2 = real(1.0), real(2.0), real(0.6931471805599453)

    def logarithm(x: Any) -> Any:
        n = integer(integer(_bits(x) - root) >> mantissa)
        m = _from_bits(integer(_bits(x) - integer(n << mantissa)))
        s = (m - one) / (m + one)
        z = s * s
        return real(n) * log_2 + two * (s + s * z * atanh_tail(z))

    return logarithm
