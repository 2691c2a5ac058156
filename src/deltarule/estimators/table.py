"""TableClassifier and TableRegressor: a DataFrame in, predictions out, the whole job between.

Columns are encoded (see `deltarule.tables.encoders`), a network is trained, and all of it is kept as one
`TableModel`, which `deltarule.save` writes to a file.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import sklearn.metrics
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted  # pyright: ignore[reportUnknownVariableType]

from deltarule.chain.explained import Explained
from deltarule.errors import ShapeError
from deltarule.estimators.display import Plotted
from deltarule.estimators.found import Found
from deltarule.estimators.learners import ClassLearner, ValueLearner
from deltarule.estimators.reading import columns_of, names_of
from deltarule.network import Network
from deltarule.tables import (
    ClassTarget,
    Column,
    Table,
    TableModel,
)
from deltarule.tables.weights import weights_of
from deltarule.training import Run

metrics: Any = sklearn.metrics  # which has no types


class TableEstimator(Plotted, BaseEstimator):
    """What a fitted learner shows; see `TableClassifier`."""

    model_: TableModel
    run_: Run

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of every epoch."""
        check_is_fitted(self, "model_")
        return self.model_.history["loss"]

    @property
    def validation_loss_curve_(self) -> list[float] | None:
        """The loss of the rows held out after every epoch until they were learnt from; None where there are none."""
        check_is_fitted(self, "model_")
        return [loss for loss in self.model_.history["validation_loss"] if loss is not None] or None

    @property
    def best_epoch_(self) -> int | None:
        """The epoch, from 1, whose weights were restored; None where none were held out."""
        check_is_fitted(self, "model_")
        return self.run_.best_epoch

    @property
    def search_(self) -> Found | None:
        """What a search has tried and found; None where there was none."""
        check_is_fitted(self, "model_")
        record = self.model_.settings.get("search")
        return None if record is None else Found.from_record(record)

    @property
    def n_iter_(self) -> int:
        """How many epochs were run."""
        return len(self.loss_curve_)

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
        """Return class names of the type they had, or values in the target's units, (N,).

        Of several targets (N, targets), of several quantiles (N, levels), of both (N, targets * levels).
        """
        check_is_fitted(self, "model_")
        return self.model_.predict(X)

    def _true(self, X: object, y: object) -> list[Column]:
        """Return the targets of a table: values, or names of its columns."""
        raw = Table.of(X)
        names = names_of(y, raw)
        return [raw.column(name, "target column") for name in names] if names else columns_of(y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.target_tags.multi_output = True
        if tags.classifier_tags is not None:
            tags.classifier_tags.multi_label = True
        return tags


class TableClassifier(ClassifierMixin, TableEstimator, ClassLearner):
    """A classifier for a table with numbers, text, booleans, dates and missing values in it.

    Parameters
    ----------
    hidden
        Units of the hidden layers, one number for a single layer; None takes (64, 64).
    activation
        One name for all hidden layers, or one for each; None takes "relu".
    optimiser, schedule, l1, l2, clip_norm, clip_value
        As in `deltarule.train`.
    only
        What learns: names such as "W[2]", "b[2]" and "w[1,3,2]" of `net_`; None is all.
    learning_rate, weight_decay, dropout, epochs
        As in `deltarule.train`. None takes what `deltarule.estimators.recipes` has for a table of this size, and of
        other optimisers than "adamw" their own rate and decay.
    batch_size
        Rows an update; None takes a twentieth of the rows, 16 to 64, or 256 of a large table.
    members
        Networks that each leave another part of the rows out, by which it is known when to end, how good they are and
        how sure; their mean predicts. None takes 5, fewer from some 28,000 rows on, and
        one of fewer than 20 or more than some 53,000, as where `validation`, `only` or `warm_start` are given.
    repeats
        How often the rows are shared out among members anew; each time there are as many members more.
    budget
        Seconds that `fit` may take, without compiling: there are as many repeats as there is time for, or fewer members
        and epochs than usual; `model_.settings["budget"]` says which, and with these settings the same model is had
        again. None for no limit.
    validation
        Of one network, the share of the rows to hold out and watch; the weights of the epoch with the best validation
        loss are restored. None takes 0, for quantiles a fifth from 200 rows on, and from 10,000 rows on a tenth, which
        is learnt from in the end unless the best epoch was early, but for 500 rows of values.
    early_stopping
        Epochs to wait for a better loss of the rows left out, or held out, before stopping; None waits for three tenths
        of the epochs, of one network for all.
    seed
        Of starting weights, order and validation part: the same seed gives the same bits.
    n_threads
        The most threads to train with; None for one or one each processor, whichever is faster. The result is the same
        for any.
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

    tune
        How many settings to try, the default among them; see `deltarule.tune`. None searches nothing.
    tune_file
        The file that keeps what was tried, from which a search that was broken off goes on; None for none.
    warm_start
        Whether `fit` goes on from the weights of the fit before, with its columns and classes.
    class_weight
        How much the rows of each class count in training: "balanced" for every class as much as all others, or a weight
        by class, of which those not named have 1. Measures count the rows as they are.
    label_smoothing
        Share of a row's probability that is spread evenly over all classes while learning.

    Attributes
    ----------
    model_ : TableModel
        What was learnt; `deltarule.save(classifier, path)` writes it to a file.
    net_ : Network
        The network behind it; of members their mean.
    run_ : Run
        How training went; of members the course of one.
    notices_ : tuple
        What was done with the rows and what the columns made suspect; warned of, too.
    classes_ : array
        The class names, in the order of `predict_proba`'s columns; of several targets a list of such.
    search_ : Found or None
        What `tune` has tried, and what came of it.
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
        weights = None if sample_weight is None else weights_of(sample_weight, len(is_right))
        return float(np.average(is_right, weights=weights))

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


class TableRegressor(RegressorMixin, TableEstimator, ValueLearner):
    """A regressor for a table with numbers, text, booleans, dates and missing values in it.

    The network learns the standardised target; predictions are in the target's own units. Parameters and
    attributes are those of `TableClassifier`, except class_weight, label_smoothing and `classes_`, and these.

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

    def predict_interval(self, X: object, level: float = 0.9) -> NDArray[np.float64]:
        """Return bounds between which the target of a share `level` of new rows lies, (N, 2).

        Of several targets (N, targets, 2). By how far off the predictions were of rows that were not learnt from (split
        conformal prediction, see `deltarule.tables.intervals`); such rows there are by default, but for one network of
        fewer than 10,000 rows, which takes `validation`. A model that predicts the two quantiles gives these.

        Examples
        --------
        >>> x = np.random.default_rng(0).uniform(size=(400, 2))
        >>> y, noise = x[:, 0], np.random.default_rng(1).normal(size=400)
        >>> model = TableRegressor(epochs=20).fit(x[:200], (y + noise)[:200])
        >>> low, high = model.predict_interval(x[200:], level=0.8).T
        >>> bool(0.7 < np.mean((low < (y + noise)[200:]) & ((y + noise)[200:] < high)) < 0.9)
        True
        """
        check_is_fitted(self, "model_")
        return self.model_.predict_interval(X, level)

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
        weights = None if sample_weight is None else weights_of(sample_weight, len(predicted))
        levels = self.model_.levels
        scores: list[float] = []
        for column, y_hat in zip(columns, np.split(predicted, len(columns), axis=1), strict=True):
            true = column.as_numbers().values
            if not levels:
                scores.append(metrics.r2_score(true, y_hat[:, 0], sample_weight=weights))
            for q, of_level in zip(levels, y_hat.T, strict=False):
                scores.append(metrics.d2_pinball_score(true, of_level, alpha=q, sample_weight=weights))
        return float(np.mean(scores))

    def partial_fit(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> TableRegressor:
        """Learn for one epoch, from the weights as they are and at a constant rate, and return self.

        X, y, sample_weight as in `fit`. The first call decides what the columns are and the target's scale, so it
        should have rows of every kind.
        """
        return self._part_fit(X, y, sample_weight)
