"""Members: networks that each leave another part of the rows out, so that all rows are learnt from, and all are judged.

Every recipe trains one network a fold. How many epochs are best is the same for all folds, and is told by the loss of
all rows, each of which is predicted by the network that has not seen it: were each fold to choose for itself, it would
choose by few rows, and flatter itself. In the same way the recipes are weighed (`deltarule.estimators.blending`); a
member is the weighted sum of its fold's networks, and the model is the mean of the members.
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
from deltarule.estimators.course import DTYPE, Course, Examples, seed_of
from deltarule.estimators.linear import beside, linear_scores
from deltarule.estimators.recipes import LARGE, Recipe, of_large, of_small
from deltarule.memory import require
from deltarule.network import Network
from deltarule.sparse import rows_of
from deltarule.spelling import plural
from deltarule.tables import TableModel
from deltarule.tables.bounds import with_errors
from deltarule.tables.folds import Split
from deltarule.tables.prepared import Prepared
from deltarule.training import Run
from deltarule.training.events import EpochEnded, Event, RunStarted
from deltarule.training.interruption import interruptible
from deltarule.training.progress import RunsBar

PATIENCE, LEAST_PATIENCE = 0.3, 3
"""Share of its epochs that a network waits for a better loss of the rows it has not seen, and the fewest epochs."""
INTERRUPTED = "by an interruption; what was learnt so far is kept"
POINTS, FEWEST_POINTS = 20, 4
"""At so many points of its epochs a network is kept, of which one is chosen ..."""
KEPT = 2**26
"""... or at fewer, where all networks would be more numbers than this."""


class Points:
    """Keeps a network's parameters, and a_K of the rows that it has not seen, (n, n_K), at points of its epochs.

    Where it ended before the first of these, at its end.
    """

    def __init__(self, X: NDArray[Any], epochs: int, points: int) -> None:
        self.X = X
        self.planned = points_of(epochs, points)
        self.epochs: list[int] = []
        self.thetas: list[NDArray[Any]] = []
        self.said: list[NDArray[np.float64]] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            return
        if event.epoch in self.planned if isinstance(event, EpochEnded) else event.epoch and not self.said:
            self.epochs.append(event.epoch)
            self.thetas.append(event.net.theta.copy())
            self.said.append(event.net.forward(self.X).a[-1].astype(np.float64))


def points_of(epochs: int, points: int = POINTS) -> list[int]:
    """Return the epochs after which a network is kept.

    >>> points_of(3), points_of(100)[:3]
    ([1, 2, 3], [5, 10, 15])
    """
    return sorted({-(-epochs * point // points) for point in range(1, points + 1)})


@dataclass(frozen=True)
class Trained:
    """What the folds have trained.

    recipes: mostly all. runs: of every fold, one of each, at the epoch that is best. epochs: that of each recipe. said:
    a_K by recipe, (N, n_K), NaN where no network left a row out.
    """

    recipes: tuple[Recipe, ...]
    runs: tuple[tuple[Run, ...], ...]
    epochs: tuple[int, ...]
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
    notices = (*said, *rows.notices, *rows.leaks(values, plain.seed), *how)
    warn_of(notices)
    X, y, counted = examples = course.examples(rows, model)
    found = _trained(course, model, examples, folds, recipes)
    recipes = found.recipes
    there = np.flatnonzero(~np.isnan(found.said[0][:, 0]))
    p = course.shown(y, found.said[0].shape[1])
    blend = blended(
        course.output, [a[there] for a in found.said], p[there], None if counted is None else counted[there]
    )
    used = [n for n, share in enumerate(blend.shares) if share] or [len(recipes) - 1]
    shares = [blend.shares[n] / blend.temperature for n in used]
    if not any(recipes[n].coordinates for n in used):
        model = replace(model, encoder=model.encoder.plain)
    m = len(model.encoder.features)
    members = tuple(averaged([runs[n].net for n in used], shares, m) for runs in found.runs)
    for member in members:
        member.b[-1][:] += blend.rest
    model = replace(model, members=members, settings=_record(recipes, found, blend))
    if rows.time is not None:  # honest is what nobody knew who had learnt from later rows
        there = np.intersect1d(there, folds[len(found.runs) - 1].held)
    a = sum((share * found.said[n][there] for n, share in zip(used, shares, strict=True)), blend.rest)
    y_hat = np.asarray(course.output.y_hat(a))
    weights = None if rows.weights is None else rows.weights[there]
    linear = _linear(course, model, examples, folds[: len(found.runs)], there, weights)
    if course.output.name == "quantile":
        model = model.calibrated(y_hat, y[there], weights)
    scores = {
        "train": model.metrics(X[:, :m], y, rows.weights),
        "validation": beside(model.measured(y_hat, y[there], weights), linear),
    }
    run = _as_one(found, int(np.argmax(blend.shares)), members)
    model = with_errors(replace(model, scores=scores), y_hat, y[there], weights, X[:, :m])
    return model, run, notices


def _trained(
    course: Course, model: TableModel, examples: Examples, folds: Sequence[Split], recipes: Sequence[Recipe]
) -> Trained:
    """Train a network by each recipe for each fold, several at once; the result is the same for any number of threads.

    Ctrl-C ends those that run, at the best epoch so far, and folds that have not had every recipe are left out; if none
    has, there is the first with the recipes that it had.
    """
    plain, started = course.plain, perf_counter()
    X, y, counted = examples
    m = len(model.encoder.plain.features)
    n = min(len(part.learn) for part in folds)
    interrupted = np.zeros(1, bool)
    asked = [(fold, recipe) for fold in range(len(folds)) for recipe in range(len(recipes))]
    sizes = [
        course.network(X.shape[1] if recipe.coordinates else m, recipe, 0).layout.size for recipe in recipes
    ]
    most = int(np.clip(KEPT // (sum(sizes) * len(folds)), FEWEST_POINTS, POINTS))
    kept = most * sum(sizes) * len(folds) * np.dtype(DTYPE).itemsize
    require(
        kept, f"training {plural(len(asked), 'network')} side by side", "take fewer members (--members 1)"
    )

    def ended(event: Event) -> str | None:
        return INTERRUPTED if interrupted[0] else None

    def one(which: tuple[int, int], progress: bool | None = False) -> tuple[Run, Points] | None:
        if interrupted[0]:
            return None
        part, recipe = folds[which[0]], recipes[which[1]]
        seed, epochs = seed_of(plain.seed, *which), recipe.epochs_of(n)
        columns = slice(None if recipe.coordinates else m)
        learn, held = (
            (X[rows][:, columns], y[rows], None if counted is None else counted[rows])
            for rows in (part.learn, part.held)
        )
        net = course.network(learn[0].shape[1], recipe, seed)
        points = Points(rows_of(held[0], slice(None)), epochs, most)
        run = course.train(
            net, learn, recipe,
            epochs=epochs, held=held, seed=seed, n_threads=1, progress=progress,
            listeners=[*course.listeners, points, ended],
            patience=plain.early_stopping or max(LEAST_PATIENCE, round(PATIENCE * epochs)),
        )  # fmt: skip
        if run.is_interrupted:  # the first one, which hears of Ctrl-C itself
            interrupted[0] = True
        return (run, points) if points.said else None

    # Whoever listens hears of one after the other.
    threads = 1 if len(course.listeners) else plain.n_threads or available_threads()
    with interruptible(interrupted):
        ends = [one(asked[0], plain.progress)]  # alone, so that what must be compiled is compiled once
        with RunsBar(plain.progress, len(asked), done=1) as bar, ThreadPoolExecutor(threads) as pool:
            for end in pool.map(one, asked[1:]):
                ends.append(end)
                bar.advance(end[0].history.best if end else None)
    R = len(recipes)
    of_folds = [ends[at : at + R] for at in range(0, len(ends), R)]
    whole = [[end for end in each if end] for each in of_folds if None not in each]
    if not whole:
        recipes = [recipe for recipe, end in zip(recipes, of_folds[0], strict=True) if end]
        whole = [[end for end in of_folds[0] if end]]
    if not recipes:
        raise KeyboardInterrupt
    chosen: list[int] = []
    said: list[NDArray[np.float64]] = []
    runs: list[list[Run]] = [[] for _ in whole]
    for recipe in range(len(recipes)):
        kept = [of_fold[recipe][1] for of_fold in whole]
        epoch, a = _best(course, kept, folds, y, counted)
        said.append(a)
        chosen.append(kept[0].epochs[epoch])
        for of_run, of_fold in zip(runs, whole, strict=True):
            run, points = of_fold[recipe]
            run.net.theta = points.thetas[epoch]
            of_run.append(replace(run, best_epoch=chosen[-1]))
    return Trained(
        tuple(recipes), tuple(map(tuple, runs)), tuple(chosen), tuple(said), bool(interrupted[0]),
        perf_counter() - started,
    )  # fmt: skip


def _linear(
    course: Course,
    model: TableModel,
    examples: Examples,
    folds: Sequence[Split],
    there: NDArray[np.intp],
    weights: NDArray[Any] | None,
) -> dict[str, Any]:
    """Return what a linear model scores on the rows that judge members, each of which it has not learnt from either."""
    X, y, counted = examples
    judging = [(part.learn, np.intersect1d(part.held, there)) for part in folds]
    parts = [
        ((X[learn], y[learn], None if counted is None else counted[learn]), X[held])
        for learn, held in judging
        if len(held)
    ]
    order = np.concatenate([held for _, held in judging])
    w = None if weights is None else weights[np.searchsorted(there, order)]
    return linear_scores(course, model, parts, y[order], w)


def _best(
    course: Course,
    kept: Sequence[Points],
    folds: Sequence[Split],
    y: NDArray[Any],
    counted: NDArray[Any] | None,
) -> tuple[int, NDArray[np.float64]]:
    """Return which of the points that all folds have reached is best for all rows, and a_K there, (N, n_K)."""
    n_K = kept[0].said[0].shape[1]
    best: tuple[float, int, NDArray[np.float64]] | None = None
    p = course.shown(y, n_K)
    for at in range(min(len(points.said) for points in kept)):
        a = np.full((len(y), n_K), np.nan)
        for part, points in zip(folds, kept, strict=False):
            a[part.held] = points.said[at]
        there = ~np.isnan(a[:, 0])
        losses = np.asarray(course.output.loss(a[there], p[there]))
        loss = float(np.average(losses, weights=None if counted is None else counted[there]))
        if best is None or loss < best[0]:
            best = loss, at, a
    assert best is not None
    return best[1], best[2]


def _record(recipes: Sequence[Recipe], found: Trained, blend: Blend) -> dict[str, Any]:
    """Return how members came about, as plain data."""
    each = [
        {**asdict(recipe), "hidden": list(recipe.hidden), "best_epoch": epoch, "share": share}
        for recipe, epoch, share in zip(recipes, found.epochs, blend.shares, strict=True)
    ]
    constant = 1.0 - sum(blend.shares)
    return {
        "members": len(found.runs), "recipes": each, "constant_share": constant, "temperature": blend.temperature
    }  # fmt: skip


def _as_one(found: Trained, recipe: int, members: Sequence[Network]) -> Run:
    """Return the runs of all networks as one: the course of the first of the recipe that counts most."""
    all_runs = [run for runs in found.runs for run in runs]
    few, many = min(found.epochs), max(found.epochs)
    epochs = f"{few:,} to {plural(many, 'epoch')}" if few < many else plural(many, "epoch")
    of = f"{plural(len(all_runs), 'network')}, weights of {epochs} kept, where the loss of rows not seen was least"
    return replace(
        found.runs[0][recipe],
        net=members[0],
        stopped=f"{INTERRUPTED}: {of}" if found.is_interrupted else f"with {of}",
        is_interrupted=found.is_interrupted,
        seconds=found.seconds - sum(run.compiling for run in all_runs),
        compiling=sum(run.compiling for run in all_runs),
        off={},
        state=None,
    )
