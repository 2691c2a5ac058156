"""Who pulls a parameter: what every example of a table adds to its derivative, and what every group does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.chain.explained import Model, Numbering, explained, numbers
from deltarule.chain.labels import Labels
from deltarule.chain.local import arriving, deltas_down_to, multiplier
from deltarule.chain.text import aligned
from deltarule.errors import OptionError, ShapeError
from deltarule.maths import passes
from deltarule.network import Floats, Network
from deltarule.options import Option, typed_keywords
from deltarule.parameters import Parameter
from deltarule.spelling import plural

MOST = Option("most", "whole", low=1, default=5, help="How many examples to name in each direction.")
BLOCK = 4096
"""Examples whose quantities are held at a time."""


@dataclass(frozen=True)
class Group:
    """What the examples of a group add to a derivative: `pull`, the sum of c_n dL_n/dw; `mean`, their mean dL_n/dw."""

    name: str
    examples: int
    pull: float
    mean: float


@dataclass(frozen=True)
class Pullers:
    """What `pullers` returns.

    derivative
        dL/dw of the whole table, the sum of all contributions.
    contributions
        c_n dL_n/dw of every example, (N,). One above 0 pulls the parameter down, one below 0 up: gradient descent
        moves against the derivative.
    mean, variance
        Of dL_n/dw over the examples, weighted by c; the mean is the derivative.
    down, up
        The places, from 0, of the examples with the largest contributions above 0 and below 0.
    groups
        The contributions by group, the farthest from 0 first; they add up to the derivative.
    rows
        Where each example is, from 0, in the table that was given, (N,); None where it is all of it.
    numbering
        What these rows are called; None where they count from 1.
    """

    parameter: Parameter
    where: str
    derivative: float
    contributions: Floats
    mean: float
    variance: float
    down: tuple[int, ...]
    up: tuple[int, ...]
    groups: tuple[Group, ...]
    by: str = ""
    rows: NDArray[np.intp] | None = None
    numbering: Numbering | None = None

    def text(self) -> str:
        """Return the answer for a person; rows count from 1, and so do lines, where a file's are known."""
        N = len(self.contributions)
        lines = [
            f"Who pulls {self.parameter}, {self.where}",
            f"  derivative {self.derivative:.6g}, the sum of the contributions of {plural(N, 'example')}: gradient "
            f"descent moves it {'down' if self.derivative > 0 else 'up' if self.derivative < 0 else 'nowhere'}",
            f"  of single examples: mean {self.mean:.6g}, variance {self.variance:.6g}",
        ]
        total = float(np.abs(self.contributions).sum()) or 1.0
        for name, rows in (("down", self.down), ("up", self.up)):
            if rows:
                lines += [
                    "",
                    f"Pull it {name} most",
                    *aligned(self._rows(rows, total), right=range(4)),
                ]
        if self.groups:
            told = [["group", "examples", "pull", "of the derivative", "mean of an example"]]
            for group in self.groups:
                share = f"{group.pull / self.derivative:+.0%}" if self.derivative else ""
                told.append(
                    [group.name, f"{group.examples:,}", f"{group.pull:.6g}", share, f"{group.mean:.6g}"]
                )
            told.append(["all", f"{N:,}", f"{self.derivative:.6g}", "", f"{self.mean:.6g}"])
            lines += ["", f"By {self.by}" if self.by else "By group", *aligned(told, right=(1, 2, 3, 4))]
        return "\n".join(lines)

    def _rows(self, rows: Sequence[int], total: float) -> list[list[str]]:
        called = numbers(rows, self.numbering)
        told = [[*called[0], "contribution", "of all pulls"]]
        for n, each in zip(rows, called, strict=True):
            value = float(self.contributions[n])
            told.append([*(f"{one:,}" for one in each.values()), f"{value:.6g}", f"{abs(value) / total:.1%}"])
        return told

    def record(self) -> dict[str, Any]:
        """Return everything as plain data, unrounded; rows and lines are as in `text`."""
        return {
            "parameter": str(self.parameter),
            "where": self.where,
            "derivative": self.derivative,
            "examples": len(self.contributions),
            "mean": self.mean,
            "variance": self.variance,
            **{
                name: [
                    {**called, "contribution": float(self.contributions[n])}
                    for n, called in zip(rows, numbers(rows, self.numbering), strict=True)
                ]
                for name, rows in (("down", self.down), ("up", self.up))
            },
            "by": self.by,
            "groups": [
                {"name": group.name, "examples": group.examples, "pull": group.pull, "mean": group.mean}
                for group in self.groups
            ],
        }

    def __str__(self) -> str:
        return self.text()


@typed_keywords
def pullers(
    model: Model,
    parameter: str,
    X: ArrayLike | Any,
    y: ArrayLike | Any,
    weights: ArrayLike | None = None,
    *,
    groups: Sequence[object] | NDArray[Any] | None = None,
    by: str = "",
    most: int = 5,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> Pullers:
    """Return what every example adds to one parameter's derivative.

    dL/dw[k,i,j] = sum_n c_n delta_k[n,i] h_{k-1}[n,j];  dL/ds[j] = sum_n c_n dL_n/dh_0[n,j] x[n,j]

    In float64, block by block: no gradient of an example is formed, and of layer k only unit i is computed.

    Parameters
    ----------
    model, X, y, weights
        As in `explain`: a Network with arrays, or an estimator with a table.
    parameter
        "w[k,i,j]", "b[k,i]" or "s[j]", counted from 1.
    groups
        What group every example belongs to, (N,): classes, levels of a column, months. Contributions by group
        add up to the derivative.
    by
        What the groups are called together; of an estimator without `groups`, the column that makes them.
    most
        How many examples to name in each direction.
    inputs, outputs
        Names of the network's inputs and outputs, for the words.

    Raises
    ------
    OptionError
        There is no such parameter in this network.
    ShapeError, DataError
        X, y or groups do not fit.

    Examples
    --------
    >>> net = Network([1, 1], output="linear", dtype="float64")
    >>> net.theta = [1.0, 0.0]
    >>> answer = pullers(net, "w[1,1,1]", [[1.0], [2.0], [3.0]], [0.0, 3.0, 3.0], groups=["a", "b", "b"])
    >>> answer.contributions.round(4), answer.down, answer.up
    (array([ 0.6667, -1.3333,  0.    ]), (0,), (1,))
    >>> [(group.name, round(group.pull, 4)) for group in answer.groups]
    [('b', -1.3333), ('a', 0.6667)]
    """
    most = MOST.check(most)
    seen = explained(model, X, y, weights)
    if by and groups is None:
        if seen.groups is None:
            raise OptionError(
                f"by={by!r} names a column, and there are none here; give groups, one for each example."
            )
        groups = seen.groups(by)
    exact = seen.net.astype("float64")
    at = exact.layout.parameter(exact.layout.find(parameter))
    X_, p, c = exact.examples(seen.X, seen.y, seen.weights)
    slopes = np.concatenate([_slopes(exact, at, X_[rows], p[rows]) for rows in blocks(len(X_))])
    contributions = c * slopes
    mean = float(contributions.sum())
    order = np.argsort(contributions, kind="stable")
    return Pullers(
        parameter=at,
        where=Labels(exact, inputs or seen.inputs, outputs or seen.outputs).parameter(at),
        derivative=mean,
        contributions=contributions,
        mean=mean,
        variance=float((c * (slopes - mean) ** 2).sum()),
        down=tuple(int(n) for n in order[::-1][:most] if contributions[n] > 0),
        up=tuple(int(n) for n in order[:most] if contributions[n] < 0),
        groups=() if groups is None else _by_group(groups, contributions, slopes),
        by=by,
        rows=seen.rows,
        numbering=seen.numbering,
    )


def blocks(N: int) -> Iterator[slice]:
    """Yield the rows of N examples, BLOCK at a time."""
    return (slice(start, start + BLOCK) for start in range(0, N, BLOCK))


def _slopes(net: Network, at: Parameter, X: Floats, p: Floats) -> Floats:
    """Return dL_n/dw of every example, (N,)."""
    trace = passes.forward(net, X)
    delta = net.output.delta(trace.a[net.K], p)
    deltas = deltas_down_to(net, trace, delta, at, is_alone=True)
    return arriving(deltas, at)[:, 0] * multiplier(trace, at)


def _by_group(
    groups: Sequence[object] | NDArray[Any], contributions: Floats, slopes: Floats
) -> tuple[Group, ...]:
    names = np.array([str(group) for group in groups])
    if names.shape != contributions.shape:
        raise ShapeError(
            f"groups has {plural(len(names), 'entry', 'entries')} for {plural(len(contributions), 'example')}."
        )
    different, number = np.unique(names, return_inverse=True)
    counts = np.bincount(number)
    pulls, sums = np.bincount(number, contributions), np.bincount(number, slopes)
    found = [
        Group(str(name), int(count), float(pull), float(total / count))
        for name, count, pull, total in zip(different, counts, pulls, sums, strict=True)
    ]
    return tuple(sorted(found, key=lambda group: -abs(group.pull)))
