"""Search: many recipes are tried on little, and those that do well there on more (successive halving).

Little is one fold, or a ninth of the rows; every rung has a third of the recipes of the one before on three times as
much (Jamieson & Talwalkar 2016, "Non-stochastic best arm identification and hyperparameter optimization"). They are
judged by rows that their networks have not seen, on a rung by the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain, pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import DivergenceError, OptionError
from deltarule.estimators.course import Course
from deltarule.estimators.recipes import HIDDEN, LARGE, TOLD, Recipe
from deltarule.estimators.search_file import SearchFile, Tried
from deltarule.estimators.space import OF_LARGE, OF_SMALL, Between, drawn
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.options import is_several, plain_scalar
from deltarule.spelling import listed
from deltarule.tables.prepared import Prepared
from deltarule.tables.seen import fingerprint
from deltarule.training.interruption import interruptible
from deltarule.training.progress import RunsBar

ETA = 3
"""How many times fewer recipes a rung has than the one before."""
FINALISTS = 4
"""So many of those that were drawn are tried to the end."""
SETTINGS = (
    "seed", *TOLD, "early_stopping", "label_smoothing", "l1", "l2", "clip_norm", "clip_value", "loss", "quantile",
    "huber_delta", "target_transform",
)  # fmt: skip
"""What a search goes by, beside the table."""

Train = Callable[[Recipe, int], tuple[float, ...] | None]
"""Trains a recipe's network on a part; returns the losses of rows it has not seen, None where it was interrupted."""


@dataclass(frozen=True)
class Rung:
    """What recipes are trained on here, by whose rows they are judged, and how many go on."""

    parts: range
    judges: range
    keep: int


def rungs_of_folds(n: int, folds: int) -> list[Rung]:
    """Return the rungs of n recipes: on 1, 3, 9 ... folds, but not on all, which those that are left learn in the end.

    >>> rungs_of_folds(30, 5)
    [Rung(parts=range(0, 1), judges=range(0, 1), keep=10), Rung(parts=range(1, 3), judges=range(0, 3), keep=4)]
    >>> rungs_of_folds(4, 5)
    []
    """
    ends = [ETA**power for power in range(folds) if ETA**power < folds]
    kept = _kept(n, len(ends))
    return [
        Rung(range(start, end), range(end), keep)
        for (start, end), keep in zip(pairwise([0, *ends][: len(kept) + 1]), kept, strict=True)
    ]


def rungs_of_shares(n: int, shares: int) -> list[Rung]:
    """Return the rungs of n recipes on growing shares of the rows, each with its own judgement.

    >>> rungs_of_shares(20, 2)
    [Rung(parts=range(0, 1), judges=range(0, 1), keep=7), Rung(parts=range(1, 2), judges=range(1, 2), keep=4)]
    """
    return [
        Rung(range(part, part + 1), range(part, part + 1), keep) for part, keep in enumerate(_kept(n, shares))
    ]


def _kept(n: int, rungs: int) -> list[int]:
    """Return how many of n recipes are left after each rung that leaves any out, `FINALISTS` at least."""
    kept: list[int] = []
    for rung in range(1, rungs + 1):
        if n > FINALISTS:
            n = FINALISTS if rung == rungs else max(FINALISTS, math.ceil(n / ETA))
            kept.append(n)
    return kept


def candidates(course: Course, rows: int) -> tuple[Recipe, ...]:
    """Return what is drawn beside the default, one fewer than `tune` says; what the settings tell stays as it is.

    Raises
    ------
    OptionError
        They tell everything.
    """
    plain = course.plain
    told = [name for name in TOLD if getattr(plain, name) is not None]
    if set(told) == set(TOLD):
        raise OptionError(
            f"tune has nothing to search, for {listed(told)} are given; leave out one of them, or tune."
        )
    space = OF_LARGE if rows >= LARGE else OF_SMALL
    drawn_ = [drawn(space, plain.seed, number) for number in range(1, plain.tune)]
    if is_several(plain.activation) or is_several(plain.dropout):  # which are for as many layers
        drawn_ = [replace(recipe, hidden=HIDDEN) for recipe in drawn_]
    rates = {recipe.number: rate for recipe in drawn_ if (rate := _rate(course, recipe)) is not None}
    known: dict[Recipe, Recipe] = {}
    for recipe in drawn_:
        (one,) = course.told(recipe)
        if recipe.number in rates and one.learning_rate is None:
            one = replace(one, learning_rate=rates[recipe.number])
        known.setdefault(replace(one, number=None), one)
    return tuple(known.values())


def _rate(course: Course, recipe: Recipe) -> float | None:
    """Return the rate of an optimiser that a name stands for: as much more than its own as is drawn of adamw's."""
    which, space = plain_scalar(course.optimiser), OF_SMALL["learning_rate"]
    kind: Any = OPTIMISERS.get(which) if isinstance(which, str) else None
    if kind is None or course.is_lbfgs or recipe.learning_rate is None:
        return None
    assert isinstance(space, Between)
    return float(f"{kind().lr * recipe.learning_rate / math.sqrt(space.low * space.high):.3g}")


@dataclass(frozen=True)
class End:
    """What became of a recipe: its loss after so many parts, the seconds of the last, and its share in the model."""

    recipe: Recipe
    loss: float
    parts: int
    seconds: float = 0.0
    share: float = 0.0


def number_of(recipe: Recipe) -> int:
    """Return the number of a recipe; 0 for those of the default."""
    return recipe.number or 0


def settings_of(recipe: Recipe) -> dict[str, Any]:
    """Return what a recipe says, as plain data; where epochs are told, updates are not."""
    names = ("coordinates", *TOLD[:-2], "epochs" if recipe.epochs is not None else "updates", "batch_size")
    return {name: _plain(getattr(recipe, name)) for name in names}


def _plain(value: Any) -> Any:
    """Return a setting as plain data."""
    return list(value) if is_several(value) else plain_scalar(value)


def _digest(arrays: Sequence[NDArray[Any]]) -> str:
    """Return a text that is another for other arrays."""
    digest = blake2b(digest_size=8)
    for each in arrays:
        digest.update(f"{len(each)} ".encode() + np.ascontiguousarray(each, np.float64).tobytes())
    return digest.hexdigest()


class Search:
    """What was tried of the recipes that were drawn.

    Parameters
    ----------
    counted
        (N,): how much each row counts.
    held
        The rows that each part leaves out.

    interrupted: (1,), whether Ctrl-C has ended it.
    """

    def __init__(
        self, course: Course, rows: Prepared, values: NDArray[Any], counted: NDArray[Any] | None,
        held: Sequence[NDArray[np.intp]],
    ) -> None:  # fmt: skip
        plain = course.plain
        self.course, self.interrupted = course, np.zeros(1, bool)
        self.drawn = candidates(course, len(rows))
        self.reached: dict[int, tuple[float, int]] = {}
        """By the number of a recipe its loss on the last rung, and how many parts it was trained on."""
        space = OF_LARGE if len(rows) >= LARGE else OF_SMALL
        head: dict[str, Any] = {
            "table": fingerprint(rows.table, rows.schema, values),
            **{name: _plain(getattr(plain, name, None)) for name in SETTINGS},
            "optimiser": str(plain_scalar(course.optimiser)),
            "schedule": str(plain_scalar(course.schedule)),
            "parts": len(held),
            "held": _digest(held),
            "weights": "" if counted is None else _digest([counted]),
            "space": {name: str(values) for name, values in space.items()},
        }  # fmt: skip
        self.file = SearchFile(None if plain.tune_file is None else Path(plain.tune_file), head)

    def finalists(self, rungs: Sequence[Rung], train: Train, counts: Sequence[float]) -> tuple[Recipe, ...]:
        """Return the recipes that are left after all rungs, the best first; after an interruption the best so far.

        counts: how much the rows that judge each part count together.
        """
        known, left = self.file.known, list(self.drawn)

        def one(job: tuple[Recipe, int]) -> Tried | None:
            started = perf_counter()
            try:
                losses = () if self.interrupted[0] else train(*job)
            except DivergenceError:
                losses = ()
            seconds = perf_counter() - started
            return None if losses is None or self.interrupted[0] else Tried(losses, counts[job[1]], seconds)

        sizes = [len(left), *(rung.keep for rung in rungs)]
        runs = sum(len(rung.parts) * n for rung, n in zip(rungs, sizes, strict=False))
        with (
            interruptible(self.interrupted),
            RunsBar(self.course.plain.progress, runs, what="search: network") as bar,
            ThreadPoolExecutor(self.course.threads) as pool,
        ):
            for rung in rungs:
                jobs = [(recipe, part) for part in rung.parts for recipe in left]
                new = [(recipe, part) for recipe, part in jobs if (number_of(recipe), part) not in known]
                bar.advance(None, n=len(jobs) - len(new))
                best = math.inf
                first = [one(job) for job in new[:1]]  # alone, so that what must be compiled is compiled once
                for (recipe, part), tried in zip(new, chain(first, pool.map(one, new[1:])), strict=True):
                    if tried is not None:
                        self.file.add((number_of(recipe), part), settings_of(recipe), tried)
                        best = min((best, *tried.losses))
                    bar.advance(best if best < math.inf else None, said="best")
                there = [
                    recipe
                    for recipe in left
                    if all((number_of(recipe), part) in known for part in rung.judges)
                ]
                if self.interrupted[0] and self.reached:  # by the rung that all have reached
                    break
                losses = {recipe: self._loss(recipe, rung.judges) for recipe in there}
                left = sorted(there, key=losses.__getitem__)[: rung.keep]
                self.reached |= {number_of(recipe): (losses[recipe], rung.judges[-1] + 1) for recipe in there}
                if self.interrupted[0]:
                    break
        most = 1 if self.interrupted[0] else FINALISTS
        there = [recipe for recipe in left if self.reached.get(number_of(recipe), (0.0,))[0] < math.inf]
        return tuple(there[:most])

    def _loss(self, recipe: Recipe, judges: range) -> float:
        """Return the mean loss of all rows that judge, at the point of its epochs where it is least."""
        tried = [self.file.known[number_of(recipe), part] for part in judges]
        counts = [each.count for each in tried]
        common = zip(*(each.losses for each in tried), strict=False)
        return min((float(np.average(losses, weights=counts)) for losses in common), default=math.inf)

    def _seconds(self, recipe: Recipe) -> float:
        return sum(tried.seconds for (number, _), tried in self.file.known.items() if number == recipe.number)

    def record(self, ends: Sequence[End], usual: float, found: float) -> dict[str, Any]:
        """Return all of it as plain data, those that came farthest first, and of these the best.

        ends: what became of the recipes that were tried to the end. usual, found: the mean loss of the default, and of
        what is used.
        """
        last = {number_of(end.recipe) for end in ends}
        diverged = {} if self.interrupted[0] else {number_of(recipe): (math.inf, 1) for recipe in self.drawn}
        reached = {**diverged, **self.reached}
        others = [
            End(recipe, *reached[number_of(recipe)])
            for recipe in self.drawn
            if number_of(recipe) in reached.keys() - last
        ]
        rows = [
            {
                "number": number_of(end.recipe),
                **settings_of(end.recipe),
                "loss": end.loss if end.loss < math.inf else None,
                "parts": end.parts,
                "seconds": end.seconds + self._seconds(end.recipe),
                "share": end.share,
            }
            for end in sorted((*ends, *others), key=lambda end: (-end.parts, end.loss))
        ]
        return {
            "tune": self.course.plain.tune,
            "usual_loss": usual,
            "loss": found,
            "is_interrupted": bool(self.interrupted[0]),
            "tried": rows,
        }
