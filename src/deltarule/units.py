"""Units that learn nothing, or the same: off on every row, constant, or alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from deltarule.binned import Binned
from deltarule.maths.passes import Trace, forward
from deltarule.network import Network
from deltarule.sparse import rows_of

ROWS = 4096


def off(net: Network, trace: Trace) -> dict[int, list[int]]:
    """Return the units, from 1, with g'_k(a_k) = 0 on every row, by hidden layer; layers without are left out."""
    found = {
        k: (np.flatnonzero((net.g[k].df(trace.a[k]) == 0).all(axis=0)) + 1).tolist() for k in range(1, net.K)
    }
    return {k: units for k, units in found.items() if units}


def off_everywhere(net: Network, X: Any) -> dict[int, list[int]]:
    """Return `off` for all rows of X, (N, n_0), dense, in CSR or in bins, thousands at a time until no unit is left."""
    if isinstance(X, Binned) and len(X.spans):
        return off_everywhere(net.on_nodes(X), X.nodes)
    found: dict[int, list[int]] | None = None
    for start in range(0, X.shape[0], ROWS):
        with np.errstate(all="ignore"):
            here = off(net, forward(net, rows_of(X, slice(start, start + ROWS))))
        before = here if found is None else found
        both = {k: [i for i in units if i in set(here.get(k, []))] for k, units in before.items()}
        found = {k: units for k, units in both.items() if units}
        if not found:
            break
    return found or {}


def alike(net: Network, k: int) -> list[list[int]]:
    """Return groups of units of layer k, from 1, with the same weights in and out: they stay the same for ever."""
    weights = np.column_stack([net.W[k], net.b[k], net.W[k + 1].T])
    groups: dict[tuple[float, ...], list[int]] = {}
    for i, row in enumerate(weights.tolist(), 1):
        groups.setdefault(tuple(row), []).append(i)
    return [units for units in groups.values() if len(units) > 1]


def still(net: Network, trace: Trace) -> tuple[str, ...]:
    """Return what there is to say of units that are off, constant or alike on every row."""
    return tuple(_still(net, trace))


def off_words(net: Network, found: dict[int, list[int]]) -> list[str]:
    """Return the units that are off, a line a layer."""
    return [f"Off on every row: {_units(net, k, units)}." for k, units in found.items()]


def _still(net: Network, trace: Trace) -> Iterator[str]:
    dead = off(net, trace)
    yield from off_words(net, dead)
    for k in range(1, net.K):
        h = trace.h[k]
        constant = (np.flatnonzero((h == h[0]).all(axis=0)) + 1).tolist() if len(h) > 1 else []
        constant = [i for i in constant if i not in dead.get(k, [])]
        if constant:
            yield f"The same on every row: {_units(net, k, constant)}."
        for units in alike(net, k):
            yield f"Alike, with equal weights in and out: {_units(net, k, units)}."


def _units(net: Network, k: int, units: list[int]) -> str:
    if len(units) == net.sizes[k]:
        return f"all {len(units):,} units of layer {k}" if len(units) > 1 else f"the one unit of layer {k}"
    shown = ", ".join(map(str, units[:8])) + (", ..." if len(units) > 8 else "")
    return f"{len(units):,} of {net.sizes[k]:,} units of layer {k} ({shown})"
