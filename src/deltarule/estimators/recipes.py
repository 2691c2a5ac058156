"""Recipes: how the networks of a table learn where nothing else is said; docs/accuracy.md shows what each is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from deltarule.options import is_several

LARGE = 10_000
"""Rows from which networks are trained by `of_large`, and of fewer by `of_small`."""
MEMBERS, FEWEST_MEMBERS = 5, 3
"""Of a small table, and the fewest: of parts of a half each would learn too little."""
FEWEST_ROWS = 20
"""Of a table with members."""
ENOUGH = 5_200
"""Updates that all members of a large table make together, at most; of a larger one, one network learns."""
HIDDEN = (64, 64)
ACTIVATION = "relu"
SMALLEST_BATCH = 16
TOLD = ("hidden", "activation", "dropout", "learning_rate", "weight_decay", "epochs", "batch_size")
"""What the settings of a learner may say otherwise."""


@dataclass(frozen=True)
class Recipe:
    """How one network learns.

    coordinates
        Whether numbers have piecewise-linear coordinates.
    learning_rate, weight_decay
        Of the optimiser; None for its own.
    dropout
        The share of the units of every hidden layer, or of each, that an update leaves out.
    largest_batch
        A batch is a twentieth of the rows, SMALLEST_BATCH to this.
    updates
        About how many there are, in `fewest` to `most` epochs.
    number
        Of many that were drawn; starting weights come of it. None is its place among those that are trained together.
    """

    coordinates: bool
    learning_rate: float | None
    weight_decay: float | None
    dropout: Any = 0.0
    largest_batch: int = 64
    updates: int = 1_000
    fewest: int = 12
    most: int = 400
    hidden: tuple[int, ...] = HIDDEN
    epochs: int | None = None
    batch_size: int | None = None
    activation: Any = field(default=ACTIVATION, hash=False)
    number: int | None = None

    def told(self, plain: Any, *, is_adamw: bool) -> Recipe:
        """Return the recipe with what the settings of a learner say otherwise.

        is_adamw: another optimiser has its own learning rate and decay.
        """
        usual = self if is_adamw else replace(self, learning_rate=None, weight_decay=None)
        said = {name: getattr(plain, name) for name in TOLD}
        each = {name: tuple(value) if is_several(value) else value for name, value in said.items()}
        return replace(usual, **{name: value for name, value in each.items() if value is not None})

    def batch_of(self, n: int) -> int:
        """Return the rows an update, of n rows."""
        return self.batch_size or int(np.clip(n // 20, SMALLEST_BATCH, self.largest_batch))

    def epochs_of(self, n: int) -> int:
        """Return the epochs of n rows."""
        if self.epochs is not None:
            return self.epochs
        return int(np.clip(round(self.updates * self.batch_of(n) / n), self.fewest, self.most))

    def updates_of(self, n: int) -> int:
        """Return the updates in all epochs of n rows."""
        return self.epochs_of(n) * math.ceil(n / self.batch_of(n))


def calm() -> Recipe:
    """Return the recipe that asks most of every weight: safe where rows are few and say little."""
    return Recipe(False, learning_rate=3e-3, weight_decay=3.0, updates=2_000, fewest=60)


def of_small(*, are_classes: bool) -> tuple[Recipe, ...]:
    """Return the recipes of which members are made: smooth, bin by bin, calm.

    Their decays are far apart, so that a mean of them has any between.
    """
    return (
        Recipe(False, learning_rate=1e-2, weight_decay=0.1),
        Recipe(True, learning_rate=4e-3, weight_decay=0.5, dropout=0.1 if are_classes else 0.0),
        calm(),
    )


def members_of(N: int) -> int:
    """Return how many members a table of N rows has, where nothing else is said.

    >>> [members_of(N) for N in (10, 500, 20_000, 40_000, 100_000)]
    [1, 5, 5, 3, 1]
    """
    if N < LARGE:
        return MEMBERS if N >= FEWEST_ROWS else 1
    recipe = of_large(are_classes=False, is_alone=False)
    several = range(MEMBERS, FEWEST_MEMBERS - 1, -1)
    return next((k for k in several if k * recipe.updates_of(N - N // k) <= ENOUGH), 1)


def of_large(*, are_classes: bool, is_alone: bool) -> Recipe:
    """Return the recipe of a large table, for one network or for members, whose mean is better than they are."""
    decay, dropout = (0.5, 0.2) if are_classes else (0.2, 0.0)
    return Recipe(
        True,
        learning_rate=8e-3,
        weight_decay=decay,
        dropout=dropout,
        largest_batch=256,
        updates=2_000 if is_alone else 1_000,
        most=30,
    )
