"""The gradient of one example: the update of the notes, made as quickly as its chain of formulas allows.

Where a batch is one example there is nothing to lie side by side but the units of a layer. So here vectors run
over units: theta is kept as W_k^T with b_k as its last row, rows padded to whole vectors, which are as short as the
widest layer allows. Everything is one stretch of machine code without calls.
"""

# pyright: basic, reportCallIssue=false, reportArgumentType=false
# Numba gives these functions their types and some of their arguments when it compiles them.

from __future__ import annotations

import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from deltarule.engines.compiled.codes import ACTIVATION_CODES, FIVE, OUTPUT_CODES
from deltarule.engines.compiled.kernels import activations, optimisers, outputs
from deltarule.engines.compiled.kernels.compiling import OPTIONS
from deltarule.engines.compiled.kernels.copying import prefetch_rows, write_transposed
from deltarule.engines.compiled.kernels.inner import dot
from deltarule.engines.compiled.kernels.optimisers import corrected
from deltarule.engines.compiled.kernels.vectors import (
    INTEGER,
    Variable,
    Vector,
    Writer,
    call,
    only,
)
from deltarule.engines.compiled.kernels.vectors import below as below_n
from deltarule.engines.compiled.places import (
    AT,
    CODE,
    FIELDS_OF_LAYER,
    GRADIENT,
    INPUT,
    LAYERS,
    LOSSES,
    LOWEST,
    N_IN,
    N_OUT,
    NUMBERS,
    ONE,
    OUTPUT,
    ROWS,
    SINGLE,
    SIZE,
    SPARE,
    STATES,
    STEP,
    THETA,
    C,
    D,
    H,
)
from deltarule.engines.compiled.threads import DIVERGED, INTERRUPTED, STOP

AHEAD = 16
"""So many examples ahead of their use rows are asked for."""


class Layer:
    """The integers of layer k's row of `Plan.layers`, read when the code runs."""

    def __init__(self, write: Writer, layers: Any, k: Any) -> None:
        self.write, self.layers, self.k = write, layers, k

    def __getitem__(self, field: int) -> Any:
        builder = self.write.builder
        place = builder.add(
            builder.mul(self.k, ir.Constant(INTEGER, FIELDS_OF_LAYER)), ir.Constant(INTEGER, field)
        )
        return builder.load(builder.gep(self.layers, [place]))


class Layers:
    """The layers of whatever network is given when the code runs."""

    def __init__(self, write: Writer, address: Any, K: Any, lowest: Any) -> None:
        self.write, self.K, self.lowest = write, K, lowest
        self.rows = write.builder.inttoptr(address, INTEGER.as_pointer())

    def each(self, first: Any, last: Any, body: Callable[[Layer, Layer], None]) -> None:
        """Write a loop from layer `first` to layer `last`, with the layer below each,."""
        builder, one = self.write.builder, self.write.whole(1)
        with self.write.each(self.write.whole(0), builder.add(builder.sub(last, first), one)) as n:
            self.at(builder.add(first, n), body)

    def each_down(self, first: Any, last: Any, body: Callable[[Layer, Layer], None]) -> None:
        builder, one = self.write.builder, self.write.whole(1)
        with self.write.each(self.write.whole(0), builder.add(builder.sub(first, last), one)) as n:
            self.at(builder.sub(first, n), body)

    def at(self, k: Any, body: Callable[[Layer, Layer], None]) -> None:
        below = self.write.builder.sub(k, self.write.whole(1))
        body(Layer(self.write, self.rows, k), Layer(self.write, self.rows, below))

    def beside(self, k: Any, n: int) -> Any:
        return self.write.builder.add(k, self.write.whole(n))


class FrozenLayer:
    """The integers of a layer as constants: LLVM unrolls every loop over them."""

    def __init__(self, write: Writer, row: NDArray[np.int64]) -> None:
        self.write, self.row = write, row

    def __getitem__(self, field: int) -> Any:
        return self.write.whole(int(self.row[field]))


class FrozenLayers:
    """The layers of one network."""

    def __init__(self, write: Writer, layers: NDArray[np.int64], lowest: int) -> None:
        self.write, self.layers, self.K, self.lowest = write, layers, len(layers) - 1, lowest

    def each(self, first: int, last: int, body: Callable[[Any, Any], None]) -> None:
        for k in range(first, last + 1):
            self.at(k, body)

    def each_down(self, first: int, last: int, body: Callable[[Any, Any], None]) -> None:
        for k in range(first, last - 1, -1):
            self.at(k, body)

    def at(self, k: int, body: Callable[[Any, Any], None]) -> None:
        body(FrozenLayer(self.write, self.layers[k]), FrozenLayer(self.write, self.layers[k - 1]))

    def beside(self, k: int, n: int) -> int:
        return k + n


def _choose(write: Writer, code: Any, cases: dict[int, Callable[[], None]]) -> None:
    """Write the choice of one of several bodies."""
    if isinstance(code, ir.Constant):
        cases[code.constant]()
        return
    builder = write.builder
    after = builder.append_basic_block("chosen")
    choice = builder.switch(code, after)
    for value, body in cases.items():
        block = builder.append_basic_block("case")
        choice.add_case(write.whole(value), block)
        builder.position_at_end(block)
        body()
        builder.branch(after)
    builder.position_at_end(after)


def _weighted_sum(write: Writer, x: Any, rows: Any, row: Any, n: Any, start: Vector) -> Vector:
    """Return start + sum_j x_j times a vector, where the vectors are `row` numbers apart."""
    total = Variable(start)
    with write.each(write.whole(0), n) as j:
        place = write.at(rows, write.builder.mul(j, row))
        total.set(total.get() + write.spread_at(write.at(x, j)) * write.load(place))
    return total.get()


def _forward(write: Writer, layer: Layer, below: Layer, theta: Any, *, is_last: bool) -> None:
    """Make a_k, h_k and g'_k(a_k), or the logits."""
    builder, row = write.builder, layer[INPUT]
    begin = write.at(theta, layer[AT])
    with write.each(write.whole(0), layer[N_OUT], write.lanes) as i:
        bias = write.load(write.at(begin, builder.mul(layer[N_IN], row), i))
        a = _weighted_sum(write, below[H], write.at(begin, i), row, layer[N_IN], bias)
        h, d = write.at(layer[H], i), write.at(layer[D], i)
        if is_last:
            write.store(h, a)
            return

        is_unit = below_n(builder, builder.sub(layer[N_OUT], i), write.lanes)

        def of(formula: Callable[[Vector], tuple[Vector, Vector]]) -> Callable[[], None]:
            def body() -> None:
                value, slope = formula(a)
                write.store(h, value)
                write.store(d, slope.where(is_unit, 0.0))  # so that padding has no gradient

            return body

        cases = {ACTIVATION_CODES[name]: of(formula) for name, formula in activations.FORMULAS.items()}
        _choose(write, layer[CODE], cases)


def _output(write: Writer, layer: Layer, places: dict[int, Any]) -> None:
    """Replace the target in D_K by delta, and write the loss. An output a vector, as `outputs` wants it, in `spare`."""
    builder, lanes, n = write.builder, write.whole(write.lanes), layer[N_OUT]
    spare = places[SPARE]
    targets = write.at(spare, builder.mul(n, lanes))
    for here, there in ((layer[H], spare), (layer[D], targets)):
        with write.each(write.whole(0), n) as i:
            write.store(write.at(there, builder.mul(i, lanes)), write.spread_at(write.at(here, i)))

    def of(formula: Callable[[outputs.Columns, Vector], Vector]) -> Callable[[], None]:
        def body() -> None:
            columns = outputs.Columns(write, spare, targets, lanes, n, write.whole(0), places[NUMBERS])
            write.store(places[LOSSES], formula(columns, write.spread_at(places[C])))

        return body

    cases = {OUTPUT_CODES[name]: of(formula) for name, formula in outputs.FORMULAS.items()}
    _choose(write, places[OUTPUT], cases)
    with write.each(write.whole(0), n, write.lanes) as first:
        together, left = Variable(write.constant(0.0)), builder.sub(n, first)
        count = builder.select(builder.icmp_signed("<", left, lanes), left, lanes)
        with write.each(write.whole(0), count) as i:
            delta = write.load(write.at(targets, builder.mul(builder.add(first, i), lanes)))
            together.set(delta.where(only(builder, i, write.lanes), together.get()))
        write.store(write.at(layer[D], first), together.get())


def _backward(write: Writer, layer: Layer, below: Layer) -> None:
    """Make dL/da_{k-1}: D_{k-1} holds g' and is multiplied."""
    with write.each(write.whole(0), below[N_OUT], write.lanes) as j:
        width = _padded(write, layer[N_IN])
        zero = write.constant(0.0)
        total = _weighted_sum(write, layer[D], write.at(layer[ROWS], j), width, layer[N_OUT], zero)
        place = write.at(below[D], j)
        write.store(place, write.load(place) * total)


def _padded(write: Writer, n: Any) -> Any:
    """Return n rounded up to whole vectors."""
    last = write.lanes - 1
    return write.builder.and_(write.builder.add(n, write.whole(last)), write.whole(~last))


def _turn(write: Writer, layer: Layer, theta: Any) -> None:
    """Copy W_k^T to W_k, for the backward pass."""
    builder, width = write.builder, _padded(write, layer[N_IN])
    begin = write.at(theta, layer[AT])
    with (
        write.each(write.whole(0), layer[N_IN], write.lanes) as j,
        write.each(write.whole(0), layer[N_OUT], write.lanes) as i,
    ):
        to = write.at(layer[ROWS], builder.mul(i, width), j)
        write_transposed(write, to, width, write.at(begin, builder.mul(j, layer[INPUT]), i), layer[INPUT])


def _gradient(write: Writer, layer: Layer, below: Layer, gradient: Any) -> None:
    """Write dL/dW_k^T = h_{k-1} delta_k^T, and dL/db_k = delta_k."""
    builder, begin = write.builder, write.at(gradient, layer[AT])
    with write.each(write.whole(0), layer[N_OUT], write.lanes) as i:
        delta = write.load(write.at(layer[D], i))
        with write.each(write.whole(0), layer[N_IN]) as j:
            h = write.spread_at(write.at(below[H], j))
            write.store(write.at(begin, builder.mul(j, layer[INPUT]), i), h * delta)
        write.store(write.at(begin, builder.mul(layer[N_IN], layer[INPUT]), i), delta)


def _write_one(write: Writer, layers: Any, places: dict[int, Any]) -> None:
    """Write the gradient of the example in h_0 and D_K."""
    theta, first = places[THETA], 1 if isinstance(layers, FrozenLayers) else write.whole(1)
    layers.each(layers.beside(layers.lowest, 1), layers.K, lambda layer, _: _turn(write, layer, theta))
    layers.each(
        first,
        layers.beside(layers.K, -1),
        lambda layer, below: _forward(write, layer, below, theta, is_last=False),
    )
    layers.at(layers.K, lambda layer, below: _forward(write, layer, below, theta, is_last=True))
    layers.at(layers.K, lambda layer, _: _output(write, layer, places))
    layers.each_down(
        layers.K, layers.beside(layers.lowest, 1), lambda layer, below: _backward(write, layer, below)
    )
    layers.each(
        layers.lowest, layers.K, lambda layer, below: _gradient(write, layer, below, places[GRADIENT])
    )


def _one(lanes: int) -> Any:
    """Return the intrinsic over vectors of so many units, for any network."""

    @intrinsic
    def one(
        typing: Any, memory: Any, layers: Any, K: Any, lowest: Any, output: Any, numbers: Any, theta: Any,
        gradient: Any, spare: Any, c: Any, losses: Any,
    ) -> Any:  # fmt: skip
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments, lanes)
            layers, K, lowest, *rest = write.arguments
            places = dict(zip((OUTPUT, NUMBERS, THETA, GRADIENT, SPARE, C, LOSSES), rest, strict=True))
            _write_one(write, Layers(write, layers, K, lowest), places)
            return context.get_dummy_value()

        return types.void(memory, *[types.intp] * 10), generate

    return one


_one_2, _one_4, _one_8, _one_16 = (_one(lanes) for lanes in (2, 4, 8, 16))


def _of_2(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses):
    _one_2(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses)


def _of_4(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses):
    _one_4(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses)


def _of_8(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses):
    _one_8(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses)


def _of_16(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses):
    _one_16(memory, layers, K, lowest, output, numbers, theta, gradient, spare, c, losses)


BY_LANES = {2: _of_2, 4: _of_4, 8: _of_8, 16: _of_16}
"""By the numbers of a vector: make the gradient of the example in h_0 and D_K, weighted by memory[c]. `layers` is the
address of `Plan.layers`."""


@njit(**OPTIONS)
def gradient_of(memory, layers, places):
    """Make the gradient of the example in h_0 and D_K."""
    call(places[ONE], memory, (
        places[LAYERS], len(layers) - 1, places[LOWEST], places[OUTPUT], places[NUMBERS], places[THETA],
        places[GRADIENT], places[SPARE], places[C], places[LOSSES],
    ))  # fmt: skip


@njit(**OPTIONS)
def step(memory, places, code, lr, settings, corrections):
    """Make the optimiser's step on all of theta."""
    call(places[STEP], memory, (
        code, places[THETA], places[GRADIENT], places[STATES], places[STATES] + places[SIZE], places[SIZE],
        lr, settings[0], settings[1], settings[2], settings[3], settings[4],
        corrections[0], corrections[1], corrections[2],
    ))  # fmt: skip


def _loss_of(memory, layers, places, X, p, example):
    """Make the gradient of an example and return its loss."""
    K = len(layers) - 1
    for j in range(layers[1, N_IN]):
        memory[layers[0, H] + j] = X[example, j]
    for i in range(layers[K, N_OUT]):
        memory[layers[K, D] + i] = p[example, i]
    memory[places[C]] = 1
    gradient_of(memory, layers, places)
    return float(memory[places[LOSSES]])


def by_one(memory, layers_of, places_of, X, p, order, losses, thread, start):
    """Do part 1 for a batch of one example; losses[0]: c L."""
    if thread == 0:
        losses[0] = loss_of(memory, layers_of[0], places_of[0], X, p, order[start])


def singles(
    memory, layers, places, code, reals, X, p, order, rates, t, norms, result, counters, interrupted, most
):  # fmt: skip
    """Run an epoch of single examples of equal weight, where every parameter learns and nothing is added to the loss.

    At most `most` steps; the other arguments are those of `epoch.steps`.
    """
    settings = reals[FIVE:]
    running_a, running_b = settings[0] ** t, settings[1] ** t  # beta^t, for Adam
    total, steps = 0.0, 0
    norms[:] = 0.0
    while steps < min(most, len(order)):
        if interrupted[0]:
            counters[STOP] = INTERRUPTED
            break
        ahead = min(steps + AHEAD, len(order) - 1)
        prefetch_rows(X, order, ahead, ahead + 1)
        prefetch_rows(p, order, ahead, ahead + 1)
        loss = loss_of(memory, layers, places, X, p, order[steps])
        if not math.isfinite(loss):
            counters[STOP] = DIVERGED
            break
        total += loss
        is_finite = True
        for k in range(1, len(layers)):
            size = (layers[k, N_IN] + 1) * layers[k, INPUT]
            gradient = places[GRADIENT] + layers[k, AT]
            squared = dot(memory, gradient, gradient, size)
            norms[k - 1] += math.sqrt(squared)
            is_finite = is_finite and math.isfinite(squared)
        running_a *= settings[0]
        running_b *= settings[1]
        step(memory, places, code, rates[steps], settings, corrected(running_a, running_b, settings))
        steps += 1
        if not is_finite:
            counters[STOP] = DIVERGED
            break
    result[0], result[1], result[2], result[3], result[4] = total, steps, steps, total, 0.0


loss_of: Callable[..., float] = njit(**OPTIONS)(_loss_of)


def _with(function: Callable[..., Any], **changed: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of this module compiled with others in place of those that it calls."""
    return njit(**OPTIONS)(FunctionType(function.__code__, globals() | changed, function.__name__))


def frozen(layers: NDArray[np.int64], places: NDArray[np.int64], code: int) -> Callable[..., None]:
    """Return `singles` for one network and optimiser."""
    formula, count = optimisers.by_code(code)

    @intrinsic
    def gradient_of_it(typing: Any, memory: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments, int(places[SINGLE]))
            constants = {field: write.whole(int(place)) for field, place in enumerate(places)}
            _write_one(write, FrozenLayers(write, layers, int(places[LOWEST])), constants)
            return context.get_dummy_value()

        return types.void(memory), generate

    @intrinsic
    def step_of_it(typing: Any, memory: Any, numbers: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            write = Writer(context, builder, signature, arguments)
            shared = optimisers.Numbers(
                write, [builder.extract_value(write.arguments[0], n) for n in range(9)]
            )
            begins = (places[THETA], places[GRADIENT], places[STATES], places[STATES] + places[SIZE])
            for n in range(0, int(places[SIZE]), write.lanes):
                at = [write.whole(int(begin) + n) for begin in begins[: 2 + count]]
                optimisers.write_step(write, formula, shared, at)
            return context.get_dummy_value()

        return types.void(memory, numbers), generate

    @njit(**OPTIONS)
    def gradient_of(memory, _layers, _places):
        gradient_of_it(memory)

    @njit(**OPTIONS)
    def step(memory, _places, _code, lr, settings, corrections):
        numbers = (
            lr, settings[0], settings[1], settings[2], settings[3], settings[4],
            corrections[0], corrections[1], corrections[2],
        )  # fmt: skip
        step_of_it(memory, numbers)

    return _with(singles, loss_of=_with(_loss_of, gradient_of=gradient_of), step=step)
