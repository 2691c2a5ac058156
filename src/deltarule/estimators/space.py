"""The space that a search draws from: which values the settings of a recipe may have, and how likely each is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from deltarule.estimators.recipes import Recipe

STREAM = 5
"""Of the generators that one seed makes, that of a search."""


class Values(Protocol):
    """What may be drawn; as a text, what it is."""

    def draw(self, rng: np.random.Generator) -> Any: ...


@dataclass(frozen=True)
class Between:
    """A number whose logarithm is uniform, in the three digits that a person would type.

    >>> Between(1e-3, 1e-1).draw(np.random.default_rng(0))
    0.0188
    >>> print(Between(1e-3, 1e-1))
    0.001 to 0.1, its logarithm uniform
    """

    low: float
    high: float

    def draw(self, rng: np.random.Generator) -> float:
        return float(f"{math.exp(rng.uniform(math.log(self.low), math.log(self.high))):.3g}")

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}, its logarithm uniform"


@dataclass(frozen=True)
class Among:
    """One of these, each as likely as the others; what stands there twice is twice as likely.

    >>> Among((16, 32)).draw(np.random.default_rng(0))
    32
    >>> print(Among((16, 32, 32)))
    16, 32, 32
    """

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        return self.values[rng.integers(len(self.values))]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


Space = dict[str, Values]
"""By the name of a recipe's setting, in the order of drawing."""

_BOTH: Space = {
    "coordinates": Among((False, True)),
    "hidden": Among(
        ((64,), (256,), (64, 64), (64, 64), (128, 128), (128, 64), (64, 64, 64), (128, 128, 128))
    ),
    "activation": Among(("relu", "relu", "silu", "tanh")),
    "dropout": Among((0.0, 0.0, 0.1, 0.2, 0.35)),
    "learning_rate": Between(1e-3, 3e-2),
    "weight_decay": Between(0.03, 3.0),
}
OF_SMALL: Space = {
    **_BOTH,
    "updates": Among((500, 1_000, 2_000, 4_000)),
    "batch_size": Among((None, 16, 32, 64)),
}
"""Of a table that members learn; a batch of None is a twentieth of the rows, 16 to 64."""
OF_LARGE: Space = {
    **_BOTH,
    "coordinates": Among((False, True, True, True)),
    "hidden": Among(((64, 64), (128, 128), (256, 256), (256, 128), (128, 128, 128))),
    "updates": Among((2_000, 4_000)),
    "batch_size": Among((64, 128, 256, 512)),
}
"""Of a large table, which one network learns."""


def drawn(space: Space, seed: int, number: int) -> Recipe:
    """Return the recipe of this number, which is the same of however many.

    >>> drawn(OF_SMALL, 0, 1) == drawn(OF_SMALL, 0, 1) != drawn(OF_SMALL, 0, 2)
    True
    """
    rng = np.random.default_rng([seed, STREAM, number])
    return Recipe(number=number, **{name: values.draw(rng) for name, values in space.items()})
