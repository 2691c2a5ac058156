"""The derivative as a sum over paths: one way from the parameter up to each output, through one unit a layer.

    dL/dw[k,i,j] = sum over i_{k+1}, ..., i_K of
                   h_{k-1,j} g'_k w[k+1,i_{k+1},i] g'_{k+1} ... w[K,i_K,i_{K-1}] dL/da_{K,i_K}
    dL/ds[j]     = the same from h_0 on, with x_j in place of h_{k-1,j} g'_k

There are n_{k+1} ... n_K of them for each example. Their sum is taken layer by layer, from the parameter upwards,
which is the chain multiplied from the right; the largest are found the same way, keeping the best few at each unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.local import multiplier
from deltarule.maths.arrays import Array
from deltarule.maths.passes import Trace
from deltarule.network import Floats, Network
from deltarule.parameters import Parameter

LISTED = 5
BLOCK = 2**24
"""Numbers that a search over many examples holds at a time."""


@dataclass(frozen=True)
class Path:
    """One path: through unit units[0] of layer k, units[1] of layer k + 1, ..., to an output; from 1.

    example counts from 1 as well; the value is that of the path in dL/dw, the example's weight included.
    """

    example: int
    units: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Paths:
    """All paths of a parameter.

    count
        How many there are, for all examples together.
    largest
        Those farthest from 0, the farthest first.
    rest
        The sum of the others.
    total
        The sum of all, which is the derivative.
    magnitude
        The sum of their absolute values: rounding makes errors of some 1e-16 of this.
    """

    count: int
    largest: tuple[Path, ...]
    rest: float
    total: float
    magnitude: float


def sum_over_paths(net: Network, trace: Trace, at: Parameter, delta_K: Floats) -> Paths:
    """Return the paths of a parameter, given delta_K = c_n dL_n/da_K, (N, n_K)."""
    slopes = {m: net.g[m].df(trace.a[m]) if m else np.ones_like(trace.h[0]) for m in range(at.k, net.K)}
    start = multiplier(trace, at)
    signed = _total(net, at, start, slopes, delta_K)
    absolute = {m: np.abs(slope) for m, slope in slopes.items()}
    magnitudes = _total(net, at, np.abs(start), absolute, np.abs(delta_K), is_absolute=True)
    total = float(signed.sum())
    largest = _largest(net, at, start, slopes, delta_K)
    return Paths(
        count=prod(net.sizes[at.k + 1 :]) * len(delta_K),
        largest=largest,
        rest=total - sum(path.value for path in largest),
        total=total,
        magnitude=float(magnitudes.sum()),
    )


def _total(
    net: Network,
    at: Parameter,
    start: Floats,
    slopes: dict[int, Floats],
    delta_K: Floats,
    is_absolute: bool = False,
) -> Floats:
    """Return the sum over the paths of every example, (N,): the derivative of a_m by w, layer by layer upwards."""
    if at.k == net.K:
        return start * delta_K[:, at.i - 1]
    da: Floats = np.zeros((len(start), net.sizes[at.k]))
    da[:, at.i - 1] = start
    for m in range(at.k + 1, net.K + 1):
        W = np.abs(net.W[m]) if is_absolute else net.W[m]
        da = (da * slopes[m - 1]) @ W.T
    return (da * delta_K).sum(axis=1)


def _largest(
    net: Network, at: Parameter, start: Floats, slopes: dict[int, Floats], delta_K: Floats
) -> tuple[Path, ...]:
    """Return the LISTED largest paths of all examples.

    They lie among the examples whose own largest path is among the LISTED largest of those.
    """
    examples = np.arange(len(start))
    if len(start) > LISTED:
        block = max(1, BLOCK // (max(net.sizes) ** 2))
        rows = [slice(n, n + block) for n in range(0, len(start), block)]
        best = np.concatenate([_best(net, at, start, slopes, delta_K, part) for part in rows])
        examples = np.argsort(-best, kind="stable")[:LISTED]
    found = [path for n in examples for path in _largest_of(net, at, start, slopes, delta_K, int(n))]
    found.sort(key=lambda path: (-abs(path.value), path.example, path.units))
    return tuple(path for path in found[:LISTED] if path.value != 0.0)


def _best(
    net: Network, at: Parameter, start: Floats, slopes: dict[int, Floats], delta_K: Floats, rows: slice
) -> Floats:
    """Return the magnitude of the largest path of some examples."""
    best = np.abs(start[rows, None])
    for m in range(at.k + 1, net.K + 1):
        below = best * np.abs(_reached(slopes[m - 1][rows], m - 1, at))
        best = (below[:, None, :] * np.abs(_reached(net.W[m], m - 1, at))[None, :, :]).max(axis=2)
    return (best * np.abs(_reached(delta_K[rows], net.K, at))).max(axis=1)


def _largest_of(
    net: Network, at: Parameter, start: Floats, slopes: dict[int, Floats], delta_K: Floats, n: int
) -> list[Path]:
    """Return the LISTED largest paths of example n, keeping so many at every unit on the way up."""
    best: Array = np.abs(start[n])[None, None]  # (units, kept)
    came_from: list[NDArray[np.intp]] = []
    for m in range(at.k + 1, net.K + 1):
        below = best * np.abs(_reached(slopes[m - 1][n : n + 1], m - 1, at))[0][:, None]
        W = np.abs(_reached(net.W[m], m - 1, at))
        ways = (W[:, :, None] * below[None, :, :]).reshape(len(W), -1)
        kept = _top(ways)
        came_from.append(kept)
        best = np.take_along_axis(ways, kept, axis=1)
    final = (best * np.abs(_reached(delta_K[n : n + 1], net.K, at))[0][:, None]).reshape(1, -1)
    return [
        _followed(net, at, start, slopes, delta_K, n, came_from, int(end), best.shape[1])
        for end in _top(final)[0]
    ]


def _followed(
    net: Network,
    at: Parameter,
    start: Floats,
    slopes: dict[int, Floats],
    delta_K: Floats,
    n: int,
    came_from: list[NDArray[np.intp]],
    end: int,
    width: int,
) -> Path:
    """Return the path that ends at place `end` of the kept ones, walked back to the parameter."""
    unit, rank = divmod(end, width)
    units = [unit]
    for m in range(len(came_from) - 1, -1, -1):
        width = came_from[m - 1].shape[1] if m > 0 else 1
        unit, rank = divmod(int(came_from[m][unit, rank]), width)
        units.insert(0, unit)
    units[0] = at.i - 1  # the only unit of layer k that the parameter acts on
    value = float(start[n]) * float(delta_K[n, units[-1]])
    for m, (here, above) in enumerate(pairwise(units), start=at.k):
        value *= float(slopes[m][n, here]) * float(net.W[m + 1][above, here])
    return Path(n + 1, tuple(unit + 1 for unit in units), value)


def _reached(matrix: Floats, m: int, at: Parameter) -> Floats:
    """Return the columns of the units of layer m that the parameter acts on: of its own layer, one."""
    return matrix[:, at.i - 1 : at.i] if m == at.k else matrix


def _top(rows: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the places of the LISTED largest numbers of each row, in any order."""
    if rows.shape[1] <= LISTED:
        return np.indices(rows.shape)[1]
    return np.argpartition(-rows, LISTED - 1, axis=1)[:, :LISTED]
