"""The tree that every renderer renders: what `explain` says, in blocks.

Sentences and cells hold mathematics between backticks, in the notation of `notation.py`. Numbers are rounded here,
once, so that all renderers show the same: factors in as many digits as it takes for their product to come out as it
is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

import numpy as np

from deltarule.chain.certificate import CENTRAL_LIMIT, COMPLEX_LIMIT
from deltarule.chain.explanation import Chain, Step
from deltarule.chain.grid import Grid, grid, rounded, shown
from deltarule.chain.paths import Path
from deltarule.maths.jacobians import Factor, output_formulas, partial_products
from deltarule.network import Floats
from deltarule.spelling import plural

DIGITS = 6
"""Of products, and the fewest of factors."""
EXACT = 17
"""Digits that tell every float64 from its neighbours."""
MOST_CHECKED = 10_000
"""Numbers of a factor up to which its digits are chosen so that the printed product comes out."""
MOST_CELLS = 12
"""Inputs of an example."""
MOST_MATRICES = 3
"""Of a stack with a matrix for each example."""


@dataclass(frozen=True)
class Heading:
    text: str
    level: int


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more; `verdict` where it is one: PASS, FAIL or kink."""

    text: str
    verdict: str = ""


@dataclass(frozen=True)
class Matrix:
    """A matrix with what it is called: for a screen reader, and above it where there are several."""

    name: str
    grid: Grid
    caption: str = ""


@dataclass(frozen=True)
class Equation:
    """left = formula, and the matrices that it gives, each of this shape; or words in place of a formula."""

    left: str
    formula: str = ""
    words: str = ""
    shape: tuple[int, int] | None = None
    matrices: tuple[Matrix, ...] = ()


@dataclass(frozen=True)
class Table:
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


Block: TypeAlias = Heading | Paragraph | Equation | Table


def document(chain: Chain) -> list[Block]:
    """Return what `explain` says as blocks."""
    return [block for section in sections(chain).values() for block in section]


def sections(chain: Chain) -> dict[str, list[Block]]:
    """Return the blocks by what they are about, in their order."""
    digits = _digits(chain)
    cut = chain.split_at
    return {
        "about": list(_about(chain)),
        "chain": list(_chain(chain, digits)),
        "views": list(_views(chain, digits)),
        "paths": list(_paths(chain, digits)),
        **({} if cut is None else {"break": list(_break(chain, cut, digits))}),
        "proof": list(_proof(chain)),
        "update": list(_update(chain)),
        "sizes": list(_sizes(chain)),
    }


def _chain(chain: Chain, digits: int) -> Iterator[Block]:
    yield Heading("The chain", 2)
    yield Equation(f"dL/d{chain.parameter}", _product_of_symbols(chain))
    if len(chain.p) > 1:
        yield Paragraph(
            f"This is the derivative for one example; that of the batch is the sum over its {len(chain.p):,} "
            f"examples, each times its weight `c_n`."
        )
    for part, steps in groupby(chain.steps, key=lambda step: step.factor.part):
        yield Heading(part[0].upper() + part[1:], 3)
        listed = list(steps)
        yield from _part(chain, listed, digits)


def _about(chain: Chain) -> Iterator[Block]:
    yield Heading(f"`dL/d{chain.parameter} = {shown(chain.product, DIGITS)}`", 1)
    net, N = chain.net, len(chain.p)
    hidden = [g.name for g in net.g[1:]]
    names = "-".join(hidden if len(set(hidden)) > 1 else hidden[:1])
    form = "-".join(map(str, net.sizes))
    scaled = "" if net.s is None else ", scaled inputs"
    yield Paragraph(f"`{chain.parameter}`: {chain.where}")
    yield Paragraph(
        f"Network {form}{', ' + names if names else ''}{scaled}, {net.output} output, {net.output.loss_name}. "
        f"{'One example' if N == 1 else plural(N, 'example')}, `L` = {shown(chain.loss, DIGITS)}."
    )
    if N == 1 and len(chain.p[0]) <= 6:
        y_hat = ", ".join(shown(float(q), 4) for q in chain.trace.y_hat[0])
        p = ", ".join(shown(float(q), 4) for q in chain.p[0])
        yield Paragraph(f"`y_hat` = ({y_hat}), target ({p}).")
    if chain.target:
        yield Paragraph(f"{_words(chain.target)}.")
    if chain.cells:
        listed = ", ".join(map(_words, chain.cells[:MOST_CELLS]))
        more = len(chain.cells) - MOST_CELLS
        yield Paragraph(f"Inputs: {listed}{f', and {more:,} more' if more > 0 else ''}.")


def _words(text: str) -> str:
    """Return what a table's owner calls something; backticks would begin mathematics."""
    return text.replace("`", "'")


def _product_of_symbols(chain: Chain) -> str:
    return " . ".join(step.factor.symbol for step in chain.steps)


def _part(chain: Chain, steps: Sequence[Step], digits: int) -> Iterator[Block]:
    if chain.is_fused and steps[0] is chain.steps[0]:
        yield Paragraph(chain.note)
    for step in steps:
        yield Equation(
            step.factor.symbol,
            step.factor.formula,
            shape=step.factor.shape,
            matrices=_of_factor(step.factor, digits),
        )
        if step is not chain.steps[0]:
            so_far, is_last = step.so_far[:, 0, :], step is chain.steps[-1]
            yield Equation(
                step.name,
                words="the product" if is_last else "the product so far",
                shape=(1, so_far.shape[1]),
                matrices=(Matrix(step.name, grid(so_far, DIGITS if is_last else digits), _each(so_far)),),
            )
    if chain.steps[1] in steps and not chain.is_fused:
        K, fused = chain.net.K, output_formulas(chain.net, chain.p)[2]
        worst = float(np.abs(chain.fused - chain.factored).max())
        yield Paragraph(
            f"Fused, as back-propagation has it, `dL/da_{K}` = `{fused}`: "
            f"{'the same' if worst == 0 else f'the same to {worst:.0e}'}."
        )


def _each(rows: Floats) -> str:
    return "one row an example" if len(rows) > 1 else ""


def _of_factor(factor: Factor, digits: int) -> tuple[Matrix, ...]:
    values, symbol = factor.values, factor.symbol
    if factor.is_diagonal:
        if len(values) == 1 and values.shape[1] <= 6:
            return (Matrix(symbol, grid(factor.matrix[0], digits)),)
        return (
            Matrix(symbol, grid(values, digits), "the diagonal" + (", " + _each(values)) * (len(values) > 1)),
        )
    if values.ndim == 2:
        return (Matrix(symbol, grid(values, digits)),)
    if len(values) == 1:
        return (Matrix(symbol, grid(values[0], digits)),)
    if values.shape[1] == 1:
        return (Matrix(symbol, grid(values[:, 0, :], digits), _each(values)),)
    if values.shape[2] == 1:
        return (Matrix(symbol, grid(values[:, :, 0], digits), "transposed, " + _each(values)),)
    told = [*range(MOST_MATRICES - 1), len(values) - 1] if len(values) > MOST_MATRICES else range(len(values))
    return tuple(
        Matrix(symbol, grid(values[n], digits), f"example {n + 1:,} of {len(values):,}") for n in told
    )


def _views(chain: Chain, digits: int) -> Iterator[Block]:
    at, N = chain.parameter, len(chain.p)
    of_weight = f"`delta_{at.k}[{at.i}] h_{at.k - 1}[{at.j}]`"
    made = of_weight if at.j else f"`delta_{at.k}[{at.i}]`" if at.k else f"`dL/dh_0[{at.i}] x[{at.i}]`"
    if N > 1:
        made += f", summed over {plural(N, 'example')}"
    elif at.j or at.k == 0:
        delta, h = float(chain.recursion.delta[0]), float(chain.recursion.h[0])
        made += f" = {shown(delta, digits)} x {shown(h, digits)}"
    ways = f"{plural(chain.paths.count, 'path')} to the outputs"
    values = [shown(value, 12) for value in chain.views.values()]
    yield Heading("Three views of the same number", 2)
    yield Table(
        ("view", "", "value"),
        (
            ("product of the factors", "", values[0]),
            ("recursion", made, values[1]),
            ("sum over paths", ways, values[2]),
        ),
        right=(2,),
    )
    spread = max(chain.views.values()) - min(chain.views.values())
    if chain.views_agree:
        yield Paragraph(f"They agree to {spread:.0e}." if spread else "They agree to the last bit.")
    else:
        yield Paragraph(f"They differ by {spread:.1e}.", "FAIL")


def _paths(chain: Chain, digits: int) -> Iterator[Block]:
    N = len(chain.p)
    if chain.paths.count > 1 and chain.paths.largest:
        yield Paragraph("The largest paths, from the parameter up to an output:")
        rows = [_path_row(chain, path, digits) for path in chain.paths.largest]
        left = chain.paths.count - len(rows)
        if left:
            rest = f"the other {left:,} together"
            rows.append(
                (rest, shown(chain.paths.rest, digits))
                if N == 1
                else ("", rest, shown(chain.paths.rest, digits))
            )
        head = ("path", "value") if N == 1 else ("example", "path", "value")
        yield Table(head, tuple(rows), right=(len(head) - 1,))


def _path_row(chain: Chain, path: Path, digits: int) -> tuple[str, ...]:
    way, value = chain.way(path), shown(path.value, digits)
    return (way, value) if len(chain.p) == 1 else (f"{path.example:,}", way, value)


def _break(chain: Chain, m: int, digits: int) -> Iterator[Block]:
    cut = chain.split(m)
    yield Heading(f"Broken at `h_{m}`", 2)
    others = f"every parameter of layer {m} and below" if m else "every input's scale"
    yield Paragraph(
        f"Upstream is the same for {others}; the local part is how "
        f"`{chain.parameter}` alone moves `h_{m}`. The derivative is their product."
    )
    for name, values in ((f"dL/dh_{m}", cut.upstream), (f"dh_{m}/d{chain.parameter}", cut.local)):
        what = "upstream" if values is cut.upstream else "local, transposed"
        each = f"{what}, {_each(values)}" if len(values) > 1 else what
        matrix = Matrix(name, grid(values, digits))
        yield Equation(name, words=each, shape=(1, values.shape[1]), matrices=(matrix,))


def _proof(chain: Chain) -> Iterator[Block]:
    each = chain.numerical
    yield Heading("Proof", 2)
    yield Table(
        ("derivative", "value", "relative error", "limit"),
        (
            ("chain rule", shown(each.analytic, 15), "", ""),
            (
                "complex step",
                shown(each.complex_step, 15),
                f"{each.complex_error:.1e}",
                f"{COMPLEX_LIMIT:.0e}",
            ),
            (
                f"central difference, `h` = {each.step:.2g}",
                shown(each.central, 15),
                f"{each.central_error:.1e}",
                f"{CENTRAL_LIMIT:.0e}",
            ),
        ),
        right=(1, 2, 3),
    )
    told = {
        "PASS": "the derivative is that of the loss.",
        "FAIL": "the derivative is not that of the loss.",
        "kink": "a unit or the loss changes side within the central step, so the complex step alone is the proof.",
    }[each.verdict]
    yield Paragraph(f"{each.verdict}: {told}", each.verdict)


def _update(chain: Chain) -> Iterator[Block]:
    update, at = chain.update, chain.parameter
    yield Heading("The update", 2)
    if update.optimiser == "gradient_descent" and update.learns:
        factor = "" if update.factor == 1.0 else f"{shown(update.factor, DIGITS)} "
        yield Paragraph(f"`{at} <- {at} - {factor}alpha dL/d{at}`")
    yield Paragraph(f"By {update.assumes}." if update.learns else f"None: {update.assumes}.")
    penalty = (
        (("the penalty's part of the derivative", shown(update.penalty, DIGITS)),) if update.penalty else ()
    )
    factor = shown(update.factor, DIGITS)
    factors = (("its factor for this parameter", factor),) if update.factor != 1.0 else ()
    decay = (("of it weight decay", shown(update.decay, DIGITS)),) if update.decay else ()
    yield Table(
        ("", "value"),
        (
            (f"`{at}`", shown(update.w, DIGITS)),
            (f"`alpha`, {update.optimiser.replace('_', ' ')}", shown(update.learning_rate, DIGITS)),
            *factors,
            *penalty,
            ("step", shown(update.step, DIGITS)),
            *decay,
            (f"new `{at}`", shown(update.new_w, DIGITS)),
            ("change of the loss, predicted: derivative times step", shown(update.predicted, DIGITS)),
            ("change of the loss, if this parameter alone moves", shown(update.actual, DIGITS)),
        ),
        right=(1,),
    )


def _sizes(chain: Chain) -> Iterator[Block]:
    smallest = chain.smallest
    yield Heading("The smallest factor", 2)
    words = chain.vanishing or smallest.words
    yield Paragraph(f"{words[0].upper()}{words[1:]}.")
    yield Paragraph(
        "How much each factor lets through; their product is the size of the derivative:"
        if chain.product
        else "How much each factor lets through, up to the one that stops it:"
    )
    yield Table(
        ("factor", "size"),
        tuple(
            (f"`{size.symbol}`" if "/" in size.symbol else size.symbol, f"{size.value:.4g}")
            for size in chain.sizes
        ),
        right=(1,),
    )


def _digits(chain: Chain) -> int:
    """Return how many digits factors need for the product of the printed ones to come out as it is printed."""
    if max(factor.values.size for factor in chain.factors) > MOST_CHECKED:  # nobody multiplies what is elided
        return DIGITS
    for digits in range(DIGITS, EXACT):
        printed = [
            Factor(
                factor.symbol, factor.part, factor.formula, rounded(factor.values, digits), factor.is_diagonal
            )
            for factor in chain.factors
        ]
        each = partial_products(printed)[-1][:, 0, 0]
        wanted = chain.steps[-1].so_far[:, 0, 0]
        if all(shown(float(a), DIGITS) == shown(float(b), DIGITS) for a, b in zip(each, wanted, strict=True)):
            return digits
    return EXACT
