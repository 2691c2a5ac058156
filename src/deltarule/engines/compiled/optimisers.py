"""One pass over a run of parameters: the optimiser's step, decoupled decay, and the new state.

The same formulas as `deltarule.maths.optimisers`, with the state in memory[s1:] and memory[s2:].
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math

from numba import njit

from deltarule.engines.compiled.functions import OPTIONS, apart, like
from deltarule.maths.optimisers import OPTIMISERS, Optimiser

CODES: dict[str, int] = {name: code for code, name in enumerate(OPTIMISERS)}
STATES: dict[str, tuple[str, ...]] = {
    "gradient_descent": (),
    "momentum": ("v",),
    "nesterov": ("v",),
    "adagrad": ("s",),
    "rmsprop": ("s",),
    "adam": ("m", "v"),
    "adamw": ("m", "v"),
    "nadam": ("m", "v"),
    "rprop": ("s", "g"),
}
"""The names of the state's arrays, in the order of s1, s2."""

_MOMENTUM, _NESTEROV, _ADAGRAD, _RMSPROP = (
    CODES[name] for name in ("momentum", "nesterov", "adagrad", "rmsprop")
)
_ADAM, _ADAMW, _NADAM, _RPROP = (CODES[name] for name in ("adam", "adamw", "nadam", "rprop"))


def settings(optimiser: Optimiser) -> tuple[float, ...]:
    """Return the five numbers that `step` takes as a, b, c, d, e: its settings in the order of its fields."""
    names = {
        "momentum": ("mu",),
        "nesterov": ("mu",),
        "adagrad": ("eps",),
        "rmsprop": ("rho", "eps"),
        "adam": ("beta1", "beta2", "eps"),
        "adamw": ("beta1", "beta2", "eps"),
        "nadam": ("beta1", "beta2", "eps"),
        "rprop": ("grow", "shrink", "least", "most", "lr"),
        "gradient_descent": (),
    }[optimiser.name]
    values = [float(getattr(optimiser, name)) for name in names]
    return tuple(values + [0.0] * (5 - len(values)))


@njit(**OPTIONS)
def step(code, memory, x_at, g_at, s1, s2, count, lr, decay, five, corrections):
    """Update `count` parameters from x_at on with the gradient from g_at on.

    corrections: 1 / (1 - beta1^t), 1 / (1 - beta2^t), 1 / (1 - beta1^(t+1)).
    """
    apart()
    x, g = memory[x_at : x_at + count], memory[g_at : g_at + count]
    u, v = memory[s1 : s1 + count], memory[s2 : s2 + count]
    zero, one = like(x[0], 0.0), like(x[0], 1.0)
    rate, keep = like(zero, lr), like(zero, lr * decay)
    a, b, c = like(zero, five[0]), like(zero, five[1]), like(zero, five[2])
    if code in (_ADAM, _ADAMW, _NADAM):
        rest_a, rest_b = one - a, one - b
        first, second = like(zero, corrections[0]), like(zero, corrections[1])
        if code == _NADAM:
            ahead = a * like(zero, corrections[2])
            now = rest_a * first
        else:
            ahead, now = first, zero
        for i in range(count):
            m = a * u[i] + rest_a * g[i]
            q = b * v[i] + rest_b * g[i] * g[i]
            u[i] = m
            v[i] = q
            m_hat = ahead * m + now * g[i]
            x[i] -= rate * m_hat / (like(q, math.sqrt(q * second)) + c) + keep * x[i]
    elif code in (_MOMENTUM, _NESTEROV):
        for i in range(count):
            m = a * u[i] - rate * g[i]
            u[i] = m
            x[i] += (m if code == _MOMENTUM else a * m - rate * g[i]) - keep * x[i]
    elif code == _ADAGRAD:
        for i in range(count):
            q = u[i] + g[i] * g[i]
            u[i] = q
            x[i] -= rate * g[i] / (like(q, math.sqrt(q)) + a) + keep * x[i]
    elif code == _RMSPROP:
        for i in range(count):
            q = a * u[i] + (one - a) * g[i] * g[i]
            u[i] = q
            x[i] -= rate * g[i] / (like(q, math.sqrt(q)) + b) + keep * x[i]
    elif code == _RPROP:
        most, ratio = like(zero, five[3]), like(zero, lr / five[4])
        for i in range(count):
            way = one if g[i] > zero else -one if g[i] < zero else zero
            turn = way if v[i] > zero else -way if v[i] < zero else zero
            factor = a if turn > zero else b if turn < zero else one
            size = factor * u[i]
            size = c if size < c else most if size > most else size
            u[i] = size
            v[i] = zero if turn < zero else g[i]
            x[i] -= ratio * (zero if turn < zero else way) * size + keep * x[i]
    else:
        for i in range(count):
            x[i] -= rate * g[i] + keep * x[i]
