"""y_hat, the losses of a batch, and their delta = dL/da_K, as in `deltarule.maths.outputs`.

Examples lie side by side in vectors, output by output: a_i of example r is memory[a + i * stride + r].
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from deltarule.engines.compiled.codes import OUTPUT_CODES
from deltarule.engines.compiled.kernels.functions import exp, log, log1p
from deltarule.engines.compiled.kernels.vectors import Variable, Vector, Writer, larger, smaller


class Columns:
    """One vector of examples: a and the target p, output by output, where delta replaces p."""

    def __init__(
        self, write: Writer, a: Any, d: Any, stride: Any, n: Any, r: Any, numbers: Any = None
    ) -> None:
        self.write, self.n, self._numbers = write, n, numbers
        self.starts = [write.at(place, r) for place in (a, d)]
        self.stride = stride

    def each(self, first: int = 0) -> Any:
        return self.write.each(self.write.whole(first), self.n)

    def _place(self, which: int, i: Any) -> Any:
        return self.write.at(self.starts[which], self.write.builder.mul(i, self.stride))

    def a(self, i: Any) -> Vector:
        return self.write.load(self._place(0, i))

    def p(self, i: Any) -> Vector:
        return self.write.load(self._place(1, i))

    def number(self, i: Any) -> Vector:
        """Return the number that the loss of output i depends on."""
        return self.write.spread_at(self.write.at(self._numbers, i))

    def set_a(self, i: Any, value: Vector) -> None:
        self.write.store(self._place(0, i), value)

    def set_delta(self, i: Any, value: Vector) -> None:
        self.write.store(self._place(1, i), value)


def _largest(columns: Columns) -> Vector:
    """Return max_i a_i; a NaN stays."""
    top = Variable(columns.a(columns.write.whole(0)))
    with columns.each(1) as i:
        a = columns.a(i)
        top.set(top.get().where(a <= top.get(), a))
    return top.get()


def _softmax(columns: Columns, c: Vector) -> Vector:
    """L = -sum p_i log y_hat_i and c (y_hat - p), from e_i = exp(a_i - max a)."""
    top = _largest(columns)
    lowest = -0.9 * float(np.finfo(top.dtype).max)
    summed, loss, mass = (Variable(top.like(0.0)) for _ in range(3))
    with columns.each() as i:
        p, less = columns.p(i), larger(lowest, columns.a(i) - top)
        loss.set(loss.get() - p * less)
        mass.set(mass.get() + p)
        e = exp(less)
        summed.set(summed.get() + e)
        columns.set_a(i, e)
    inverse = 1.0 / summed.get()
    with columns.each() as i:
        columns.set_delta(i, c * (columns.a(i) * inverse - columns.p(i)))
    return loss.get() + mass.get() * log(summed.get())


def _sigmoid(columns: Columns, c: Vector) -> Vector:
    """L = sum max(a, 0) - p a + log(1 + exp(-|a|)) and c (y_hat - p)."""
    loss = Variable(c.like(0.0))
    with columns.each() as i:
        a, p = columns.a(i), columns.p(i)
        e = exp(-abs(a))
        loss.set(loss.get() + (a.where(a > 0.0, 0.0) - p * a + log1p(e)))
        columns.set_delta(i, c * (e.where(a < 0.0, 1.0) / (e + 1.0) - p))
    return loss.get()


def _poisson(columns: Columns, c: Vector) -> Vector:
    """L = sum y_hat - y + y (log y - a) and c (y_hat - y)."""
    loss = Variable(c.like(0.0))
    with columns.each() as i:
        a, y = columns.a(i), columns.p(i)
        y_hat = exp(a)
        loss.set(loss.get() + (y_hat - y + y * (log(y.where(y > 0.0, 1.0)) - a)))
        columns.set_delta(i, c * (y_hat - y))
    return loss.get()


def _linear(columns: Columns, c: Vector) -> Vector:
    """L = mean (a - y)^2 and 2 c (a - y) / n."""
    n = columns.write.spread(columns.write.builder.sitofp(columns.n, ir.DoubleType()))
    loss, scale = Variable(c.like(0.0)), 2.0 * c / n
    with columns.each() as i:
        e = columns.a(i) - columns.p(i)
        loss.set(loss.get() + e * e)
        columns.set_delta(i, scale * e)
    return loss.get() / n


def _gaussian(columns: Columns, c: Vector) -> Vector:
    """L = 1/2 sum (a - y)^2 and c (a - y)."""
    loss = Variable(c.like(0.0))
    with columns.each() as i:
        e = columns.a(i) - columns.p(i)
        loss.set(loss.get() + e * e)
        columns.set_delta(i, c * e)
    return 0.5 * loss.get()


def _tilted(columns: Columns, c: Vector, slopes: Callable[[Any], tuple[Vector, Vector]]) -> Vector:
    """L = sum e s and c s, with e = a - y and the slope s: -below where e < 0, above where e > 0."""
    loss = Variable(c.like(0.0))
    with columns.each() as i:
        e, (below, above) = columns.a(i) - columns.p(i), slopes(i)
        s = above.where(e > 0.0, (-below).where(e < 0.0, e))  # e itself is 0, or a NaN that stays
        loss.set(loss.get() + e * s)
        columns.set_delta(i, c * s)
    return loss.get()


def _absolute_error(columns: Columns, c: Vector) -> Vector:
    """L = sum |a - y| and c sign(a - y)."""
    return _tilted(columns, c, lambda i: (c.like(1.0), c.like(1.0)))


def _quantile(columns: Columns, c: Vector) -> Vector:
    """L = sum max(q (y - a), (q - 1) (y - a)) and c times -q where a < y, 1 - q where a > y."""
    return _tilted(columns, c, lambda i: (columns.number(i), 1.0 - columns.number(i)))


def _huber(columns: Columns, c: Vector) -> Vector:
    """L = sum r (e - r/2) and c r, with e = a - y and r = clip(e, -d, d)."""
    loss = Variable(c.like(0.0))
    with columns.each() as i:
        e, d = columns.a(i) - columns.p(i), columns.number(i)
        r = larger(-d, smaller(d, e))  # NaN stays NaN
        loss.set(loss.get() + r * (e - 0.5 * r))
        columns.set_delta(i, c * r)
    return loss.get()


FORMULAS: dict[str, Callable[[Columns, Vector], Vector]] = {
    "softmax": _softmax,
    "sigmoid": _sigmoid,
    "poisson": _poisson,
    "linear": _linear,
    "gaussian": _gaussian,
    "absolute_error": _absolute_error,
    "quantile": _quantile,
    "huber": _huber,
}
"""Write delta, and return the loss, of a vector of examples."""


def _y_hat_softmax(columns: Columns) -> None:
    top = _largest(columns)
    summed = Variable(top.like(0.0))
    with columns.each() as i:
        e = exp(columns.a(i) - top)
        summed.set(summed.get() + e)
        columns.set_a(i, e)
    with columns.each() as i:
        columns.set_a(i, columns.a(i) / summed.get())


def _y_hat_sigmoid(columns: Columns) -> None:
    with columns.each() as i:
        a = columns.a(i)
        e = exp(-abs(a))
        columns.set_a(i, e.where(a < 0.0, 1.0) / (e + 1.0))


def _y_hat_poisson(columns: Columns) -> None:
    with columns.each() as i:
        columns.set_a(i, exp(columns.a(i)))


ESTIMATES: dict[str, Callable[[Columns], None]] = {
    "softmax": _y_hat_softmax,
    "sigmoid": _y_hat_sigmoid,
    "poisson": _y_hat_poisson,
    **dict.fromkeys(("linear", "gaussian", "absolute_error", "quantile", "huber"), lambda columns: None),
}
"""Replace a by y_hat."""


def _switch(write: Writer, code: Any, count: Any, bodies: dict[str, Callable[[Any], None]]) -> None:
    """Write for every output a loop over vectors of examples, and the choice among them."""
    builder = write.builder
    after = builder.append_basic_block("done")
    choice = builder.switch(code, after)
    for name, body in bodies.items():
        block = builder.append_basic_block(name)
        choice.add_case(write.whole(OUTPUT_CODES[name]), block)
        builder.position_at_end(block)
        with write.each(write.whole(0), count, write.lanes) as r:
            body(r)
        builder.branch(after)
    builder.position_at_end(after)


@intrinsic
def _delta(
    typing: Any, memory: Any, code: Any, numbers: Any, a: Any, d: Any, c: Any, losses: Any, stride: Any, n: Any,
    count: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        code, numbers, a, d, c, losses, stride, n, count = write.arguments

        def body(name: str) -> Callable[[Any], None]:
            def of(r: Any) -> None:
                columns = Columns(write, a, d, stride, n, r, numbers)
                loss = FORMULAS[name](columns, write.load(write.at(c, r)))
                write.store(write.at(losses, r), loss)

            return of

        _switch(write, code, count, {name: body(name) for name in FORMULAS})
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 9), generate


@intrinsic
def _y_hat(typing: Any, memory: Any, code: Any, a: Any, stride: Any, n: Any, count: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        code, a, stride, n, count = write.arguments

        def body(name: str) -> Callable[[Any], None]:
            return lambda r: ESTIMATES[name](Columns(write, a, a, stride, n, r))

        _switch(write, code, count, {name: body(name) for name in ESTIMATES})
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 5), generate


def delta(memory, code, numbers, a, d, c, losses, stride, n, count):
    """Replace the targets in memory[d:] by c dL/da_K, and write L to memory[losses:].

    Of `count` examples; memory[c:] and memory[losses:] have a number an example, memory[numbers:] one an output. a is
    used up.
    """
    _delta(memory, code, numbers, a, d, c, losses, stride, n, count)


def y_hat(memory, code, a, stride, n, count):
    """Replace the logits in memory[a:] of `count` examples by y_hat = O(a)."""
    _y_hat(memory, code, a, stride, n, count)
