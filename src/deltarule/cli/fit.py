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
from cyclopts import Parameter

from deltarule.cli import INTERRUPTED
from deltarule.cli.output import (
    Data,
    Flag,
    Force,
    Out,
    Quiet,
    TargetName,
    Units,
    Whole,
    choice,
    columns_text,
    explain_constant,
    paragraph,
    print_json,
    refuse_existing,
    scores_table,
    setting,
    text_of,
    working,
)
from deltarule.cli.reading import ALL_FOUND, FOUND, ColumnOptions, FileOptions
from deltarule.errors import DataWarning, OptionError
from deltarule.estimators import TableClassifier, TableRegressor
from deltarule.estimators.settings import SETTINGS
from deltarule.files import SUFFIX
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.options import Option
from deltarule.saving import save
from deltarule.spelling import listed, plural
from deltarule.tables import (
    ClassTarget,
    Column,
    NumberTarget,
    Schema,
    Table,
    TableModel,
    find,
    guess_task,
    read_table,
    read_toml,
)
from deltarule.tables.folds import Split, apart, split
from deltarule.tables.leaks import leaks_among
from deltarule.tables.readers.sources import PART
from deltarule.tables.tasks import compared, rows_with_target, with_target
from deltarule.training import Run
from deltarule.units import off_words
from deltarule.writing import is_standard_output

HIDDEN = Parameter(help=setting(SETTINGS["hidden"], "--hidden").help)
PERFECT = 0.99
"""An accuracy or R^2, and the share of the constant's log loss that is gone, that are suspicious on rows held out."""
TEST = Option(
    "test", "real", low=0, high=1, is_high_open=True, default=0.2,
    help="Share of the rows to hold out and measure on; 0 learns from all",
)  # fmt: skip


def fit(
    data: Data,
    /,
    *,
    target: TargetName | None = None,
    out: Out | None = None,
    force: Force = False,
    task: Literal["classification", "regression"] | None = None,
    schema: Path | None = None,
    columns: ColumnOptions = ALL_FOUND,
    file: FileOptions = FOUND,
    drop_missing_target: Flag = False,
    group: Annotated[str | None, setting(SETTINGS["group"], "--group")] = None,
    time: Annotated[str | None, setting(SETTINGS["time"], "--time")] = None,
    equal_rows: Annotated[
        Literal["together", "apart"] | None, setting(SETTINGS["equal_rows"], "--equal-rows")
    ] = None,
    hidden: Annotated[Units | None, HIDDEN] = None,
    activation: Annotated[str, choice("--activation", ACTIVATIONS)] = "relu",
    optimiser: Annotated[str, choice("--optimiser", OPTIMISERS, "--optimizer")] = "adamw",
    learning_rate: Annotated[float | None, setting(SETTINGS["learning_rate"], "--learning-rate")] = None,
    epochs: Annotated[Whole | None, setting(SETTINGS["epochs"], "--epochs")] = None,
    batch_size: Annotated[Whole | None, setting(SETTINGS["batch_size"], "--batch-size")] = None,
    test: Annotated[float, setting(TEST, "--test")] = TEST.default,
    validation: Annotated[float | None, setting(SETTINGS["validation"], "--validation")] = None,
    early_stopping: Annotated[Whole | None, setting(SETTINGS["early_stopping"], "--early-stopping")] = None,
    seed: Annotated[Whole, setting(SETTINGS["seed"], "--seed")] = 0,
    threads: Annotated[Whole | None, setting(SETTINGS["n_threads"], "--threads")] = None,
    json: Flag = False,
    quiet: Quiet = False,
) -> int:
    """Train a network on a table and write a model file.

    Numbers are standardised, text becomes one-hot columns with a place for unseen levels, missing values are
    filled and marked. For example: deltarule fit penguins.csv --target species

    Parameters
    ----------
    data
        A table: CSV or other text, Parquet, Arrow, JSON, a workbook, a database; several files by a pattern, or - for
        standard input.
    target
        The column to learn.
    out
        The model file to write; by default the name of DATA with the ending .deltarule, in this folder. A pipe or
        a device is written into; where it is /dev/stdout, the summary goes to standard error.
    force
        Replace the model file if it exists.
    task
        What to learn; guessed from the target if left out.
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
    raw.column(target, "target column", where)
    found = find(
        raw,
        base=None if schema is None else read_toml(text_of(schema), str(schema)),
        **columns.words(raw, (target, group, time)),
    )
    found = with_target(found, raw, target, task)
    frame, unlike = found.read(raw)
    notices = (*raw.notices, *unlike)
    column = frame.column(target, "target column", where)
    kept, left_out = rows_with_target(
        column, raw[target], drop_missing_target or (False if columns.strict else None)
    )
    rows = len(frame)
    if len(kept) < rows:
        frame, column = frame.rows(kept), column.rows(kept)
    features = frame.without(target)
    guess, why = guess_task(column) if task is None else (task, "as --task says")
    by = {
        role: None if name is None else features.column(name, f"{role} column", where)
        for role, name in (("group", group), ("time", time))
    }
    if by["group"] is not None:
        found = apart(found, by["group"])
        features = Table(features.columns.values(), read_by=found)
    refuse_existing(path, force)
    parts = _split(features, column, found, guess, test, seed, equal_rows=equal_rows, **by)
    learn, held = parts.learn, parts.held
    notices = (*notices, *left_out, *parts.notices)
    estimator = (TableClassifier if guess == "classification" else TableRegressor)(
        hidden=hidden,
        activation=activation,
        optimiser=optimiser,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
        early_stopping=early_stopping,
        seed=seed,
        n_threads=threads,
        progress=False if quiet else None,
        schema=found,
        group=group,
        time=time,
        equal_rows=equal_rows,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # these are printed with the others
        estimator.fit(features.rows(learn), column.rows(learn))
    notices = (*notices, *estimator.notices_)
    run, model = estimator.run_, estimator.model_
    if len(held):
        part = features.rows(held)
        notices = (*notices, *model.encoder.beyond(part, kept[held]))
        measured = model.metrics(model.features_of(part), model.target.encode(column.rows(held)))
        scores = {**model.scores, "test": measured}
        estimator.model_ = model = replace(model, scores=scores)
    save(estimator, path)
    told = sys.stderr if is_standard_output(path) else sys.stdout  # the model and nothing else in its stream
    if json:
        print_json(_record(model, run, path, why, rows, notices), told)
    elif not quiet:
        summary = _summary(model, run, path, where, why, rows, notices, has_epochs=epochs is not None)
        print(summary, file=told)
    if run.is_interrupted:
        print(f"deltarule: interrupted; {path} holds what was learnt so far.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _stem(data: str) -> str:
    """Return the name of the model of a table; a pattern of several files gives none."""
    stem = Path(data.partition(PART)[0]).stem
    return "model" if data == "-" or set(stem) & set("*?[") else stem


def _split(
    features: Table, column: Column, found: Schema, task: str, test: float, seed: int, **options: Any
) -> Split:
    """Return the rows to learn from and those to test on."""
    if task == "regression":
        NumberTarget.fit(column)  # refuses what cannot be learnt before anything else
        classes = None
    else:
        classes = ClassTarget.fit(column).encode(column)
    table = compared(features, found, column)
    return split(table, test, np.random.default_rng(seed), part="test part", classes=classes, **options)


def _record(
    model: TableModel, run: Run, path: Path, why: str, n_rows: int, notices: Sequence[str]
) -> dict[str, Any]:
    return {
        "model": str(path),
        "task": model.task,
        "because": why,
        "rows": n_rows,
        "columns": dict(model.encoder.describe()),
        "notices": [*model.encoder.schema.notices, *notices],
        "network": model.network.spec(),
        "parameters": model.network.layout.size,
        "epochs": run.epochs,
        "stopped": run.stopped,
        "engine": run.engine,
        "notice": run.notice,
        "seconds": round(run.seconds, 3),
        "seconds_compiling": round(run.compiling, 3),
        "scores": model.scores,
        "units_off": run.off,
    }


def _summary(
    model: TableModel,
    run: Run,
    path: Path,
    where: str,
    why: str,
    n_rows: int,
    notices: Sequence[str],
    has_epochs: bool,
) -> str:
    net = model.network
    sizes = "-".join(map(str, net.sizes))
    names = sorted({g.name for g in net.g[1:]}) or ["no hidden layer"]
    target = model.target
    learnt = f"{target.name} ({model.task}: {why})"
    if isinstance(target, ClassTarget):
        learnt += (
            "; classes " + ", ".join(map(str, target.names[:8])) + (", ..." if len(target.names) > 8 else "")
        )
    used = f"{plural(len(model.encoder.columns), 'column')} used as {plural(net.sizes[0], 'feature')}"
    shape = f"{sizes} {', '.join(names)}, {net.output.name} output: {plural(net.layout.size, 'parameter')}"
    seconds = run.history.seconds[-1] if len(run.history) else 0.0
    settings = model.settings
    course = (
        f"{settings['optimiser']['name']}, batches of {settings['batch_size']}: ended {run.stopped}; "
        f"{seconds:.2f} s, {run.engine} engine"
        + (f" (compiled first, once on this machine, in {run.compiling:.1f} s)" if run.compiling else "")
    )
    lines = [
        paragraph("Data", f"{where}: {plural(n_rows, 'row')}, {used}"),
        columns_text(model.encoder.describe()),
        *(paragraph("", notice) for notice in (*model.encoder.schema.notices, *notices)),
        "",
        paragraph("Target", learnt),
        paragraph("Network", shape),
        paragraph("Training", course),
        "",
        scores_table(model.task, model.scores),
    ]
    lines += [f"  {line}" for line in off_words(net, run.off)]
    lines += [f"  {run.notice}"] if run.notice else []
    lines += [
        paragraph("", said, 2) for said in _of_course(model, run, has_epochs) + _of_scores(model, notices)
    ]
    if "validation" not in model.scores:
        lines.append("  no validation part (--validation 0.1 holds one out)")
    lines += [f"  {explain_constant(model.task)}", "", f"Model    {path}"]
    return "\n".join(lines)


def _of_course(model: TableModel, run: Run, has_epochs: bool) -> list[str]:
    """Return what to say of training that might well go on."""
    is_watched = "validation" in model.scores
    ended = run.epochs >= model.settings["epochs"]
    if not (ended and (has_epochs or is_watched) and run.history.is_falling):
        return []
    which = "validation" if is_watched else "training"
    return [
        f"The {which} loss still fell when the epochs were over; --epochs {2 * run.epochs} trains for twice as many."
    ]


def _of_scores(model: TableModel, notices: Sequence[str]) -> list[str]:
    """Return what to say of scores that are too good to be true, or may be."""
    leaks, target = leaks_among(notices), model.target.name
    if leaks:
        verb, them = ("tells", "it") if len(leaks) == 1 else ("tell", "them")
        out = " ".join(f"--ignore {shlex.quote(name)}" for name in leaks)
        return [
            f"These scores may be too good: {listed(leaks)} alone {verb} {target} ({out} leaves {them} out)."
        ]
    part = model.scores.get("test") or model.scores.get("validation")
    if part is None or not _is_perfect(part):
        return []
    return [
        f"Suspiciously good: does a column hold what is known only together with {target}? --ignore COLUMN "
        "leaves it out."
    ]


def _is_perfect(scores: dict[str, float]) -> bool:
    """Return whether scores on rows held out are better than real tables give."""
    if "r2" in scores:
        return scores["r2"] > 1 - (1 - PERFECT) / 10
    return scores["accuracy"] > PERFECT and scores["log_loss"] < (1 - PERFECT) * scores["constant_log_loss"]
