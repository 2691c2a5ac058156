"""TableClassifier and TableRegressor: a DataFrame in, predictions out, the whole job between.

Columns are encoded (see `deltarule.tables.encoders`), a network is trained, and all of it is kept as one
`TableModel`, which `deltarule.save` writes to a file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted  # pyright: ignore[reportUnknownVariableType]

from deltarule.chain.explained import Explained
from deltarule.errors import OptionError, ShapeError, warn_of
from deltarule.maths.optimisers import LBFGS, Optimiser
from deltarule.maths.schedules import Schedule
from deltarule.network import Network
from deltarule.options import OPTIONS, Option, checked, declared, plain_scalar
from deltarule.tables import (
    ClassTarget,
    Column,
    NumberTarget,
    Schema,
    Table,
    TableEncoder,
    TableModel,
    Target,
    find,
)
from deltarule.tables.folds import apart, is_whole, split
from deltarule.tables.leaks import suspected_leaks
from deltarule.tables.tasks import compared, learnt, rows_with_target, with_target
from deltarule.training import Listener, train

# Defaults that go by the size of the table; benchmarks/accuracy.py shows what they give.
LARGE = 5_000
"""Rows from which a second hidden layer pays, and from which a tenth can be spared to pick the best epoch."""
HIDDEN, HIDDEN_LARGE = (128,), (128, 64)
LEARNING_RATE = 3e-3
"""Of adamw; other optimisers keep their own."""
DECAY, DECAY_LARGE = 1.0, 0.2
"""Of adamw: the fewer rows, the more."""
HELD_OUT_LARGE = 0.1
UPDATES = 2_000
"""About how many updates a network needs ..."""
EPOCHS = (60, 400)
"""... and the fewest and most epochs that are spent on them."""
BATCHES = (16, 256)
"""The smallest and largest batch; between them, a batch is a twentieth of the table."""


def _listed(units: Sequence[int]) -> str:
    return ",".join(map(str, units))


SETTINGS = {
    **{name: OPTIONS[name] for name in ("l1", "l2", "clip_norm", "progress")},
    **declared(
        Option(
            "hidden", "whole", low=1, several="list",
            none=f"for {_listed(HIDDEN)}, and {_listed(HIDDEN_LARGE)} from {LARGE:,} rows on",
            help="Units of the hidden layers, such as 64,64",
        ),
        replace(
            OPTIONS["learning_rate"], none=f"for the optimiser's own, and {LEARNING_RATE:g} with adamw",
            help="Of the optimiser",
        ),
        replace(
            OPTIONS["weight_decay"], none=f"for the optimiser's own, and {DECAY:g} or, from {LARGE:,} rows on, "
            f"{DECAY_LARGE:g} with adamw", help="Of the optimiser, decoupled",
        ),
        replace(
            OPTIONS["epochs"], default=None, help="Passes over the rows",
            none=f"for about {UPDATES:,} updates, in {EPOCHS[0]} to {EPOCHS[1]} epochs",
        ),
        replace(
            OPTIONS["batch_size"], default=None, help="Rows an update",
            none=f"for a twentieth of the table, {BATCHES[0]} to {BATCHES[1]}",
        ),
        replace(
            OPTIONS["validation"], is_low_open=False, also=None,
            help="Share of the rows to hold out and watch; the weights of the best epoch are restored",
            none=f"for 0, and {HELD_OUT_LARGE:g} from {LARGE:,} rows on",
        ),
        replace(
            OPTIONS["n_threads"], help="The most threads to train with; the result is the same for any"
        ),
        replace(
            OPTIONS["early_stopping"], also=None, help="Epochs to wait for a better validation loss before stopping"
        ),
        Option("group", "column", none="for none", help="Column whose groups stay whole when rows are held out"),
        Option("time", "column", none="for none", help="Column of times, of which the last rows are held out"),
        Option(
            "equal_rows", "choice", choices=("together", "apart"), none="to keep them together, unless no "
            "more are equal than chance makes", help="Whether equal rows are held out together",
        ),
        Option(
            "drop_missing_target", "flag", none="for doing so where they are a twentieth or less",
            help="Leave out rows without a target",
        ),
        replace(
            OPTIONS["seed"], help="Of starting weights, order and validation part: the same seed gives the same bits."
        ),
    ),
}  # fmt: skip
"""What the estimators take, beside names and listeners."""


class _TableEstimator(BaseEstimator, ABC):
    """What both have in common; see `TableClassifier`."""

    output: ClassVar[str]
    model_: TableModel

    def __init__(
        self,
        hidden: int | Sequence[int] | None = None,
        activation: str | Sequence[str] = "relu",
        optimiser: str | Optimiser | LBFGS = "adamw",
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule = "one_cycle",
        epochs: int | None = None,
        batch_size: int | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        validation: float | None = None,
        early_stopping: int | None = None,
        seed: int = 0,
        n_threads: int | None = None,
        progress: bool | None = None,
        listeners: Sequence[Listener] = (),
        schema: Schema | None = None,
        group: str | None = None,
        time: str | None = None,
        equal_rows: str | None = None,
        drop_missing_target: bool | None = None,
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
        self.group = group
        self.time = time
        self.equal_rows = equal_rows
        self.drop_missing_target = drop_missing_target

    @abstractmethod
    def _fit_target(self, y: Column) -> Target:
        """Return the target fitted to the column to learn."""

    @abstractmethod
    def _n_outputs(self, target: Target) -> int:
        """Return how many outputs the network needs."""

    def fit(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> Any:
        """Encode the columns of X, train a network to predict y, and return self.

        Parameters
        ----------
        X
            A pandas, Polars or Arrow DataFrame, a dict of columns, or an (N, m) array; numbers, booleans, text,
            dates and missing values may be in it.
        y
            (N,): a Series, an array or a sequence; or the name of the column of X to learn.
        sample_weight
            (N,), not negative: how much each row counts.

        Raises
        ------
        DataError
            The table or the target cannot be learnt from; the message names column and row.
        OptionError
            A setting is unknown or out of its range.
        """
        plain = SimpleNamespace(**checked(SETTINGS, **{name: getattr(self, name) for name in SETTINGS}))
        schema, table, column, raw_column, said = self._read(X, y)
        if len(column) != len(table):
            raise ShapeError(
                f"X has {len(table):,} rows and y has {len(column):,}; they must be the same rows."
            )
        weights = np.ones(len(table)) if sample_weight is None else np.asarray(sample_weight, np.float64)
        if weights.shape != (len(table),):
            raise ShapeError(
                f"sample_weight has shape {weights.shape}; expected ({len(table)},), one per row."
            )
        kept, notices = rows_with_target(column, raw_column, plain.drop_missing_target)
        if len(kept) < len(column):
            table, column, weights = table.rows(kept), column.rows(kept), weights[kept]
        group, time = (
            None if name is None else table.column(name, f"{role} column")
            for role, name in (("group", plain.group), ("time", plain.time))
        )
        if group is not None:
            schema = apart(schema, group)
            table = Table(table.columns.values(), read_by=schema)
        target = self._fit_target(column)
        classes = target.encode(column) if self.output == "softmax" else None
        share = plain.validation
        if share is None:  # unasked only where it can be
            can_be = len(table) >= LARGE and not any(is_whole(each) for each in (group, time) if each)
            share = HELD_OUT_LARGE if can_be else 0.0
        parts = split(
            compared(table, schema, column),
            share,
            np.random.default_rng([plain.seed, 0]),
            part="validation part",
            classes=classes,
            group=group,
            time=time,
            equal_rows=plain.equal_rows,
        )
        learn, held = parts.learn, parts.held
        part, part_y = table.rows(learn), column.rows(learn)
        y_learnt = part_y.as_numbers().values if classes is None else classes[learn]
        leaks = suspected_leaks(learnt(part, schema), column.name, y_learnt, seed=plain.seed)
        found = schema.notices if self.schema is None else ()  # one that was given has been seen
        self.notices_ = (*found, *said, *notices, *parts.notices, *leaks)
        warn_of(self.notices_)
        encoder = TableEncoder.fit(part, schema=schema)
        hidden = HIDDEN if len(table) < LARGE else HIDDEN_LARGE
        network = Network(
            [
                len(encoder.features),
                *(hidden if plain.hidden is None else plain.hidden),
                self._n_outputs(target),
            ],
            self.activation,
            self.output,
            seed=plain.seed,
        )
        model = TableModel(network, encoder, target, {}, {}, {})
        examples = model.features_of(part), target.encode(part_y)
        seen = model.features_of(table.rows(held)), target.encode(column.rows(held))
        N = len(learn)
        batch_size: int = plain.batch_size or int(np.clip(N // 20, *BATCHES))
        epochs: int = plain.epochs or int(np.clip(round(UPDATES * batch_size / N), *EPOCHS))
        which = plain_scalar(self.optimiser)
        is_adamw = isinstance(which, str) and which == "adamw"
        decay = DECAY if len(table) < LARGE else DECAY_LARGE
        self.run_ = train(
            network,
            *examples,
            weights=weights[learn],
            optimiser=self.optimiser,
            learning_rate=LEARNING_RATE if plain.learning_rate is None and is_adamw else plain.learning_rate,
            weight_decay=decay if plain.weight_decay is None and is_adamw else plain.weight_decay,
            schedule=self.schedule,
            epochs=epochs,
            batch_size=batch_size,
            l1=plain.l1,
            l2=plain.l2,
            clip_norm=plain.clip_norm,
            validation=(*seen, weights[held]) if len(held) else None,
            early_stopping=plain.early_stopping or (epochs if len(held) else None),
            seed=plain.seed,
            n_threads=plain.n_threads,
            progress=plain.progress,
            listeners=self.listeners,
        )
        scores = {"train": model.metrics(*examples)}
        if len(held):
            scores["validation"] = model.metrics(*seen)
        settings = {**self.run_.settings, "stopped": self.run_.stopped, "seconds": self.run_.seconds}
        self.model_ = replace(
            model,
            settings=settings,
            history=self.run_.history.record(),
            scores=scores,
            state=self.run_.state,
        )
        self.n_features_in_ = len(table.names)
        self.feature_names_in_ = np.array(table.names, object)
        return self

    def _read(self, X: object, y: object) -> tuple[Schema, Table, Column, Column, tuple[str, ...]]:
        """Return the schema, the columns of X without y as it reads them, y as it is learnt and as it came, notices."""
        raw = Table.of(X)
        if self.schema is not None and not isinstance(cast(object, self.schema), Schema):
            raise OptionError(
                f"schema is a {type(self.schema).__name__}; it must be None or what deltarule.schema returns."
            )
        schema = find(raw) if self.schema is None else self.schema
        is_regression = self.output != "softmax"
        if isinstance(y, str):
            came = raw.column(y, "target column")
            schema = with_target(schema, raw, y, "regression" if is_regression else "classification")
        else:
            came = Column.of(str(getattr(y, "name", None) or "y"), y)
        table, unlike = schema.read(raw)
        said = (*(raw.notices if self.schema is None else ()), *unlike)
        if isinstance(y, str):
            is_text = y in schema and schema[y].kind in ("category", "text", "row id", "ignore")
            is_read = is_regression or (is_text and came.kind == "text")
            return schema, table.without(y), table[y] if is_read else came, came, said
        if not is_regression or came.kind != "text":
            return schema, table, came, came, said
        alone = Table([came])
        of_y = with_target(find(alone), alone, came.name, "regression")
        read, unlike = of_y.read(alone)
        return schema, table, read[came.name], came, (*said, *of_y.notices, *unlike)

    @property
    def net_(self) -> Network:
        """The network behind it, for explain, check and gradients."""
        check_is_fitted(self, "model_")
        return self.model_.network

    def explained(self, X: object, y: object, weights: Any = None, *, table: object = None) -> Explained:
        """Return what `explain`, `check`, `pullers` and `suspects` look at, of X and y as in `fit`."""
        check_is_fitted(self, "model_")
        return self.model_.explained(X, y, weights, table=table)

    def predict(self, X: object) -> NDArray[Any]:
        """Return class names of the type they had, or values in the target's units, (N,)."""
        check_is_fitted(self, "model_")
        return self.model_.predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        return tags


class TableClassifier(ClassifierMixin, _TableEstimator):
    """A classifier for a table with numbers, text, booleans, dates and missing values in it.

    Parameters
    ----------
    hidden
        Units of the hidden layers, one number for a single layer; None takes (128,), and (128, 64) from 5,000 rows on.
    activation
        One name for all hidden layers, or one for each.
    optimiser, schedule, l1, l2, clip_norm
        As in `deltarule.train`.
    learning_rate, weight_decay
        None takes the optimiser's own; for "adamw" a rate of 0.003 and a decay of 1, of 0.2 from 5,000 rows on.
    epochs
        Passes over the rows; None makes about 2,000 updates, in 60 to 400 epochs.
    batch_size
        Rows an update; None takes a twentieth of the table, 16 to 256.
    validation
        Share of the rows to hold out and watch; None takes 0, and a tenth from 5,000 rows on. The weights of
        the epoch with the best validation loss are restored.
    early_stopping
        Epochs to wait for a better validation loss before stopping; None runs all epochs.
    seed
        Of starting weights, order and validation part: the same seed gives the same bits.
    n_threads
        The most threads to train with; None for one each processor. The result is the same for any.
    progress
        A bar on standard error: None where that is a terminal, or True or False.
    listeners
        Called with every event of the training; see `deltarule.train`.
    schema
        What the columns are, from `deltarule.tables.schema`; None reads that off the table.
    group
        The column of X whose groups stay whole when rows are held out, such as "patient"; it is not learnt from, unless
        `schema` was told what it is.
    time
        The column of X, of dates or numbers, by which the last rows are held out.
    equal_rows
        "together" holds equal rows out together, "apart" like any others. None takes "together", unless no more are
        equal than chance makes of columns with few values.
    drop_missing_target
        Whether to leave out rows without a target: True, False to refuse them, or None to do so where they are a
        twentieth or less.

    Attributes
    ----------
    model_ : TableModel
        What was learnt; `deltarule.save(classifier, path)` writes it to a file.
    net_ : Network
        The network behind it.
    run_ : Run
        How training went.
    notices_ : tuple
        What was done with the rows and what the columns made suspect; warned of, too.
    classes_ : array
        The class names, in the order of `predict_proba`'s columns.

    Examples
    --------
    >>> data = {"size": [1.0, 1.2, None, 5.1, 4.8, 5.0], "colour": ["red", "red", "blue", "blue", "blue", "blue"]}
    >>> model = TableClassifier(epochs=50).fit(data, ["small", "small", "small", "big", "big", "big"])
    >>> model.predict({"size": [0.9, 6.0], "colour": ["red", "blue"]})
    array(['small', 'big'], dtype='<U5')
    """

    output = "softmax"

    @property
    def classes_(self) -> NDArray[Any]:
        """The class names in order, (C,)."""
        check_is_fitted(self, "model_")
        return self.model_.target.decode(np.arange(self._n_outputs(self.model_.target)))

    def predict_proba(self, X: object) -> NDArray[Any]:
        """Return the probability of every class, (N, C), rows adding up to 1."""
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(X)

    def score(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of the rows, by their weights, whose class is predicted; classes may be of another type.

        y is as in `fit`: values, or the name of a column of X.
        """
        check_is_fitted(self, "model_")
        column = Table.of(X).column(y, "target column") if isinstance(y, str) else Column.of("y", y)
        target = self.model_.target
        assert isinstance(target, ClassTarget)
        is_right = target.encode(column, is_strict=False) == self.predict_proba(X).argmax(axis=1)
        return float(
            np.average(is_right, weights=None if sample_weight is None else np.asarray(sample_weight))
        )

    def _fit_target(self, y: Column) -> Target:
        return ClassTarget.fit(y)

    def _n_outputs(self, target: Target) -> int:
        assert isinstance(target, ClassTarget)
        return len(target.names)


class TableRegressor(RegressorMixin, _TableEstimator):
    """A regressor for a table with numbers, text, booleans, dates and missing values in it.

    The network learns the standardised target; predictions are in the target's own units. Parameters and
    attributes are those of `TableClassifier`, except `classes_`.

    Examples
    --------
    >>> table = {"km": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "price": [5.0, 7.0, 9.0, 11.0, 13.0, 15.0]}
    >>> model = TableRegressor(epochs=300).fit(table, "price")
    >>> model.predict({"km": [3.5]}).round(0)
    array([10.])
    """

    output = "linear"

    def _fit_target(self, y: Column) -> Target:
        return NumberTarget.fit(y)

    def _n_outputs(self, target: Target) -> int:
        return 1
