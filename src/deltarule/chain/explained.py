"""What is explained: a network with its examples, and of an estimator also names, units, rows, and how it was trained.

`explain`, `check`, `pullers` and `suspects` take a Network with arrays, or anything that has a method `explained`
which makes these of what it takes itself: a table's estimator of a frame. A scikit-learn Pipeline has its last step do
so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import OptionError
from deltarule.maths.optimisers import LBFGS, Optimiser, State
from deltarule.maths.penalties import Penalty
from deltarule.network import Floats, Network

BY_DEFAULT = re.compile(r"x\d+")
"""Names that scikit-learn gives columns without any, which count from 0."""


@dataclass(frozen=True)
class Training:
    """How a network was trained, which makes the update that would come next.

    state: the optimiser's, arrays of an entry for every parameter, (P,); None is its first. rate: of that update; None
    is the optimiser's own. schedule: what is to be said of the rate's course. aside: what training did besides, which
    an update on given examples is made without. learns: which parameters do, (P,); None for all. rates: factors on the
    rate, (P,); None where all are 1.
    """

    optimiser: Optimiser | LBFGS
    state: State | None = None
    rate: float | None = None
    schedule: str = ""
    aside: tuple[str, ...] = ()
    penalty: Penalty = field(default_factory=Penalty)
    clip_norm: float | None = None
    clip_value: float | None = None
    learns: NDArray[np.bool_] | None = None
    rates: NDArray[np.float64] | None = None


def aside(dropout: Any, label_smoothing: float) -> tuple[str, ...]:
    """Return what training did besides, in words.

    >>> aside([0.2, 0.0], 0.1), aside(0.0, 0.0)
    (('dropout [0.2, 0]', 'label smoothing 0.1'), ())
    """
    shares = ", ".join(f"{share:g}" for share in np.ravel(dropout))
    dropped = [f"dropout {f'[{shares}]' if np.ndim(dropout) else shares}"] if np.any(dropout) else []
    return (*dropped, *([f"label smoothing {label_smoothing:g}"] if label_smoothing else []))


@dataclass(frozen=True)
class Own:
    """A target as its owner has it.

    y: labels or values of the examples, (N,) or (N, n). decode: such of what a network says, (N, n_K). is_class: are
    they labels. scale: how the network's values differ from them, such as "standardised"; empty where they do not.
    """

    name: str
    y: NDArray[Any]
    decode: Callable[[Floats], NDArray[Any]]
    is_class: bool
    scale: str = ""


class Numbering(Protocol):
    """What the rows of a table are called, by their places from 0; both count from 1."""

    def number(self, row: int) -> int: ...

    def line(self, row: int) -> int | None:
        """Return the line of the file that the table came from, where there is one."""
        ...


def numbers(rows: Iterable[int], numbering: Numbering | None) -> list[dict[str, int]]:
    """Return the row of every example, from 1, and its line, where there is one."""
    if numbering is None:
        return [{"row": n + 1} for n in rows]
    each = [{"row": numbering.number(n), "line": numbering.line(n)} for n in rows]
    return [{name: value for name, value in one.items() if value is not None} for one in each]


@dataclass(frozen=True)
class Explained:
    """A network with examples as `Network.loss` takes them, and what makes them readable.

    rows: where each example is, from 0, in the table that was given, (N,); None where it is all of it. numbering: what
    these rows are called. cells: the inputs of an example in words. groups: those of the examples by a column's name;
    columns: its names.
    """

    net: Network
    X: Any
    y: Any
    weights: Any = None
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    rows: NDArray[np.intp] | None = None
    numbering: Numbering | None = None
    cells: Callable[[int], list[str]] | None = None
    groups: Callable[[str], Sequence[str]] | None = None
    columns: Sequence[str] = ()
    own: Own | None = None
    training: Training | None = None


class Explainable(Protocol):
    """What can be explained on what it takes: the estimators, and a TableModel."""

    def explained(self, X: Any, y: Any, weights: Any = None, *, table: Any = None) -> Explained:
        """Return the network behind it with the examples of X and y.

        table: what groups are looked up in; None for X.
        """
        ...


Model: TypeAlias = Network | Explainable | Any
"""A Network, an estimator, or a Pipeline with one at its end."""


def explained(
    model: Model, X: ArrayLike, y: ArrayLike, weights: ArrayLike | None = None, *, table: Any = None
) -> Explained:
    """Return what there is to explain of a model on examples that it takes.

    Raises
    ------
    OptionError
        It is nothing that can be explained.
    """
    if isinstance(model, Network):
        return Explained(model, X, y, weights)
    if hasattr(model, "explained"):
        return cast(Explainable, model).explained(X, y, weights, table=table)
    steps = cast("list[tuple[str, Any]]", getattr(model, "steps", []))
    if not steps:
        raise OptionError(
            f"{type(model).__name__} has no network to look into; give a Network, an estimator of deltarule, or a "
            "Pipeline that ends in one."
        )
    table = X if table is None else table
    if len(steps) == 1:
        return explained(steps[0][1], X, y, weights, table=table)
    before = cast(Any, model)[:-1]
    seen = explained(steps[-1][1], before.transform(X), y, weights, table=table)
    return replace(seen, inputs=_names(before) or seen.inputs)


def _names(before: Any) -> list[str] | None:
    """Return the names of what the steps before the last give, where they know any."""
    try:
        names = [str(name) for name in before.get_feature_names_out()]
    except (AttributeError, ValueError):  # a step that has no names for what it makes, or was given none
        return None
    return None if any(map(BY_DEFAULT.fullmatch, names)) else names
