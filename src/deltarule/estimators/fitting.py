"""What TableClassifier and TableRegressor have in common: a table is read, split, encoded, and a network trained."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted  # pyright: ignore[reportUnknownVariableType]

from deltarule.errors import OptionError, ShapeError, warn_of
from deltarule.estimators.settings import (
    BATCHES,
    DECAY,
    DECAY_LARGE,
    EPOCHS,
    HELD_OUT_LARGE,
    HELD_OUT_QUANTILES,
    HIDDEN,
    HIDDEN_LARGE,
    LARGE,
    LARGE_QUANTILES,
    LEARNING_RATE,
    SETTINGS,
    UPDATES,
)
from deltarule.estimators.trial import Trial
from deltarule.maths.optimisers import LBFGS, Optimiser
from deltarule.maths.output import Output
from deltarule.maths.schedules import Schedule
from deltarule.network import Network
from deltarule.options import checked, is_several, plain_scalar
from deltarule.tables import (
    Column,
    Schema,
    Table,
    TableEncoder,
    TableModel,
    Target,
    Task,
    find,
)
from deltarule.tables.folds import is_whole
from deltarule.tables.prepared import Prepared
from deltarule.tables.tasks import with_target
from deltarule.tables.weights import weights_of
from deltarule.training import Listener, Run, train


class TableEstimator(BaseEstimator, ABC):
    """What both have in common; see `TableClassifier`."""

    task: ClassVar[Task]
    model_: TableModel
    run_: Run
    notices_: tuple[str, ...]

    def __init__(
        self,
        *,
        hidden: int | Sequence[int] | None,
        activation: str | Sequence[str],
        optimiser: str | Optimiser | LBFGS,
        learning_rate: float | None,
        weight_decay: float | None,
        schedule: str | Schedule,
        epochs: int | None,
        batch_size: int | None,
        l1: float,
        l2: float,
        clip_norm: float | None,
        validation: float | None,
        early_stopping: int | None,
        seed: int,
        n_threads: int | None,
        progress: bool | None,
        listeners: Sequence[Listener],
        schema: Schema | None,
        weight: str | None,
        group: str | None,
        time: str | None,
        equal_rows: str | None,
        drop_missing_target: bool | None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.optimiser = optimiser
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.schedule = schedule
        self.epochs = epochs
        self.batch_size = batch_size
        self.l1 = l1
        self.l2 = l2
        self.clip_norm = clip_norm
        self.validation = validation
        self.early_stopping = early_stopping
        self.seed = seed
        self.n_threads = n_threads
        self.progress = progress
        self.listeners = listeners
        self.schema = schema
        self.weight = weight
        self.group = group
        self.time = time
        self.equal_rows = equal_rows
        self.drop_missing_target = drop_missing_target

    def _settings(self) -> Any:
        """Return the settings as plain values, checked."""
        return SimpleNamespace(**checked(SETTINGS, **{name: getattr(self, name) for name in SETTINGS}))

    def fit(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> Any:
        """Encode the columns of X, train a network to predict y, and return self.

        Parameters
        ----------
        X
            A pandas, Polars or Arrow DataFrame, a dict of columns, or an (N, m) array; numbers, booleans, text,
            dates and missing values may be in it.
        y
            (N,): a Series, an array or a sequence; or the name of the column of X to learn. Several targets: a
            DataFrame, an (N, targets) array, or a list of columns of X.
        sample_weight
            (N,), not negative: how much each row counts, in training and in every measure.

        Raises
        ------
        DataError
            The table or the target cannot be learnt from; the message names column and row.
        OptionError
            A setting is unknown or out of its range.
        """
        plain = self._settings()
        rows, said = self._prepared(X, y, sample_weight, plain)
        output, encoded, classes = self._output_of(rows)
        N, is_quantiles = len(rows), output.name == "quantile"
        share = plain.validation
        if share is None:  # unasked only where it can be
            large, usual = (LARGE_QUANTILES, HELD_OUT_QUANTILES) if is_quantiles else (LARGE, HELD_OUT_LARGE)
            can_be = large <= N and not any(is_whole(each) for each in (rows.group, rows.time) if each)
            share = usual if can_be else 0.0
        parts = rows.split(
            share, np.random.default_rng([plain.seed, 0]),
            part="validation part", equal_rows=plain.equal_rows, classes=classes,
        )  # fmt: skip
        part, held = rows.rows(parts.learn), rows.rows(parts.held)
        leaks = part.leaks(encoded[parts.learn], plain.seed)
        encoder = TableEncoder.fit(part.table, schema=rows.schema)
        hidden = plain.hidden or (HIDDEN if N < LARGE else HIDDEN_LARGE)
        units = self._n_outputs(rows, output)

        def network() -> Network:
            sizes = [len(encoder.features), *hidden, units]
            return Network(sizes, self.activation, str(output), seed=plain.seed)

        def features(of: Prepared) -> Any:
            return encoder.features_of(of.table, "float32")

        def tried(X: Any, y: NDArray[Any], weights: NDArray[Any] | None, updates: int) -> Network:
            net = network()
            self._train(net, (X, y), weights, plain, N, updates=updates)
            return net

        trial = Trial(part, features, tried, output, plain.seed, plain.equal_rows)
        targets, how = self._targets(rows, trial)
        self.notices_ = (*said, *rows.notices, *parts.notices, *leaks, *how)
        warn_of(self.notices_)
        model = TableModel(network(), encoder, targets, {}, {}, {})
        examples, seen = ((features(each), model.encoded(each.targets)) for each in (part, held))
        self.run_ = self._train(
            model.network, examples, self._counted(part, model, examples[1]), plain, N,
            held=(*seen, self._counted(held, model, seen[1])) if len(held) else None,
        )  # fmt: skip
        if len(held) and is_quantiles:
            model = model.calibrated(*seen, held.weights)
        scores = {"train": model.metrics(*examples, part.weights)}
        if len(held):
            scores["validation"] = model.metrics(*seen, held.weights)
        settings = {**self.run_.settings, "stopped": self.run_.stopped, "seconds": self.run_.seconds}
        self.model_ = replace(
            model, settings=settings, history=self.run_.history.record(), scores=scores, state=self.run_.state
        )
        self.n_features_in_ = len(rows.table.names)
        self.feature_names_in_ = np.array(rows.table.names, object)
        return self

    def _train(
        self,
        network: Network,
        examples: tuple[Any, NDArray[Any]],
        weights: NDArray[Any] | None,
        plain: Any,
        N: int,
        *,
        held: tuple[Any, ...] | None = None,
        updates: int | None = None,
    ) -> Run:
        """Train a network in place as the settings say, of a table of N rows; updates: only so many, as a trial."""
        n = len(examples[1])
        batch_size: int = plain.batch_size or int(np.clip(n // 20, *BATCHES))
        if updates is None:
            epochs: int = plain.epochs or int(np.clip(round(UPDATES * batch_size / n), *EPOCHS))
        else:
            epochs = max(1, round(updates * batch_size / n))
        which = plain_scalar(self.optimiser)
        is_adamw = isinstance(which, str) and which == "adamw"
        decay = DECAY if N < LARGE else DECAY_LARGE
        return train(
            network,
            *examples,
            weights=weights,
            optimiser=self.optimiser,
            learning_rate=LEARNING_RATE if plain.learning_rate is None and is_adamw else plain.learning_rate,
            weight_decay=decay if plain.weight_decay is None and is_adamw else plain.weight_decay,
            schedule=self.schedule,
            epochs=epochs,
            batch_size=batch_size,
            l1=plain.l1,
            l2=plain.l2,
            clip_norm=plain.clip_norm,
            validation=held,
            early_stopping=plain.early_stopping or (epochs if held else None),
            seed=plain.seed,
            n_threads=plain.n_threads,
            progress=plain.progress if updates is None else False,
            listeners=self.listeners if updates is None else (),
        )

    def _prepared(
        self, X: object, y: object, sample_weight: ArrayLike | None, plain: Any
    ) -> tuple[Prepared, tuple[str, ...]]:
        """Return the rows that can be learnt from, and what to say of how they were read."""
        raw = Table.of(X)
        if self.schema is not None and not isinstance(cast(object, self.schema), Schema):
            raise OptionError(
                f"schema is a {type(self.schema).__name__}; it must be None or what deltarule.schema returns."
            )
        names = _names_of(y, raw)
        schema = find(raw) if self.schema is None else self.schema
        said: tuple[str, ...] = raw.notices if self.schema is None else ()
        if names:
            came = [raw.column(name, "target column") for name in names]
            for name in names:
                schema = with_target(schema, raw, name, self.task)
            table, unlike = schema.read(raw)
            columns = [
                table[name] if self._is_read(schema, one) else one
                for name, one in zip(names, came, strict=True)
            ]
            table, said = table.without(*names), (*said, *unlike)
        else:
            table, unlike = schema.read(raw)
            came = _columns_of(y)
            read = [self._read_alone(one) for one in came]
            columns = [column for column, _ in read]
            said = (*said, *unlike, *(notice for _, notices in read for notice in notices))
        if len(columns[0]) != len(table):
            raise ShapeError(
                f"X has {len(table):,} rows and y has {len(columns[0]):,}; they must be the same rows."
            )
        if sample_weight is not None and plain.weight is not None:
            raise OptionError(f"weight is {plain.weight!r} and sample_weight is given too; give one of them.")
        rows = Prepared.of(
            schema, table, columns, came,
            drop=plain.drop_missing_target, group=plain.group, time=plain.time, weight=plain.weight,
            weights=None if sample_weight is None else weights_of(sample_weight, len(table)),
        )  # fmt: skip
        found = rows.schema.notices if self.schema is None else ()  # one that was given has been seen
        return rows, (*found, *said)

    def _is_read(self, schema: Schema, came: Column) -> bool:
        """Return whether a target among the columns is learnt as the schema reads it, and not as it came."""
        if self.task == "regression":
            return True
        one = schema.columns.get(came.name)
        is_text = one is not None and one.kind in ("category", "text", "row id", "ignore")
        return is_text and came.kind == "text" and not came.is_integer

    def _read_alone(self, came: Column) -> tuple[Column, tuple[str, ...]]:
        """Return a target that came beside the table as it is learnt, and what to say of that."""
        if self.task == "classification" or came.kind != "text":
            return came, ()
        alone = Table([came])
        schema = with_target(find(alone), alone, came.name, "regression")
        read, unlike = schema.read(alone)
        return read[came.name], (*schema.notices, *unlike)

    @abstractmethod
    def _output_of(self, rows: Prepared) -> tuple[Output, NDArray[Any], NDArray[np.integer] | None]:
        """Return the network's output, the targets as numbers, and the classes to hold out a share of, if any."""

    @abstractmethod
    def _n_outputs(self, rows: Prepared, output: Output) -> int:
        """Return how many units the output has."""

    @abstractmethod
    def _targets(self, rows: Prepared, trial: Trial) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """Return the targets, fitted to the rows, and what to say of them."""

    def _counted(self, rows: Prepared, model: TableModel, y: NDArray[Any]) -> NDArray[Any] | None:
        """Return how much each row counts in training, (N,)."""
        return rows.weights

    @property
    def net_(self) -> Network:
        """The network behind it, for explain, check and gradients."""
        check_is_fitted(self, "model_")
        return self.model_.network

    def predict(self, X: object) -> NDArray[Any]:
        """Return class names of the type they had, or values in the target's units, (N,).

        Of several targets (N, targets), of several quantiles (N, levels), of both (N, targets * levels).
        """
        check_is_fitted(self, "model_")
        return self.model_.predict(X)

    def _true(self, X: object, y: object) -> list[Column]:
        """Return the targets of a table: values, or names of its columns."""
        raw = Table.of(X)
        names = _names_of(y, raw)
        return [raw.column(name, "target column") for name in names] if names else _columns_of(y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags


def _names_of(y: object, table: Table) -> list[str]:
    """Return the columns of a table that a target names; none where y is values."""
    if isinstance(y, str):
        return [y]
    if (
        isinstance(y, (list, tuple))
        and y
        and all(isinstance(each, str) for each in cast(Sequence[object], y))
    ):
        names = list(cast(Sequence[str], y))
        if len(names) != len(table) and (set(names) & set(table.names) or len(names) == 1):
            return names
    return []


def _columns_of(y: object) -> list[Column]:
    """Return the targets that came beside a table: one, or the columns of a frame or of an (N, targets) array."""
    if isinstance(y, (Table, Mapping)) or hasattr(y, "columns"):
        return list(Table.of(cast(object, y)).columns.values())
    name = str(getattr(y, "name", None) or "y")
    if isinstance(y, (list, tuple)) and len(cast(Sequence[Any], y)) and is_several(cast(Sequence[Any], y)[0]):
        y = np.asarray(cast(Any, y))
    if isinstance(y, np.ndarray) and y.ndim == 2 and cast(Any, y).shape[1] > 1:
        columns = Table.of(cast(object, y)).columns.values()
        return [replace(column, name=f"{name}{n}") for n, column in enumerate(columns, 1)]
    return [Column.of(name, cast(object, y))]
