"""Members: networks that each leave another part of the rows out, so that all rows are learnt from, and all are judged.

Every recipe trains one network a fold. How many epochs are best is the same for all folds, and is told by the loss of
all rows, each of which is predicted by the network that has not seen it: were each fold to choose for itself, it would
choose by few rows, and flatter itself. In the same way the recipes are weighed (`deltarule.estimators.blending`); a
member is the weighted sum of its fold's networks, and the model is the mean of the members.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.averaging import averaged
from deltarule.errors import DivergenceError, warn_of
from deltarule.estimators.blending import Blend, chosen
from deltarule.estimators.budget import MOST_REPEATS, Clock
from deltarule.estimators.course import DTYPE, Course, Examples, seed_of
from deltarule.estimators.linear import beside, linear_scores
from deltarule.estimators.recipes import LARGE, Recipe, of_large, of_small
from deltarule.estimators.search import End, Search, rungs_of_folds
from deltarule.maths.output import Output
from deltarule.memory import require
from deltarule.network import Network
from deltarule.sparse import first_of
from deltarule.spelling import plural
from deltarule.tables import TableModel
from deltarule.tables.bounds import with_errors
from deltarule.tables.folds import Split
from deltarule.tables.model import activations_of
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

    def __init__(self, X: Any, epochs: int, points: int) -> None:
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
            self.said.append(activations_of(event.net, self.X, n_threads=1))


def points_of(epochs: int, points: int = POINTS) -> list[int]:
    """Return the epochs after which a network is kept.

    >>> points_of(3), points_of(100)[:3]
    ([1, 2, 3], [5, 10, 15])
    """
    return sorted({-(-epochs * point // points) for point in range(1, points + 1)})


def patience_of(plain: Any, epochs: int) -> int:
    """Return for how many of its epochs a network waits for a better loss of the rows it has not seen."""
    return plain.early_stopping or max(LEAST_PATIENCE, round(PATIENCE * epochs))


@dataclass(frozen=True)
class FoldTrainer:
    """Trains networks that leave a fold out, each the same whichever are trained beside it.

    points: at how many of its epochs a network is kept. interrupted: (1,), whether those that run shall end.
    before: members of earlier repeats.
    """

    course: Course
    model: TableModel
    examples: Examples
    folds: Sequence[Split]
    points: int
    interrupted: NDArray[np.bool_]
    before: int = 0

    @cached_property
    def plain_X(self) -> Any:
        return first_of(self.examples[0], len(self.model.encoder.plain.features))

    def train(
        self, recipe: Recipe, fold: int, place: int = 0, progress: bool | None = False
    ) -> tuple[Run, Points] | None:
        """Return how a network was trained, and its points; None where it was interrupted before the first of them.

        place: that of a recipe without a number, among those that are trained together.
        """
        if self.interrupted[0]:
            return None
        course, plain, part = self.course, self.course.plain, self.folds[fold]
        X, y, counted = self.examples
        seed = seed_of(plain.seed, self.before + fold, place if recipe.number is None else recipe.number)
        epochs = recipe.epochs_of(min(len(each.learn) for each in self.folds))
        given = X if recipe.coordinates else self.plain_X
        learn, held = (
            (given[rows], y[rows], None if counted is None else counted[rows])
            for rows in (part.learn, part.held)
        )
        net = course.network(learn[0].shape[1], recipe, seed)
        points = Points(held[0], epochs, self.points)
        run = course.train(
            net, learn, recipe,
            epochs=epochs, held=held, seed=seed, n_threads=1, progress=progress,
            listeners=[*course.listeners, points, self._ended],
            patience=patience_of(plain, epochs),
        )  # fmt: skip
        if run.is_interrupted:  # the first one, which hears of Ctrl-C itself
            self.interrupted[0] = True
        return (run, points) if points.said else None

    def _ended(self, event: Event) -> str | None:
        return INTERRUPTED if self.interrupted[0] else None


@dataclass(frozen=True)
class Trained:
    """What the folds have trained.

    recipes: mostly all. runs: of every fold, one of each, at the epoch that is best. epochs: that of each recipe, by
    repeat. said: a_K by recipe, (N, n_K), the mean over repeats, NaN where no network left a row out. seconds: of all;
    longest: of the longest repeat.
    """

    recipes: tuple[Recipe, ...]
    runs: tuple[tuple[Run, ...], ...]
    epochs: tuple[tuple[int, ...], ...]
    said: tuple[NDArray[np.float64], ...]
    is_interrupted: bool
    seconds: float
    longest: float

    @property
    def repeats(self) -> int:
        return len(self.epochs)

    def with_more(self, more: Trained) -> Trained:
        """Return this with one repeat more, unless that was interrupted."""
        if more.is_interrupted:
            return replace(self, is_interrupted=True)
        n = self.repeats
        return Trained(
            self.recipes,
            self.runs + more.runs,
            self.epochs + more.epochs,
            tuple((n * a + b) / (n + 1) for a, b in zip(self.said, more.said, strict=True)),
            is_interrupted=False,
            seconds=self.seconds + more.seconds,
            longest=max(self.longest, more.longest),
        )


def fit_members(
    course: Course,
    rows: Prepared,
    values: NDArray[Any],
    folds: Sequence[Split],
    again: Callable[[int], Sequence[Split]],
    said: tuple[str, ...],
    clock: Clock,
) -> tuple[TableModel, Run, tuple[str, ...]]:
    """Return a model of members, how they were trained, and all there is to say, which was warned of.

    again: returns the folds of repeat n, counted from 0; `folds` are the first. clock: with a budget, there are as many
    repeats as it has time for. The other parameters are those of `deltarule.estimators.single.fit_one`.
    """
    plain, are_classes = course.plain, course.are_classes
    large = of_large(are_classes=are_classes, is_alone=False)
    recipes = course.told(*(of_small(are_classes=are_classes) if len(rows) < LARGE else (large,)))
    model, how = course.begun(rows, rows, recipes)
    notices = (*said, *rows.notices, *rows.leaks(values, plain.seed), *how)
    warn_of(notices)
    X, y, counted = examples = course.examples(rows, model)
    search = None
    if plain.tune is not None:
        search = Search(course, rows, values, counted, [fold.held for fold in folds])
        recipes = (*recipes, *_finalists(search, model, examples, folds))
    found = _trained(course, model, examples, folds, recipes, clock)
    recipes = found.recipes
    blend, default = _chosen(course, examples, found)
    losses = [blend.loss]
    while not found.is_interrupted and _goes_on(plain, clock, found):
        try:
            more = _trained(course, model, examples, again(found.repeats), recipes, clock, found)
        except KeyboardInterrupt:
            more = replace(found, is_interrupted=True)
        found = found.with_more(more)
        blend, default = _chosen(course, examples, found)
        losses.append(blend.loss)
    there, p, c = _judges(course, examples, found)
    used = [n for n, share in enumerate(blend.shares) if share] or [len(recipes) - 1]
    shares = [blend.shares[n] / blend.temperature for n in used]
    if not any(recipes[n].coordinates for n in used):
        model = replace(model, encoder=model.encoder.plain)
    m = len(model.encoder.features)
    members = tuple(averaged([runs[n].net for n in used], shares, m) for runs in found.runs)
    for member in members:
        member.b[-1][:] += blend.rest
    made = _record(found, blend)
    if clock.budget is not None:
        made["budget"] = clock.record({name: made[name] for name in ("members", "repeats")}, losses)
    model = replace(model, members=members, settings=made)
    if search is not None:
        ends = [
            End(recipe, mean_loss(course.output, a[there], p, c), len(found.runs),
                sum(runs[n].seconds for runs in found.runs), share)
            for n, (recipe, a, share) in enumerate(zip(recipes, found.said, blend.shares, strict=True))
        ]  # fmt: skip
        model.settings["search"] = search.record(ends, default.loss, blend.loss)
        found = replace(found, is_interrupted=found.is_interrupted or bool(search.interrupted[0]))
    if rows.time is not None:  # honest is what nobody knew who had learnt from later rows
        there = np.intersect1d(there, folds[len(found.runs) // found.repeats - 1].held)
    a = sum((share * found.said[n][there] for n, share in zip(used, shares, strict=True)), blend.rest)
    y_hat = np.asarray(course.output.y_hat(a))
    weights = None if rows.weights is None else rows.weights[there]
    linear = _linear(course, model, examples, folds[: len(found.runs)], there, weights)
    if course.output.name == "quantile":
        model = model.calibrated(y_hat, y[there], weights)
    scores = {
        "train": model.metrics(first_of(X, m), y, rows.weights),
        "validation": beside(model.measured(y_hat, y[there], weights), linear),
    }
    run = _as_one(found, int(np.argmax(blend.shares)), members)
    model = with_errors(replace(model, scores=scores), y_hat, y[there], weights, first_of(X, m))
    return model, run, notices


def _goes_on(plain: Any, clock: Clock, found: Trained) -> bool:
    """Return whether there is another repeat."""
    if clock.budget is None:
        return found.repeats < plain.repeats
    return found.repeats < MOST_REPEATS and found.longest <= clock.left


def _judges(
    course: Course, examples: Examples, found: Trained
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[Any] | None]:
    """Return the rows that were left out, their targets, (n, n_K), and how much each counts."""
    _, y, counted = examples
    there = np.flatnonzero(~np.isnan(found.said[0][:, 0]))
    p = course.shown(y, found.said[0].shape[1])
    return there, p[there], None if counted is None else counted[there]


def _chosen(course: Course, examples: Examples, found: Trained) -> tuple[Blend, Blend]:
    """Return the weights of the recipes by the rows that were left out, and the default's."""
    there, p, c = _judges(course, examples, found)
    return chosen(course.output, found.recipes, [a[there] for a in found.said], p, c)


def _finalists(
    search: Search, model: TableModel, examples: Examples, folds: Sequence[Split]
) -> tuple[Recipe, ...]:
    """Return the best of the recipes that a search draws."""
    course, (_, y, counted) = search.course, examples
    trainer = FoldTrainer(course, model, examples, folds, POINTS, search.interrupted)
    c = np.ones(len(y)) if counted is None else counted

    def train(recipe: Recipe, fold: int) -> tuple[float, ...] | None:
        end = trainer.train(recipe, fold)
        if end is None:
            return None
        held = folds[fold].held
        p = course.shown(y, end[0].net.sizes[-1])[held]
        return tuple(mean_loss(course.output, a, p, c[held]) for a in end[1].said)

    rungs = rungs_of_folds(len(search.drawn), len(folds))
    return search.finalists(rungs, train, [float(c[fold.held].sum()) for fold in folds])


def _trained(
    course: Course,
    model: TableModel,
    examples: Examples,
    folds: Sequence[Split],
    recipes: Sequence[Recipe],
    clock: Clock,
    earlier: Trained | None = None,
) -> Trained:
    """Train a network by each recipe for each fold, several at once; the result is the same for any number of threads.

    Ctrl-C ends those that run, at the best epoch so far, and folds that have not had every recipe are left out; if none
    has, there is the first with the recipes that it had. earlier: the repeats before this one.
    """
    plain, started = course.plain, perf_counter()
    X, y, counted = examples
    m = len(model.encoder.plain.features)
    before = len(earlier.runs) if earlier else 0
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

    trainer = FoldTrainer(course, model, examples, folds, most, interrupted, before)
    diverged: set[int] = set()

    def one(which: tuple[int, int], progress: bool | None = False) -> tuple[Run, Points] | None:
        try:
            return trainer.train(recipes[which[1]], *which, progress)
        except DivergenceError:
            if recipes[which[1]].number is None:
                raise
            diverged.add(which[1])  # a search drew it, and goes without it
            return None

    with interruptible(interrupted):
        # The first is alone, so that what must be compiled is compiled once.
        ends = [] if earlier else [one(asked[0], plain.progress)]
        clock.compiling += sum(end[0].compiling for end in ends if end)
        bar = RunsBar(plain.progress, len(asked), done=len(ends), title=_title(clock, earlier))
        with bar, ThreadPoolExecutor(course.threads) as pool:
            for end in pool.map(one, asked[len(ends) :]):
                ends.append(end)
                bar.advance(end[0].history.best if end else None)
        clock.compiling += max((end[0].compiling for end in ends[1:] if end), default=0.0)
    R = len(recipes)
    left = [n for n in range(R) if n not in diverged]
    recipes = [recipes[n] for n in left]
    of_folds = [[ends[at + n] for n in left] for at in range(0, len(ends), R)]
    whole = [[end for end in each if end] for each in of_folds if None not in each]
    if not whole:
        recipes = [recipe for recipe, end in zip(recipes, of_folds[0], strict=True) if end]
        whole = [[end for end in of_folds[0] if end]]
    if not recipes:
        raise KeyboardInterrupt
    epochs: list[int] = []
    said: list[NDArray[np.float64]] = []
    runs: list[list[Run]] = [[] for _ in whole]
    for recipe in range(len(recipes)):
        kept = [of_fold[recipe][1] for of_fold in whole]
        epoch, a = _best(course, kept, folds, y, counted)
        said.append(a)
        epochs.append(kept[0].epochs[epoch])
        for of_run, of_fold in zip(runs, whole, strict=True):
            run, points = of_fold[recipe]
            run.net.theta = points.thetas[epoch]
            of_run.append(replace(run, best_epoch=epochs[-1]))
    seconds = perf_counter() - started
    return Trained(
        tuple(recipes), tuple(map(tuple, runs)), (tuple(epochs),), tuple(said), bool(interrupted[0]), seconds, seconds
    )  # fmt: skip


def _title(clock: Clock, earlier: Trained | None) -> str:
    """Return what stands before the progress of a repeat."""
    parts = [f"repeat {earlier.repeats + 1}"] if earlier else []
    if clock.budget is not None:
        parts.append(f"{clock.spent:.0f} of {clock.budget:g} s spent")
    return ", ".join(parts)


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
        loss = mean_loss(course.output, a[there], p[there], None if counted is None else counted[there])
        if best is None or loss < best[0]:
            best = loss, at, a
    assert best is not None
    return best[1], best[2]


def mean_loss(
    output: Output, a: NDArray[np.float64], p: NDArray[np.float64], weights: NDArray[Any] | None
) -> float:
    """Return the mean loss of rows, of a_K and targets (N, n_K); 0 where none of them counts."""
    if weights is not None and not weights.any():
        return 0.0
    return float(np.average(np.asarray(output.loss(a, p)), weights=weights))


def _record(found: Trained, blend: Blend) -> dict[str, Any]:
    """Return how members came about, as plain data."""
    each = [
        {**asdict(recipe), "hidden": list(recipe.hidden), "best_epochs": list(epochs), "share": share}
        for recipe, epochs, share in zip(
            found.recipes, zip(*found.epochs, strict=True), blend.shares, strict=True
        )
    ]
    return {
        "members": len(found.runs) // found.repeats,
        "repeats": found.repeats,
        "recipes": each,
        "constant_share": 1.0 - sum(blend.shares),
        "temperature": blend.temperature,
    }


def _as_one(found: Trained, recipe: int, members: Sequence[Network]) -> Run:
    """Return the runs of all networks as one: the course of the first of the recipe that counts most."""
    all_runs = [run for runs in found.runs for run in runs]
    all_epochs = [epoch for epochs in found.epochs for epoch in epochs]
    few, many = min(all_epochs), max(all_epochs)
    epochs = f"{few:,} to {plural(many, 'epoch')}" if few < many else plural(many, "epoch")
    first, *others = (run.compiling for run in all_runs)
    compiling = first + max(others, default=0.0)  # for which these wait side by side
    of = f"{plural(len(all_runs), 'network')}, weights of {epochs} kept, where the loss of rows not seen was least"
    return replace(
        found.runs[0][recipe],
        net=members[0],
        stopped=f"{INTERRUPTED}: {of}" if found.is_interrupted else f"with {of}",
        is_interrupted=found.is_interrupted,
        seconds=found.seconds - compiling,
        compiling=compiling,
        off={},
        state=None,
    )
