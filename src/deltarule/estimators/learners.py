"""The learners: of classes by cross entropy, of values by the loss that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from deltarule.errors import OptionError
from deltarule.estimators.learner import Learner
from deltarule.estimators.settings import DELTA, LOSSES, OF_CLASSES, OF_VALUES, SHORT
from deltarule.estimators.trial import Trial
from deltarule.maths.optimisers import LBFGS, Optimiser
from deltarule.maths.output import Output
from deltarule.maths.outputs import Huber, Quantile, output
from deltarule.maths.schedules import Schedule
from deltarule.options import checked, is_several, shown, typed_keywords
from deltarule.tables import ClassTarget, NumberTarget, Schema, TableModel, Target
from deltarule.tables.prepared import Prepared, refuse_many_classes
from deltarule.tables.weights import ClassWeight, class_factors
from deltarule.training import Listener


class ClassLearner(Learner):
    """Learns classes: one target of any number, or several of two each."""

    task = "classification"

    @typed_keywords
    def __init__(
        self,
        hidden: int | Sequence[int] | None = None,
        activation: str | Sequence[str] | None = None,
        optimiser: str | Optimiser | LBFGS = "adamw",
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule = "one_cycle",
        epochs: int | None = None,
        batch_size: int | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        dropout: float | Sequence[float] | None = None,
        only: str | Sequence[str] | None = None,
        members: int | None = None,
        repeats: int = 1,
        budget: float | None = None,
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
        tune: int | None = None,
        tune_file: str | PathLike[str] | None = None,
        warm_start: bool = False,
        class_weight: ClassWeight = None,
        label_smoothing: float = 0.0,
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
            clip_value=clip_value,
            dropout=dropout,
            only=only,
            members=members,
            repeats=repeats,
            budget=budget,
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
            tune=tune,
            tune_file=tune_file,
            warm_start=warm_start,
        )
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing

    def _settings(self) -> Any:
        plain: Any = super()._settings()
        plain.label_smoothing = checked(OF_CLASSES, label_smoothing=self.label_smoothing)["label_smoothing"]
        return plain

    def _goal(self, rows: Prepared, classes: ArrayLike | None = None) -> tuple[tuple[Target, ...], Output]:
        columns = list(rows.targets.columns.values())
        if classes is not None:
            if len(columns) > 1:
                raise OptionError("classes is for one target; leave it out for several.")
            return (ClassTarget.among(columns[0], classes, rows.weights),), output("softmax")
        targets = [ClassTarget.fit(column, rows.weights) for column in columns]
        refuse_many_classes(targets)
        return tuple(targets), output("softmax" if len(targets) == 1 else "sigmoid")

    def _smoothed(self, y: NDArray[Any], output: Output, n_K: int, plain: Any) -> NDArray[Any]:
        """Return p, (N, C), with part of each row's probability spread over all classes: (1 - s) p + s / C."""
        share: float = plain.label_smoothing
        if share == 0.0:
            return y
        if output.name == "sigmoid":  # of each target its own two classes
            return (1.0 - share) * y + share / 2
        return (1.0 - share) * np.eye(n_K)[y] + share / n_K

    def _counted(self, rows: Prepared, model: TableModel, y: NDArray[Any]) -> NDArray[Any] | None:
        if self.class_weight is None or not len(rows):
            return rows.weights
        if len(model.targets) > 1 and not isinstance(self.class_weight, str):
            raise OptionError(
                "class_weight by class is for one target; 'balanced' is for several, too, each by its own classes."
            )
        counted = np.ones(len(rows)) if rows.weights is None else rows.weights
        for target, of in zip(model.targets, y.reshape(len(rows), -1).T.astype(np.intp), strict=True):
            factors = class_factors(self.class_weight, cast(ClassTarget, target), of, rows.weights)
            assert factors is not None
            counted = counted * factors[of]
        return counted


class ValueLearner(Learner):
    """Learns values, of one target or several; the parameters are those of `TableRegressor`."""

    task = "regression"

    @typed_keywords
    def __init__(
        self,
        hidden: int | Sequence[int] | None = None,
        activation: str | Sequence[str] | None = None,
        optimiser: str | Optimiser | LBFGS = "adamw",
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        schedule: str | Schedule = "one_cycle",
        epochs: int | None = None,
        batch_size: int | None = None,
        l1: float = 0.0,
        l2: float = 0.0,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        dropout: float | Sequence[float] | None = None,
        only: str | Sequence[str] | None = None,
        members: int | None = None,
        repeats: int = 1,
        budget: float | None = None,
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
        tune: int | None = None,
        tune_file: str | PathLike[str] | None = None,
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
            clip_value=clip_value,
            dropout=dropout,
            only=only,
            members=members,
            repeats=repeats,
            budget=budget,
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
            tune=tune,
            tune_file=tune_file,
            warm_start=warm_start,
        )
        self.loss = loss
        self.quantile = quantile
        self.huber_delta = huber_delta
        self.target_transform = target_transform

    def _settings(self) -> Any:
        plain: Any = super()._settings()
        told = {name: getattr(self, name) for name in OF_VALUES}
        told["loss"] = (
            SHORT.get(self.loss, self.loss) if isinstance(cast(object, self.loss), str) else self.loss
        )
        for name, value in checked(OF_VALUES, **told).items():
            setattr(plain, name, value)
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


LEARNERS: dict[type[Learner], str] = {ClassLearner: "TableClassifier", ValueLearner: "TableRegressor"}
"""The estimators that they are without scikit-learn's face."""
