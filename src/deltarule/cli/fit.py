"""deltarule fit: train a network on a table and write a model file."""

from __future__ import annotations

import shlex
import sys
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from cyclopts import Group, Parameter
from numpy.typing import NDArray

from deltarule.cli import INTERRUPTED
from deltarule.cli.output import (
    Data,
    Flag,
    Force,
    Levels,
    Out,
    Quiet,
    Targets,
    print_json,
    refuse_existing,
    setting,
    text_of,
    working,
)
from deltarule.cli.reading import ALL_FOUND, COLUMNS, FOUND, ColumnOptions, FileOptions, Names
from deltarule.cli.summary import record, summary
from deltarule.cli.training import BY_SIZE, TrainingOptions
from deltarule.errors import DataWarning, OptionError
from deltarule.estimators.learners import ClassLearner, ValueLearner
from deltarule.estimators.settings import LOSSES, OF_CLASSES, OF_VALUES, SETTINGS, SHORT
from deltarule.files import SUFFIX
from deltarule.options import Option, named
from deltarule.saving import save
from deltarule.spelling import closest, listed
from deltarule.tables import ClassTarget, NumberTarget, Task, find, read_table, read_toml
from deltarule.tables.prepared import Prepared, refuse_many_classes, task_of
from deltarule.tables.readers.sources import PART
from deltarule.tables.targets import refuse_unfit
from deltarule.tables.tasks import with_target
from deltarule.writing import is_standard_output

TARGET = Group("Target and loss", sort_key=1)
HELD = Group("Rows held out", sort_key=2)
OUTPUT = Group("Output", sort_key=9)
QUANTILE = Parameter(help=f"{OF_VALUES['quantile'].help}; implies --loss quantile.")
CROSS_ENTROPY, BALANCED = "cross_entropy", "balanced"
TEST = Option(
    "test", "real", low=0, high=1, is_high_open=True, default=0.2,
    help="Share of the rows to hold out and measure on; 0 learns from all",
)  # fmt: skip


def fit(
    data: Data,
    /,
    *,
    target: Annotated[Targets | None, Parameter(group=TARGET)] = None,
    out: Annotated[Out | None, Parameter(group=OUTPUT)] = None,
    force: Annotated[Force, Parameter(group=OUTPUT)] = False,
    task: Annotated[Literal["classification", "regression"] | None, Parameter(group=TARGET)] = None,
    schema: Annotated[Path | None, Parameter(group=COLUMNS)] = None,
    columns: ColumnOptions = ALL_FOUND,
    file: FileOptions = FOUND,
    drop_missing_target: Annotated[Flag, Parameter(group=TARGET)] = False,
    loss: Annotated[str | None, Parameter(group=TARGET)] = None,
    quantile: Annotated[Levels | None, QUANTILE, Parameter(group=TARGET)] = None,
    huber_delta: Annotated[
        float | None, setting(OF_VALUES["huber_delta"], "--huber-delta"), Parameter(group=TARGET)
    ] = None,
    target_transform: Annotated[
        Literal["none", "log", "sqrt"] | None,
        setting(OF_VALUES["target_transform"], "--target-transform"),
        Parameter(alias="--transform", group=TARGET),
    ] = None,
    class_weight: Annotated[Names, Parameter(group=TARGET)] = None,
    label_smoothing: Annotated[
        float | None, setting(OF_CLASSES["label_smoothing"], "--label-smoothing"), Parameter(group=TARGET)
    ] = None,
    weight: Annotated[str | None, setting(SETTINGS["weight"], "--weight"), Parameter(group=TARGET)] = None,
    group: Annotated[str | None, setting(SETTINGS["group"], "--group"), Parameter(group=HELD)] = None,
    time: Annotated[str | None, setting(SETTINGS["time"], "--time"), Parameter(group=HELD)] = None,
    equal_rows: Annotated[
        Literal["together", "apart"] | None,
        setting(SETTINGS["equal_rows"], "--equal-rows"),
        Parameter(group=HELD),
    ] = None,
    training: TrainingOptions = BY_SIZE,
    test: Annotated[float, setting(TEST, "--test"), Parameter(group=HELD)] = TEST.default,
    validation: Annotated[
        float | None, setting(SETTINGS["validation"], "--validation"), Parameter(group=HELD)
    ] = None,
    json: Annotated[Flag, Parameter(group=OUTPUT)] = False,
    quiet: Annotated[Quiet, Parameter(group=OUTPUT)] = False,
) -> int:
    """Train networks on a table and write a model file.

    Numbers are scaled, text becomes one-hot columns with a place for unseen levels, missing values are
    filled and marked. For example: deltarule fit penguins.csv --target species

    Parameters
    ----------
    data
        A table: CSV or other text, Parquet, Arrow, JSON, a workbook, a database; several files by a pattern, or - for
        standard input.
    target
        The column to learn; several, of values or of two classes each, by --target again.
    out
        The model file to write; by default the name of DATA with the ending .deltarule, in this folder. A pipe or
        a device is written into; where it is /dev/stdout, the summary goes to standard error.
    force
        Replace the model file if it exists.
    task
        What to learn; guessed from the target if left out.
    loss
        Of values: squared_error (predicts the mean; usual), absolute_error (the median), huber (in between), quantile
        (see --quantile) or poisson (for counts and rates). Of classes it is cross_entropy.
    class_weight
        Weights of classes in training: "balanced", or CLASS=WEIGHT, which may be given several times.
    schema
        A TOML file that deltarule schema --out has written: what the columns are; --set changes single ones.
    columns
        What columns are; what is left out is found by looking, and told.
    file
        How the file is read; what is left out is found by looking, and told.
    drop_missing_target
        Leave out rows without a target, however many; without it, where they are a twentieth or less.
    json
        Print the summary as JSON.
    quiet
        Print neither summary nor progress.
    """
    where = "standard input" if data == "-" else data
    path = out or Path(_stem(data) + SUFFIX)
    with working(f"reading {where}") if not quiet else nullcontext():
        raw = read_table(data, **file.words())
    if target is None:
        raise OptionError(
            f"which column is to be learnt? {where} has {listed(raw.names)}; name one: "
            f"deltarule fit {shlex.quote(data)} --target COLUMN"
        )
    for name in target:
        raw.column(name, "target column", where)
    found = find(
        raw,
        base=None if schema is None else read_toml(text_of(schema), str(schema)),
        **columns.words(raw, (*target, group, time, weight)),
    )
    for name in target:
        found = with_target(found, raw, name, task)
    frame, unlike = found.read(raw)
    learnt = [frame[name] for name in target]
    kind, why = task_of(learnt) if task is None else (task, "as --task says")
    special = _special(
        kind, why, target, loss, quantile, huber_delta, target_transform, class_weight, label_smoothing
    )
    if kind == "regression":
        for column in learnt:  # those that will be held out too
            refuse_unfit(column, LOSSES[special["loss"]], target_transform or "none")
    rows = Prepared.of(
        found, frame.without(*target), learnt, [raw[name] for name in target],
        drop=drop_missing_target or (False if columns.strict else None),
        group=group, time=time, weight=weight, where=where,
    )  # fmt: skip
    refuse_existing(path, force)
    parts = rows.split(
        test,
        np.random.default_rng(training.seed),
        part="test part",
        equal_rows=equal_rows,
        classes=_classes(rows, kind),
    )
    learn, held = rows.rows(parts.learn), rows.rows(parts.held)
    notices = (*raw.notices, *unlike, *rows.notices, *parts.notices)
    learner = (ClassLearner if kind == "classification" else ValueLearner)(
        **training.words(),
        validation=validation,
        progress=False if quiet else None,
        schema=rows.schema,
        weight=weight,
        group=group,
        time=time,
        equal_rows=equal_rows,
        **special,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # these are printed with the others
        learner.fit(learn.table, learn.targets)
    notices = (*notices, *learner.notices_)
    run, model = learner.run_, learner.model_
    if len(held):
        notices = (*notices, *model.encoder.beyond(held.table))
        measured = model.metrics(model.features_of(held.table), model.encoded(held.targets), held.weights)
        learner.model_ = model = replace(model, scores={**model.scores, "test": measured})
    save(learner, path)
    told = sys.stderr if is_standard_output(path) else sys.stdout  # the model and nothing else in its stream
    if json:
        print_json(record(model, run, path, why, len(frame), notices), told)
    elif not quiet:
        text = summary(
            model, run, path, where, why, len(frame), notices, has_epochs=training.epochs is not None
        )
        print(text, file=told)
    if run.is_interrupted:
        print(f"deltarule: interrupted; {path} holds what was learnt so far.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _stem(data: str) -> str:
    """Return the name of the model of a table; a pattern of several files gives none."""
    stem = Path(data.partition(PART)[0]).stem
    return "model" if data == "-" or set(stem) & set("*?[") else stem


def _classes(rows: Prepared, kind: Task) -> NDArray[np.integer] | None:
    """Return the classes to hold out a share of each; refuses targets that cannot be learnt before anything else."""
    columns = rows.targets.columns.values()
    if kind == "regression":
        for column in columns:
            NumberTarget.fit(column)
        return None
    targets = [ClassTarget.fit(column) for column in columns]
    refuse_many_classes(targets)
    return rows.values(targets) if len(targets) == 1 else None


def _special(
    kind: Task,
    why: str,
    target: Sequence[str],
    loss: str | None,
    quantile: list[float] | None,
    huber_delta: float | None,
    target_transform: str | None,
    class_weight: Sequence[str] | None,
    label_smoothing: float | None,
) -> dict[str, Any]:
    """Return what only values, or only classes, are learnt with, as their estimator takes it."""
    if kind == "classification":
        if loss not in (None, CROSS_ENTROPY) or (quantile, huber_delta, target_transform) != (
            None,
            None,
            None,
        ):
            given = f"--loss {loss}" if loss not in (None, CROSS_ENTROPY) else "it"
            raise OptionError(
                f"{given} is for values, and {listed(target)} is learnt as classes ({why}), by {CROSS_ENTROPY}; leave "
                "it out, or add --task regression."
            )
        return {"class_weight": _weights(class_weight), "label_smoothing": label_smoothing or 0.0}
    if class_weight:
        raise OptionError(
            f"--class-weight is for classes, and {listed(target)} is learnt as values ({why}); --weight COLUMN weighs "
            "rows."
        )
    if label_smoothing is not None:
        raise OptionError(
            f"--label-smoothing is for classes, and {listed(target)} is learnt as values ({why}); leave it out."
        )
    if quantile and loss not in (None, "quantile"):
        raise OptionError(f"--quantile is of the loss quantile, and --loss is {loss}; leave out one of them.")
    if loss is None:
        loss = "quantile" if quantile else "huber" if huber_delta is not None else "squared_error"
    named("--loss", loss, {**LOSSES, **SHORT})
    return {
        "loss": SHORT.get(loss, loss),
        "quantile": quantile or OF_VALUES["quantile"].default,
        "huber_delta": huber_delta,
        "target_transform": target_transform,
    }


def _weights(typed: Sequence[str] | None) -> dict[str, float] | str | None:
    """Return weights of classes as they were typed."""
    if not typed or list(typed) == [BALANCED]:
        return BALANCED if typed else None
    weights: dict[str, float] = {}
    for each in typed:
        name, equals, weight = each.rpartition("=")
        try:
            weights[name] = float(weight)
        except ValueError:
            equals = ""
        if not equals:
            near = f"; did you mean {BALANCED!r}?" if closest(each, [BALANCED]) else ""
            raise OptionError(
                f"--class-weight {each!r} is neither {BALANCED!r} nor CLASS=WEIGHT, such as yes=3{near or '.'}"
            )
    return weights
