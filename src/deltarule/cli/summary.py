"""What fit prints when it is done, for a person and for a program."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from deltarule.cli.output import columns_text, paragraph
from deltarule.cli.scores import LEARNT, explain_constant, explain_errors, in_digits, judging, scores_table
from deltarule.estimators.found import Found
from deltarule.estimators.settings import LOSSES
from deltarule.spelling import listed, plural
from deltarule.tables import ClassTarget, TableModel
from deltarule.tables.leaks import leaks_among
from deltarule.tables.measures import TITLES
from deltarule.training import Run
from deltarule.units import off_words

JUDGES = "log_loss", "pinball", "deviance", "rmse"
"""The measures that tell whether anything was learnt; of each target the first that it has."""
USELESS = 0.99
"""An error, over the constant's, from which on nothing was."""
PERFECT = 0.995
"""An accuracy or R^2, and the share of the constant's log loss that is gone, that are suspicious on rows held out."""


def record(
    model: TableModel, run: Run, path: Path, why: str, n_rows: int, notices: Sequence[str]
) -> dict[str, Any]:
    return {
        "model": str(path),
        "task": model.task,
        "because": why,
        "rows": n_rows,
        "columns": dict(model.encoder.describe()),
        "notices": [*model.encoder.schema.notices, *notices],
        "network": model.members[0].spec(),
        "members": len(model.members),
        "parameters": sum(member.layout.size for member in model.members),
        "epochs": run.epochs,
        "stopped": run.stopped,
        "engine": run.engine,
        "notice": run.notice,
        "seconds": round(run.seconds, 3),
        "seconds_compiling": round(run.compiling, 3),
        "scores": model.scores,
        "units_off": run.off,
        "search": model.settings.get("search"),
    }


def summary(
    model: TableModel,
    run: Run,
    path: Path,
    where: str,
    why: str,
    n_rows: int,
    notices: Sequence[str],
    has_epochs: bool,
) -> str:
    net, M = model.members[0], len(model.members)
    sizes = "-".join(map(str, net.sizes))
    names = sorted({g.name for g in net.g[1:]}) or ["no hidden layer"]
    learnt = f"{_names(model)} ({model.task}: {why}){_how(model)}"
    used = f"{plural(len(model.encoder.columns), 'column')} used as {plural(net.sizes[0], 'feature')}"
    shape = f"{sizes} {', '.join(names)}, {net.output.name} output: {plural(net.layout.size, 'parameter')}"
    if M > 1:
        shape = f"the mean of {M}, each {shape}"
    settings = model.settings
    course = (
        f"{settings['optimiser']['name']}, batches of {settings['batch_size']}: ended {run.stopped}; "
        f"{run.seconds:.2f} s, {run.engine} engine"
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
        *(_budget(settings["budget"]) if "budget" in settings else ()),
        *searched(model),
        "",
        scores_table(model.scores),
    ]
    lines += [f"  {line}" for line in off_words(net, run.off)]
    lines += [f"  {run.notice}"] if run.notice else []
    lines += [
        paragraph("", said, 2) for said in _of_course(model, run, has_epochs) + _of_scores(model, notices)
    ]
    if "search" in settings and not Found.from_record(settings["search"]).is_usual:
        lines.append("  validation flatters: the settings are the best of many by these rows")
    if "validation" not in model.scores:
        lines.append("  no validation part (--validation 0.1 holds one out)")
    elif M > 1:
        lines.append("  validation: every row as those networks predict it that have not learnt from it")
    lines += [paragraph("", said, 2) for said in _beside_linear(model)]
    notes = [*explain_errors(model.scores), explain_constant(model)]
    lines += [*(f"  {note}" for note in notes), "", f"Model    {path}"]
    return "\n".join(lines)


def _budget(spent: dict[str, Any]) -> list[str]:
    """Return what a budget came to."""
    losses = [f"{loss:.4g}" for loss in spent["losses"]]
    gained = f"; the loss of rows left out, repeat by repeat: {', '.join(losses)}" if losses else ""
    again = " ".join(f"--{name} {n}" for name, n in spent["again"].items())
    took = f"{spent['spent']:.1f} of {spent['seconds']:g} s spent"
    return [paragraph("Budget", f"{took}{gained}; the same model again: {again}")]


def searched(model: TableModel) -> list[str]:
    """Return what a search has tried and found, where there was one."""
    if "search" not in model.settings:
        return []
    found = Found.from_record(model.settings["search"])
    return ["", paragraph("Search", found.said), *found.lines()]


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
    leaks, target = leaks_among(notices), _names(model)
    if leaks:
        verb, them = ("tells", "it") if len(leaks) == 1 else ("tell", "them")
        out = " ".join(f"--ignore {shlex.quote(name)}" for name in leaks)
        return [
            f"These scores may be too good: {listed(leaks)} alone {verb} {target} ({out} leaves {them} out)."
        ]
    name = judging(model.scores)
    part = None if name == LEARNT else model.scores[name]
    useless = [name for name, one in _by_target(model, part) if _is_useless(one)]
    if useless:
        return [
            f"No better than the constant: these columns tell nothing of {listed(useless)} that holds for other rows."
        ]
    parts = [one for name, one in model.scores.items() if name != LEARNT]  # one that is not perfect tells
    if not parts or not all(any(map(_is_perfect, one.get("targets", {"": one}).values())) for one in parts):
        return []
    return [
        f"Suspiciously good: does a column hold what is known only together with {target}? --ignore COLUMN "
        "leaves it out."
    ]


def _beside_linear(model: TableModel) -> list[str]:
    """Return what a linear model scores on the same rows, of every target."""
    said: list[str] = []
    ours = "the network" if len(model.members) == 1 else "the networks"
    for target, scores in _by_target(model, model.scores.get("validation")):
        if (linear := scores.get("linear")) is None:
            continue
        name = _judge(scores)
        of = f" of {target}" if len(model.targets) > 1 else ""
        values = (
            f"{TITLES[name]}{of} {in_digits(name, linear[name])} ({ours}: {in_digits(name, scores[name])})"
        )
        is_better = scores[name] < USELESS * linear[name]
        said.append(
            f"a linear model: {values}"
            if is_better
            else f"No better than a linear model of these columns: {values}"
        )
    return said


def _names(model: TableModel) -> str:
    return listed([target.name for target in model.targets])


def _how(model: TableModel) -> str:
    """Return what the classes are, or how values are learnt where it is not by squared errors."""
    target = model.target
    if isinstance(target, ClassTarget):
        if len(model.targets) > 1:
            return ""
        return (
            "; classes " + ", ".join(map(str, target.names[:8])) + (", ..." if len(target.names) > 8 else "")
        )
    name = model.output.name
    loss = next((loss for loss, output in LOSSES.items() if output == name), name)
    levels = f" {', '.join(f'{q:g}' for q in model.levels)}" if model.levels else ""
    return "" if loss == "squared_error" else f"; loss {loss}{levels}"


def _by_target(model: TableModel, part: dict[str, Any] | None) -> Iterable[tuple[str, dict[str, Any]]]:
    """Return the measures of every target of a part, by its name."""
    if part is None:
        return ()
    return part["targets"].items() if "targets" in part else ((model.target.name, part),)


def _judge(scores: dict[str, Any]) -> str:
    return next(name for name in JUDGES if name in scores)


def _is_useless(scores: dict[str, Any]) -> bool:
    """Return whether scores on rows held out are as those of the constant, or worse."""
    name = _judge(scores)
    return scores[name] > USELESS * scores[f"constant_{name}"]


def _is_perfect(scores: dict[str, Any]) -> bool:
    """Return whether scores on rows held out are better than real tables give."""
    if "accuracy" not in scores:
        return scores.get("r2", 0.0) > 1 - (1 - PERFECT) / 10
    return scores["accuracy"] > PERFECT and scores["log_loss"] < (1 - PERFECT) * scores["constant_log_loss"]
