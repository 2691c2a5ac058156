"""The tour: twelve stops in the order of the lecture notes, each with a question and one thing to do, on the live page.

A stop says how the page is to stand, in words what is seen there, and asks for one number or choice. Whether an answer
is right, and whether what was to be done is done, is decided here, by the session as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from deltarule import chain
from deltarule.chain.blocks import runs
from deltarule.chain.explanation import Chain
from deltarule.chain.grid import shown
from deltarule.chain.guesses import is_same, mistakes_of
from deltarule.errors import OptionError
from deltarule.maths import passes
from deltarule.web.commands import Grade, Progress
from deltarule.web.controls import OF_OTHERS, OF_WORKED, Settings
from deltarule.web.frame import DIGITS, SATURATED

if TYPE_CHECKING:
    from deltarule.web.session import Session

ONE_UNIT = replace(OF_OTHERS, data="line", rows=20, hidden=(1, 1), batch_size=20, learning_rate=0.1)
MOONS = replace(OF_OTHERS, data="moons")
ENOUGH_TO_OVERFLOW = 700.0
"""A logit from which on the factored form of dL/da_K is of no use."""


@dataclass(frozen=True)
class Seen:
    """What a tab alone knows: the parameter that is looked at, and the phase."""

    watch: str
    group: str
    at: str


@dataclass(frozen=True)
class Stop:
    """A stop of the tour; mathematics in its texts stands between backticks.

    question, right
        What is asked, and the answer: a number, or one of `choices`.
    to_do, is_done
        What is to be done, and whether it is.
    settings, watch, phase, mode
        How the page stands at the beginning.
    hides
        Names of the quantities that would give the answer away.
    counts
        Of an answer that is a whole number, what is counted, or "row" where it is a row's; it must be met exactly.
    has_mistakes
        Whether a wrong number may be one of the known mistakes of the derivative that is looked at.
    """

    title: str
    text: str
    question: str
    right: Callable[[Session], float | str]
    to_do: str
    is_done: Callable[[Session, Seen], bool]
    phase: tuple[str, str]
    settings: Settings = OF_WORKED
    watch: str = "w[1,1,1]"
    mode: str = "example"
    choices: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()
    has_mistakes: bool = False
    counts: str = ""
    updates: int = field(default=0)


def _chain(session: Session, name: str = "w[1,1,1]", on: str = "example") -> Chain:
    return chain.explain(session.walk, name, *session.examples(on))


def _trace(session: Session) -> passes.Trace:
    return passes.forward(session.walk.net, session.examples("example")[0])


def _of(session: Session) -> Any:
    """Return the derivatives of the example."""
    X, p, _ = session.examples("example")
    return session.walk.net.gradients(X, p)


def _true(session: Session) -> int:
    return int(session.walk.problem.p[session.row].argmax())


def _loss_after(session: Session) -> float:
    """Return the batch's loss after the update that comes next."""
    walk, moment = session.walk, session.walk.moment
    net = walk.net.copy()
    net.theta[walk.problem.selection.index] = moment.after
    return net.loss(walk.problem.X[moment.rows], moment.p, weights=moment.c)


def _products_without_W_1(session: Session) -> float:
    net = session.walk.net
    every = range(1, net.K + 1)
    return passes.products(net.sizes, [k for k in every if k > 1], every)


def _hardest(session: Session) -> float:
    rows = session.walk.rows
    pulls = chain.pullers(session.walk, "w[1,1,1]", *session.examples("batch")).contributions
    return float(session.numbers[rows[int(np.abs(pulls).argmax())]])


def _slope(session: Session) -> float:
    net = session.walk.net
    return abs(float(net.g[1].df(_trace(session).a[1])[0, 0]))


STOPS = (
    Stop(
        "The model",
        "A network turns `x` into `y_hat` layer by layer. Each layer adds up, `a_k = W_k h_{k-1} + "
        "b_k`, and bends, `h_k = g_k(a_k)`. Here three inputs, two layers of two units and two "
        "outputs. Forward only looks: no parameter changes.",
        "What is `a_1` of unit 1?",
        lambda s: float(_trace(s).a[1][0, 0]),
        "Change `x_1` of the row, in the data panel, and watch what it changes.",
        lambda s, _: s.is_input_changed,
        ("forward", "x"),
        hides=("a[1,1]", "h[1,1]"),
    ),
    Stop(
        "Output and loss",
        "The softmax makes of the logits `a_3` shares that add up to 1. The loss is what the true "
        "class was given: `-log y_hat_l`. It is the cross entropy, minus the sum of `p_i log q_i`, with "
        "one true class.",
        "The true class has .8. What would the loss be, had it .4?",
        lambda s: float(-np.log(_trace(s).y_hat[0, _true(s)] / 2)),
        "Step forward to `L`.",
        lambda _, seen: (seen.group, seen.at) == ("forward", "L"),
        ("forward", "y"),
    ),
    Stop(
        "The rule",
        "Every weight takes a step against its derivative: `w <- w - alpha dL/dw`. The derivative says "
        "how the loss rises with the weight, so minus goes down, for small steps.",
        "Will `w[1,1,1]` go up or down?",
        lambda s: "down" if _chain(s, on="batch").product > 0 else "up",
        "Raise the rate until the update would make the loss rise. The nudge plot shows why.",
        lambda s, _: _loss_after(s) > s.walk.moment.loss,
        ("backward", "1"),
        settings=replace(ONE_UNIT, optimiser="gradient_descent"),
        mode="batch",
        choices=("up", "down"),
        hides=("dL/dw[1,1,1]", "step w[1,1,1]", "new w[1,1,1]"),
    ),
    Stop(
        "How do we compute it?",
        "With one unit a layer the chain is a row of numbers: how the loss moves with `y_hat`, that "
        "with `a_3`, and so on down to the weight. The derivative is their product.",
        "Multiply the factors of the chain: what is `dL/dw[1,1,1]`?",
        lambda s: _chain(s).product,
        "Look at the factors of `w[2,1,1]`: which are gone?",
        lambda _, seen: seen.watch == "w[2,1,1]",
        ("backward", "1"),
        settings=ONE_UNIT,
        hides=("dL/dw[1,1,1]",),
        has_mistakes=True,
    ),
    Stop(
        "Only the weights one wants",
        "What lies above a layer is shared by all weights below it; what lies below it need not be "
        "computed for it. So freezing a layer saves work, and freezing the lowest ones ends the "
        "backward pass early.",
        "How many products does the backward pass make for an example without `W_1`?",
        _products_without_W_1,
        "Freeze `W_1` with its padlock.",
        lambda s, _: "W[1]" in s.frozen,
        ("backward", "1"),
        counts="products",
    ),
    Stop(
        "Four parts",
        "The chain has four parts: across the output layer, from there to the last hidden layer, from "
        "one hidden layer to the one before, and to the weight of interest. All but the last are the "
        "same for every weight of a layer.",
        "How many factors has the chain of `w[1,1,1]`?",
        lambda s: float(len(_chain(s).steps)),
        "Look at a weight of layer 2: one part is gone.",
        lambda _, seen: seen.watch.startswith("w[2,"),
        ("backward", "1"),
        counts="factors",
    ),
    Stop(
        "The loss by the output",
        "The loss looks at the true class alone, `L = -log y_hat_l`. So `dL/dy_hat = -(1/y_hat_l) "
        "e(l)`: 0 for the others, and large where the network was sure of something else.",
        "What is `dL/dy_hat_1`? The true class is 1.",
        lambda s: float(_of(s).y_hat[0, _true(s)]),
        "Step to the first phase of backward, `L`.",
        lambda _, seen: (seen.group, seen.at) == ("backward", "L"),
        ("forward", "L"),
        hides=("dL/dy_hat[1]",),
    ),
    Stop(
        "The output by the logits",
        "The shares add up to 1: what one logit gives to its class it takes from the others. "
        "`dy_hat_l/da_i = y_hat_l (1[l=i] - y_hat_i)`: a matrix, not a list.",
        "Which sign have the entries off the diagonal?",
        lambda s: (
            "minus" if float(s.walk.net.output.dy_hat_da(_trace(s).a[s.walk.net.K])[0, 0, 1]) < 0 else "plus"
        ),
        "Step to the phase of layer 3, in which both factors are multiplied.",
        lambda _, seen: (seen.group, seen.at) == ("backward", "3"),
        ("backward", "L"),
        choices=("plus", "minus"),
        hides=("dy_hat/da_3",),
    ),
    Stop(
        "Together",
        "Multiplied, `1/y_hat_l` cancels: `dL/da_3 = -(e(l) - y_hat)`, what was said less what is "
        "true. This fused form never divides, so it stays right where the factors overflow.",
        "What is `dL/da_3` of output 2?",
        lambda s: float(_of(s).a[s.walk.net.K][0, 1]),
        "Set `b[3,2]` to 800: the factored form dies, and the chain begins with the fused one.",
        lambda s, _: float(np.abs(_trace(s).a[s.walk.net.K]).max()) > ENOUGH_TO_OVERFLOW,
        ("backward", "L"),
        watch="b[3,2]",
        hides=("dL/da[3,2]", "dL/db[3,2]", "step b[3,2]", "new b[3,2]"),
    ),
    Stop(
        "To the last hidden layer",
        "A hidden unit reaches the loss through all units above it, so what comes down is a sum: "
        "`dL/dh_2 = W_3^T dL/da_3`. With the old `W_3`: nothing moves before the update.",
        "What is `dL/dh_2` of unit 2?",
        lambda s: float(_of(s).h[2][0, 1]),
        "Look at `w[2,2,1]` and read its paths under Why?",
        lambda _, seen: seen.watch == "w[2,2,1]",
        ("backward", "3"),
        watch="w[3,1,2]",
        hides=("dL/dh[2,2]", "dL/da[2,2]", "dL/db[2,2]"),
    ),
    Stop(
        "Hidden to hidden",
        "The same two factors again, layer by layer: `W^T`, then `g'`. A unit that is saturated lets "
        "nothing through, however large the error above it is: `g'` is next to 0.",
        "How many paths lead from `w[1,1,1]` to the outputs?",
        lambda s: float(_chain(s).paths.count),
        "Make `g'` of unit 1 in layer 1 smaller than .01: set its bias `b[1,1]` far from 0.",
        lambda s, _: _slope(s) < SATURATED,
        ("backward", "1"),
        settings=MOONS,
        counts="paths",
        updates=50,
    ),
    Stop(
        "The weight and the update",
        "At the weight, `dL/dW_k = dL/da_k h_{k-1}^T`, and the bias has 1 for `h`. A batch is the sum "
        "of its examples, each times `c_n`; some pull up, some down. Then all parameters step at once.",
        "Which row of the batch pulls `w[1,1,1]` hardest? Its number.",
        _hardest,
        "Freeze something, make an update, and take it back.",
        lambda s, _: {"freeze", "step", "back"} <= set(s.acts),
        ("backward", "1"),
        settings=MOONS,
        counts="row",
        mode="batch",
        updates=50,
    ),
)


def begin(session: Session, n: int) -> None:
    """Put a session where stop n, from 1, begins; the caller holds its lock."""
    stop = _stop(n)
    session.begin(stop.settings)
    session.walk.take(stop.updates)


def stops() -> list[dict[str, Any]]:
    """Return what the page is told of the stops: all but the answers."""
    return [
        {
            "title": stop.title,
            "text": runs(stop.text),
            "question": runs(stop.question),
            "choices": list(stop.choices),
            "to_do": runs(stop.to_do),
            "phase": list(stop.phase),
            "watch": stop.watch,
            "mode": stop.mode,
            "hides": list(stop.hides),
        }
        for stop in STOPS
    ]


def grade(session: Session, asked: Grade) -> dict[str, Any]:
    """Return whether an answer is right, and what is to be said of it; nothing given tells the answer."""
    stop = _stop(asked.stop)
    right = stop.right(session)
    told = right if isinstance(right, str) else shown(right, DIGITS)
    given = asked.given.strip()
    if not given:
        return {"is_right": False, "said": runs(f"It is {told}."), "is_told": True}
    if isinstance(right, str):
        is_right = given == right
        return _said(
            is_right, f"Yes, {told}." if is_right else "No: think of what the sign of the derivative means."
        )
    value = number(given)
    if value == right if stop.counts else is_same(value, right):
        return _said(True, f"Yes: {told}.")
    if stop.counts:
        return _said(False, _miscounted(stop.counts, value, right))
    known = mistakes_of(_chain(session, stop.watch, stop.mode), value) if stop.has_mistakes else []
    return _said(False, f"No: that is what comes where {known[0]}." if known else _hint(value, right))


def guess(found: Chain, given: str, step: int, place: int) -> dict[str, Any]:
    """Return whether a number is the derivative (step 0), or an entry of the product after that many factors."""
    value = number(given)
    if step == 0:
        right = found.product
        known = mistakes_of(found, value)
    else:
        if not 1 <= step <= len(found.steps) or not 1 <= place <= found.steps[step - 1].so_far.shape[2]:
            raise OptionError(f"the chain has no product {step} with an entry {place}.")
        right, known = float(found.steps[step - 1].so_far[0, 0, place - 1]), []
    if is_same(value, right):
        return _said(True, f"Yes: {shown(right, DIGITS)}.")
    return _said(False, f"No: that is what comes where {known[0]}." if known else _hint(value, right))


def progress(session: Session, asked: Progress) -> dict[str, Any]:
    """Return whether what a stop wants done is done."""
    seen = Seen(asked.watch, asked.group, asked.at)
    return {"stop": asked.stop, "is_done": bool(_stop(asked.stop).is_done(session, seen))}


def number(given: str) -> float:
    """Return a number that somebody typed."""
    try:
        return float(given.replace(",", ".").replace("−", "-"))
    except ValueError:
        raise OptionError(f"{given[:40]!r} is not a number.") from None


def _stop(n: int) -> Stop:
    if not 1 <= n <= len(STOPS):
        raise OptionError(f"there is no stop {n}; the tour has {len(STOPS)}.")
    return STOPS[n - 1]


def _hint(value: float, right: float) -> str:
    if value * right < 0:
        return "No: the sign is another one."
    return "No: the sign is right, the size is not." if right else "No."


def _miscounted(what: str, value: float, right: float) -> str:
    if what == "row":
        return "No: another row of the batch pulls harder."
    return f"No: there are {'more' if value < right else 'fewer'} {what}."


def _said(is_right: bool, words: str) -> dict[str, Any]:
    return {"is_right": is_right, "said": runs(words), "is_told": False}
