"""TableModel: networks with everything that stands between them and a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.averaging import averaged
from deltarule.chain.explained import Explained
from deltarule.engines import predict
from deltarule.errors import OptionError, ShapeError, warn_of
from deltarule.maths.optimisers import State
from deltarule.maths.output import Output
from deltarule.network import Network
from deltarule.sparse import first_of
from deltarule.spelling import listed
from deltarule.tables.bounds import bounds_of, level_of
from deltarule.tables.columns import Column
from deltarule.tables.encoder import TableEncoder
from deltarule.tables.explained import explained
from deltarule.tables.finding import find
from deltarule.tables.intervals import Errors
from deltarule.tables.measures import measures
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, NumberTarget, Target, Task, encoded, target_from_record
from deltarule.tables.weights import Weights, weights_of


@dataclass(frozen=True)
class TableModel:
    """What `TableClassifier` and `TableRegressor` learn, and what a model file holds.

    members are networks of the same shape, whose mean a_K predicts; mostly each has left out another part of the rows.
    settings and history are those of training; scores holds the metrics that were measured then, by part
    ("train", "validation", "test"); state is the optimiser's at the end. errors, of every target that is a value, tell
    how wide intervals are; none where no rows were held out, or the model learnt on after.
    """

    members: tuple[Network, ...]
    encoder: TableEncoder
    targets: tuple[Target, ...]
    settings: dict[str, Any]
    history: dict[str, Any]
    scores: dict[str, Any]
    state: State | None = None
    errors: tuple[Errors, ...] = ()

    @cached_property
    def network(self) -> Network:
        """The only member, or the mean of several as one network, see `deltarule.averaging`."""
        return self.members[0] if len(self.members) == 1 else averaged(self.members)

    @property
    def as_one(self) -> TableModel:
        """The model with its network as the only member, so that it can learn on."""
        return self if len(self.members) == 1 else replace(self, members=(self.network,))

    @property
    def output(self) -> Output:
        """The output that all members have."""
        return self.members[0].output

    @property
    def task(self) -> Task:
        return "classification" if isinstance(self.target, ClassTarget) else "regression"

    @property
    def target(self) -> Target:
        """The first of the targets, and mostly the only one."""
        return self.targets[0]

    @property
    def learning(self) -> NDArray[np.intp]:
        """The places in theta of what learns, (n,); the optimiser's state has entries for these."""
        layout = self.members[0].layout
        return np.arange(layout.size)[layout.select(self.settings.get("only")).index]

    def read(self, data: object) -> tuple[Table, tuple[str, ...]]:
        """Return a table as the encoder reads it, and what there is to say of its cells."""
        table = Table.of(data)
        refuse_other_width(self, table)
        return self.encoder.read(table)

    def predict(self, data: object) -> NDArray[Any]:
        """Return class names of the type they had, or values in the target's units, (N,).

        Of several quantiles, (N, levels); of several targets, (N, targets) or (N, targets * levels), see `predicted`.

        Raises
        ------
        DataError
            The table lacks a column, or holds what training did not.
        """
        return self.decoded(self.y_hat(data))

    def decoded(self, y_hat: NDArray[Any]) -> NDArray[Any]:
        """Return what `predict` does, of what the network predicts, (N, n_K)."""
        each = [target.predict(part) for target, part in self.parts_of(y_hat)]
        if len(each) == 1:
            return each[0]
        is_mixed = len({values.dtype.kind for values in each}) > 1  # True and "yes" stay what they are
        return np.column_stack([values.astype(object) for values in each] if is_mixed else each)

    def parts_of(self, y_hat: NDArray[Any]) -> list[tuple[Target, NDArray[Any]]]:
        """Return every target with its outputs, (N, n_K / targets)."""
        return list(zip(self.targets, np.split(y_hat, len(self.targets), axis=1), strict=True))

    @property
    def levels(self) -> tuple[float, ...]:
        """The quantiles that are predicted; none where it is not quantiles."""
        return self.output.numbers if self.output.name == "quantile" else ()

    @property
    def predicted(self) -> list[str]:
        """The names of the columns of `predict`."""
        names = [target.name for target in self.targets]
        return [f"{name} q{q:g}" for name in names for q in self.levels] if len(self.levels) > 1 else names

    def predict_interval(self, data: object, level: float = 0.9) -> NDArray[np.float64]:
        """Return bounds between which the target of a share `level` of new rows lies, in its own units, (N, 2).

        Of several targets (N, targets, 2), each with its own share. See `deltarule.tables.intervals`.

        Raises
        ------
        OptionError
            The level is not between 0 and 1, or higher than the rows that were held out can tell; there were none; or
            the model predicts classes, or quantiles other than those that are such bounds.
        DataError
            As `predict`.

        >>> from deltarule import TableRegressor
        >>> x = np.linspace(0, 1, 200)
        >>> noise = np.random.default_rng(0).normal(size=200)
        >>> model = TableRegressor(progress=False).fit({"x": x}, noise).model_
        >>> model.predict_interval({"x": [0.5]}, level=0.5).round().tolist()  # of a normal one -+ 0.67
        [[-1.0, 1.0]]
        """
        level = level_of(self, level)
        return bounds_of(self, self.y_hat(data), level)

    def predict_proba(self, data: object) -> NDArray[Any]:
        """Return the probability of every class, (N, C) float64, rows adding up to 1.

        Of several targets, the probability of the second class of each, (N, targets).
        """
        if self.task == "regression":
            raise OptionError("a regression model predicts values and has no probabilities.")
        y_hat = self.y_hat(data)
        if len(self.targets) > 1:
            return y_hat.astype(np.float64)
        assert isinstance(self.target, ClassTarget)
        return self.target.shares(y_hat)

    def arrays(self, data: object, y: Column | Table | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return X (N, m), in CSR where few are not 0, and y, (N,) or (N, targets), as the network learns them.

        y left out, the table must hold the targets.
        """
        table = self._read(data)
        return self.features_of(table), self.encoded(table if y is None else y)

    def encoded(self, y: Table | Column) -> NDArray[Any]:
        """Return the targets in a table, or the only one, as the network learns them, (N,) or (N, targets)."""
        if isinstance(y, Column):
            return encoded(self.targets, [y])
        return encoded(self.targets, [y.column(each.name, "target column") for each in self.targets])

    def features_of(self, table: Table) -> Any:
        """Return X (N, m) of a table that the schema has read, in the network's dtype; in CSR where few are not 0."""
        return self.encoder.features_of(table, str(self.members[0].dtype))

    def outputs_of(self, X: Any) -> NDArray[Any]:
        """Return y_hat, (N, n_K), of encoded rows, (N, m): O of the mean a_K of the members."""
        if len(self.members) == 1:
            return predict(self.members[0], X)
        a = sum(activations_of(member, X) for member in self.members) / len(self.members)
        return np.asarray(self.output.y_hat(a)).astype(self.members[0].dtype)

    def calibrated(self, y_hat: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None) -> TableModel:
        """Return the model whose quantiles have the right shares of rows below them that were held out.

        y_hat: (N, n_K), what was predicted for these rows, and y (N,) or (N, targets) as the network learns it.
        """
        targets = tuple(
            target.calibrated(self.levels, of, predicted, weights)
            for (target, predicted), of in self.parts_beside(y_hat, y)
            if isinstance(target, NumberTarget)
        )
        return replace(self, targets=targets)

    def parts_beside(
        self, y_hat: NDArray[Any], y: NDArray[Any]
    ) -> Iterator[tuple[tuple[Target, NDArray[Any]], NDArray[Any]]]:
        """Yield every target with its outputs, and its values as the network learns them."""
        yield from zip(self.parts_of(y_hat), y.reshape(len(y), -1).T, strict=True)

    def evaluate(
        self, data: object, y: Column | Table | None = None, weights: ArrayLike | None = None
    ) -> dict[str, Any]:
        """Return measures on a table, each beside that of a constant prediction; see `deltarule.tables.measures`.

        Parameters
        ----------
        data, y
            y is the target's column, or a table of several; left out, data must hold them.
        weights
            (N,): how much each row counts.

        Returns
        -------
        By name: of classes accuracy, balanced_accuracy, log_loss (mean of -log y_hat_l), f1, roc_auc, average_precision
        and f1_by_class; of values r2, rmse and mae in the target's units, deviance of counts, pinball of quantiles and
        below_..., the share of the rows below each; constant_... beside each; standard_error_... of means over rows and
        what is made of them; coverage, by level, of models that know intervals. Of several targets, such measures by
        the target's name in "targets".
        """
        return self.metrics(*self.arrays(data, y), None if weights is None else np.asarray(weights))

    def metrics(self, X: Any, y: NDArray[Any], weights: NDArray[Any] | None = None) -> dict[str, Any]:
        """Return what `evaluate` does, of a table that is encoded: X (N, m) and y as from `arrays`."""
        return self.measured(self.outputs_of(X), y, weights)

    def measured(
        self, y_hat: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None = None
    ) -> dict[str, Any]:
        """Return what `evaluate` does, of what was predicted, (N, n_K), and y as from `arrays`."""
        each: list[dict[str, Any]] = []
        for n, ((target, predicted), of) in enumerate(self.parts_beside(y_hat, y)):
            found = measures(target, self.output, of, predicted, weights)
            if self.errors and isinstance(target, NumberTarget):
                found["coverage"] = self.errors[n].coverage(target.learnt(predicted), of, weights)
            each.append(found)
        if len(each) == 1:
            return each[0]
        by_name = {target.name: one for target, one in zip(self.targets, each, strict=True)}
        return {"rows": len(y), "targets": by_name}

    def weights_in(self, table: Table) -> Weights | None:
        """Return how much the rows of a table count, (N,), by the model's weight column; None where it has none."""
        name = self.settings.get("weight")
        if name is None or name not in table:
            return None
        column = table[name]
        if column.kind == "text":  # of a file, where the schema leaves out what is not learnt from
            with suppress(OptionError):  # none of it is a number
                column, _ = find(Table([column]), settings={name: "number"})[name].read(column)
        return weights_of(column, len(table))

    def explained(self, X: object, y: object, weights: Any = None, *, table: object = None) -> Explained:
        """Return what `explain`, `check`, `pullers` and `suspects` look at: the rows of X that have a target.

        y: the name of a column of X, or its values, (N,). table: where groups are looked up; None for X.
        """
        return explained(self, X, y, weights, table)

    def confusion(self, data: object) -> NDArray[np.int64]:
        """Return how many rows of true class n (row) were predicted as class m (column), (C, C)."""
        if not isinstance(self.target, ClassTarget) or len(self.targets) > 1:
            raise OptionError("a confusion matrix is one of classes, of one target.")
        table = self._read(data)
        true = self.encoded(table)
        C = len(self.target.names)
        counts = np.zeros((C, C), np.int64)
        np.add.at(counts, (true, self.y_hat(table).argmax(axis=1)), 1)
        return counts

    def _read(self, data: object) -> Table:
        """Return a table as the schema reads it; cells that it cannot read, or far outside, are warned of."""
        table, notices = self.read(data)
        warn_of(notices)
        return table

    def y_hat(self, data: object) -> NDArray[Any]:
        """Return what the network predicts for a table, (N, n_K), before it is decoded."""
        return self.outputs_of(self.features_of(self._read(data)))

    def record(self) -> dict[str, Any]:
        """Return everything but theta as plain data for JSON."""
        return {
            "network": self.members[0].spec(),
            "members": len(self.members),
            "encoder": self.encoder.record(),
            "targets": [target.record() for target in self.targets],
            "errors": [errors.record() for errors in self.errors],
            "settings": self.settings,
            "history": self.history,
            "scores": self.scores,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], members: tuple[Network, ...]) -> TableModel:
        """Return the model that `record` described, with its networks."""
        records = record["targets"] if "targets" in record else [record["target"]]  # as in files of format 1
        if not records or members[0].sizes[-1] % len(records):
            raise ValueError("the targets do not fit the network")
        errors = tuple(map(Errors.from_record, record.get("errors", ())))
        if len(errors) not in (0, len(records)):
            raise ValueError("the errors do not fit the targets")
        return cls(
            members,
            TableEncoder.from_record(record["encoder"]),
            tuple(map(target_from_record, records)),
            record["settings"],
            record["history"],
            record["scores"],
            errors=errors,
        )


def activations_of(net: Network, X: Any, n_threads: int | None = None) -> NDArray[np.float64]:
    """Return a_K, (N, n_K), of encoded rows, (N, m), of which a network takes the first n_0 columns."""
    return predict(net.linear(), first_of(X, net.sizes[0]), n_threads).astype(np.float64)


def refuse_other_width(model: TableModel, table: Table) -> None:
    """Raise a ShapeError where the columns of an array, known by their places alone, are not those of training."""
    if table.is_named:
        return
    schema, dropped = model.encoder.schema.columns, model.encoder.dropped
    known = dict.fromkeys((*schema, *model.encoder.columns, *dropped))
    targets = {target.name for target in model.targets}
    roles = {name for name, one in schema.items() if one.kind == "ignore"}  # weights and groups may lack
    if known.keys() - targets - roles <= set(table.names) <= known.keys():
        return
    expected = [name for name in known if name not in targets]
    face = "TableClassifier" if model.task == "classification" else "TableRegressor"
    if len(table.names) == len(expected):
        raise ShapeError(
            f"X has no names of columns, and {face} learnt from columns that have: {listed(expected)}; give a "
            "DataFrame or a dict of columns."
        )
    raise ShapeError(
        f"X has {len(table.names)} features, but {face} is expecting {len(expected)} features as input."
    )
