"""Wrong answers that people give for one derivative, named, so that a guess can be told which mistake it is.

Each is the chain with one thing done wrong; `deltarule.chain.mistakes` has those of a whole gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from deltarule.chain.explanation import Chain
from deltarule.chain.grid import shown
from deltarule.chain.local import arriving, deltas_down_to, multiplier
from deltarule.chain.mistakes import WithSlope
from deltarule.maths import passes
from deltarule.maths.activations import Activation
from deltarule.network import Floats
from deltarule.spelling import plural

DIGITS = 2
"""In which a guess is the same as a value."""


@dataclass(frozen=True)
class Guess:
    """A wrong derivative: the mistake in words, with mathematics between backticks, and what it gives."""

    words: str
    value: float


def guesses(chain: Chain, learning_rate: float | None = None) -> list[Guess]:
    """Return the wrong derivatives of a chain's parameter that differ from the right one, each mistake once.

    learning_rate: of weights that were updated too early; None for that of the chain's update.

    >>> from deltarule import Network, explain
    >>> net = Network([1, 1], output="linear", dtype="float64")
    >>> net.theta = [2.0, 0.0]
    >>> guesses(explain(net, "w[1,1,1]", [1.0], [0.0]))
    [Guess(words='the sign is wrong', value=-4.0)]
    """
    rate = chain.update.learning_rate if learning_rate is None else learning_rate
    with np.errstate(all="ignore"):
        found = [each for each in _all(chain, rate) if np.isfinite(each.value)]
    return [each for each in found if not is_same(each.value, chain.product)]


def mistakes_of(chain: Chain, value: float, learning_rate: float | None = None) -> list[str]:
    """Return the mistakes that a guess may be, in words; none where it is right, or no mistake that is known."""
    if is_same(value, chain.product):
        return []
    return [each.words for each in guesses(chain, learning_rate) if is_same(value, each.value)]


def is_same(value: float, other: float, digits: int = DIGITS) -> bool:
    """Return whether two numbers are the same in so many digits.

    >>> is_same(0.5512, 0.55), is_same(0.57, 0.55), is_same(0.0, 1e-9)
    (True, False, False)
    """
    return float(shown(value, digits)) == float(shown(other, digits))


def _all(chain: Chain, rate: float) -> Iterator[Guess]:
    net, at, N = chain.net, chain.parameter, len(chain.p)
    yield Guess("the sign is wrong", -chain.product)
    if chain.net.output.name == "softmax":
        yield Guess("only the diagonal of `dy_hat/da` was taken, `y_hat_i (1 - y_hat_i)`", _diagonal(chain))
    if chain.paths.count > N:
        for path in chain.paths.largest:
            way = ", ".join(str(unit) for unit in path.units)
            of = f" of example {path.example}" if N > 1 else ""
            yield Guess(f"one path alone was taken{of}, through units {way}; all paths add up", path.value)
    above = range(at.k + 1, net.K + 1)
    new = _updated(chain, rate)
    for m in above:
        words = f"`W_{m}` was updated before it was used; all derivatives are by the old weights"
        yield Guess(words, _through(chain, {m: new[m]}))
    if len(above) > 1:
        yield Guess("the weights above were updated before they were used", _through(chain, new))
    for m in above:
        if net.sizes[m] == net.sizes[m - 1]:
            words = f"`W_{m}` was not transposed: `dL/dh_{m - 1}` is `W_{m}^T dL/da_{m}`"
            yield Guess(words, _through(chain, {m: net.W[m].T}))
    for m in range(max(at.k, 1), net.K):
        words = f"`g'_{m}(a_{m})`, the activation's derivative, is missing"
        yield Guess(words, _through(chain, {}, without=m))
    if at.j is None:
        n = net.sizes[at.k - 1]
        words = f"the bias was counted once for each of its unit's {plural(n, 'input')}"
        yield Guess(words, n * chain.product)
    if N > 1:
        yield Guess(f"the {N:,} examples were summed, not weighed by `c_n`", float(_summed(chain)))


def _diagonal(chain: Chain) -> float:
    a_K = chain.trace.a[chain.net.K]
    diagonal = np.diagonal(chain.net.output.dy_hat_da(a_K), axis1=1, axis2=2)
    return _through(chain, {}, chain.c[:, None] * chain.net.output.dL_dy_hat(a_K, chain.p) * diagonal)


def _updated(chain: Chain, rate: float) -> dict[int, Floats]:
    """Return W_m - alpha dL/dW_m of the layers above the parameter's."""
    net, above = chain.net, range(chain.parameter.k + 1, chain.net.K + 1)
    delta = passes.delta_K(net, chain.trace, chain.p, chain.c)
    deltas = passes.backward(net, chain.trace, delta, above, ())
    return {m: net.W[m] - rate * deltas.W[m] for m in above}


def _through(
    chain: Chain, W: Mapping[int, Floats], delta: Floats | None = None, without: int | None = None
) -> float:
    """Return the derivative by other weights W_m, another dL/da_K, or without g' of a layer."""
    net, trace, at = chain.net, chain.trace, chain.parameter
    g: list[Activation] = [
        WithSlope(each, lambda g, a: np.ones_like(a)) if m == without else each
        for m, each in enumerate(net.g)
    ]
    other = passes.Layers([W.get(m, each) for m, each in enumerate(net.W)], net.b, g, net.output, net.s)
    start = passes.delta_K(net, trace, chain.p, chain.c) if delta is None else delta
    deltas = deltas_down_to(other, trace, start, at)
    return float((arriving(deltas, at)[:, at.i - 1] * multiplier(trace, at)).sum())


def _summed(chain: Chain) -> float:
    """Return sum_n dL_n/dw."""
    weighed = chain.c > 0
    return (chain.contributions[weighed] / chain.c[weighed]).sum()
