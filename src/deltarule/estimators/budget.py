"""Time as a setting: how many networks, and how many epochs, can be had in so many seconds.

What is chosen are settings like any others, members, repeats and epochs, with which the same model can be had again
without a budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from time import perf_counter
from types import SimpleNamespace
from typing import Any

import numpy as np

from deltarule.engines.machine import available_threads
from deltarule.estimators.course import Course
from deltarule.estimators.recipes import (
    FEWEST_MEMBERS,
    FEWEST_ROWS,
    LARGE,
    MEMBERS,
    Recipe,
    calm,
    of_large,
    of_small,
)
from deltarule.sparse import first_of
from deltarule.tables import TableEncoder, TableModel
from deltarule.tables.prepared import Prepared

MOST_REPEATS = 8
"""What more of them gain is within the noise."""
SHARE = 0.8
"""Of the time left that is planned for: what is measured on a few updates is not what all of them take."""
EARLY = 0.7
"""Of its epochs that a network takes until patience ends it, as a rule: 23 tables, Zen 4."""
TRIED, SAMPLE = 16, 4096
"""Updates that are timed, and the most rows for that."""


@dataclass
class Clock:
    """The seconds of a fit so far, without those in which the engine was compiled, which is done once a machine.

    budget: None without a limit.
    """

    budget: float | None = None
    started: float = field(default_factory=perf_counter)
    compiling: float = 0.0

    @property
    def spent(self) -> float:
        return perf_counter() - self.started - self.compiling

    @property
    def left(self) -> float:
        return math.inf if self.budget is None else self.budget - self.spent

    def record(self, again: dict[str, int], losses: Sequence[float] = ()) -> dict[str, Any]:
        """Return what a budget came to, as plain data.

        again: the settings that have the same model again; losses: of rows left out after each repeat.
        """
        return {"seconds": self.budget, "spent": round(self.spent, 3), "again": again, "losses": list(losses)}


def planned(course: Course, rows: Prepared, clock: Clock, *, is_one: bool) -> SimpleNamespace:
    """Return the settings of a course with the members and epochs that the time left is enough for.

    They are as many as usual, and fewer where that would take longer; a setting that was told is kept. is_one: whether
    other settings ask for one network.
    """
    plain, N, are_classes = course.plain, len(rows), course.are_classes
    told, seconds = SimpleNamespace(**vars(plain)), _timer(course, rows, clock)
    if is_one:
        told.members = 1
    elif plain.members is None:
        large = of_large(are_classes=are_classes, is_alone=False)
        recipes = course.told(*(of_small(are_classes=are_classes) if N < LARGE else (large,)))
        threads = plain.n_threads or available_threads()
        told.members = 1 if plain.early_stopping is None else FEWEST_MEMBERS  # by what these leave out
        for k in range(MEMBERS, FEWEST_MEMBERS - 1, -1) if N >= FEWEST_ROWS else ():
            n = N - N // k
            fold = sum(recipe.updates_of(n) * seconds(recipe) for recipe in recipes)
            if EARLY * k * fold / threads <= SHARE * clock.left:
                told.members = k
                break
    if told.members == 1 and plain.epochs is None:
        large = of_large(are_classes=are_classes, is_alone=True)
        (recipe,) = course.told(large if N >= LARGE else calm())
        epoch = math.ceil(N / recipe.batch_of(N)) * seconds(recipe)
        told.epochs = int(np.clip(SHARE * clock.left / epoch, 1, recipe.epochs_of(N)))
    return told


def _timer(course: Course, rows: Prepared, clock: Clock) -> Callable[[Recipe], float]:
    """Return what measures how many seconds an update of a recipe takes, by a few of them on some of the rows."""
    part = rows.rows(np.arange(min(len(rows), SAMPLE)))
    encoder = TableEncoder.fit(part.table, schema=rows.schema, coordinates=True)
    X, y, counted = course.examples(part, TableModel((), encoder, course.targets, {}, {}, {}))

    @cache
    def seconds(recipe: Recipe) -> float:
        batch = min(len(y), recipe.batch_of(len(rows)))
        few = slice(0, TRIED * batch)
        given = X if recipe.coordinates else first_of(X, len(encoder.plain.features))
        examples = given[few], y[few], None if counted is None else counted[few]
        net = course.network(given.shape[1], recipe, 0)
        timed = replace(recipe, batch_size=batch)
        took = 0.0
        for _ in range(2):  # the first has to compile, and to warm up
            run = course.train(net, examples, timed, epochs=1, n_threads=1, progress=False, listeners=())
            clock.compiling += run.compiling
            took = run.seconds
        return took / math.ceil(len(examples[1]) / batch)

    return seconds
