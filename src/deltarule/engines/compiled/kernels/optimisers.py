"""One pass over a run of parameters: the optimiser's step, and the new state.

The same formulas as `deltarule.maths.optimisers`, with the state in memory[u:] and memory[v:].
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from numba import njit, types
from numba.extending import intrinsic

from deltarule.engines.compiled.codes import OPTIMISER_CODES, STATES
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.vectors import Vector, Writer, below, larger, smaller


class Numbers:
    """What all parameters share: alpha, the optimiser's settings, and Adam's corrections of its first steps."""

    def __init__(self, write: Writer, numbers: list[Any]) -> None:
        values = [write.spread(number) for number in numbers]
        self.lr, self.settings = values[0], values[1:6]
        self.first, self.second, self.next = values[6:]


Change = tuple[Vector, Vector | None, Vector | None]
Formula = Callable[[Numbers, Vector, Vector, Vector, Vector], Change]
"""From x, g, u, v: what x loses, the new u, the new v."""


def _gradient_descent(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    return n.lr * g, None, None


def _momentum(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    m = n.settings[0] * u - n.lr * g
    return -m, m, None


def _nesterov(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    mu = n.settings[0]
    m = mu * u - n.lr * g
    return n.lr * g - mu * m, m, None


def _adagrad(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    s = u + g * g
    return n.lr * g / (s.sqrt() + n.settings[0]), s, None


def _rmsprop(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    rho, eps = n.settings[:2]
    s = rho * u + (1.0 - rho) * g * g
    return n.lr * g / (s.sqrt() + eps), s, None


def _adam(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    beta1, beta2, eps = n.settings[:3]
    m, s = beta1 * u + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g
    return n.lr * n.first * m / ((s * n.second).quick_sqrt() + eps), m, s


def _nadam(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    beta1, beta2, eps = n.settings[:3]
    m, s = beta1 * u + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g
    ahead = beta1 * n.next * m + (1.0 - beta1) * n.first * g
    return n.lr * ahead / ((s * n.second).quick_sqrt() + eps), m, s


def _rprop(n: Numbers, x: Vector, g: Vector, u: Vector, v: Vector) -> Change:
    grow, shrink, least, most, lr = n.settings
    way = g.like(1.0).where(g > 0.0, g.like(-1.0).where(g < 0.0, 0.0))
    turn = way.where(v > 0.0, (-way).where(v < 0.0, 0.0))
    factor = grow.where(turn > 0.0, shrink.where(turn < 0.0, 1.0))
    size = larger(least, smaller(most, factor * u))
    return n.lr / lr * (g.like(0.0).where(turn < 0.0, way) * size), size, g.like(0.0).where(turn < 0.0, g)


FORMULAS: dict[str, Formula] = {
    "gradient_descent": _gradient_descent,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "nadam": _nadam,
    "rprop": _rprop,
}


def by_code(code: int) -> tuple[Formula, int]:
    """Return an optimiser's formula, and how many arrays of state it has."""
    name = next(name for name, number in OPTIMISER_CODES.items() if number == code)
    return FORMULAS[name], len(STATES[name])


def write_step(write: Writer, formula: Formula, shared: Numbers, places: list[Any], left: Any = None) -> None:
    """Write the step of one vector of parameters, x, g, u, v; `left`: how many there are, where it may be fewer."""
    builder = write.builder
    old = [write.load(place) for place in places]
    less, *new = formula(shared, *old, *[old[0]] * (4 - len(old)))
    changed = list(zip((places[0], *places[2:]), (old[0] - less, *new), strict=False))
    if left is None:
        for place, value in changed:
            write.store(place, value)
        return
    # What a masked store wrote is slow to be read again.
    with builder.if_else(builder.icmp_signed(">=", left, write.whole(write.lanes))) as (all_, some):
        with all_:
            for place, value in changed:
                write.store(place, value)
        with some:
            for place, value in changed:
                write.store(place, value, below(builder, left, write.lanes))


@njit(**OPTIONS)
def corrected(running_a, running_b, settings):
    """Return 1 / (1 - beta1^t), 1 / (1 - beta2^t) and 1 / (1 - beta1^(t+1)) from beta1^t and beta2^t.

    Where settings[3] is 1, for Adam's eps_hat, the correction of v goes to the numerator, out of reach of eps.
    """
    first, second, after = (
        1.0 / (1.0 - running_a),
        1.0 / (1.0 - running_b),
        1.0 / (1.0 - running_a * settings[0]),
    )
    if settings[3] == 1.0:
        root = math.sqrt(second)
        return first / root, 1.0, after / root
    return first, second, after


@intrinsic
def _step(
    typing: Any, memory: Any, code: Any, x: Any, g: Any, u: Any, v: Any, count: Any, numbers: Any
) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        code, x, g, u, v, count, numbers = write.arguments
        shared = Numbers(write, [builder.extract_value(numbers, n) for n in range(9)])
        after = builder.append_basic_block("updated")
        choice = builder.switch(code, after)
        for formula in dict.fromkeys(FORMULAS.values()):
            names = [name for name in FORMULAS if FORMULAS[name] is formula]
            block = builder.append_basic_block(names[0])
            for name in names:
                choice.add_case(write.whole(OPTIMISER_CODES[name]), block)
            builder.position_at_end(block)
            states = len(STATES[names[0]])
            with write.each(write.whole(0), count, write.lanes) as n:
                places = [write.at(place, n) for place in (x, g, u, v)[: 2 + states]]
                write_step(write, formula, shared, places, builder.sub(count, n))
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 6, types.UniTuple(types.float64, 9)), generate


def step(
    memory, code, x, g, u, v, count,
    real_lr, real_a, real_b, real_c, real_d, real_e, real_first, real_second, real_next,
):  # fmt: skip
    """Update `count` parameters from memory[x:] on with the gradient from memory[g:] on.

    real_a, ...: the optimiser's settings; real_first, ...: 1 / (1 - beta1^t), 1 / (1 - beta2^t),
    1 / (1 - beta1^(t+1)).
    """
    numbers = real_lr, real_a, real_b, real_c, real_d, real_e, real_first, real_second, real_next
    _step(memory, code, x, g, u, v, count, numbers)
