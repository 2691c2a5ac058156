"""TableModel: a network with everything that stands between it and a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.chain.explained import Explained
from deltarule.engines import predict
from deltarule.errors import OptionError, warn_of
from deltarule.maths.optimisers import State
from deltarule.network import Network
from deltarule.tables.columns import Column
from deltarule.tables.encoder import TableEncoder
from deltarule.tables.explained import explained
from deltarule.tables.table import Table
from deltarule.tables.targets import ClassTarget, Target, Task, target_from_record


@dataclass(frozen=True)
class TableModel:
    """What `TableClassifier` and `TableRegressor` learn, and what a model file holds.

    settings and history are those of training; scores holds the metrics that were measured then, by part
    ("train", "validation", "test"); state is the optimiser's at the end.
    """

    network: Network
    encoder: TableEncoder
    target: Target
    settings: dict[str, Any]
    history: dict[str, Any]
    scores: dict[str, Any]
    state: State | None = None

    @property
    def task(self) -> Task:
        return "classification" if isinstance(self.target, ClassTarget) else "regression"

    def read(self, data: object) -> tuple[Table, tuple[str, ...]]:
        """Return a table as the encoder reads it, and what there is to say of its cells."""
        return self.encoder.read(data)

    def predict(self, data: object) -> NDArray[Any]:
        """Return class names of the type they had, or values in the target's units, (N,).

        Raises
        ------
        DataError
            The table lacks a column, or holds what training did not.
        """
        y_hat = self._y_hat(data)
        return self.target.decode(y_hat.argmax(axis=1) if self.task == "classification" else y_hat[:, 0])

    def predict_proba(self, data: object) -> NDArray[Any]:
        """Return the probability of every class, (N, C) float64, rows adding up to 1."""
        if self.task == "regression":
            raise OptionError("a regression model predicts values and has no probabilities.")
        return _shares(self._y_hat(data))

    def arrays(self, data: object, y: Column | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return X (N, m), in CSR where few are not 0, and y (N,) as the network learns them.

        y left out, the table must hold the target.
        """
        table = self._read(data)
        column = self._target_column(table) if y is None else y
        return self.features_of(table), self.target.encode(column)

    def features_of(self, table: Table) -> Any:
        """Return X (N, m) of a table that the schema has read, in the network's dtype; in CSR where few are not 0."""
        return self.encoder.features_of(table, str(self.network.dtype))

    def evaluate(self, data: object, y: Column | None = None) -> dict[str, float]:
        """Return metrics on a table, each beside that of a constant prediction.

        y is the target's column; left out, the table must hold it.

        Classification: accuracy and log loss (mean of -log y_hat_l, natural logarithm); the constant prediction
        gives the classes' frequencies in training. Regression: R^2, RMSE and MAE in the target's units; the
        constant prediction is the mean in training.
        """
        return self.metrics(*self.arrays(data, y))

    def metrics(self, X: Any, y: NDArray[Any]) -> dict[str, float]:
        """Return what `evaluate` does, of a table that is encoded: X (N, m) and y (N,) as from `arrays`."""
        target, y_hat = self.target, predict(self.network, X)
        if isinstance(target, ClassTarget):
            return _class_metrics(y, _shares(y_hat), np.array(target.frequencies))
        constant = float(target.decode(np.zeros(1))[0])
        return _value_metrics(target.decode(y), target.decode(y_hat[:, 0]), constant)

    def explained(self, X: object, y: object, weights: Any = None, *, table: object = None) -> Explained:
        """Return what `explain`, `check`, `pullers` and `suspects` look at: the rows of X that have a target.

        y: the name of a column of X, or its values, (N,). table: where groups are looked up; None for X.
        """
        return explained(self, X, y, weights, table)

    def confusion(self, data: object) -> NDArray[np.int64]:
        """Return how many rows of true class n (row) were predicted as class m (column), (C, C)."""
        if not isinstance(self.target, ClassTarget):
            raise OptionError("a regression model has no confusion matrix.")
        table = self._read(data)
        true = self.target.encode(self._target_column(table))
        C = len(self.target.names)
        counts = np.zeros((C, C), np.int64)
        np.add.at(counts, (true, self._y_hat(table).argmax(axis=1)), 1)
        return counts

    def _read(self, data: object) -> Table:
        """Return a table as the schema reads it; cells that it cannot read, or far outside, are warned of."""
        table, notices = self.read(data)
        warn_of(notices)
        return table

    def _target_column(self, table: Table) -> Column:
        return table.column(self.target.name, "target column")

    def _y_hat(self, data: object) -> NDArray[Any]:
        return predict(self.network, self.features_of(self._read(data)))

    def record(self) -> dict[str, Any]:
        """Return everything but theta as plain data for JSON."""
        return {
            "network": self.network.spec(),
            "encoder": self.encoder.record(),
            "target": self.target.record(),
            "settings": self.settings,
            "history": self.history,
            "scores": self.scores,
        }

    @classmethod
    def from_record(cls, record: dict[str, Any], network: Network) -> TableModel:
        """Return the model that `record` described, with its network."""
        return cls(
            network,
            TableEncoder.from_record(record["encoder"]),
            target_from_record(record["target"]),
            record["settings"],
            record["history"],
            record["scores"],
        )


def _shares(y_hat: NDArray[Any]) -> NDArray[np.float64]:
    """Return probabilities in float64, whose rows add up to 1 there."""
    wide = y_hat.astype(np.float64)
    return wide / wide.sum(axis=1, keepdims=True)


def _class_metrics(true: NDArray[Any], y_hat: NDArray[Any], frequencies: NDArray[Any]) -> dict[str, float]:
    tiny = np.finfo(np.float32).tiny  # a probability that underflowed
    rows = np.arange(len(true))
    return {
        "rows": len(true),
        "accuracy": float((y_hat.argmax(axis=1) == true).mean()),
        "constant_accuracy": float((true == frequencies.argmax()).mean()),
        "log_loss": float(-np.log(np.maximum(y_hat[rows, true], tiny)).mean()),
        "constant_log_loss": float(-np.log(frequencies[true]).mean()),
    }


def _value_metrics(y: NDArray[Any], y_hat: NDArray[Any], constant: float) -> dict[str, float]:
    unit = float(np.abs(y).max()) or 1.0  # squares of 1e200 overflow
    y, y_hat, constant = y / unit, y_hat / unit, constant / unit
    spread = float(((y - y.mean()) ** 2).sum())

    def metrics(prediction: NDArray[Any] | float) -> tuple[float, float, float]:
        error = y - prediction
        # Of rows that are all the same R^2 says nothing; 0 is what a constant prediction gets.
        r2 = 1.0 - float((error**2).sum()) / spread if spread > 0 else 0.0
        return r2, float(np.sqrt((error**2).mean())) * unit, float(np.abs(error).mean()) * unit

    (r2, rmse, mae), (c_r2, c_rmse, c_mae) = metrics(y_hat), metrics(constant)
    return {
        "rows": len(y),
        "r2": r2,
        "constant_r2": c_r2,
        "rmse": rmse,
        "constant_rmse": c_rmse,
        "mae": mae,
        "constant_mae": c_mae,
    }
