"""Wrong derivatives that people make, named: what a gradient would be with each, to recognise one in a gradient.

`MISTAKES` act within the backward pass; `RELATIONS` and factors act on one array, dL/dW_k or dL/db_k, afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from deltarule.maths import passes
from deltarule.maths.arrays import Array
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network


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


def gradient(
    s: Setting,
    delta: Floats | None = None,
    slope: Callable[[int], Floats] | None = None,
    penalty: float = 1.0,
) -> Floats:
    """Return dL/dtheta from another dL/da_K, other g'_k, or so many times the penalty's gradient."""
    net = s.net
    dL_da: Array = passes.delta_K(net, s.trace, s.p, s.c) if delta is None else delta
    theta = np.zeros(net.layout.size)
    W, b = net.layout.split(theta)
    for k in range(net.K, 0, -1):
        W[k][:] = dL_da.T @ s.trace.h[k - 1] + penalty * s.penalty.gradient(net.W[k])
        b[k][:] = dL_da.sum(axis=0)
        if k > 1:
            dL_da = (dL_da @ net.W[k]) * (slope(k - 1) if slope else net.g[k - 1].df(s.trace.a[k - 1]))
    return theta


def activation_missing(s: Setting) -> Iterator[Candidate]:
    """delta_k = W_{k+1}^T delta_{k+1}, without * g'_k(a_k), in all layers or in one."""
    yield from _slopes(s, lambda k: np.ones_like(s.trace.a[k]), "the activation's derivative is missing")


def activation_at_h(s: Setting) -> Iterator[Candidate]:
    """delta_k = W_{k+1}^T delta_{k+1} * g'_k(h_k), the derivative taken at h instead of at a."""
    yield from _slopes(s, lambda k: s.net.g[k].df(s.trace.h[k]), "the activation's derivative is taken at h")


def _slopes(s: Setting, wrong: Callable[[int], Floats], words: str) -> Iterator[Candidate]:
    def right(k: int) -> Floats:
        return s.net.g[k].df(s.trace.a[k])

    layers = range(1, s.net.K)
    for m in layers:
        yield Candidate(
            f"{words} in layer {m}", gradient(s, slope=lambda k, m=m: wrong(k) if k == m else right(k))
        )
    if len(layers) > 1:
        yield Candidate(f"{words} in all layers", gradient(s, slope=wrong))


def prediction_missing(s: Setting) -> Iterator[Candidate]:
    """dL/da_K = -p instead of y_hat - p."""
    yield Candidate("y_hat is missing in dL/da_K: it is -p, not y_hat - p", gradient(s, -s.c[:, None] * s.p))


def output_missing(s: Setting) -> Iterator[Candidate]:
    """dL/da_K = dL/dy_hat, without dy_hat/da_K."""
    delta = s.c[:, None] * s.net.output.dL_dy_hat(s.trace.a[s.net.K], s.p)
    yield Candidate("dy_hat/da_K, the output's own derivative, is missing", gradient(s, delta))


def penalty_times(s: Setting) -> Iterator[Candidate]:
    """dL/dW_k = delta_k h_{k-1}^T + m (l1 sign(W_k) + l2 W_k) with m = 0, 2 or -1 instead of 1."""
    for times, words in ((0.0, "missing"), (2.0, "doubled"), (-1.0, "subtracted")):
        yield Candidate(f"the penalty's gradient is {words}", gradient(s, penalty=times))


MISTAKES = [activation_missing, activation_at_h, prediction_missing, output_missing, penalty_times]


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
    for k in range(1, layout.K + 1):
        for span, size in zip((layout.W[k], layout.b[k]), sizes[k - 1], strict=True):
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


def _sizes(s: Setting) -> list[tuple[float, float]]:
    """Return the largest sum of moduli that dL/dW_k, and dL/db_k, are made of, layer by layer."""
    net, sizes = s.net, list[tuple[float, float]]()
    every = range(1, net.K + 1)
    deltas = passes.backward(net, s.trace, passes.delta_K(net, s.trace, s.p, s.c), every, every)
    for k in every:
        moduli: Floats = np.abs(np.asarray(deltas.a[k]))
        of_W = moduli.T @ np.abs(s.trace.h[k - 1]) + np.abs(s.penalty.gradient(net.W[k]))
        sizes.append((float(of_W.max()), float(moduli.sum(axis=0).max())))
    return sizes


def _relations(
    s: Setting, mine: Floats, selected: Floats, candidate: Candidate, tolerance: float
) -> tuple[int, list[str]]:
    """Return of how many arrays a candidate does not make the given gradient, and what makes it the others.

    Only arrays that are selected as a whole are looked at.
    """
    (W, b), (W_, b_) = s.net.layout.split(mine), s.net.layout.split(candidate.theta)
    of: dict[str, list[str]] = {}
    for k in range(1, s.net.K + 1):
        for letter, x, y in (("W", W[k], W_[k]), ("b", b[k], b_[k])):
            span = getattr(s.net.layout, letter)[k]
            if selected[span].all():
                of.setdefault(_relation(s, k, x, y, tolerance) or UNKNOWN, []).append(f"{letter}[{k}]")
    of.pop(RIGHT, None) if len(of) > 1 or candidate.words else None
    unexplained = len(of.get(UNKNOWN, ()))
    if len(of) == 1 and sum(map(len, of.values())) == 2 * s.net.K:
        told = [f"all arrays: {next(iter(of))}"]
    else:
        told = [f"{', '.join(arrays)}: {words}" for words, arrays in of.items()]
    return unexplained, [candidate.words, *told] if candidate.words else told


RIGHT, UNKNOWN = "right", "no relation that is known fits"


def _relation(s: Setting, k: int, mine: Floats, right: Floats, tolerance: float) -> str | None:
    """Return what makes `right` the given array: nothing, a form and a factor, in words; None if nothing does."""
    forms = [("", right), *((name, f(right)) for name, f, ndim in RELATIONS if ndim == right.ndim)]
    for factor, told in [(1.0, ""), *_factors(s, k)]:
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


def _factors(s: Setting, k: int) -> Iterator[tuple[float, str]]:
    """Yield factors that mistakes make, with their causes."""
    N, n_k, n_K = len(s.c), s.net.sizes[k], s.net.sizes[-1]
    yield -1.0, "the sign is wrong (-1 times)"
    yield 2.0, "2 times what is right"
    yield 0.5, "1/2 of what is right"
    yield float(N), f"N = {N} times: summed over the examples, not divided by N"
    yield 1.0 / N, f"1/N times, N = {N}: divided by N twice"
    yield float(n_K), f"n_{s.net.K} = {n_K} times: not divided by the number of outputs"
    yield 1.0 / n_K, f"1/n_{s.net.K} times: divided by the number of outputs"
    yield 1.0 / n_k, f"1/n_{k} times: divided by the number of units"
    yield -float(N), f"-N times, N = {N}: the sign is wrong, and not divided by N"
