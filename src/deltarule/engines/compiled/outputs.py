"""y_hat, the losses of a run of rows, and their delta = dL/da_K, as in `deltarule.maths.outputs`."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import numpy as np
from numba import njit

from deltarule.engines.compiled.functions import OPTIONS, apart, exp, larger, like, log, log1p
from deltarule.maths.outputs import OUTPUTS

CODES: dict[str, int] = {name: code for code, name in enumerate(OUTPUTS)}
_SOFTMAX, _SIGMOID, _POISSON = (CODES[name] for name in ("softmax", "sigmoid", "poisson"))
_LARGEST_4, _LARGEST_8 = float(np.finfo(np.float32).max), float(np.finfo(np.float64).max)


@njit(**OPTIONS)
def delta_rows(code, memory, a_at, d_at, sums_at, width, n, p, order, w, share, count):
    """Write c dL/da_K of `count` rows to memory[d_at:], zeros in the padding; return sum c L, float64.

    Row r has the target p[order[r]] and c = w[order[r]] share; a and delta have `width` columns, n of them true.
    memory[sums_at:] is scratch for a number a row.
    """
    apart()
    if code == _SOFTMAX:
        return _softmax(memory, a_at, d_at, sums_at, width, n, p, order, w, share, count)
    total = 0.0
    zero, one = like(memory[0], 0.0), like(memory[0], 1.0)
    for r in range(count):
        example = order[r]
        c = like(zero, w[example] * share)
        a = memory[a_at + r * width : a_at + (r + 1) * width]
        d = memory[d_at + r * width : d_at + (r + 1) * width]
        if code == _SIGMOID:
            loss = zero
            for i in range(n):
                e = exp(-abs(a[i]))
                loss += (a[i] if a[i] > zero else zero) - p[example, i] * a[i] + log1p(e)
                d[i] = c * ((e if a[i] < zero else one) / (one + e) - p[example, i])
            total += c * loss
        elif code == _POISSON:
            loss = zero
            for i in range(n):
                y = p[example, i]
                y_hat = exp(a[i])
                loss += y_hat - y + y * (log(y if y > zero else one) - a[i])
                d[i] = c * (y_hat - y)
            total += c * loss
        else:
            loss, scale = zero, like(zero, 2.0) / like(zero, n)
            for i in range(n):
                e = a[i] - p[example, i]
                loss += e * e
                d[i] = c * scale * e
            total += c * loss / n
        for i in range(n, width):
            d[i] = zero
    return total


@njit(**OPTIONS)
def _softmax(memory, a_at, d_at, sums_at, width, n, p, order, w, share, count):
    """As `delta_rows`, in passes over all rows, so that exp and log run over long runs of numbers."""
    apart()
    zero, one = like(memory[0], 0.0), like(memory[0], 1.0)
    lowest = like(zero, -0.9 * (_LARGEST_4 if memory.itemsize == 4 else _LARGEST_8))
    total = 0.0
    for r in range(count):
        example, a, d = order[r], a_at + r * width, d_at + r * width
        top = memory[a]
        for i in range(1, n):
            top = memory[a + i] if not memory[a + i] <= top else top
        match = zero
        for i in range(n):
            below = larger(lowest, memory[a + i] - top)
            match += p[example, i] * below
            memory[d + i] = below
        total -= w[example] * match
    e, sums = memory[d_at : d_at + count * width], memory[sums_at : sums_at + count]
    for i in range(count * width):
        e[i] = exp(e[i])
    for r in range(count):
        summed = zero
        for i in range(n):
            summed += memory[d_at + r * width + i]
        sums[r] = summed
    inverses = memory[a_at : a_at + count]  # the logits have done their duty
    for r in range(count):
        inverses[r] = one / sums[r]
        sums[r] = log(sums[r])
    for r in range(count):
        example, d = order[r], d_at + r * width
        c, mass = like(zero, w[example] * share), zero
        inverse = inverses[r]
        for i in range(n):
            mass += p[example, i]
            memory[d + i] = c * (memory[d + i] * inverse - p[example, i])
        total += w[example] * mass * sums[r]
        for i in range(n, width):
            memory[d + i] = zero
    return total * share


@njit(**OPTIONS)
def y_hat_rows(code, memory, a_at, width, n, out, first, count):
    """Write O(a) of `count` rows to out[first:]."""
    apart()
    zero, one = like(memory[0], 0.0), like(memory[0], 1.0)
    for r in range(count):
        a = memory[a_at + r * width : a_at + (r + 1) * width]
        y_hat = out[first + r]
        if code == _SOFTMAX:
            top = a[0]
            for i in range(1, n):
                top = a[i] if not a[i] <= top else top
            for i in range(width):
                a[i] = exp(a[i] - top)
            summed = zero
            for i in range(n):
                summed += a[i]
            for i in range(n):
                y_hat[i] = a[i] / summed
        elif code == _SIGMOID:
            for i in range(n):
                e = exp(-abs(a[i]))
                y_hat[i] = (e if a[i] < zero else one) / (one + e)
        elif code == _POISSON:
            for i in range(n):
                y_hat[i] = exp(a[i])
        else:
            for i in range(n):
                y_hat[i] = a[i]
