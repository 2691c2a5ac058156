"""Wrong derivatives that people make, named: what a gradient would be with each, to recognise one in a gradient.

`MISTAKES` act within the backward pass; `RELATIONS` and factors act on one array, dL/dW_k, dL/db_k or dL/ds,
afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from deltarule.maths import passes
from deltarule.maths.activations import Activation
from deltarule.maths.arrays import Array
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network

Slope: TypeAlias = Callable[[Activation, Array], Array]


@dataclass(frozen=True)
class Setting:
    """What a gradient is computed from."""

    net: Network
    trace: passes.Trace
    p: Floats
    c: Floats
    penalty: Penalty


@dataclass(frozen=True)
class Candidate:
    """A gradient with a mistake in it, flat, and the mistake in words; the right one has none."""

    words: str
    theta: Floats


@dataclass(frozen=True)
class Findings:
    """A gradient of one's own beside the derivation's: the entries that are off, and the relations that fit."""

    off: tuple[str, ...]
    n_compared: int
    relations: tuple[str, ...]


class WithSlope(Activation):
    """An activation with another g': slope(g, a)."""

    name = "with another slope"
    derivative = "another"

    def __init__(self, g: Activation, slope: Slope) -> None:
        self.g, self.slope = g, slope

    def f(self, a: Array) -> Array:
        return self.g.f(a)

    def df(self, a: Array) -> Array:
        return self.slope(self.g, a)


def gradient(
    s: Setting,
    delta: Floats | None = None,
    g: Sequence[Activation] | None = None,
    penalty: float = 1.0,
    trace: passes.Trace | None = None,
) -> Floats:
    """Return dL/dtheta from another dL/da_K, activations or trace, or so many times the penalty's gradient."""
    net, every = s.net, range(1, s.net.K + 1)
    deltas = passes.backward(
        passes.Layers(net.W, net.b, g or net.g, net.output, net.s),
        s.trace if trace is None else trace,
        passes.delta_K(net, s.trace, s.p, s.c) if delta is None else delta,
        every,
        every,
        learn_s=net.s is not None,
    )
    W = [None, *(deltas.W[k] + penalty * s.penalty.gradient(net.W[k]) for k in every)]
    return net.layout.join(W, deltas.b, deltas.s, like=net.theta)


def activation_missing(s: Setting) -> Iterator[Candidate]:
    """delta_k = W_{k+1}^T delta_{k+1}, without * g'_k(a_k), in all layers or in one."""
    yield from _slopes(s, lambda g, a: np.ones_like(a), "the activation's derivative is missing")


def activation_at_h(s: Setting) -> Iterator[Candidate]:
    """delta_k = W_{k+1}^T delta_{k+1} * g'_k(h_k), the derivative taken at h instead of at a."""
    yield from _slopes(s, lambda g, a: g.df(g.f(a)), "the activation's derivative is taken at h")


def _slopes(s: Setting, slope: Slope, words: str) -> Iterator[Candidate]:
    wrong, layers = [WithSlope(g, slope) for g in s.net.g], range(1, s.net.K)
    for m in layers:
        mixed = [wrong[k] if k == m else g for k, g in enumerate(s.net.g)]
        yield Candidate(f"{words} in layer {m}", gradient(s, g=mixed))
    if len(layers) > 1:
        yield Candidate(f"{words} in all layers", gradient(s, g=wrong))


def prediction_missing(s: Setting) -> Iterator[Candidate]:
    """dL/da_K = -p instead of y_hat - p."""
    yield Candidate("y_hat is missing in dL/da_K: it is -p, not y_hat - p", gradient(s, -s.c[:, None] * s.p))


def output_missing(s: Setting) -> Iterator[Candidate]:
    """dL/da_K = dL/dy_hat, without dy_hat/da_K."""
    delta = s.c[:, None] * s.net.output.dL_dy_hat(s.trace.a[s.net.K], s.p)
    yield Candidate("dy_hat/da_K, the output's own derivative, is missing", gradient(s, delta))


def weights_missing(s: Setting) -> Iterator[Candidate]:
    """dL/da_K with c_n = 1/N, whatever the examples weigh."""
    equal = np.full_like(s.c, 1.0 / len(s.c))
    yield Candidate(
        "the examples' weights are missing", gradient(s, passes.delta_K(s.net, s.trace, s.p, equal))
    )


def penalty_times(s: Setting) -> Iterator[Candidate]:
    """dL/dW_k = delta_k h_{k-1}^T + m (l1 sign(W_k) + l2 W_k) with m = 0, 2 or -1 instead of 1."""
    for times, words in ((0.0, "missing"), (2.0, "doubled"), (-1.0, "subtracted")):
        yield Candidate(f"the penalty's gradient is {words}", gradient(s, penalty=times))


def scale_missing(s: Setting) -> Iterator[Candidate]:
    """dL/dW_1 = delta_1 x^T instead of delta_1 (s * x)^T."""
    if s.net.s is not None:
        unscaled = replace(s.trace, h=[s.trace.x, *s.trace.h[1:]])
        yield Candidate("the scales are missing in dL/dW_1: h_0 is s * x, not x", gradient(s, trace=unscaled))


def input_scaled(s: Setting) -> Iterator[Candidate]:
    """dL/ds = dL/dh_0 * h_0, or dL/dh_0, instead of dL/dh_0 * x."""
    if s.net.s is not None:
        for x, words in (
            (s.trace.h[0], "dL/ds is made with h_0, not with x"),
            (np.ones_like(s.trace.x), "x, the scales' own derivative, is missing in dL/ds"),
        ):
            yield Candidate(words, gradient(s, trace=replace(s.trace, x=x)))


MISTAKES = [
    activation_missing,
    activation_at_h,
    prediction_missing,
    output_missing,
    weights_missing,
    penalty_times,
    scale_missing,
    input_scaled,
]


def transposed(right: Floats) -> Floats:
    """dL/dW_k laid out as its transpose."""
    return right.T.reshape(right.shape)


def missing(right: Floats) -> Floats:
    """All zeros."""
    return np.zeros_like(right)


def summed_over_units(right: Floats) -> Floats:
    """dL/db_k[i] = sum_m dL/db_k[m], for a bias."""
    return np.full_like(right, right.sum())


RELATIONS = [
    ("transposed", transposed, 2),
    ("missing (all 0)", missing, 1),
    ("missing (all 0)", missing, 2),
    ("summed over units or classes too", summed_over_units, 1),
]
"""A name, what it makes of the right array, and the number of axes of the arrays that it concerns."""


def recognise(s: Setting, mine: Floats, selected: Floats, tolerance: float) -> Findings:
    """Compare a flat gradient with the right one where `selected`, and say what fits where it is off.

    An entry is off where it differs by more than `tolerance` times the largest sum of moduli, sum_n |delta_k[n, i]
    h_{k-1}[n, j]|, of its array: what rounding in the dtype that the tolerance stands for may come to.
    """
    right, sizes, layout = gradient(s), _sizes(s), s.net.layout
    off = np.zeros(layout.size, bool)
    spans = [layout.s, *(span for k in range(1, layout.K + 1) for span in (layout.W[k], layout.b[k]))]
    for span, size in zip(spans, sizes, strict=True):
        off[span] = ~(np.abs(mine[span] - right[span]) <= tolerance * size + SMALLEST)
    off &= selected
    names = tuple(layout.name(int(n)) for n in np.flatnonzero(off))
    compared = int(selected.sum())
    if not names:
        return Findings(names, compared, ())
    candidates = Candidate("", right), *(each for make in MISTAKES for each in make(s))
    found = [_relations(s, mine, selected, candidate, tolerance) for candidate in candidates]
    _, told = min(found, key=lambda each: (each[0], len(each[1])))
    return Findings(names, compared, tuple(told))


SMALLEST = 1e-14
"""What a derivative that is 0 may come to by rounding in float64."""


def _sizes(s: Setting) -> list[float]:
    """Return the largest sum of moduli that dL/ds is made of, 0 without, and dL/dW_k and dL/db_k, layer by layer."""
    net, every = s.net, range(1, s.net.K + 1)
    delta, has_scale = passes.delta_K(net, s.trace, s.p, s.c), net.s is not None
    deltas = passes.backward(net, s.trace, delta, every, every, learn_s=has_scale)
    sizes = [float(np.abs(deltas.h[0] * s.trace.x).sum(axis=0).max()) if has_scale else 0.0]
    for k in every:
        moduli: Floats = np.abs(np.asarray(deltas.a[k]))
        of_W = moduli.T @ np.abs(s.trace.h[k - 1]) + np.abs(s.penalty.gradient(net.W[k]))
        sizes += [float(of_W.max()), float(moduli.sum(axis=0).max())]
    return sizes


def _relations(
    s: Setting, mine: Floats, selected: Floats, candidate: Candidate, tolerance: float
) -> tuple[int, list[str]]:
    """Return of how many arrays a candidate does not make the given gradient, and what makes it the others.

    Only arrays that are selected as a whole are looked at.
    """
    layout = s.net.layout
    (W, b), (W_, b_) = layout.split(mine), layout.split(candidate.theta)
    arrays = [(f"W[{k}]", layout.W[k], k, W[k], W_[k]) for k in range(1, layout.K + 1)]
    arrays += [(f"b[{k}]", layout.b[k], k, b[k], b_[k]) for k in range(1, layout.K + 1)]
    arrays.sort(key=lambda each: each[2])
    if layout.has_scale:
        arrays.append(("s", layout.s, 0, layout.scale_of(mine), layout.scale_of(candidate.theta)))
    of: dict[str, list[str]] = {}
    for name, span, k, x, y in arrays:
        if selected[span].all():
            of.setdefault(_relation(s, k, x, y, tolerance) or UNKNOWN, []).append(name)
    told = [candidate.words] if candidate.words else []
    for words, names in of.items():
        if words != RIGHT:
            told.append(f"{', '.join(names) if len(names) < len(arrays) else 'all arrays'}: {words}")
    return len(of.get(UNKNOWN, ())), told


RIGHT, UNKNOWN = "right", "no relation that is known fits"


def _relation(s: Setting, k: int, mine: Floats, right: Floats, tolerance: float) -> str | None:
    """Return what makes `right` the given array: nothing, a form and a factor, in words; None if nothing does."""
    forms = [("", right), *((name, f(right)) for name, f, ndim in RELATIONS if ndim == right.ndim)]
    for factor, told in {1.0: "", **_factors(s, k)}.items():
        for form, array in forms:
            if np.linalg.norm(mine - factor * array) <= tolerance * np.linalg.norm(mine) + 1e-14:
                if right.ndim == 1 and form.startswith("missing") and abs(right.sum()) <= 1e-14:
                    form = "missing (all 0), or summed over units or classes too: here that sum is 0"
                return " and ".join(part for part in (form, told) if part) or RIGHT
    if mine.size > 1 and (square := float((right * right).sum())) > 0:
        factor = float((mine * right).sum()) / square
        if np.linalg.norm(mine - factor * right) <= tolerance * np.linalg.norm(mine):
            return f"{factor:.6g} times what is right"
    return None


def _factors(s: Setting, k: int) -> dict[float, str]:
    """Return factors that mistakes make, with all the causes that each may have."""
    N, n_k, n_K = len(s.c), s.net.sizes[k], s.net.sizes[-1]
    not_N, not_K = (
        f"summed over the N = {N} examples, not divided by N",
        f"not divided by the n_{s.net.K} = {n_K} outputs",
    )
    causes = [
        (-1.0, "the sign is wrong"),
        (-float(N), f"the sign is wrong, and {not_N}"),
        (2.0, "a factor 2 too much"),
        (0.5, "a factor 2 missing"),
        (float(N), not_N),
        (1.0 / N, f"divided by N = {N} twice, or a mean where a sum belongs"),
        (float(n_K), not_K),
        (1.0 / n_K, f"divided by n_{s.net.K} = {n_K}, the number of outputs"),
        (float(N * n_K), f"{not_N}, and {not_K}"),
        (1.0 / n_k, f"divided by n_{k} = {n_k}, the number of units"),
    ]
    of: dict[float, list[str]] = {}
    for factor, cause in causes:
        if factor != 1.0:
            of.setdefault(factor, []).append(cause)
    return {factor: f"{factor:.6g} times what is right: {' or '.join(told)}" for factor, told in of.items()}
