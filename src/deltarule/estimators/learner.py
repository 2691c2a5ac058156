"""Learner: a table is read, split and encoded, and a network trained on it.

`TableClassifier` and `TableRegressor` are learners with scikit-learn's face; the command line does without the face.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import OptionError, ShapeError, warn_of
from deltarule.estimators.reading import read
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
from deltarule.maths.optimisers import LBFGS, Optimiser, State
from deltarule.maths.output import Output
from deltarule.maths.schedules import Schedule
from deltarule.network import Network
from deltarule.options import checked, is_several, plain_scalar, shown
from deltarule.tables import (
    ClassTarget,
    Schema,
    Table,
    TableEncoder,
    TableModel,
    Target,
    Task,
)
from deltarule.tables.folds import is_whole
from deltarule.tables.model import refuse_other_width
from deltarule.tables.prepared import Prepared
from deltarule.tables.seen import kept as kept_of
from deltarule.tables.weights import weights_of
from deltarule.training import Listener, Run, train


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
        clip_value: float | None,
        dropout: float | Sequence[float],
        only: str | Sequence[str] | None,
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
        self.warm_start = warm_start

    def _settings(self) -> Any:
        """Return the settings as plain values, checked."""
        only: Any = [self.only] if isinstance(self.only, str) else self.only
        if only is not None and not (is_several(only) and all(isinstance(each, str) for each in only)):
            raise OptionError(
                f'only is {shown(only)}; it must be names such as ["W[1]", "b[2]"], or None for all.'
            )
        return SimpleNamespace(**checked(SETTINGS, **{name: getattr(self, name) for name in SETTINGS}))

    def fit(self, X: object, y: object, sample_weight: ArrayLike | None = None) -> Any:
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

        Raises
        ------
        DataError
            The table or the target cannot be learnt from; the message names column and row.
        OptionError
            A setting is unknown or out of its range.
        """
        plain = self._settings()
        earlier = self.model_ if plain.warm_start and hasattr(self, "model_") else None
        rows, said = self._prepared(X, y, sample_weight, plain, earlier)
        targets, output = (earlier.targets, earlier.network.output) if earlier else self._goal(rows)
        N, is_quantiles = len(rows), output.name == "quantile"
        share = plain.validation
        if share is None:  # unasked only where it can be
            large, usual = (LARGE_QUANTILES, HELD_OUT_QUANTILES) if is_quantiles else (LARGE, HELD_OUT_LARGE)
            can_be = large <= N and not any(is_whole(each) for each in (rows.group, rows.time) if each)
            share = usual if can_be else 0.0
        if plain.early_stopping is not None and share == 0:
            raise OptionError(
                "early stopping watches the loss of a validation part, and there is none; add validation=0.1 "
                "(--validation 0.1)."
            )
        values = rows.values(targets)
        parts = rows.split(
            share, np.random.default_rng([plain.seed, 0]),
            part="validation part", equal_rows=plain.equal_rows,
            classes=values if output.name == "softmax" else None,
        )  # fmt: skip
        part, held = rows.rows(parts.learn), rows.rows(parts.held)
        leaks = part.leaks(values[parts.learn], plain.seed)
        model, how = self._begun(rows, part, plain, targets, output) if earlier is None else (earlier, ())
        self.notices_ = (*said, *rows.notices, *parts.notices, *leaks, *how)
        warn_of(self.notices_)
        network = deepcopy(model.network)  # an error leaves the earlier one as it was
        model = replace(model, network=network)
        examples, seen = (
            (model.features_of(each.table), model.encoded(each.targets)) for each in (part, held)
        )
        self.run_ = self._train(
            network, examples, self._counted(part, model, examples[1]), plain, N,
            held=(*seen, self._counted(held, model, seen[1])) if len(held) else None,
        )  # fmt: skip
        if len(held) and is_quantiles:
            model = model.calibrated(*seen, held.weights)
        scores = {"train": model.metrics(*examples, part.weights)}
        if len(held):
            scores["validation"] = model.metrics(*seen, held.weights)
        self._keep(model, rows, scores, earlier)
        return self

    def _part_fit(
        self, X: object, y: object, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Any:
        """Learn for one epoch from the weights, and the optimiser's state, as they are."""
        plain = self._settings()
        if plain.early_stopping is not None or plain.validation:
            raise OptionError("partial_fit holds nothing out; leave out early_stopping and validation.")
        earlier = getattr(self, "model_", None)
        rows, said = self._prepared(X, y, sample_weight, plain, earlier)
        if earlier is None:
            model, how = self._begun(rows, rows, plain, *self._goal(rows, classes))
            said = (*said, *rows.notices, *how)
        else:
            model, said = earlier, rows.notices
        self.notices_ = said
        warn_of(said)
        network = deepcopy(model.network)
        model = replace(model, network=network)
        examples = model.features_of(rows.table), model.encoded(rows.targets)
        epoch = len(model.history.get("loss", ()))
        self.run_ = self._train(
            network, examples, self._counted(rows, model, examples[1]), plain, len(rows),
            epoch=epoch, state=model.state,
        )  # fmt: skip
        self._keep(model, rows, {"train": model.metrics(*examples, rows.weights)}, earlier)
        return self

    def _begun(
        self, rows: Prepared, part: Prepared, plain: Any, targets: tuple[Target, ...], output: Output
    ) -> tuple[TableModel, tuple[str, ...]]:
        """Return the model before training, and what to say of how the targets are learnt.

        part: the rows that its columns are encoded by.
        """
        encoder = TableEncoder.fit(part.table, schema=rows.schema)
        usual = HIDDEN if len(rows) < LARGE else HIDDEN_LARGE
        hidden = usual if plain.hidden is None else plain.hidden
        units = [len(each.names) if isinstance(each, ClassTarget) else 1 for each in targets]
        n_K = units[0] if len(units) == 1 else len(units)
        sizes = [len(encoder.features), *hidden, n_K * max(1, len(output.numbers))]

        def network() -> Network:
            return Network(sizes, self.activation, str(output), seed=plain.seed)

        def tried(X: Any, y: NDArray[Any], weights: NDArray[Any] | None, updates: int) -> Network:
            net = network()
            self._train(net, (X, y), weights, plain, len(rows), updates=updates)
            return net

        def features(of: Prepared) -> Any:
            return encoder.features_of(of.table, "float32")

        trial = Trial(part, features, tried, output, plain.seed, plain.equal_rows)
        targets, how = self._chosen(rows, targets, trial)
        return TableModel(network(), encoder, targets, {}, {}, {}), how

    def _keep(
        self, model: TableModel, rows: Prepared, scores: dict[str, Any], earlier: TableModel | None
    ) -> None:
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
        }
        history: dict[str, Any] = run.history.record()
        if earlier is not None:
            history = {name: [*earlier.history.get(name, ()), *values] for name, values in history.items()}
        self.model_ = replace(model, settings=settings, history=history, scores=scores, state=run.state)
        self.n_features_in_ = len(rows.table.names)
        if rows.table.is_named:
            self.feature_names_in_ = np.array(rows.table.names, object)
        else:  # as scikit-learn has it
            vars(self).pop("feature_names_in_", None)

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
        epoch: int | None = None,
        state: State | None = None,
    ) -> Run:
        """Train a network in place as the settings say, of a table of N rows.

        updates: only so many, as a trial. epoch: only one, at a constant rate from an optimiser's state on, after so
        many.
        """
        n = len(examples[1])
        batch_size: int = plain.batch_size or int(np.clip(n // 20, *BATCHES))
        if epoch is not None:
            epochs = 1
        elif updates is not None:
            epochs = max(1, round(updates * batch_size / n))
        else:
            epochs: int = plain.epochs or int(np.clip(round(UPDATES * batch_size / n), *EPOCHS))
        which = plain_scalar(self.optimiser)
        is_adamw = isinstance(which, str) and which == "adamw"
        decay = DECAY if N < LARGE else DECAY_LARGE
        return train(
            network,
            examples[0],
            self._smoothed(examples[1], network, plain),
            weights=weights,
            optimiser=self.optimiser,
            learning_rate=LEARNING_RATE if plain.learning_rate is None and is_adamw else plain.learning_rate,
            weight_decay=decay if plain.weight_decay is None and is_adamw else plain.weight_decay,
            schedule=self.schedule if epoch is None else "constant",
            epochs=epochs,
            batch_size=batch_size,
            l1=plain.l1,
            l2=plain.l2,
            clip_norm=plain.clip_norm,
            clip_value=plain.clip_value,
            dropout=plain.dropout,
            only=self.only,
            validation=held,
            early_stopping=plain.early_stopping or (epochs if held else None),
            seed=plain.seed
            if not epoch
            else int(np.random.SeedSequence([plain.seed, epoch]).generate_state(1)[0]),
            n_threads=plain.n_threads,
            progress=plain.progress if updates is None and epoch is None else False,
            listeners=self.listeners if updates is None else (),
            state=state,
        )

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
        if not self._learns_by(earlier.network.output):
            raise OptionError(
                f"the model learnt with the output {earlier.network.output} before, and its loss asks for another now; "
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

    def _smoothed(self, y: NDArray[Any], network: Network, plain: Any) -> NDArray[Any]:
        """Return encoded targets as the network learns them."""
        return y

    def _counted(self, rows: Prepared, model: TableModel, y: NDArray[Any]) -> NDArray[Any] | None:
        """Return how much each row counts in training, (N,)."""
        return rows.weights
