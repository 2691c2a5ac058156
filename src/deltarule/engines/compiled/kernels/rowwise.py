"""What is done to blocks of numbers, number by number: copies, sums, penalties, clipping."""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from deltarule.engines.compiled.kernels.vectors import Vector, Writer, below, larger, smaller

Formula = Callable[[Vector, Vector, Vector, Vector, Vector], Vector]
"""From y, x, m and two numbers a, b: the new y."""


def _fill(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return a


def _copy(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return x


def _add(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return y + x


def _sum(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return x + m


def _multiply(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return y * x


def _add_product(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return y + x * m


def _product(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return x * m


def _stretch(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    """Make the way from x to y m times as long."""
    return m * (y - x) + x


def _scale(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return y * a


def _put_back(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return y.where(m > 0.0, x)


def _penalise(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    """Add a sign(x) + b x."""
    return y + (a.where(x > 0.0, (-a).where(x < 0.0, 0.0)) + b * x)


def _clip(y: Vector, x: Vector, m: Vector, a: Vector, b: Vector) -> Vector:
    return larger(-a, smaller(a, y))  # NaN stays NaN


FILL, COPY, ADD, SUM, MULTIPLY, SCALE, PUT_BACK, PENALISE, CLIP, ADD_PRODUCT, PRODUCT, STRETCH = range(12)
FORMULAS: dict[int, Formula] = {
    FILL: _fill,
    COPY: _copy,
    ADD: _add,
    SUM: _sum,
    MULTIPLY: _multiply,
    SCALE: _scale,
    PUT_BACK: _put_back,
    PENALISE: _penalise,
    CLIP: _clip,
    ADD_PRODUCT: _add_product,
    PRODUCT: _product,
    STRETCH: _stretch,
}


@intrinsic
def _change(
    typing: Any, memory: Any, which: Any, y: Any, y_row: Any, x: Any, x_row: Any, m: Any, m_row: Any,
    rows: Any, width: Any, a: Any, b: Any,
) -> Any:  # fmt: skip
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = Writer(context, builder, signature, arguments)
        which, y, y_row, x, x_row, m, m_row, rows, width, a, b = write.arguments
        a, b = write.spread(a), write.spread(b)
        after = builder.append_basic_block("changed")
        choice = builder.switch(which, after)
        for code, formula in FORMULAS.items():
            block = builder.append_basic_block(formula.__name__)
            choice.add_case(write.whole(code), block)
            builder.position_at_end(block)
            with write.each(write.whole(0), rows) as r, write.each(write.whole(0), width, write.lanes) as n:
                places = [
                    write.at(begin, builder.mul(r, row), n)
                    for begin, row in ((y, y_row), (x, x_row), (m, m_row))
                ]
                mask = below(builder, builder.sub(width, n), write.lanes)
                write.store(places[0], formula(*(write.load(place) for place in places), a, b), mask)
            builder.branch(after)
        builder.position_at_end(after)
        return context.get_dummy_value()

    return types.void(memory, *[types.intp] * 9, types.float64, types.float64), generate


def change(memory, which, y, y_row, x, x_row, m, m_row, rows, width, real_a, real_b):
    """Change `rows` rows of `width` numbers from memory[y:] on by formula `which`, with those from x and m on."""
    _change(memory, which, y, y_row, x, x_row, m, m_row, rows, width, real_a, real_b)
