"""Permutation importance: how much worse a model gets when the cells of a column are shuffled among the rows."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.binned import Binned
from deltarule.chain.text import aligned
from deltarule.errors import DataError, OptionError, warn_of
from deltarule.options import IMPORTANCE, checked, named, typed_keywords
from deltarule.sparse import is_sparse
from deltarule.spelling import plural
from deltarule.tables.explained import explained
from deltarule.tables.measures import TITLES, WITH_UNIT, is_more_better
from deltarule.tables.model import TableModel
from deltarule.tables.table import Table
from deltarule.tables.weights import weights_of

USUAL = {"quantile": "pinball", "poisson": "deviance", "softmax": "log_loss", "sigmoid": "log_loss"}
"""The measure that is taken unasked, by the network's output; r2 for any other."""
DIGITS, MOST_PLACES, BAR, WIDTH = 4, 12, 24, 100
ALIKE = (
    "Columns that tell the same share their importance: alone each seems to matter less. It is what this model makes "
    "of a column, not what the column does in the world."
)


@dataclass(frozen=True)
class Importance:
    """What `importance` returns.

    Attributes
    ----------
    columns
        The columns of the table that were learnt from, in the order of training.
    changes
        By how much the measure gets worse when the cells of a column are shuffled, once for every repeat,
        (columns, repeats); below 0 where it gets better, by chance.
    measure, is_relative
        The name of the measure, and whether it is a share of the constant prediction's, as several targets with units
        of their own need it.
    base
        The measure with the cells as they are.
    rows, n_given
        How many rows were shuffled, and how many with a target and a weight were given.
    """

    columns: tuple[str, ...]
    changes: NDArray[np.float64]
    measure: str
    is_relative: bool
    base: float
    rows: int
    n_given: int

    @property
    def means(self) -> NDArray[np.float64]:
        """The importance of every column: the mean of its changes, (columns,)."""
        return self.changes.mean(axis=1)

    @property
    def deviations(self) -> NDArray[np.float64]:
        """The standard deviation of every column's changes over the repeats, (columns,)."""
        return self.changes.std(axis=1)

    @property
    def order(self) -> NDArray[np.intp]:
        """The places of the columns, the most important first, (columns,)."""
        return np.argsort(-self.means, kind="stable")

    def record(self, most: int | None = None) -> dict[str, Any]:
        """Return it as plain data for JSON, the most important columns first; most: only so many of them."""
        means, deviations = self.means.tolist(), self.deviations.tolist()
        return {
            "measure": self.measure,
            "is_relative": self.is_relative,
            "base": self.base,
            "rows": self.rows,
            "rows_given": self.n_given,
            "repeats": self.changes.shape[1],
            "columns": [
                {"column": self.columns[n], "mean": means[n], "deviation": deviations[n]}
                for n in self.order[:most].tolist()
            ],
        }

    def text(self, *, width: int | None = None, most: int | None = None) -> str:
        """Return it for a person, in lines of at most `width`, 100 unless told: the most important columns first.

        most: only so many of them.
        """
        width = width or WIDTH
        means, deviations = self.means, self.deviations
        places = _places(np.abs([*means, *deviations]).max())
        shown: list[int] = self.order[:most].tolist()
        longest = max(means.max(), 0.0)
        numbers = [(f"{means[n] + 0.0:,.{places}f}", f"± {deviations[n]:,.{places}f}") for n in shown]
        room = max(16, width - 8 - max(sum(map(len, each)) for each in numbers))
        bar = min(BAR, max(0, room - BAR))
        rows: list[tuple[str, ...]] = []
        for n, of in zip(shown, numbers, strict=True):
            length = round(bar * max(means[n], 0.0) / longest) if longest else 0
            rows.append((_cut(self.columns[n], room - bar), *of, "#" * length))
        measure = TITLES[self.measure] + (" (as a share of the constant's)" if self.is_relative else "")
        change = "fall" if is_more_better(self.measure) else "rise"
        sampled = "" if self.rows == self.n_given else f" of {self.n_given:,}"
        said = (
            f"The {change} of {measure}, {self.base:.4g} on {self.rows:,}{sampled} rows, when a column's cells are "
            f"shuffled among them: mean and spread of {plural(self.changes.shape[1], 'repeat')}"
        )
        lines = [*textwrap.wrap(said, width), *aligned(rows, right=[1])]
        if len(shown) < len(self.columns):
            lines.append(f"  ... and {plural(len(self.columns) - len(shown), 'column')} more")
        return "\n".join([*lines, "", *textwrap.wrap(ALIKE, width)])

    def __str__(self) -> str:
        return self.text()


@typed_keywords
def importance(
    model: TableModel | Any,
    frame: object,
    y: object = None,
    *,
    weights: ArrayLike | None = None,
    measure: str | None = None,
    repeats: int = 5,
    max_rows: int | None = 5000,
    seed: int = 0,
) -> Importance:
    """Measure how much a model depends on each column of a table: shuffle its cells among the rows, and predict.

    Parameters
    ----------
    model
        A fitted `TableClassifier` or `TableRegressor`, or a `TableModel`.
    frame
        A table with the columns that the model learnt from; best of rows that it did not learn from.
    y
        The name of a column of the frame or its values, (N,); of several targets a list of names, or (N, targets).
        None takes the columns of the frame that were learnt.
    weights
        (N,): how much each row counts; None takes the model's weight column where the frame has it.
    measure
        Which measure of `TableModel.evaluate`; None takes log_loss of classes, deviance of counts, pinball of quantiles
        and r2 of other values. Of several targets the mean, for measures with a unit of the shares of the constant's.
    repeats
        How often each column is shuffled, in the same orders for all.
    max_rows
        The most rows to shuffle: where there are more, a sample drawn from the seed; None for all.
    seed
        Of the orders and the sample.

    Raises
    ------
    OptionError
        The model is none of a table or not fitted, or has no such measure; or a setting is out of its range.
    DataError
        The frame lacks a column, or has fewer than two rows with a target.

    Examples
    --------
    >>> from deltarule import TableRegressor
    >>> rng = np.random.default_rng(0)
    >>> cars = {"km": rng.uniform(size=200), "doors": rng.integers(2, 6, 200)}
    >>> price = 3 * cars["km"] + rng.normal(size=200)
    >>> found = importance(TableRegressor(epochs=30).fit(cars, price), cars, price)
    >>> found.columns, found.measure, bool(found.means[0] > 10 * found.means[1])
    (('km', 'doors'), 'r2', True)
    """
    plain = checked(IMPORTANCE, repeats=repeats, max_rows=max_rows, seed=seed)
    fitted = _of_table(model)
    features, true, w = _examples(fitted, frame, y, weights)
    n_given, rng = len(true), np.random.default_rng(plain["seed"])
    if n_given > (most := plain["max_rows"] or n_given):
        rows = np.sort(rng.choice(n_given, most, replace=False))
        features, true, w = features[rows], true[rows], None if w is None else w[rows]
    if len(true) < 2:
        raise DataError(
            f"cells are shuffled among the rows, and there is {plural(len(true), 'row')}; give at least 2."
        )
    metrics = fitted.metrics(features, true, w)
    known = _known(metrics)
    name: str = USUAL.get(fitted.output.name, "r2") if measure is None else measure
    if name in TITLES and name not in known:
        raise OptionError(
            f"measure is {name}, which this model on these rows has not; it has {', '.join(known)}."
        )
    named("measure", name, dict.fromkeys(known))
    is_relative, sign = len(fitted.targets) > 1 and name in WITH_UNIT, 1 if is_more_better(name) else -1
    base = _value(metrics, name, is_relative)
    columns = fitted.encoder.columns
    owners = np.repeat(
        [columns.index(one.name) for one in fitted.encoder.encoders],
        [len(one.features) for one in fitted.encoder.encoders],
    )
    changes = np.zeros((len(columns), plain["repeats"]))
    for repeat in range(plain["repeats"]):
        shuffled = features[rng.permutation(len(true))]
        for n in range(len(columns)):
            mixed = _mixed(features, shuffled, owners == n)
            changes[n, repeat] = sign * (base - _value(fitted.metrics(mixed, true, w), name, is_relative))
    return Importance(tuple(columns), changes, name, is_relative, base, len(true), n_given)


def _of_table(model: Any) -> TableModel:
    """Return the model of a table that an estimator holds."""
    found = getattr(model, "model_", model)
    if isinstance(found, TableModel):
        return found
    name = type(model).__name__
    if name in ("TableClassifier", "TableRegressor"):
        raise OptionError(f"this {name} is not fitted; call fit first.")
    raise OptionError(
        f"the model is of type {name}; importance takes a fitted TableClassifier or TableRegressor, or a TableModel "
        "(for other estimators there is sklearn.inspection.permutation_importance)."
    )


def _examples(
    model: TableModel, frame: object, y: object, weights: ArrayLike | None
) -> tuple[Any, NDArray[Any], NDArray[np.float64] | None]:
    """Return X, the targets and the weights of the rows that have a target, and a weight above 0."""
    table, notices = model.read(Table.of(frame))
    warn_of(notices)
    seen = explained(model, table, y)
    rows = np.arange(len(table)) if seen.rows is None else seen.rows
    if weights is not None:
        w = weights_of(weights, len(table), "weights")[rows]
    elif (w := model.weights_in(table.rows(rows))) is None:
        return seen.X, seen.y, None
    counts = np.flatnonzero(w)
    return seen.X[counts], seen.y[counts], w[counts]


def _known(metrics: dict[str, Any]) -> list[str]:
    """Return the measures by which models are better or worse, of all targets."""
    each = list(metrics["targets"].values()) if "targets" in metrics else [metrics]
    return [name for name in TITLES if all(name in one for one in each)]


def _value(metrics: dict[str, Any], name: str, is_relative: bool) -> float:
    """Return a measure, the mean over several targets."""
    each = list(metrics["targets"].values()) if "targets" in metrics else [metrics]
    units = [(one[f"constant_{name}"] or 1.0) if is_relative else 1.0 for one in each]
    return float(np.mean([one[name] / unit for one, unit in zip(each, units, strict=True)]))


def _mixed(X: Any, shuffled: Any, is_taken: NDArray[np.bool_]) -> Any:
    """Return X with some of its features, (m,), as they are in other rows."""
    if isinstance(X, Binned):
        of_nodes = np.concatenate([is_taken, is_taken[X.spans[:, 0]]])[
            X.places[0]
        ]  # which are the same columns'
        pairs = ((X.places, shuffled.places), (X.values, shuffled.values))
        places, values = (np.where(of_nodes, other, own) for own, other in pairs)
        return replace(X, places=places, values=values)
    if not is_sparse(X):
        mixed = X.copy()
        mixed[:, is_taken] = shuffled[:, is_taken]
        return mixed
    mixed, N = X.copy(), X.shape[0]
    is_taken = is_taken[X.indices[: X.indptr[1]]]  # every row lists as many features, of the same columns
    for to, source in ((mixed.data, shuffled.data), (mixed.indices, shuffled.indices)):
        to.reshape(N, -1)[:, is_taken] = source.reshape(N, -1)[:, is_taken]
    return mixed


def _cut(name: str, most: int) -> str:
    """Return a name, cut where it is long."""
    return name if len(name) <= most else f"{name[: most - 3]}..."


def _places(largest: float) -> int:
    """Return how many decimals show the largest number in four digits.

    >>> _places(0.5), _places(2345.6), _places(0.0012), _places(0.0)
    (4, 0, 6, 4)
    """
    if not (largest > 0 and math.isfinite(largest)):
        return DIGITS
    return min(max(0, DIGITS - 1 - math.floor(math.log10(largest))), MOST_PLACES)
