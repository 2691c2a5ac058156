"""TableClassifier and TableRegressor: a DataFrame in, predictions out, the whole job between.

Columns are encoded (see `deltarule.tables.encoders`), a network is trained, and all of it is kept as one
`TableModel`, which `deltarule.save` writes to a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import sklearn.metrics
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted  # pyright: ignore[reportUnknownVariableType]

from deltarule.errors import OptionError, ShapeError
from deltarule.estimators.fitting import TableEstimator
from deltarule.estimators.settings import (
    DELTA,
    LOSSES,
    OF_VALUES,
    SHORT,
)
from deltarule.estimators.trial import Trial
from deltarule.maths.optimisers import LBFGS, Optimiser
from deltarule.maths.output import Output
from deltarule.maths.outputs import Huber, Quantile, output
from deltarule.maths.schedules import Schedule
from deltarule.options import checked, is_several, shown, typed_keywords
from deltarule.tables import (
    ClassTarget,
    NumberTarget,
    Schema,
    TableModel,
    Target,
)
from deltarule.tables.prepared import Prepared, refuse_many_classes
from deltarule.tables.weights import ClassWeight, class_factors
from deltarule.training import Listener

metrics: Any = sklearn.metrics  # which has no types


class TableClassifier(ClassifierMixin, TableEstimator):
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
        Share of the rows to hold out and watch; None takes 0, and a tenth from 5,000 rows on, for quantiles a fifth
        from 200 rows on. The weights of the epoch with the best validation loss are restored.
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
    weight
        The column of X that says how much each row counts, 0 or more; it is not learnt from.
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

    warm_start
        Whether `fit` goes on from the weights of the fit before, with its columns and classes.
    class_weight
        How much the rows of each class count in training: "balanced" for every class as much as all others, or a weight
        by class, of which those not named have 1. Measures count the rows as they are.

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
        The class names, in the order of `predict_proba`'s columns; of several targets a list of such.
    loss_curve_, validation_loss_curve_ : list
        The losses by epoch; `plot_loss_curve` plots them.
    best_epoch_, n_iter_ : int
        The epoch whose weights were restored, and how many were run.

    Examples
    --------
    >>> data = {"size": [1.0, 1.2, None, 5.1, 4.8, 5.0], "colour": ["red", "red", "blue", "blue", "blue", "blue"]}
    >>> model = TableClassifier(epochs=50).fit(data, ["small", "small", "small", "big", "big", "big"])
    >>> model.predict({"size": [0.9, 6.0], "colour": ["red", "blue"]})
    array(['small', 'big'], dtype='<U5')
    """

    task = "classification"

    @typed_keywords
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
        weight: str | None = None,
        group: str | None = None,
        time: str | None = None,
        equal_rows: str | None = None,
        drop_missing_target: bool | None = None,
        warm_start: bool = False,
        class_weight: ClassWeight = None,
    ) -> None:
        super().__init__(
            hidden=hidden,
            activation=activation,
            optimiser=optimiser,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            epochs=epochs,
            batch_size=batch_size,
            l1=l1,
            l2=l2,
            clip_norm=clip_norm,
            validation=validation,
            early_stopping=early_stopping,
            seed=seed,
            n_threads=n_threads,
            progress=progress,
            listeners=listeners,
            schema=schema,
            weight=weight,
            group=group,
            time=time,
            equal_rows=equal_rows,
            drop_missing_target=drop_missing_target,
            warm_start=warm_start,
        )
        self.class_weight = class_weight

    @property
    def classes_(self) -> Any:
        """The classes in order, (C,); of several targets a list of such."""
        check_is_fitted(self, "model_")
        each = [target.decode(np.arange(len(target.names))) for target in self._class_targets]
        return each[0] if len(each) == 1 else each

    @property
    def _class_targets(self) -> list[ClassTarget]:
        return cast(list[ClassTarget], list(self.model_.targets))

    def predict_proba(self, X: object) -> NDArray[Any]:
        """Return the probability of every class, (N, C), rows adding up to 1.

        Of several targets, the probability of the second class of each, (N, targets).
        """
        check_is_fitted(self, "model_")
        return self.model_.predict_proba(X)

    def score(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of the rows, by their weights, whose class is predicted; classes may be of another type.

        Of several targets, whose classes are all predicted. y is as in `fit`.
        """
        check_is_fitted(self, "model_")
        y_hat = self.predict_proba(X)
        said = (y_hat >= 0.5) if len(self._class_targets) > 1 else y_hat.argmax(axis=1)[:, None]
        columns = self._true(X, y)
        if len(columns) != len(self._class_targets):
            raise ShapeError(
                f"y has {len(columns)} targets, and the model learnt {len(self._class_targets)}."
            )
        true = [
            target.numbers_of(column) for target, column in zip(self._class_targets, columns, strict=True)
        ]
        is_right = (np.column_stack(true) == said).all(axis=1)
        return float(
            np.average(is_right, weights=None if sample_weight is None else np.asarray(sample_weight))
        )

    def partial_fit(
        self, X: object, y: object, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> TableClassifier:
        """Learn for one epoch, from the weights as they are and at a constant rate, and return self.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`. The first call decides what the columns are, so it should have rows of every kind.
        classes
            All classes there will ever be, of one target; None takes those of the first call.
        """
        return self._part_fit(X, y, sample_weight, classes)

    def _goal(self, rows: Prepared, classes: ArrayLike | None = None) -> tuple[tuple[Target, ...], Output]:
        columns = list(rows.targets.columns.values())
        if classes is not None:
            if len(columns) > 1:
                raise OptionError("classes is for one target; leave it out for several.")
            return (ClassTarget.among(columns[0], classes, rows.weights),), output("softmax")
        targets = [ClassTarget.fit(column, rows.weights) for column in columns]
        refuse_many_classes(targets)
        return tuple(targets), output("softmax" if len(targets) == 1 else "sigmoid")

    def _counted(self, rows: Prepared, model: TableModel, y: NDArray[Any]) -> NDArray[Any] | None:
        if self.class_weight is None or not len(rows):
            return rows.weights
        if len(model.targets) > 1:
            raise OptionError("class_weight is for one target; weigh the rows of several with weight.")
        factors = class_factors(self.class_weight, cast(ClassTarget, model.target), y, rows.weights)
        assert factors is not None
        return factors[y] if rows.weights is None else rows.weights * factors[y]


class TableRegressor(RegressorMixin, TableEstimator):
    """A regressor for a table with numbers, text, booleans, dates and missing values in it.

    The network learns the standardised target; predictions are in the target's own units. Parameters and
    attributes are those of `TableClassifier`, except class_weight and `classes_`, and these.

    Parameters
    ----------
    loss
        "squared_error" predicts the mean; "poisson" that of counts and rates, whose logarithm is learnt;
        "absolute_error" the median; "huber" nearly, linear only beyond huber_delta; "quantile" a quantile, or several.
    quantile
        The level of the loss quantile, or several; their predictions, (N, levels), rise with the level.
    huber_delta
        In the target's units; None takes 1.345 times its spread.
    target_transform
        "log" or "sqrt" learns these of the target, "none" the target itself; None chooses, of a skewed target that is
        not negative, what does best in a short training on rows held out, and says so.

    Examples
    --------
    >>> table = {"km": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "price": [5.0, 7.0, 9.0, 11.0, 13.0, 15.0]}
    >>> model = TableRegressor(epochs=300).fit(table, "price")
    >>> model.predict({"km": [3.5]}).round(0)
    array([10.])
    """

    task = "regression"

    @typed_keywords
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
        weight: str | None = None,
        group: str | None = None,
        time: str | None = None,
        equal_rows: str | None = None,
        drop_missing_target: bool | None = None,
        warm_start: bool = False,
        loss: str = "squared_error",
        quantile: float | Sequence[float] = 0.5,
        huber_delta: float | None = None,
        target_transform: str | None = None,
    ) -> None:
        super().__init__(
            hidden=hidden,
            activation=activation,
            optimiser=optimiser,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            schedule=schedule,
            epochs=epochs,
            batch_size=batch_size,
            l1=l1,
            l2=l2,
            clip_norm=clip_norm,
            validation=validation,
            early_stopping=early_stopping,
            seed=seed,
            n_threads=n_threads,
            progress=progress,
            listeners=listeners,
            schema=schema,
            weight=weight,
            group=group,
            time=time,
            equal_rows=equal_rows,
            drop_missing_target=drop_missing_target,
            warm_start=warm_start,
        )
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta
        self.target_transform = target_transform

    def score(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> float:
        """Return R^2, the mean over targets; of quantiles the share of a constant's pinball loss that is saved (D^2).

        y is as in `fit`; sample_weight, (N,), weighs the rows.
        """
        check_is_fitted(self, "model_")
        columns = self._true(X, y)
        if len(columns) != len(self.model_.targets):
            raise ShapeError(
                f"y has {len(columns)} targets, and the model learnt {len(self.model_.targets)}."
            )
        predicted = self.predict(X).reshape(len(columns[0]), -1)
        levels, weights = self.model_.levels, None if sample_weight is None else np.asarray(sample_weight)
        scores: list[float] = []
        for column, y_hat in zip(columns, np.split(predicted, len(columns), axis=1), strict=True):
            true = column.as_numbers().values
            if not levels:
                scores.append(metrics.r2_score(true, y_hat[:, 0], sample_weight=weights))
            for q, of_level in zip(levels, y_hat.T, strict=False):
                scores.append(metrics.d2_pinball_score(true, of_level, alpha=q, sample_weight=weights))
        return float(np.mean(scores))

    def _settings(self) -> Any:
        plain: Any = super()._settings()
        for name, value in checked(OF_VALUES, **{name: getattr(self, name) for name in OF_VALUES}).items():
            setattr(plain, name, value)
        plain.loss = SHORT.get(plain.loss, plain.loss)
        levels: list[float] = list(plain.quantile) if is_several(plain.quantile) else [plain.quantile]
        if len(set(levels)) < len(levels) or not levels:
            raise OptionError(
                f"quantile is {shown(self.quantile)}; it must be one level or several different ones."
            )
        plain.quantile = sorted(levels)
        if plain.loss != "quantile" and plain.quantile != [OF_VALUES["quantile"].default]:
            raise OptionError(
                f"quantile is {shown(self.quantile)} and the loss is {plain.loss}; add loss quantile."
            )
        if plain.loss != "huber" and plain.huber_delta is not None:
            raise OptionError(
                f"huber_delta is {plain.huber_delta:g} and the loss is {plain.loss}; add loss huber."
            )
        if plain.loss == "poisson" and plain.target_transform not in (None, "none"):
            raise OptionError(
                f"the loss poisson learns a logarithm already; leave out target_transform {plain.target_transform}."
            )
        if plain.huber_delta is not None:
            if plain.target_transform not in (None, "none"):
                raise OptionError(
                    f"huber_delta is in the target's own units, which target_transform {plain.target_transform} has no "
                    "more; leave out one of them."
                )
            plain.target_transform = "none"
        return plain

    def partial_fit(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> TableRegressor:
        """Learn for one epoch, from the weights as they are and at a constant rate, and return self.

        X, y, sample_weight as in `fit`. The first call decides what the columns are and the target's scale, so it
        should have rows of every kind.
        """
        return self._part_fit(X, y, sample_weight)

    def _goal(self, rows: Prepared, classes: ArrayLike | None = None) -> tuple[tuple[Target, ...], Output]:
        plain, columns = self._settings(), rows.targets.columns.values()
        name = LOSSES[plain.loss]
        chosen = Quantile(tuple(plain.quantile)) if name == "quantile" else output(name)
        fitted = [NumberTarget.fit(column, chosen, weights=rows.weights) for column in columns]
        if name == "huber":
            if plain.huber_delta is not None and len(fitted) > 1:
                raise OptionError("huber_delta is in the units of one target; leave it out for several.")
            spread = fitted[0].spread * fitted[0].unit
            chosen = Huber(DELTA if plain.huber_delta is None else plain.huber_delta / spread)
        return tuple(fitted), chosen

    def _learns_by(self, output: Output) -> bool:
        plain = self._settings()
        levels = tuple(plain.quantile) if plain.loss == "quantile" else output.numbers
        return (output.name, output.numbers) == (LOSSES[plain.loss], levels)

    def _chosen(
        self, rows: Prepared, targets: tuple[Target, ...], trial: Trial
    ) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        chosen, said = trial.targets(self._settings().target_transform)
        columns = rows.targets.columns.values()
        return tuple(
            replace(
                NumberTarget.fit(column, trial.output, transform=one.transform, weights=rows.weights),
                factor=one.factor,
            )
            for one, column in zip(chosen, columns, strict=True)
        ), said
