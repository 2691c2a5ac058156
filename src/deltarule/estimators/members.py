"""Members: networks that each leave another part of the rows out, so that all rows are learnt from, and all are judged.

Every recipe trains one network a fold, which ends by the loss of the rows that it has not seen. What the recipes say of
these rows decides how they are weighed (`deltarule.estimators.blending`); a member is the weighted sum of its fold's
networks, and the model is the mean of the members.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.averaging import averaged
from deltarule.engines.machine import available_threads
from deltarule.errors import warn_of
from deltarule.estimators.blending import Blend, blended
from deltarule.estimators.course import Course, Examples, seed_of
from deltarule.estimators.recipes import LARGE, Recipe, of_large, of_small
from deltarule.spelling import plural
from deltarule.tables import TableModel
from deltarule.tables.folds import Split
from deltarule.tables.model import activations_of
from deltarule.tables.prepared import Prepared
from deltarule.training import Run
from deltarule.training.events import Event
from deltarule.training.interruption import interruptible
from deltarule.training.progress import RunsBar

PATIENCE, LEAST_PATIENCE = 0.3, 3
"""Share of its epochs that a network waits for a better loss of the rows it has not seen, and the fewest epochs."""


@dataclass(frozen=True)
class Trained:
    """The runs of every fold, one of each recipe, and a_K by recipe, (N, n_K), NaN where no network left a row out."""

    runs: tuple[tuple[Run, ...], ...]
    said: tuple[NDArray[np.float64], ...]
    is_interrupted: bool
    seconds: float


def fit_members(
    course: Course, rows: Prepared, values: NDArray[Any], folds: Sequence[Split], said: tuple[str, ...]
) -> tuple[TableModel, Run, tuple[str, ...]]:
    """Return a model of members, how they were trained, and all there is to say, which was warned of.

    Parameters are those of `deltarule.estimators.single.fit_one`.
    """
    plain, are_classes = course.plain, course.are_classes
    usual = of_small(are_classes=are_classes) if len(rows) < LARGE else (of_large(are_classes=are_classes),)
    recipes = course.told(*usual)
    model, how = course.begun(rows, rows, recipes)
    notices = (*said, *rows.notices, *folds[0].notices, *rows.leaks(values, plain.seed), *how)
    warn_of(notices)
    X, y, counted = examples = course.examples(rows, model)
    found = _trained(course, model, examples, folds, recipes)
    there = np.flatnonzero(~np.isnan(found.said[0][:, 0]))
    net = found.runs[0][0].net
    blend = blended(
        course.output,
        [a[there] for a in found.said],
        net.targets(y[there]).astype(np.float64),
        None if counted is None else counted[there],
    )
    used = [n for n, share in enumerate(blend.shares) if share]
    shares = [blend.shares[n] / blend.temperature for n in used]
    if not any(recipes[n].coordinates for n in used):
        model = replace(model, encoder=model.encoder.plain)
    m = len(model.encoder.features)
    members = tuple(averaged([runs[n].net for n in used], shares, m) for runs in found.runs)
    model = replace(model, members=members, settings=_record(recipes, blend, members))
    if rows.time is not None:  # honest is what nobody knew who had learnt from later rows
        there = np.intersect1d(there, folds[len(found.runs) - 1].held)
    a = sum((share * found.said[n][there] for n, share in zip(used, shares, strict=True)), np.zeros(1))
    y_hat = np.asarray(course.output.y_hat(a))
    weights = None if rows.weights is None else rows.weights[there]
    if course.output.name == "quantile":
        model = model.calibrated(y_hat, y[there], weights)
    scores = {
        "train": model.metrics(X[:, :m], y, rows.weights),
        "validation": model.measured(y_hat, y[there], weights),
    }
    run = _as_one(found, int(np.argmax(blend.shares)), members)
    return replace(model, scores=scores), run, notices


def _trained(
    course: Course, model: TableModel, examples: Examples, folds: Sequence[Split], recipes: Sequence[Recipe]
) -> Trained:
    """Train a network by each recipe for each fold, several at once; the result is the same for any number of threads.

    Ctrl-C ends those that run, with the best weights so far, and folds that have not had every recipe are left out.
    """
    plain, started = course.plain, perf_counter()
    X, y, counted = examples
    m = len(model.encoder.plain.features)
    interrupted = np.zeros(1, bool)
    asked = [(fold, recipe) for fold in range(len(folds)) for recipe in range(len(recipes))]

    def ended(event: Event) -> str | None:
        return "by an interruption; what was learnt so far is kept" if interrupted[0] else None

    def one(which: tuple[int, int], progress: bool | None = False) -> Run | None:
        if interrupted[0]:
            return None
        part, recipe = folds[which[0]], recipes[which[1]]
        seed = seed_of(plain.seed, *which)
        columns = slice(None if recipe.coordinates else m)
        learn, held = (
            (X[rows][:, columns], y[rows], None if counted is None else counted[rows])
            for rows in (part.learn, part.held)
        )
        epochs = recipe.epochs_of(len(part.learn))
        return course.train(
            course.network(learn[0].shape[1], recipe, seed), learn, recipe,
            epochs=epochs, held=held, seed=seed, n_threads=1, progress=progress, listeners=[*course.listeners, ended],
            patience=plain.early_stopping or max(LEAST_PATIENCE, round(PATIENCE * epochs)),
        )  # fmt: skip

    # Whoever listens hears of one after the other.
    threads = 1 if len(course.listeners) else plain.n_threads or available_threads()
    with interruptible(interrupted):
        runs = [one(asked[0], plain.progress)]  # alone, so that what must be compiled is compiled once
        with RunsBar(plain.progress, len(asked), done=1) as bar, ThreadPoolExecutor(threads) as pool:
            for run in pool.map(one, asked[1:]):
                runs.append(run)
                bar.advance(run.history.best if run else None)
    R = len(recipes)
    of_folds = [runs[n : n + R] for n in range(0, len(runs), R)]
    whole = tuple(tuple(run for run in each if run) for each in of_folds if None not in each)
    if not whole:
        raise KeyboardInterrupt
    said = tuple(np.full((len(y), whole[0][0].net.sizes[-1]), np.nan) for _ in recipes)
    for part, of_fold in zip(folds, whole, strict=False):
        for a, run in zip(said, of_fold, strict=True):
            a[part.held] = activations_of(run.net, X[part.held])
    return Trained(whole, said, bool(interrupted[0]), perf_counter() - started)


def _record(recipes: Sequence[Recipe], blend: Blend, members: Sequence[Any]) -> dict[str, Any]:
    """Return how members came about, as plain data."""
    shares = [
        {**asdict(recipe), "hidden": list(recipe.hidden), "share": share}
        for recipe, share in zip(recipes, blend.shares, strict=True)
    ]
    return {"members": len(members), "recipes": shares, "temperature": blend.temperature}


def _as_one(found: Trained, recipe: int, members: Sequence[Any]) -> Run:
    """Return the runs of all networks as one: the course of the first of the recipe that counts most."""
    all_runs = [run for runs in found.runs for run in runs]
    shown = found.runs[0][recipe]
    ends = [run.best_epoch or run.epochs for run in all_runs]
    ended = (
        "by an interruption; what was learnt so far is kept" if found.is_interrupted else "by their own folds"
    )
    return replace(
        shown,
        net=members[0],
        stopped=f"{ended}: {plural(len(all_runs), 'network')} of {min(ends):,} to {plural(max(ends), 'epoch')}",
        is_interrupted=found.is_interrupted,
        seconds=found.seconds - sum(run.compiling for run in all_runs),
        compiling=sum(run.compiling for run in all_runs),
        off={},
        state=None,
    )
