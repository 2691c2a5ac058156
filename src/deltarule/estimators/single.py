"""One network: of a large table, or with a validation part that was asked for."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DivergenceError, OptionError, warn_of
from deltarule.estimators.blending import gain
from deltarule.estimators.budget import Clock
from deltarule.estimators.course import Course, Examples, seed_of
from deltarule.estimators.linear import beside, linear_scores
from deltarule.estimators.members import INTERRUPTED, patience_of
from deltarule.estimators.recipes import LARGE, Recipe, calm, of_large
from deltarule.estimators.search import End, Search, candidates, number_of, rungs_of_shares
from deltarule.estimators.settings import HELD_OUT_LARGE, HELD_OUT_QUANTILES, HELD_OUT_SEARCH, LARGE_QUANTILES
from deltarule.estimators.space import STREAM
from deltarule.sparse import first_of
from deltarule.tables import TableModel
from deltarule.tables.bounds import with_errors
from deltarule.tables.folds import is_whole
from deltarule.tables.model import activations_of
from deltarule.tables.prepared import Prepared
from deltarule.training import Run
from deltarule.training.interruption import interruptible
from deltarule.training.progress import RunsBar

SHARES, FEWEST_SHARED = (1 / 9, 1 / 3), 200
"""Of the rows, that a search tries recipes on before the last few have all; fewer rows than this tell nothing."""
ALONE = 0.7
"""Share of the epochs before the rows that were held out join the others ..."""
LATE = 0.8
"""... where the best of these epochs is in the rest after this share of them; else more would be learnt by heart."""
JUDGES = 500
"""Of values so many of these rows stay held out, half at most: they tell what the network errs by at its end."""


def fit_one(
    course: Course,
    rows: Prepared,
    values: NDArray[Any],
    said: tuple[str, ...],
    earlier: TableModel | None,
    clock: Clock,
) -> tuple[TableModel, Run, tuple[str, ...]]:
    """Return a model of one network, how it was trained, and all there is to say, which was warned of.

    Parameters
    ----------
    values
        (N,) or (N, targets): class numbers, or values in their own units.
    said
        What there is to say so far.
    earlier
        The model that learns on, of one network.
    clock
        By which the settings were chosen, where there is a budget.
    """
    plain, is_quantiles = course.plain, course.output.name == "quantile"
    share = _share(course, rows)
    if plain.early_stopping is not None and share == 0:
        raise OptionError(
            "early stopping watches the loss of a validation part, and there is none; add validation=0.1 "
            "(--validation 0.1)."
        )
    parts = rows.split(
        share, np.random.default_rng([plain.seed, 0]),
        part="validation part", equal_rows=plain.equal_rows,
        classes=values if course.output.name == "softmax" else None,
    )  # fmt: skip
    if plain.tune is not None and not len(parts.held):
        raise OptionError(
            "tune judges by rows held out, and there are none; hold some out (--validation 0.2)."
        )
    part, held = rows.rows(parts.learn), rows.rows(parts.held)
    leaks = part.leaks(values[parts.learn], plain.seed)
    large = of_large(are_classes=course.are_classes, is_alone=True)
    (recipe,) = course.told(large if len(rows) >= LARGE else calm())
    also = () if plain.tune is None else candidates(course, len(rows))
    model, how = course.begun(rows, part, [recipe, *also]) if earlier is None else (earlier, ())
    notices = (*said, *rows.notices, *parts.notices, *leaks, *how)
    warn_of(notices)
    examples = course.examples(part, model)
    seen = course.examples(held, model) if len(held) else None
    searched: dict[str, Any] | None = None
    if plain.tune is not None and seen is not None:
        search = Search(course, rows, values, examples[2], [parts.held])
        recipe, searched = _found(search, model, examples, seen, recipe)
        model = replace(model, encoder=model.encoder if recipe.coordinates else model.encoder.plain)
        examples, seen = course.examples(part, model), course.examples(held, model)
    if earlier is None:
        net = course.network(len(model.encoder.features), recipe, plain.seed)
    else:
        net = deepcopy(earlier.members[0])  # an error leaves the earlier one as it was
    model = replace(model, members=(net,), settings={}, scores={}, errors=())
    epochs = recipe.epochs_of(len(part))
    joins = seen is not None and not (
        is_quantiles or course.is_lbfgs or plain.validation is not None or plain.early_stopping is not None
    )
    alone = max(1, round(ALONE * epochs)) if joins else epochs
    run = course.train(
        net, examples, recipe,
        epochs=alone, stretch=(0.0, alone / epochs), held=seen, patience=plain.early_stopping,
    )  # fmt: skip
    judged, learnt = None, examples
    if seen is not None:
        judged = model.outputs_of(seen[0]), seen[1], held.weights
    if alone < epochs and not run.is_interrupted and (run.best_epoch or 0) >= LATE * alone:
        few = 0.0 if course.are_classes else min(0.5, JUDGES / len(held))
        judges = held.split(
            few, np.random.default_rng([plain.seed, 4]), part="validation part", equal_rows=plain.equal_rows
        )
        held = held.rows(judges.held)
        part = rows.rows(np.sort(np.append(parts.learn, parts.held[judges.learn])))
        examples = course.examples(part, model)
        rest = course.train(
            net, examples, recipe,
            epochs=epochs - alone, stretch=(alone / epochs, 1.0), state=run.state, seed=seed_of(plain.seed, alone),
        )  # fmt: skip
        run = run.then(rest)
        if len(held):
            seen, learnt = course.examples(held, model), examples
            judged = model.outputs_of(seen[0]), seen[1], held.weights
    linear: dict[str, Any] = {}
    if judged is not None and seen is not None and earlier is None and not run.is_interrupted:
        linear = linear_scores(course, model, [(learnt, seen[0])], *judged[1:])
    if judged is not None and is_quantiles:
        model = model.calibrated(*judged)
    scores = {"train": model.metrics(*examples[:2], part.weights)}
    if judged is not None:
        scores["validation"] = beside(model.measured(*judged), linear)
    if searched is not None:
        model.settings["search"] = searched
        run = replace(run, is_interrupted=run.is_interrupted or searched["is_interrupted"])
    if clock.budget is not None:
        model.settings["budget"] = clock.record({"members": 1, "epochs": epochs})
    model = replace(model, scores=scores)
    if judged is not None and earlier is None:  # which may have learnt from them
        model = with_errors(model, *judged)
    return model, run, notices


def _found(
    search: Search, model: TableModel, examples: Examples, seen: Examples, usual: Recipe
) -> tuple[Recipe, dict[str, Any]]:
    """Return the recipe that a search has found, or the usual one, and the search's record.

    seen: the rows that judge. Recipes are tried on growing shares of the others, and the last few on all.
    """
    course, plain = search.course, search.course.plain
    (X, y, counted), m = examples, len(model.encoder.plain.features)
    order = np.random.default_rng([plain.seed, STREAM, 0]).permutation(len(y))
    shares = [share for share in SHARES if share * len(y) >= FEWEST_SHARED] or [1.0]
    p = course.shown(seen[1], course.network(m, usual, 0).sizes[-1])

    def trained(recipe: Recipe, rows: NDArray[np.intp] | slice, interrupted: NDArray[np.bool_]) -> Run | None:
        given, judging = ((each if recipe.coordinates else first_of(each, m)) for each in (X, seen[0]))
        learn = given[rows], y[rows], None if counted is None else counted[rows]
        net = course.network(learn[0].shape[1], recipe, seed_of(plain.seed, number_of(recipe)))
        epochs = recipe.epochs_of(len(y))
        run = course.train(
            net, learn, recipe,
            epochs=epochs, held=(judging, *seen[1:]), patience=patience_of(plain, epochs), n_threads=1, progress=False,
            listeners=[*course.listeners, lambda event: INTERRUPTED if interrupted[0] else None],
        )  # fmt: skip
        interrupted[0] |= run.is_interrupted
        return None if interrupted[0] else run

    def train(recipe: Recipe, part: int) -> tuple[float, ...] | None:
        run = trained(recipe, np.sort(order[: round(shares[part] * len(y))]), search.interrupted)
        return None if run is None or run.history.best is None else (run.history.best,)

    finalists = search.finalists(rungs_of_shares(len(search.drawn), len(shares)), train, [1.0] * len(shares))
    interrupted = np.zeros(1, bool)

    def to_the_end(recipe: Recipe) -> tuple[Run, NDArray[np.float64]] | None:
        with suppress(DivergenceError):
            run = None if interrupted[0] else trained(recipe, slice(None), interrupted)
            if run is not None:
                return run, np.asarray(course.output.loss(activations_of(run.net, seen[0]), p), np.float64)
        return None

    each = (usual, *finalists)
    with (
        interruptible(interrupted),
        RunsBar(plain.progress, len(each), what="finalist") as bar,
        ThreadPoolExecutor(course.threads) as pool,
    ):
        ends: list[tuple[Run, NDArray[np.float64]] | None] = []
        for end in pool.map(to_the_end, each):
            ends.append(end)
            bar.advance(end[0].history.best if end else None)
    search.interrupted |= interrupted
    best, most = 0, 0.0
    for n, end in enumerate(ends):
        if end and ends[0] and (more := gain(ends[0][1], end[1], seen[2])) > most:
            best, most = n, more
    losses = [float(np.average(end[1], weights=seen[2])) if end else math.inf for end in ends]
    record = [
        End(recipe, loss, len(shares) + 1, end[0].seconds if end else 0.0, float(n == best))
        for n, (recipe, loss, end) in enumerate(zip(each, losses, ends, strict=True))
    ]
    return each[best], search.record(record, losses[0], losses[best])


def _share(course: Course, rows: Prepared) -> float:
    """Return the share of the rows to hold out: what was asked for, else what the size of the table can spare."""
    if course.plain.validation is not None:
        return course.plain.validation
    is_quantiles = course.output.name == "quantile"
    large, usual = (LARGE_QUANTILES, HELD_OUT_QUANTILES) if is_quantiles else (LARGE, HELD_OUT_LARGE)
    if any(is_whole(each) for each in (rows.group, rows.time) if each):
        return 0.0
    return usual if large <= len(rows) else 0.0 if course.plain.tune is None else HELD_OUT_SEARCH
