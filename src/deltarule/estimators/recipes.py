"""Recipes: how the networks of a table learn where nothing else is said; docs/accuracy.md shows what each is worth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

LARGE = 10_000
"""Rows from which one network is trained, by `of_large`; of fewer, members are, by `of_small`."""
HIDDEN = (64, 64)
SMALLEST_BATCH = 16


@dataclass(frozen=True)
class Recipe:
    """How one network learns.

    coordinates
        Whether numbers have piecewise-linear coordinates; every input has a learned scale then, which tells those that
        matter from those that do not.
    learning_rate, weight_decay
        Of the optimiser; None for its own.
    dropout
        The share of the units of every hidden layer, or of each, that an update leaves out.
    largest_batch
        A batch is a twentieth of the rows, SMALLEST_BATCH to this.
    updates
        About how many there are, in `fewest` to `most` epochs.
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

    def told(self, plain: Any, *, is_adamw: bool) -> Recipe:
        """Return the recipe with what the settings of a learner say otherwise.

        is_adamw: another optimiser has its own learning rate and decay.
        """
        usual = self if is_adamw else replace(self, learning_rate=None, weight_decay=None)
        names = ("learning_rate", "weight_decay", "dropout", "epochs", "batch_size")
        said = {name: getattr(plain, name) for name in names if getattr(plain, name) is not None}
        if plain.hidden is not None:
            said["hidden"] = tuple(plain.hidden)
        dropout: Any = said.get("dropout")
        if isinstance(dropout, list):
            said["dropout"] = tuple(cast("list[float]", dropout))
        return replace(usual, **said)

    def batch_of(self, n: int) -> int:
        """Return the rows an update, of n rows."""
        return self.batch_size or int(np.clip(n // 20, SMALLEST_BATCH, self.largest_batch))

    def epochs_of(self, n: int) -> int:
        """Return the epochs of n rows."""
        if self.epochs is not None:
            return self.epochs
        return int(np.clip(round(self.updates * self.batch_of(n) / n), self.fewest, self.most))


def calm() -> Recipe:
    """Return the recipe that asks most of every weight: safe where rows are few and say little."""
    return Recipe(False, learning_rate=3e-3, weight_decay=1.0, updates=2_000, fewest=60)


def of_small(*, are_classes: bool) -> tuple[Recipe, ...]:
    """Return the recipes of which members are made: smooth, bin by bin, calm."""
    return (
        Recipe(False, learning_rate=1e-2, weight_decay=0.1),
        Recipe(True, learning_rate=4e-3, weight_decay=0.5, dropout=0.1 if are_classes else 0.0),
        calm(),
    )


def of_large(*, are_classes: bool) -> Recipe:
    """Return the recipe of a large table."""
    decay, dropout = (0.5, 0.2) if are_classes else (0.2, 0.0)
    return Recipe(
        True,
        learning_rate=8e-3,
        weight_decay=decay,
        dropout=dropout,
        largest_batch=256,
        updates=2_000,
        most=30,
    )
