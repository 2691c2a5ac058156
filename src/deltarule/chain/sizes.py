"""How much every factor of the chain lets through, so that the smallest can be named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from deltarule.chain.labels import Labels
from deltarule.chain.local import multiplier
from deltarule.maths.passes import Deltas, Trace
from deltarule.network import Floats, Network
from deltarule.parameters import Parameter

SMALL = 0.1
"""Below this a factor is called small."""
DEEP = 1e-3
"""Below this what all layers let through is called vanishing."""


@dataclass(frozen=True)
class Size:
    """By how much a factor scales the derivative, and what that is in words.

    The product of the sizes of a chain is |dL/dw|: the first is the norm of dL/da_K, each further one the norm of
    what is left after its factor over that before. In layer k only unit i counts, of a scale only its input. Over
    several examples, norms are taken over all of them, and the last size is what is left when their contributions are
    added.
    """

    symbol: str
    value: float
    words: str


def sizes(
    net: Network, trace: Trace, deltas: Deltas, at: Parameter, contributions: Floats, labels: Labels
) -> list[Size]:
    """Return the sizes of a chain from above to below, ending with the first that is 0."""
    found: list[Size] = []
    for size in _sizes(net, trace, deltas, at, contributions, labels):
        found.append(size)
        if not size.value > 0:
            break
    return found


def vanishing(found: Sequence[Size]) -> str:
    """Return how depth makes the derivative vanish, or nothing where one factor is to blame, or none.

    By depth: the factors between the layers leave less than DEEP, and the least alone less than half of it (in
    logarithms).
    """
    between = [size.value for size in found[1:] if "/dh_" in size.symbol or "/da_" in size.symbol]
    if len(between) < 6 or not min(between) > 0:
        return ""
    log = np.log(between)
    if not log.sum() < np.log(DEEP) or 2 * log.min() < log.sum():
        return ""
    return (
        f"the derivative vanishes by depth: {len(between)} factors between layers, "
        f"{np.exp(log.mean()):.2g} each in the geometric mean, leave {np.exp(log.sum()):.1e}; no single one is to blame"
    )


def _sizes(
    net: Network, trace: Trace, deltas: Deltas, at: Parameter, contributions: Floats, labels: Labels
) -> Iterator[Size]:
    N, K, k = len(contributions), net.K, at.k
    before = _norm(deltas.a[K][:, at.i - 1] if k == K else deltas.a[K])
    told = "the output is nearly right" if before < SMALL else "the output's error"
    yield Size(f"dL/da_{K}", before, f"{told}: `|dL/da_{K}|` = {before:.3g}")
    for m in range(K, k, -1):
        is_last = m - 1 == k
        dh = deltas.h[m - 1][:, at.i - 1] if is_last else deltas.h[m - 1]
        below = labels.unit(m - 1, at.i) if is_last else f"layer {m - 1}"
        after = _norm(dh)
        told = "are small" if after / before < SMALL else "scale it"
        told = told if after > 0 else "let nothing through"
        where = f"the weights between {below} and layer {m}"
        yield Size(f"da_{m}/dh_{m - 1}", after / before, f"{where} {told}: by {after / before:.3g}")
        before = after
        if m == 1:  # h_0 has no activation
            break
        da = deltas.a[m - 1][:, at.i - 1] if is_last else deltas.a[m - 1]
        after = _norm(da)
        yield Size(
            f"dh_{m - 1}/da_{m - 1}",
            after / before,
            _slope_words(net, trace, m - 1, at, after / before, labels),
        )
        before = after
    if at.j is not None or k == 0:
        after, h = _norm(contributions), multiplier(trace, at)
        name = f"h_{{{k - 1},{at.j}}}" if at.j is not None else f"x_{at.i}"
        shown = f"`{name}` = {h[0]:.3g}" if N == 1 else f"its size is {after / before:.3g}"
        from_ = labels.unit(0, at.i) if at.j is None else labels.unit(k - 1, at.j)
        told = "is 0" if after == 0 else "is near 0" if after / before < SMALL else "carries it"
        yield Size(f"da_{k}/d{at}" if k else f"dh_0/d{at}", after / before, f"{from_} {told}: {shown}")
        before = after
    if N > 1:
        left = abs(float(contributions.sum())) / before
        told = "the examples pull against each other" if left < SMALL else "the examples agree"
        yield Size("sum over examples", left, f"{told}: the sum is {left:.3g} of their norm")


def _slope_words(net: Network, trace: Trace, k: int, at: Parameter, value: float, labels: Labels) -> str:
    """Return what g' of layer k does, where it is the parameter's own layer of unit i alone."""
    g, slopes = net.g[k], net.g[k].df(trace.a[k])
    if k == at.k:
        slopes = slopes[:, at.i - 1]
        who, is_, shown = labels.unit(k, at.i), "is", f"`g'` = {value:.3g}"
    else:
        who, is_, shown = f"the units of layer {k}", "are", f"`g'` lets {value:.3g} through"
    if not np.abs(slopes).max() > 0:
        told = f"{is_} off" if g.has_kink else f"{is_} saturated"
    elif value < SMALL:
        told = f"{is_} mostly off" if g.has_kink else f"{is_} saturated"
    else:
        told = f"{is_} not saturated"
    return f"{who} {told}: {shown}"


def _norm(x: Floats) -> float:
    """Return the 2-norm of everything in x; the largest is taken out, so that squares do not vanish."""
    largest = float(np.abs(x).max())
    return largest * float(np.linalg.norm(x / largest)) if 0 < largest < np.inf else largest
