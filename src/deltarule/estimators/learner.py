"""Learner: a table is read, split and encoded, and a network trained on it.

`TableClassifier` and `TableRegressor` are learners with scikit-learn's face; the command line does without the face.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from os import PathLike, fspath
from types import NoneType, SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import OptionError, ShapeError, warn_of
from deltarule.estimators.budget import Clock, planned
from deltarule.estimators.course import Course, seed_of
from deltarule.estimators.members import fit_members
from deltarule.estimators.reading import read
from deltarule.estimators.recipes import FEWEST_ROWS, LARGE, MEMBERS, calm, members_of
from deltarule.estimators.settings import SETTINGS
from deltarule.estimators.single import fit_one
from deltarule.estimators.trial import Trial
from deltarule.maths.optimisers import LBFGS, Optimiser
from deltarule.maths.output import Output
from deltarule.maths.schedules import Schedule
from deltarule.options import checked, is_several, shown
from deltarule.spelling import plural
from deltarule.tables import (
    Schema,
    Table,
    TableModel,
    Target,
    Task,
)
from deltarule.tables.folds import Split, is_whole
from deltarule.tables.model import refuse_other_width
from deltarule.tables.prepared import Prepared
from deltarule.tables.seen import kept as kept_of
from deltarule.tables.weights import weights_of
from deltarule.training import Listener, Run


class Learner(ABC):
    """What learners of classes and of values have in common; the parameters are those of `TableClassifier`.

    model_
        What was learnt.
    run_
        How training went.
    notices_
        What was done with the rows and what the columns made suspect; warned of, too.
    """

    task: ClassVar[Task]
    model_: TableModel
    run_: Run
    notices_: tuple[str, ...]

    def __init__(
        self,
        *,
        hidden: int | Sequence[int] | None,
        activation: str | Sequence[str] | None,
        optimiser: str | Optimiser | LBFGS,
        learning_rate: float | None,
        weight_decay: float | None,
        schedule: str | Schedule,
        epochs: int | None,
        batch_size: int | None,
        l1: float,
        l2: float,
        clip_norm: float | None,
        clip_value: float | None,
        dropout: float | Sequence[float] | None,
        only: str | Sequence[str] | None,
        members: int | None,
        repeats: int,
        budget: float | None,
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
        tune: int | None,
        tune_file: str | PathLike[str] | None,
        warm_start: bool,
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
        self.clip_value = clip_value
        self.dropout = dropout
        self.only = only
        self.members = members
        self.repeats = repeats
        self.budget = budget
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
        self.tune = tune
        self.tune_file = tune_file
        self.warm_start = warm_start

    def _settings(self) -> Any:
        """Return the settings as plain values, checked."""
        only: Any = [self.only] if isinstance(self.only, str) else self.only
        if only is not None and not (is_several(only) and all(isinstance(each, str) for each in only)):
            raise OptionError(
                f'only is {shown(only)}; it must be names such as ["W[1]", "b[2]"], or None for all.'
            )
        plain = checked(SETTINGS, **{name: getattr(self, name) for name in SETTINGS})
        file = self.tune_file
        if not isinstance(cast(object, file), (str, PathLike, NoneType)):
            raise OptionError(f"tune_file is {shown(file)}; it must be the path of a file, or None for none.")
        if file is not None and plain["tune"] is None:
            raise OptionError(
                f"tune_file is {fspath(file)!r} and nothing is searched; tune must be given, too, such as tune=20 "
                "(--tune 20)."
            )
        return SimpleNamespace(**plain, activation=self.activation, only=self.only, tune_file=file)

    def fit(
        self, X: object, y: object, sample_weight: ArrayLike | None = None, *, budget: float | None = None
    ) -> Any:
        """Encode the columns of X, train a network to predict y, and return self.

        Parameters
        ----------
        X
            A pandas, Polars or Arrow DataFrame, a dict of columns, or an (N, m) array, a sparse one too; numbers,
            booleans, text, dates and missing values may be in it.
        y
            (N,): a Series, an array or a sequence; or the name of the column of X to learn. Several targets: a
            DataFrame, an (N, targets) array, or a list of columns of X.
        sample_weight
            (N,), not negative: how much each row counts, in training and in every measure. A row of weight 0 is left
            out: it decides neither how columns are scaled nor which classes there are, and need not have a target.
        budget
            Seconds, in place of the setting's.

        Raises
        ------
        DataError
            The table or the target cannot be learnt from; the message names column and row.
        OptionError
            A setting is unknown or out of its range.
        """
        clock, plain = Clock(), self._settings()
        if budget is not None:
            plain.budget = SETTINGS["budget"].check(budget)
        clock.budget = plain.budget
        earlier = self.model_.as_one if plain.warm_start and hasattr(self, "model_") else None
        rows, said = self._prepared(X, y, sample_weight, plain, earlier)
        targets, output = (earlier.targets, earlier.output) if earlier else self._goal(rows)
        course = self._course(plain, targets, output)
        values = rows.values(targets)
        classes = values if output.name == "softmax" else None
        _refuse_members(plain, len(rows))
        if clock.budget is not None:
            plain = planned(course, rows, clock, is_one=_is_one(plain))
            course = replace(course, plain=plain)
        folds, how_many = self._folds(rows, classes, plain)
        said = (*said, *(how_many if self.members is not None else ()))
        if folds:

            def again(repeat: int) -> tuple[Split, ...]:
                return self._folds(rows, classes, plain, repeat)[0]

            model, self.run_, self.notices_ = fit_members(course, rows, values, folds, again, said, clock)
        else:
            model, self.run_, self.notices_ = fit_one(course, rows, values, said, earlier, clock)
        self._keep(model, rows, earlier)
        return self

    def _folds(
        self, rows: Prepared, classes: NDArray[np.integer] | None, plain: Any, repeat: int = 0
    ) -> tuple[tuple[Split, ...], tuple[str, ...]]:
        """Return the parts that members leave out, none where one network learns, and what to say of them."""
        k, N = plain.members, len(rows)
        if plain.tune is not None and (plain.only is not None or plain.warm_start):
            other = "only" if plain.only is not None else "warm_start"
            raise OptionError(
                f"tune tries networks of other sizes, which {other} cannot have; leave out one of them."
            )
        if plain.tune is not None and N < FEWEST_ROWS:
            raise OptionError(
                f"tune chooses by rows that are left out, and {plural(N, 'row')} are too few; leave it out."
            )
        if k is None:
            can_be = not any(is_whole(each) for each in (rows.group, rows.time) if each)
            can_be &= plain.tune is None or len(rows) < LARGE  # of a large table a search has one network
            k = members_of(len(rows)) if can_be and not _is_one(plain) else 1
        if k == 1:
            return (), ()
        rng = np.random.default_rng([plain.seed, repeat])
        folds = rows.folds(k, rng, equal_rows=plain.equal_rows, classes=classes)
        found = len(folds) or 1
        if found == k or plain.members is None:
            return folds, ()
        return folds, (
            f"{plural(k, 'member')} were asked for, and rows that stay together leave parts for {found}",
        )

    def _part_fit(
        self, X: object, y: object, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Any:
        """Learn for one epoch from the weights, and the optimiser's state, as they are."""
        plain = self._settings()
        if plain.early_stopping is not None or plain.validation:
            raise OptionError("partial_fit holds nothing out; leave out early_stopping and validation.")
        if plain.tune is not None:
            raise OptionError("partial_fit learns on and searches nothing; leave out tune.")
        earlier = self.model_.as_one if hasattr(self, "model_") else None
        rows, said = self._prepared(X, y, sample_weight, plain, earlier)
        goal = self._goal(rows, classes) if earlier is None else (earlier.targets, earlier.output)
        course = self._course(plain, *goal)
        (recipe,) = course.told(calm())
        if earlier is None:
            model, how = course.begun(rows, rows, [recipe])
            net = course.network(len(model.encoder.features), recipe, plain.seed)
            said = (*said, *rows.notices, *how)
        else:
            model, net, said = earlier, deepcopy(earlier.members[0]), rows.notices
        self.notices_ = said
        warn_of(said)
        model = replace(model, members=(net,), settings={}, errors=())
        examples = course.examples(rows, model)
        epoch = len(model.history.get("loss", ()))
        self.run_ = course.train(
            net, examples, recipe, epochs=1, stretch=None, state=model.state, progress=False,
            seed=seed_of(plain.seed, epoch) if epoch else None,
        )  # fmt: skip
        model = replace(model, scores={"train": model.metrics(*examples[:2], rows.weights)})
        self._keep(model, rows, earlier)
        return self

    def _course(self, plain: Any, targets: tuple[Target, ...], output: Output) -> Course:
        """Return how the networks are trained."""
        return Course(
            plain,
            optimiser=self.optimiser,
            schedule=self.schedule,
            listeners=self.listeners,
            targets=targets,
            output=output,
            smoothed=lambda y, n_K: self._smoothed(y, output, n_K, plain),
            counted=self._counted,
            chosen=self._chosen,
        )

    def _keep(self, model: TableModel, rows: Prepared, earlier: TableModel | None) -> None:
        """Keep what was learnt, and how; curves go on from earlier ones."""
        run = self.run_
        settings = {
            **run.settings,
            "stopped": run.stopped,
            "seconds": run.seconds,
            "rate": run.history.learning_rate[(run.best_epoch or 0) - 1] if run.epochs else None,
            "weight": self.weight,
            "only": self.only if self.only is None or isinstance(self.only, str) else list(self.only),
            "label_smoothing": getattr(self, "label_smoothing", 0.0),
            "rows_seen": kept_of(rows.table, rows.schema, model.encoded(rows.targets)),
            **model.settings,
        }
        history: dict[str, Any] = run.history.record()
        if earlier is not None:
            history = {name: [*earlier.history.get(name, ()), *values] for name, values in history.items()}
        self.model_ = replace(model, settings=settings, history=history, state=run.state)
        self.n_features_in_ = len(rows.table.names)
        if rows.table.is_named:
            self.feature_names_in_ = np.array(rows.table.names, object)
        else:  # as scikit-learn has it
            vars(self).pop("feature_names_in_", None)

    def _prepared(
        self,
        X: object,
        y: object,
        sample_weight: ArrayLike | None,
        plain: Any,
        earlier: TableModel | None = None,
    ) -> tuple[Prepared, tuple[str, ...]]:
        """Return the rows that can be learnt from, and what to say of how they were read.

        earlier: the model that learns on, whose schema reads them.
        """
        if self.schema is not None and not isinstance(cast(object, self.schema), Schema):
            raise OptionError(
                f"schema is a {type(self.schema).__name__}; it must be None or what deltarule.schema returns."
            )
        if sample_weight is not None and plain.weight is not None:
            raise OptionError(f"weight is {plain.weight!r} and sample_weight is given too; give one of them.")
        told = self.schema if earlier is None else earlier.encoder.schema
        raw = Table.of(X)
        if earlier is not None:
            refuse_other_width(earlier, raw)
        given = read(raw, y, self.task, told)
        rows = Prepared.of(
            given.schema, given.table, given.targets, given.came,
            drop=plain.drop_missing_target, group=plain.group, time=plain.time, weight=plain.weight,
            weights=None if sample_weight is None else weights_of(sample_weight, len(given.table)),
        )  # fmt: skip
        found = rows.schema.notices if told is None else ()  # one that was given has been seen
        return rows if earlier is None else self._as_before(rows, earlier), (*found, *given.notices)

    def _as_before(self, rows: Prepared, earlier: TableModel) -> Prepared:
        """Return rows whose targets are called as those of the model that learns on."""
        targets = rows.targets.columns.values()
        if len(targets) != len(earlier.targets):
            raise ShapeError(
                f"y has {len(targets)} targets, and the model learnt {len(earlier.targets)} before."
            )
        if not self._learns_by(earlier.output):
            raise OptionError(
                f"the model learnt with the output {earlier.output} before, and its loss asks for another now; "
                "to go on, leave the loss as it was."
            )
        named = (replace(column, name=one.name) for column, one in zip(targets, earlier.targets, strict=True))
        return replace(rows, targets=Table(named))

    @abstractmethod
    def _goal(self, rows: Prepared, classes: ArrayLike | None = None) -> tuple[tuple[Target, ...], Output]:
        """Return the targets, fitted to the rows, and the network's output; classes: all that there will be."""

    def _learns_by(self, output: Output) -> bool:
        """Return whether the settings ask for such an output."""
        return True

    def _chosen(
        self, rows: Prepared, targets: tuple[Target, ...], trial: Trial
    ) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """Return the targets as they are learnt, and what to say of that."""
        return targets, ()

    def _smoothed(self, y: NDArray[Any], output: Output, n_K: int, plain: Any) -> NDArray[Any]:
        """Return encoded targets as networks of n_K outputs learn them."""
        return y

    def _counted(self, rows: Prepared, model: TableModel, y: NDArray[Any]) -> NDArray[Any] | None:
        """Return how much each row counts in training, (N,)."""
        return rows.weights


def _is_one(plain: Any) -> bool:
    """Return whether the settings are those of one network."""
    return plain.validation is not None or plain.only is not None or plain.warm_start


def _refuse_members(plain: Any, N: int) -> None:
    """Raise an OptionError where there cannot be as many members as the settings say."""
    k = plain.members
    if (k or 1) > 1 and _is_one(plain):
        raise OptionError(
            f"members is {k}, each of which leaves out a part of its own; leave out validation, only and "
            "warm_start, or take members=1 (--members 1)."
        )
    if k is not None and k > N:
        raise OptionError(
            f"members is {k:,}, each of which leaves out a row at least, and there are {plural(N, 'row')} to learn "
            "from; take fewer members."
        )
    if plain.repeats > 1 and (k == 1 or _is_one(plain) or (k is None and members_of(N) == 1)):
        raise OptionError(
            f"repeats is {plain.repeats}, and one network learns, of which there are no repeats; leave it out, or take "
            f"members={MEMBERS} (--members {MEMBERS})."
        )
    if plain.tune is not None and (plain.repeats > 1 or plain.budget is not None):
        other = "repeats" if plain.repeats > 1 else "a budget"
        raise OptionError(f"tune and {other} are two uses of the same time; leave out one of them.")
    if plain.repeats > 1 and plain.budget is not None:
        raise OptionError("with a budget there are as many repeats as it has time for; leave out repeats.")
